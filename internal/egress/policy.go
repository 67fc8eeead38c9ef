package egress

import (
	"errors"
	"net/netip"
	"slices"

	"github.com/mtlshttp/mtlshttp/internal/target"
)

// Reason says which rule refused.
type Reason string

// The reasons. There is one for all addresses, since a finer one would tell
// about the inside of a network.
const (
	Host    Reason = "host"
	Port    Reason = "port"
	Address Reason = "address"
)

// Error is a refusal. It names neither the host nor the address.
type Error struct{ Reason Reason }

func (e *Error) Error() string { return "the egress policy does not allow this " + string(e.Reason) }

// Policy is a set of rules. What a deny list names is refused, whatever allows
// it; a metadata service is always. The zero value allows public addresses, on
// every port, under every name.
type Policy struct {
	AllowHosts, DenyHosts       []HostPattern // allow nil: every name
	AllowNetworks, DenyNetworks []netip.Prefix
	NetworksOnly                bool // AllowNetworks alone, not public addresses beside them
	AllowPorts, DenyPorts       []uint16
}

// metadataHosts are the names of the clouds' metadata services.
var metadataHosts = []string{"metadata.google.internal", "metadata.goog", "instance-data",
	"instance-data.ec2.internal", "metadata.tencentyun.com"}

// CheckHost looks at a host as target.Origin has it: a name in A-labels, without
// a trailing dot, or an address, which is looked at as such, too.
func (p *Policy) CheckHost(host, port string) error {
	if err := p.CheckName(host, port); err != nil {
		return err
	}
	n, ok := parsePort(port)
	if !ok || !p.allowsPort(n) {
		return &Error{Port}
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return p.CheckAddress(netip.AddrPortFrom(a, n))
	}
	return nil
}

// CheckName looks at the name of a host alone.
func (p *Policy) CheckName(host, port string) error {
	o := target.Origin{Scheme: patternScheme, Host: unmapped(host), Port: port}
	names := func(h HostPattern) bool { return h.pattern.Matches(o) }
	if host == "" || slices.Contains(metadataHosts, host) || slices.ContainsFunc(p.DenyHosts, names) ||
		p.AllowHosts != nil && !slices.ContainsFunc(p.AllowHosts, names) {
		return &Error{Host}
	}
	return nil
}

// CheckAddress looks at an address that is about to be connected to.
func (p *Policy) CheckAddress(ap netip.AddrPort) error {
	a := plain(ap.Addr())
	if !p.allowsAddress(a) || IsMetadata(a) {
		return &Error{Address}
	}
	if !p.allowsPort(ap.Port()) {
		return &Error{Port}
	}
	for _, v4 := range embedded(a) {
		if !p.allowsAddress(v4) {
			return &Error{Address}
		}
	}
	return nil
}

func (p *Policy) allowsAddress(a netip.Addr) bool {
	if !a.IsValid() || within(p.DenyNetworks, a) {
		return false
	}
	return within(p.AllowNetworks, a) || !p.NetworksOnly && isPublic(a)
}

func (p *Policy) allowsPort(n uint16) bool {
	return n != 0 && !slices.Contains(p.DenyPorts, n) && (p.AllowPorts == nil || slices.Contains(p.AllowPorts, n))
}

// Networks brings networks to the form that addresses are compared in: one of
// IPv4-mapped addresses is one of IPv4.
func Networks(networks []netip.Prefix) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, n := range networks {
		if !n.IsValid() {
			return nil, errNetwork
		}
		if n.Addr().Is4In6() && n.Bits() >= mappedBits {
			n = netip.PrefixFrom(n.Addr().Unmap(), n.Bits()-mappedBits)
		}
		out = append(out, n.Masked())
	}
	return out, nil
}

// mappedBits is the length of ::ffff:0:0/96.
const mappedBits = 96

var errNetwork = errors.New("not a network")
