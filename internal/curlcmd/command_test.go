package curlcmd

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden file anew")

type golden struct {
	Name       string          `json:"name"`
	Line       string          `json:"line"`
	Document   json.RawMessage `json:"document"`
	Credential *Credential     `json:"credential,omitempty"`
	CA         *CA             `json:"ca,omitempty"`
	Proxy      *Proxy          `json:"proxy,omitempty"`
	Notes      []string        `json:"notes,omitempty"`
	Formatted  string          `json:"formatted"`
}

// TestCommands holds every command against its document, and back.
func TestCommands(t *testing.T) {
	var all []golden
	for _, c := range commands {
		got, err := Parse(c.line, Options{ReadFile: readFile})
		require.NoError(t, err, c.name)
		line, _, err := Format(got.Document, FormatOptions{Secrets: true, Credential: got.Credential, CA: got.CA, Proxy: got.Proxy})
		require.NoError(t, err, c.name)
		again, err := Parse(line, Options{ReadFile: readFile})
		require.NoError(t, err, c.name)
		assert.JSONEq(t, string(got.Document), string(again.Document), "%s: %s", c.name, line)
		assert.Equal(t, got.Credential, again.Credential, c.name)
		assert.Equal(t, got.CA, again.CA, c.name)
		assert.Equal(t, got.Proxy, again.Proxy, c.name)
		assert.Equal(t, got.FormFiles, again.FormFiles, c.name)
		g := golden{c.name, c.line, got.Document, got.Credential, got.CA, got.Proxy, nil, line}
		for _, n := range got.Notes {
			g.Notes = append(g.Notes, n.String())
		}
		all = append(all, g)
	}
	require.GreaterOrEqual(t, len(all), 60)
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	require.NoError(t, e.Encode(all))
	if *update {
		require.NoError(t, os.WriteFile("testdata/commands.golden.json", b.Bytes(), 0o644))
	}
	want, err := os.ReadFile("testdata/commands.golden.json")
	require.NoError(t, err)
	assert.Equal(t, string(want), b.String())
}

func TestErrors(t *testing.T) {
	for line, want := range map[string]Reason{
		``:                                            NotCurl,
		`wget https://a.test/`:                        NotCurl,
		`curl`:                                        URL,
		`curl https://a.test/ https://b.test/`:        URL,
		`curl ftp://a.test/`:                          URL,
		`curl https://`:                               URL,
		`curl 'https://a.test/{a,b}'`:                 URL,
		`curl 'https://a.test/[1-3]'`:                 URL,
		`curl 'https://a.test/`:                       Syntax,
		`curl "https://a.test/`:                       Syntax,
		`curl $'https://a.test/`:                      Syntax,
		"curl ^\"https://a.test/":                     Syntax,
		`curl --frobnicate https://a.test/`:           UnknownOption,
		`curl -? https://a.test/`:                     UnknownOption,
		`curl --header=X:y https://a.test/`:           UnknownOption,
		`curl --cert= https://a.test/`:                UnknownOption,
		`curl --data https://a.test/ --data`:          Argument,
		`curl https://a.test/ -H`:                     Argument,
		`curl --he 'X: y' https://a.test/`:            Ambiguous,
		`curl -m soon https://a.test/`:                Argument,
		`curl -m -1 https://a.test/`:                  Argument,
		`curl -m 1e1 https://a.test/`:                 Argument,
		`curl --max-redirs many https://a.test/`:      Argument,
		`curl --tls-max 3 https://a.test/`:            Argument,
		`curl --tls-max 1.1 https://a.test/`:          Unsupported,
		`curl -F ab https://a.test/`:                  Argument,
		`curl -F 'a=(;type=multipart/mixed' a.test`:   Unsupported,
		`curl -X 'A B' https://a.test/`:               Argument,
		`curl --digest -u a:b https://a.test/`:        Unsupported,
		`curl --aws-sigv4 x https://a.test/`:          Unsupported,
		`curl -K file https://a.test/`:                Unsupported,
		`curl --http3 https://a.test/`:                Unsupported,
		`curl https://a.test/ --next https://b.test/`: Unsupported,
		`curl --version`:                              Unsupported,
		`curl -T a -T b https://a.test/`:              Unsupported,
		`curl --cert pkcs11:token https://a.test/`:    Unsupported,
		`curl --cert-type ENG --cert a a.test`:        Unsupported,
		`curl --cert-type ZIP --cert a a.test`:        Argument,
		`curl --cert :pw a.test`:                      Argument,
		`curl --key key.pem https://a.test/`:          Conflict,
		`curl -d a -F b=c https://a.test/`:            Conflict,
		`curl -I -d a https://a.test/`:                Conflict,
		`curl -d @missing https://a.test/`:            FileNeeded,
		`curl -T missing https://a.test/`:             FileNeeded,
	} {
		_, err := Parse(line, Options{ReadFile: readFile})
		var e *Error
		if assert.ErrorAs(t, err, &e, line) {
			assert.Equal(t, want, e.Reason, "%s: %v", line, e)
		}
	}
	_, err := Parse(`curl -d @body.json https://a.test/`, Options{})
	var e *Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, FileNeeded, e.Reason)
	_, err = Parse(`curl -d @x https://a.test/`, Options{ReadFile: func(string) ([]byte, error) { return nil, errAny }})
	assert.ErrorIs(t, err, errAny)
	_, err = Parse("curl "+strings.Repeat("-H a: ", maxWords), Options{})
	require.ErrorAs(t, err, &e)
	assert.Equal(t, TooLong, e.Reason)
	_, err = Parse(strings.Repeat("x", maxLine+1), Options{})
	require.ErrorAs(t, err, &e)
	assert.Equal(t, TooLong, e.Reason)
}

// TestEveryOption runs each option of the table: it is taken, noted or refused,
// and none is passed over.
func TestEveryOption(t *testing.T) {
	values := map[string]string{"max-redirs": "3", "max-time": "5", "tls-max": "1.2", "form": "a=b", "form-string": "a=b", "cert-type": "P12",
		"key-type": "PEM", "url": "https://a.test/"}
	plain, err := Parse(`curl https://a.test/`, Options{})
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, o := range options() {
		require.False(t, seen[o.name], o.name)
		seen[o.name] = true
		words := []string{"--" + o.name}
		if o.takes {
			words = append(words, orDefault(values[o.name], "text.txt"))
		}
		if o.name != "url" {
			words = append(words, "https://a.test/")
		}
		if o.name == "key" || o.name == "cert-type" || o.name == "key-type" || o.name == "pass" {
			words = append(words, "--cert", "c.pem")
		}
		if o.name == "proxy-user" {
			words = append(words, "-x", "proxy.test")
		}
		got, err := ParseArgs(words, Options{ReadFile: readFile})
		if o.refuse != "" {
			var e *Error
			require.ErrorAs(t, err, &e, o.name)
			assert.Equal(t, Unsupported, e.Reason, o.name)
			continue
		}
		require.NoError(t, err, o.name)
		changed := string(got.Document) != string(plain.Document) || got.Credential != nil || got.Proxy != nil
		quiet := o.name == "url" || o.name == "get" || o.name == "globoff"
		assert.True(t, quiet || changed || len(got.Notes) > 0, o.name)
	}
}

// TestTableIsComplete holds the table against the options that the installed
// curl lists. A curl newer than the table may have a few more, which are errors.
func TestTableIsComplete(t *testing.T) {
	var known, unknown int
	for _, line := range strings.Split(curlHelp(t), "\n") {
		i := strings.Index(line, "--")
		if i < 0 {
			continue
		}
		name := strings.Fields(line[i:])[0]
		o, _, err := find(name[2:])
		if err != nil {
			unknown++
			continue
		}
		known++
		rest := strings.TrimPrefix(line[i:], name)
		takes := strings.HasPrefix(rest, " <") || strings.HasPrefix(rest, " [")
		assert.Equal(t, takes, o.takes, line)
	}
	assert.Greater(t, known, 200)
	assert.Less(t, unknown, 15)
}

func TestSecretsStayHidden(t *testing.T) {
	const secret = "hunter2"
	line := `curl -u me:hunter2 --cert a.p12:hunter2 --cert-type P12 -H 'Authorization: hunter2' -H 'X-Api-Key: hunter2' -b sid=hunter2 -x http://u:hunter2@p.test -U x:hunter2 'https://u:hunter2@a.test/'`
	c, err := Parse(line, Options{})
	require.NoError(t, err)
	assert.Equal(t, secret, string(*c.Credential.Password))
	for _, shown := range []string{
		fmt.Sprintf("%v %+v %#v %s", c.Credential, *c.Credential, *c.Credential, c.Credential.Password),
		fmt.Sprintf("%v %+v %#v", c.Proxy, *c.Proxy, *c.Proxy), fmt.Sprint(c.Notes),
	} {
		assert.NotContains(t, shown, secret)
	}
	text, err := json.Marshal([]any{c.Credential, c.Proxy, c.Notes})
	require.NoError(t, err)
	assert.NotContains(t, string(text), secret)

	out, _, err := Format(c.Document, FormatOptions{Credential: c.Credential, Proxy: c.Proxy})
	require.NoError(t, err)
	assert.NotContains(t, out, secret)
	out, _, err = Format(c.Document, FormatOptions{Credential: c.Credential, Proxy: c.Proxy, Secrets: true})
	require.NoError(t, err)
	assert.Contains(t, out, secret)

	for _, bad := range []string{`curl --hunter2=hunter2 a.test`, `curl --data=hunter2 a.test`, `curl -d 'hunter2`, `curl -m hunter2 a.test`,
		`curl -X 'hunter2 x' a.test`, `curl 'hunter2://a.test'`, `curl --cert-type hunter2 a.test`} {
		_, err := Parse(bad, Options{})
		require.Error(t, err, bad)
		assert.NotContains(t, strings.ReplaceAll(err.Error(), "--hunter2", ""), secret, bad)
	}
}
