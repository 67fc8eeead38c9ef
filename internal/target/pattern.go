package target

import (
	"net/netip"
	"strings"
)

// Pattern names origins that may see what is bound to them, such as a client
// certificate.
//
//	https://api.bank.example:8443   this origin
//	api.bank.example                https, this host, port 443
//	api.bank.example:8443           https, this host and port
//	api.bank.example:*              https, this host, any port
//	*.bank.example                  https, port 443, every name below bank.example,
//	                                at any depth; not bank.example itself
//	http://intranet.example         a scheme of http must be said
//
// Names match on whole labels, in any case, as A-labels, with or without a
// trailing dot. There is no pattern for every host. The zero value matches
// nothing.
type Pattern struct {
	scheme, host, port string
	below              bool // the names below host, not host
}

const anyPort = "*"

// ParsePattern reads a pattern. The error is an *Error of reason BadPattern.
func ParsePattern(text string) (Pattern, error) {
	if len(text) > DefaultMaxLength {
		return Pattern{}, badPattern()
	}
	p := Pattern{scheme: "https"}
	rest := trim(text)
	if scheme, after, found := strings.Cut(rest, "://"); found {
		p.scheme, rest = strings.ToLower(scheme), strings.TrimSuffix(after, "/")
	}
	if p.scheme != "http" && p.scheme != "https" {
		return Pattern{}, badPattern()
	}
	rest, p.below = strings.CutPrefix(rest, "*.")
	rest, every := strings.CutSuffix(rest, ":"+anyPort)
	host, port, err := parseHostPort(rest)
	if err != nil || every && port != "" {
		return Pattern{}, badPattern()
	}
	if _, err := netip.ParseAddr(host); err == nil && p.below {
		return Pattern{}, badPattern() // no name is below an address
	}
	o := newOrigin(p.scheme, host, port)
	p.host, p.port = o.Host, o.Port
	if every {
		p.port = anyPort
	}
	return p, nil
}

func badPattern() *Error {
	return refuse(BadPattern, "not an origin, a host or *.suffix, with or without a port")
}

// Matches says whether the pattern names the origin, which need not be in the
// form that Origin describes: one put together from a dialed address will do.
func (p Pattern) Matches(o Origin) bool {
	o = newOrigin(strings.ToLower(o.Scheme), strings.ToLower(o.Host), o.Port)
	if p.host == "" || p.scheme != o.Scheme || p.port != anyPort && p.port != o.Port {
		return false
	}
	if p.below {
		return strings.HasSuffix(o.Host, "."+p.host) && len(o.Host) > len(p.host)+1
	}
	return p.host == o.Host
}

// String returns the pattern in its full form.
func (p Pattern) String() string {
	host := Origin{p.scheme, p.host, p.port}.String()
	if p.below {
		return strings.Replace(host, "://", "://*.", 1)
	}
	return host
}
