package mtlshttp_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/testpeer"
)

// browser sends requests that share cookies to a server that is everywhere.
type browser struct {
	t       testing.TB
	session *mtlshttp.Session
	server  *testpeer.ByteServer
	as      *mtlshttp.Credential
}

func newBrowser(t testing.TB, jar *mtlshttp.Jar) *browser {
	server := testpeer.ServeBytes(t)
	e := newExecutor(t)
	e.Dial = server.Dial
	return &browser{t: t, session: &mtlshttp.Session{Executor: e, Jar: jar}, server: server}
}

func (b *browser) do(url string) *mtlshttp.Response {
	resp, err := b.session.Do(b.t.Context(), &mtlshttp.Request{URL: url, ShareCookies: true, Identity: b.as,
		Roots: b.server.CA.Roots(), Verify: mtlshttp.Verify{Off: true}})
	require.NoError(b.t, err)
	return resp
}

// set lets the server of a URL answer with Set-Cookie lines.
func (b *browser) set(at string, lines ...string) {
	u, err := url.Parse(at)
	require.NoError(b.t, err)
	var text strings.Builder
	text.WriteString("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n")
	for _, line := range lines {
		text.WriteString("Set-Cookie: " + line + "\r\n")
	}
	b.server.Say(u.RequestURI(), text.String()+"\r\n")
	b.do(at)
}

// get is the Cookie header that a URL is sent.
func (b *browser) get(url string) string {
	b.do(url)
	return b.server.Cookie()
}

func TestCookies(t *testing.T) {
	// taken says what a URL is sent after another has set the lines.
	taken := func(t *testing.T, at, then string, lines ...string) string {
		b := newBrowser(t, new(mtlshttp.Jar))
		b.set(at, lines...)
		return b.get(then)
	}
	t.Run("CK-03 public suffixes", func(t *testing.T) {
		for _, domain := range []string{"co.uk", "co.UK", ".co.uk", "uk"} {
			assert.Empty(t, taken(t, "http://www.a.co.uk/", "http://www.a.co.uk/", "a=1; Domain="+domain), domain)
		}
		assert.Empty(t, taken(t, "http://me.github.io/", "http://me.github.io/", "a=1; Domain=github.io"))
		assert.Equal(t, "a=1", taken(t, "http://www.a.co.uk/", "http://b.a.co.uk/", "a=1; Domain=a.co.uk"))
	})
	t.Run("CK-04 names with a final dot", func(t *testing.T) {
		assert.Empty(t, taken(t, "http://a.co.uk./", "http://a.co.uk./", "a=1; Domain=co.uk."))
		assert.Empty(t, taken(t, "http://a.com./", "http://a.com/", "a=1"))
		assert.Equal(t, "a=1", taken(t, "http://a.com./", "http://a.com./", "a=1"))
	})
	t.Run("CK-05 control bytes", func(t *testing.T) {
		for _, c := range []string{"\x00", "\x01", "\x1f", "\x7f", "\x0b"} {
			for _, form := range []string{"na%cme=v", "n=va%clue", "n=v; Path=/pa%cth"} {
				b := newBrowser(t, new(mtlshttp.Jar))
				b.server.Say("/", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: "+strings.Replace(form, "%c", c, 1)+"\r\n\r\n")
				_, err := b.session.Do(t.Context(), &mtlshttp.Request{URL: "http://a.test/", ShareCookies: true})
				if err != nil { // net/http takes no such header section
					assert.Equal(t, mtlshttp.KindProtocol, failureOf(t, err).Kind)
				}
				assert.Empty(t, stored(t, b.session.Jar), "%q in %s", c, form)
			}
		}
	})
	t.Run("CK-06 prefixes", func(t *testing.T) {
		for line, ok := range map[string]bool{
			"__Secure-a=1; Secure": true, "__Secure-a=1": false, "__SECURE-a=1": false,
			"__Host-a=1; Secure; Path=/": true, "__Host-a=1; Path=/": false, "__Host-a=1; Secure; Path=/x": false,
			"__hOST-a=1; Secure; Path=/; Domain=a.test": false,
		} {
			assert.Equal(t, ok, taken(t, "https://a.test/x", "https://a.test/x", line) != "", line)
			assert.Empty(t, taken(t, "http://a.test/x", "https://a.test/x", line), "over http: %s", line)
		}
	})
	t.Run("CK-07 a Secure cookie is not overwritten over http", func(t *testing.T) {
		b := newBrowser(t, new(mtlshttp.Jar))
		b.set("https://a.test/", "sid=1; Secure")
		b.set("http://a.test/", "sid=2")
		b.set("http://a.test/", "sid=3; Domain=a.test")
		assert.Equal(t, "sid=1", b.get("https://a.test/"))
	})
	t.Run("CK-08 a Secure cookie is not set over http", func(t *testing.T) {
		assert.Empty(t, taken(t, "http://a.test/", "https://a.test/", "a=1; Secure"))
		assert.Equal(t, "a=1", taken(t, "http://127.0.0.1/", "https://127.0.0.1/", "a=1; Secure"), "this machine is exempt")
	})
	t.Run("CK-09 caps", func(t *testing.T) {
		b := newBrowser(t, new(mtlshttp.Jar))
		for block := range 5 {
			lines := make([]string, 4000)
			for i := range lines {
				lines[i] = fmt.Sprintf("name%05d=%s", 4000*block+i, strings.Repeat("v", 60))
			}
			b.set("http://a.test/", lines...)
		}
		assert.Len(t, stored(t, b.session.Jar), 180)
		header := b.get("http://a.test/")
		assert.LessOrEqual(t, len("Cookie: "+header), 8190)
		assert.Greater(t, len(header), 8000)
		for i := range 10_000 {
			b.session.Jar.SetCookies(&url.URL{Scheme: "http", Host: fmt.Sprintf("h%d.test", i)}, []*http.Cookie{{Name: "a", Value: "1"}})
		}
		assert.Len(t, stored(t, b.session.Jar), 3000)
	})
	t.Run("CK-10 sizes", func(t *testing.T) {
		long := strings.Repeat("x", 4096)
		assert.NotEmpty(t, taken(t, "http://a.test/", "http://a.test/", "n="+long[1:]))
		assert.Empty(t, taken(t, "http://a.test/", "http://a.test/", "n="+long))
		assert.Equal(t, "n=1", taken(t, "http://a.test/p/x", "http://a.test/p/y", "n=1; Path=/"+long[:1024]), "the attribute alone is dropped")
	})
	t.Run("CK-11 addresses", func(t *testing.T) {
		assert.Equal(t, "a=1", taken(t, "http://127.0.0.1/", "http://127.0.0.1/", "a=1; Domain=127.0.0.1"))
		assert.Empty(t, taken(t, "http://127.0.0.1/", "http://127.0.0.1/", "a=1; Domain=0.0.1"))
		assert.Equal(t, "a=6", taken(t, "http://[2001:db8::1]/", "http://[2001:DB8:0:0::1]/", "a=6"))
	})
	t.Run("CK-12 paths", func(t *testing.T) {
		for path, want := range map[string]string{
			"/foo": "a=1; d=4", "/foo/": "b=2; a=1; d=4", "/foo/bar": "b=2; a=1; d=4", "/foobar": "d=4", "/Foo": "d=4",
			"/foo%2fbar": "c=3; d=4", "/foo%2Fbar": "d=4", "/f%6fo": "d=4", "/": "d=4",
		} {
			assert.Equal(t, want, taken(t, "http://a.test/x", "http://a.test"+path, "a=1; Path=/foo", "b=2; Path=/foo/", "c=3; Path=/foo%2fbar", "d=4"), path)
		}
	})
	t.Run("CK-13 ages and dates", func(t *testing.T) {
		for attribute, kept := range map[string]bool{
			"Max-Age=0": false, "Max-Age=-1": false, "Max-Age=99999999999999999999": true, "Max-Age=abc": true, "Max-Age=1.5": true,
			"Expires=1 Jan 2000 00:00:00": false, "Expires=Sat, 01 Jan 2000 00:00:00 GMT; Max-Age=9": true,
		} {
			assert.Equal(t, kept, taken(t, "http://a.test/", "http://a.test/", "a=1; "+attribute) == "a=1", attribute)
		}
		for _, date := range []string{"", "0", "Jan", "2000", "1 Jan", "1 2000 00:00:00", "32 Jan 2000 00:00:00", "0 Jan 2000 00:00:00",
			"1 Foo 2000 00:00:00", "1 Jan 1600 00:00:00", "1 Jan 2000 24:00:00", "1 Jan 2000 00:60:00", "1 Jan 2000 00:00:60",
			"1 Jan 2000 0000", "1 Jan 2000 00:00", "1 Jan 20000 00:00:00", "2000-01-01T00:00:00Z", "01/01/2000 00:00:00", "946684800", "yesterday"} {
			assert.Equal(t, "a=1", taken(t, "http://a.test/", "http://a.test/", "a=1; Expires="+date), "%q is no date", date)
		}
	})
	t.Run("CK-14 one jar, 64 goroutines", func(t *testing.T) {
		n := newNetwork(t, "http://a.test")
		n.behave(func(w http.ResponseWriter, a *arrival) { w.Header().Set("Set-Cookie", a.URL.RawQuery+"; Path=/") })
		s := &mtlshttp.Session{Executor: n.executor(), Jar: new(mtlshttp.Jar)}
		var all sync.WaitGroup
		for g := range 64 {
			all.Go(func() {
				for i := range 3 {
					_, err := s.Do(t.Context(), &mtlshttp.Request{URL: fmt.Sprintf("http://a.test/?g%d=%d", g, i), ShareCookies: true})
					assert.NoError(t, err)
				}
			})
		}
		all.Wait()
		_, err := s.Do(t.Context(), &mtlshttp.Request{URL: "http://a.test/?z=1", ShareCookies: true})
		require.NoError(t, err)
		got := n.last().Header.Get("Cookie")
		for g := range 64 {
			assert.Contains(t, got, fmt.Sprintf("g%d=2", g), "no update is lost")
		}
	})
	t.Run("CK-15 off, and other sessions", func(t *testing.T) {
		b := newBrowser(t, new(mtlshttp.Jar))
		b.set("http://a.test/", "a=1")
		private := &mtlshttp.Request{URL: "http://a.test/set"}
		b.server.Say("/set", "HTTP/1.1 302 Found\r\nLocation: /next\r\nSet-Cookie: a=2\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n")
		resp, err := b.session.Do(t.Context(), private)
		require.NoError(t, err)
		require.Len(t, resp.Hops, 2)
		assert.Empty(t, b.server.Cookie(), "none leaves the jar")
		client, err := b.session.Client(t.Context(), private)
		require.NoError(t, err)
		b.server.Say("/set", "HTTP/1.1 200 OK\r\nSet-Cookie: c=2\r\nContent-Length: 0\r\n\r\n")
		got, err := client.Get(private.URL)
		require.NoError(t, err)
		require.NoError(t, got.Body.Close())
		assert.Empty(t, b.server.Cookie())
		assert.Equal(t, "a=1", b.get("http://a.test/"), "and none enters it")

		other := &mtlshttp.Session{Executor: b.session.Executor, Jar: new(mtlshttp.Jar)}
		shared := &mtlshttp.Request{URL: "http://a.test/", ShareCookies: true}
		_, err = other.Do(t.Context(), shared)
		require.NoError(t, err)
		assert.Empty(t, b.server.Cookie(), "another session has another jar")
		_, err = (&mtlshttp.Session{Executor: b.session.Executor}).Do(t.Context(), shared)
		assert.Equal(t, "shareCookies", failureOf(t, err).Field)
	})
	t.Run("CK-16 bytes", func(t *testing.T) {
		for _, pair := range []string{"a=b c", "a=b,c", `a="b"`, `a="b`, `a=b\c`, `a={"k":[1,2]}`, "a=é春", "é=1", "a=\xff\xfe", "a=b=c==",
			"a=", `"a=1`, "@a=1", "(a=1", "a b=1", "a=%20%zz", "a=<&>"} {
			assert.Equal(t, pair, taken(t, "http://a.test/", "http://a.test/", pair))
		}
	})
	t.Run("CK-17 which lines count", func(t *testing.T) {
		b := newBrowser(t, new(mtlshttp.Jar))
		b.server.Say("/x/y", "HTTP/1.1 103 Early Hints\r\nSet-Cookie: early=1\r\n\r\n"+
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Set-Cookie\r\n"+
			"Set-Cookie: folded=1;\r\n Path=/\r\nSet-Cookie: a=1, b=2\r\nset-cookie: c=3\r\n\r\n2\r\nok\r\n0\r\nSet-Cookie: late=1\r\n\r\n")
		b.do("http://a.test/x/y")
		assert.Equal(t, "a=1, b=2; c=3; folded=1", b.get("http://a.test/x/y"))
		assert.Equal(t, "folded=1", b.get("http://a.test/"))
	})
	t.Run("CK-18 saved and restored", testJarFile)
	t.Run("CK-19 ports", func(t *testing.T) {
		b := newBrowser(t, new(mtlshttp.Jar))
		b.set("http://a.test:8080/", "a=1")
		assert.Equal(t, "a=1", b.get("http://a.test/"), "RFC 6265, section 8.5")
		b = newBrowser(t, &mtlshttp.Jar{IsolateOrigins: true})
		b.set("http://a.test:8080/", "a=1")
		assert.Empty(t, b.get("http://a.test/"))
		assert.Empty(t, b.get("https://a.test:8080/"))
		assert.Equal(t, "a=1", b.get("http://a.test:8080/"))
	})
	t.Run("CK-20 identities", testJarOfIdentities)
}

func TestCookiesOnRedirects(t *testing.T) {
	n := newNetwork(t, "https://a.test", "https://b.test")
	answer := func(w http.ResponseWriter, a *arrival) {
		switch a.Origin + a.URL.Path {
		case "https://a.test/":
			w.Header().Add("Set-Cookie", "a=1")
			w.Header().Add("Set-Cookie", "stolen=1; Domain=b.test")
			http.Redirect(w, a.Request, "https://b.test/", http.StatusFound)
		case "https://b.test/":
			w.Header().Add("Set-Cookie", "b=2")
			http.Redirect(w, a.Request, "https://a.test/end", http.StatusFound)
		}
	}
	for name, send := range senders {
		t.Run("RED-26 "+name, func(t *testing.T) {
			n.behave(answer)
			s := &mtlshttp.Session{Executor: n.executor(), Jar: new(mtlshttp.Jar)}
			r := n.request("https://a.test/")
			r.ShareCookies = true
			for range 2 {
				require.NoError(t, send(t.Context(), s, r).err)
			}
			var cookies []string
			for _, a := range n.seen() {
				cookies = append(cookies, a.Header.Get("Cookie"))
			}
			assert.Equal(t, []string{"", "", "a=1", "a=1", "b=2", "a=1"}, cookies)
		})
		t.Run("RED-27 "+name, func(t *testing.T) {
			n.behave(answer)
			s := &mtlshttp.Session{Executor: n.executor(), Jar: new(mtlshttp.Jar)}
			s.Jar.SetCookies(&url.URL{Scheme: "https", Host: "b.test"}, []*http.Cookie{{Name: "b", Value: "1"}})
			r := n.request("https://a.test/")
			r.ShareCookies, r.Headers = true, append(with("Cookie", "a=mine"), with("Cookie", "x=mine")...)
			require.NoError(t, send(t.Context(), s, r).err)
			var cookies []string
			for _, a := range n.seen() {
				cookies = append(cookies, a.Header.Get("Cookie"))
			}
			assert.Equal(t, []string{"a=mine; x=mine", "b=1", "a=1"}, cookies, "the caller's own stay at home, the jar answers anew")
		})
	}
}

func ExampleJar() {
	login := &url.URL{Scheme: "https", Host: "bank.example", Path: "/login"}
	jar := new(mtlshttp.Jar)
	jar.SetCookies(login, []*http.Cookie{{Name: "session", Value: "s3ss10n", Secure: true}})
	saved, err := json.Marshal(jar)
	if err != nil {
		fmt.Println(err)
		return
	}

	later := &mtlshttp.Jar{IsolateIdentities: true}
	if err := json.Unmarshal(saved, later); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(later, "with", later.Cookies(login))
	// Output: cookie jar with [session=s3ss10n]
}
