// Package memnet is a network inside the process: listeners and connections
// without sockets. What waits on it waits on channels made where it is used, so
// that inside a testing/synctest bubble it is durably blocked and the bubble's
// clock goes on.
package memnet

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// bufferLimit is how much one direction holds before a writer waits: without
// it two sides that write at once would wait for each other.
const bufferLimit = 64 << 10

// Conn is one end of a connection. Like a TCP connection it buffers, ends each
// direction by itself, and can be reset.
type Conn struct {
	local, remote Addr
	in, out       *stream
	once          sync.Once
}

// Pipe is a connection's two ends.
func Pipe(local, remote Addr) (*Conn, *Conn) {
	there, back := newStream(), newStream()
	return &Conn{local: local, remote: remote, in: back, out: there}, &Conn{local: remote, remote: local, in: there, out: back}
}

// Read reads what the other end wrote; io.EOF after it closed, ECONNRESET after
// it reset.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.in.read(p)
	return n, c.failed("read", err)
}

// Write writes, and waits while the other end leaves more than 64 KiB unread.
func (c *Conn) Write(p []byte) (int, error) {
	n, err := c.out.write(p)
	return n, c.failed("write", err)
}

// failed is an error as a net.Conn gives it.
func (c *Conn) failed(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return &net.OpError{Op: op, Net: network, Source: c.local, Addr: c.remote, Err: err}
}

// CloseWrite ends what is written; what the other end writes can still be read.
func (c *Conn) CloseWrite() error {
	c.out.end(io.EOF)
	return nil
}

// Close closes the connection. The other end reads what was written, then
// io.EOF, and can write no more.
func (c *Conn) Close() error { return c.close(io.EOF) }

// Reset closes the connection so that the other end gets ECONNRESET, whatever
// it has not read yet.
func (c *Conn) Reset() error { return c.close(syscall.ECONNRESET) }

func (c *Conn) close(why error) error {
	c.once.Do(func() {
		c.out.end(why)
		c.in.abandon(why)
	})
	return nil
}

// LocalAddr is this end's address.
func (c *Conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr is the other end's.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline sets both deadlines; the zero time: none.
func (c *Conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline ends reads that wait, and later ones, with
// os.ErrDeadlineExceeded.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.in.reading.set(c.in, t) }

// SetWriteDeadline does the same for writes.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.out.writing.set(c.out, t) }

// stream is one direction.
type stream struct {
	mu      sync.Mutex
	changed *sync.Cond
	buffer  []byte
	ended   error // the writer's end: io.EOF or ECONNRESET; nil: none
	gone    error // the reader's end
	reading deadline
	writing deadline
}

func newStream() *stream {
	s := new(stream)
	s.changed = sync.NewCond(&s.mu)
	return s
}

func (s *stream) read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.gone != nil:
			return 0, net.ErrClosed
		case s.reading.passed:
			return 0, os.ErrDeadlineExceeded
		case s.ended != nil && s.ended != io.EOF:
			return 0, s.ended
		case len(p) == 0:
			return 0, nil
		case len(s.buffer) > 0:
			n := copy(p, s.buffer)
			s.buffer = s.buffer[n:]
			s.changed.Broadcast()
			return n, nil
		case s.ended != nil:
			return 0, s.ended
		}
		s.changed.Wait()
	}
}

func (s *stream) write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for written := 0; ; {
		switch {
		case s.ended != nil:
			return written, net.ErrClosed
		case s.gone != nil && s.gone != io.EOF:
			return written, syscall.ECONNRESET
		case s.gone != nil:
			return written, syscall.EPIPE
		case s.writing.passed:
			return written, os.ErrDeadlineExceeded
		}
		if room := bufferLimit - len(s.buffer); room > 0 {
			n := min(room, len(p)-written)
			s.buffer = append(s.buffer, p[written:written+n]...)
			written += n
			s.changed.Broadcast()
		}
		if written == len(p) {
			return written, nil
		}
		s.changed.Wait()
	}
}

// end is the writer's end of it. A reset also ends what was ended before.
func (s *stream) end(why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended == nil || why != io.EOF {
		s.ended = why
	}
	s.writing.stop()
	s.changed.Broadcast()
}

// abandon is the reader's end of it.
func (s *stream) abandon(why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone, s.buffer = why, nil
	s.reading.stop()
	s.changed.Broadcast()
}

// deadline is a stream's, for one of its sides; the stream's lock guards it.
type deadline struct {
	passed bool
	timer  *time.Timer
	turn   int // counts the settings, so that a timer that was replaced is known
}

func (d *deadline) set(s *stream, t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	d.stop()
	d.turn++
	d.passed = false
	if !t.IsZero() {
		left := time.Until(t)
		if d.passed = left <= 0; !d.passed {
			turn := d.turn
			d.timer = time.AfterFunc(left, func() {
				s.mu.Lock()
				defer s.mu.Unlock()
				if d.turn == turn {
					d.passed = true
					s.changed.Broadcast()
				}
			})
		}
	}
	s.changed.Broadcast()
	return nil
}

func (d *deadline) stop() {
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
}
