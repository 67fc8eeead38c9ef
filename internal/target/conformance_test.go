package target

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp/internal/corpus"
)

// wireCase is what this package needs of a recording.
type wireCase struct {
	ID, Group, Verdict string
	Request            struct {
		URL string
		QS  any
	}
	Server struct {
		Script []struct {
			Path      string
			Responses []struct {
				Status  int
				Headers [][2]string
			}
		}
	}
	Expect struct {
		Hops []struct {
			Origin, Target string
			Headers        [][2]string
		}
		Error *struct{ Kind string }
	}
}

// urlErrors are the recorded errors that a URL or a Location is to blame for.
var urlErrors = map[string]bool{"invalid-url": true, "unsupported-scheme": true, "invalid-redirect-url": true,
	"unescaped-characters-in-target": true}

func wireCases(t *testing.T) (cases []wireCase, origins *strings.Replacer) {
	folder := corpus.Folder(t, "wire", "MTLSHTTP_WIRE")
	file, err := os.ReadFile(filepath.Join(folder, "corpus.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(file, &cases))
	var meta struct {
		Origins map[string]struct{ Scheme, Host string }
	}
	file, err = os.ReadFile(filepath.Join(folder, "corpus.meta.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(file, &meta))
	words := []string{"{{unix.path}}", "/run/socket"}
	port := 8000
	for name, o := range meta.Origins {
		port++
		number := string([]byte{'8', '0' + byte(port/100%10), '0' + byte(port/10%10), '0' + byte(port%10)})
		words = append(words, "{{"+name+"}}", o.Scheme+"://"+o.Host+":"+number, "{{"+name+".host}}", o.Host+":"+number,
			"{{"+name+".hostname}}", o.Host, "{{"+name+".port}}", number)
	}
	return cases, strings.NewReplacer(words...)
}

// TestConformanceTarget reads every recorded URL, and compares origin, request
// target and basic authorization with what went to the first hop.
func TestConformanceTarget(t *testing.T) {
	cases, expand := wireCases(t)
	var s score
	for _, c := range cases {
		if c.Request.QS != nil {
			continue // the query is merged elsewhere
		}
		got, err := Parse(expand.Replace(c.Request.URL), Options{})
		switch {
		case len(c.Expect.Hops) > 0 && err != nil:
			s.count(c, false, err.Error())
		case len(c.Expect.Hops) > 0:
			hop := c.Expect.Hops[0]
			want, err := url.Parse(expand.Replace("{{" + hop.Origin + "}}"))
			require.NoError(t, err)
			// Another spelling of the same address, or another name of it, may
			// stand in the URL.
			same := got.Origin().Port == want.Port() && got.Scheme == want.Scheme
			ok := same && got.RequestURI() == hop.Target
			if user := got.User; user != nil {
				ok = ok && basic(user) == header(hop.Headers, "Authorization")
			}
			s.count(c, ok, got.Origin().String()+got.RequestURI())
		case c.Expect.Error != nil && urlErrors[c.Expect.Error.Kind]:
			s.count(c, err != nil, "accepted")
		}
	}
	s.report(t, "wire/target")
}

// TestConformanceLocation resolves every recorded Location that was followed or
// refused right after the first hop.
func TestConformanceLocation(t *testing.T) {
	cases, expand := wireCases(t)
	var s score
	for _, c := range cases {
		hops := c.Expect.Hops
		refused := c.Expect.Error != nil && urlErrors[c.Expect.Error.Kind]
		if len(hops) == 0 || len(hops) == 1 && !refused || c.Request.QS != nil {
			continue
		}
		location, found := c.firstLocation()
		if !found {
			continue // sent twice for another reason
		}
		base, err := Parse(expand.Replace(c.Request.URL), Options{})
		require.NoError(t, err, c.ID)
		got, err := Resolve(base.URL(), expand.Replace(location), 0)
		if len(hops) == 1 {
			s.count(c, err != nil, "accepted")
			continue
		}
		if err != nil {
			s.count(c, false, err.Error())
			continue
		}
		where := expand.Replace("{{"+hops[1].Origin+"}}") + hops[1].Target
		s.count(c, got.Origin().String()+got.RequestURI() == where, got.Origin().String()+got.RequestURI())
	}
	s.report(t, "wire/location")
}

func (c wireCase) firstLocation() (string, bool) {
	path, _, _ := strings.Cut(c.Expect.Hops[0].Target, "?")
	for _, rule := range c.Server.Script {
		if rule.Path == path || rule.Path == "*" {
			for _, h := range rule.Responses[0].Headers {
				if strings.EqualFold(h[0], "Location") {
					return h[1], true
				}
			}
		}
	}
	return "", false
}

// score counts what is to be copied, and apart from it what is optional.
type score struct {
	passed, total, optional, optionalPassed int
	failing                                 []string
}

func (s *score) count(c wireCase, ok bool, got string) {
	one := 0
	if ok {
		one = 1
	}
	switch c.Verdict {
	case "copy":
		s.total++
		s.passed += one
		if !ok {
			s.failing = append(s.failing, c.ID+": "+got)
		}
	case "optional":
		s.optional++
		s.optionalPassed += one
	}
}

func (s *score) report(t *testing.T, name string) {
	corpus.Report(t, name, s.passed, s.total, s.failing)
	corpus.Report(t, name+" optional", s.optionalPassed, s.optional, nil)
	require.NotZero(t, s.total)
	require.Empty(t, s.failing)
}

func basic(user *url.Userinfo) string {
	password, _ := user.Password()
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password))
}

func header(headers [][2]string, name string) string {
	for _, h := range headers {
		if strings.EqualFold(h[0], name) {
			return h[1]
		}
	}
	return ""
}
