package target

import (
	"slices"
	"strings"
)

// secretHeaders are names of headers whose values are secrets, beside those
// that secretWords and secretParts find.
var secretHeaders = []string{
	"Proxy-Authenticate", "Www-Authenticate", "Cookie2", "X-Honeycomb-Team", "X-Ms-Client-Principal", "X-Forwarded-Client-Cert",
}

// secretWords stand in the names of headers that API keys, passwords and tokens
// are sent in.
var secretWords = []string{"token", "secret", "password", "passwd", "passphrase", "credential", "jwt", "cookie",
	"authorization", "authentication", "session", "signature",
	"api-key", "apikey", "api_key", "access-key", "accesskey", "access_key", "auth-key", "private-key"}

// secretParts are such names' parts between hyphens and underscores: too short
// to be looked for anywhere in a name.
var secretParts = []string{"auth", "pwd", "pass", "passcode", "otp", "pin", "sid", "wsse", "appkey", "key"}

// openKeys stand before a key that says which record, place or request is meant,
// or that is for everybody. Any other key is taken for one that opens something.
var openKeys = []string{"cache", "idempotency", "ordering", "partition", "public", "routing", "shard", "sort", "surrogate", "websocket"}

// SecretHeader says whether a header's value is a secret: by its name, or
// because it is among also. Such a header crosses no origin and is never shown.
func SecretHeader(name string, also []string) bool {
	is := func(s string) bool { return strings.EqualFold(s, name) }
	if slices.ContainsFunc(secretHeaders, is) || slices.ContainsFunc(also, is) {
		return true
	}
	lower := strings.ToLower(name)
	if slices.ContainsFunc(secretWords, func(word string) bool { return strings.Contains(lower, word) }) {
		return true
	}
	parts := strings.FieldsFunc(lower, func(r rune) bool { return r == '-' || r == '_' })
	for i, part := range parts {
		open := part == "key" && i > 0 && slices.Contains(openKeys, parts[i-1])
		if slices.Contains(secretParts, part) && !open {
			return true
		}
	}
	return false
}
