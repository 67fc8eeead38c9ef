package realserver

import (
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// subjectHeader carries the client's subject from a server to what is behind.
const subjectHeader = "X-Client-Subject"

// Request is what the application behind a server saw.
type Request struct {
	Method, Path string
	Subject      string // as the server writes distinguished names; empty: none
	Body         int64  // bytes received
}

// backend is the application behind the servers that are proxies: it answers
// 200 and remembers.
type backend struct {
	addr string

	mu       sync.Mutex
	requests []Request
}

func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n, _ := io.Copy(io.Discard, r.Body)
	b.mu.Lock()
	b.requests = append(b.requests, Request{r.Method, r.URL.Path, r.Header.Get(subjectHeader), n})
	b.mu.Unlock()
	w.Header().Set("Content-Type", "text/plain")
	_, _ = io.WriteString(w, "ok\n")
}

func (b *backend) list() []Request {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]Request(nil), b.requests...)
}

func startBackend(t testing.TB) (*backend, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b := &backend{addr: listener.Addr().String()}
	serve(t, &http.Server{Handler: b, ReadHeaderTimeout: 10 * time.Second}, listener)
	return b, nil
}

// serve runs s until the test ends.
func serve(t testing.TB, s *http.Server, listener net.Listener) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(listener) // ends with ErrServerClosed
	}()
	t.Cleanup(func() {
		_ = s.Close()
		<-done
	})
}
