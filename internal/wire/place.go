package wire

import (
	"context"
	"errors"
	"net"
	"net/http"
)

// dialFunc is what http.Transport dials by.
type dialFunc func(ctx context.Context, network, addr string) (net.Conn, error)

// placed makes a dial wait for a place at its host, which the connection then
// has until it is closed. The wait ends with the exchange that began the dial,
// as soon as that has another connection, or with the pool; net/http would let
// it go on.
func (t *Transport) placed(dial dialFunc) dialFunc {
	if t.pool.dialer.Slots == nil {
		return dial
	}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		x := ExchangeOf(ctx)
		give := x.takePlace()
		if give == nil {
			waiting, cancel := context.WithCancel(x) // the request's end, which net/http keeps from its dials
			defer cancel()
			defer x.awaits(cancel)()
			var err error
			if give, err = t.waitForPlace(waiting, addr, func() {}); err != nil {
				return nil, err
			}
		}
		conn, err := dial(ctx, network, addr)
		if err != nil {
			give()
			return nil, err
		}
		rawConn(conn).hold(place{t, addr, give})
		return conn, nil
	}
}

// waitForPlace waits for a place at a host. Kept connections of other transports
// that no request uses give way. While it waits it calls look.
func (t *Transport) waitForPlace(ctx context.Context, addr string, look func()) (give func(), err error) {
	waiting, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(t.pool.ctx, func() { cancel(ErrClosed) })()
	give, err = t.pool.dialer.Slots.Take(waiting, addr, t, func() {
		for _, other := range t.pool.holders(addr, t) {
			other.http.CloseIdleConnections()
		}
		look()
	})
	if err != nil {
		return nil, &StageError{StageConnect, err}
	}
	return give, nil
}

// inTurn makes a request wait behind those of other transports that wait for a
// place at its host. Its own transport may have a connection for it, but one
// identity's requests would then hand that on among themselves for ever.
func (t *Transport) inTurn(x *Exchange, req *http.Request) error {
	slots := t.pool.dialer.Slots
	if slots == nil {
		return nil
	}
	port := req.URL.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[req.URL.Scheme]
	}
	addr := net.JoinHostPort(req.URL.Hostname(), port)
	if !slots.Wanted(addr, t) {
		return nil
	}
	x.queue()
	ctx, cancel := context.WithCancelCause(x)
	defer cancel(nil)
	give, err := t.waitForPlace(ctx, addr, func() {
		if !slots.Wanted(addr, t) {
			cancel(errNobodyWaits)
		}
	})
	if err != nil && !errors.Is(err, errNobodyWaits) {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return err
	}
	x.keepPlace(give)
	return nil
}

// errNobodyWaits ends a wait behind others, of whom there are none any more.
var errNobodyWaits = errors.New("nobody else waits for the host")

// place is what a connection has at its host.
type place struct {
	owner *Transport
	addr  string
	give  func()
}

// hold gives the connection its place, to be given back when it is closed.
func (c *Conn) hold(p place) {
	c.mu.Lock()
	c.place = p
	c.mu.Unlock()
	select {
	case <-c.gone: // closed in the same moment: Close may have seen none
		c.leavePlace()
	default:
	}
}

func (c *Conn) leavePlace() {
	c.mu.Lock()
	give := c.place.give
	c.place = place{}
	c.mu.Unlock()
	if give != nil {
		give()
	}
}

// holders are the transports beside one that have places at a host.
func (p *Pool) holders(addr string, beside *Transport) []*Transport {
	p.mu.Lock()
	defer p.mu.Unlock()
	found := map[*Transport]bool{}
	for c := range p.conns {
		c.mu.Lock()
		at := c.place
		c.mu.Unlock()
		if at.owner != nil && at.owner != beside && at.addr == addr {
			found[at.owner] = true
		}
	}
	list := make([]*Transport, 0, len(found))
	for t := range found {
		list = append(list, t)
	}
	return list
}
