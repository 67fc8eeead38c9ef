package mtlshttp_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
)

// FLT-50: each try sends the same body, headers and key; the jar is asked anew.
func TestFLT50EachTryIsTheSame(t *testing.T) {
	type sent struct {
		body                       []byte
		length                     int64
		kind, key, auth, id, query string
		cookie                     string
	}
	var mu sync.Mutex
	var seen []sent
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, sent{body, r.ContentLength, r.Header.Get("Content-Type"), r.Header.Get("Idempotency-Key"),
			r.Header.Get("Authorization"), r.Header.Get("X-Id"), r.URL.RawQuery, r.Header.Get("Cookie")})
		if len(seen) < 3 {
			http.SetCookie(w, &http.Cookie{Name: "try", Value: fmt.Sprint(len(seen))})
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer srv.Close()
	large := bytes.Repeat([]byte("0123456789abcdef"), 1<<14)
	skipped := bytes.NewReader(append([]byte("not this"), large...))
	_, err := skipped.Seek(8, io.SeekStart)
	require.NoError(t, err)
	for name, body := range map[string]mtlshttp.Body{
		"nothing": {}, "raw": mtlshttp.Raw("application/octet-stream", large), "JSON": mtlshttp.JSON(map[string]int{"a": 1}),
		"form":            mtlshttp.Form(mtlshttp.Param{Name: "a", Value: "b c"}),
		"multipart":       mtlshttp.Multipart(mtlshttp.Part{Name: "f", FileName: "f.bin", Data: large}),
		"reader":          mtlshttp.Reader("text/plain", skipped, -1),
		"reader, chunked": mtlshttp.Reader("text/plain", &unsized{strings.NewReader("chunks")}, -1),
	} {
		t.Run(name, func(t *testing.T) {
			seen = nil
			e := newExecutor(t)
			e.Retry = &mtlshttp.RetryPolicy{Delay: time.Millisecond}
			session := &mtlshttp.Session{Executor: e, Jar: new(mtlshttp.Jar)}
			resp, err := session.Do(t.Context(), &mtlshttp.Request{Method: "POST", URL: srv.URL + "/?q=1", Body: body, ShareCookies: true,
				Auth:    &mtlshttp.BasicAuth{User: "u", Password: "p"},
				Headers: []mtlshttp.Header{{Name: "Idempotency-Key", Value: "k-1"}, {Name: "X-Id", Value: "i"}}})
			require.NoError(t, err)
			assert.Equal(t, []int{503, 503, 200}, statuses(resp.Attempts))
			require.Len(t, seen, 3)
			for i, cookie := range []string{"", "try=1", "try=2"} {
				assert.Equal(t, cookie, seen[i].cookie)
				seen[i].cookie = ""
				assert.Equal(t, seen[0], seen[i])
			}
			assert.Equal(t, "k-1", seen[0].key)
			assert.NotEmpty(t, seen[0].auth)
			if name == "raw" || name == "reader" {
				assert.Equal(t, large, seen[0].body)
			}
		})
	}
}

// unsized can seek to its start, and not say how long it is.
type unsized struct{ r *strings.Reader }

func (u *unsized) Read(p []byte) (int, error) { return u.r.Read(p) }
func (u *unsized) Seek(offset int64, whence int) (int64, error) {
	if whence == io.SeekEnd {
		return 0, errors.New("the end is not known")
	}
	return u.r.Seek(offset, whence)
}

// A reader that somebody is still in is not read by a second try.
func TestFLT50ABlockedReaderIsNotReadTwice(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer srv.Close()
	e := newExecutor(t)
	e.Retry = &mtlshttp.RetryPolicy{Delay: time.Millisecond}
	body := &blocking{entered: make(chan struct{}, 10), release: make(chan struct{})}
	defer close(body.release)
	resp, err := e.Do(t.Context(), &mtlshttp.Request{Method: "PUT", URL: srv.URL, Body: mtlshttp.Reader("", body, 100), Timeout: 5 * time.Second})
	require.NoError(t, err)
	assert.Len(t, resp.Attempts, 1)
	assert.Len(t, body.entered, 1)
}

type blocking struct{ entered, release chan struct{} }

func (b *blocking) Read([]byte) (int, error) {
	b.entered <- struct{}{}
	<-b.release
	return 0, io.EOF
}

func (b *blocking) Seek(int64, int) (int64, error) { return 0, nil }

// INJ-14: in ten thousand retries at once, of two tenants, no try sends or gets
// another one's bytes.
func TestINJ14NoBodyOfAnother(t *testing.T) {
	const requests, workers = 10_000, 64
	var mu sync.Mutex
	tried := map[string]int{}
	wrong := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		id, sum := r.Header.Get("X-Id"), sha256.Sum256(body)
		mu.Lock()
		tried[id]++
		first := tried[id] == 1
		if hex.EncodeToString(sum[:]) != r.Header.Get("X-Sum") || !bytes.HasPrefix(body, []byte(r.Header.Get("X-Tenant"))) {
			wrong++
		}
		mu.Unlock()
		if first {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = w.Write(body)
	}))
	defer srv.Close()
	e := newExecutor(t)
	e.Retry = &mtlshttp.RetryPolicy{Attempts: 2, Delay: time.Microsecond}
	jobs := make(chan int)
	var group sync.WaitGroup
	var failures []error
	for range workers {
		group.Go(func() {
			for i := range jobs {
				tenant := fmt.Sprintf("tenant-%d ", i%2)
				data := bytes.Repeat([]byte(fmt.Sprintf("%s%d ", tenant, i)), 1+rand.IntN(200))
				sum := sha256.Sum256(data)
				body := mtlshttp.Raw("", data)
				if i%3 == 0 {
					body = mtlshttp.Reader("", bytes.NewReader(data), int64(len(data)))
				}
				resp, err := e.Do(t.Context(), &mtlshttp.Request{Method: "PUT", URL: srv.URL, Body: body, Headers: []mtlshttp.Header{
					{Name: "X-Id", Value: fmt.Sprint(i)}, {Name: "X-Tenant", Value: tenant}, {Name: "X-Sum", Value: hex.EncodeToString(sum[:])}}})
				if err == nil && (resp.StatusCode != 200 || !bytes.Equal(resp.Bytes(), data)) {
					err = fmt.Errorf("request %d got %d with %d bytes", i, resp.StatusCode, len(resp.Bytes()))
				}
				if err != nil {
					mu.Lock()
					failures = append(failures, err)
					mu.Unlock()
				}
			}
		})
	}
	for i := range requests {
		jobs <- i
	}
	close(jobs)
	group.Wait()
	assert.Empty(t, failures)
	assert.Zero(t, wrong)
	assert.Len(t, tried, requests)
	for id, n := range tried {
		assert.Equal(t, 2, n, id)
	}
}
