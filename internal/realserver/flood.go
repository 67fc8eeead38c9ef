package realserver

import (
	"net"

	"github.com/mtlshttp/mtlshttp/internal/tlsrecord"
)

// floodMessages is how many messages a peer sends that floods.
const floodMessages = 10_000

// keyUpdates sends KeyUpdates without end (RFC 8446 section 4.6.3): each costs
// the client a derivation of keys.
func (x *exchange) keyUpdates() error {
	s, err := x.secrets.Sealer13(x.tls.ConnectionState().CipherSuite)
	if err != nil {
		return err
	}
	for range floodMessages {
		if _, err := x.conn.Write(s.Seal(tlsrecord.TypeHandshake, []byte{msgKeyUpdate, 0, 0, 1, 0})); err != nil {
			return err
		}
		if err := s.Update(); err != nil {
			return err
		}
	}
	return x.receive(-1)
}

// tickets sends session tickets without end (RFC 8446 section 4.6.1).
func (x *exchange) tickets() error {
	s, err := x.secrets.Sealer13(x.tls.ConnectionState().CipherSuite)
	if err != nil {
		return err
	}
	ticket := []byte{
		msgNewSessionTicket, 0, 0, 19, // type, length
		0, 0, 14, 16, 0, 0, 0, 0, // an hour, no offset of the age
		1, 0, // nonce
		0, 5, 't', 'i', 'c', 'k', 't',
		0, 0, // extensions
	}
	for range floodMessages {
		if _, err := x.conn.Write(s.Seal(tlsrecord.TypeHandshake, ticket)); err != nil {
			return err
		}
	}
	return x.receive(-1)
}

// renegotiate asks the client to begin a new handshake (RFC 5246 section
// 7.4.1.1). The server's Finished was its first protected record.
func (x *exchange) renegotiate() error {
	if err := x.receive(1); err != nil {
		return err
	}
	s, err := x.secrets.Sealer12(x.tls.ConnectionState().CipherSuite, x.hello.random)
	if err != nil {
		return err
	}
	s.Skip(1)
	if _, err := x.conn.Write(s.Seal(tlsrecord.TypeHandshake, tlsrecord.HelloRequest())); err != nil {
		return err
	}
	return x.receive(-1)
}

// helloConn keeps the random value of the server's hello, which is the first
// that it writes.
type helloConn struct {
	net.Conn
	random [32]byte
	seen   bool
}

func (c *helloConn) Write(b []byte) (int, error) {
	if !c.seen {
		c.random, c.seen = tlsrecord.ServerRandom(b)
	}
	return c.Conn.Write(b)
}
