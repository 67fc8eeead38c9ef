package mtlshttp_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
)

type sender = func(*mtlshttp.Request) answered

func with(name, value string) []mtlshttp.Header { return []mtlshttp.Header{{Name: name, Value: value}} }

// TestWhatCrosses is what a hop to another origin carries. That no secret does,
// from anywhere to anywhere, is TestNoSecretCrosses.
func TestWhatCrosses(t *testing.T) {
	n := newNetwork(t, "https://a.test", "https://a.test:8443", "https://sub.a.test", "https://b.test")
	for _, row := range []struct {
		name, header string
		to           string
		then         []string // further redirects
	}{
		{"RED-01 another host", "Authorization", "https://b.test/x", nil},
		{"RED-02 another port", "Cookie", "https://a.test:8443/x", nil},
		{"RED-04 a name below", "Authorization", "https://sub.a.test/x", nil},
		{"RED-05 a second hop over there", "Authorization", "https://b.test/x", []string{"https://b.test/y"}},
		{"RED-05 a third hop over there", "Cookie", "https://b.test/x", []string{"https://b.test/y", "https://b.test/z"}},
		{"RED-06 and on from there", "X-Mine", "https://b.test/x", []string{"https://a.test/y", "https://a.test/z"}},
		{"RED-06 and back again", "Authorization", "https://b.test/x", []string{"https://a.test/y"}},
		{"RED-07 Proxy-Authorization", "Proxy-Authorization", "https://a.test:8443/x", nil},
		{"RED-07 Proxy-Authenticate", "Proxy-Authenticate", "https://a.test:8443/x", nil},
		{"RED-07 Www-Authenticate", "Www-Authenticate", "https://a.test:8443/x", nil},
		{"RED-07 Cookie2", "Cookie2", "https://a.test:8443/x", nil},
		{"RED-08 X-Api-Key", "X-Api-Key", "https://b.test/x", nil},
		{"RED-08 X-Auth-Token", "x-auth-token", "https://b.test/x", nil},
		{"RED-08 named as secret", "X-Mine", "https://b.test/x", nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			n.eachSender(t, func(t *testing.T, send sender) {
				way := map[string]string{"https://a.test/": row.to}
				at := row.to
				for _, next := range row.then {
					way[at], at = next, next
				}
				n.redirect(302, way)
				r := n.request("https://a.test/")
				r.Headers = append(with(row.header, "hunter2"), mtlshttp.Header{Name: "X-Request-Id", Value: "7"})
				r.Secret = []string{"X-Mine"}
				require.NoError(t, send(r).err)
				seen := n.seen()
				require.Len(t, seen, 2+len(row.then))
				assert.Equal(t, []string{"hunter2"}, seen[0].Header.Values(row.header))
				for _, a := range seen[1:] {
					assert.Empty(t, a.Header.Values(row.header), a.String())
				}
			})
		})
	}

	t.Run("RED-08 what is no secret goes along", func(t *testing.T) {
		n.redirect(307, map[string]string{"https://a.test/": "https://b.test/"})
		r := n.request("https://a.test/")
		names := []string{"X-Request-Id", "Idempotency-Key", "Accept", "Accept-Language", "X-Author", "Traceparent"}
		for _, name := range names {
			r.Headers = append(r.Headers, mtlshttp.Header{Name: name, Value: "v"})
		}
		_, err := n.executor().Do(t.Context(), r)
		require.NoError(t, err)
		for _, name := range names {
			assert.Equal(t, "v", n.last().Header.Get(name), name)
		}
	})

	t.Run("RED-06 headers of Client come only without a detour", func(t *testing.T) {
		client, err := n.executor().Client(t.Context(), &mtlshttp.Request{URL: "https://a.test/", Roots: n.ca.Roots(),
			Headers: with("X-Tenant", "7"), Auth: &mtlshttp.BasicAuth{User: "u", Password: "hunter2"}})
		require.NoError(t, err)
		n.redirect(302, map[string]string{"https://a.test/": "/same", "https://b.test/": "https://a.test/other"})
		for _, start := range []string{"https://a.test/", "https://b.test/"} {
			resp, err := client.Get(start)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
		}
		seen := n.seen()
		require.Equal(t, []string{"GET https://a.test/", "GET https://a.test/same", "GET https://b.test/", "GET https://a.test/other"}, n.way())
		for i, a := range seen {
			assert.Equal(t, i < 2, a.Header.Get("Authorization") != "", a.String())
			assert.Equal(t, i < 2, a.Header.Get("X-Tenant") == "7", a.String())
		}
	})

	t.Run("RED-09 a certificate is bound to its origin", func(t *testing.T) {
		n.redirect(302, map[string]string{"https://a.test/": "https://b.test/x", "https://b.test/x": "https://a.test/y"})
		r := n.request("https://a.test/")
		r.Identity = n.identity("alice")
		resp, err := n.executor().Do(t.Context(), r)
		require.NoError(t, err)
		seen := n.seen()
		require.Len(t, seen, 3)
		assert.Equal(t, []string{"alice", "", "alice"}, []string{seen[0].Client, seen[1].Client, seen[2].Client})
		there := resp.Hops[1].Receipt.ClientCertificate
		assert.True(t, there.Requested)
		assert.Nil(t, there.Presented)
		require.Len(t, there.Withheld, 1)
		assert.Equal(t, "other-origin", there.Withheld[0].Reason)
		r.Origins = []string{"b.test"}
		n.redirect(302, map[string]string{"https://a.test/": "https://b.test/x"})
		_, err = n.executor().Do(t.Context(), r)
		require.NoError(t, err)
		assert.Equal(t, "alice", n.last().Client, "it is allowed by name")
	})

	t.Run("RED-29 nothing is remembered for another origin", func(t *testing.T) {
		e := n.executor()
		n.behave(func(w http.ResponseWriter, a *arrival) {
			if a.Origin == "https://a.test" {
				http.Redirect(w, a.Request, "https://b.test/x", http.StatusFound)
				return
			}
			w.Header().Add("WWW-Authenticate", `Digest realm="a.test", nonce="1", qop="auth"`)
			w.Header().Add("WWW-Authenticate", `Basic realm="a.test"`)
			w.WriteHeader(http.StatusUnauthorized)
		})
		r := n.request("https://a.test/")
		r.Auth = &mtlshttp.BasicAuth{User: "u", Password: "hunter2"}
		for range 2 {
			resp, err := e.Do(t.Context(), r)
			require.NoError(t, err)
			assert.Equal(t, 401, resp.StatusCode)
			_, err = e.Do(t.Context(), n.request("https://b.test/"))
			require.NoError(t, err)
		}
		for _, a := range n.seen() {
			assert.Equal(t, a.Origin == "https://a.test", a.Header.Get("Authorization") != "", a.String())
		}
		assert.Len(t, n.seen(), 6)
	})
}

func TestDowngrade(t *testing.T) {
	n := newNetwork(t, "https://a.test", "http://a.test")
	refused := map[string]func(*mtlshttp.Request){
		"a header":             func(r *mtlshttp.Request) { r.Headers = with("X-Api-Key", "hunter2") },
		"a cookie":             func(r *mtlshttp.Request) { r.Headers = with("Cookie", "a=hunter2") },
		"basic auth":           func(r *mtlshttp.Request) { r.Auth = &mtlshttp.BasicAuth{User: "u", Password: "hunter2"} },
		"user information":     func(r *mtlshttp.Request) { r.URL = "https://u:hunter2@a.test/" },
		"a client certificate": func(r *mtlshttp.Request) { r.Identity = n.identity("alice") },
	}
	for name, put := range refused {
		t.Run("RED-03 "+name, func(t *testing.T) {
			n.eachSender(t, func(t *testing.T, send sender) {
				n.redirect(302, map[string]string{"https://a.test/": "http://a.test/x?t=hunter2"})
				r := n.request("https://a.test/")
				put(r)
				f := failureOf(t, send(r).err)
				assert.Equal(t, mtlshttp.KindRedirect, f.Kind)
				assert.Equal(t, "downgrade", f.Reason)
				assert.Equal(t, "http://a.test/x?t=***", f.URL)
				assert.Equal(t, []string{"GET https://a.test/"}, n.way())

				r.Redirect.AllowDowngrade = true
				n.redirect(302, map[string]string{"https://a.test/": "http://a.test/x"})
				require.NoError(t, send(r).err)
				assert.Equal(t, "http://a.test", n.last().Origin)
				for _, values := range n.last().Header {
					assert.NotContains(t, strings.Join(values, " "), "hunter2")
				}
			})
		})
	}
	t.Run("RED-03 a body never goes", func(t *testing.T) {
		for _, allow := range []bool{false, true} {
			n.redirect(307, map[string]string{"https://a.test/": "http://a.test/x"})
			r := n.request("https://a.test/")
			r.Method, r.Body = "POST", mtlshttp.Text("text/plain", "hunter2")
			r.Redirect = mtlshttp.Redirect{All: true, AllowDowngrade: allow}
			_, err := n.executor().Do(t.Context(), r)
			assert.Equal(t, "downgrade", failureOf(t, err).Reason)
			assert.Len(t, n.seen(), 1)
		}
	})
	t.Run("RED-03 what has no secret follows", func(t *testing.T) {
		n.redirect(302, map[string]string{"https://a.test/": "http://a.test/x"})
		resp, err := n.executor().Do(t.Context(), n.request("https://a.test/"))
		require.NoError(t, err)
		assert.Equal(t, "http://a.test/x", resp.URL)
		assert.Equal(t, "http://a.test", n.last().Origin)
	})
}

func TestUserInformationAndReferer(t *testing.T) {
	n := newNetwork(t, "https://a.test", "https://b.test", "http://a.test")
	t.Run("RED-10 user information", func(t *testing.T) {
		n.eachSender(t, func(t *testing.T, send sender) {
			n.redirect(302, map[string]string{"https://a.test/p?token=1": "q", "https://a.test/q": "https://b.test/"})
			require.NoError(t, send(n.request("https://user:hunter2@a.test/p?token=1#part")).err)
			seen := n.seen()
			require.Len(t, seen, 3)
			for i, a := range seen {
				user, password, ok := a.BasicAuth()
				assert.Equal(t, i < 2, ok && user == "user" && password == "hunter2", a.String())
				assert.NotContains(t, a.Referer(), "hunter2")
			}
			assert.Equal(t, []string{"", "https://a.test/p?token=1", "https://a.test/"}, []string{seen[0].Referer(), seen[1].Referer(), seen[2].Referer()})
		})
	})
	t.Run("RED-10 that of a client's caller", func(t *testing.T) {
		n.redirect(302, map[string]string{"https://a.test/": "/q", "https://a.test/q": "https://b.test/"})
		client, err := n.executor().Client(t.Context(), n.request("https://a.test/"))
		require.NoError(t, err)
		resp, err := client.Get("https://user:hunter2@a.test/")
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		seen := n.seen()
		require.Len(t, seen, 3)
		for i, a := range seen {
			_, password, _ := a.BasicAuth()
			assert.Equal(t, i < 2, password == "hunter2", a.String())
			assert.NotContains(t, a.Referer(), "hunter2")
		}
	})
	t.Run("RED-10 nor is it in errors", func(t *testing.T) {
		n.redirect(302, map[string]string{"https://a.test/": "https://nobody.test/"})
		_, err := n.executor().Do(t.Context(), n.request("https://user:hunter2@a.test/"))
		f := failureOf(t, err)
		assert.Equal(t, mtlshttp.KindConnect, f.Kind)
		text, jsonErr := json.Marshal(f)
		require.NoError(t, jsonErr)
		assert.NotContains(t, string(text)+fmt.Sprintf("%v %+v %#v", err, err, f.Hops), "hunter2")
		assert.Equal(t, []string{"https://a.test/", "https://nobody.test/"}, []string{f.Hops[0].URL, f.Hops[1].URL})
	})
	t.Run("RED-11 Referer", func(t *testing.T) {
		n.eachSender(t, func(t *testing.T, send sender) {
			for location, want := range map[string]string{"/x": "https://a.test/p?token=1", "https://b.test/": "https://a.test/", "http://a.test/": ""} {
				n.redirect(302, map[string]string{"https://a.test/p?token=1": location})
				r := n.request("https://a.test/p?token=1#part")
				r.Headers = with("Referer", "https://c.test/mine")
				require.NoError(t, send(r).err)
				assert.Equal(t, "https://c.test/mine", n.seen()[0].Referer(), "the caller's own stays on the first hop")
				assert.Equal(t, want, n.last().Referer(), location)
			}
		})
	})
	t.Run("RED-30 fragments are inherited and never shown", func(t *testing.T) {
		for location, fragment := range map[string]string{"/x": "part", "/x#new": "new", "https://b.test/x": "part"} {
			n.redirect(302, map[string]string{"https://a.test/": location})
			client, err := n.executor().Client(t.Context(), n.request("https://a.test/"))
			require.NoError(t, err)
			resp, err := client.Get("https://a.test/#part")
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			assert.Equal(t, fragment, resp.Request.URL.Fragment, location)
		}
		n.redirect(302, map[string]string{"https://a.test/": "/x?t=hunter2#s"})
		resp, err := n.executor().Do(t.Context(), n.request("https://user:hunter2@a.test/#part"))
		require.NoError(t, err)
		assert.Equal(t, "https://a.test/x?t=***", resp.URL)
		text, err := resp.MarshalJSON()
		require.NoError(t, err)
		assert.NotContains(t, string(text), "hunter2")
	})
}

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

// countdown redirects from /9 to /8 and so on to /0.
func countdown(w http.ResponseWriter, a *arrival) {
	if left, _ := strconv.Atoi(strings.TrimPrefix(a.URL.Path, "/")); left > 0 {
		http.Redirect(w, a.Request, fmt.Sprintf("/%d?t=hunter2", left-1), http.StatusFound)
	}
}

// bodies counts the response bodies that are open.
type bodies struct {
	http.RoundTripper
	open, read *atomic.Int64
}

func (b bodies) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := b.RoundTripper.RoundTrip(req)
	if err == nil {
		b.open.Add(1)
		resp.Body = &countedBody{ReadCloser: resp.Body, bodies: b}
	}
	return resp, err
}

type countedBody struct {
	io.ReadCloser
	bodies
	closed atomic.Bool
}

func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.read.Add(int64(n))
	return n, err
}

func (b *countedBody) Close() error {
	if !b.closed.Swap(true) {
		b.open.Add(-1)
	}
	return b.ReadCloser.Close()
}

func TestRedirectLimits(t *testing.T) {
	n := newNetwork(t, "http://a.test")
	var open, read atomic.Int64
	e := n.executor()
	e.Wrap = func(inner http.RoundTripper) http.RoundTripper { return bodies{inner, &open, &read} }
	t.Run("RED-17", func(t *testing.T) {
		for _, c := range []struct{ max, hops, want int }{{0, 10, 0}, {0, 11, 11}, {20, 20, 0}, {20, 21, 21}, {1, 1, 0}, {1, 2, 2}, {-1, 1, 1}, {0, 1000, 11}} {
			for name, send := range senders {
				n.behave(countdown)
				r := n.request(fmt.Sprintf("http://a.test/%d", c.hops))
				r.Redirect.Max = c.max
				got := send(t.Context(), &mtlshttp.Session{Executor: e}, r)
				assert.Zero(t, open.Load(), "a body is open")
				if c.want == 0 {
					require.NoError(t, got.err, "%s %+v", name, c)
					assert.Len(t, n.seen(), c.hops+1)
					continue
				}
				f := failureOf(t, got.err)
				assert.Equal(t, mtlshttp.KindRedirect, f.Kind)
				assert.Equal(t, "too-many", f.Reason)
				require.Len(t, f.Hops, c.want)
				assert.Len(t, n.seen(), c.want)
				for i, h := range f.Hops {
					assert.Equal(t, 302, h.StatusCode)
					assert.NotContains(t, h.URL, "hunter2")
					if i > 0 {
						assert.Equal(t, fmt.Sprintf("http://a.test/%d?t=***", c.hops-i), h.URL)
					}
				}
				assert.NotContains(t, f.Error(), "hunter2") // around it, net/http's own says where it stood
			}
		}
	})
	t.Run("RED-24", func(t *testing.T) {
		endings := map[string]func(http.ResponseWriter, *arrival){
			"endless": func(w http.ResponseWriter, a *arrival) {
				for block := make([]byte, 32<<10); a.Context().Err() == nil; {
					if _, err := w.Write(block); err != nil {
						return
					}
				}
			},
			"silent": func(w http.ResponseWriter, a *arrival) {
				_ = http.NewResponseController(w).Flush()
				<-a.Context().Done()
			},
			"1 GiB announced": func(w http.ResponseWriter, a *arrival) {
				w.Header().Set("Content-Length", strconv.Itoa(1<<30))
				_ = http.NewResponseController(w).Flush()
				<-a.Context().Done()
			},
		}
		for name, ending := range endings {
			n.behave(func(w http.ResponseWriter, a *arrival) {
				if a.URL.Path == "/next" {
					return
				}
				w.Header().Set("Location", "/next")
				if name != "1 GiB announced" {
					w.WriteHeader(http.StatusFound)
				} else {
					w.Header().Set("Content-Length", strconv.Itoa(1<<30))
					w.WriteHeader(http.StatusFound)
				}
				ending(w, a)
			})
			for way, send := range senders {
				read.Store(0)
				begun := time.Now()
				got := send(t.Context(), &mtlshttp.Session{Executor: e}, n.request("http://a.test/"))
				require.NoError(t, got.err, "%s, %s", name, way)
				assert.Equal(t, 200, got.status)
				assert.Less(t, time.Since(begun), 5*time.Second)
				assert.LessOrEqual(t, read.Load(), int64(64<<10+1))
				assert.Zero(t, open.Load())
			}
		}
	})
	t.Run("RED-24 a small body leaves the connection", func(t *testing.T) {
		n.behave(func(w http.ResponseWriter, a *arrival) {
			w.Header().Set("X-Remote", a.RemoteAddr)
			if a.URL.Path == "/" {
				w.Header().Set("Location", "/next")
				w.WriteHeader(http.StatusFound)
				_, _ = w.Write(make([]byte, 60<<10))
			}
		})
		_, err := n.executor().Do(t.Context(), n.request("http://a.test/"))
		require.NoError(t, err)
		require.Len(t, n.seen(), 2)
		assert.Equal(t, n.seen()[0].RemoteAddr, n.seen()[1].RemoteAddr)
	})
	t.Run("RED-25", func(t *testing.T) {
		n.eachSender(t, func(t *testing.T, send sender) {
			n.behave(func(w http.ResponseWriter, a *arrival) {
				select {
				case <-time.After(300 * time.Millisecond):
				case <-a.Context().Done():
				}
				countdown(w, a)
			})
			r := n.request("http://a.test/9")
			r.Timeout = time.Second
			begun := time.Now()
			err := send(r).err
			assert.GreaterOrEqual(t, time.Since(begun), time.Second) // that it is prompt is measured in a bubble
			assert.Less(t, time.Since(begun), 10*time.Second)
			f := failureOf(t, err)
			assert.Equal(t, mtlshttp.KindTimeout, f.Kind)
			assert.ErrorIs(t, err, context.DeadlineExceeded)
			assert.GreaterOrEqual(t, len(f.Hops), 2)
		})
	})
}

func TestRedirectWithABody(t *testing.T) {
	n := newNetwork(t, "http://a.test")
	for _, status := range []int{307, 308} {
		for _, method := range []string{"POST", "PUT", "DELETE"} {
			t.Run(fmt.Sprintf("RED-19 %d %s", status, method), func(t *testing.T) {
				once := func() io.Reader { return io.MultiReader(strings.NewReader("body")) }
				n.redirect(status, map[string]string{"http://a.test/": "/next"})
				r := n.request("http://a.test/")
				r.Method, r.Redirect.All = method, true
				r.Body = mtlshttp.Reader("text/plain", once(), 4)
				_, err := n.executor().Do(t.Context(), r)
				f := failureOf(t, err)
				assert.Equal(t, mtlshttp.KindRedirect, f.Kind)
				assert.Equal(t, "body-not-replayable", f.Reason)
				assert.ErrorIs(t, err, mtlshttp.ErrNotReplayable)
				assert.Equal(t, status, f.Response.StatusCode)

				client, err := n.executor().Client(t.Context(), r)
				require.NoError(t, err)
				req, err := http.NewRequestWithContext(t.Context(), method, r.URL, once())
				require.NoError(t, err)
				_, err = client.Do(req)
				assert.Equal(t, "body-not-replayable", failureOf(t, err).Reason)
				assert.Len(t, n.seen(), 2)

				r.Body = mtlshttp.Reader("text/plain", strings.NewReader("body"), -1)
				_, err = n.executor().Do(t.Context(), r)
				require.NoError(t, err)
				assert.Equal(t, "body", n.last().Sent, "one that can be rewound goes again")
				assert.Equal(t, method+" http://a.test/next", n.last().String())
			})
		}
	}
	t.Run("RED-19 it does not matter where nothing is followed", func(t *testing.T) {
		n.redirect(307, map[string]string{"http://a.test/": "/next"})
		r := n.request("http://a.test/")
		r.Method, r.Body = "POST", mtlshttp.Reader("text/plain", io.MultiReader(strings.NewReader("body")), -1)
		resp, err := n.executor().Do(t.Context(), r)
		require.NoError(t, err)
		assert.Equal(t, 307, resp.StatusCode)
		assert.Equal(t, "/next", resp.Header("Location"))
	})
	t.Run("RED-19 nor where the method becomes GET", func(t *testing.T) {
		n.redirect(303, map[string]string{"http://a.test/": "/next"})
		r := n.request("http://a.test/")
		r.Method, r.Redirect.All = "POST", true
		r.Body = mtlshttp.Reader("text/plain", io.MultiReader(strings.NewReader("body")), -1)
		_, err := n.executor().Do(t.Context(), r)
		require.NoError(t, err)
		assert.Equal(t, "GET http://a.test/next", n.last().String())
	})
	t.Run("RED-19 nor after it has become GET", func(t *testing.T) {
		n.behave(func(w http.ResponseWriter, a *arrival) {
			switch a.URL.Path {
			case "/":
				http.Redirect(w, a.Request, "/two", http.StatusSeeOther)
			case "/two":
				http.Redirect(w, a.Request, "/three", http.StatusPermanentRedirect)
			}
		})
		r := n.request("http://a.test/")
		r.Redirect.All = true
		client, err := n.executor().Client(t.Context(), r)
		require.NoError(t, err)
		resp, err := client.Post("http://a.test/", "text/plain", io.MultiReader(strings.NewReader("body")))
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, []string{"POST http://a.test/", "GET http://a.test/two", "GET http://a.test/three"}, n.way())
	})
	t.Run("RED-21 headers that Client adds go with the body too", func(t *testing.T) {
		n.redirect(303, map[string]string{"http://a.test/": "/next"})
		r := n.request("http://a.test/")
		r.Method, r.Redirect.All = "POST", true
		r.Headers = append(with("Content-Type", "text/csv"), with("Content-Language", "en")...)
		client, err := n.executor().Client(t.Context(), r)
		require.NoError(t, err)
		resp, err := client.Post("http://a.test/", "text/csv", strings.NewReader("a"))
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, "en", n.seen()[0].Header.Get("Content-Language"))
		assert.Empty(t, n.last().Header.Values("Content-Type"))
		assert.Empty(t, n.last().Header.Values("Content-Language"))
	})
}

func TestHostAndServerName(t *testing.T) {
	n := newNetwork(t, "https://a.test", "https://b.test")
	n.serve("https://c.test", "other.test")
	t.Run("RED-22", func(t *testing.T) {
		n.eachSender(t, func(t *testing.T, send sender) {
			n.redirect(307, map[string]string{"https://a.test/": "/same", "https://a.test/same": "https://b.test/"})
			r := n.request("https://a.test/")
			r.Headers = with("Host", "virtual.test")
			require.NoError(t, send(r).err)
			var hosts []string
			for _, a := range n.seen() {
				hosts = append(hosts, a.Host)
			}
			assert.Equal(t, []string{"virtual.test", "virtual.test", "b.test"}, hosts)
		})
	})
	t.Run("RED-22 cookies go by the URL's host", func(t *testing.T) {
		jar := new(mtlshttp.Jar)
		jar.SetCookies(&url.URL{Scheme: "https", Host: "virtual.test"}, []*http.Cookie{{Name: "wrong", Value: "1"}})
		jar.SetCookies(&url.URL{Scheme: "https", Host: "a.test"}, []*http.Cookie{{Name: "right", Value: "1"}})
		n.redirect(0, nil)
		r := n.request("https://a.test/")
		r.Headers, r.ShareCookies = with("Host", "virtual.test"), true
		_, err := (&mtlshttp.Session{Executor: n.executor(), Jar: jar}).Do(t.Context(), r)
		require.NoError(t, err)
		assert.Equal(t, "right=1", n.last().Header.Get("Cookie"))
	})
	t.Run("RED-28", func(t *testing.T) {
		n.eachSender(t, func(t *testing.T, send sender) {
			n.redirect(302, map[string]string{"https://a.test/": "https://b.test/", "https://b.test/": "https://c.test/"})
			r := n.request("https://a.test/")
			r.Headers = with("Host", "c.test")
			f := failureOf(t, send(r).err)
			assert.Equal(t, mtlshttp.KindTLSServerCert, f.Kind, "c.test has another's certificate")
			assert.Equal(t, "name", f.Reason)
			require.Len(t, f.Hops, 3)
			seen := n.seen()
			require.Len(t, seen, 2)
			assert.Equal(t, "a.test", seen[0].TLS.ServerName, "not that of the Host override")
			assert.Equal(t, "b.test", seen[1].TLS.ServerName)
		})
	})
}

// TestRedirectPolicyOfTheClient holds for a client whose caller has wrapped or
// replaced what is around the policy.
func TestRedirectPolicyOfTheClient(t *testing.T) {
	n := newNetwork(t, "https://a.test", "http://a.test")
	r := n.request("https://a.test/")
	r.Identity = n.identity("alice")
	client, err := n.executor().Client(t.Context(), r)
	require.NoError(t, err)
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return nil }
	n.redirect(302, map[string]string{"https://a.test/": "http://a.test/"})
	_, err = client.Get("https://a.test/")
	assert.Equal(t, "downgrade", failureOf(t, err).Reason, "what must not be followed is refused below CheckRedirect")

	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	n.redirect(302, map[string]string{"https://a.test/": "/x?token=1"})
	resp, err := client.Get("https://a.test/")
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.Equal(t, "https://a.test/x?token=1", resp.Header.Get("Location"), "resolved")
}

// Every method is followed, five times at the most; a secret header of one's own
// stays on its origin.
func ExampleRedirect() {
	r := &mtlshttp.Request{
		Method:   "POST",
		URL:      "https://bank.example/transfer",
		Headers:  []mtlshttp.Header{{Name: "X-Branch", Value: "17"}},
		Secret:   []string{"X-Branch"},
		Redirect: mtlshttp.Redirect{All: true, Max: 5},
	}
	fmt.Println(r.Validate())
	// Output: <nil>
}
