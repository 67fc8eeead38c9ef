package mtlshttp_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
)

// refused says that a request is refused before anything is dialed, by an error
// that does not repeat what was wrong with it.
func refused(t *testing.T, r *mtlshttp.Request, kind mtlshttp.Kind, value string) {
	t.Helper()
	e := &mtlshttp.Executor{Dial: func(context.Context, string, string) (net.Conn, error) {
		t.Error("something was dialed")
		return nil, errors.New("nothing is reached in this test")
	}}
	defer func() { require.NoError(t, e.Close()) }()
	_, err := e.Do(t.Context(), r)
	require.Error(t, err, "%q", value)
	f := failureOf(t, err)
	assert.Equal(t, kind, f.Kind, "%q", value)
	assert.NotContains(t, err.Error(), value)
}

// tap is a network of one server that remembers the octets it is sent, each
// connection's together.
type tap struct {
	*httptest.Server
	mu   sync.Mutex
	sent bytes.Buffer
}

func newTap(t testing.TB) *tap {
	n := &tap{Server: httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
	}))}
	t.Cleanup(n.Close)
	return n
}

type tapped struct {
	net.Conn
	tap *tap
}

func (c tapped) Write(p []byte) (int, error) {
	c.tap.mu.Lock()
	c.tap.sent.Write(p)
	c.tap.mu.Unlock()
	return c.Conn.Write(p)
}

// do sends a request and returns its octets.
func (n *tap) do(t *testing.T, r *mtlshttp.Request) (header, body string) {
	t.Helper()
	e := &mtlshttp.Executor{Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, n.Listener.Addr().String())
		return tapped{conn, n}, err
	}}
	_, err := e.Do(t.Context(), r)
	require.NoError(t, e.Close())
	require.NoError(t, err)
	n.mu.Lock()
	defer n.mu.Unlock()
	header, body, _ = strings.Cut(n.sent.String(), "\r\n\r\n")
	n.sent.Reset()
	return header, body
}

// lines are a header section's fields of one name.
func lines(header, name string) (found []string) {
	for line := range strings.SplitSeq(header, "\r\n") {
		if n, value, ok := strings.Cut(line, ": "); ok && strings.EqualFold(n, name) {
			found = append(found, value)
		}
	}
	return found
}

// isToken says whether an octet may stand in a header's name (RFC 9110, 5.6.2).
func isToken(b byte) bool {
	return b < 0x80 && (unicode.IsLetter(rune(b)) || unicode.IsDigit(rune(b)) || strings.IndexByte("!#$%&'*+-.^_`|~", b) >= 0)
}

func TestInjection(t *testing.T) {
	get := func(headers ...mtlshttp.Header) *mtlshttp.Request {
		return &mtlshttp.Request{URL: "http://a.test/", Headers: headers}
	}

	t.Run("INJ-01 every octet in names and values of headers", func(t *testing.T) {
		for i := range 256 {
			b := byte(i)
			name, value := "X-"+string([]byte{b})+"canary", "be"+string([]byte{b})+"canary"
			if r := get(mtlshttp.Header{Name: name, Value: "x"}); isToken(b) {
				assert.NoError(t, r.Validate(), "%q", name)
			} else {
				refused(t, r, mtlshttp.KindConfig, name)
			}
			if r := get(mtlshttp.Header{Name: "X-A", Value: value}); b == '\t' || b >= ' ' && b != 0x7f {
				assert.NoError(t, r.Validate(), "%q", value)
			} else {
				refused(t, r, mtlshttp.KindConfig, "canary")
			}
		}
		r := get()
		r.Secret = []string{"X-A\r\nX-B"}
		refused(t, r, mtlshttp.KindConfig, "X-B")
		r = get()
		r.Method, r.Body = "POST", mtlshttp.Text("text/plain\r\nX-Injected: 1", "x")
		refused(t, r, mtlshttp.KindConfig, "X-Injected")
	})

	t.Run("INJ-02 methods", func(t *testing.T) {
		for _, method := range []string{"GE T", "GET\r\nX-Injected: 1", "GET /x HTTP/1.1\r\n\r\n", "GET\x00", "GET\x7f", "GET:", "GÉT", " GET", "CONNECT"} {
			r := get()
			r.Method = method
			refused(t, r, mtlshttp.KindConfig, "X-Injected")
		}
		n := newTap(t)
		for _, method := range []string{"", "get", "Get"} {
			header, _ := n.do(t, &mtlshttp.Request{Method: method, URL: "http://a.test/"})
			assert.True(t, strings.HasPrefix(header, "GET / HTTP/1.1\r\n"), header)
		}
	})

	t.Run("INJ-03 URLs", func(t *testing.T) {
		for _, where := range []string{"http://a.test/canary%sx", "http://a.test/?canary%sx", "http://a.test/#canary%sx", "http://a%s.test/canary", "http://u%s:canary@a.test/"} {
			for _, control := range []string{"\r", "\n", "\x00", "\r\nX-Injected: 1\r\n"} {
				r := &mtlshttp.Request{URL: fmt.Sprintf(where, control)}
				refused(t, r, mtlshttp.KindURL, "canary")
				r.EscapeURL = true
				refused(t, r, mtlshttp.KindURL, "canary")
			}
		}
		n := newTap(t)
		for path, want := range map[string]string{
			"/%0d%0aX-Injected:%201": "/%0d%0aX-Injected:%201", "/?%0D%0A": "/?%0D%0A", "/a b": "/a%20b", "/a\tb": "/a%09b",
			"/é?é": "/%C3%A9?%C3%A9", "/\x7f": "/%7F", "/#\tx": "/",
		} {
			header, _ := n.do(t, &mtlshttp.Request{URL: "http://a.test" + path})
			first, _, _ := strings.Cut(header, "\r\n")
			assert.Equal(t, "GET "+want+" HTTP/1.1", first)
			assert.Empty(t, lines(header, "X-Injected"))
		}
		header, _ := n.do(t, &mtlshttp.Request{URL: "http://a.test/", Query: []mtlshttp.Param{{Name: "a\r\nX-Injected: 1", Value: "b\r\n\x00"}}})
		assert.True(t, strings.HasPrefix(header, "GET /?a%0D%0AX-Injected%3A%201=b%0D%0A%00 HTTP/1.1\r\n"), header)
		for _, host := range []string{"a.test\r\nX-Injected: 1", "a.test\n", "", "a test", "a.test/x", "a\x00.test"} {
			refused(t, get(mtlshttp.Header{Name: "Host", Value: host}), mtlshttp.KindConfig, "X-Injected")
		}
	})

	t.Run("INJ-04 cookies", func(t *testing.T) {
		refused(t, get(mtlshttp.Header{Name: "Cookie", Value: "a=canary\r\nX-Injected: 1"}), mtlshttp.KindConfig, "canary")
		n, jar := newTap(t), new(mtlshttp.Jar)
		a, err := url.Parse("http://a.test/")
		require.NoError(t, err)
		jar.SetCookies(a, []*http.Cookie{{Name: "a\r\nX-Injected", Value: "1"}, {Name: "b", Value: "x\r\nX-Injected: 1"},
			{Name: "c", Value: "x; Domain=b.test"}, {Name: "d", Value: "x", Path: "/\r\nX-Injected: 1"}, {Name: "good", Value: "1"}})
		s := &mtlshttp.Session{Jar: jar, Executor: &mtlshttp.Executor{Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, n.Listener.Addr().String())
			return tapped{conn, n}, err
		}}}
		_, err = s.Do(t.Context(), &mtlshttp.Request{URL: "http://a.test/", ShareCookies: true})
		require.NoError(t, s.Executor.Close())
		require.NoError(t, err)
		header := n.sent.String()
		assert.Empty(t, lines(header, "X-Injected"))
		require.Len(t, lines(header, "Cookie"), 1, header)
		assert.Equal(t, "good=1", lines(header, "Cookie")[0], "none is changed into another one")
	})

	t.Run("INJ-05 names and file names of parts", func(t *testing.T) {
		n := newTap(t)
		for name, want := range map[string]string{
			`a"b`: `a%22b`, "a\r\nX-Injected: 1": `a%0D%0AX-Injected: 1`, "a\nb": "a%0Ab", `a\b`: `a\b`, "é\u202e": "é\u202e", `x"; filename="y`: `x%22; filename=%22y`,
		} {
			_, body := n.do(t, &mtlshttp.Request{Method: "POST", URL: "http://a.test/", Body: mtlshttp.Multipart(mtlshttp.Part{Name: name, Value: "v"})})
			assert.Contains(t, body, `Content-Disposition: form-data; name="`+want+"\"\r\n")
			assert.Empty(t, lines(body, "X-Injected"))
		}
		_, body := n.do(t, &mtlshttp.Request{Method: "POST", URL: "http://a.test/",
			Body: mtlshttp.Multipart(mtlshttp.Part{Name: "f", FileName: "a\"\r\nX-Injected: 1", Data: []byte("x")})})
		assert.Contains(t, body, `filename="a%22%0D%0AX-Injected: 1"`)
		assert.Empty(t, lines(body, "X-Injected"))
		for _, p := range []mtlshttp.Part{{Name: "canary\x00", Value: "x"}, {Name: "f", FileName: "canary\x00", Data: []byte("x")}} {
			refused(t, &mtlshttp.Request{Method: "POST", URL: "http://a.test/", Body: mtlshttp.Multipart(p)}, mtlshttp.KindConfig, "canary")
		}
	})

	t.Run("INJ-06 content types of parts", func(t *testing.T) {
		for _, contentType := range []string{"text/plain\r\nX-Injected: 1", "text/plain\n", "text/plain\x00", "\r\n\r\nX-Injected"} {
			refused(t, &mtlshttp.Request{Method: "POST", URL: "http://a.test/",
				Body: mtlshttp.Multipart(mtlshttp.Part{Name: "f", ContentType: contentType, Data: []byte("x")})}, mtlshttp.KindConfig, "X-Injected")
		}
	})

	t.Run("INJ-07 boundaries", func(t *testing.T) {
		n, seen := newTap(t), map[string]bool{}
		inner := "--x\r\nContent-Disposition: form-data; name=\"forged\"\r\n\r\n1\r\n--x--\r\n"
		for range 20 {
			header, body := n.do(t, &mtlshttp.Request{Method: "POST", URL: "http://a.test/", Body: mtlshttp.Multipart(mtlshttp.Part{Name: "a", Value: inner}),
				Headers: []mtlshttp.Header{{Name: "Content-Type", Value: "multipart/form-data; boundary=x"}}})
			types := lines(header, "Content-Type")
			require.Len(t, types, 1)
			_, params, err := mime.ParseMediaType(types[0])
			require.NoError(t, err)
			boundary := params["boundary"]
			assert.False(t, seen[boundary], "a boundary is used once")
			assert.GreaterOrEqual(t, len(boundary), 128/6, "128 random bits")
			assert.LessOrEqual(t, len(boundary), 70)
			seen[boundary] = true
			form, err := multipart.NewReader(strings.NewReader(body), boundary).ReadForm(1 << 20)
			require.NoError(t, err)
			assert.Equal(t, map[string][]string{"a": {inner}}, form.Value)
			inner = "--" + boundary + "--\r\n" // the last one's, as an eavesdropper could send it back
		}
	})

	t.Run("INJ-08 names of parameters", func(t *testing.T) {
		n := newTap(t)
		names := []string{"a&b", "a=b", "a+b", "a%62", "a[]", "a[0][x]", "a;b", "a b", "é", "#", "?", "\x00"}
		var params []mtlshttp.Param
		want := url.Values{}
		for i, name := range names {
			params = append(params, mtlshttp.Param{Name: name, Value: name + strconv.Itoa(i)})
			want.Add(name, name+strconv.Itoa(i))
		}
		header, body := n.do(t, &mtlshttp.Request{Method: "POST", URL: "http://a.test/", Query: params, Body: mtlshttp.Form(params...)})
		first, _, _ := strings.Cut(header, " HTTP/1.1")
		_, raw, _ := strings.Cut(first, "?")
		for _, text := range []string{raw, body} {
			got, err := url.ParseQuery(text)
			require.NoError(t, err, text)
			assert.Equal(t, want, got)
		}
		for _, row := range []struct {
			value any
			plain bool
			want  string
		}{
			{value: []any{"1", []any{"2&x=3"}}, want: "a[0]=1&a[1][0]=2&x=3"},
			{value: []any{"1", "2&x=3"}, plain: true, want: "a=1&a=2&x=3"},
		} {
			form := mtlshttp.Form(mtlshttp.Param{Name: "a", Value: row.value})
			_, body := n.do(t, &mtlshttp.Request{Method: "POST", URL: "http://a.test/", Body: form, PlainQueryKeys: row.plain})
			unescaped, err := url.QueryUnescape(body)
			require.NoError(t, err)
			assert.Equal(t, row.want, unescaped)
			assert.Equal(t, 1, strings.Count(body, "&"), body)
		}
	})

	t.Run("INJ-09 headers that frame a message", func(t *testing.T) {
		n := newTap(t)
		for _, h := range []mtlshttp.Header{
			{Name: "Content-Length", Value: "0"}, {Name: "content-length", Value: "5, 5"}, {Name: "Transfer-Encoding", Value: "chunked"},
			{Name: "transfer-encoding", Value: "identity"}, {Name: "Connection", Value: "X-A"}, {Name: "Trailer", Value: "X-A"}, {Name: "TE", Value: "trailers"},
			{Name: "Upgrade", Value: "h2c"}, {Name: "HTTP2-Settings", Value: "AAMAAABk"}, {Name: "Keep-Alive", Value: "1"}, {Name: "Proxy-Connection", Value: "keep-alive"},
		} {
			r := get(h)
			r.Method, r.Body = "POST", mtlshttp.Text("", "hello")
			refused(t, r, mtlshttp.KindConfig, "canary")
		}
		for _, r := range []*mtlshttp.Request{
			{Body: mtlshttp.Text("", "hello"), Headers: []mtlshttp.Header{{Name: "Content-Length", Value: "5"}, {Name: "Host", Value: "b.test"}}},
			{Body: mtlshttp.Text("", "hello"), Headers: []mtlshttp.Header{{Name: "Expect", Value: "100-continue"}, {Name: "Accept-Encoding", Value: "br"}}},
			{Body: mtlshttp.Reader("", io.MultiReader(strings.NewReader("hello")), 0)},
		} {
			r.Method, r.URL = "POST", "http://a.test/"
			header, _ := n.do(t, r)
			assert.Len(t, append(lines(header, "Content-Length"), lines(header, "Transfer-Encoding")...), 1, header)
			assert.Len(t, lines(header, "Host"), 1, header)
			assert.LessOrEqual(t, len(lines(header, "Accept-Encoding")), 1, header)
		}
	})

	t.Run("INJ-10 headers of one name, and very many", func(t *testing.T) {
		n := newTap(t)
		header, _ := n.do(t, get(mtlshttp.Header{Name: "X-A", Value: "1"}, mtlshttp.Header{Name: "x-a", Value: "2"}, mtlshttp.Header{Name: "X-a", Value: "1"}))
		assert.Equal(t, []string{"1", "2", "1"}, lines(header, "X-A"))
		refused(t, get(mtlshttp.Header{Value: "x"}), mtlshttp.KindConfig, "canary")
		refused(t, get(mtlshttp.Header{Name: "Host", Value: "a.test"}, mtlshttp.Header{Name: "host", Value: "b.test"}), mtlshttp.KindConfig, "b.test")
		var many []mtlshttp.Header
		var want []string
		for i := range 10_000 {
			many = append(many, mtlshttp.Header{Name: "X-A", Value: strconv.Itoa(i)})
			want = append(want, strconv.Itoa(i))
		}
		header, _ = n.do(t, get(many...))
		assert.Equal(t, want, lines(header, "X-A"))
		refused(t, get(mtlshttp.Header{Name: "X-A", Value: strings.Repeat("x", 1<<20)}), mtlshttp.KindLimit, "xxxx")
	})

	t.Run("INJ-11 basic authentication", func(t *testing.T) {
		for _, a := range []mtlshttp.BasicAuth{{User: "canary:x"}, {User: "canary\r\n"}, {User: "canary\x00"}, {User: "u", Password: "canary\r\nX-Injected: 1"}, {}} {
			r := get()
			r.Auth = &a
			refused(t, r, mtlshttp.KindConfig, "canary")
		}
		header, _ := newTap(t).do(t, &mtlshttp.Request{URL: "http://a.test/", Auth: &mtlshttp.BasicAuth{User: "jörg€", Password: "pä:ss"}})
		assert.Equal(t, []string{"Basic " + base64.StdEncoding.EncodeToString([]byte("jörg€:pä:ss"))}, lines(header, "Authorization"))
	})

	t.Run("INJ-12 what a server puts into logs", testLogInjection)
	t.Run("INJ-13 a second response behind the first", testResponseSplitting)
	t.Run("INJ-14 bodies of many retries at once", testRetriedBodies)
}

func testRetriedBodies(t *testing.T) {
	const requests, workers = 10_000, 32
	var mu sync.Mutex
	tries := map[string]string{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		key := r.Header.Get("Idempotency-Key")
		mu.Lock()
		before, again := tries[key]
		tries[key] = string(body)
		mu.Unlock()
		switch {
		case !again:
			w.WriteHeader(http.StatusServiceUnavailable)
		case before != string(body):
			w.WriteHeader(http.StatusConflict)
		default:
			_, _ = w.Write(body)
		}
	}))
	defer srv.Close()
	tenants := make([]*mtlshttp.Executor, 2)
	for i := range tenants {
		tenants[i] = &mtlshttp.Executor{Retry: &mtlshttp.RetryPolicy{Attempts: 2, Delay: time.Microsecond, MaxDelay: time.Millisecond}}
	}
	jobs, wrong := make(chan int), make(chan string, requests)
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for i := range jobs {
				text := strings.Repeat(fmt.Sprintf("tenant %d request %d;", i%2, i), 1+i%50)
				body := mtlshttp.Text("text/plain", text)
				if i%3 == 0 {
					body = mtlshttp.Reader("text/plain", strings.NewReader(text), 0)
				}
				resp, err := tenants[i%2].Do(t.Context(), &mtlshttp.Request{Method: "POST", URL: srv.URL, Body: body,
					Headers: []mtlshttp.Header{{Name: "Idempotency-Key", Value: strconv.Itoa(i)}}})
				if err != nil || resp.StatusCode != http.StatusOK || string(resp.Bytes()) != text {
					wrong <- fmt.Sprintf("%d: %v %v", i, resp, err)
				}
			}
		})
	}
	for i := range requests {
		jobs <- i
	}
	close(jobs)
	group.Wait()
	close(wrong)
	assert.Empty(t, slices.Collect(func(yield func(string) bool) {
		for w := range wrong {
			if !yield(w) {
				return
			}
		}
	}))
	for _, e := range tenants {
		require.NoError(t, e.Close())
	}
}
