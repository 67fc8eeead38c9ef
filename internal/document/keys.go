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
	text("credentials", func(r *Request) *string { return &r.Credentials }),
	flag("handleErrors", func(r *Request) *bool { return &r.StatusErrors }),
	text("url", func(r *Request) *string { return &r.URL }),
	flag("serializeUrl", func(r *Request) *bool { return &r.EscapeURL }),
	text("method", func(r *Request) *string { return &r.Method }),
	{"headers", readHeaders, writeHeaders},
	{"qs", readQuery, writeQuery},
	flag("useQuerystring", func(r *Request) *bool { return &r.PlainQueryKeys }),
	{"secretHeaders", readSecret, writeStrings(func(r *Request) []string { return r.Secret })},
	flag("parseResponse", func(r *Request) *bool { return &r.Parse }),
	{"authUser", readAuth((*Auth).setUser), func(r *Request) any {
		if r.Auth == nil {
			return nil
		}
		return r.Auth.User
	}},
	{"authPass", readPassword, writePassword},
	{"timeout", readTimeout, writeTimeout},
	flag("shareCookies", func(r *Request) *bool { return &r.ShareCookies }),
	text("jar", func(r *Request) *string { return &r.Jar }),
	{"ca", readRoots, writeRoots},
	flag("caOnly", func(r *Request) *bool { return &r.Roots.Only }),
	{"crl", readLists, writeLists},
	inverted("rejectUnauthorized", func(r *Request) *bool { return &r.Verify.Off }),
	{"verify", readVerify, writeVerify},
	inverted("followRedirect", func(r *Request) *bool { return &r.Redirect.Off }),
	flag("followAllRedirects", func(r *Request) *bool { return &r.Redirect.All }),
	{"maxRedirects", readMaxRedirects, writeMaxRedirects},
	flag("followOriginalHttpMethod", func(r *Request) *bool { return &r.Redirect.KeepMethod }),
	flag("removeRefererHeader", func(r *Request) *bool { return &r.Redirect.NoReferer }),
	flag("allowDowngrade", func(r *Request) *bool { return &r.Redirect.AllowDowngrade }),
	flag("gzip", func(r *Request) *bool { return &r.Compressed }),
	flag("useMtls", func(r *Request) *bool { return &r.UseMutualTLS }),
	{"origins", readOrigins, writeStrings(func(r *Request) []string { return r.Origins })},
	flag("requireClientCertificate", func(r *Request) *bool { return &r.RequireClientCertificate }),
	flag("confirmHandshake", func(r *Request) *bool { return &r.ConfirmHandshake }),
	{"protocol", readProtocol, writeProtocol},
}

type requestKey struct {
	name  string
	read  func(*Request, any) error
	write func(*Request) any // nil: the key is left out
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
