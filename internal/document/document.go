// Package document reads and writes the JSON document of a request, with the
// keys that exported scenarios carry, as plain facts. What the facts may be
// together is for those who send them to judge.
package document

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/mtlshttp/mtlshttp/internal/jsonvalue"
	"github.com/mtlshttp/mtlshttp/internal/query"
)

// The bounds of a timeout.
const (
	MinTimeout = 1 * time.Second
	MaxTimeout = 300 * time.Second
)

// Request is what a document says. The zero value of a field: its key is not
// there, or means the default.
type Request struct {
	URL, Method   string
	Headers       []Header
	HeaderSecrets []HeaderSecret
	Query         []query.Pair // nil: the key is not there
	Auth          *Auth
	Secret        []string
	Body          Body

	Credentials                            string
	Origins                                []string
	UseMutualTLS, RequireClientCertificate bool
	ConfirmHandshake                       bool

	Roots    Roots
	Verify   Verify
	Protocol Protocol
	Redirect Redirect
	Timeout  time.Duration

	Jar                                     string
	ShareCookies, Parse, Compressed         bool
	StatusErrors, PlainQueryKeys, EscapeURL bool

	Extra map[string]json.RawMessage // keys that are not known
}

// Header is one header field.
type Header struct{ Name, Value string }

// HeaderSecret is a header whose value is that of a named secret.
type HeaderSecret struct{ Name, Secret string }

// Auth is a user with a password, or with the name of a secret that is one.
type Auth struct{ User, Password, Secret string }

// Roots are authorities by name or as text, and revocation lists.
type Roots struct {
	Name, PEM string
	Only      bool
	CRLs      [][]byte
}

// Verify is what is looked at, or not, in a server's certificate.
type Verify struct {
	Off                    bool
	Pins                   []string
	Name                   string
	SkipName, AllowExpired bool
}

// Protocol narrows the versions; TLS by its numbers on the wire.
type Protocol struct {
	MinTLS, MaxTLS uint16
	HTTP           int
	Renegotiate    bool
}

// Redirect says which redirects are followed. Max of 0 is the default, below 0
// none.
type Redirect struct {
	Off, All                              bool
	Max                                   int
	KeepMethod, NoReferer, AllowDowngrade bool
}

// Error is a key whose value does not fit, with the reason in one word; without
// a key it is the document's.
type Error struct {
	Key, Reason string
	Err         error
}

// Error returns the cause's text.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// The reasons of errors.
const (
	Malformed       = "json"
	Missing         = "missing"
	Unknown         = "unknown"
	Timeout         = "timeout"
	NotSerialisable = "not-serialisable"
)

func malformed(key, format string, args ...any) *Error {
	return &Error{key, Malformed, fmt.Errorf(format, args...)}
}

// Read reads a document. For options, a missing key, null and "" mean the same.
// There is an error for every key whose value does not fit.
func Read(data []byte) (*Request, []*Error) {
	value, err := jsonvalue.ParseOrdered(data, jsonvalue.Limits{})
	if err != nil {
		return nil, []*Error{malformed("", "%w", err)}
	}
	object, ok := value.(jsonvalue.Object)
	if !ok {
		return nil, []*Error{malformed("", "a request is an object")}
	}
	r := new(Request)
	var faults []*Error
	for _, m := range object {
		if err := r.readMember(m); err != nil {
			faults = append(faults, keyed(m.Name, err))
		}
	}
	if r.Body, err = readBody(object); err != nil {
		faults = append(faults, keyed("bodyType", err))
	}
	return r, faults
}

func (r *Request) readMember(m jsonvalue.Member) error {
	i := slices.IndexFunc(requestKeys, func(k requestKey) bool { return k.name == m.Name })
	switch {
	case slices.Contains(bodyKeys, m.Name):
	case i < 0:
		raw, err := jsonvalue.Append(nil, m.Value)
		if err != nil {
			return err
		}
		if r.Extra == nil {
			r.Extra = make(map[string]json.RawMessage)
		}
		r.Extra[m.Name] = raw
	case m.Value == nil || m.Value == "":
	default:
		return requestKeys[i].set(r, m.Value)
	}
	return nil
}

// keyed is an error of a key, unless it names a place itself.
func keyed(key string, err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return malformed(key, "%w", err)
}

// Append writes the document behind dst. Text that is not UTF-8 cannot be
// written: the error names the key.
func (r *Request) Append(dst []byte) ([]byte, error) {
	object := jsonvalue.Object{}
	for i := range requestKeys {
		k := &requestKeys[i]
		if v := k.value(r); v != nil {
			object = append(object, jsonvalue.Member{Name: k.name, Value: v})
		}
		if k.name == "useQuerystring" {
			object = append(object, r.Body.members()...)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Extra)) {
		object = append(object, jsonvalue.Member{Name: name, Value: r.Extra[name]})
	}
	for _, m := range object {
		if err := writable(m.Value); err != nil {
			return nil, &Error{m.Name, NotSerialisable, err}
		}
	}
	return jsonvalue.Append(dst, object)
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
