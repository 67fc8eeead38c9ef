package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"os"
	"time"
)

// Handshake makes a connection, sends no byte of HTTP over it, and waits for
// at most the given time for a refusal: in TLS 1.3 it comes after a handshake
// that has succeeded. Confirmed says that the server has taken our last flight:
// in TLS 1.2 by ending the handshake, in TLS 1.3 by a session ticket or data.
// The exchange must be the context's, and the connection is closed.
func (t *Transport) Handshake(ctx context.Context, addr string, wait time.Duration) (confirmed bool, err error) {
	if !t.pool.enter(t) {
		return false, ErrClosed
	}
	defer t.pool.leave(t)
	conn, err := t.dialTLS(ctx, "tcp", addr)
	if err != nil {
		return false, err
	}
	defer conn.Close()
	c := conn.(*tls.Conn)
	stop := context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	if err := conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return false, err
	}
	n, err := conn.Read(make([]byte, 1))
	switch {
	case n > 0:
		return true, nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		ticket := rawConn(conn).record.ticket()
		return ticket || c.ConnectionState().Version < tls.VersionTLS13, ctx.Err()
	}
	return false, err
}
