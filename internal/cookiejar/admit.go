package cookiejar

import "time"

// admit makes a cookie of what a response from that place set, or says which
// rule of RFC 6265bis section 5.7 forbids it. What the jar already holds is
// not looked at here.
func admit(set setCookie, from *place, identity string, now time.Time) (*cookie, Reason) {
	domain, hostOnly, reason := scope(set.domain, *from)
	if reason != "" {
		return nil, reason
	}
	if set.secure && !from.secure && !from.loopback() {
		return nil, NotSecure
	}
	path := set.path
	if path == "" {
		path = defaultPath(from.path)
	}
	if !prefixHolds(set.name, set.secure, hostOnly && set.hasPath, path) {
		return nil, Prefix
	}
	return &cookie{
		name: set.name, value: set.value,
		domain: domain, hostOnly: hostOnly, path: path,
		expires: set.expires, created: now, updated: now, lastAccess: now,
		secure: set.secure, httpOnly: set.httpOnly, sameSite: set.sameSite,
		identity: identity, origin: from.origin(),
	}, ""
}

// scope is where a cookie with this Domain attribute goes: to the host alone
// or to all below domain.
func scope(attribute string, from place) (domain string, hostOnly bool, reason Reason) {
	if attribute == "" {
		return from.host, true, ""
	}
	domain, _ = canonicalHost(attribute)
	if !domainMatch(from.host, from.address, domain) {
		return "", false, ForeignDomain
	}
	switch {
	case from.address:
		return domain, true, "" // nothing lies below an address
	case mayCover(from.host, domain):
		return domain, false, ""
	case domain == from.host:
		return domain, true, "" // a public suffix may be a host as well
	}
	return "", false, PublicSuffix
}

// prefixHolds checks the promise in a cookie's name, in any case (RFC 6265bis
// section 4.1.3). pinned: for its host alone, and with a Path of its own.
func prefixHolds(name string, secure, pinned bool, path string) bool {
	switch {
	case hasPrefixFold(name, "__secure-"):
		return secure
	case hasPrefixFold(name, "__host-"):
		return secure && pinned && path == "/"
	}
	return true
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && equalFold(s[:len(prefix)], prefix)
}
