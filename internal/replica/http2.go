package replica

import (
	"crypto/tls"
	"encoding/binary"
	"net"
	"net/http"
	"sync"
)

// TLSNextProto is the http.Server's; nil: net/http's own. Where HTTP/2 forbids
// a second handshake, Apache resets the stream with an error code that net/http
// never sends, so it is put in below net/http's HTTP/2, which then has to run on
// a connection of ours.
func (r *Replica) TLSNextProto() map[string]func(*http.Server, *tls.Conn, http.Handler) {
	if !r.config.HTTP2 || !r.manners.asksAnew || r.config.Demand != DemandPerPath {
		return nil
	}
	return map[string]func(*http.Server, *tls.Conn, http.Handler){
		"h2": func(outer *http.Server, conn *tls.Conn, _ http.Handler) {
			state := conn.ConnectionState()
			handler := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				req.TLS = &state
				outer.Handler.ServeHTTP(w, req)
			})
			inner := &http.Server{Handler: handler, ErrorLog: outer.ErrorLog, ConnContext: outer.ConnContext,
				ReadHeaderTimeout: outer.ReadHeaderTimeout, Protocols: new(http.Protocols)}
			inner.Protocols.SetUnencryptedHTTP2(true)
			ended := make(chan struct{})
			_ = inner.Serve(&oneConn{conn: &resetsStreams{Conn: conn, below: conn.NetConn(), ended: ended}, ended: ended})
			_ = inner.Close()
		},
	}
}

// oneConn is a listener of one connection, which ends with it.
type oneConn struct {
	mu    sync.Mutex
	conn  *resetsStreams // nil: it was accepted
	ended chan struct{}
}

func (l *oneConn) Accept() (net.Conn, error) {
	l.mu.Lock()
	conn := l.conn
	l.conn = nil
	l.mu.Unlock()
	if conn != nil {
		return conn, nil
	}
	<-l.ended
	return nil, net.ErrClosed
}

func (l *oneConn) Close() error   { return nil }
func (l *oneConn) Addr() net.Addr { return noAddr{} }

type noAddr struct{}

func (noAddr) Network() string { return "tls" }
func (noAddr) String() string  { return "" }

// The header of a frame of HTTP/2 and what is changed (RFC 9113, sections 4.1,
// 6.4 and 7).
const (
	frameHeader     = 9
	frameRSTStream  = 3
	internalError   = 0x02 // how net/http resets a stream whose handler was aborted
	http11Required  = 0x0d
	rstStreamLength = 4
)

// resetsStreams makes the reset of a stream whose handler was aborted one by
// HTTP_1_1_REQUIRED. That TLS is below it net/http must not see, which would
// look for the protocol there.
type resetsStreams struct {
	net.Conn
	below net.Conn
	ended chan struct{}
	once  sync.Once

	header []byte // of the frame under way
	left   int    // of its payload
	reset  bool   // it is a RST_STREAM
}

// NetConn is the raw connection.
func (c *resetsStreams) NetConn() net.Conn { return c.below }

func (c *resetsStreams) Write(p []byte) (int, error) {
	out := append([]byte(nil), p...)
	for at := 0; at < len(out); {
		if c.left > 0 {
			n := min(c.left, len(out)-at)
			c.left -= n
			at += n
			if c.reset && c.left == 0 && out[at-1] == internalError {
				out[at-1] = http11Required
			}
			continue
		}
		n := min(frameHeader-len(c.header), len(out)-at)
		c.header = append(c.header, out[at:at+n]...)
		at += n
		if len(c.header) == frameHeader {
			c.left = int(binary.BigEndian.Uint32(c.header) >> 8)
			c.reset = c.header[3] == frameRSTStream && c.left == rstStreamLength
			c.header = c.header[:0]
		}
	}
	return c.Conn.Write(out)
}

func (c *resetsStreams) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() { close(c.ended) })
	return err
}
