package cookiejar

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestFaults has the cookie rows of the fault matrix by their ids, as far as
// they are the jar's own matter; CK-01 and CK-02 are the conformance tests.
func TestFaults(t *testing.T) {
	t.Run("CK-03", testPublicSuffixes)
	t.Run("CK-04", testRootedNames)
	t.Run("CK-05", testControlBytes)
	t.Run("CK-06", testPrefixes)
	t.Run("CK-07", testSecureIsNotOverwritten)
	t.Run("CK-08", testSecureOverHTTP)
	t.Run("CK-09", testCaps)
	t.Run("CK-10", testSizes)
	t.Run("CK-11", testAddresses)
	t.Run("CK-12", testPaths)
	t.Run("CK-13", testAges)
	t.Run("CK-14", testSharedByGoroutines)
	t.Run("CK-15", testFreshJars)
	t.Run("CK-16", testBytes)
	t.Run("CK-17", testLinesOfAResponse)
	t.Run("CK-18", testExport)
	t.Run("CK-19", testPorts)
	t.Run("CK-20", testIdentities)
}

func testPublicSuffixes(t *testing.T) {
	for _, domain := range []string{"co.uk", "co.UK", ".co.uk", "uk"} {
		assert.Equal(t, PublicSuffix, refused(t, "https://www.a.co.uk/", "a=1; Domain="+domain), domain)
	}
	assert.Equal(t, PublicSuffix, refused(t, "https://me.github.io/", "a=1; Domain=github.io"))
	assert.Empty(t, refused(t, "https://www.a.co.uk/", "a=1; Domain=a.co.uk"))
}

func testRootedNames(t *testing.T) {
	assert.Equal(t, PublicSuffix, refused(t, "https://a.co.uk./", "a=1; Domain=co.uk."))
	assert.Equal(t, ForeignDomain, refused(t, "https://a.co.uk./", "a=1; Domain=co.uk"))
	b := newBrowser(t, Options{})
	b.set("https://a.com./", "a=1", "b=1; Domain=a.com.")
	assert.Empty(t, b.get("https://a.com/"))
	assert.Empty(t, b.get("https://w.a.com/"))
	assert.Equal(t, "a=1; b=1", b.get("https://a.com./"))
	assert.Equal(t, "b=1", b.get("https://w.a.com./"))
}

func testControlBytes(t *testing.T) {
	for c := range 256 {
		control := c < 0x20 || c == 0x7f
		for _, form := range []string{"na%cme=v", "n=va%clue", "n=v; Path=/pa%cth"} {
			line := strings.Replace(form, "%c", string([]byte{byte(c)}), 1)
			assert.Equal(t, control, refused(t, "https://a.test/", line) == ControlByte, "%q", line)
		}
	}
}

func testPrefixes(t *testing.T) {
	for _, c := range []struct {
		scheme, line string
		want         Reason
	}{
		{"https", "__Secure-a=1; Secure; Path=/x; Domain=a.test", ""},
		{"https", "__Secure-a=1", Prefix},
		{"https", "__SECURE-a=1", Prefix},
		{"https", "__Host-a=1; Secure; Path=/", ""},
		{"https", "__Host-a=1; Path=/", Prefix},
		{"https", "__Host-a=1; Secure; Path=/x", Prefix},
		{"https", "__Host-a=1; Secure", Prefix},
		{"https", "__Host-a=1; Secure; Path=/; Domain=a.test", Prefix},
		{"https", "__hOST-a=1; Secure; Path=/; Domain=www.a.test", Prefix},
		{"http", "__Secure-a=1", Prefix},
		{"http", "__Secure-a=1; Secure", NotSecure},
		{"http", "__Host-a=1; Secure; Path=/", NotSecure},
		{"http", "__host-a=1; Path=/", Prefix},
	} {
		assert.Equal(t, c.want, refused(t, c.scheme+"://www.a.test/", c.line), "%+v", c)
	}
}

func testSecureIsNotOverwritten(t *testing.T) {
	b := newBrowser(t, Options{})
	b.set("https://a.test/", "sid=1; Secure")
	for _, line := range []string{"sid=2", "sid=2; Secure", "sid=; Max-Age=0", "sid=2; Domain=a.test"} {
		assert.NotEmpty(t, b.set("http://a.test/", line), line)
	}
	assert.Equal(t, "sid=1", b.get("https://a.test/"))
	assert.Empty(t, b.set("https://a.test/", "sid=2"))
	assert.Equal(t, "sid=2", b.get("http://a.test/"))
}

func testSecureOverHTTP(t *testing.T) {
	assert.Equal(t, NotSecure, refused(t, "http://a.test/", "a=1; Secure"))
	for _, host := range []string{"127.0.0.1:8080", "[::1]", "localhost", "app.localhost"} {
		b := newBrowser(t, Options{})
		assert.Empty(t, b.set("http://"+host+"/", "a=1; Secure"), host)
		assert.Equal(t, "a=1", b.get("https://"+host+"/"))
		assert.Empty(t, b.get("http://"+host+"/"), "a Secure cookie is never sent in the clear")
	}
}

func testCaps(t *testing.T) {
	t.Run("20,000 cookies on one host", func(t *testing.T) {
		b := newBrowser(t, Options{})
		lines := make([]string, 20_000)
		for i := range lines {
			lines[i] = fmt.Sprintf("name%05d=%s", i, strings.Repeat("v", 60))
		}
		started := time.Now()
		b.set("https://a.test/", lines...)
		entries, header := b.Entries(), b.get("https://a.test/")
		assert.Less(t, time.Since(started), 20*time.Second)
		require.Len(t, entries, 180)
		assert.Equal(t, Octets("name19820"), entries[0].Name, "the newest stay")
		assert.LessOrEqual(t, len("Cookie: "+header), 8190)
		assert.Greater(t, len(header), 8000)
	})
	t.Run("10,000 hosts", func(t *testing.T) {
		b := newBrowser(t, Options{})
		started := time.Now()
		for i := range 10_000 {
			b.set(fmt.Sprintf("http://h%05d.test/", i), "a=1", "b=2")
		}
		assert.Less(t, time.Since(started), 20*time.Second)
		entries := b.Entries()
		require.Len(t, entries, 3000)
		assert.Equal(t, "h08500.test", entries[0].Domain)
	})
}

func testSizes(t *testing.T) {
	long := strings.Repeat("x", 4096)
	assert.Empty(t, refused(t, "https://a.test/", "n="+long[1:]))
	assert.Equal(t, TooLarge, refused(t, "https://a.test/", "n="+long))
	assert.Equal(t, TooLarge, refused(t, "https://a.test/", long+"=1"))

	b := newBrowser(t, Options{})
	b.set("https://a.test/p/x", "fits=1; Path=/"+long[:1023])
	require.Len(t, b.Entries(), 1)
	assert.Len(t, b.Entries()[0].Path, 1024)

	b = newBrowser(t, Options{})
	b.set("https://a.test/p/x", "n=1; Path=/"+long[:1024]+"; Domain=a.test"+long[:1024])
	require.Len(t, b.Entries(), 1, "a long attribute is dropped, the cookie stays")
	assert.Equal(t, Octets("/p"), b.Entries()[0].Path)
	assert.True(t, b.Entries()[0].HostOnly)
}

func testAddresses(t *testing.T) {
	assert.Empty(t, refused(t, "http://127.0.0.1/", "a=1; Domain=127.0.0.1"))
	assert.Equal(t, ForeignDomain, refused(t, "http://127.0.0.1/", "a=1; Domain=0.0.1"))
	assert.Equal(t, ForeignDomain, refused(t, "http://127.0.0.1/", "a=1; Domain=1"))
	b := newBrowser(t, Options{})
	b.set("https://127.0.0.1/", "a=4; Domain=127.0.0.1")
	b.set("https://[2001:db8::1]:8443/", "a=6")
	assert.Equal(t, "a=4", b.get("https://127.0.0.1/"))
	assert.Equal(t, "a=6", b.get("https://[2001:DB8:0:0::1]/"))
	assert.Empty(t, b.get("https://10.127.0.0.1/"), "a name, not an address below another")
	assert.Empty(t, b.get("https://[2001:db8::2]/"))
}

func testPaths(t *testing.T) {
	for path, want := range map[string]string{
		"/foo": "a=1; d=4", "/foo/": "b=2; a=1; d=4", "/foo/bar": "b=2; a=1; d=4", "/foobar": "d=4", "/Foo": "d=4",
		"/foo%2fbar": "c=3; d=4", "/foo%2Fbar": "d=4", "/f%6fo": "d=4", "/foo?/x": "a=1; d=4", "/": "d=4", "": "d=4",
	} {
		b := newBrowser(t, Options{})
		b.set("https://a.test/x", "a=1; Path=/foo", "b=2; Path=/foo/", "c=3; Path=/foo%2fbar", "d=4")
		assert.Equal(t, want, b.get("https://a.test"+path), path)
	}
}

func testAges(t *testing.T) {
	for attribute, kept := range map[string]bool{
		"Max-Age=0": false, "Max-Age=-1": false, "Max-Age=-99999999999999999999": false, "Max-Age=1": true,
		"Max-Age=99999999999999999999": true, "Max-Age=abc": true, "Max-Age=1.5": true, "Max-Age": true,
		"Max-Age=0; Expires=1 Jan 2030 00:00:00": false, "Expires=1 Jan 2000 00:00:00; Max-Age=1": true,
		"Expires=1 Jan 2000 00:00:00": false, "Expires=1 Jan 2000 00:00:00; Expires=bad": false,
	} {
		b := newBrowser(t, Options{})
		b.set("https://a.test/", "a=0", "a=1; "+attribute)
		assert.Equal(t, kept, b.get("https://a.test/") == "a=1", attribute)
		assert.NotEqual(t, "a=0", b.get("https://a.test/"), attribute)
	}
	for _, date := range badDates {
		b := newBrowser(t, Options{})
		b.set("https://a.test/", "a=1; Expires="+date)
		require.Len(t, b.Entries(), 1, date)
		assert.Zero(t, b.Entries()[0].Expires, "%q is no date, so the cookie is of the session", date)
	}
}

func testSharedByGoroutines(t *testing.T) {
	jar := New(Options{})
	saved := New(Options{})
	saved.Store(mustURL(t, "https://a.test/"), "", []string{"saved=1"})
	var done sync.WaitGroup
	for g := range 64 {
		done.Go(func() {
			own := mustURL(t, fmt.Sprintf("https://h%d.a.test/", g))
			for n := range 50 {
				jar.Store(own, fmt.Sprint(g%4), []string{
					fmt.Sprintf("own=%d", n), fmt.Sprintf("g%d=%d; Domain=a.test", g, n), "common=1; Domain=a.test"})
				header, _ := jar.Header(own, "")
				assert.Contains(t, header, fmt.Sprintf("own=%d;", n))
				assert.Contains(t, header, fmt.Sprintf("g%d=%d", g, n))
				if n%10 == 0 {
					assert.NoError(t, jar.Restore(saved.Entries()))
					assert.NotEmpty(t, jar.Entries())
				}
			}
		})
	}
	done.Wait()
	header, _ := jar.Header(mustURL(t, "https://a.test/"), "")
	for g := range 64 {
		assert.Contains(t, header, fmt.Sprintf("g%d=49", g), "no update is lost")
	}
	assert.Contains(t, header, "saved=1")
	assert.Equal(t, 64+64+1+1, len(jar.Entries()))
}

func testFreshJars(t *testing.T) {
	first, second := newBrowser(t, Options{}), newBrowser(t, Options{})
	first.set("https://a.test/", "a=1")
	assert.Empty(t, second.get("https://a.test/"))
	assert.Empty(t, second.Entries())
}

func testBytes(t *testing.T) {
	for _, pair := range []string{
		"a=b c", "a=b,c", `a="b"`, `a="b`, `a=b\c`, `a={"k":[1,2]}`, "a=é春", "é=1", "a=\xff\xfe", "a=b=c==", "a=",
		`"a=1`, "@a=1", "(a=1", "a b=1", "a=%20%zz", "a=<&>", "a='", "a=b  c",
	} {
		b := newBrowser(t, Options{})
		assert.Empty(t, b.set("https://a.test/", pair), pair)
		assert.Equal(t, pair, b.get("https://a.test/"))
	}
}

// testLinesOfAResponse hands the jar what net/http makes of a response.
func testLinesOfAResponse(t *testing.T) {
	const answer = "HTTP/1.1 103 Early Hints\r\nSet-Cookie: early=1\r\n\r\n" +
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Set-Cookie\r\n" +
		"Set-Cookie: folded=1;\r\n Path=/\r\nSet-Cookie: a=1, b=2\r\nset-cookie: c=3\r\n\r\n" +
		"2\r\nok\r\n0\r\nSet-Cookie: late=1\r\n\r\n"
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go func() {
			defer server.Close()
			if _, err := http.ReadRequest(bufio.NewReader(server)); err == nil {
				io.WriteString(server, answer)
			}
		}()
		return client, nil
	}}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequest(http.MethodGet, "http://a.test/x/y", nil)
	require.NoError(t, err)
	response, err := transport.RoundTrip(request)
	require.NoError(t, err)
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	require.NoError(t, err)
	require.Equal(t, "late=1", response.Trailer.Get("Set-Cookie"))

	b := newBrowser(t, Options{})
	b.set("http://a.test/x/y", response.Header["Set-Cookie"]...)
	assert.Equal(t, "a=1, b=2; c=3; folded=1", b.get("http://a.test/x/y"))
	assert.Equal(t, "folded=1", b.get("http://a.test/"))
}

func testExport(t *testing.T) {
	b := newBrowser(t, Options{})
	b.set("https://www.a.co.uk/", "keep=\xff; Max-Age=60", "short=1; Max-Age=5", "session=1; Domain=a.co.uk")
	data, err := json.Marshal(b.Entries())
	require.NoError(t, err)
	// Someone widens a cookie in the file.
	data = []byte(strings.Replace(string(data), `"domain":"a.co.uk"`, `"domain":"co.uk"`, 1))

	fresh := newBrowser(t, Options{})
	fresh.now = b.now.Add(5 * time.Second)
	var entries []Entry
	require.NoError(t, json.Unmarshal(data, &entries))
	var refusal *RestoreError
	require.ErrorAs(t, fresh.Restore(entries), &refusal)
	assert.Equal(t, []Refusal{{2, PublicSuffix}}, refusal.Refused)
	assert.Equal(t, "keep=\xff", fresh.get("https://www.a.co.uk/"))
	assert.Empty(t, fresh.get("https://b.co.uk/"))
}

func testPorts(t *testing.T) {
	shared := newBrowser(t, Options{})
	shared.set("https://a.test:8443/", "a=1")
	assert.Equal(t, "a=1", shared.get("https://a.test/"))
	assert.Equal(t, "a=1", shared.get("http://a.test:81/"))

	isolated := newBrowser(t, Options{IsolateOrigins: true})
	isolated.set("https://www.a.test:8443/", "a=1", "b=1; Domain=a.test")
	isolated.set("https://www.a.test/", "a=2")
	assert.Equal(t, "a=1; b=1", isolated.get("https://www.a.test:8443/"))
	assert.Equal(t, "a=2", isolated.get("https://www.a.test:443/"))
	for _, other := range []string{"http://www.a.test:8443/", "https://a.test:8443/", "https://x.www.a.test:8443/"} {
		assert.Empty(t, isolated.get(other), other)
	}
}

func testIdentities(t *testing.T) {
	u := mustURL(t, "https://a.test/")
	shared := newBrowser(t, Options{})
	shared.Store(u, "alice", []string{"sid=alice", "lang=en"})
	shared.Store(u, "bob", []string{"lang=de"})
	for identity, want := range map[string][]string{"alice": {"lang"}, "bob": {"sid"}, "": {"sid", "lang"}} {
		header, foreign := shared.Header(u, identity)
		assert.Equal(t, "sid=alice; lang=de", header)
		assert.Equal(t, want, foreign, identity)
	}

	isolated := newBrowser(t, Options{IsolateIdentities: true})
	isolated.Store(u, "alice", []string{"sid=alice"})
	isolated.Store(u, "", []string{"sid=nobody"})
	for identity, want := range map[string]string{"alice": "sid=alice", "bob": "", "": "sid=nobody"} {
		header, foreign := isolated.Header(u, identity)
		assert.Equal(t, want, header)
		assert.Empty(t, foreign)
	}
}
