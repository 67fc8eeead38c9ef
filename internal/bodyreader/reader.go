// Package bodyreader reads the readers that callers give for bodies, which may
// block, fail, panic, or not be as long as was said.
package bodyreader

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"
)

const (
	// maxIdleReads is how often a reader may yield nothing in a row.
	maxIdleReads = 100
	// chunkSize is what is read of a caller's reader at a time.
	chunkSize = 32 << 10
	// grace is how long the end of a request waits for a read of the
	// caller's reader that is under way. One that blocks keeps the one
	// goroutine that is in it.
	grace = 100 * time.Millisecond
)

// Error marks an error of the caller's own reader.
type Error struct{ Err error }

// Error says whose the fault is.
func (e *Error) Error() string { return "the request body's reader failed: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Reader reads a caller's reader in a goroutine of its own, so that a read
// that blocks holds up neither the request's deadline nor net/http, which
// waits for it over HTTP/1.1.
type Reader struct {
	outer   context.Context // the request's
	ctx     context.Context // which Close ends, too
	cancel  context.CancelFunc
	full    chan chunk
	empty   chan []byte
	done    chan struct{} // the goroutine has ended
	failure atomic.Pointer[Error]
	cut     atomic.Bool
	rest    chunk
}

type chunk struct {
	data []byte
	buf  []byte // that data is in
	err  error
}

// New begins to read rc, which the reader closes, until it ends or the context
// does.
func New(ctx context.Context, rc io.ReadCloser) *Reader {
	r := &Reader{outer: ctx, full: make(chan chunk), empty: make(chan []byte, 2), done: make(chan struct{})}
	r.ctx, r.cancel = context.WithCancel(ctx)
	r.empty <- make([]byte, chunkSize)
	r.empty <- make([]byte, chunkSize)
	go r.pump(rc)
	return r
}

func (r *Reader) pump(rc io.ReadCloser) {
	defer close(r.done)
	ended := false
	defer func() {
		if !ended {
			_ = shut(rc)
		}
	}()
	idle := 0
	for {
		var buf []byte
		select {
		case buf = <-r.empty:
		case <-r.ctx.Done():
			return
		}
		if r.ctx.Err() != nil { // both were ready: no read begins after the end
			return
		}
		n, err := readOnce(rc, buf)
		if n == 0 && err == nil {
			if idle++; idle < maxIdleReads && r.ctx.Err() == nil {
				r.empty <- buf
				continue
			}
			err = &Error{io.ErrNoProgress}
		}
		idle = 0
		if ended = err != nil; ended {
			// Before the end is handed on, so that no request is whole whose
			// reader fails to close.
			if failed := shut(rc); failed != nil && err == io.EOF {
				err = failed
			}
		}
		if failed, ok := err.(*Error); ok {
			r.failure.Store(failed)
		}
		select {
		case r.full <- chunk{buf[:n], buf, err}:
		case <-r.ctx.Done():
			return
		}
		if ended {
			return
		}
	}
}

// shut closes a reader; the error is its panic. What else it says of its end
// comes too late to matter.
func shut(rc io.Closer) (failed *Error) {
	defer func() {
		if recover() != nil {
			failed = &Error{ErrPanic}
		}
	}()
	_ = rc.Close()
	return nil
}

// ErrPanic is the cause where a reader panicked.
var ErrPanic = errors.New("it panicked")

// readOnce is one read whose panic and errors are the reader's.
func readOnce(r io.Reader, buf []byte) (n int, err error) {
	defer func() {
		if recover() != nil {
			n, err = 0, &Error{ErrPanic}
		}
	}()
	n, err = r.Read(buf)
	switch {
	case n < 0 || n > len(buf):
		return 0, &Error{errors.New("it returned an impossible count")}
	case err != nil && err != io.EOF:
		return n, &Error{err}
	}
	return n, err
}

// Read hands on what the goroutine has read.
func (r *Reader) Read(p []byte) (int, error) {
	for len(r.rest.data) == 0 {
		if r.rest.err != nil {
			return 0, r.rest.err
		}
		if r.rest.buf != nil {
			r.empty <- r.rest.buf
			r.rest.buf = nil
		}
		select {
		case r.rest = <-r.full:
		case <-r.ctx.Done():
			r.cut.Store(r.outer.Err() != nil)
			return 0, context.Cause(r.ctx)
		}
	}
	n := copy(p, r.rest.data)
	r.rest.data = r.rest.data[n:]
	return n, nil
}

// Ended says whether nobody is in the caller's reader any more.
func (r *Reader) Ended() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// Failure is what the caller's reader failed with; nil: it did not.
func (r *Reader) Failure() *Error { return r.failure.Load() }

// Cut is what the context ended with, where that was amid the body; nil: it was
// not. Whoever answers then answers to a part of it.
func (r *Reader) Cut() error {
	if !r.cut.Load() {
		return nil
	}
	return context.Cause(r.outer)
}

// Close ends the reading and waits a moment for it.
func (r *Reader) Close() error {
	r.cancel()
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-r.done:
	case <-timer.C:
	}
	return nil
}

// Stop ends the reading and waits until nobody is in the caller's reader any more,
// or the context ends, whose cause it returns.
func (r *Reader) Stop(ctx context.Context) error {
	r.cancel()
	select {
	case <-r.done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
