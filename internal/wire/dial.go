package wire

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// DialTimeout bounds a dial and its handshake where the request leaves more.
const DialTimeout = 30 * time.Second

// Dialer makes the raw connections of a pool.
type Dialer struct {
	// Dial makes a connection to host:port; nil: a net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Guard refuses an address just before it is connected to; with Dial
	// set, just after, before a byte is sent. Nil: none.
	Guard func(netip.AddrPort) error
	// Timeout bounds a dial and its handshake; zero: DialTimeout.
	Timeout time.Duration
}

// errUnknownAddress: a Dial hook connected to something that has no IP
// address, so the guard cannot judge it.
var errUnknownAddress = errors.New("the connection has no IP address that could be checked")

// dial makes a connection; guarded says whether the guard is asked, which it is
// not about the proxy that the executor was given.
func (d *Dialer) dial(ctx context.Context, network, addr string, guarded bool) (net.Conn, error) {
	guarded = guarded && d.Guard != nil
	if d.Dial == nil {
		n := net.Dialer{}
		if guarded {
			n.ControlContext = func(_ context.Context, _, address string, _ syscall.RawConn) error {
				return d.check(address)
			}
		}
		return n.DialContext(ctx, network, addr)
	}
	conn, err := d.Dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	if guarded {
		if err := d.check(conn.RemoteAddr().String()); err != nil {
			_ = conn.Close()
			return nil, err
		}
	}
	return conn, nil
}

func (d *Dialer) check(address string) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return errUnknownAddress
	}
	return d.Guard(netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port()))
}

func (d *Dialer) timeout() time.Duration {
	if d.Timeout > 0 {
		return d.Timeout
	}
	return DialTimeout
}

func stageOf(err error, f Facts) Stage {
	var refused *ProxyError
	if f.Stage == StageProxy || errors.As(err, &refused) {
		return StageProxy
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return StageLookup
	}
	return StageConnect
}
