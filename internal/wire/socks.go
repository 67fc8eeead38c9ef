package wire

import (
	"context"
	"errors"
	"net"
	"os"

	"golang.org/x/net/proxy"
)

// socks makes the tunnel by SOCKS 5 (RFC 1928); the proxy resolves the name.
func (t *Transport) socks(ctx context.Context, addr string, record *Record) (net.Conn, error) {
	p := t.pool.proxy
	var auth *proxy.Auth
	if u := p.URL.User; u != nil {
		password, _ := u.Password()
		auth = &proxy.Auth{User: u.Username(), Password: password}
	}
	way := &forward{t: t, record: record}
	dialer, err := proxy.SOCKS5("tcp", p.URL.Host, auth, way)
	if err != nil {
		return nil, &ProxyError{Err: err}
	}
	conn, err := dialer.(proxy.ContextDialer).DialContext(ctx, "tcp", addr)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = context.DeadlineExceeded // it is ctx's, which may not know yet
	} else if err != nil && ctx.Err() == nil && record.Facts().Stage == StageProxy {
		refused, auth := way.reply.refusal()
		return nil, &ProxyError{Err: err, Refused: refused, Auth: auth}
	}
	return conn, err
}

// forward is the way to the SOCKS proxy itself.
type forward struct {
	t      *Transport
	record *Record
	reply  socksReply
}

func (f *forward) Dial(network, addr string) (net.Conn, error) {
	return f.DialContext(context.Background(), network, addr)
}

func (f *forward) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := f.t.pool.dialer.dial(ctx, network, addr, false)
	if err == nil {
		f.record.note(func(facts *Facts) { facts.Stage = StageProxy })
		conn = &socksConn{Conn: conn, reply: &f.reply}
	}
	return conn, err
}

// socksReply is what a SOCKS 5 proxy says first, for which x/net has only words:
// the method it chose, whether the credentials are right where it asked for them
// (RFC 1929), and how it answered the request.
type socksReply struct {
	said [6]byte
	have int
}

// Of RFC 1928 and 1929.
const (
	socksPassword   = 0x02
	socksNoMethod   = 0xff
	socksNotAllowed = 0x02
	socksNoCommand  = 0x07
	socksNoAddress  = 0x08
)

// refusal says whether the proxy has decided, which it does again for the same
// request, and whether it was the credentials that it did not like.
func (r *socksReply) refusal() (refused, auth bool) {
	said := r.said[:r.have]
	if len(said) < 2 || said[0] != 5 {
		return false, false
	}
	method, said := said[1], said[2:]
	if method == socksNoMethod {
		return true, true
	}
	if method == socksPassword && len(said) >= 2 {
		if said[1] != 0 {
			return true, true
		}
		said = said[2:]
	}
	if len(said) < 2 || said[0] != 5 {
		return false, false
	}
	switch said[1] {
	case socksNotAllowed, socksNoCommand, socksNoAddress:
		return true, false
	}
	return false, false
}

// socksConn keeps what comes first.
type socksConn struct {
	net.Conn
	reply *socksReply
}

func (c *socksConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.reply.have += copy(c.reply.said[c.reply.have:], p[:n])
	return n, err
}
