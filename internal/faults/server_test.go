package faults_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// faultServer is one server under every name. What its first connections do
// is scripted, byte by byte; later ones are served as they should be.
type faultServer struct {
	listener   net.Listener
	ca         *mtlstest.CA
	tls        *tls.Config
	scripts    []func(*peer)
	accepted   atomic.Int32
	complaints atomic.Int32 // of what a client must not do
	ended      chan struct{}
	open       sync.WaitGroup

	mu    sync.Mutex
	peers []net.Conn
}

// faultAuthority is one for all tests here: keys take time to make.
var faultAuthority = sync.OnceValues(func() (*mtlstest.CA, error) { return mtlstest.NewCA() })

// serveFaults starts a server that ends with the test. Its n-th connection runs
// the n-th script.
func serveFaults(t testing.TB, scripts ...func(*peer)) *faultServer {
	ca, err := faultAuthority()
	require.NoError(t, err)
	config, err := ca.ServerConfig("fault.test", "other.test", "127.0.0.1")
	require.NoError(t, err)
	config.ClientAuth, config.NextProtos = tls.NoClientCert, nil
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &faultServer{listener: listener, ca: ca, tls: config, scripts: scripts, ended: make(chan struct{})}
	s.open.Go(s.accept)
	t.Cleanup(func() {
		s.close()
		assert.Zero(t, s.complaints.Load(), "the server saw what it must not")
	})
	return s
}

func (s *faultServer) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.serve(conn)
	}
}

// serve runs the script of one more connection, or answers it as it should be.
func (s *faultServer) serve(conn net.Conn) {
	s.mu.Lock()
	s.peers = append(s.peers, conn)
	s.mu.Unlock()
	n := int(s.accepted.Add(1))
	s.open.Go(func() {
		p := &peer{server: s, raw: conn, conn: conn, r: bufio.NewReader(conn)}
		defer p.close()
		if n <= len(s.scripts) && s.scripts[n-1] != nil {
			s.scripts[n-1](p)
			return
		}
		for p.request() != nil {
			p.say(fine)
		}
	})
}

// fine is the answer of every connection without a script.
const fine = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine"

func (s *faultServer) close() {
	_ = s.listener.Close()
	select {
	case <-s.ended:
	default:
		close(s.ended)
	}
	s.mu.Lock()
	for _, conn := range s.peers {
		_ = conn.Close()
	}
	s.mu.Unlock()
	s.open.Wait()
}

// dial leads every name here.
func (s *faultServer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if s.listener == nil {
		return s.pipe(ctx, network, address)
	}
	return new(net.Dialer).DialContext(ctx, network, s.listener.Addr().String())
}

// peer is the server's end of one connection.
type peer struct {
	server *faultServer
	raw    net.Conn // below TLS
	conn   net.Conn // what HTTP is spoken over
	r      *bufio.Reader
	feed   feed // what our TLS reads
	asked  bool
}

// feed lets a test put words into the mouth of a peer's client.
type feed struct{ io.Reader }

// handshake ends with the client's certificate taken.
func (p *peer) handshake() {
	if p.secure(); p.conn != p.raw {
		_ = p.conn.(*tls.Conn).Handshake()
	}
}

// alert sends a fatal alert: what a TLS server does about a forged record.
func (p *peer) alert() {
	p.feed.Reader = strings.NewReader(forgedRecord)
	_, _ = p.conn.Read(make([]byte, 1))
}

// forgedRecord is one that no key fits.
var forgedRecord = "\x17\x03\x03\x00\x20" + strings.Repeat("x", 32)

// peeked is a connection of which some has been read.
type peeked struct {
	net.Conn
	io.Reader
}

func (c peeked) Read(p []byte) (int, error) { return c.Reader.Read(p) }

// secure handshakes if the client begins to.
func (p *peer) secure() {
	if p.asked {
		return
	}
	p.asked = true
	const handshake = 0x16
	if first, err := p.r.Peek(1); err != nil || first[0] != handshake {
		return
	}
	p.feed.Reader = p.r
	p.conn = tls.Server(peeked{p.raw, &p.feed}, p.server.tls)
	p.r = bufio.NewReader(p.conn)
}

// head reads a request without its body; nil where the client has gone.
func (p *peer) head() *http.Request {
	p.secure()
	req, err := http.ReadRequest(p.r)
	if err != nil {
		return nil
	}
	return req
}

// request reads a request with its body.
func (p *peer) request() *http.Request {
	req := p.head()
	if req == nil {
		return nil
	}
	if _, err := io.Copy(io.Discard, req.Body); err != nil {
		return nil
	}
	return req
}

// say writes, whether the client takes it or not.
func (p *peer) say(text string) { _, _ = io.WriteString(p.conn, text) }

// drip writes a byte at a time until the client goes.
func (p *peer) drip(text string) {
	for i := range len(text) {
		if _, err := io.WriteString(p.conn, text[i:i+1]); err != nil || p.wait(20*time.Millisecond) {
			return
		}
	}
	p.stall()
}

// wait passes some time and says whether the test has ended.
func (p *peer) wait(d time.Duration) (ended bool) {
	select {
	case <-p.server.ended:
		return true
	case <-time.After(d):
		return false
	}
}

// stall does nothing for the rest of the test.
func (p *peer) stall() { <-p.server.ended }

// gone reads until the client closes.
func (p *peer) gone() { _, _ = io.Copy(io.Discard, p.raw) }

// reset ends the connection by RST.
func (p *peer) reset() {
	if tcp, ok := p.raw.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = p.raw.Close()
}

// finish ends our half by FIN, below TLS, and reads what still comes, so that
// nothing of what was said is lost.
func (p *peer) finish() {
	if tcp, ok := p.raw.(*net.TCPConn); ok {
		_ = tcp.CloseWrite()
	}
	_ = p.raw.SetReadDeadline(time.Now().Add(time.Second))
	_, _ = io.Copy(io.Discard, p.raw)
}

// close ends the connection, with a close_notify over TLS.
func (p *peer) close() {
	if secure, ok := p.conn.(*tls.Conn); ok {
		_ = secure.CloseWrite()
	}
	_ = p.raw.Close()
}

// answers is the script that reads a request and says one thing, then closes.
func answers(text string) func(*peer) {
	return func(p *peer) {
		if p.request() != nil {
			p.say(text)
		}
	}
}
