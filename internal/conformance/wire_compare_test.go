package conformance_test

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"mime"
	"slices"
	"strconv"
	"strings"

	"github.com/mtlshttp/mtlshttp"
)

// wireStep is one request of a case: what was asked, what was recorded of npm
// request, and what the library did.
type wireStep struct {
	lab      *wireLab
	request  *wireRequest
	expect   *wireExpect
	hops     []wireHop
	response *mtlshttp.Response
	err      error
}

// miss says where the library differs from the recording; "" where it does not.
func (s *wireStep) miss() string {
	for i := range max(len(s.hops), len(s.expect.Hops)) {
		if i >= len(s.hops) || i >= len(s.expect.Hops) {
			return fmt.Sprintf("%d hops, not %d (%v)", len(s.hops), len(s.expect.Hops), s.err)
		}
		if difference := s.compareHop(i); difference != "" {
			return fmt.Sprintf("hop %d: %s", i, difference)
		}
	}
	if s.expect.Error != nil {
		if !s.hasKind(s.expect.Error.Kind) {
			return fmt.Sprintf("the error is not %s: %v", s.expect.Error.Kind, s.err)
		}
		return ""
	}
	if s.err != nil {
		return s.err.Error()
	}
	return s.compareFinal()
}

func (s *wireStep) compareHop(i int) string {
	got, want := &s.hops[i], s.expect.Hops[i]
	switch {
	case got.Origin != want.Origin:
		return "to " + got.Origin + ", not " + want.Origin
	case got.Method != want.Method:
		return "method " + got.Method + ", not " + want.Method
	case got.Target != s.lab.expand.Replace(want.Target):
		return "target " + got.Target + ", not " + want.Target
	case want.TLS != nil && (textOf(got.clientCN) != textOf(want.TLS.ClientCertCN) || got.clientVerified != want.TLS.ClientCertVerified):
		return "client certificate " + textOf(got.clientCN) + ", not " + textOf(want.TLS.ClientCertCN)
	case len(got.values("Host")) != 1:
		return fmt.Sprintf("Host stands %d times", len(got.values("Host")))
	case len(got.values("Accept-Encoding")) != len(want.values("Accept-Encoding")):
		return "Accept-Encoding " + got.header("Accept-Encoding")
	case !s.request.sets("User-Agent") && got.header("User-Agent") != "mtlshttp":
		return "User-Agent " + got.header("User-Agent")
	}
	boundary := got.boundary()
	fields := s.comparable(i, got.Headers)
	expected := s.comparable(i, want.Headers)
	for _, list := range [][][2]string{fields, expected} {
		for j := range list {
			name, value := strings.ToLower(list[j][0]), s.lab.expand.Replace(list[j][1])
			value = strings.ReplaceAll(value, "{{bodyLength}}", strconv.Itoa(len(got.body)))
			list[j] = [2]string{name, strings.ReplaceAll(value, "{{boundary}}", boundary)}
		}
		slices.SortStableFunc(list, func(a, b [2]string) int { return strings.Compare(a[0]+"\x00"+a[1], b[0]+"\x00"+b[1]) })
	}
	if !slices.Equal(fields, expected) {
		return fmt.Sprintf("headers %q, not %q", fields, expected)
	}
	if want.Multipart != nil && len(want.Multipart.Parts) > 0 {
		return s.compareParts(got.parts(), want.Multipart.Parts)
	}
	if !want.Body.equals(got.body, s.lab.expand) {
		return fmt.Sprintf("body %.200q", got.body)
	}
	return ""
}

// comparable leaves out the headers that the corpus says to ignore, and the
// Referer to another origin, which is less here on purpose.
func (s *wireStep) comparable(i int, headers [][2]string) [][2]string {
	hops := s.expect.Hops
	crossHost := hops[i].Origin != hops[0].Origin
	crossed := i > 0 && (hops[i].Origin != hops[i-1].Origin || hops[i].header("Host") != hops[i-1].header("Host"))
	var out [][2]string
	for _, h := range headers {
		switch name := strings.ToLower(h[0]); {
		case name == "connection",
			name == "host" && !crossHost && !s.request.sets(name),
			(name == "user-agent" || name == "accept-encoding" || name == "transfer-encoding") && !s.request.sets(name),
			name == "content-length" && h[1] == "0",
			name == "referer" && crossed:
		default:
			out = append(out, h)
		}
	}
	return out
}

// sets says whether the case sets a header itself.
func (r *wireRequest) sets(name string) bool {
	return slices.ContainsFunc(r.Headers, func(h wireRow) bool { return strings.EqualFold(h.Name, name) })
}

func textOf(s *string) string {
	if s == nil {
		return "none"
	}
	return *s
}

// boundary is the one of a multipart body.
func (h *wireHop) boundary() string {
	_, params, _ := mime.ParseMediaType(h.header("Content-Type"))
	return cmp.Or(params["boundary"], "{{boundary}}")
}

// wireGotPart is a part of a multipart body as it arrived.
type wireGotPart struct {
	headers [][2]string
	body    []byte
}

// parts takes a multipart body apart (RFC 2046, section 5.1.1), or says with
// nil that it is none.
func (h *wireHop) parts() []wireGotPart {
	delimiter := []byte("\r\n--" + h.boundary())
	sections := bytes.Split(append([]byte("\r\n"), h.body...), delimiter)
	last := len(sections) - 1
	if last < 1 || len(sections[0]) != 0 || string(sections[last]) != "--\r\n" {
		return nil
	}
	parts := []wireGotPart{}
	for _, section := range sections[1:last] {
		head, body, ok := bytes.Cut(section, []byte("\r\n\r\n"))
		if !ok {
			return nil
		}
		part := wireGotPart{body: body}
		for line := range strings.SplitSeq(strings.TrimPrefix(string(head), "\r\n"), "\r\n") {
			name, value, _ := strings.Cut(line, ":")
			part.headers = append(part.headers, [2]string{name, strings.Trim(value, " \t")})
		}
		parts = append(parts, part)
	}
	return parts
}

func (s *wireStep) compareParts(got []wireGotPart, want []wirePart) string {
	if got == nil || len(got) != len(want) {
		return fmt.Sprintf("%d parts, not %d", len(got), len(want))
	}
	for i, part := range got {
		sameHeader := func(a, b [2]string) bool { return strings.EqualFold(a[0], b[0]) && a[1] == b[1] }
		if !slices.EqualFunc(part.headers, want[i].Headers, sameHeader) {
			return fmt.Sprintf("part %d: headers %q, not %q", i, part.headers, want[i].Headers)
		}
		if !want[i].Body.equals(part.body, s.lab.expand) {
			return fmt.Sprintf("part %d: body %.200q", i, part.body)
		}
	}
	return ""
}

func (s *wireStep) compareFinal() string {
	want := s.expect.Final
	if want == nil {
		return "there is a response"
	}
	if s.response.StatusCode != want.Status {
		return fmt.Sprintf("status %d, not %d", s.response.StatusCode, want.Status)
	}
	if len(s.response.Hops) != len(s.expect.Hops) {
		return fmt.Sprintf("the bundle has %d hops, not %d", len(s.response.Hops), len(s.expect.Hops))
	}
	for i, redirect := range want.Redirects {
		if got := s.response.Hops[i].StatusCode; got != redirect.Status {
			return fmt.Sprintf("hop %d has status %d, not %d", i, got, redirect.Status)
		}
	}
	var fields, expected []string
	for _, h := range s.response.Headers {
		// The lab adds these; the recordings are without them.
		if h.Name != "connection" && h.Name != "content-length" && h.Name != "transfer-encoding" {
			fields = append(fields, h.Name+": "+latin1(h.Value))
		}
	}
	for _, h := range want.Headers {
		expected = append(expected, strings.ToLower(h[0])+": "+s.lab.expand.Replace(h[1]))
	}
	slices.Sort(fields)
	slices.Sort(expected)
	if !slices.Equal(fields, expected) {
		return fmt.Sprintf("response headers %q, not %q", fields, expected)
	}
	if !want.Body.equals(s.response.Bytes(), s.lab.expand) {
		return fmt.Sprintf("response body %.200q", s.response.Bytes())
	}
	return ""
}

// hasKind says whether the error is what the corpus calls so.
func (s *wireStep) hasKind(kind string) bool {
	var e *mtlshttp.Error
	if !errors.As(s.err, &e) {
		return false
	}
	is := func(kind mtlshttp.Kind, reasons ...string) bool {
		return e.Kind == kind && (len(reasons) == 0 || slices.Contains(reasons, e.Reason))
	}
	inField := func(field string) bool { return is(mtlshttp.KindConfig) && strings.HasPrefix(e.Field, field) }
	switch kind {
	case "timeout-read":
		return is(mtlshttp.KindTimeout)
	case "connection-refused":
		return is(mtlshttp.KindConnect, "refused")
	case "connection-reset":
		return is(mtlshttp.KindProtocol, "empty-reply") || is(mtlshttp.KindTruncated) || is(mtlshttp.KindWrite)
	case "dns":
		return is(mtlshttp.KindDNS)
	case "dial-denied": // or nothing was there to dial
		return is(mtlshttp.KindEgress) || errors.Is(e, errDialDenied) || is(mtlshttp.KindDNS) || is(mtlshttp.KindRedirect)
	case "decode":
		return is(mtlshttp.KindContentDecode) || is(mtlshttp.KindTruncated)
	case "too-many-redirects":
		return is(mtlshttp.KindRedirect, "too-many")
	case "invalid-url", "unescaped-characters-in-target":
		return is(mtlshttp.KindURL)
	case "invalid-redirect-url":
		return is(mtlshttp.KindRedirect)
	case "unsupported-scheme":
		return is(mtlshttp.KindURL) || is(mtlshttp.KindRedirect)
	case "invalid-method":
		return inField("method")
	case "invalid-header-name", "invalid-header-value":
		return inField("headers[")
	case "head-with-body":
		return inField("bodyType")
	case "tls-untrusted": // where the name is wrong as well, Go says so first
		return is(mtlshttp.KindTLSServerCert, "unknown-authority", "name")
	case "tls-hostname":
		return is(mtlshttp.KindTLSServerCert, "name")
	case "tls-expired":
		return is(mtlshttp.KindTLSServerCert, "expired")
	case "tls-client-cert-rejected":
		return is(mtlshttp.KindTLSClientCert)
	case "tls-client-key-unusable":
		return is(mtlshttp.KindConfig) && len(s.hops) == 0
	}
	return false
}
