package mtlshttp_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
)

// locations is the table of RED-14: what a Location leads to from
// http://a.test/b/c/d?q#f, to the byte.
var locations = map[string]string{
	"//b.test/x": "GET http://b.test/x", "/p": "GET http://a.test/p", "?y": "GET http://a.test/b/c/d?y", "g": "GET http://a.test/b/c/g",
	"../..": "GET http://a.test/", "../../../../g": "GET http://a.test/g", "./g/./h/..": "GET http://a.test/b/c/g/", "g?y/../x": "GET http://a.test/b/c/g?y/../x",
	"/a b c": "GET http://a.test/a%20b%20c", "/a\tb": "GET http://a.test/a%09b", "/p/\xc3\xbc/\xfc": "GET http://a.test/p/%C3%BC/%FC",
	`\back\slash`: "GET http://a.test/back/slash", "/%2e%2E/%41?%41": "GET http://a.test/%2e%2E/%41?%41", "/a?": "GET http://a.test/a?",
	"/%zz?%zz": "GET http://a.test/%25zz?%zz", "//b.test//x//y": "GET http://b.test//x//y", "/[a]?b[0]=c": "GET http://a.test/[a]?b[0]=c",
	"HTTP://B.TEST:80/x": "GET http://b.test/x", "/a;b,c=d+e@f:g!$&'()*": "GET http://a.test/a;b,c=d+e@f:g!$&%27()*", "/x?a=%E2%82%AC&b=\"|^": "GET http://a.test/x?a=%E2%82%AC&b=%22%7C%5E",
}

func TestLocation(t *testing.T) {
	n := newNetwork(t, "http://a.test", "http://b.test")
	const start = "http://a.test/b/c/d?q"
	t.Run("RED-14", func(t *testing.T) {
		for location, want := range locations {
			n.eachSender(t, func(t *testing.T, send sender) {
				n.redirect(302, map[string]string{start: location})
				require.NoError(t, send(n.request(start+"#f")).err, "%q", location)
				assert.Equal(t, want, n.last().String(), "%q", location)
			})
		}
		const dots = "http://a.test/b/../c/./d?q"
		n.redirect(302, map[string]string{dots: "?y"})
		_, err := n.executor().Do(t.Context(), n.request(dots))
		require.NoError(t, err)
		assert.Equal(t, "GET http://a.test/b/../c/./d?y", n.last().String(), "net/http would remove the dots")
		for _, location := range []string{"#f", ""} {
			n.redirect(302, map[string]string{start: location})
			resp, err := n.executor().Do(t.Context(), n.request(start))
			if location == "" {
				require.NoError(t, err)
				assert.Equal(t, 302, resp.StatusCode, "an empty Location leads nowhere")
				continue
			}
			assert.Equal(t, "too-many", failureOf(t, err).Reason, "it leads to itself")
		}
		for length, ok := range map[int]bool{8 << 10: true, 63 << 10: true, 65 << 10: false} {
			location := "/" + strings.Repeat("x", length)
			n.redirect(302, map[string]string{start: location})
			_, err := n.executor().Do(t.Context(), n.request(start))
			if ok {
				require.NoError(t, err)
				assert.Equal(t, "GET http://a.test"+location, n.last().String())
				continue
			}
			f := failureOf(t, err)
			assert.Equal(t, mtlshttp.KindLimit, f.Kind)
			assert.Equal(t, "url", f.Reason)
		}
	})

	refused := []struct{ row, location, reason string }{
		{"RED-12", "http://user:hunter2@b.test/", "credentials"}, {"RED-12", "//hunter2@a.test/", "credentials"},
		{"RED-13", "file:///etc/hunter2", "scheme"}, {"RED-13", "ftp://b.test/hunter2", "scheme"}, {"RED-13", "gopher://b.test/hunter2", "scheme"},
		{"RED-13", "data:text/plain,hunter2", "scheme"}, {"RED-13", "javascript:alert('hunter2')", "scheme"}, {"RED-13", "unix:/run/hunter2", "scheme"},
		{"RED-15", "http://[bad/?t=hunter2", "location"}, {"RED-15", "http://user:hunter2@[bad/?t=hunter2", "credentials"},
		{"RED-15", "http://b.test:99999/hunter2", "location"}, {"RED-15", "http://%41.test/hunter2", "location"}, {"RED-15", `/\b.test/hunter2`, "location"},
	}
	for _, c := range refused {
		t.Run(c.row+" "+c.reason, func(t *testing.T) {
			n.eachSender(t, func(t *testing.T, send sender) {
				n.redirect(301, map[string]string{start: c.location})
				err := send(n.request(start)).err
				f := failureOf(t, err)
				assert.Equal(t, mtlshttp.KindRedirect, f.Kind, c.location)
				assert.Equal(t, c.reason, f.Reason, c.location)
				assert.Len(t, n.seen(), 1)
				require.Len(t, f.Hops, 1)
				require.NotNil(t, f.Response)
				assert.Equal(t, 301, f.Response.StatusCode)
				for _, text := range []string{err.Error(), fmt.Sprintf("%v %+v", err, err), f.Error()} {
					assert.NotContains(t, text, "hunter2")
				}
			})
		})
		t.Run(c.row+" is not read where it is not followed", func(t *testing.T) {
			n.eachSender(t, func(t *testing.T, send sender) {
				n.redirect(307, map[string]string{start: c.location})
				r := n.request(start)
				r.Method = "POST"
				got := send(r)
				require.NoError(t, got.err, c.location)
				assert.Equal(t, 307, got.status)
				assert.Equal(t, c.location, got.header.Get("Location"))
			})
		})
	}

	t.Run("RED-16", func(t *testing.T) {
		n.eachSender(t, func(t *testing.T, send sender) {
			n.behave(func(w http.ResponseWriter, a *arrival) {
				if a.URL.Path == "/b/c/d" {
					w.Header()["Location"] = []string{"/first", "/second"}
					w.WriteHeader(http.StatusFound)
				}
			})
			require.NoError(t, send(n.request(start)).err)
			assert.Equal(t, []string{"GET " + start, "GET http://a.test/first"}, n.way())
			for _, status := range []int{200, 201, 202, 400, 401, 500} {
				n.redirect(status, map[string]string{start: "/x"})
				assert.Equal(t, status, send(n.request(start)).status)
				assert.Len(t, n.seen(), 1)
			}
			n.behave(func(w http.ResponseWriter, _ *arrival) { w.WriteHeader(http.StatusFound) })
			got := send(n.request(start))
			require.NoError(t, got.err)
			assert.Equal(t, 302, got.status, "without a Location it is final")
		})
	})
	t.Run("RED-20", func(t *testing.T) {
		n.eachSender(t, func(t *testing.T, send sender) {
			for _, status := range []int{300, 304, 305, 306, 399} {
				n.redirect(status, map[string]string{start: "/x"})
				r := n.request(start)
				r.Redirect.All = true
				got := send(r)
				require.NoError(t, got.err)
				assert.Equal(t, status, got.status)
				assert.Len(t, n.seen(), 1, status)
			}
		})
	})
}
