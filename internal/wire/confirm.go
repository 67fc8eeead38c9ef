package wire

import (
	"crypto/tls"
	"errors"
	"io"
	"os"
	"time"
)

const (
	// confirmLeast and confirmMost bound the wait for a server's verdict: a
	// round trip is enough for one that sends any.
	confirmLeast = 20 * time.Millisecond
	confirmMost  = 500 * time.Millisecond
)

// confirm waits, before a request is sent, for the server to show what it makes
// of our certificate. In TLS 1.3 it does so after the handshake: by a ticket or
// data where it takes it, by an alert where it does not. The wait ends with the
// first record; a server that sends none has shown nothing, and the request
// goes out.
func (t *Transport) confirm(record *Record, handshake time.Duration) error {
	state := record.tls.ConnectionState()
	if state.Version < tls.VersionTLS13 || state.DidResume || !record.Facts().Requested {
		return nil // it has shown it, or has none
	}
	wait := min(max(2*handshake, confirmLeast), confirmMost)
	alert, err := record.raw.peekAlert(wait)
	if !alert || err != nil {
		return err
	}
	// What looks like an alert is read as one: HTTP/2 begins with more, and an
	// HTTP/1.1 server does not speak first.
	_, err = record.tls.Read(make([]byte, 1))
	if err == nil {
		err = ErrSpokeFirst
	}
	return err
}

// ErrSpokeFirst: on a new connection the server did not wait for a request.
var ErrSpokeFirst = errors.New("the server sent data before a request")

// peekAlert waits for the next record without taking it, and says whether it is
// as long as an alert.
func (c *Conn) peekAlert(wait time.Duration) (alert bool, err error) {
	if err := c.Conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return false, err
	}
	c.reading.Lock()
	defer c.reading.Unlock()
	buf := make([]byte, 4096)
	n, err := io.ReadAtLeast(c.Conn, buf, recordHeader)
	if n > 0 {
		c.record.received(buf[:n])
		c.mu.Lock()
		c.rest = append(c.rest, buf[:n]...)
		c.mu.Unlock()
	}
	if reset := c.Conn.SetReadDeadline(time.Time{}); reset != nil && err == nil {
		err = reset
	}
	switch {
	case n >= recordHeader:
		return int(buf[3])<<8|int(buf[4]) == protectedAlert, nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return false, nil
	}
	c.record.readFailed(err)
	return false, err
}
