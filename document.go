package mtlshttp

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/mtlshttp/mtlshttp/internal/jsonvalue"
)

// The keys of the request document, in the order in which it is written. Each
// reads the key's value into a Request and writes it back; the value is as
// jsonvalue.ParseOrdered gives it, never null or "" for an option.
var documentKeys = []documentKey{
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
	{"authUser", readAuth((*BasicAuth).setUser), func(r *Request) any {
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

type documentKey struct {
	name  string
	read  func(*Request, any) error
	write func(*Request) any // nil: the key is left out
}

// UnmarshalJSON reads a request document, with the keys that exported scenarios
// carry. For options, a missing key, null and "" mean the same. Keys that are
// not known go to Extra. The error names every key whose value does not fit.
func (r *Request) UnmarshalJSON(data []byte) error {
	value, err := jsonvalue.ParseOrdered(data, jsonvalue.Limits{})
	if err != nil {
		return fault(KindConfig, "", "json", "%w", err)
	}
	object, ok := value.(jsonvalue.Object)
	if !ok {
		return fault(KindConfig, "", "json", "a request is an object")
	}
	var read Request
	var faults []*Error
	for _, m := range object {
		i := slices.IndexFunc(documentKeys, func(k documentKey) bool { return k.name == m.Name })
		switch {
		case isBodyKey(m.Name):
		case i < 0:
			raw, err := jsonvalue.Append(nil, m.Value)
			if err != nil {
				faults = append(faults, fault(KindConfig, m.Name, "json", "%w", err))
				continue
			}
			if read.Extra == nil {
				read.Extra = make(map[string]json.RawMessage)
			}
			read.Extra[m.Name] = raw
		case m.Value == nil || m.Value == "":
		default:
			if err := documentKeys[i].read(&read, m.Value); err != nil {
				faults = append(faults, documentFault(m.Name, err))
			}
		}
	}
	body, err := readBody(object)
	if err != nil {
		faults = append(faults, documentFault("bodyType", err))
	}
	read.Body = body
	if len(faults) > 0 {
		return joinFaults(faults)
	}
	*r = read
	return nil
}

func documentFault(key string, err error) *Error {
	if e := asError(err); e != nil {
		return e
	}
	return fault(KindConfig, key, "json", "%w", err)
}

// MarshalJSON writes the request document. It is complete, and so as secret as
// the request. An Identity, certificates of Roots, a body that is a reader, and
// text that is not UTF-8 cannot be written: the error names the field.
func (r Request) MarshalJSON() ([]byte, error) {
	if r.Identity != nil {
		return nil, fault(KindConfig, "identity", "not-serialisable", "a credential cannot be written; name it in Credentials")
	}
	if r.Sign != nil {
		return nil, fault(KindConfig, "sign", "not-serialisable", "a function cannot be written")
	}
	if !r.Output.isZero() {
		return nil, fault(KindConfig, "output", "not-serialisable", "a writer, a file or a store cannot be written")
	}
	if len(r.Roots.Certificates) > 0 {
		return nil, fault(KindConfig, "ca", "not-serialisable", "certificates cannot be written; give them as PEM or by name")
	}
	if faults := r.secretFaults(); len(faults) > 0 {
		return nil, faults[0] // it would not come back
	}
	object := jsonvalue.Object{}
	for _, k := range documentKeys {
		if v := k.write(&r); v != nil {
			object = append(object, jsonvalue.Member{Name: k.name, Value: v})
		}
		if k.name == "useQuerystring" {
			body, err := writeBody(r.Body)
			if err != nil {
				return nil, err
			}
			object = append(object, body...)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Extra)) {
		object = append(object, jsonvalue.Member{Name: name, Value: r.Extra[name]})
	}
	for _, m := range object {
		if err := writable(m.Value); err != nil {
			return nil, fault(KindConfig, m.Name, "not-serialisable", "%w", err)
		}
	}
	return jsonvalue.Append(nil, object)
}

var (
	errNotUTF8  = errors.New("text that is not UTF-8 cannot be written")
	errTwice    = errors.New("an object that has a name twice cannot be written")
	errNotValue = errors.New("a value is no text, number, boolean, null, array or object")
)

// writable says whether a value comes back from a document as it is: JSON would
// replace bytes that are not UTF-8, and documents refuse names that are given
// twice.
func writable(v any) error {
	switch v := v.(type) {
	case string:
		if !utf8.ValidString(v) {
			return errNotUTF8
		}
	case []any:
		for _, item := range v {
			if err := writable(item); err != nil {
				return err
			}
		}
	case jsonvalue.Object:
		seen := make(map[string]bool, len(v))
		for _, m := range v {
			if seen[m.Name] {
				return errTwice
			}
			seen[m.Name] = true
			if err := errors.Join(writable(m.Name), writable(m.Value)); err != nil {
				return err
			}
		}
	default:
		if _, err := jsonvalue.Append(nil, v); err != nil {
			return errNotValue
		}
	}
	return nil
}
