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
	var rules []func(host string, port string) bool
	for _, text := range texts {
		rule, ok := exception(text)
		if !ok {
			return nil, false
		}
		rules = append(rules, rule)
	}
	return func(host, port string) bool {
		for _, rule := range rules {
			if rule(strings.ToLower(strings.TrimSuffix(host, ".")), port) {
				return true
			}
		}
		return false
	}, true
}

func exception(text string) (rule func(host, port string) bool, ok bool) {
	text = strings.ToLower(strings.TrimSpace(text))
	if text == "*" {
		return func(string, string) bool { return true }, true
	}
	if network, err := netip.ParsePrefix(text); err == nil {
		return func(host, _ string) bool {
			addr, err := netip.ParseAddr(host)
			return err == nil && network.Contains(addr.Unmap())
		}, true
	}
	name, wanted, err := net.SplitHostPort(text)
	if err != nil {
		name, wanted = strings.Trim(text, "[]"), ""
	}
	if name == "" {
		return nil, false
	}
	below, only := strings.CutPrefix(name, "*")
	if !strings.HasPrefix(below, ".") {
		if only {
			return nil, false
		}
		below = "." + below
	}
	return func(host, port string) bool {
		same := !only && host == strings.TrimPrefix(name, ".")
		return (same || strings.HasSuffix(host, below)) && (wanted == "" || wanted == port)
	}, true
}
