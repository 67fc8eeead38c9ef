package document

import (
	"fmt"
	"slices"
	"strings"
)

// The keys of the request document, in the order in which it is written. Each
// reads the key's value into a Request and writes it back; the value is as
// jsonvalue.ParseOrdered gives it, never null or "" for an option.
var requestKeys = []requestKey{
	{name: "credentials", text: func(r *Request) *string { return &r.Credentials }},
	{name: "handleErrors", flag: func(r *Request) *bool { return &r.StatusErrors }},
	{name: "url", text: func(r *Request) *string { return &r.URL }},
	{name: "serializeUrl", flag: func(r *Request) *bool { return &r.EscapeURL }},
	{name: "method", text: func(r *Request) *string { return &r.Method }},
	{name: "headers", read: readHeaders, write: writeHeaders},
	{name: "qs", read: readQuery, write: writeQuery},
	{name: "useQuerystring", flag: func(r *Request) *bool { return &r.PlainQueryKeys }},
	{name: "secretHeaders", read: readSecret, write: func(r *Request) any { return anyStrings(r.Secret) }},
	{name: "parseResponse", flag: func(r *Request) *bool { return &r.Parse }},
	{name: "authUser", read: readUser, write: func(r *Request) any {
		if r.Auth == nil {
			return nil
		}
		return r.Auth.User
	}},
	{name: "authPass", read: readPassword, write: writePassword},
	{name: "timeout", read: readTimeout, write: writeTimeout},
	{name: "shareCookies", flag: func(r *Request) *bool { return &r.ShareCookies }},
	{name: "jar", text: func(r *Request) *string { return &r.Jar }},
	{name: "ca", read: readRoots, write: writeRoots},
	{name: "caOnly", flag: func(r *Request) *bool { return &r.Roots.Only }},
	{name: "crl", read: readLists, write: writeLists},
	{name: "rejectUnauthorized", inverted: func(r *Request) *bool { return &r.Verify.Off }},
	{name: "verify", read: readVerify, write: writeVerify},
	{name: "followRedirect", inverted: func(r *Request) *bool { return &r.Redirect.Off }},
	{name: "followAllRedirects", flag: func(r *Request) *bool { return &r.Redirect.All }},
	{name: "maxRedirects", read: readMaxRedirects, write: writeMaxRedirects},
	{name: "followOriginalHttpMethod", flag: func(r *Request) *bool { return &r.Redirect.KeepMethod }},
	{name: "removeRefererHeader", flag: func(r *Request) *bool { return &r.Redirect.NoReferer }},
	{name: "allowDowngrade", flag: func(r *Request) *bool { return &r.Redirect.AllowDowngrade }},
	{name: "gzip", flag: func(r *Request) *bool { return &r.Compressed }},
	{name: "useMtls", flag: func(r *Request) *bool { return &r.UseMutualTLS }},
	{name: "origins", read: readOrigins, write: func(r *Request) any { return anyStrings(r.Origins) }},
	{name: "requireClientCertificate", flag: func(r *Request) *bool { return &r.RequireClientCertificate }},
	{name: "confirmHandshake", flag: func(r *Request) *bool { return &r.ConfirmHandshake }},
	{name: "protocol", read: readProtocol, write: writeProtocol},
}

// requestKey is one key. Where it is kept says what it is: a text, a flag that is
// off by default, or one that is on and kept as its contrary; what is none of
// these reads and writes itself, nil for a key that is left out.
type requestKey struct {
	name     string
	text     func(*Request) *string
	flag     func(*Request) *bool
	inverted func(*Request) *bool
	read     func(*Request, any) error
	write    func(*Request) any
}

// maxNearKey bounds the keys that a nearest one is looked for: comparing costs
// the product of the lengths.
const maxNearKey = 64

// UnknownKey says that a key is not known, and which known one is nearest to it.
func UnknownKey(key string) string {
	best, distance := "", len(key)/2+1
	if len(key) > maxNearKey {
		return "the key is not known"
	}
	for _, k := range slices.Concat(bodyKeys, optionNames()) {
		if d := editDistance(strings.ToLower(key), strings.ToLower(k)); d < distance {
			best, distance = k, d
		}
	}
	if best == "" {
		return "the key is not known"
	}
	return fmt.Sprintf("the key is not known; did you mean %q?", best)
}

// Keys are all that are known.
func Keys() []string { return slices.Concat(optionNames(), bodyKeys) }

func optionNames() []string {
	names := make([]string, len(requestKeys))
	for i, k := range requestKeys {
		names[i] = k.name
	}
	return names
}

// editDistance is Levenshtein's.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
