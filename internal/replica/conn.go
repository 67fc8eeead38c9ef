package replica

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mtlshttp/mtlshttp/internal/tlsrecord"
)

// lingerTime is what a connection that was ended waits for the client to go:
// closing with unread bytes would reset it, and the client might lose what was
// said.
const lingerTime = time.Second

// errEnded stops crypto/tls after the server has had its say.
var errEnded = errors.New("replica: the server ended the connection")

// conn is a server's raw connection, below TLS, on which the replica can speak.
type conn struct {
	net.Conn
	replica *Replica
	secrets tlsrecord.Secrets

	started bool // the client's first bytes were read
	ended   atomic.Bool
	closing atomic.Bool
	once    sync.Once
	found   fault // what was wrong with the client; written in the handshake

	mu           sync.Mutex // guards what follows
	wrote        bool
	serverRandom [32]byte
	sealed       uint64 // records since the server changed to its keys, TLS 1.2
	changed      bool
}

// Read reads from the client, and answers one that speaks no TLS itself.
func (c *conn) Read(p []byte) (int, error) {
	if c.replica.config.Stall == StageHello {
		return 0, c.swallow()
	}
	n, err := c.Conn.Read(p)
	if n > 0 && !c.started {
		c.started = true
		if m := c.replica.manners; p[0] != tlsrecord.TypeHandshake && !m.native {
			if m.resets {
				c.reset()
			} else {
				_ = c.say(m.plain) // the client may be gone
			}
			return 0, io.EOF
		}
	}
	return n, err
}

// Write writes what crypto/tls says, unless the connection has ended.
func (c *conn) Write(p []byte) (int, error) {
	if c.ended.Load() {
		return len(p), nil
	}
	c.mu.Lock()
	if !c.wrote {
		c.serverRandom, c.wrote = tlsrecord.ServerRandom(p)
	}
	tlsrecord.Each(p, func(kind byte) {
		if c.changed {
			c.sealed++
		}
		c.changed = c.changed || kind == tlsrecord.TypeChangeCipherSpec
	})
	c.mu.Unlock()
	return c.Conn.Write(p)
}

// Close closes the connection. One that was ended lingers first, unless it is
// closed a second time.
func (c *conn) Close() error {
	if c.ended.Load() && c.closing.CompareAndSwap(false, true) {
		_ = c.Conn.SetReadDeadline(time.Now().Add(lingerTime))
		_, _ = io.Copy(io.Discard, c.Conn)
	}
	c.once.Do(c.replica.forget(c))
	return c.Conn.Close()
}

// say writes below TLS, and ends what the server writes.
func (c *conn) say(record []byte) error {
	if len(record) > 0 {
		if _, err := c.Conn.Write(record); err != nil {
			return err
		}
	}
	c.ended.Store(true)
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// alert ends the handshake under way, in which a client's certificate was read.
func (c *conn) alert(number uint8, state tls.ConnectionState) error {
	record := tlsrecord.Plain(tlsrecord.TypeAlert, tlsrecord.FatalAlert(number))
	if state.Version == tls.VersionTLS13 {
		sealer, err := c.secrets.Sealer13(state.CipherSuite)
		if err != nil {
			return err
		}
		record = sealer.Seal(tlsrecord.TypeAlert, tlsrecord.FatalAlert(number))
	}
	return c.say(record)
}

// reset ends the connection so that the client gets ECONNRESET.
func (c *conn) reset() {
	c.ended.Store(true)
	c.closing.Store(true) // there is nothing to linger for
	switch conn := c.Conn.(type) {
	case interface{ Reset() error }:
		_ = conn.Reset()
	case interface{ SetLinger(int) error }:
		_ = conn.SetLinger(0)
		_ = c.Conn.Close()
	default:
		_ = c.Conn.Close()
	}
}

// swallow takes what the client sends and says nothing, until it goes or the
// server closes.
func (c *conn) swallow() error {
	if _, err := io.Copy(io.Discard, c.Conn); err != nil {
		return err
	}
	return io.EOF
}

// askAnew asks for a new handshake of TLS 1.2, and waits for the client's
// answer. The connection is of no use after it.
func (c *conn) askAnew(t *tls.Conn) error {
	c.mu.Lock()
	random, sealed := c.serverRandom, c.sealed
	c.mu.Unlock()
	sealer, err := c.secrets.Sealer12(t.ConnectionState().CipherSuite, random)
	if err != nil {
		return err
	}
	sealer.Skip(sealed)
	if _, err := c.Conn.Write(sealer.Seal(tlsrecord.TypeHandshake, tlsrecord.HelloRequest())); err != nil {
		return err
	}
	_ = c.Conn.SetReadDeadline(time.Now().Add(lingerTime))
	_, err = t.Read(make([]byte, 1))
	return err
}

// listener makes a replica's connections of another's.
type listener struct {
	net.Listener
	replica *Replica
}

func (l *listener) Accept() (net.Conn, error) {
	raw, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return l.replica.remember(&conn{Conn: raw, replica: l.replica}), nil
}
