package testpeer

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"

	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// ByteServer answers with bytes as they are, which net/http's server would not
// write. It is at every name and port, over TLS where the client begins it; it
// asks for a certificate and needs none.
type ByteServer struct {
	listener net.Listener
	tls      *tls.Config
	CA       *mtlstest.CA
	Once     bool // one answer on a connection; set before the first

	mu     sync.Mutex
	script map[string]string
	last   http.Header
}

// ServeBytes starts a ByteServer that ends with the test.
func ServeBytes(t testing.TB) *ByteServer {
	ca, err := mtlstest.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	config, err := ca.ServerConfig()
	if err != nil {
		t.Fatal(err)
	}
	config.ClientAuth, config.NextProtos = tls.VerifyClientCertIfGiven, nil
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &ByteServer{listener: listener, tls: config, CA: ca, script: map[string]string{}}
	var open sync.WaitGroup
	open.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			open.Go(func() {
				defer conn.Close()
				s.serve(conn)
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		open.Wait()
	})
	return s
}

// peeked is a connection of which some has been read.
type peeked struct {
	net.Conn
	io.Reader
}

func (c peeked) Read(p []byte) (int, error) { return c.Reader.Read(p) }

func (s *ByteServer) serve(conn net.Conn) {
	r := bufio.NewReader(conn)
	const handshake = 0x16
	if first, err := r.Peek(1); err == nil && first[0] == handshake {
		conn = tls.Server(peeked{conn, r}, s.tls)
		r = bufio.NewReader(conn)
	}
	for {
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, req.Body)
		if _, err := io.WriteString(conn, s.answer(req)); err != nil || s.Once {
			return
		}
	}
}

func (s *ByteServer) answer(req *http.Request) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = req.Header
	target := req.URL.RequestURI()
	answer, ok := s.script[target]
	delete(s.script, target)
	if !ok {
		answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
	}
	return answer
}

// Say sets the answer to the next request for a target; all others get an empty
// response.
func (s *ByteServer) Say(target, answer string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script[target] = answer
}

// Dial leads every name here.
func (s *ByteServer) Dial(ctx context.Context, network, _ string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, network, s.listener.Addr().String())
}

// Cookie is the Cookie header that arrived last.
func (s *ByteServer) Cookie() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last.Get("Cookie")
}
