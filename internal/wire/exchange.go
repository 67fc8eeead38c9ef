package wire

import (
	"context"
	"crypto/tls"
	"net/http/httptrace"
	"sync"
	"time"
)

// Step is what an exchange is doing, in order.
type Step int

// The steps of one request on one connection.
const (
	StepWaiting Step = iota // for a connection
	StepLookup
	StepConnect
	StepProxy
	StepHandshake
	StepWriteHeaders
	StepWriteBody
	StepWait
	StepHeaders
	StepBody
)

// Exchange is one request on the wire: which connection it got and how far it
// came. It is the request's context, so that it travels through whatever wraps
// the transport and into the dial.
type Exchange struct {
	context.Context // that the request had before; set by whoever makes it

	// Confirm waits, on a new connection of TLS 1.3 whose server asked for a
	// certificate, for its verdict before the request goes out.
	Confirm bool
	// Bodied says that the request has a body, whose sending is a step.
	Bodied bool

	forwarded bool                   // a plain request that the proxy forwards
	transport *Transport             // nil until it has begun
	trace     httptrace.ClientTrace  // ours, with the caller's after it
	theirs    *httptrace.ClientTrace // the caller's

	mu      sync.Mutex
	step    Step
	record  *Record // of the last dial
	conn    *Conn
	before  int64 // raw bytes that the connection had received when we got it
	written int64 // and that had been written
	writes  int64 // in so many writes
	lookup  time.Time
	wrote   error
	times   Times
	reused  bool // the connection had served before
	waits   bool // for a connection
	queued  bool // for a place at its host
	sent    bool // the request was written whole
	early   bool // an answer came before a byte of it was written

	dialed uint8   // how often
	resets *resets // nil: none

	unwanted context.CancelFunc // ends a dial's wait for a place
	place    func()             // gives back one that no dial has taken yet
}

// Times are the moments of an exchange; a zero one did not happen.
type Times struct {
	Start, WroteRequest, FirstByte time.Time
}

type exchangeKey struct{}

// NewExchange prepares a request that is to go by t and returns the context
// that it must carry.
func NewExchange(ctx context.Context, t *Transport) (context.Context, *Exchange) {
	x := &Exchange{Context: ctx}
	x.Begin(t)
	return x, x
}

// Begin says by which transport the request goes.
func (x *Exchange) Begin(t *Transport) {
	x.transport, x.times.Start = t, time.Now()
	x.trace = httptrace.ClientTrace{
		GetConn:              x.getConn,
		GotConn:              x.gotConn,
		WroteRequest:         x.wroteRequest,
		GotFirstResponseByte: x.firstByte,
	}
	if x.Bodied {
		x.trace.WroteHeaders = x.wroteHeaders
	}
	if theirs := httptrace.ContextClientTrace(x.Context); theirs != nil {
		// The dial makes the handshake itself, so it also calls the hooks
		// for it; net/http must not call them again.
		x.theirs = theirs
		quiet := *theirs
		quiet.TLSHandshakeStart, quiet.TLSHandshakeDone = nil, nil
		x.Context = httptrace.WithClientTrace(untraced{x.Context}, &quiet)
		x.Context = httptrace.WithClientTrace(x.Context, &x.trace)
	}
}

// Value finds the exchange and its trace, which needs no context of its own.
func (x *Exchange) Value(key any) any {
	switch {
	case key == exchangeKey{}:
		return x
	case key == traceKey && x.transport != nil:
		return &x.trace
	}
	return x.Context.Value(key)
}

// traceKey is what a context is asked for its trace by. It has no name outside
// of httptrace, so it is asked for.
var traceKey = func() any {
	asked := new(asked)
	httptrace.ContextClientTrace(asked)
	return asked.key
}()

type asked struct {
	context.Context
	key any
}

func (a *asked) Value(key any) any {
	a.key = key
	return nil
}

// dialing traces a dial that the exchange began.
func (x *Exchange) dialing(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		DNSStart:     x.lookupStart,
		DNSDone:      x.lookupDone,
		ConnectStart: func(string, string) { x.at(StepConnect) },
	})
}

// ExchangeOf returns the exchange that a context carries, or nil.
func ExchangeOf(ctx context.Context) *Exchange {
	x, _ := ctx.Value(exchangeKey{}).(*Exchange)
	return x
}

// untraced hides the trace of the contexts above it.
type untraced struct{ context.Context }

func (c untraced) Value(key any) any {
	v := c.Context.Value(key)
	if _, is := v.(*httptrace.ClientTrace); is {
		return nil
	}
	return v
}

func (x *Exchange) at(s Step) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if s > x.step || x.conn == nil {
		x.step = s
	}
}

func (x *Exchange) lookupStart(httptrace.DNSStartInfo) {
	x.at(StepLookup)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.lookup = time.Now()
}

func (x *Exchange) lookupDone(httptrace.DNSDoneInfo) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if took := time.Since(x.lookup); x.record != nil {
		x.record.note(func(f *Facts) { f.Lookup += took })
	}
}

// getConn begins to wait for a connection, a kept one or that of a dial.
func (x *Exchange) getConn(string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.waits = true
}

// queue begins a wait for a place at the host.
func (x *Exchange) queue() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.queued = true
}

// keepPlace ends the wait: the place is for the dial, if there is to be one.
func (x *Exchange) keepPlace(give func()) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.queued, x.place = false, give
}

// takePlace is the place that was waited for already, or nil.
func (x *Exchange) takePlace() (give func()) {
	x.mu.Lock()
	defer x.mu.Unlock()
	give, x.place = x.place, nil
	return give
}

// leavePlace gives back a place that no dial took.
func (x *Exchange) leavePlace() {
	if give := x.takePlace(); give != nil {
		give()
	}
}

// awaits ends a dial's wait for its place as soon as the exchange has another
// connection; forget ends the watch.
func (x *Exchange) awaits(cancel context.CancelFunc) (forget func()) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.waits {
		cancel()
		return func() {}
	}
	x.queued, x.unwanted = true, cancel
	return func() {
		x.mu.Lock()
		defer x.mu.Unlock()
		x.queued, x.unwanted = x.Err() != nil, nil // what ended in the queue is told so
	}
}

func (x *Exchange) gotConn(info httptrace.GotConnInfo) {
	conn := rawConn(info.Conn)
	if info.Reused && conn != nil {
		conn.settle(x.Done())
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	// A second connection means that net/http found the first one stale, or that
	// the server reset the request.
	if x.conn != nil && x.conn.multiplexed {
		lost := x.lost()
		lost.left = append(lost.left, x.conn)
	}
	x.conn, x.reused, x.step = conn, info.Reused, StepWriteHeaders
	x.sent, x.wrote, x.early, x.waits = false, nil, false, false
	if x.unwanted != nil {
		x.unwanted()
	}
	if x.conn != nil {
		x.before, x.written, x.writes = x.conn.received.Load(), x.conn.written.Load(), x.conn.writes.Load()
	}
}

func (x *Exchange) wroteHeaders() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.step = max(x.step, StepWriteBody)
}

func (x *Exchange) wroteRequest(info httptrace.WroteRequestInfo) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.times.WroteRequest = time.Now()
	x.wrote, x.sent = info.Err, info.Err == nil
	if info.Err == nil {
		x.step = max(x.step, StepWait)
	}
}

func (x *Exchange) firstByte() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.times.FirstByte = time.Now()
	x.step = StepHeaders
	if x.conn != nil {
		x.early = x.reused && !x.conn.multiplexed && x.conn.writes.Load() == x.writes
		x.conn.Answered()
	}
}

func (x *Exchange) handshakeStart() {
	x.at(StepHandshake)
	if x.theirs != nil && x.theirs.TLSHandshakeStart != nil {
		x.theirs.TLSHandshakeStart()
	}
}

func (x *Exchange) handshakeDone(s tls.ConnectionState, err error) {
	if x.theirs != nil && x.theirs.TLSHandshakeDone != nil {
		x.theirs.TLSHandshakeDone(s, err)
	}
}

// Ended says whether the connection of the answer was read to its raw end.
// crypto/tls takes that for an end like any other; but a peer that closes in
// order says so before (RFC 8446, section 6.1), and what it says is read first.
func (x *Exchange) Ended() bool {
	if x == nil {
		return false
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.conn != nil && x.conn.ended.Load()
}

// Progress is how far an exchange has come.
type Progress struct {
	Step    Step
	Record  *Record // of the connection it got, else of the one it dialed; may be nil
	HasConn bool
	Reused  bool
	Sent    bool  // the request was written whole
	Wrote   error // what ended the writing
	Unsent  bool  // not a byte of it went out, nor will
	Queued  bool  // it ended while it waited for a place at the host
	// Received are the raw bytes that the connection got since it was ours:
	// over HTTP/1.1 the answer with TLS around it, over HTTP/2 those of
	// every stream.
	Received int64
	Allowed  []*Identity
	Times    Times
}

// Progress returns how far it has come by now.
func (x *Exchange) Progress() Progress {
	x.mu.Lock()
	defer x.mu.Unlock()
	p := Progress{Step: x.step, Record: x.record, Reused: x.reused, Sent: x.sent, Wrote: x.wrote, Times: x.times, Allowed: x.transport.setting.Identities}
	p.Unsent, p.Queued = true, x.queued && x.conn == nil
	if x.conn != nil {
		p.Record, p.HasConn, p.Received = x.conn.record, true, x.conn.received.Load()-x.before
		p.Unsent = x.conn.written.Load() == x.written && x.conn.record.Facts().WriteErr != nil
	}
	return p
}
