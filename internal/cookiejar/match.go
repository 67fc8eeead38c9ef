package cookiejar

import (
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// longestHost is the length of a DNS name with its final dot (RFC 1035
// section 2.3.4). A longer host gets no cookies, which also bounds the walk
// over its parents.
const longestHost = 254

// place is what the rules want to know of a request's URL.
type place struct {
	scheme, port string
	host         string // lower case, without brackets; a final dot is kept
	address      bool   // host is an IP address, which has no parents
	path         string // as it is sent, never decoded
	secure       bool   // https or wss
	source       string // what origin returns, once it was asked for
}

// placeOf is false for a URL that can have no cookies: another scheme, no
// host, or one that is too long to be a name.
func placeOf(u *url.URL) (place, bool) {
	if u == nil {
		return place{}, false
	}
	p := place{scheme: lower(u.Scheme), port: u.Port(), path: u.EscapedPath()}
	otherwise := "80"
	switch p.scheme {
	case "https", "wss":
		p.secure, otherwise = true, "443"
	case "http", "ws":
	default:
		return place{}, false
	}
	p.host, p.address = canonicalHost(u.Hostname())
	if !isHost(p.host) {
		return place{}, false
	}
	if !strings.HasPrefix(p.path, "/") {
		p.path = "/" + p.path
	}
	if p.port == "" {
		p.port = otherwise
	}
	return p, true
}

// origin is scheme://host:port, "" where nobody knows it.
func (p *place) origin() string {
	if p.source == "" && p.scheme != "" {
		p.source = p.scheme + "://" + net.JoinHostPort(p.host, p.port)
	}
	return p.source
}

// loopback says whether plain text stays on this machine.
func (p place) loopback() bool {
	if ip, err := netip.ParseAddr(p.host); err == nil {
		return ip.Unmap().IsLoopback()
	}
	host := strings.TrimSuffix(p.host, ".")
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// canonicalHost lower-cases a name and writes an address in its one form.
func canonicalHost(host string) (canonical string, address bool) {
	host = lower(host)
	if ip, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")); err == nil {
		return ip.String(), true
	}
	return host, false
}

// isHost leaves out what cannot be a name: one with an empty label has parents
// that the public suffix list says nothing about.
func isHost(host string) bool {
	return host != "" && len(host) <= longestHost && host[0] != '.' && !strings.Contains(host, "..")
}

// bracketed is a host as a URL spells it.
func bracketed(host string) string {
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

// domainMatch is RFC 6265bis section 5.1.3: host is the domain, or a name
// below it. Only a name has something below it, an address has not.
func domainMatch(host string, address bool, domain string) bool {
	if host == domain {
		return true
	}
	return !address && isBelow(host, domain)
}

func isBelow(host, domain string) bool {
	above := len(host) - len(domain)
	return domain != "" && above > 0 && host[above-1] == '.' && host[above:] == domain
}

// pathMatch is RFC 6265bis section 5.1.4: path is the cookie's path or lies
// below it. Bytes are compared, so "%2f" is not "/" and "/A" is not "/a".
func pathMatch(path, cookiePath string) bool {
	if !strings.HasPrefix(path, cookiePath) {
		return false
	}
	return len(path) == len(cookiePath) ||
		strings.HasSuffix(cookiePath, "/") ||
		path[len(cookiePath)] == '/'
}

// defaultPath is the path of a cookie without a Path attribute: that of the
// request up to its last slash, without it (RFC 6265bis section 5.1.4).
func defaultPath(path string) string {
	last := strings.LastIndexByte(path, '/')
	if last <= 0 {
		return "/"
	}
	return path[:last]
}

// lower folds ASCII letters alone: Unicode has letters that fold into them,
// and "ſecure" is no attribute.
func lower(s string) string {
	for i := range len(s) {
		if isUpper(s[i]) {
			b := []byte(s)
			for i, c := range b {
				if isUpper(c) {
					b[i] = c + 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}

// equalFold says whether s is the lower-case ASCII text want in any case.
func equalFold(s, want string) bool {
	if len(s) != len(want) {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if isUpper(c) {
			c += 'a' - 'A'
		}
		if c != want[i] {
			return false
		}
	}
	return true
}

func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }
