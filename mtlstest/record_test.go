package mtlstest_test

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// quiet is a test whose failures are looked at.
type quiet struct {
	testing.TB
	mu       sync.Mutex
	failures []string
	cleanups []func()
}

func (q *quiet) Helper()          {}
func (q *quiet) Cleanup(f func()) { q.cleanups = append(q.cleanups, f) }
func (q *quiet) Errorf(format string, args ...any) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.failures = append(q.failures, fmt.Sprintf(format, args...))
}
func (q *quiet) Fatalf(format string, args ...any) { q.Errorf(format, args...); panic(q) }
func (q *quiet) Failed() bool                      { return len(q.failures) > 0 }
func (q *quiet) end() []string {
	for _, f := range q.cleanups {
		f()
	}
	return q.failures
}

// shop is a service that has much to hide.
func shop() http.Handler {
	mux := http.NewServeMux()
	tries := 0
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "shop", Value: "hunter2", Path: "/"})
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"access_token": "hunter2", "amount": json.Number("1.50"), "items": []any{map[string]any{"pin": 1234}}})
	})
	mux.HandleFunc("GET /items", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "page %s\nof two\n", r.FormValue("page")) })
	mux.HandleFunc("GET /away", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/items?page=2&ticket=hunter2", http.StatusFound)
	})
	mux.HandleFunc("GET /busy", func(w http.ResponseWriter, _ *http.Request) {
		if tries++; tries == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("GET /packed", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = z.Write([]byte("packed text"))
		_ = z.Close()
	})
	mux.HandleFunc("GET /bytes", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte{0, 0xff}) })
	mux.HandleFunc("POST /upload", func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, n > 0)
	})
	return mux
}

// errand is what a program asks of the shop, as text.
func errand(t *testing.T, srv *mtlstest.Server, e *mtlshttp.Executor) []string {
	const key = "hunter2"
	base := srv.URL
	session := &mtlshttp.Session{Executor: e, Jar: new(mtlshttp.Jar)}
	var told []string
	for _, r := range []mtlshttp.Request{
		{Method: "POST", URL: base + "/token?key=" + key, Body: mtlshttp.Form(mtlshttp.Param{Name: "client_secret", Value: key}, mtlshttp.Param{Name: "scope", Value: "all"}), Parse: true,
			Auth: &mtlshttp.BasicAuth{User: "me", Password: key}},
		{URL: base + "/items?page=1"},
		{URL: base + "/items?page=2"},
		{URL: base + "/away"},
		{URL: base + "/busy"},
		{URL: base + "/packed", Compressed: true},
		{URL: base + "/bytes"},
		{Method: "POST", URL: base + "/upload", Body: mtlshttp.Multipart(mtlshttp.Part{Name: "f", FileName: "f.txt", Data: []byte("content")})},
	} {
		r.ShareCookies, r.Identity, r.Roots = true, srv.Credential, srv.CA.Roots()
		resp, err := session.Do(t.Context(), &r)
		require.NoError(t, err, r.URL)
		told = append(told, fmt.Sprint(resp.StatusCode, resp.Data, len(resp.Hops), len(resp.Attempts)))
	}
	return told
}

func TestWhatIsRecordedIsReplayed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "new", "shop.json")
	srv := mtlstest.NewServer(t, shop())
	recording := &quiet{TB: t}
	e := &mtlshttp.Executor{Wrap: mtlstest.Record(recording, file), Retry: &mtlshttp.RetryPolicy{Delay: time.Millisecond}}
	defer e.Close()
	live := errand(t, srv, e)
	assert.Empty(t, recording.end())

	text, err := os.ReadFile(file)
	require.NoError(t, err)
	for _, secret := range []string{"hunter2", "1234", "aHVudGVyMg", "bWU6aHVudGVyMg"} {
		assert.NotContains(t, string(text), secret)
	}
	assert.Contains(t, string(text), `"shop=***; Path=/"`)
	assert.Contains(t, string(text), `"amount": 1.50`)
	assert.Contains(t, string(text), "packed text")
	assert.Contains(t, string(text), "page 1")

	srv.Close()
	replaying := &quiet{TB: t}
	again := &mtlshttp.Executor{Wrap: mtlstest.Replay(replaying, file), Retry: &mtlshttp.RetryPolicy{Delay: time.Millisecond}}
	defer again.Close()
	replayed := errand(t, srv, again)
	assert.Empty(t, replaying.end())
	assert.Equal(t, live[1:], replayed[1:])
	assert.Equal(t, "200 map[access_token:*** amount:1.50 items:[map[pin:***]]] 1 1", replayed[0])
}

func TestReplayIsStrict(t *testing.T) {
	file := filepath.Join(t.TempDir(), "shop.json")
	write := func(text string) { require.NoError(t, os.WriteFile(file, []byte(text), 0o600)) }

	q := &quiet{TB: t}
	recorded := mtlstest.Record(q, file, "mine")(answering{})
	ask := func(rt http.RoundTripper, method, url, body string) (*http.Response, error) {
		req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/json")
		return rt.RoundTrip(req)
	}
	for _, body := range []string{`{"a":1,"mine":"hunter2"}`, `{"a":2}`} {
		resp, err := ask(recorded, "POST", "https://a.test/p?q=1", body)
		require.NoError(t, err)
		_ = resp.Body.Close()
	}
	_, err := ask(recorded, "FAIL", "https://a.test/", "")
	require.Error(t, err)
	require.Empty(t, q.end())
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.NotContains(t, string(text), "hunter2")
	assert.NotContains(t, string(text), "FAIL", "what failed is not recorded")

	for name, c := range map[string]struct{ method, url, body, says string }{
		"method": {"PUT", "https://a.test/p?q=1", `{"a":2}`, "the method is POST"},
		"path":   {"POST", "https://a.test/other?q=1", `{"a":2}`, "the URL is https://a.test/p?q=***"},
		"host":   {"POST", "https://b.test/p?q=1", `{"a":2}`, "the URL is"},
		"query":  {"POST", "https://a.test/p?q=2", `{"a":2}`, "the values of the query are others"},
		"body":   {"POST", "https://a.test/p?q=1", `{"a":3}`, "the body is another, of"},
	} {
		q := &quiet{TB: t}
		_, err := ask(mtlstest.Replay(q, file)(nil), c.method, c.url, c.body)
		var e *mtlshttp.Error
		require.ErrorAs(t, err, &e, name)
		assert.Equal(t, "not-recorded", e.Reason)
		assert.Contains(t, err.Error(), c.says, name)
		assert.Len(t, q.end(), 1, "two were not asked for")
	}

	q = &quiet{TB: t}
	replay := mtlstest.Replay(q, file)(nil)
	for _, body := range []string{`{"a":2}`, `{"a":1,"mine":"else"}`} { // in any order, and whatever the secret is
		resp, err := ask(replay, "POST", "https://a.test/p?q=1", body)
		require.NoError(t, err)
		got, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		assert.Equal(t, `{"you":"POST"}`, string(got))
	}
	assert.Empty(t, q.end())
	_, err = ask(replay, "POST", "https://a.test/p?q=1", `{"a":2}`)
	assert.ErrorContains(t, err, "1 times already")

	for _, broken := range []string{`{}`, `[]`, `{"version": 2}`, `{"version": 1, "exchanges": [null]}`, `{"version": 1, "typo": 1}`,
		`{"version": 1, "exchanges": [{"response": {"body": {"text": "a", "lines": ["b"]}}}]}`, `{"version": 1, "exchanges": [{"response": {"body": {"base64": "?"}}}]}`} {
		write(broken)
		q := &quiet{TB: t}
		assert.Panics(t, func() { mtlstest.Replay(q, file) }, broken)
		assert.Len(t, q.failures, 1)
	}
	q = &quiet{TB: t}
	assert.Panics(t, func() { mtlstest.Replay(q, filepath.Join(t.TempDir(), "none.json")) })
	assert.Contains(t, q.failures[0], "MTLSTEST_RECORD")
}

type answering struct{}

func (answering) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method == "FAIL" {
		return nil, errors.New("no")
	}
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(`{"you":"` + req.Method + `"}`))}, nil
}

func TestRecordingsOfManyAtOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "many.json")
	pass := func(wrap func(http.RoundTripper) http.RoundTripper) {
		rt := wrap(answering{})
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				req, _ := http.NewRequest([]string{"FAIL", "GET"}[min(i%4, 1)], fmt.Sprintf("https://a.test/%d", i), nil)
				if resp, err := rt.RoundTrip(req); err == nil {
					_ = resp.Body.Close()
				}
			})
		}
		wg.Wait()
	}
	q := &quiet{TB: t}
	pass(mtlstest.Record(q, file))
	require.Empty(t, q.end())
	q = &quiet{TB: t}
	pass(mtlstest.Replay(q, file)) // FAIL is not there, and fails again
	assert.Empty(t, q.end(), "all that was recorded was asked for")
}

func TestReplayRecordsWhereItIsAskedTo(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.json")
	t.Setenv("MTLSTEST_RECORD", "1")
	q := &quiet{TB: t}
	req, err := http.NewRequest("GET", "https://a.test/", nil)
	require.NoError(t, err)
	resp, err := mtlstest.Replay(q, file)(answering{}).RoundTrip(req)
	require.NoError(t, err)
	_ = resp.Body.Close()
	assert.Empty(t, q.end())
	assert.FileExists(t, file)

	q = &quiet{TB: t, failures: []string{"broken"}}
	mtlstest.Record(q, file+"2")
	q.end()
	assert.NoFileExists(t, file+"2", "a test that failed leaves the recording as it was")
}

// rates is a recording that is checked in; MTLSTEST_RECORD=1 writes it anew.
func TestRatesFromARecording(t *testing.T) {
	wrap := mtlstest.Replay(t, "testdata/rates.json")
	e := &mtlshttp.Executor{Wrap: func(http.RoundTripper) http.RoundTripper { return wrap(rates{}) }}
	defer e.Close()
	resp, err := e.Do(t.Context(), &mtlshttp.Request{URL: "https://rates.example/v1?base=EUR", Parse: true})
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"base": "EUR", "USD": json.Number("1.0860")}, resp.Data)
}

// rates is the service that was recorded.
type rates struct{}

func (rates) RoundTrip(req *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, ProtoMajor: 1, Header: http.Header{"Content-Type": {"application/json"}, "X-Session": {"s"}}, Request: req,
		Body: io.NopCloser(strings.NewReader(`{"base":"EUR","USD":1.0860}`))}, nil
}

// A test of a program that asks for rates. The recording was made by running it
// once with MTLSTEST_RECORD=1.
func ExampleReplay() {
	_ = func(t *testing.T) {
		e := &mtlshttp.Executor{Wrap: mtlstest.Replay(t, "testdata/rates.json")}
		defer e.Close()
		resp, err := e.Do(t.Context(), &mtlshttp.Request{URL: "https://rates.example/v1?base=EUR", Parse: true})
		if err != nil || resp.StatusCode != 200 {
			t.Fatal(resp, err)
		}
	}
}
