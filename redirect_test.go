package mtlshttp_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

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
	t.Run("RED-28 a name to verify", func(t *testing.T) {
		n.serve("https://named.test", "backend.test")
		n.serve("https://elsewhere.test", "backend.test")
		n.eachSender(t, func(t *testing.T, send sender) {
			n.redirect(302, map[string]string{"https://named.test/b": "https://b.test/back", "https://b.test/back": "https://named.test/",
				"https://named.test/c": "https://elsewhere.test/"})
			r := n.request("https://named.test/b")
			r.Verify.Name = "backend.test"
			require.NoError(t, send(r).err, "b.test has a certificate of its own, and on the way back the name is given again")
			r.URL, r.Identity, r.Origins = "https://named.test/c", n.identity("alice"), []string{"elsewhere.test"}
			f := failureOf(t, send(r).err)
			assert.Equal(t, "tls-server-cert name", string(f.Kind)+" "+f.Reason)
			require.Len(t, f.Hops, 2)
			assert.Equal(t, []string{"name-given"}, f.Hops[0].Receipt.Relaxations)
			assert.Empty(t, f.Hops[1].Receipt.Relaxations)
			assert.Nil(t, f.Hops[1].Receipt.ClientCertificate.Presented)
		})
	})
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
