package target

import (
	"net"
	"net/netip"
	"strings"
)

// Exceptions reads what is reached without a proxy: a name stands for itself and
// every name below it, *.suffix for those below alone, an address or network for
// itself, each with an optional port; * is every host. It is not ok where a text
// is none of these.
func Exceptions(texts []string) (direct func(host, port string) bool, ok bool) {
	var rules []rule
	for _, text := range texts {
		r, ok := exception(text)
		if !ok {
			return nil, false
		}
		rules = append(rules, r)
	}
	return func(host, port string) bool {
		at := placeOf(host)
		for _, r := range rules {
			if (r.port == "" || r.port == port) && r.names(at) {
				return true
			}
		}
		return false
	}, true
}

// rule is one exception; an empty port is every port.
type rule struct {
	names func(place) bool
	port  string
}

func exception(text string) (r rule, ok bool) {
	text = strings.TrimSpace(text)
	name, port, err := net.SplitHostPort(text)
	if err != nil {
		name, port = strings.Trim(text, "[]"), ""
	}
	if name == "*" {
		return rule{func(place) bool { return true }, port}, true
	}
	if network, err := netip.ParsePrefix(name); err == nil {
		if a := network.Addr(); a.Is4In6() && network.Bits() >= 96 {
			network = netip.PrefixFrom(a.Unmap(), network.Bits()-96)
		}
		return rule{func(other place) bool { return network.Contains(other.addr) }, port}, true
	}
	suffix, only := strings.CutPrefix(name, "*")
	suffix, dotted := strings.CutPrefix(suffix, ".")
	if suffix == "" || only && !dotted {
		return rule{}, false
	}
	at := place{name: bareName(suffix)}
	if !dotted {
		at = placeOf(suffix)
	}
	return rule{func(other place) bool {
		return !only && other == at || at.name != "" && strings.HasSuffix(other.name, "."+at.name)
	}, port}, true
}

// place is a host in the one form in which two spellings of it are equal: an
// address, or a name in A-labels without a trailing dot.
type place struct {
	addr netip.Addr
	name string
}

// placeOf takes a host as a URL has it, as a person writes it, or as it is dialed.
func placeOf(host string) place {
	host = strings.Trim(host, "[]")
	addr, err := netip.ParseAddr(host)
	if err != nil {
		if dotted, err := canonicalHost(host); err == nil {
			addr, _ = netip.ParseAddr(dotted)
		}
	}
	if addr.IsValid() {
		return place{addr: addr.Unmap()}
	}
	return place{name: bareName(host)}
}

// bareName leaves alone what is no name: it is equal to no host.
func bareName(text string) string {
	name, err := canonicalName(text)
	if err != nil {
		name = strings.ToLower(text)
	}
	return strings.TrimSuffix(name, ".")
}
