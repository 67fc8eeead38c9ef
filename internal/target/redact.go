package target

import (
	"net/url"
	"strings"
)

const hidden = "***"

// Redact returns a URL for errors and logs: without user information and
// fragment, the values of its query replaced by ***. A component of the query
// without a value is hidden whole, since it may be a token.
func Redact(u *url.URL) string {
	if u == nil {
		return ""
	}
	host, port, err := parseHostPort(u.Host)
	if err != nil || u.Opaque != "" {
		return hidden
	}
	scheme := strings.ToLower(u.Scheme)
	authority := u.Host
	if !isHostPort(authority, scheme, host, port) {
		authority = hostPort(scheme, host, port)
	}
	if u.RawQuery == "" {
		return scheme + "://" + authority + u.EscapedPath()
	}
	return scheme + "://" + authority + u.EscapedPath() + "?" + redactQuery(u.RawQuery)
}

// RedactText does the same for text that may be no URL: of that, nothing shows.
func RedactText(text string) string {
	t, err := Parse(text, Options{})
	if err != nil {
		return hidden
	}
	return t.String()
}

func redactQuery(raw string) string {
	pairs := strings.Split(raw, "&")
	for i, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		switch {
		case value != "":
			pairs[i] = escapeQuery(name, false) + "=" + hidden
		case pair != "":
			pairs[i] = hidden
		}
	}
	return strings.Join(pairs, "&")
}
