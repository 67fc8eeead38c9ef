package target

import (
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// names maps names to A-labels as RFC 5891, section 5, and UTS 46 say for a
// lookup. The characters of a host are checked here, underscores being usual in
// private names.
var names = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.CheckJoiners(true), idna.CheckHyphens(false),
	idna.StrictDomainName(false))

const (
	maxName  = 253 // of a name, without a trailing dot (RFC 1035, section 2.3.4)
	maxLabel = 63
	maxText  = 4 * maxName // of a name before it is mapped
)

// parseHostPort reads "host", "host:port" or "[v6]:port". An absent port is "".
func parseHostPort(s string) (host, port string, err error) {
	if s == "" {
		return "", "", refuse(MissingHost, "the URL has no host")
	}
	hasPort := false
	if strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, ']')
		if end < 0 {
			return "", "", refuse(Host, "the bracket of the host is not closed")
		}
		host, port = s[:end+1], s[end+1:]
		if port, hasPort = strings.CutPrefix(port, ":"); !hasPort && port != "" {
			return "", "", refuse(Host, "there is text between the host and the path")
		}
	} else {
		host, port, hasPort = strings.Cut(s, ":")
	}
	if host == "" {
		return "", "", refuse(MissingHost, "the URL has no host")
	}
	if host, err = canonicalHost(host); err != nil {
		return "", "", err
	}
	if hasPort && !validPort(port) {
		return "", "", refuse(Port, "the port of the URL is not a number from 1 to 65535")
	}
	return host, port, nil
}

func validPort(port string) bool {
	if port == "" || len(port) > 5 || port[0] == '0' || strings.Trim(port, "0123456789") != "" {
		return false
	}
	n, err := strconv.Atoi(port)
	return err == nil && n <= 65535
}

// canonicalHost brings a host to the form that is shown and dialed.
func canonicalHost(host string) (string, error) {
	if inner, ok := strings.CutPrefix(host, "["); ok {
		inner = strings.ToLower(strings.TrimSuffix(inner, "]"))
		// Zones are a matter of one machine, not of a URL (RFC 9844).
		if addr, err := netip.ParseAddr(inner); err != nil || !addr.Is6() || addr.Zone() != "" {
			return "", refuse(Host, "the host in brackets is not an IPv6 address")
		}
		return inner, nil
	}
	host, err := canonicalName(host)
	if err != nil {
		return "", err
	}
	if !endsInNumber(host) || isIPv4(host) {
		return host, nil
	}
	addr, ok := parseIPv4(host)
	if !ok {
		return "", refuse(Host, "the host ends in a number and is not an IPv4 address")
	}
	return addr.String(), nil
}

// canonicalName turns a name into lower-case A-labels. What only looks like a
// name is refused: percent-encoding, and A-labels that stand for ASCII text or
// are not in their one spelling.
func canonicalName(name string) (string, error) {
	if !utf8.ValidString(name) || len(name) > maxText {
		return "", badName()
	}
	ascii := strings.ToLower(name)
	if !isASCII(name) || strings.Contains("."+ascii, ".xn--") {
		var err error
		if ascii, err = names.ToASCII(name); err != nil {
			return "", badName()
		}
	}
	bare := strings.TrimSuffix(ascii, ".")
	if len(bare) > maxName {
		return "", badName()
	}
	for label := range strings.SplitSeq(bare, ".") {
		if !validLabel(label) {
			return "", badName()
		}
	}
	return ascii, nil
}

func badName() *Error { return refuse(Host, "the host is not a valid name") }

func validLabel(label string) bool {
	if label == "" || len(label) > maxLabel {
		return false
	}
	for _, c := range []byte(label) {
		if !isAlphanumeric(c) && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 })
}

// endsInNumber says whether a host must be an IPv4 address: whether its last
// label is one that resolvers read as a number.
func endsInNumber(host string) bool {
	host = strings.TrimSuffix(host, ".")
	last := host[strings.LastIndexByte(host, '.')+1:]
	digits, isHex := strings.CutPrefix(last, "0x")
	if isHex {
		return strings.Trim(digits, "0123456789abcdef") == ""
	}
	return strings.Trim(last, "0123456789") == ""
}

// isIPv4 says whether a host is an IPv4 address in its one form.
func isIPv4(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Is4()
}

// parseIPv4 reads an IPv4 address in any spelling of inet_aton: one to four
// numbers, decimal, octal or hexadecimal, the last filling the rest. That is how
// Node and browsers read one; Go's resolvers differ among themselves.
func parseIPv4(host string) (netip.Addr, bool) {
	parts := strings.Split(strings.TrimSuffix(host, "."), ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var addr uint64
	for i, part := range parts {
		n, ok := parseNumber(part)
		bits := 8
		if i == len(parts)-1 {
			bits = 8 * (4 - i)
		}
		if !ok || n>>bits != 0 {
			return netip.Addr{}, false
		}
		addr = addr<<bits | n
	}
	return netip.AddrFrom4([4]byte{byte(addr >> 24), byte(addr >> 16), byte(addr >> 8), byte(addr)}), true
}

func parseNumber(s string) (uint64, bool) {
	base := 10
	switch {
	case strings.HasPrefix(s, "0x"):
		s, base = s[2:], 16
		if s == "" {
			return 0, true
		}
	case len(s) > 1 && s[0] == '0':
		base = 8
	}
	n, err := strconv.ParseUint(s, base, 32)
	return n, err == nil
}
