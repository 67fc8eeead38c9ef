package mtlshttp

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"

	"github.com/mtlshttp/mtlshttp/internal/egress"
	"github.com/mtlshttp/mtlshttp/internal/target"
)

// EgressPolicy says what an executor may connect to. The zero value allows the
// addresses of the public Internet, on every port and under every name.
//
// It is the address really dialed that is judged, at every dial: whatever a name
// resolves to the next time, however an address is spelled, and also where it
// is embedded in one of IPv6 (mapped, NAT64, 6to4, Teredo, ISATAP). A deny list
// is stronger than an allow list, and nothing allows the addresses and names of
// the clouds' metadata services. Names and addresses have to be allowed both.
//
// What is refused is an error of kind egress, before a byte is sent. Its reason
// is host, port or address. With an Executor.Dial hook the address of a name is
// judged when the hook has connected. The proxy's own address is not judged;
// what it is to connect to is, by looking the name up beforehand. Since the
// proxy looks it up again by itself, one that strangers' requests go through
// needs a guard of its own.
type EgressPolicy struct {
	// AllowHosts are the only hosts that may be named, in the URL and in a
	// Host header; nil: every one. A host is a name, *.suffix for the names
	// below it, or an address, each on every port or with one.
	AllowHosts []string
	DenyHosts  []string
	// AllowNetworks may be connected to beside the public Internet, such as
	// 10.1.0.0/16; 0.0.0.0/0 and ::/0 are everything but metadata services.
	AllowNetworks []netip.Prefix
	DenyNetworks  []netip.Prefix
	// NetworksOnly keeps to AllowNetworks.
	NetworksOnly bool
	// AllowPorts are the only ports; nil: every one.
	AllowPorts []uint16
	DenyPorts  []uint16
	// Explain names refused addresses in errors. Those who see the errors
	// learn from them what names resolve to inside.
	Explain bool
}

// PublicOnly allows the addresses of the public Internet.
func PublicOnly() *EgressPolicy { return new(EgressPolicy) }

// egressGuard is a policy made ready; nil allows everything.
type egressGuard struct {
	policy  egress.Policy
	explain bool
}

func (p *EgressPolicy) prepare() (*egressGuard, *Error) {
	if p == nil {
		return nil, nil
	}
	g := &egressGuard{explain: p.Explain, policy: egress.Policy{
		NetworksOnly: p.NetworksOnly, AllowPorts: p.AllowPorts, DenyPorts: p.DenyPorts}}
	var hostErrs, networkErrs [2]error
	g.policy.AllowHosts, hostErrs[0] = hostPatterns(p.AllowHosts)
	g.policy.DenyHosts, hostErrs[1] = hostPatterns(p.DenyHosts)
	g.policy.AllowNetworks, networkErrs[0] = egress.Networks(p.AllowNetworks)
	g.policy.DenyNetworks, networkErrs[1] = egress.Networks(p.DenyNetworks)
	if errors.Join(hostErrs[:]...) != nil {
		return nil, fault(KindConfig, "egress", "host", "a host of the policy is no name, *.suffix or address")
	}
	if errors.Join(networkErrs[:]...) != nil {
		return nil, fault(KindConfig, "egress", "network", "a network of the policy is not valid")
	}
	return g, nil
}

// hostPatterns keeps nil apart from empty.
func hostPatterns(texts []string) (patterns []egress.HostPattern, err error) {
	if texts != nil {
		patterns = []egress.HostPattern{}
	}
	for _, text := range texts {
		pattern, err := egress.ParseHostPattern(text)
		if err != nil {
			return nil, err
		}
		patterns = append(patterns, pattern)
	}
	return patterns, nil
}

// admit looks at what a request names, before anything is looked up.
func (g *egressGuard) admit(req *http.Request) error {
	if g == nil {
		return nil
	}
	if err := g.admitHost(req.URL.Scheme, req.URL.Host); err != nil {
		return err
	}
	if req.Host == "" || req.Host == req.URL.Host {
		return nil
	}
	o := target.OriginOf(&url.URL{Scheme: req.URL.Scheme, Host: req.Host})
	if o.Port == "" { // servers read more into a Host header than we do
		return egressError(&egress.Error{Reason: egress.Host})
	}
	if err := g.policy.CheckName(o.Host, o.Port); err != nil {
		return egressError(err)
	}
	return nil
}

func (g *egressGuard) admitHost(scheme, hostPort string) error {
	if g == nil {
		return nil
	}
	o := target.OriginOf(&url.URL{Scheme: scheme, Host: hostPort})
	if o.Port == "" { // the host could not be read
		return egressError(&egress.Error{Reason: egress.Host})
	}
	if err := g.policy.CheckHost(o.Host, o.Port); err != nil {
		return egressError(err)
	}
	return nil
}

// dialed is the guard of the addresses that are dialed; nil: none.
func (g *egressGuard) dialed() func(netip.AddrPort) error {
	if g == nil {
		return nil
	}
	return func(ap netip.AddrPort) error {
		err := g.policy.CheckAddress(ap)
		switch {
		case err == nil:
			return nil
		case g.explain && ap.IsValid():
			err = fmt.Errorf("%w: %s", err, net.JoinHostPort(ap.Addr().String(), fmt.Sprint(ap.Port())))
		}
		return egressError(err)
	}
}

// egressError leaves out what net.Dialer wraps around: it names the address.
func egressError(err error) *Error {
	e := &Error{Kind: KindEgress, Phase: phaseConnect, Type: typeName(KindEgress, 0), Err: err}
	var refusal *egress.Error
	if errors.As(err, &refusal) {
		e.Reason = string(refusal.Reason)
	}
	return e
}
