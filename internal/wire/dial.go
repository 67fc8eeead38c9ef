package wire

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"

	"github.com/mtlshttp/mtlshttp/internal/load"
)

// DialTimeout bounds a dial and its handshake where the request leaves more.
const DialTimeout = 30 * time.Second

// Dialer makes the raw connections of a pool.
type Dialer struct {
	// Dial makes a connection to host:port; nil: a net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Guard refuses an address just before it is connected to; with Dial
	// set, just after, before a byte is sent. What a proxy is to connect to
	// is looked up and asked about before the proxy is. Nil: none.
	Guard func(netip.AddrPort) error
	// Timeout bounds a dial and its handshake; zero: DialTimeout.
	Timeout time.Duration
	// Slots bounds the connections to one host and port; nil: no bound. The
	// wait for one is no part of Timeout.
	Slots *load.Slots
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
		remote := ""
		if a := conn.RemoteAddr(); a != nil {
			remote = a.String()
		}
		if err := d.check(remote); err != nil {
			_ = conn.Close()
			return nil, err
		}
	}
	return conn, nil
}

// check asks about an address; the guard sees what is none as the zero AddrPort.
func (d *Dialer) check(address string) error {
	ap, parseErr := netip.ParseAddrPort(address)
	if err := d.Guard(netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())); err != nil {
		return err
	}
	if parseErr != nil {
		return errUnknownAddress
	}
	return nil
}

// vet asks about every address of a host that somebody else will connect to.
func (d *Dialer) vet(ctx context.Context, host, port string) error {
	if d.Guard == nil {
		return nil
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return d.check(net.JoinHostPort(host, port))
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return &StageError{StageLookup, err}
	}
	for _, a := range addrs {
		if err := d.check(net.JoinHostPort(a.String(), port)); err != nil {
			return err
		}
	}
	return nil
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
