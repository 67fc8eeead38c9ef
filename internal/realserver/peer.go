package realserver

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mtlshttp/mtlshttp/internal/tlsrecord"
)

// The peers, which misbehave in one way each. Those from "after client
// certificate" on ask for a certificate as the Demand says and verify none.
const (
	PeerCloseOnAccept         Kind = "peer-close-on-accept"
	PeerResetOnAccept         Kind = "peer-reset-on-accept"
	PeerStallOnAccept         Kind = "peer-stall-on-accept"
	PeerCloseAfterClientHello Kind = "peer-close-after-client-hello"
	PeerResetAfterClientHello Kind = "peer-reset-after-client-hello"
	PeerAlertAfterClientHello Kind = "peer-alert-after-client-hello" // Config.Alert
	PeerStallAfterClientHello Kind = "peer-stall-after-client-hello"
	PeerStallAfterServerHello Kind = "peer-stall-after-server-hello" // withholds the rest of its flight

	PeerCloseAfterClientCertificate Kind = "peer-close-after-client-certificate"
	PeerResetAfterClientCertificate Kind = "peer-reset-after-client-certificate"
	PeerAlertAfterClientCertificate Kind = "peer-alert-after-client-certificate" // Config.Alert
	PeerStallAfterClientCertificate Kind = "peer-stall-after-client-certificate"

	PeerCloseAfterHandshake  Kind = "peer-close-after-handshake"  // without close_notify
	PeerNotifyAfterHandshake Kind = "peer-notify-after-handshake" // with it
	PeerResetAfterHandshake  Kind = "peer-reset-after-handshake"
	PeerStallAfterHandshake  Kind = "peer-stall-after-handshake"  // takes every byte, answers none
	PeerDemandAfterHandshake Kind = "peer-demand-after-handshake" // TLS 1.3: a CertificateRequest nobody offered to answer
	PeerKeyUpdates           Kind = "peer-key-updates"            // TLS 1.3: 10,000 of them after the handshake
	PeerTickets              Kind = "peer-tickets"                // TLS 1.3: 10,000 of them
	PeerRenegotiate          Kind = "peer-renegotiate"            // TLS 1.2: asks for a new handshake when a request comes
	PeerCloseAfterRequest    Kind = "peer-close-after-request"
	PeerResetAfterRequest    Kind = "peer-reset-after-request"
	PeerStallInHeaders       Kind = "peer-stall-in-headers"
	PeerStallInBody          Kind = "peer-stall-in-body"

	PeerPlainHTTP     Kind = "peer-plain-http"     // HTTP without TLS
	PeerBanner        Kind = "peer-banner"         // another protocol, whose server speaks first
	PeerGarbage       Kind = "peer-garbage"        // no TLS record
	PeerGarbageRecord Kind = "peer-garbage-record" // a handshake record that holds none
)

// Stalls says whether a peer of this kind waits until its client gives up.
func (k Kind) Stalls() bool { return strings.HasPrefix(string(k), "peer-stall-") }

// PeerKinds lists the servers that misbehave.
func PeerKinds() []Kind {
	return []Kind{
		PeerCloseOnAccept, PeerResetOnAccept, PeerStallOnAccept,
		PeerCloseAfterClientHello, PeerResetAfterClientHello, PeerAlertAfterClientHello, PeerStallAfterClientHello,
		PeerStallAfterServerHello,
		PeerCloseAfterClientCertificate, PeerResetAfterClientCertificate, PeerAlertAfterClientCertificate,
		PeerStallAfterClientCertificate,
		PeerCloseAfterHandshake, PeerNotifyAfterHandshake, PeerResetAfterHandshake, PeerStallAfterHandshake,
		PeerDemandAfterHandshake, PeerKeyUpdates, PeerTickets, PeerRenegotiate, PeerCloseAfterRequest, PeerResetAfterRequest, PeerStallInHeaders, PeerStallInBody,
		PeerPlainHTTP, PeerBanner, PeerGarbage, PeerGarbageRecord,
	}
}

// peer is one way to misbehave: at exactly one of four moments.
type peer struct {
	accept      func(*exchange)       // instead of any TLS
	hello       func(*exchange) error // at the client's hello, which was read
	certificate func(*exchange) error // when the client's certificate, or that it has none, was read
	handshake   func(*exchange) error // after the handshake
	withhold    bool                  // send one record and nothing after it
	http1       bool                  // what it does needs HTTP/1.1
	minVersion  uint16
	maxVersion  uint16 // 0: any
}

var peers = map[Kind]peer{
	PeerCloseOnAccept: {accept: func(x *exchange) { x.close() }},
	PeerResetOnAccept: {accept: func(x *exchange) { x.reset() }},
	PeerStallOnAccept: {accept: func(x *exchange) { x.stall() }},

	PeerCloseAfterClientHello: {hello: (*exchange).close},
	PeerResetAfterClientHello: {hello: (*exchange).reset},
	PeerStallAfterClientHello: {hello: (*exchange).stall},
	PeerAlertAfterClientHello: {hello: func(x *exchange) error { return x.say(plainAlert(x.server.config.Alert)) }},
	PeerStallAfterServerHello: {withhold: true},

	PeerCloseAfterClientCertificate: {certificate: (*exchange).close},
	PeerResetAfterClientCertificate: {certificate: (*exchange).reset},
	PeerStallAfterClientCertificate: {certificate: (*exchange).stall},
	PeerAlertAfterClientCertificate: {certificate: (*exchange).alert},

	PeerCloseAfterHandshake:  {handshake: (*exchange).close},
	PeerNotifyAfterHandshake: {handshake: func(x *exchange) error { return x.tls.Close() }},
	PeerResetAfterHandshake:  {handshake: (*exchange).reset},
	PeerStallAfterHandshake:  {handshake: func(x *exchange) error { return x.receive(-1) }},
	PeerDemandAfterHandshake: {handshake: (*exchange).demand, minVersion: tls.VersionTLS13},
	PeerKeyUpdates:           {handshake: (*exchange).keyUpdates, minVersion: tls.VersionTLS13},
	PeerTickets:              {handshake: (*exchange).tickets, minVersion: tls.VersionTLS13},
	PeerRenegotiate:          {handshake: (*exchange).renegotiate, maxVersion: tls.VersionTLS12},
	PeerCloseAfterRequest:    {handshake: afterRequest((*exchange).close)},
	PeerResetAfterRequest:    {handshake: afterRequest((*exchange).reset)},
	PeerStallInHeaders:       {handshake: answer("HTTP/1.1 200 OK\r\nContent-Type: te"), http1: true},
	PeerStallInBody:          {handshake: answer("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nthe beginning"), http1: true},

	PeerPlainHTTP: {hello: func(x *exchange) error {
		return x.say([]byte("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"))
	}},
	PeerBanner: {accept: func(x *exchange) { _ = x.say([]byte("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")) }},
	PeerGarbage: {hello: func(x *exchange) error {
		return x.say([]byte{0xde, 0xad, 0xbe, 0xef, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
	}},
	PeerGarbageRecord: {hello: func(x *exchange) error {
		return x.say([]byte{22, 3, 3, 0, 8, 0xff, 0, 0, 4, 1, 2, 3, 4})
	}},
}

const (
	peerTime  = 2 * time.Minute // no exchange lives longer
	drainTime = 2 * time.Second // what a closing peer waits for the other to close too
)

// peerServer accepts connections and misbehaves on each.
type peerServer struct {
	peer     peer
	config   Config
	tls      *tls.Config
	log      *log
	received atomic.Int64

	stop    chan struct{} // closed when the test ends
	running sync.WaitGroup
	mu      sync.Mutex
	open    map[net.Conn]bool
}

func startPeer(t testing.TB, listener net.Listener, p peer, c Config, out *log) (*peerServer, error) {
	s := &peerServer{peer: p, config: c, log: out, stop: make(chan struct{}), open: map[net.Conn]bool{}}
	if p.accept == nil {
		pair, err := tls.X509KeyPair(c.Certificate, c.Key)
		if err != nil {
			return nil, fmt.Errorf("certificate of the server: %w", err)
		}
		s.tls = &tls.Config{
			Certificates: []tls.Certificate{pair},
			MinVersion:   max(c.MinVersion, p.minVersion),
			MaxVersion:   c.MaxVersion,
			NextProtos:   []string{"http/1.1"},
			ClientCAs:    pool(c.AdvertisedCAs),
			// Records that it writes itself are numbered from zero.
			SessionTicketsDisabled: true,
		}
		if p.maxVersion != 0 {
			s.tls.MaxVersion = p.maxVersion
			s.tls.CipherSuites = tlsrecord.Suites()
		}
		if c.HTTP2 {
			s.tls.NextProtos = []string{"h2", "http/1.1"}
		}
		switch c.Demand {
		case DemandOptional:
			s.tls.ClientAuth = tls.RequestClientCert
		case DemandRequire:
			s.tls.ClientAuth = tls.RequireAnyClientCert
		}
	}
	s.running.Go(func() { s.accept(listener) })
	t.Cleanup(func() {
		close(s.stop)
		listener.Close()
		s.mu.Lock()
		for conn := range s.open {
			conn.Close()
		}
		s.mu.Unlock()
		s.running.Wait()
	})
	return s, nil
}

func (s *peerServer) accept(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return // closed
		}
		s.mu.Lock()
		s.open[conn] = true
		s.mu.Unlock()
		s.running.Go(func() {
			x := &exchange{server: s, conn: conn.(*net.TCPConn)}
			if err := x.run(); err != nil {
				fmt.Fprintf(s.log, "%v\n", err)
			}
			conn.Close()
			s.mu.Lock()
			delete(s.open, conn)
			s.mu.Unlock()
		})
	}
}

// errEnded stops crypto/tls after the peer has had its say.
var errEnded = errors.New("the peer ended the handshake")

// exchange is one connection of a peer.
type exchange struct {
	server  *peerServer
	conn    *net.TCPConn
	tls     *tls.Conn
	suite   uint16 // of the handshake under way
	hello   *helloConn
	secrets tlsrecord.Secrets
}

func (x *exchange) run() error {
	_ = x.conn.SetDeadline(time.Now().Add(peerTime))
	p := x.server.peer
	if p.accept != nil {
		x.wait()
		p.accept(x)
		return nil
	}
	if p.hello != nil {
		if err := readRecord(x.conn); err != nil {
			return err
		}
		x.wait()
		return p.hello(x)
	}
	config := x.server.tls.Clone()
	config.KeyLogWriter = &x.secrets
	if p.certificate != nil {
		config.VerifyConnection = func(state tls.ConnectionState) error {
			x.wait()
			x.suite = state.CipherSuite
			if err := p.certificate(x); err != nil {
				fmt.Fprintf(x.server.log, "%v\n", err)
			}
			return errEnded
		}
	}
	x.hello = &helloConn{Conn: x.conn}
	under := net.Conn(x.hello)
	if p.withhold {
		under = &oneRecord{Conn: x.conn}
	}
	x.tls = tls.Server(under, config)
	if err := x.tls.Handshake(); err != nil {
		return err
	}
	if state := x.tls.ConnectionState(); len(state.PeerCertificates) > 0 {
		fmt.Fprintf(x.server.log, "subject=%q\n", state.PeerCertificates[0].Subject)
	}
	if p.handshake == nil {
		return x.receive(-1)
	}
	x.wait()
	return p.handshake(x)
}

func (x *exchange) wait() {
	select {
	case <-time.After(x.server.config.Delay):
	case <-x.server.stop:
	}
}

// close ends the stream with FIN, and reads on for a while, since closing with
// unread bytes would reset the connection instead.
func (x *exchange) close() error {
	if err := x.conn.CloseWrite(); err != nil {
		return err
	}
	_ = x.conn.SetReadDeadline(time.Now().Add(drainTime))
	_, _ = io.Copy(io.Discard, x.conn)
	return nil
}

func (x *exchange) reset() error {
	if err := x.conn.SetLinger(0); err != nil {
		return err
	}
	return x.conn.Close()
}

// stall keeps the connection open, reads nothing and says nothing, until the
// test ends.
func (x *exchange) stall() error {
	select {
	case <-x.server.stop:
	case <-time.After(peerTime):
	}
	return nil
}

// say writes bytes below any TLS, then closes.
func (x *exchange) say(b []byte) error {
	if _, err := x.conn.Write(b); err != nil {
		return err
	}
	return x.close()
}

// receive reads and counts application data; a negative limit has none.
func (x *exchange) receive(limit int) error {
	buffer := make([]byte, 16<<10)
	for total := 0; limit < 0 || total < limit; {
		n, err := x.tls.Read(buffer)
		total += n
		x.server.received.Add(int64(n))
		if err != nil {
			return err
		}
	}
	return nil
}

func afterRequest(then func(*exchange) error) func(*exchange) error {
	return func(x *exchange) error {
		if err := x.receive(1); err != nil {
			return err
		}
		return then(x)
	}
}

// answer begins a response that never ends.
func answer(text string) func(*exchange) error {
	return afterRequest(func(x *exchange) error {
		if _, err := io.WriteString(x.tls, text); err != nil {
			return err
		}
		return x.receive(-1)
	})
}

// oneRecord lets the first TLS record through and swallows what follows.
type oneRecord struct {
	net.Conn
	sent bool
}

func (c *oneRecord) Write(b []byte) (int, error) {
	if !c.sent && len(b) >= tlsrecord.HeaderLength {
		c.sent = true
		first := min(len(b), tlsrecord.HeaderLength+int(b[3])<<8+int(b[4]))
		if _, err := c.Conn.Write(b[:first]); err != nil {
			return 0, err
		}
	}
	return len(b), nil
}
