package mtlshttp_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httputil"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
)

var redirectStatuses = []int{301, 302, 303, 307, 308}

// methodsAfter says what a method becomes after 301 or 302, 303, and 307 or
// 308, by default and where all redirects are followed; a plus says that the
// body goes along, and "" that the redirect is not followed.
var methodsAfter = []struct {
	method string
	after  [3]string
	all    [3]string
}{
	{"GET", [3]string{"GET", "GET", "GET+"}, [3]string{"GET", "GET", "GET+"}},
	{"HEAD", [3]string{"HEAD", "HEAD", "HEAD+"}, [3]string{"HEAD", "HEAD", "HEAD+"}},
	{"OPTIONS", [3]string{"OPTIONS+", "GET", "OPTIONS+"}, [3]string{"GET", "GET", "OPTIONS+"}},
	{"PROPFIND", [3]string{"PROPFIND+", "GET", "PROPFIND+"}, [3]string{"GET", "GET", "PROPFIND+"}},
	{"LINK", [3]string{"LINK+", "GET", "LINK+"}, [3]string{"GET", "GET", "LINK+"}},
	{"POST", [3]string{}, [3]string{"GET", "GET", "POST+"}},
	{"PUT", [3]string{}, [3]string{"GET", "GET", "PUT+"}},
	{"PATCH", [3]string{}, [3]string{"GET", "GET", "PATCH+"}},
	{"DELETE", [3]string{}, [3]string{"GET", "GET", "DELETE+"}},
}

// TestRedirectMethods is RED-18 and RED-21: 90 cells of status, method and
// body, with the default policy and with that which follows all.
func TestRedirectMethods(t *testing.T) {
	n := newNetwork(t, "http://a.test")
	e := n.executor()
	cells := 0
	for _, row := range methodsAfter {
		for _, status := range redirectStatuses {
			for _, body := range []string{"", "a=1"} {
				cells++
				for _, all := range []bool{false, true} {
					name := fmt.Sprintf("RED-18 %d %s body=%q all=%t", status, row.method, body, all)
					column := map[int]int{301: 0, 302: 0, 303: 1, 307: 2, 308: 2}[status]
					want, wantBody := row.after[column], ""
					if all {
						want = row.all[column]
					}
					want, goes := strings.CutSuffix(want, "+")
					if goes {
						wantBody = body
					}
					r := n.request("http://a.test/")
					r.Method, r.Redirect.All = row.method, all
					r.Headers = []mtlshttp.Header{{Name: "Content-Language", Value: "en"}, {Name: "X-Kept", Value: "1"}}
					if body != "" {
						r.Body = mtlshttp.Form(mtlshttp.Param{Name: "a", Value: "1"})
					}
					n.redirect(status, map[string]string{"http://a.test/": "/next"})
					resp, err := e.Do(t.Context(), r)
					require.NoError(t, err, name)
					seen := n.seen()
					assert.Equal(t, body, seen[0].Sent, name)
					if want == "" {
						assert.Equal(t, status, resp.StatusCode, name)
						assert.Equal(t, "/next", resp.Header("Location"), name)
						assert.Len(t, seen, 1, name)
						continue
					}
					assert.Equal(t, 200, resp.StatusCode, name)
					require.Len(t, seen, 2, name)
					next := seen[1]
					assert.Equal(t, want+" http://a.test/next", next.String(), name)
					assert.Equal(t, wantBody, next.Sent, name)
					assert.Equal(t, "1", next.Header.Get("X-Kept"), name)
					if wantBody == "" {
						for _, gone := range []string{"Content-Type", "Content-Language", "Transfer-Encoding", "Expect"} {
							assert.Empty(t, next.Header.Values(gone), "%s: RED-21 %s", name, gone)
						}
						assert.Zero(t, next.ContentLength, name)
						assert.Empty(t, next.TransferEncoding, name)
					} else {
						assert.Equal(t, "application/x-www-form-urlencoded", next.Header.Get("Content-Type"), name)
						assert.EqualValues(t, len(wantBody), next.ContentLength, name)
					}
				}
			}
		}
	}
	assert.Equal(t, 90, cells)
}

// relation is how the origin of a redirect's target stands to the request's.
type relation struct {
	name     string
	from, to string
	then     string // a second redirect
}

var relations = []relation{
	{"other host", "https://a.test", "https://b.test", ""},
	{"other port", "https://a.test", "https://a.test:8443", ""},
	{"name below", "https://a.test", "https://sub.a.test", ""},
	{"name above", "https://sub.a.test", "https://a.test", ""},
	{"name that ends alike", "https://a.test", "https://xa.test", ""},
	{"https to http", "https://a.test", "http://a.test", ""},
	{"http to https", "http://a.test", "https://a.test", ""},
	{"second hop there", "https://a.test", "https://b.test", "https://b.test/two"},
}

// secret is something that a request carries for its own origin alone.
type secret struct {
	name string
	put  func(n *network, r *mtlshttp.Request, canary string)
	// arrived says whether a server got it, other than as text.
	arrived func(a *arrival) bool
}

func secretHeader(name string) secret {
	return secret{name: name, put: func(_ *network, r *mtlshttp.Request, canary string) {
		r.Headers = append(r.Headers, mtlshttp.Header{Name: name, Value: canary})
	}}
}

var secrets = []secret{
	secretHeader("Authorization"), secretHeader("Cookie"), secretHeader("Cookie2"), secretHeader("Proxy-Authorization"),
	secretHeader("X-Api-Key"), secretHeader("X-Auth-Token"), secretHeader("x-acme-access-key"),
	{name: "a header that is said to be secret", put: func(_ *network, r *mtlshttp.Request, canary string) {
		r.Headers, r.Secret = append(r.Headers, mtlshttp.Header{Name: "X-Mine", Value: canary}), []string{"x-mine"}
	}},
	{name: "basic authentication", put: func(_ *network, r *mtlshttp.Request, canary string) {
		r.Auth = &mtlshttp.BasicAuth{User: "u", Password: canary}
	}},
	{name: "user information", put: func(_ *network, r *mtlshttp.Request, canary string) {
		r.URL = strings.Replace(r.URL, "://", "://u:"+canary+"@", 1)
	}},
	{name: "token in the query", put: func(_ *network, r *mtlshttp.Request, canary string) { r.URL += "?token=" + canary }},
	{name: "client certificate", put: func(n *network, r *mtlshttp.Request, _ string) { r.Identity = n.identity("alice") },
		arrived: func(a *arrival) bool { return a.Client != "" }},
}

// carries says whether anything of a request that arrived has the canary.
func (s secret) carries(t *testing.T, a *arrival, canary string) bool {
	if s.arrived != nil {
		return s.arrived(a)
	}
	text, err := httputil.DumpRequest(a.Request, false)
	require.NoError(t, err)
	basic := base64.StdEncoding.EncodeToString([]byte("u:" + canary))
	return strings.Contains(string(text)+a.Sent, canary) || strings.Contains(string(text), basic)
}

// send sends a request with the secret along the relation, and returns what
// arrived.
func (s secret) send(t *testing.T, n *network, send func(*mtlshttp.Request) answered, rel relation, status int) []*arrival {
	n.behave(func(w http.ResponseWriter, a *arrival) {
		switch {
		case a.URL.Path == "/one":
			http.Redirect(w, a.Request, rel.to+"/next", status)
		case a.URL.Path == "/next" && rel.then != "":
			http.Redirect(w, a.Request, rel.then, status)
		}
	})
	r := n.request(rel.from + "/one")
	r.Redirect.AllowDowngrade = true
	s.put(n, r, canary)
	got := send(r)
	require.NoError(t, got.err, "%s, %s, %d", s.name, rel.name, status)
	require.Equal(t, 200, got.status)
	return n.seen()
}

const canary = "kestrel-4711"

// TestNoSecretCrosses sends each secret over each relation of origins by each
// status: 480 cells, none of which may leak, by each way of sending.
func TestNoSecretCrosses(t *testing.T) {
	n := newNetwork(t, "https://a.test", "https://a.test:8443", "https://sub.a.test", "https://xa.test", "https://b.test", "http://a.test")
	same := relation{"same origin", "https://a.test", "https://a.test", "https://a.test/two"}
	n.eachSender(t, func(t *testing.T, send func(*mtlshttp.Request) answered) {
		cells, leaks := 0, 0
		for _, s := range secrets {
			for _, status := range redirectStatuses {
				for _, rel := range relations {
					cells++
					seen := s.send(t, n, send, rel, status)
					if rel.from[:5] == "https" || s.arrived == nil {
						assert.True(t, s.carries(t, seen[0], canary), "%s does not arrive at its own origin", s.name)
					}
					for _, a := range seen[1:] {
						if s.carries(t, a, canary) {
							leaks++
							t.Errorf("%s, %s, %d: leaks to %s", s.name, rel.name, status, a)
						}
					}
				}
				// Where it may go, it goes: the cells above can fail.
				for _, a := range s.send(t, n, send, same, status) {
					assert.True(t, s.carries(t, a, canary) || s.name == "token in the query" && a.URL.Path == "/two", "%s, %d: %s", s.name, status, a)
				}
			}
		}
		assert.Equal(t, 480, cells)
		assert.Zero(t, leaks)
	})
}
