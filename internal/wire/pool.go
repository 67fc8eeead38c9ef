package wire

import (
	"container/list"
	"context"
	"errors"
	"sync"
	"time"
)

// transportLimit bounds the settings that a pool keeps; the one used longest
// ago gives way and its idle connections are closed.
const transportLimit = 10_000

var (
	// ErrClosed: the pool was closed.
	ErrClosed = errors.New("the executor is closed")
	// ErrNoExchange: a wrapper dropped the request's context.
	ErrNoExchange = errors.New("the request's context was replaced on its way to the transport")
	// ErrTooManyDials: the server took and dropped one connection after another.
	ErrTooManyDials = errors.New("the server dropped the request on one connection after another")
	// ErrNoHTTP2: the server did not agree to HTTP/2, which alone was offered.
	ErrNoHTTP2 = errors.New("the server did not agree to HTTP/2")
)

// Pool holds a transport for each setting that was asked for.
type Pool struct {
	dialer Dialer
	proxy  *Proxy
	ctx    context.Context // ends with Close, and every dial with it
	cancel context.CancelFunc

	mu     sync.Mutex
	closed bool
	byKey  map[Key]*list.Element
	recent *list.List // of *Transport, the newest first
	conns  map[*Conn]struct{}
	active sync.WaitGroup
}

// NewPool makes a pool whose connections are made by d, through proxy where it
// is not nil.
func NewPool(d Dialer, proxy *Proxy) *Pool {
	p := &Pool{dialer: d, proxy: proxy, byKey: make(map[Key]*list.Element), recent: list.New(), conns: make(map[*Conn]struct{})}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p
}

// Transport returns the transport for a setting, made where there is none.
func (p *Pool) Transport(s *Setting) (*Transport, error) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, ErrClosed
	}
	if e, ok := p.byKey[s.Key]; ok {
		p.recent.MoveToFront(e)
		p.mu.Unlock()
		return e.Value.(*Transport), nil
	}
	t, err := newTransport(p, s)
	if err != nil {
		p.mu.Unlock()
		return nil, err
	}
	p.byKey[s.Key] = p.recent.PushFront(t)
	var old *Transport
	if p.recent.Len() > transportLimit {
		e := p.recent.Back()
		old = p.recent.Remove(e).(*Transport)
		delete(p.byKey, old.setting.Key)
	}
	p.mu.Unlock()
	if old != nil {
		old.http.CloseIdleConnections()
	}
	return t, nil
}

// Connections counts the open ones.
func (p *Pool) Connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.conns)
}

// CloseIdle closes the connections that no request uses.
func (p *Pool) CloseIdle() {
	for _, t := range p.transports() {
		t.http.CloseIdleConnections()
	}
}

// Close ends every dial and every connection and waits for the requests that
// used them to come back. It may be called more than once.
func (p *Pool) Close() {
	p.mu.Lock()
	p.closed = true
	conns := make([]*Conn, 0, len(p.conns))
	for c := range p.conns {
		conns = append(conns, c)
	}
	p.mu.Unlock()
	p.cancel()
	for _, c := range conns {
		_ = c.Conn.Close() // the raw one: nothing is to be diagnosed any more
		_ = c.Close()
	}
	p.active.Wait()
	p.CloseIdle()
}

// Done is closed when Close is called.
func (p *Pool) Done() <-chan struct{} { return p.ctx.Done() }

// Closed says whether Close was called.
func (p *Pool) Closed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}

func (p *Pool) transports() []*Transport {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]*Transport, 0, p.recent.Len())
	for e := p.recent.Front(); e != nil; e = e.Next() {
		all = append(all, e.Value.(*Transport))
	}
	return all
}

func (p *Pool) enter() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.active.Add(1)
	return true
}

func (p *Pool) leave() { p.active.Done() }

func (p *Pool) track(c *Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.conns[c] = struct{}{}
	c.onClose = func() {
		p.mu.Lock()
		delete(p.conns, c)
		p.mu.Unlock()
	}
	return true
}

// dialContext gives a dial its own end: the request's deadline, the dialer's
// timeout, or the pool's Close.
func (p *Pool) dialContext(ctx context.Context) (context.Context, context.CancelFunc) {
	end := time.Now().Add(p.dialer.timeout())
	if x := ExchangeOf(ctx); x != nil {
		// net/http detaches a dial from its request.
		if deadline, ok := x.Deadline(); ok && deadline.Before(end) {
			end = deadline
		}
		ctx = x.dialing(ctx)
	}
	ctx, cancel := context.WithDeadline(ctx, end)
	stop := context.AfterFunc(p.ctx, cancel)
	return ctx, func() { stop(); cancel() }
}
