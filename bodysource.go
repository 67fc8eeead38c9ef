package mtlshttp

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

const (
	// maxIdleReads is how often a reader may yield nothing in a row.
	maxIdleReads = 100
	// sourceChunk is what is read of a caller's reader at a time.
	sourceChunk = 32 << 10
	// sourceGrace is how long the end of a request waits for a read of the
	// caller's reader that is under way. One that blocks keeps the one
	// goroutine that is in it.
	sourceGrace = 100 * time.Millisecond
)

// attach puts the payload into a request of net/http.
func (p *payload) attach(ctx context.Context, req *http.Request) error {
	if p == nil {
		return nil
	}
	given := req.Header.Get("Content-Type")
	if p.contentType != "" && (given == "" || p.fixed && !strings.HasPrefix(given, p.contentType)) {
		req.Header.Set("Content-Type", p.contentType)
	}
	req.ContentLength = p.length
	if p.length == 0 {
		req.Body = http.NoBody
		return nil
	}
	open := p.open
	if p.foreign {
		open = func() (io.ReadCloser, error) { return p.guarded(ctx) }
	}
	var err error
	// GetBody is set even where it will fail: without it net/http would hand
	// back a 307 as if it had not been one.
	req.Body, err = open()
	req.GetBody = open
	return err
}

// guarded opens a foreign body behind a source.
func (p *payload) guarded(ctx context.Context) (io.ReadCloser, error) {
	rc, err := p.open()
	if err != nil {
		return nil, err
	}
	s := newSource(ctx, rc)
	p.mu.Lock()
	p.sources = append(p.sources, s)
	p.mu.Unlock()
	return s, nil
}

// release ends every read of a foreign body, and says whether the body can be
// sent once more: it can be opened again, and nobody is in its reader.
func (p *payload) release() (again bool) {
	if p == nil {
		return true
	}
	p.mu.Lock()
	sources := p.sources
	p.sources = nil
	p.mu.Unlock()
	again = p.replayable
	for _, s := range sources {
		_ = s.Close()
		again = again && s.ended()
	}
	return again
}

// failed is what a foreign body's reader failed with, nil if it did not. A
// server that answers what it had of the body can be faster than the news of
// the failure on its way through net/http.
func (p *payload) failed() error {
	if p == nil || !p.foreign {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.sources {
		if err := s.fault.Load(); err != nil {
			return err
		}
	}
	return nil
}

// sourceError marks an error of the caller's own reader.
type sourceError struct{ err error }

func (e *sourceError) Error() string { return "the request body's reader failed: " + e.err.Error() }
func (e *sourceError) Unwrap() error { return e.err }

// source reads a caller's reader in a goroutine of its own, so that a read
// that blocks holds up neither the request's deadline nor net/http, which
// waits for it over HTTP/1.1.
type source struct {
	ctx    context.Context
	cancel context.CancelFunc
	full   chan chunk
	empty  chan []byte
	done   chan struct{} // the goroutine has ended
	fault  atomic.Pointer[sourceError]
	rest   chunk
}

type chunk struct {
	data []byte
	buf  []byte // that data is in
	err  error
}

func newSource(ctx context.Context, rc io.ReadCloser) *source {
	s := &source{full: make(chan chunk), empty: make(chan []byte, 2), done: make(chan struct{})}
	s.ctx, s.cancel = context.WithCancel(ctx)
	s.empty <- make([]byte, sourceChunk)
	s.empty <- make([]byte, sourceChunk)
	go s.pump(rc)
	return s
}

func (s *source) pump(rc io.ReadCloser) {
	defer close(s.done)
	defer rc.Close()
	idle := 0
	for {
		var buf []byte
		select {
		case buf = <-s.empty:
		case <-s.ctx.Done():
			return
		}
		if s.ctx.Err() != nil { // both were ready: no read begins after the end
			return
		}
		n, err := readOnce(rc, buf)
		if n == 0 && err == nil {
			if idle++; idle < maxIdleReads && s.ctx.Err() == nil {
				s.empty <- buf
				continue
			}
			err = &sourceError{io.ErrNoProgress}
		}
		idle = 0
		if fault, ok := err.(*sourceError); ok {
			s.fault.Store(fault)
		}
		select {
		case s.full <- chunk{buf[:n], buf, err}:
		case <-s.ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

var errPanic = errors.New("it panicked")

// readOnce is one read whose panic and errors are the source's.
func readOnce(r io.Reader, buf []byte) (n int, err error) {
	defer func() {
		if recover() != nil {
			n, err = 0, &sourceError{errPanic}
		}
	}()
	n, err = r.Read(buf)
	switch {
	case n < 0 || n > len(buf):
		return 0, &sourceError{errors.New("it returned an impossible count")}
	case err != nil && err != io.EOF:
		return n, &sourceError{err}
	}
	return n, err
}

// Read hands on what the goroutine has read.
func (s *source) Read(p []byte) (int, error) {
	for len(s.rest.data) == 0 {
		if s.rest.err != nil {
			return 0, s.rest.err
		}
		if s.rest.buf != nil {
			s.empty <- s.rest.buf
			s.rest.buf = nil
		}
		select {
		case s.rest = <-s.full:
		case <-s.ctx.Done():
			return 0, context.Cause(s.ctx)
		}
	}
	n := copy(p, s.rest.data)
	s.rest.data = s.rest.data[n:]
	return n, nil
}

func (s *source) ended() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// Close ends the reading and waits a moment for it.
func (s *source) Close() error {
	s.cancel()
	timer := time.NewTimer(sourceGrace)
	defer timer.Stop()
	select {
	case <-s.done:
	case <-timer.C:
	}
	return nil
}
