package wire

import (
	"context"
	"errors"
	"sync"
	"time"
)

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

// Pool holds a transport for each setting that was asked for; see shelf.
type Pool struct {
	dialer Dialer
	proxy  *Proxy
	ctx    context.Context // ends with Close, and every dial with it
	cancel context.CancelFunc

	mu     sync.Mutex
	closed bool
	shelf  shelf
	conns  map[*Conn]struct{}
	dials  int           // under way
	dialed chan struct{} // closed with the last of them, once the pool is; nil: nobody waits
	active sync.WaitGroup
}

// NewPool makes a pool whose connections are made by d, through proxy where it
// is not nil.
func NewPool(d Dialer, proxy *Proxy) *Pool {
	p := &Pool{dialer: d, proxy: proxy, shelf: newShelf(), conns: make(map[*Conn]struct{})}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p
}

// Transport returns the transport for a setting, made where there is none.
func (p *Pool) Transport(s *Setting) (*Transport, error) {
	return p.TransportOf(s.Key, func() *Setting { return s })
}

// TransportOf is Transport for the setting of a key, which is made only where
// there is no transport for it.
func (p *Pool) TransportOf(key Key, setting func() *Setting) (*Transport, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, ErrClosed
	}
	k := p.kept(key)
	if k.transport == nil {
		t, err := newTransport(p, setting(), k.sessions)
		if err != nil {
			return nil, err
		}
		t.kept, k.transport, k.sessions = k, t, t.sessions
	}
	p.warmed(k)
	return k.transport, nil
}

// Apart returns a transport for a setting that shares nothing with any other,
// and whose connection ends with its request.
func (p *Pool) Apart(s *Setting) (*Transport, error) {
	if p.Closed() {
		return nil, ErrClosed
	}
	t, err := newTransport(p, s, nil)
	if err == nil {
		t.http.DisableKeepAlives, t.sessions = true, nil
	}
	return t, err
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

// Abort ends every dial and every connection. It may be called more than once.
func (p *Pool) Abort() {
	p.mu.Lock()
	p.closed = true
	p.shelf.stop()
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
}

// patience is how long Close waits for dials that it has ended. A Dial hook that
// does not look at its context keeps the one goroutine that is in it.
const patience = 250 * time.Millisecond

// Close is Abort, and waits for the requests that used the connections to come
// back, which those do whose contexts have ended, and for the dials.
func (p *Pool) Close() {
	p.Abort()
	p.active.Wait()
	p.CloseIdle()
	if dialed := p.lastDial(); dialed != nil {
		timer := time.NewTimer(patience)
		defer timer.Stop()
		select {
		case <-dialed:
		case <-timer.C:
		}
	}
}

// lastDial is closed when no dial is under way any more; nil: none is.
func (p *Pool) lastDial() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dials > 0 && p.dialed == nil {
		p.dialed = make(chan struct{})
	}
	return p.dialed
}

// beginDial says whether a dial may begin, which none does once the pool is
// closed: net/http begins them in goroutines of its own.
func (p *Pool) beginDial() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.dials++
	return true
}

func (p *Pool) endDial() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dials--; p.dials == 0 && p.dialed != nil {
		close(p.dialed)
	}
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
	all := make([]*Transport, 0, p.shelf.warm.Len())
	for e := p.shelf.warm.Front(); e != nil; e = e.Next() {
		all = append(all, e.Value.(*kept).transport)
	}
	return all
}

// enter begins a request by a transport.
func (p *Pool) enter(t *Transport) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.active.Add(1)
	t.users++
	return true
}

func (p *Pool) leave(t *Transport) {
	p.mu.Lock()
	t.users--
	p.settle(t)
	p.mu.Unlock()
	p.active.Done()
}

// track counts a connection of a transport until it is closed.
func (p *Pool) track(t *Transport, c *Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.conns[c] = struct{}{}
	t.conns++
	c.onClose = func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.conns, c)
		t.conns--
		p.settle(t)
	}
	if t.kept != nil {
		p.warmed(t.kept)
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
