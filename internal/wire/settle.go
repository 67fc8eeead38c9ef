package wire

import (
	"errors"
	"runtime"
	"time"
)

const (
	// settleSpins is how often the reader of a kept connection is looked for
	// before there is a pause between the looks.
	settleSpins = 200
	settlePause = 20 * time.Microsecond
	// settleTime bounds the wait; a connection whose reader does not come is
	// closed. On a machine under load it may be long in coming, and what is
	// closed costs a handshake, or a request whose body cannot be sent again.
	settleTime = 5 * time.Second
)

// errUnasked: an answer came on a kept connection before a byte of its request
// had gone out.
var errUnasked = errors.New("an answer came before its request")

// settle waits until nothing of an earlier answer is left on a kept connection
// of HTTP/1.1, or it is closed. net/http gives a connection back before it looks
// whether the server sent more than one answer; a request that is quick enough
// would be given the surplus for its own (RFC 9112, section 9.2). Its reader
// waits for the peer only when it has nothing left, and has closed the
// connection otherwise. Hardly ever is there anything to wait for. A request that
// is given up meanwhile goes no further by itself.
func (c *Conn) settle(gaveUp <-chan struct{}) {
	if c.multiplexed {
		return
	}
	var until time.Time
	for spins := 0; !c.waiting.Load(); spins++ {
		select {
		case <-c.gone:
			return
		case <-gaveUp:
			return
		default:
		}
		if spins < settleSpins {
			runtime.Gosched()
			continue
		}
		if until.IsZero() {
			until = time.Now().Add(settleTime)
		}
		if time.Now().After(until) {
			_ = c.Close()
			return
		}
		time.Sleep(settlePause)
	}
}

// unasked says whether an answer came over HTTP/1.1 before a byte of the request
// went out, and if so closes the connection, so that none will.
func (x *Exchange) unasked() bool {
	x.mu.Lock()
	conn, early := x.conn, x.early
	x.mu.Unlock()
	if !early {
		return false
	}
	conn.record.writeFailed(errUnasked)
	_ = conn.Close()
	return true
}
