package cookiejar

import (
	"strings"

	"golang.org/x/net/publicsuffix"
)

// mayCover says whether a cookie set by host may be sent to all names below
// domain, which is host or a parent of it. It may not where strangers share
// domain: a public suffix ("co.uk", "github.io") or a parent of host's own.
// The latter matters under wildcard rules: with "*.kobe.jp" on the list,
// "kobe.jp" is no suffix itself, yet all of c.kobe.jp are strangers.
func mayCover(host, domain string) bool {
	return !isPublicSuffix(domain) && len(domain) > len(publicSuffix(host))
}

// isPublicSuffix goes by the list's ICANN and private parts; a name whose last
// label the list does not know is a suffix when it has no other label.
func isPublicSuffix(domain string) bool {
	return publicSuffix(domain) == strings.TrimSuffix(domain, ".")
}

// publicSuffix leaves out the dot that ends a rooted name: the list has none,
// and "co.uk." would pass for a domain of its own.
func publicSuffix(domain string) string {
	suffix, _ := publicsuffix.PublicSuffix(strings.TrimSuffix(domain, "."))
	return suffix
}
