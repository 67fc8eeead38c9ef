package mtlshttp

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/mtlshttp/mtlshttp/internal/document"
	"github.com/mtlshttp/mtlshttp/internal/keyfile"
	"github.com/mtlshttp/mtlshttp/internal/target"
)

// Validate reports every fault that can be seen without a network, as an
// *Error whose Faults has one for each field. It does not resolve names.
func (r *Request) Validate() error {
	if _, faults := r.check(Limits{}.withDefaults()); len(faults) > 0 {
		return joinFaults(faults)
	}
	return nil
}

func joinFaults(faults []*Error) *Error {
	e := *faults[0]
	if len(faults) > 1 {
		e.Faults = faults
	}
	return &e
}

// checkedRequest is what checking makes of a request.
type checkedRequest struct {
	target *target.Target
	body   encodedBody
}

// check says what is wrong with the request by itself.
func (r *Request) check(limits Limits) (c checkedRequest, faults []*Error) {
	add := func(e *Error) {
		if e != nil {
			faults = append(faults, e)
		}
	}
	var err *Error
	c.target, err = r.target(limits)
	add(err)
	c.body = r.Body.encode(r.PlainQueryKeys)
	bodyLength, lengthKnown := r.Body.encodedLength(c.body)
	if !httpguts.ValidHeaderFieldName(r.method()) {
		add(fault(KindConfig, "method", "method", "not a method name"))
	}
	if r.method() == http.MethodConnect {
		add(fault(KindConfig, "method", "method", "CONNECT is for proxies, and theirs is sent by itself"))
	}
	if r.Timeout != 0 && (r.Timeout < minTimeout || r.Timeout > maxTimeout) {
		add(fault(KindConfig, "timeout", "timeout", "%v is not within 1 to 300 seconds", r.Timeout))
	}
	faults = append(faults, headerFaults(r.Headers, bodyLength, lengthKnown)...)
	add(headerLimit(r.Headers, limits))
	faults = append(faults, r.secretFaults()...)
	for i, name := range r.Secret {
		if !httpguts.ValidHeaderFieldName(name) {
			add(fault(KindConfig, fmt.Sprintf("secretHeaders[%d]", i), "header", "not a header name"))
		}
	}
	if r.Auth != nil && *r.Auth == (BasicAuth{}) {
		add(fault(KindConfig, "authUser", "missing", "there is neither a user nor a password"))
	}
	if a := r.Auth; a != nil && (strings.Contains(a.User, ":") || hasControl(a.User)) {
		add(fault(KindConfig, "authUser", "header", "the user has a colon or a control character"))
	}
	if r.Auth != nil && hasControl(r.Auth.Password) {
		add(fault(KindConfig, "authPass", "header", "the password has a control character"))
	}
	add(r.Body.fault(c.body))
	add(r.Output.fault())
	if r.method() == http.MethodHead && r.Body.kind != bodyForm && r.Body.kind != bodyMultipart {
		if !lengthKnown || bodyLength > 0 {
			add(fault(KindConfig, "bodyType", "method", "HEAD has no body but a form"))
		}
	}
	if r.Body.kind != bodyNone && r.Body.kind != bodyRaw && r.method() == http.MethodTrace {
		add(fault(KindConfig, "bodyType", "method", "TRACE has no body"))
	}
	if r.Jar != "" && !r.ShareCookies {
		add(fault(KindConfig, "jar", "not-shared", "a jar is named, and no cookies are shared"))
	}
	if r.Credentials != "" && r.Identity != nil {
		add(fault(KindConfig, "credentials", "ambiguous", "both a name and an identity are set"))
	}
	if r.RequireClientCertificate && r.Credentials == "" && r.Identity == nil && !r.UseMutualTLS {
		add(fault(KindConfig, "requireClientCertificate", "no-credential", "no client certificate is configured"))
	}
	if r.RequireClientCertificate && r.Protocol.Renegotiate {
		add(fault(KindConfig, "requireClientCertificate", "ambiguous", "with renegotiation the request goes out before the server asks"))
	}
	for i, text := range r.Origins {
		if _, err := target.ParsePattern(text); err != nil {
			add(fault(KindConfig, fmt.Sprintf("origins[%d]", i), "origin", "not an origin, a host or *.suffix"))
		}
	}
	add(r.Roots.fault())
	add(r.Verify.fault())
	add(r.Protocol.fault())
	add(r.Redirect.fault())
	if len(r.Extra) > 0 {
		for _, key := range slices.Sorted(maps.Keys(r.Extra)) {
			add(fault(KindConfig, key, "unknown-key", "%s", document.UnknownKey(key)))
		}
	}
	return c, faults
}

// managed are the headers that the library writes itself, each with the way
// to have what it stands for. One that asks for just that is let by.
var managed = map[string]string{
	"Content-Length":    "it follows from the body",
	"Transfer-Encoding": "it follows from the body",
	"Connection":        "connections are the executor's",
	"Keep-Alive":        "connections are the executor's",
	"Proxy-Connection":  "connections are the executor's",
	"Upgrade":           "protocols are not switched",
	"Trailer":           "trailers are not sent",
	"Te":                "trailers are not asked for",
	"Http2-Settings":    "protocols are not switched",
}

// redundant says whether a managed header asks for what is done anyway, or for
// what can be done: the body's own length, a connection that is closed or kept.
func redundant(name, value string, bodyLength int64, lengthKnown bool) bool {
	switch name {
	case "Content-Length":
		return lengthKnown && value == strconv.FormatInt(bodyLength, 10)
	case "Connection":
		return strings.EqualFold(value, "close") || strings.EqualFold(value, "keep-alive")
	}
	return false
}

func headerFaults(headers []Header, bodyLength int64, lengthKnown bool) []*Error {
	var faults []*Error
	hosts := 0
	for i, h := range headers {
		add := func(format string, args ...any) {
			faults = append(faults, fault(KindConfig, fmt.Sprintf("headers[%d]", i), "header", format, args...))
		}
		name := http.CanonicalHeaderKey(h.Name)
		switch why, is := managed[name]; {
		case h.Name == "":
			add("a header without a name")
		case !httpguts.ValidHeaderFieldName(h.Name):
			add("the name has a character that no header name may have")
		case !httpguts.ValidHeaderFieldValue(h.Value):
			add("the value of %s has a control character", name)
		case is && !redundant(name, h.Value, bodyLength, lengthKnown):
			add("%s cannot be set: %s", name, why)
		case name == "Host":
			if hosts++; hosts > 1 || !httpguts.ValidHostHeader(h.Value) || h.Value == "" {
				add("Host is one host, with an optional port")
			}
		}
	}
	return faults
}

func headerLimit(headers []Header, limits Limits) *Error {
	size := int64(0)
	for _, h := range headers {
		size += int64(len(h.Name) + len(h.Value) + len(": \r\n"))
	}
	if size > limits.HeaderBytes {
		return fault(KindLimit, "headers", "header-bytes", "%w", &limitExceeded{"header-bytes", limits.HeaderBytes, size})
	}
	return nil
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

func (r Roots) fault() *Error {
	if r.Name != "" && r.PEM != "" {
		return fault(KindConfig, "ca", "ambiguous", "both a name and text are set")
	}
	if r.Name != "" && document.IsCertificates(r.Name) {
		return fault(KindConfig, "ca", "name", "a name in the keychain is short; certificates go into PEM")
	}
	if r.Only && r.Name == "" && r.PEM == "" && len(r.Certificates) == 0 {
		return fault(KindConfig, "caOnly", string(keyfile.NoCertificate), "no authority is left to trust")
	}
	if _, err := parseLists(r.CRLs); err != nil || r.PEM == "" {
		return err
	}
	_, err := parseRoots(r.PEM)
	return err
}

func (p Protocol) fault() *Error {
	tls := func(v uint16) bool { return v == 0 || v == versionTLS12 || v == versionTLS13 }
	switch {
	case !tls(p.MinTLS) || !tls(p.MaxTLS) || p.MinTLS != 0 && p.MaxTLS != 0 && p.MinTLS > p.MaxTLS:
		return fault(KindConfig, "protocol", "tls-version", "TLS 1.2 to TLS 1.3")
	case p.Renegotiate && (p.MinTLS > versionTLS12 || p.HTTP == 2):
		return fault(KindConfig, "protocol", "renegotiation", "renegotiation is of TLS 1.2 and HTTP/1.1")
	case p.HTTP != 0 && p.HTTP != 1 && p.HTTP != 2:
		return fault(KindConfig, "protocol", "http-version", "HTTP version 1 or 2")
	}
	return nil
}
