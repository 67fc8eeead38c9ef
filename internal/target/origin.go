package target

import (
	"net/netip"
	"net/url"
	"strings"
)

// Origin is a scheme, a host and a port (RFC 6454). Two origins that are equal
// are the same origin: the host is in lower-case A-labels without a trailing
// dot, or a canonical IP address without brackets, and the port is always there.
type Origin struct{ Scheme, Host, Port string }

// OriginOf returns the origin of a URL. That of a URL without host, or with one
// that Parse refuses, is equal to no origin of a Target.
func OriginOf(u *url.URL) Origin {
	scheme := strings.ToLower(u.Scheme)
	host, port, err := parseHostPort(u.Host)
	if err != nil {
		return Origin{Scheme: scheme, Host: strings.ToLower(u.Host)}
	}
	return newOrigin(scheme, host, port)
}

// newOrigin takes a host from canonicalHost.
func newOrigin(scheme, host, port string) Origin {
	if port == "" {
		port = defaultPort(scheme)
	}
	if strings.Contains(host, ":") { // an IPv6 address has many forms
		if addr, err := netip.ParseAddr(host); err == nil {
			host = addr.String()
		}
	}
	return Origin{scheme, strings.TrimSuffix(host, "."), port}
}

// String returns scheme://host, with the port where it is not the default.
func (o Origin) String() string { return o.Scheme + "://" + hostPort(o.Scheme, o.Host, o.Port) }

// HostPort returns host:port, an IPv6 address in brackets, as net.Dial takes it.
func (o Origin) HostPort() string { return hostPort("", o.Host, o.Port) }
