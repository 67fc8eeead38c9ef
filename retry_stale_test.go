package mtlshttp_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// staleConn turns stale on demand: nothing can be written any more, and nobody
// has noticed.
type staleConn struct {
	net.Conn
	stale *atomic.Bool
}

func (c *staleConn) Write(p []byte) (int, error) {
	if c.stale.Load() {
		return 0, syscall.EPIPE
	}
	return c.Conn.Write(p)
}

// FLT-42 and FLT-43: where not a byte could be written on a kept connection, the
// request goes over a new one, whatever its method, in one attempt.
func TestFLT43NothingWrittenIsReplayed(t *testing.T) {
	for name, c := range map[string]struct {
		method string
		body   mtlshttp.Body
		fails  bool
	}{
		"GET":                   {"GET", mtlshttp.Body{}, false},
		"DELETE":                {"DELETE", mtlshttp.Body{}, false},
		"POST":                  {"POST", mtlshttp.Body{}, false},
		"POST, text":            {"POST", mtlshttp.Text("", "data"), false},
		"POST, large":           {"POST", mtlshttp.Text("", strings.Repeat("data", 1<<16)), false},
		"POST, seekable reader": {"POST", mtlshttp.Reader("", strings.NewReader("data"), -1), false},
		"POST, reader, cannot":  {"POST", mtlshttp.Reader("", io.MultiReader(strings.NewReader("data")), 4), true},
		"PUT, chunked, cannot":  {"PUT", mtlshttp.Reader("", io.MultiReader(strings.NewReader("data")), -1), true},
	} {
		t.Run(name, func(t *testing.T) {
			var bodies []string
			there := startPlace(t, "127.0.0.1:0", func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				bodies = append(bodies, string(body))
			})
			e := newExecutor(t)
			var stale *atomic.Bool
			e.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := new(net.Dialer).DialContext(ctx, network, address)
				stale = new(atomic.Bool)
				return &staleConn{conn, stale}, err
			}
			_, err := e.Do(t.Context(), &mtlshttp.Request{URL: there.URL})
			require.NoError(t, err)
			stale.Store(true)
			resp, err := e.Do(t.Context(), &mtlshttp.Request{Method: c.method, URL: there.URL, Body: c.body})
			if c.fails {
				f := failureOf(t, err)
				assert.Equal(t, mtlshttp.KindBodySource, f.Kind)
				assert.Equal(t, "not-replayable", f.Reason)
				assert.ErrorIs(t, err, mtlshttp.ErrNotReplayable)
				assert.False(t, f.Retryable)
				assert.Len(t, bodies, 1)
				return
			}
			require.NoError(t, err)
			assert.Len(t, resp.Attempts, 1)
			assert.Len(t, bodies, 2)
			assert.EqualValues(t, 2, there.conns.Load())
		})
	}
}

// ender answers the first request of each connection; it reads the second one
// whole and ends the connection without an answer. From the second connection
// on it answers everything.
type ender struct {
	net.Listener
	reset    bool
	mu       sync.Mutex
	requests []string // method and body
	done     sync.WaitGroup
}

func startEnder(t *testing.T, reset bool) *ender {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &ender{Listener: l, reset: reset}
	s.done.Go(func() {
		for first := true; ; first = false {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.done.Go(func() { s.serve(conn, first) })
		}
	})
	t.Cleanup(func() { _ = l.Close(); s.done.Wait() })
	return s
}

func (s *ender) serve(conn net.Conn, ends bool) {
	defer conn.Close()
	reader := bufio.NewReader(conn)
	for n := 1; ; n++ {
		req, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		body, _ := io.ReadAll(req.Body)
		s.mu.Lock()
		s.requests = append(s.requests, req.Method+" "+string(body))
		s.mu.Unlock()
		if ends && n == 2 {
			if s.reset {
				_ = conn.(*net.TCPConn).SetLinger(0)
			}
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	}
}

func (s *ender) seen() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

// FLT-42, FLT-44 and FLT-45: what a server has read before it ended a kept
// connection is replayed in silence only where that is safe.
func TestFLT44WhatWasReadIsNotReplayed(t *testing.T) {
	key := []mtlshttp.Header{{Name: "Idempotency-Key", Value: "k"}}
	for name, c := range map[string]struct {
		method    string
		headers   []mtlshttp.Header
		silent    bool // net/http replays it
		retryable bool
	}{
		"FLT-42 GET":             {"GET", nil, true, true},
		"FLT-44 POST":            {"POST", nil, false, false},
		"FLT-44 PATCH":           {"PATCH", nil, false, false},
		"PUT":                    {"PUT", nil, false, true},
		"DELETE":                 {"DELETE", nil, false, true},
		"FLT-45 POST with a key": {"POST", key, true, true},
	} {
		for _, reset := range []bool{false, true} {
			for _, policy := range []*mtlshttp.RetryPolicy{nil, {Delay: time.Millisecond}} {
				srv := startEnder(t, reset)
				e := newExecutor(t)
				e.Retry = policy
				url := "http://" + srv.Addr().String()
				_, err := e.Do(t.Context(), &mtlshttp.Request{URL: url})
				require.NoError(t, err)
				r := &mtlshttp.Request{Method: c.method, URL: url, Headers: c.headers}
				body := ""
				if c.method != "GET" {
					body = "data"
					r.Body = mtlshttp.Text("", body)
				}
				resp, err := e.Do(t.Context(), r)
				twice := c.silent || c.retryable && policy != nil
				if twice {
					require.NoError(t, err, name)
					assert.Equal(t, c.silent, len(resp.Attempts) == 1, "%s: %v", name, resp.Attempts)
					assert.Equal(t, []string{"GET ", c.method + " " + body, c.method + " " + body}, srv.seen(), name)
					continue
				}
				f := failureOf(t, err)
				assert.Contains(t, []mtlshttp.Kind{mtlshttp.KindProtocol, mtlshttp.KindTruncated}, f.Kind, name)
				assert.Equal(t, c.retryable, f.Retryable, name)
				assert.Equal(t, []string{"GET ", c.method + " " + body}, srv.seen(), name)
			}
		}
	}
}

// The same through TLS, and over HTTP/2.
func TestFLT43NothingWrittenOverTLS(t *testing.T) {
	var served atomic.Int64
	srv := mtlstest.NewServer(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		served.Add(1)
	}))
	for version, protocol := range versions {
		for size, body := range map[string]string{"small": "data", "large": strings.Repeat("data", 1<<16)} {
			t.Run(version+", "+size, func(t *testing.T) {
				served.Store(0)
				e := newExecutor(t)
				var newest atomic.Pointer[atomic.Bool] // whether the last connection is stale
				e.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
					conn, err := new(net.Dialer).DialContext(ctx, network, address)
					stale := new(atomic.Bool)
					newest.Store(stale)
					return &staleConn{conn, stale}, err
				}
				r := srv.Request("/")
				r.Protocol = protocol
				_, err := e.Do(t.Context(), r)
				require.NoError(t, err)
				newest.Load().Store(true)
				r.Method, r.Body = "POST", mtlshttp.Text("", body)
				resp, err := e.Do(t.Context(), r)
				require.NoError(t, err)
				assert.Len(t, resp.Attempts, 1)
				assert.EqualValues(t, 2, served.Load())
			})
		}
	}
}
