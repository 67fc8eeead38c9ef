package egress

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/mtlshttp/mtlshttp/internal/target"
)

// patternScheme stands for both schemes: egress does not tell them apart.
const patternScheme = "https"

// HostPattern names hosts: api.bank.example itself, *.bank.example for every
// name below it, [2001:db8::1] or 192.0.2.1; each on every port, or on the one
// that follows a colon. It matches on whole labels, as A-labels, in any case.
type HostPattern struct{ pattern target.Pattern }

// ParseHostPattern reads a pattern. The error is a *target.Error.
func ParseHostPattern(text string) (HostPattern, error) {
	text = strings.TrimSpace(text)
	if strings.Contains(text, "://") {
		text = "" // a host has no scheme
	} else if !strings.Contains(text[strings.LastIndexByte(text, ']')+1:], ":") {
		text += ":*"
	}
	if end := strings.IndexByte(text, ']'); end > 0 && text[0] == '[' {
		if host := unmapped(text[1:end]); !strings.Contains(host, ":") {
			text = host + text[end+1:]
		}
	}
	p, err := target.ParsePattern(text)
	return HostPattern{p}, err
}

// unmapped is an IPv4 address for one that is mapped into IPv6, since both lead
// to one place; any other host is as it was.
func unmapped(host string) string {
	if a, err := netip.ParseAddr(host); err == nil && a.Is4In6() && a.Zone() == "" {
		return a.Unmap().String()
	}
	return host
}

func parsePort(text string) (uint16, bool) {
	n, err := strconv.ParseUint(text, 10, 16)
	return uint16(n), err == nil
}
