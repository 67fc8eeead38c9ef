package mtlshttp_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// byteServer answers with bytes as they are, which net/http's server would not
// write. It is at every name and port, over TLS where the client begins it; it
// asks for a certificate and needs none.
type byteServer struct {
	listener net.Listener
	tls      *tls.Config
	ca       *mtlstest.CA
	once     bool // one answer on a connection

	mu     sync.Mutex
	script map[string]string
	last   http.Header
}

func serveBytes(t testing.TB) *byteServer {
	ca, err := mtlstest.NewCA()
	require.NoError(t, err)
	config, err := ca.ServerConfig()
	require.NoError(t, err)
	config.ClientAuth, config.NextProtos = tls.VerifyClientCertIfGiven, nil
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &byteServer{listener: listener, tls: config, ca: ca, script: map[string]string{}}
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

func (s *byteServer) serve(conn net.Conn) {
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
		if _, err := io.WriteString(conn, s.answer(req)); err != nil || s.once {
			return
		}
	}
}

func (s *byteServer) answer(req *http.Request) string {
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

// say sets the answer to the next request for a target; all others get an empty
// response.
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
