package mtlshttp

import (
	"context"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Stream is a bundle whose body is still to be read.
type Stream struct {
	// Response is the bundle without its data. FileSize, Timings and Trailers
	// are complete once Body has ended or is closed.
	Response *Response
	// Body is decoded, and bounded by Limits.Stream. Its errors are *Error.
	// Close ends a Read that is under way, and may be called again; a Read
	// after it is of kind closed. One that is never closed lets go of its
	// connection at the request's deadline, which covers the reading.
	Body io.ReadCloser
}

// Open is Do without the reading: it returns as soon as the header section is
// there. Parse means nothing to it and Output is a fault. A status that is an
// error by StatusErrors is read, and returned as one.
func (e *Executor) Open(ctx context.Context, r *Request) (*Stream, error) {
	return (&Session{Executor: e}).Open(ctx, r)
}

// Open is Executor.Open with the session's jar, platform identity and names.
func (s *Session) Open(ctx context.Context, r *Request) (*Stream, error) {
	p, perr := s.plan(ctx, r)
	if perr != nil {
		return nil, s.refused(ctx, r, perr)
	}
	if !r.Output.isZero() {
		p.call.end()
		return nil, fault(KindConfig, "output", "ambiguous", "a stream is read by whoever opened it")
	}
	p.call.linger()
	p.hold, p.progress = true, newReporter(r.Progress)
	begun := time.Now()
	b, err := p.do(&p.call)
	if err != nil {
		p.progress.end()
		p.call.end()
		return nil, err
	}
	body := &streamBody{plan: p, bundle: b, resp: p.held, begun: begun}
	if !hasNoContent(p.held) {
		if body.in, err = p.receive(b, p.held, p.limits.Stream); err != nil {
			e := p.streamError(&p.call, err)
			_ = body.Close()
			finish(b, e, begun)
			return nil, e
		}
	}
	return &Stream{b, body}, nil
}

// holds says whether a response is kept to be read by the caller.
func (p *plan) holds(resp *http.Response) bool {
	return p.hold && !(p.request.StatusErrors && resp.StatusCode >= 400)
}

// drop gives up a response that was held, before another try.
func (p *plan) drop() {
	if p.held != nil {
		_ = p.held.Body.Close()
		p.held = nil
	}
}

type streamBody struct {
	plan   *plan
	resp   *http.Response
	begun  time.Time
	closed atomic.Bool

	mu     sync.Mutex // held around each read
	in     *incoming  // nil: there is nothing to read
	bundle *Response
	err    error // that ended it
}

func (s *streamBody) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed.Load():
		return 0, streamClosed()
	case s.err != nil:
		return 0, s.err
	case s.in == nil:
		return 0, io.EOF
	}
	n, err := s.in.Read(p)
	s.bundle.FileSize = s.in.decoded.Decoded()
	switch {
	case err == nil:
		return n, nil
	case s.closed.Load():
		s.err = streamClosed()
	case err == io.EOF:
		s.err = err
	default:
		e := s.plan.streamError(&s.plan.call, err)
		finish(s.bundle, e, s.begun)
		s.err = e
	}
	s.end()
	return n, s.err
}

// Close ends the reading and gives the connection back.
func (s *streamBody) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	s.plan.call.cancel() // a read that is under way
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end()
	return nil
}

// end lets go of everything; the body needs no Close after its end.
func (s *streamBody) end() {
	if s.resp == nil {
		return
	}
	s.plan.progress.end()
	s.bundle.takeTrailers(s.resp)
	if s.in != nil {
		s.bundle.Timings.Transfer, s.bundle.Timings.Decode = s.in.wire.took, s.in.decode
		_ = s.in.decoded.Close()
	}
	_ = s.resp.Body.Close()
	s.plan.call.end()
	s.resp = nil
	if hops := s.bundle.Hops; len(hops) > 0 {
		arrived(&hops[len(hops)-1], s.bundle.Timings)
	}
	attempts := s.bundle.Attempts
	s.bundle.Timings = sumOf(s.bundle.Hops, s.begun)
	attempts[len(attempts)-1].Timings = s.bundle.Timings
}

func streamClosed() *Error {
	return &Error{Kind: KindClosed, Reason: "stream", Phase: phaseBody, Type: typeName(KindClosed, 0), Err: http.ErrBodyReadAfterClose}
}
