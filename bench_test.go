package mtlshttp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
)

// hotCase is a way through the library that its users go all the time, beside
// the same by net/http as a careful engineer uses it: a shared transport, a
// bounded io.ReadAll, exact numbers.
type hotCase struct {
	name        string
	ours, tuned hotSide
}

// hotSide prepares one side of a case; what it returns sends one request.
type hotSide func(testing.TB, *benchServer) func(context.Context) error

// both are the two sides, in the order in which they are measured.
func (c hotCase) both() iter.Seq2[string, hotSide] {
	return func(yield func(string, hotSide) bool) {
		_ = yield("mtlshttp", c.ours) && yield("net-http", c.tuned)
	}
}

var hotCases = []hotCase{
	{"SmallGET", sendsOurs(nil), sendsTuned(nil)},
	{"POST10KB", sendsOurs(func(r *mtlshttp.Request) { r.Method, r.Body = "POST", mtlshttp.Raw("application/json", postBody) }),
		sendsTuned(func(r *http.Request) {
			r.Method, r.Body, r.ContentLength = "POST", io.NopCloser(bytes.NewReader(postBody)), int64(len(postBody))
			r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(postBody)), nil }
			r.Header.Set("Content-Type", "application/json")
		})},
	{"Cookies20", oursWithCookies(20), tunedWithCookies(20)},
	{"HTTP2", sendsOurs(func(r *mtlshttp.Request) { r.Protocol.HTTP = 2 }), tunedHTTP2},
}

var postBody = jsonOf(10 << 10)

// sendsOurs is our way: Do, parsed, every safety on.
func sendsOurs(change func(*mtlshttp.Request)) hotSide {
	return func(t testing.TB, srv *benchServer) func(context.Context) error {
		e := newExecutor(t)
		r := srv.request("/small")
		if change != nil {
			change(r)
		}
		return func(ctx context.Context) error {
			resp, err := e.Do(ctx, r)
			if err == nil && resp.StatusCode != 200 {
				err = fmt.Errorf("status %d", resp.StatusCode)
			}
			return err
		}
	}
}

// sendsTuned is net/http's.
func sendsTuned(change func(*http.Request)) hotSide {
	return func(t testing.TB, srv *benchServer) func(context.Context) error {
		client := srv.tuned(t, nil)
		return func(ctx context.Context) error { return tunedDo(ctx, client, srv.URL+"/small", change) }
	}
}

func tunedHTTP2(t testing.TB, srv *benchServer) func(context.Context) error {
	client := srv.tuned(t, func(tr *http.Transport) { tr.ForceAttemptHTTP2 = true })
	return func(ctx context.Context) error { return tunedDo(ctx, client, srv.URL+"/small", nil) }
}

func tunedDo(ctx context.Context, client *http.Client, url string, change func(*http.Request)) error {
	req, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		return err
	}
	if change != nil {
		change(req)
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	_ = resp.Body.Close()
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	return d.Decode(&v)
}

func cookieLines(n int) []string {
	var lines []string
	for i := range n {
		lines = append(lines, fmt.Sprintf("cookie%02d=value-of-the-cookie-%02d; Path=/", i, i))
	}
	return lines
}

func oursWithCookies(n int) hotSide {
	return func(t testing.TB, srv *benchServer) func(context.Context) error {
		u, cookies := parsedCookies(t, srv.URL, n)
		s := &mtlshttp.Session{Executor: newExecutor(t), Jar: new(mtlshttp.Jar)}
		s.Jar.SetCookies(u, cookies)
		r := srv.request("/small")
		r.ShareCookies = true
		return func(ctx context.Context) error {
			_, err := s.Do(ctx, r)
			return err
		}
	}
}

func tunedWithCookies(n int) hotSide {
	return func(t testing.TB, srv *benchServer) func(context.Context) error {
		u, cookies := parsedCookies(t, srv.URL, n)
		client := srv.tuned(t, nil)
		client.Jar, _ = cookiejar.New(nil)
		client.Jar.SetCookies(u, cookies)
		return func(ctx context.Context) error { return tunedDo(ctx, client, srv.URL+"/small", nil) }
	}
}

func parsedCookies(t testing.TB, base string, n int) (*url.URL, []*http.Cookie) {
	u, err := url.Parse(base)
	require.NoError(t, err)
	return u, (&http.Response{Header: http.Header{"Set-Cookie": cookieLines(n)}}).Cookies()
}

// BenchmarkHot measures each hot case, ours beside net/http. The server is a
// process of its own, so allocations are the client's; what time there is in it
// beside ours is the same in both.
func BenchmarkHot(b *testing.B) {
	srv := startBenchServer(b)
	for _, c := range hotCases {
		for who, begin := range c.both() {
			b.Run(c.name+"/"+who, func(b *testing.B) {
				measureSerial(b, begin(b, srv))
			})
		}
	}
}

// BenchmarkParallel is the small GET, 64 at a time.
func BenchmarkParallel(b *testing.B) {
	srv := startBenchServer(b)
	for _, c := range hotCases {
		if c.name != "SmallGET" && c.name != "HTTP2" {
			continue
		}
		for who, begin := range c.both() {
			b.Run(c.name+"/"+who, func(b *testing.B) {
				send := begin(b, srv)
				require.NoError(b, send(b.Context()))
				measureParallel(b, 64, send)
			})
		}
	}
}
