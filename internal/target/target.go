// Package target turns the URL of a request document into what goes on the
// wire, and says which origins two URLs belong to.
//
// Three readings of a URL meet here. The document was written for the npm
// package request, which reads with Node's legacy parser; net/http will write
// what net/url gives it; and an egress rule or a client certificate is bound to
// the host that is shown. So the host is brought to one form (lower case,
// A-labels, dotted-quad IPv4) that is both shown and dialed, whatever could be
// read in two ways is refused, and path and query keep their bytes but for those
// that may not stand in a request line.
package target

import (
	"fmt"
	"net/url"
	"strings"
)

// Target is where a request goes.
type Target struct {
	Scheme string // http or https
	// Host is a name in lower-case A-labels, which keeps a trailing dot, or
	// an IP address without brackets.
	Host string
	Port string // decimal; the scheme's default where the URL has none
	// User is the user information, decoded; nil where there is none. URL
	// and String leave it out.
	User *url.Userinfo

	authority string // host and port as they were written
	path      string // escaped, starts with a slash
	query     string // escaped, without its question mark
	hasQuery  bool   // tells "/p?" from "/p"
	fragment  string // escaped, without its number sign
}

// Path returns the path as it goes on the wire.
func (t *Target) Path() string { return t.path }

// Query returns the query as it goes on the wire, without the question mark,
// and whether there is a question mark.
func (t *Target) Query() (raw string, present bool) { return t.query, t.hasQuery }

// Fragment returns the fragment, escaped. It is never sent.
func (t *Target) Fragment() string { return t.fragment }

// WithQuery returns a copy with another query, whose bytes are escaped where
// they may not stand in a request line and else kept. An empty one leaves the
// question mark there or away, as it was.
func (t *Target) WithQuery(raw string) *Target {
	c := *t
	c.query, c.hasQuery = escapeQuery(raw, false), t.hasQuery || raw != ""
	return &c
}

// RequestURI returns the request target in origin form, the exact bytes of the
// request line (RFC 9112, section 3.2.1).
func (t *Target) RequestURI() string {
	if t.hasQuery {
		return t.path + "?" + t.query
	}
	return t.path
}

func (t *Target) lengthOfRequestURI() int {
	if t.hasQuery {
		return len(t.path) + len("?") + len(t.query)
	}
	return len(t.path)
}

// HostPort returns the host as a Host header has it: an IPv6 address in
// brackets, the port only where it is not the scheme's default.
func (t *Target) HostPort() string {
	if isHostPort(t.authority, t.Scheme, t.Host, t.Port) {
		return t.authority
	}
	return hostPort(t.Scheme, t.Host, t.Port)
}

// Origin returns the origin that the target belongs to.
func (t *Target) Origin() Origin { return newOrigin(t.Scheme, t.Host, t.Port) }

// URL returns the target for an *http.Request: its RequestURI gives the bytes
// of RequestURI, its Host those of HostPort. It has no user information.
func (t *Target) URL() *url.URL {
	u := &url.URL{Scheme: t.Scheme, Host: t.HostPort(), RawPath: t.path, RawQuery: t.query}
	u.ForceQuery = t.hasQuery && t.query == ""
	// Parse escaped the path, so that it always unescapes.
	u.Path, _ = url.PathUnescape(t.path)
	if f, err := url.PathUnescape(t.fragment); err == nil {
		u.Fragment, u.RawFragment = f, t.fragment
	}
	return u
}

// String returns the redacted URL.
func (t Target) String() string {
	text := t.Scheme + "://" + t.HostPort() + t.path
	if t.query != "" {
		text += "?" + redactQuery(t.query)
	}
	return text
}

// Format writes the redacted URL for every verb, so that no rendering of a
// target shows its user information.
func (t Target) Format(s fmt.State, _ rune) { fmt.Fprint(s, t.String()) }

func hostPort(scheme, host, port string) string {
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port == "" || port == defaultPort(scheme) {
		return host
	}
	return host + ":" + port
}

// isHostPort says whether a text is what hostPort would make, and spares the
// making. Of what has to be put in brackets it says no.
func isHostPort(text, scheme, host, port string) bool {
	if port == "" || port == defaultPort(scheme) {
		return text == host
	}
	before, after, _ := strings.Cut(text, ":")
	return before == host && after == port
}

func defaultPort(scheme string) string {
	switch scheme {
	case "http":
		return "80"
	case "https":
		return "443"
	}
	return ""
}
