package mtlshttp

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/mtlshttp/mtlshttp/internal/document"
	"github.com/mtlshttp/mtlshttp/internal/query"
	"github.com/mtlshttp/mtlshttp/internal/target"
)

const (
	defaultTimeout = 40 * time.Second
	minTimeout     = document.MinTimeout
	maxTimeout     = document.MaxTimeout
)

// Request says what to send and who to be. The zero value of every field but
// URL is usable. A Request marshals to and from the JSON document of the HTTP
// module, see MarshalJSON. It is never modified by the functions that take it,
// so one value may be sent many times, at once too, unless its body is a reader
// that can be read only once.
//
// A Request is as secret as what was put into it; Redacted gives a form for
// logs, which String and the fmt verbs also use.
type Request struct {
	// Method is any HTTP method, in any case; empty: GET. (Fusion: Method)
	Method string
	// URL is http or https. User information in it becomes basic
	// authentication and never shows up again. (Fusion: URL)
	URL string
	// Headers are sent as given, in no certain order of different names;
	// one name may stand several times. Some are the library's own, see
	// Validate. (Fusion: Headers)
	Headers []Header
	// Query is merged with the URL's own query. Nil leaves the URL alone;
	// empty parses its query and writes it again. (Fusion: Query String)
	Query []Param
	// HeaderSecrets are headers whose values are secrets, by their names: the
	// session's or executor's SecretSource resolves them when the request
	// runs. A name of Headers again is a fault.
	HeaderSecrets []HeaderSecret
	// Auth is basic authentication; nil: none.
	Auth *BasicAuth
	// Secret are names of headers that never cross an origin and are never
	// shown, beside those that always are (Authorization, Cookie, X-Api-Key
	// and their like).
	Secret []string
	// Body is what to send; the zero value: nothing. (Fusion: Body type)
	Body Body

	// Credentials names the client certificate; the session's or executor's
	// CredentialSource resolves it when the request runs. (Fusion:
	// Credentials)
	Credentials string
	// Identity is the client certificate itself. Setting both is a fault.
	Identity *Credential
	// UseMutualTLS presents the session's platform identity. Where the
	// request has its own as well, the server's request decides; where both
	// fit, the request's own is sent. (Fusion: Use Mutual TLS)
	UseMutualTLS bool
	// Origins are further origins that the request's identity may be
	// presented to, beside the URL's own: https://host:port, host, *.suffix.
	Origins []string
	// RequireClientCertificate gives up before a byte of HTTP unless the
	// server asked for a certificate and one was presented.
	RequireClientCertificate bool

	// ConfirmHandshake waits on a new connection, as far as TLS 1.3 can show
	// it, for the server to take the certificate before the request goes
	// out. With a body of more than 64 KiB, or of unknown length, it is done
	// anyway.
	ConfirmHandshake bool

	// Roots are authorities to trust beside the system's. (Fusion:
	// Self-signed certificate)
	Roots Roots
	// Verify loosens the verification of the server's certificate; the zero
	// value verifies everything. (Fusion: Reject connections that are using
	// unverified certificates)
	Verify Verify
	// Protocol narrows the versions; the zero value: TLS 1.2 and 1.3,
	// HTTP/1.1 and HTTP/2.
	Protocol Protocol
	// Redirect says which redirects are followed; the zero value: all but
	// those of POST, PUT, PATCH and DELETE.
	Redirect Redirect
	// Timeout bounds the whole request with its redirects: 1 s to 300 s; 0
	// means 40 s. In JSON it is in seconds. (Fusion: Timeout)
	Timeout time.Duration

	// ShareCookies sends and keeps the session's cookies; without it no
	// cookie enters or leaves the jar. (Fusion: Share cookies)
	ShareCookies bool
	// Jar names another jar to share cookies in than the session's: the
	// session's or executor's JarSource resolves it when the request runs, or
	// when its client is made. Without ShareCookies it is a fault.
	Jar string
	// Parse turns JSON and XML into values. (Fusion: Parse response)
	Parse bool
	// Compressed asks for a compressed response, and decodes it. So does an
	// Accept-Encoding among Headers; what comes compressed without being
	// asked for stays as it came. (Fusion: Request compressed content)
	Compressed bool
	// StatusErrors makes 4xx and 5xx errors; else they are normal bundles.
	// (Fusion: Evaluate all states as errors)
	StatusErrors bool
	// PlainQueryKeys repeats the key of an array instead of numbering it:
	// foo=1&foo=2, not foo[0]=1&foo[1]=2. (Fusion: Disable serialization of
	// multiple same query string keys as arrays)
	PlainQueryKeys bool
	// EscapeURL percent-encodes special characters in URL before it is
	// used. (Make: Serialize URL)
	EscapeURL bool

	// Sign is called with each request as it goes out, of every hop and try,
	// cookies included, and with the SHA-256 of its body; nil where the body
	// is a reader that can be read only once. It may set headers, and must
	// leave the rest and the body alone. A secret header that it sets on
	// another origin is taken off again. Its error ends the request. Nil:
	// nothing is signed. It cannot be written in documents.
	Sign func(r *http.Request, bodySHA256 []byte) error
	// Output is where the response's body goes; the zero value: into Data. It
	// cannot be written in documents.
	Output Output
	// Progress is told of bodies as they pass, at each piece: one call at a
	// time, and none after Do has returned or the stream was closed, which
	// wait for it, so it must not close the stream. A body that is sent again
	// begins again. Nil: nobody is told. It is in no document.
	Progress func(Progress)

	// Extra holds keys of a document that this version does not know.
	// Validate refuses them by name.
	Extra map[string]json.RawMessage
}

// Header is one header field.
type Header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Param is a name with a value: string, bool, nil, a number (json.Number or
// Go's own), []any of these, or []Param as an ordered object.
type Param struct {
	Name  string
	Value any
}

// BasicAuth is a user with a password (RFC 7617).
type BasicAuth struct {
	User, Password string
	// Secret names the secret that is the password: the session's or
	// executor's SecretSource resolves it when the request runs. Setting both
	// is a fault.
	Secret string
}

// Roots are certificates to trust as authorities. The zero value: the system's
// alone.
type Roots struct {
	Name         string              // in the keychain
	PEM          string              // text with certificates
	Certificates []*x509.Certificate // themselves
	Only         bool                // trust these alone, not the system's
	// CRLs are revocation lists, PEM or DER, of any of the authorities. One
	// that is out of date refuses what its authority issued.
	CRLs [][]byte
}

// Protocol narrows the versions that are offered. A zero field: no narrower
// than the library's own.
type Protocol struct {
	MinTLS, MaxTLS uint16 // tls.VersionTLS12, tls.VersionTLS13
	HTTP           int    // 1 or 2 alone; 0: both
	// Renegotiate answers a server that asks for the certificate only after
	// it has seen the path, as Apache does for one directory: once, over TLS
	// 1.2 and HTTP/1.1, which it also demands.
	Renegotiate bool
}

func (r *Request) method() string {
	if r.Method == "" {
		return http.MethodGet
	}
	return strings.ToUpper(r.Method)
}

func (r *Request) timeout() time.Duration {
	if r.Timeout == 0 {
		return defaultTimeout
	}
	return r.Timeout
}

// target is where the request goes, its query merged in.
func (r *Request) target(limits Limits) (*target.Target, *Error) {
	if strings.TrimSpace(r.URL) == "" {
		return nil, fault(KindURL, "url", "missing", "there is no URL")
	}
	t, err := target.Parse(r.URL, target.Options{Escape: r.EscapeURL, MaxLength: limits.URL})
	if err != nil {
		return nil, urlFault("url", err)
	}
	if r.Query == nil {
		return t, nil
	}
	raw, _ := t.Query()
	merged, err := query.Merge(raw, pairs(r.Query), r.PlainQueryKeys, limits.URL)
	if err != nil {
		return nil, queryFault("qs", err)
	}
	if t = t.WithQuery(merged); len(t.RequestURI()) > limits.URL {
		return nil, fault(KindLimit, "qs", "url", "%w", &limitExceeded{"url", int64(limits.URL), int64(len(t.RequestURI()))})
	}
	return t, nil
}

func queryFault(field string, err error) *Error {
	var qe *query.Error
	if !errors.As(err, &qe) {
		return fault(KindConfig, field, "query", "%w", err)
	}
	kind := KindConfig
	if qe.Reason == query.Length || qe.Reason == query.Params {
		kind = KindLimit
	}
	return fault(kind, field, string(qe.Reason), "%w", err)
}

// pairs is what internal/query takes for parameters.
func pairs(params []Param) []query.Pair {
	out := make([]query.Pair, 0, len(params))
	for _, p := range params {
		out = append(out, query.Pair{Name: p.Name, Value: pairValue(p.Value)})
	}
	return out
}

func pairValue(v any) any {
	switch v := v.(type) {
	case []Param:
		return pairs(v)
	case []any:
		list := make([]any, 0, len(v))
		for _, item := range v {
			list = append(list, pairValue(item))
		}
		return list
	}
	return v
}

func urlFault(field string, err error) *Error {
	var te *target.Error
	if !errors.As(err, &te) {
		return fault(KindURL, field, "malformed", "%w", err)
	}
	kind := KindURL
	if te.Reason == target.TooLong {
		kind = KindLimit
	}
	return fault(kind, field, string(te.Reason), "%w", err)
}
