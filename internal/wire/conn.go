package wire

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// drainTime bounds how long a close waits for bytes that the peer sent
	// before it went; what is to be had is in the kernel's buffer already.
	drainTime = 5 * time.Millisecond
	// drainLimit bounds what is kept of them: an alert is a few bytes.
	drainLimit = 64 << 10
	// sampleLimit is how much of the peer's first words is kept.
	sampleLimit = 64
)

// Conn is a raw connection that notes what passes over it and, when it is
// closed before any answer came, keeps the peer's last words. In TLS 1.3 the
// refusal of a client certificate is such a last word: it arrives after the
// handshake, often while the request is being written, and an ordinary close
// would throw it away.
type Conn struct {
	net.Conn
	record *Record

	multiplexed bool // HTTP/2 was agreed

	answered atomic.Bool  // an HTTP response arrived: nothing more to note
	ended    atomic.Bool  // after that, the peer closed the connection
	waiting  atomic.Bool  // a read waits for the peer
	received atomic.Int64 // raw bytes, answered or not
	written  atomic.Int64 // the same, to the peer
	writes   atomic.Int64 // that have begun
	gone     chan struct{}
	close    sync.Once
	closeErr error
	onClose  func()

	reading turn       // held around each raw read
	mu      sync.Mutex // guards rest and place
	rest    []byte     // received and not yet handed on
	place   place
}

func newConn(raw net.Conn, record *Record) *Conn {
	return &Conn{Conn: raw, record: record, gone: make(chan struct{}), reading: make(turn, 1)}
}

// turn is a lock whose holder may wait for the peer. To a testing/synctest
// bubble who waits for a mutex is not waiting: its clock would stand still, and
// with it the deadline by which the holder comes back.
type turn chan struct{}

func (t turn) Lock()   { t <- struct{}{} }
func (t turn) Unlock() { <-t }

// Read reads what was kept, from a look ahead or at a close, else from the peer.
func (c *Conn) Read(p []byte) (int, error) {
	if c.answered.Load() {
		n, err := c.await(p)
		if err == io.EOF {
			c.ended.Store(true)
		}
		return n, err
	}
	if n := c.takeRest(p); n > 0 {
		return n, nil
	}
	c.reading.Lock()
	n, err := c.await(p)
	c.reading.Unlock()
	if n > 0 {
		c.record.received(p[:n])
		return n, err
	}
	if err != nil {
		if n := c.takeRest(p); n > 0 {
			return n, nil
		}
		if !errors.Is(err, net.ErrClosed) && !errors.Is(err, os.ErrDeadlineExceeded) {
			c.record.readFailed(err)
		}
	}
	return n, err
}

// await reads from the peer.
func (c *Conn) await(p []byte) (int, error) {
	c.waiting.Store(true)
	n, err := c.Conn.Read(p)
	c.received.Add(int64(n))
	c.waiting.Store(false)
	return n, err
}

// Write writes to the peer and notes the first failure.
func (c *Conn) Write(p []byte) (int, error) {
	c.writes.Add(1)
	n, err := c.Conn.Write(p)
	c.written.Add(int64(n))
	if n > 0 && !c.answered.Load() {
		c.record.sent(n)
	}
	if err != nil && !errors.Is(err, net.ErrClosed) {
		c.record.writeFailed(err)
	}
	return n, err
}

// Close closes the connection; without an answer so far it first keeps what
// the peer has sent and nobody has read.
func (c *Conn) Close() error {
	c.close.Do(func() {
		if !c.answered.Load() {
			c.record.closing()
			c.drain()
		}
		c.closeErr = c.Conn.Close()
		close(c.gone)
		c.leavePlace()
		if c.onClose != nil {
			c.onClose()
		}
	})
	return c.closeErr
}

// Answered tells that an HTTP response has begun: from here on the connection
// is healthy and costs nothing.
func (c *Conn) Answered() { c.answered.Store(true) }

func (c *Conn) drain() {
	// The deadline also ends a read that is under way, without an error that
	// crypto/tls would remember.
	if c.Conn.SetReadDeadline(time.Now().Add(drainTime)) != nil {
		return
	}
	c.reading.Lock()
	defer c.reading.Unlock()
	var kept []byte
	buf := make([]byte, 4096)
	for len(kept) < drainLimit {
		n, err := c.Conn.Read(buf)
		if n > 0 {
			c.record.received(buf[:n])
			kept = append(kept, buf[:n]...)
		}
		if err != nil {
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				c.record.readFailed(err)
			}
			break
		}
	}
	c.mu.Lock()
	c.rest = append(c.rest, kept...)
	c.mu.Unlock()
}

func (c *Conn) takeRest(p []byte) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n
}

// rawConn finds our connection under the one that net/http reports.
func rawConn(conn net.Conn) *Conn {
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn()
	}
	raw, _ := conn.(*Conn)
	return raw
}
