package conformance_test

import (
	"errors"
	"fmt"
	"mime"
	"net/url"
	"slices"
	"strings"

	"github.com/mtlshttp/mtlshttp"
)

// unsafe says where an insecure case is insecure here too.
func (c *wireCase) unsafe(steps []*wireStep) string {
	for _, s := range c.Safe {
		if fault := steps[s.Step].carries(s.Hop, s.AbsentOrReduced); fault != "" {
			return fmt.Sprintf("step %d, hop %d: %s", s.Step, s.Hop, fault)
		}
	}
	switch {
	case c.Group == "ssrf":
		return steps[0].reachesDenied()
	case len(c.Safe) > 0:
		return ""
	}
	for _, reason := range c.InsecureReasons {
		check, known := wireHazards[reason]
		if !known {
			check = (*wireCase).same
		}
		if fault := check(c, steps); fault != "" {
			return reason + ": " + fault
		}
	}
	return ""
}

// carries says whether a hop carries what must be absent from it, or reduced.
func (s *wireStep) carries(hop int, absent []string) string {
	if len(s.hops) < hop {
		return fmt.Sprintf("the hop before was not made: %v", s.err)
	}
	if len(s.hops) == hop {
		return "" // refused
	}
	h := &s.hops[hop]
	for _, name := range absent {
		value := h.header(name)
		switch name {
		case "(client certificate)":
			value = ""
			if h.clientCN != nil {
				value = *h.clientCN
			}
		case "host":
			if value == s.lab.expand.Replace("{{"+h.Origin+".host}}") {
				value = ""
			}
		case "referer(fragment)", "referer(query)", "referer(userinfo)":
			value = h.header("Referer")
			if u, err := url.Parse(value); err == nil {
				there := map[string]bool{"referer(fragment)": u.Fragment != "", "referer(query)": u.RawQuery != "", "referer(userinfo)": u.User != nil}
				if !there[name] {
					value = ""
				}
			}
		}
		if value != "" {
			return name + " is there: " + value
		}
	}
	return ""
}

// reachesDenied holds a case with a dial guard to it.
func (s *wireStep) reachesDenied() string {
	for _, h := range s.hops {
		if slices.Contains(s.request.DenyDial, h.Origin) {
			return "the denied origin " + h.Origin + " was reached"
		}
	}
	if !s.hasKind("dial-denied") {
		return fmt.Sprintf("the error is not dial-denied: %v", s.err)
	}
	return ""
}

// wireHazards are the checks of the insecure cases that do not list what must
// be absent, by the corpus' reasons.
var wireHazards = map[string]func(*wireCase, []*wireStep) string{
	"te-and-cl":                   (*wireCase).framing,
	"te-without-body":             (*wireCase).framing,
	"content-length-mismatch":     (*wireCase).framing,
	"multipart-header-injection":  (*wireCase).partHeaders,
	"host-truncated-at-space":     (*wireCase).nothingSent,
	"unix-socket-redirect":        (*wireCase).noSocket,
	"cookie-prefix-not-enforced":  (*wireCase).sameCookies,
	"jar-cookie-cross-host":       (*wireCase).sameCookies,
	"jar-deleted-cookie-sent":     (*wireCase).sameCookies,
	"jar-cookie-out-of-path":      (*wireCase).sameCookies,
	"jar-secure-cookie-downgrade": (*wireCase).sameCookies,
	"pfx-implicit-trust-anchor":   (*wireCase).distrusted,
	"host-header-tls-identity":    (*wireCase).verifiedName,
}

// same says whether a case that must differ from its recording does not.
func (c *wireCase) same(steps []*wireStep) string {
	if firstMiss(steps) == "" {
		return "it is as recorded"
	}
	return ""
}

// framing holds every request to one way of saying how long it is, which is
// right; one that the caller spoilt is refused.
func (c *wireCase) framing(steps []*wireStep) string {
	for _, s := range steps {
		if len(s.hops) == 0 && !s.isConfig() {
			return fmt.Sprintf("it was not refused as a fault of the request: %v", s.err)
		}
		for _, h := range s.hops {
			lengths, codings := h.values("Content-Length"), h.values("Transfer-Encoding")
			if len(lengths)+len(codings) > 1 || len(codings) > 0 && len(h.body) == 0 {
				return "the body is framed twice, or there is none"
			}
			if want := s.expect.Hops[0].Body; h.Method == s.expect.Hops[0].Method && !want.equals(h.body, s.lab.expand) && len(lengths) > 0 {
				return "the body is not the one of the request"
			}
		}
	}
	return ""
}

// partHeaders holds a multipart body to the rows that were given: no part and
// no part's header more, and every parameter readable.
func (c *wireCase) partHeaders(steps []*wireStep) string {
	for _, s := range steps {
		if len(s.hops) == 0 && !s.isConfig() {
			return fmt.Sprintf("it was not refused as a fault of the request: %v", s.err)
		}
		for _, h := range s.hops {
			parts := h.parts()
			if len(parts) != s.request.rowCount() {
				return fmt.Sprintf("%d parts", len(parts))
			}
			for _, p := range parts {
				if fault := p.injected(); fault != "" {
					return fault
				}
			}
		}
	}
	return ""
}

func (p *wireGotPart) injected() string {
	for _, h := range p.headers {
		switch strings.ToLower(h[0]) {
		case "content-type":
		case "content-disposition":
			_, params, err := mime.ParseMediaType(h[1])
			delete(params, "name")
			delete(params, "filename")
			if err != nil || len(params) > 0 {
				return fmt.Sprintf("parameters %v (%v)", params, err)
			}
		default:
			return "header " + h[0]
		}
	}
	return ""
}

func (c *wireCase) nothingSent(steps []*wireStep) string {
	if len(steps[0].hops) > 0 || steps[0].err == nil {
		return "something was sent"
	}
	return ""
}

func (c *wireCase) noSocket(steps []*wireStep) string {
	for _, s := range steps {
		if slices.ContainsFunc(s.hops, func(h wireHop) bool { return s.lab.origins[h.Origin].Unix }) {
			return "the socket was reached"
		}
	}
	return ""
}

// sameCookies says whether exactly the cookies went out that were recorded.
func (c *wireCase) sameCookies(steps []*wireStep) string {
	same, any := true, false
	for _, s := range steps {
		if s.err != nil && len(s.hops) == 0 {
			return fmt.Sprintf("nothing was sent: %v", s.err)
		}
		for i, h := range s.expect.Hops {
			recorded := h.header("Cookie")
			if recorded == "" {
				continue
			}
			any = true
			same = same && i < len(s.hops) && s.hops[i].header("Cookie") == recorded
		}
	}
	if same || !any {
		return "the cookies are as recorded"
	}
	return ""
}

func (c *wireCase) distrusted(steps []*wireStep) string {
	if len(steps[0].hops) > 0 || !steps[0].hasKind("tls-untrusted") {
		return fmt.Sprintf("the server was trusted: %v", steps[0].err)
	}
	return ""
}

// verifiedName wants the opposite of what was recorded: the URL's host, not the
// Host header, is the name that the server's certificate must have.
func (c *wireCase) verifiedName(steps []*wireStep) string {
	s := steps[0]
	if s.expect.Error == nil {
		if len(s.hops) > 0 || !s.hasKind("tls-hostname") {
			return fmt.Sprintf("the server was trusted by the Host header: %v", s.err)
		}
		return ""
	}
	if s.err != nil {
		return s.err.Error()
	}
	return ""
}

func (s *wireStep) isConfig() bool {
	var e *mtlshttp.Error
	return errors.As(s.err, &e) && e.Kind == mtlshttp.KindConfig
}

// copied says where a case repeats a bug of npm request. Some have their own
// check; of the others it is enough that they are not as recorded.
func (c *wireCase) copied(steps []*wireStep) string {
	for begin, check := range wireBugs {
		if strings.HasPrefix(c.BugReason, begin) {
			return check(c, steps)
		}
	}
	return c.same(steps)
}

// wireBugs are the checks of bugs, by how the corpus describes them.
var wireBugs = map[string]func(*wireCase, []*wireStep) string{
	"308":                            (*wireCase).bodyKept,
	"followOriginalHttpMethod keeps": (*wireCase).bodyWithMethod,
	"any 3xx with a Location":        (*wireCase).notFollowed,
	"cert without key":               (*wireCase).refused,
	"CONNECT never completes":        (*wireCase).refused,
	"307 with multipart":             (*wireCase).bodyKept,
	"X-A and x-a overwrite":          (*wireCase).lastWins,
	"null header value is sent":      (*wireCase).nullLeftOut,
	"manual cookie and jar cookie":   (*wireCase).cookiesOnce,
	"repeated names are grouped":     (*wireCase).inOrder,
}

// bodyKept holds a redirect that keeps the method to keeping the body as well.
func (c *wireCase) bodyKept(steps []*wireStep) string {
	s := steps[0]
	if s.err != nil || len(s.hops) < 2 {
		return fmt.Sprintf("%d hops: %v", len(s.hops), s.err)
	}
	first, second := s.hops[0], s.hops[1]
	if first.Method != second.Method || string(first.body) != string(second.body) {
		return fmt.Sprintf("%s with %d bytes became %s with %d", first.Method, len(first.body), second.Method, len(second.body))
	}
	if first.header("Content-Type") != second.header("Content-Type") {
		return "the content type is lost"
	}
	return ""
}

// bodyWithMethod wants either the method with its body or GET without.
func (c *wireCase) bodyWithMethod(steps []*wireStep) string {
	s := steps[0]
	if len(s.hops) == 2 && s.hops[1].Method == "GET" && len(s.hops[1].body) == 0 && s.hops[1].header("Content-Type") == "" {
		return ""
	}
	return c.bodyKept(steps)
}

func (c *wireCase) notFollowed(steps []*wireStep) string {
	s := steps[0]
	if s.err != nil || len(s.hops) != 1 || s.response.StatusCode/100 != 3 {
		return fmt.Sprintf("%d hops: %v", len(s.hops), s.err)
	}
	return ""
}

func (c *wireCase) refused(steps []*wireStep) string {
	if len(steps[0].hops) > 0 || !steps[0].isConfig() {
		return fmt.Sprintf("%d hops: %v", len(steps[0].hops), steps[0].err)
	}
	return ""
}

// lastWins: what is asked is only that it is documented, see Request.
func (c *wireCase) lastWins(steps []*wireStep) string { return firstMiss(steps) }

func (c *wireCase) nullLeftOut(steps []*wireStep) string {
	for _, row := range c.Request.Headers {
		for _, h := range steps[0].hops {
			if row.Value.text() == "null" && h.values(row.Name) != nil {
				return row.Name + " is sent"
			}
		}
	}
	return c.same(steps)
}

// cookiesOnce wants every cookie's name once in a header.
func (c *wireCase) cookiesOnce(steps []*wireStep) string {
	for _, s := range steps {
		for _, h := range s.hops {
			seen := map[string]bool{}
			for pair := range strings.SplitSeq(h.header("Cookie"), "; ") {
				name, _, _ := strings.Cut(pair, "=")
				if seen[name] {
					return "the cookie " + name + " is sent twice"
				}
				seen[name] = true
			}
		}
	}
	return c.same(steps)
}

// inOrder wants the caller's order where repeated names are not numbered.
func (c *wireCase) inOrder(steps []*wireStep) string {
	if !c.Request.UseQuerystring && c.Request.BodyType != "multipart_form_data" {
		return firstMiss(steps)
	}
	return c.same(steps)
}

func (r *wireRequest) rowCount() int {
	fields, _ := r.document()["formDataFields"].([]map[string]any)
	return len(fields)
}
