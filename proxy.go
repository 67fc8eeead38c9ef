package mtlshttp

import (
	"cmp"
	"crypto/tls"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/mtlshttp/mtlshttp/internal/target"
	"github.com/mtlshttp/mtlshttp/internal/wire"
)

// Proxy is what an executor's connections are made through. An https origin is
// reached by a tunnel, so the proxy sees neither the request nor the origin's
// client certificate.
type Proxy struct {
	// URL is http, https or socks5, with optional user information, which is
	// sent to the proxy alone and shown nowhere. (socks5h, as curl writes it,
	// is the same: the proxy looks names up.)
	URL string
	// Identity is presented to an https proxy that asks; nil: none.
	Identity *Credential
	// Roots and Verify are for an https proxy's certificate.
	Roots  Roots
	Verify Verify
	// Exceptions are hosts that are dialed directly: a name stands for
	// itself and every name below it, *.suffix for those below alone, and
	// an address or network (10.0.0.0/8) for itself; each with an optional
	// port. * is every host.
	Exceptions []string
}

// ProxyFromEnvironment reads HTTPS_PROXY, else ALL_PROXY, and NO_PROXY, in upper
// or lower case, once. It returns nil where none is set.
func ProxyFromEnvironment() *Proxy {
	address := environment("HTTPS_PROXY", "ALL_PROXY")
	if address == "" {
		return nil
	}
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	p := &Proxy{URL: address}
	for _, host := range strings.Split(environment("NO_PROXY"), ",") {
		if host = strings.TrimSpace(host); host != "" {
			p.Exceptions = append(p.Exceptions, host)
		}
	}
	return p
}

func environment(names ...string) string {
	for _, name := range names {
		for _, n := range []string{name, strings.ToLower(name)} {
			if value := os.Getenv(n); value != "" {
				return value
			}
		}
	}
	return ""
}

// String is the proxy's address without user information.
func (p *Proxy) String() string {
	if p == nil {
		return "no proxy"
	}
	return target.RedactText(p.URL)
}

// hostOfProxy is a proxy's host and port, without user information.
func hostOfProxy(p *Proxy) string {
	if p == nil {
		return ""
	}
	u, err := url.Parse(p.URL)
	if err != nil {
		return ""
	}
	return u.Host
}

// ignoredProxy says which proxy the environment names for a host, as it is now;
// empty: none.
func ignoredProxy() func(host, port string) string {
	p := ProxyFromEnvironment()
	name := hostOfProxy(p)
	if name == "" {
		return func(string, string) string { return "" }
	}
	direct, ok := target.Exceptions(p.Exceptions)
	return func(host, port string) string {
		if ok && direct(host, port) {
			return ""
		}
		return name
	}
}

var proxySchemes = map[string]struct{ scheme, port string }{
	"http": {"http", "80"}, "https": {"https", "443"}, "socks5": {"socks5", "1080"}, "socks5h": {"socks5", "1080"},
}

// prepare reads the configuration; nil for no proxy.
func (p *Proxy) prepare(clock func() time.Time) (*wire.Proxy, *Error) {
	if p == nil {
		return nil, nil
	}
	u, err := url.Parse(p.URL)
	if err != nil || u.Hostname() == "" {
		return nil, fault(KindConfig, "proxy", "proxy", "the proxy's address is no URL")
	}
	known, ok := proxySchemes[u.Scheme]
	if !ok {
		return nil, fault(KindConfig, "proxy", "proxy", "a proxy is http, https or socks5")
	}
	port := cmp.Or(u.Port(), known.port)
	out := &wire.Proxy{URL: &url.URL{Scheme: known.scheme, User: u.User, Host: net.JoinHostPort(u.Hostname(), port)}}
	if out.Direct, ok = target.Exceptions(p.Exceptions); !ok {
		return nil, fault(KindConfig, "proxy", "proxy", "an exception is no host, suffix, address or network")
	}
	if known.scheme != "https" {
		if p.Identity != nil {
			return nil, fault(KindConfig, "proxy", "proxy", "only an https proxy can be shown an identity")
		}
		return out, nil
	}
	roots := p.Roots.Certificates
	if p.Roots.PEM != "" {
		parsed, err := parseRoots(p.Roots.PEM)
		if err != nil {
			return nil, err
		}
		roots = append(roots[:len(roots):len(roots)], parsed...)
	}
	t := newTrust(&Request{Roots: Roots{Only: p.Roots.Only}, Verify: p.Verify}, roots, nil, clock)
	config, verify, err := t.config()
	if err != nil {
		return nil, asError(err)
	}
	out.TLS = config
	if verify != nil {
		config.VerifyConnection = func(state tls.ConnectionState) error { return verify(u.Hostname(), state) }
	}
	if p.Identity != nil {
		if err := p.Identity.usable(clock()); err != nil {
			return nil, err
		}
		out.Identities = []*wire.Identity{p.Identity.identity()}
	}
	return out, nil
}
