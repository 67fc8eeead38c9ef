package mtlshttp

import (
	"cmp"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/mtlshttp/mtlshttp/internal/har"
	"github.com/mtlshttp/mtlshttp/internal/target"
	"github.com/mtlshttp/mtlshttp/internal/timeline"
)

// Exchange is a request with what became of it, to be shown. The zero value of
// each field: not known.
type Exchange struct {
	Request  *Request
	Response *Response
	Err      error // beside Response or instead of it
}

// FormatHAR writes exchanges as an HTTP Archive (HAR 1.2), which the network
// panel of a browser opens: an entry for each hop, and before them one for each
// attempt that was not the last. The receipt stands under _tls, a diagnosis
// under _diagnosis, an error under the response's _error.
//
// It shows what Redacted shows of a request, of the response the headers that
// are not secret, and no content; with reveal all that is known, secrets too:
// headers and body of the request, which stand at the first hop alone, and
// headers and body of the response, at the last. URLs of later hops, and sizes
// on the wire, are never known. The error is of kind config, for an exchange
// that has neither a response nor an error.
func FormatHAR(reveal bool, exchanges ...Exchange) ([]byte, error) {
	var entries []har.Entry
	for i, x := range exchanges {
		if x.Response == nil && x.Err == nil {
			return nil, fault(KindConfig, fmt.Sprintf("exchanges[%d]", i), "missing", "there is neither a response nor an error")
		}
		entries = append(entries, x.entries(reveal)...)
	}
	return har.Marshal("mtlshttp", "1", entries)
}

// String says what was asked and what came of it, in one line.
func (x Exchange) String() string { return printable(x.headline(x.told())) }

// Format is String for every verb.
func (x Exchange) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, x.String()) }

// LogValue is String.
func (x Exchange) LogValue() slog.Value { return slog.StringValue(x.String()) }

// MarshalJSON fails: FormatHAR writes exchanges.
func (x Exchange) MarshalJSON() ([]byte, error) {
	return nil, fault(KindConfig, "", "not-serialisable", "an exchange is written by FormatHAR")
}

// told is what the parts of an exchange know together.
type told struct {
	hops     []Hop
	attempts []Attempt
	bundle   *Response
	failure  *Error
	message  string
}

func (x Exchange) told() told {
	t := told{bundle: x.Response, failure: asError(x.Err)}
	switch {
	case x.Err == nil:
	case t.failure == nil: // whatever its text holds
		t.message = fmt.Sprintf("an error of type %T", x.Err)
	default:
		t.message, t.hops = t.failure.Error(), t.failure.Hops
		t.bundle = cmp.Or(t.bundle, t.failure.Response)
	}
	if t.bundle != nil {
		t.hops, t.attempts = t.bundle.Hops, t.bundle.Attempts
	}
	return t
}

// earlier are the attempts before the one that the hops are of.
func (t told) earlier() []Attempt { return t.attempts[:max(len(t.attempts)-1, 0)] }

func (t told) diagnosis() *Diagnosis {
	switch {
	case t.failure != nil && t.failure.Diagnosis != nil:
		return t.failure.Diagnosis
	case t.bundle != nil:
		return t.bundle.Diagnosis
	}
	return nil
}

// entries are the attempts and hops as an archive has them.
func (x Exchange) entries(reveal bool) []har.Entry {
	t := x.told()
	first := har.Entry{Method: http.MethodGet, Size: -1}
	if len(t.hops) > 0 {
		first.Method, first.URL = t.hops[0].Method, t.hops[0].URL
	} else if t.failure != nil {
		first.URL = t.failure.URL
	}
	if x.Request != nil {
		first = x.Request.archived(first, reveal)
	}
	var entries []har.Entry
	for i, a := range t.earlier() {
		e := first
		e.Start, e.Times, e.Status, e.Size = a.Start, a.Timings.archived(), a.StatusCode, -1
		e.Comment = fmt.Sprintf("attempt %d of %d", i+1, len(t.attempts))
		if a.Kind != "" {
			e.Error = (&Error{Kind: a.Kind, Reason: a.Reason}).Error()
		}
		entries = append(entries, e)
	}
	if t.failure != nil && t.failure.Attempt > 1 {
		first.Comment = fmt.Sprintf("attempt %d", t.failure.Attempt)
	}
	hops := t.hops
	if len(hops) == 0 {
		hops = []Hop{{Method: first.Method, URL: first.URL, Start: time.Now()}}
	}
	for i, h := range hops {
		e := har.Entry{Method: h.Method, URL: h.URL, Size: -1}
		if i == 0 {
			e = first
		}
		e.Start, e.Times, e.Status = h.Start, h.Timings.archived(), h.StatusCode
		if h.Receipt != nil {
			e.TLS, e.Protocol = h.Receipt, h.Receipt.ALPN
		}
		if i < len(hops)-1 {
			e.RedirectURL = hops[i+1].URL
		} else {
			t.complete(&e, x.Request, reveal)
		}
		entries = append(entries, e)
	}
	return entries
}

// complete adds what is known of the last hop alone.
func (t told) complete(e *har.Entry, r *Request, reveal bool) {
	e.Error = t.message
	if d := t.diagnosis(); d != nil {
		e.Diagnosis = d
	}
	b := t.bundle
	if b == nil {
		return
	}
	e.MediaType, e.Size = b.ContentType, b.FileSize
	var secret []string
	if r != nil {
		secret = r.secretNames()
	}
	for _, h := range b.Headers {
		if !reveal {
			h = h.redacted(secret)
		}
		e.Received = append(e.Received, har.Field(h))
	}
	for _, line := range b.CookieHeaders {
		if c, err := http.ParseSetCookie(line); err == nil {
			if !reveal {
				c.Value = redacted
			}
			e.SetCookies = append(e.SetCookies, c)
		}
	}
	if reveal {
		e.Content = b.body
	}
}

// archived adds what the request itself says to its first entry.
func (r *Request) archived(e har.Entry, reveal bool) har.Entry {
	e.Method = r.method()
	if e.URL == "" {
		e.URL = target.RedactText(r.URL)
	}
	if reveal {
		if t, err := r.target(Limits{}.withDefaults()); err == nil {
			e.URL = t.URL().String()
		}
	} else {
		r = r.Redacted()
		e.Method = r.method()
	}
	for _, h := range r.Headers {
		e.Sent = append(e.Sent, har.Field(h))
	}
	for _, h := range r.HeaderSecrets {
		e.Sent = append(e.Sent, har.Field(Header{shown(h.Name), redacted}))
	}
	e.Body = r.Body.archived(r.PlainQueryKeys)
	if e.Body != nil && !reveal {
		e.Body.Size = -1
	}
	return e
}

func (b Body) archived(plainKeys bool) *har.Body {
	out := &har.Body{MediaType: b.contentType, Size: -1}
	switch b.kind {
	case bodyNone:
		return nil
	case bodyRaw, bodyJSON, bodyForm:
		encoded := b.encode(plainKeys) // its error is Validate's to tell
		out.Text, out.Size = shown(string(encoded.data)), int64(len(encoded.data))
	case bodyMultipart:
		out.MediaType = "multipart/form-data"
		for _, p := range b.parts {
			out.Fields = append(out.Fields, har.FormField{Name: shown(p.Name), Value: shown(p.Value), FileName: shown(cmp.Or(p.FileName, p.Path)), ContentType: shown(p.ContentType)})
		}
	}
	return out
}

func (t Timings) archived() har.Times {
	return har.Times{DNS: t.DNS, Connect: t.Connect, Handshake: t.Handshake, Wait: t.Wait, FirstByte: t.FirstByte, Total: t.Total}
}

// FormatTimeline draws an exchange for a terminal of so many columns (0: 80):
// attempts and hops with their parts as bars, what the receipt says, the error
// and its diagnosis. It holds no secret and no control character.
func FormatTimeline(x Exchange, width int) string {
	t := x.told()
	lines := append([]string{x.headline(t)}, timeline.Lines(t.groups(), width)...)
	lines = append(lines, t.facts()...)
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(printable(line) + "\n")
	}
	return b.String()
}

func (x Exchange) headline(t told) string {
	var method, address string
	switch {
	case len(t.hops) > 0:
		method, address = t.hops[0].Method, t.hops[0].URL
	case x.Request != nil:
		method, address = shown(x.Request.method()), target.RedactText(x.Request.URL)
	case t.failure != nil:
		address = t.failure.URL
	}
	outcome := "no answer"
	if b := t.bundle; b != nil {
		content := strings.TrimSpace(fmt.Sprintf("%d bytes %s", b.FileSize, b.ContentType))
		outcome = fmt.Sprintf("%s, %s, %s", statusText(b.StatusCode), content, timeline.Text(b.Timings.Total))
	}
	return strings.TrimSpace(method + " " + address + ": " + outcome)
}

// groups are the attempts and hops with their parts on one scale.
func (t told) groups() []timeline.Group {
	var groups []timeline.Group
	var zero time.Time
	if len(t.attempts) > 0 {
		zero = t.attempts[0].Start
	}
	if zero.IsZero() && len(t.hops) > 0 {
		zero = t.hops[0].Start
	}
	since := func(start time.Time) time.Duration { return max(start.Sub(zero), 0) }
	for i, a := range t.earlier() {
		outcome := statusText(a.StatusCode)
		if a.Kind != "" {
			outcome = (&Error{Kind: a.Kind, Reason: a.Reason}).message()
		}
		groups = append(groups, timeline.Group{Title: fmt.Sprintf("attempt %d: %s", i+1, outcome),
			Parts: []timeline.Part{{Name: "total", Start: since(a.Start), Length: a.Timings.Total}}})
	}
	for i, h := range t.hops {
		outcome := "no answer"
		if h.StatusCode != 0 {
			outcome = statusText(h.StatusCode)
		}
		groups = append(groups, timeline.Group{Title: fmt.Sprintf("hop %d: %s %s: %s", i+1, h.Method, h.URL, outcome), Parts: h.Timings.parts(since(h.Start))})
	}
	return groups
}

// parts cuts a hop into what came one after the other.
func (t Timings) parts(at time.Duration) []timeline.Part {
	var parts []timeline.Part
	begun := at
	add := func(name string, length time.Duration) {
		if length > 0 {
			parts = append(parts, timeline.Part{Name: name, Start: at, Length: length})
		}
		at += max(length, 0)
	}
	add("dns", t.DNS)
	add("connect", t.Connect-t.DNS)
	add("tls", t.Handshake)
	if t.FirstByte > 0 {
		add("send", t.FirstByte-t.Wait-(at-begun))
		add("wait", t.Wait)
	}
	add("transfer", t.Transfer)
	add("decode", t.Decode)
	add("parse", t.Parse)
	if rest := t.Total - (at - begun); t.FirstByte == 0 {
		add("waiting", rest)
	}
	return parts
}

// facts are what receipt, error and diagnosis say, in one line each.
func (t told) facts() []string {
	var lines []string
	add := func(name, format string, args ...any) {
		lines = append(lines, fmt.Sprintf("%-10s", name)+fmt.Sprintf(format, args...))
	}
	if r := lastReceipt(t.hops); r != nil {
		how := "new connection"
		switch {
		case r.Reused:
			how = "connection used before"
		case r.Resumed:
			how = "resumed session"
		}
		add("tls", "TLS %s, %s, %s, %s", r.TLSVersion, r.CipherSuite, cmp.Or(r.ALPN, "http/1.1"), how)
		switch c := r.ClientCertificate; {
		case c.Presented != nil:
			add("client", "%s", c.Presented.line())
		case c.Requested:
			add("client", "a certificate was asked for, none was sent")
		default:
			add("client", "no certificate was asked for")
		}
		for _, w := range r.ClientCertificate.Withheld {
			add("withheld", "%s: %s", w.Subject, w.Reason)
		}
		if len(r.Server.Chain) > 0 {
			add("server", "%s, trusted by %s", r.Server.Chain[0].line(), cmp.Or(r.Server.TrustedBy, "nobody"))
		}
		if len(r.Relaxations) > 0 {
			add("relaxed", "%s", strings.Join(r.Relaxations, ", "))
		}
		for _, w := range r.Warnings {
			add("warning", "%s: %s", w.Code, w.Message)
		}
	}
	switch e := t.failure; {
	case e != nil:
		brief := Error{Kind: e.Kind, Reason: e.Reason, Field: e.Field, Err: e.Err, Faults: e.Faults}
		add("error", "%s", brief.message())
	case t.message != "":
		add("error", "%s", t.message)
	}
	if d := t.diagnosis(); d != nil {
		add("cause", "%s (%s): %s", d.Cause, d.Confidence, d.Seen)
		for _, change := range d.Changed {
			add("changed", "%s", change)
		}
		add("advice", "%s", d.Advice)
	}
	return lines
}

func (c CertificateFacts) line() string {
	return fmt.Sprintf("%s, issued by %s, until %s", c.Subject, c.Issuer, c.NotAfter.UTC().Format(time.DateOnly))
}
