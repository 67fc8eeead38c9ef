package mtlshttp_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/cookiejar/httpstate"
	"github.com/mtlshttp/mtlshttp/internal/corpus"
)

func init() {
	conformance["http-state"] = func(t *testing.T) { t.Run("CK-01", conformHTTPState) }
}

// conformHTTPState sends each case of the suite as its server would: a response
// that sets the cookies to the byte and redirects, and what is sent then.
func conformHTTPState(t *testing.T) {
	cases := httpstate.Cases(t, corpus.Folder(t, "http-state", ""))
	misses := httpstate.Misses(t)
	server := serveBytes(t)
	for _, c := range cases {
		var b strings.Builder
		b.WriteString("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n")
		for _, line := range c.Lines {
			b.WriteString("Set-Cookie: " + line + "\r\n")
		}
		b.WriteString("Location: " + c.Location + "\r\n\r\n")
		server.say(httpstate.SetPath+"?"+c.ID, b.String())
	}
	clock := func() time.Time { return httpstate.Now }
	e := newExecutor(t)
	e.Dial, e.Clock = server.dial, clock
	passed, failing := 0, []string(nil)
	for _, c := range cases {
		session := &mtlshttp.Session{Executor: e, Jar: &mtlshttp.Jar{Clock: clock}}
		got := ""
		resp, err := session.Do(t.Context(), &mtlshttp.Request{URL: c.SetURL(), ShareCookies: true})
		if err == nil {
			require.Len(t, resp.Hops, 2, c.ID)
			got = server.cookie()
		}
		reason, listed := misses[c.ID]
		delete(misses, c.ID)
		if err == nil && got == c.Want {
			passed++
			assert.False(t, listed, "%s passes and is listed as a miss: %s", c.ID, reason)
			continue
		}
		failing = append(failing, c.ID+": "+reason)
		assert.True(t, listed, "%s: want %q, got %q, %v", c.ID, c.Want, got, err)
	}
	corpus.Report(t, "http-state", passed, len(cases), failing)
	assert.Len(t, cases, 222)
	assert.GreaterOrEqual(t, passed, 210)
	assert.Empty(t, misses, "listed misses that the suite does not have")
}

// byteServer answers requests for a target with bytes as they are, which
// net/http's server would not write, and others with an empty response.
type byteServer struct {
	listener net.Listener

	mu     sync.Mutex
	script map[string]string
	last   http.Header
}

func serveBytes(t testing.TB) *byteServer {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &byteServer{listener: listener, script: map[string]string{}}
	var open sync.WaitGroup
	open.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			open.Go(func() { s.serve(conn) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		open.Wait()
	})
	return s
}

func (s *byteServer) serve(conn net.Conn) {
	defer conn.Close()
	for r := bufio.NewReader(conn); ; {
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, req.Body)
		s.mu.Lock()
		s.last = req.Header
		answer, ok := s.script[req.URL.RequestURI()]
		s.mu.Unlock()
		if !ok {
			answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
		}
		if _, err := io.WriteString(conn, answer); err != nil {
			return
		}
	}
}

// say sets the answer to a target.
func (s *byteServer) say(target, answer string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script[target] = answer
}

// dial leads every name here.
func (s *byteServer) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, network, s.listener.Addr().String())
}

// cookie is the Cookie header that arrived last.
func (s *byteServer) cookie() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last.Get("Cookie")
}
