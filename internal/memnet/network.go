package memnet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
)

const network = "memory"

// Addr is host:port, of a network in memory.
type Addr string

// Network is "memory".
func (a Addr) Network() string { return network }

func (a Addr) String() string { return string(a) }

// ErrInUse: something listens at the address.
var ErrInUse = errors.New("memnet: the address is in use")

// Network connects listeners with those who dial their addresses, which are
// text that is compared and never looked up. The zero value is ready. It is safe
// for concurrent use.
type Network struct {
	mu        sync.Mutex
	listeners map[Addr]*Listener
	dialed    int
}

// Listen listens at host:port. Its error is ErrInUse.
func (n *Network) Listen(address string) (*Listener, error) {
	l := &Listener{network: n, addr: Addr(address), arriving: make(chan *Conn), closed: make(chan struct{})}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.listeners == nil {
		n.listeners = make(map[Addr]*Listener)
	}
	if n.listeners[l.addr] != nil {
		return nil, fmt.Errorf("%w: %s", ErrInUse, address)
	}
	n.listeners[l.addr] = l
	return l, nil
}

// Dial connects to the listener at host:port. Where nothing listens the error
// is ECONNREFUSED. The network's name, "tcp" or other, makes no difference.
func (n *Network) Dial(ctx context.Context, _, address string) (net.Conn, error) {
	n.mu.Lock()
	l := n.listeners[Addr(address)]
	n.dialed++
	from := Addr(fmt.Sprintf("client:%d", n.dialed))
	n.mu.Unlock()
	refused := &net.OpError{Op: "dial", Net: network, Addr: Addr(address), Err: syscall.ECONNREFUSED}
	if l == nil {
		return nil, refused
	}
	near, far := Pipe(from, l.addr)
	select {
	case l.arriving <- far:
		return near, nil
	case <-l.closed:
		return nil, refused
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Listener is a net.Listener.
type Listener struct {
	network  *Network
	addr     Addr
	arriving chan *Conn
	closed   chan struct{}
	once     sync.Once
}

// Accept waits for a connection; net.ErrClosed after Close.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.arriving:
		return conn, nil
	case <-l.closed:
		return nil, &net.OpError{Op: "accept", Net: network, Addr: l.addr, Err: net.ErrClosed}
	}
}

// Close frees the address. Connections stay.
func (l *Listener) Close() error {
	l.once.Do(func() {
		close(l.closed)
		l.network.mu.Lock()
		defer l.network.mu.Unlock()
		delete(l.network.listeners, l.addr)
	})
	return nil
}

// Addr is the address.
func (l *Listener) Addr() net.Addr { return l.addr }
