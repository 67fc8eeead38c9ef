package mtlshttp_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
)

// A way through redirects is repeated from its beginning, and only if all of it
// may be.
func TestRetryOfRedirects(t *testing.T) {
	for method, want := range map[string][]string{
		"GET":  {"GET", "GET", "GET", "GET"},
		"POST": {"POST", "GET"},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &script{answers: []scripted{{status: 303, location: "/there"}, {status: 503}, {status: 303, location: "/there"}, {status: 200}}}
			resp, err := s.play(t, new(mtlshttp.RetryPolicy), &mtlshttp.Request{Method: method, Redirect: mtlshttp.Redirect{All: true}, StatusErrors: true})
			assert.Equal(t, want, s.methods)
			if method == "GET" {
				require.NoError(t, err)
				assert.Equal(t, []int{503, 200}, statuses(resp.Attempts))
				assert.Len(t, resp.Hops, 2, "of the last try")
				return
			}
			assert.False(t, failureOf(t, err).Retryable, "the POST was done")
		})
	}
}

// Faults before anything is sent are tried again for every method.
func TestRetryOfFaults(t *testing.T) {
	there := startPlace(t, "127.0.0.1:0", hello)
	for name, c := range map[string]struct {
		method   string
		err      error
		attempts int
	}{
		"refused, GET":  {"GET", syscall.ECONNREFUSED, 3},
		"refused, POST": {"POST", syscall.ECONNREFUSED, 3},
		"no such host":  {"GET", &net.DNSError{IsNotFound: true}, 1},
		"servfail":      {"POST", &net.DNSError{IsTemporary: true}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			e := newExecutor(t)
			e.Retry = &mtlshttp.RetryPolicy{Delay: time.Millisecond}
			dials := 0
			e.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				if dials++; dials < 3 {
					return nil, &net.OpError{Op: "dial", Err: c.err}
				}
				return new(net.Dialer).DialContext(ctx, network, address)
			}
			resp, err := e.Do(t.Context(), &mtlshttp.Request{Method: c.method, URL: there.URL})
			assert.Equal(t, c.attempts, dials)
			if c.attempts == 1 {
				assert.Equal(t, 1, failureOf(t, err).Attempt)
				return
			}
			require.NoError(t, err)
			require.Len(t, resp.Attempts, 3)
			assert.NotEmpty(t, resp.Attempts[0].Kind)
			assert.Equal(t, 200, resp.Attempts[2].StatusCode)

			dials = -1000 // never again
			_, err = e.Do(t.Context(), &mtlshttp.Request{Method: c.method, URL: strings.Replace(there.URL, "127.0.0.1", "localhost", 1)})
			assert.Equal(t, 3, failureOf(t, err).Attempt)
			assert.True(t, failureOf(t, err).Retryable)
		})
	}
}

// What a proxy refuses it has not passed on, so every method is tried again,
// where the refusal may pass.
func TestRetryOfProxyRefusals(t *testing.T) {
	proxy := startProxy(t, nil)
	for status, attempts := range map[int]int{503: 3, 502: 3, 429: 3, 407: 1, 403: 1} {
		proxy.Refuse(status)
		e := withProxy(t, &mtlshttp.Proxy{URL: proxy.URL})
		e.Retry = &mtlshttp.RetryPolicy{Delay: time.Millisecond}
		_, err := e.Do(t.Context(), &mtlshttp.Request{Method: "POST", URL: "https://origin.test/", Body: mtlshttp.Text("", "x")})
		f := failureOf(t, err)
		assert.Equal(t, mtlshttp.KindProxy, f.Kind)
		assert.Equal(t, attempts, f.Attempt, status)
		assert.Equal(t, attempts > 1, f.Retryable, status)
	}
}

// An answer that ends early is asked for again where the request is repeatable,
// and never parsed as if it were whole.
func TestRetryOfTruncatedBodies(t *testing.T) {
	for method, attempts := range map[string]int{"GET": 3, "POST": 1} {
		tries := 0
		there := startPlace(t, "127.0.0.1:0", func(w http.ResponseWriter, _ *http.Request) {
			if tries++; tries < 3 {
				w.Header().Set("Content-Length", "100")
			}
			_, _ = io.WriteString(w, "hello")
		})
		e := newExecutor(t)
		e.Retry = &mtlshttp.RetryPolicy{Delay: time.Millisecond}
		resp, err := e.Do(t.Context(), &mtlshttp.Request{Method: method, URL: there.URL})
		assert.Equal(t, attempts, tries)
		require.NotNil(t, resp)
		assert.Len(t, resp.Attempts, attempts)
		assert.Equal(t, mtlshttp.KindTruncated, resp.Attempts[0].Kind)
		assert.Equal(t, "hello", string(resp.Bytes()))
		if method == "GET" {
			require.NoError(t, err)
		} else {
			assert.False(t, failureOf(t, err).Retryable)
			assert.Same(t, resp, failureOf(t, err).Response)
		}
	}
}
