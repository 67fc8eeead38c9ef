package wire

import (
	"context"
	"errors"
	"time"
)

// For a request whose HTTP/2 stream the server resets with PROTOCOL_ERROR or
// REFUSED_STREAM net/http makes one connection after another, without end. That is
// right where the server takes few streams at a time: others may get what was
// dialed, and a stream that goes out before the server's SETTINGS came is reset. So
// an exchange may dial some times at once, and then waits its turn before each
// further dial, twice as long as the time before. It gives up where nobody was
// answered on the connections that it lost, or after very many.
const (
	quickDials               = 5
	barrenLimit, resetLimit  = 14, 60
	firstPause, longestPause = 10 * time.Millisecond, 250 * time.Millisecond
)

// errTurn ends a dial that must wait for its turn. It is not in the dial that the
// wait is: meanwhile net/http would go on with what others have dialed.
var errTurn = errors.New("a dial has to wait for its turn")

// resets are those of one exchange.
type resets struct {
	turns uint8   // that it has waited for
	left  []*Conn // of HTTP/2, on which it was reset
}

// lost is what the exchange has lost so far. x.mu is held.
func (x *Exchange) lost() *resets {
	if x.resets == nil {
		x.resets = new(resets)
	}
	return x.resets
}

// dials notes a dial; errTurn: it must not be made yet.
func (x *Exchange) dials(r *Record) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	allowed := uint8(quickDials)
	if x.resets != nil {
		allowed += x.resets.turns
	}
	if x.dialed >= allowed {
		return errTurn
	}
	x.record = r
	x.dialed++
	return nil
}

// turn waits until the exchange may dial once more, or the pool is closed.
func (x *Exchange) turn(ctx context.Context, closed <-chan struct{}) error {
	x.mu.Lock()
	lost, barren := x.lost(), 0
	for _, conn := range lost.left {
		if !conn.answered.Load() {
			barren++
		}
	}
	spent := barren >= barrenLimit || len(lost.left) >= resetLimit || lost.turns >= resetLimit
	pause := min(firstPause<<min(lost.turns, 10), longestPause)
	lost.turns++
	x.mu.Unlock()
	if spent {
		return ErrTooManyDials
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-closed:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}
