package target

import (
	"slices"
	"strings"
)

// secretHeaders are names of headers whose values are secrets, beside those
// that secretWords and secretParts find.
var secretHeaders = []string{
	"Proxy-Authenticate", "Www-Authenticate", "Cookie2", "X-Honeycomb-Team", "X-Ms-Client-Principal",
	"X-Mailgun-Key", "X-Rapidapi-Key", "X-Mashape-Key", "X-Functions-Key", "Ocp-Apim-Subscription-Key",
	"Dd-Application-Key", "X-Master-Key", "X-Vault-Unseal-Key", "X-Forwarded-Client-Cert", "X-Ssl-Client-Key",
}

// secretWords stand in the names of headers that API keys, passwords and tokens
// are sent in.
var secretWords = []string{"token", "secret", "password", "passwd", "passphrase", "credential", "jwt", "cookie",
	"authorization", "authentication", "session", "signature",
	"api-key", "apikey", "api_key", "access-key", "accesskey", "access_key", "auth-key", "private-key", "secret-key"}

// secretParts are such names' parts between hyphens and underscores: too short
// to be looked for anywhere in a name.
var secretParts = []string{"auth", "pwd", "otp", "pin", "sid"}

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
	return slices.ContainsFunc(parts, func(part string) bool { return slices.Contains(secretParts, part) })
}
