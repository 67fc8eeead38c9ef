// Package har writes HTTP Archives (HAR 1.2), the format that the network
// panels of browsers open. What must not be shown is left out before it comes
// here.
//
// The format has no place for a client certificate: what TLS did stands under
// _tls, what a failure has to do with it under _diagnosis, and the failure
// itself under the response's _error; readers skip names that begin with an
// underscore.
package har

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"
)

// Entry is one request with what came back.
type Entry struct {
	Start    time.Time
	Times    Times
	Protocol string // as ALPN names it; empty: HTTP/1.1
	Comment  string

	Method, URL string
	Sent        []Field
	Body        *Body // nil: none

	Status      int // 0: nothing came back
	Received    []Field
	SetCookies  []*http.Cookie
	RedirectURL string
	MediaType   string
	Size        int64  // of the content, decoded; -1: not known
	Content     []byte // nil: not shown

	Error     string // of what failed
	TLS       any    // what TLS did; nil: nothing
	Diagnosis any
}

// Field is a header field or a parameter.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Body is what was sent: text, or a form's fields.
type Body struct {
	MediaType string
	Text      string
	Fields    []FormField
	Size      int64 // -1: not known
}

// FormField is a field or a file of a form.
type FormField struct {
	Name        string `json:"name"`
	Value       string `json:"value,omitempty"`
	FileName    string `json:"fileName,omitempty"`
	ContentType string `json:"contentType,omitempty"`
}

// Times are what the parts of an exchange took; 0: did not happen. Connect has
// the look-up in it and not the handshake, FirstByte and Total count from the
// start.
type Times struct {
	DNS, Connect, Handshake, Wait, FirstByte, Total time.Duration
}

// Marshal writes an archive, indented. Its error is one of marshalling TLS or
// Diagnosis.
func Marshal(creator, version string, entries []Entry) ([]byte, error) {
	type log struct {
		Version string `json:"version"`
		Creator any    `json:"creator"`
		Entries []any  `json:"entries"`
	}
	l := log{Version: "1.2", Entries: []any{}, Creator: struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	}{creator, version}}
	for _, e := range entries {
		l.Entries = append(l.Entries, e.document())
	}
	return json.MarshalIndent(struct {
		Log log `json:"log"`
	}{l}, "", "  ")
}

type entry struct {
	Start     string   `json:"startedDateTime"`
	Time      float64  `json:"time"`
	Request   request  `json:"request"`
	Response  response `json:"response"`
	Cache     struct{} `json:"cache"`
	Timings   timings  `json:"timings"`
	Comment   string   `json:"comment,omitempty"`
	TLS       any      `json:"_tls,omitempty"`
	Diagnosis any      `json:"_diagnosis,omitempty"`
	Resource  string   `json:"_resourceType"` // as Chrome has it, for its filters
}

type request struct {
	Method      string    `json:"method"`
	URL         string    `json:"url"`
	Version     string    `json:"httpVersion"`
	Cookies     []cookie  `json:"cookies"`
	Headers     []Field   `json:"headers"`
	Query       []Field   `json:"queryString"`
	Body        *postData `json:"postData,omitempty"`
	HeadersSize int64     `json:"headersSize"` // -1: not known, as the format has it
	BodySize    int64     `json:"bodySize"`
}

type postData struct {
	MediaType string      `json:"mimeType"`
	Text      string      `json:"text,omitempty"`
	Params    []FormField `json:"params,omitempty"`
}

type response struct {
	Status      int      `json:"status"`
	StatusText  string   `json:"statusText"`
	Version     string   `json:"httpVersion"`
	Cookies     []cookie `json:"cookies"`
	Headers     []Field  `json:"headers"`
	Content     content  `json:"content"`
	RedirectURL string   `json:"redirectURL"`
	HeadersSize int64    `json:"headersSize"`
	BodySize    int64    `json:"bodySize"`
	Error       string   `json:"_error,omitempty"` // as Chrome has it
}

type content struct {
	Size      int64  `json:"size"`
	MediaType string `json:"mimeType"`
	Text      string `json:"text,omitempty"`
	Encoding  string `json:"encoding,omitempty"`
	Comment   string `json:"comment,omitempty"`
}

type cookie struct {
	Name     string `json:"name"`
	Value    string `json:"value"`
	Path     string `json:"path,omitempty"`
	Domain   string `json:"domain,omitempty"`
	Expires  string `json:"expires,omitempty"`
	HTTPOnly bool   `json:"httpOnly,omitempty"`
	Secure   bool   `json:"secure,omitempty"`
}

type timings struct {
	Blocked float64 `json:"blocked"`
	DNS     float64 `json:"dns"`
	Connect float64 `json:"connect"` // with ssl
	Send    float64 `json:"send"`
	Wait    float64 `json:"wait"`
	Receive float64 `json:"receive"`
	SSL     float64 `json:"ssl"`
}

// nowhere stands for a URL that cannot be shown, where the format wants one.
const nowhere = "about:invalid"

func (e Entry) document() entry {
	version := "HTTP/1.1"
	if e.Protocol == "h2" {
		version = "HTTP/2.0"
	}
	address := e.URL
	if u, err := url.Parse(address); err != nil || u.Scheme == "" {
		address = nowhere
	}
	out := entry{
		Start: e.Start.UTC().Format("2006-01-02T15:04:05.000Z07:00"), Comment: e.Comment, TLS: e.TLS, Diagnosis: e.Diagnosis, Resource: "fetch",
		Request: request{Method: e.Method, URL: address, Version: version, Cookies: sentCookies(e.Sent), Headers: fields(e.Sent), Query: query(address),
			HeadersSize: -1},
		Response: response{Status: e.Status, StatusText: http.StatusText(e.Status), Version: version, Cookies: received(e.SetCookies),
			Headers: fields(e.Received), Content: e.content(), RedirectURL: e.RedirectURL, HeadersSize: -1, BodySize: -1, Error: e.Error},
		Timings: e.Times.timings(),
	}
	if e.Status == 0 {
		out.Response.Version = ""
	}
	if b := e.Body; b != nil {
		out.Request.Body, out.Request.BodySize = &postData{b.MediaType, b.Text, b.Fields}, b.Size
	}
	t := out.Timings
	for _, part := range []float64{t.DNS, t.Connect, t.Send, t.Wait, t.Receive} {
		out.Time += max(part, 0)
	}
	out.Time = math.Round(out.Time*1000) / 1000
	return out
}

func (e Entry) content() content {
	c := content{Size: max(e.Size, 0), MediaType: e.MediaType}
	switch {
	case e.Content == nil && e.Size > 0:
		c.Comment = "the content is not shown"
	case utf8.Valid(e.Content):
		c.Text = string(e.Content)
	default:
		c.Text, c.Encoding = base64.StdEncoding.EncodeToString(e.Content), "base64"
	}
	return c
}

// timings are the parts as the format cuts them; -1 did not happen. They add up
// to the whole.
func (t Times) timings() timings {
	connect := max(t.Connect-t.DNS, 0) + t.Handshake
	before := t.DNS + connect
	first := min(max(t.FirstByte, before+t.Wait), max(t.Total, before+t.Wait))
	if t.FirstByte == 0 {
		first = max(t.Total, before+t.Wait) // nothing came: all the rest was waiting
		t.Wait = first - before
	}
	orNone := func(d time.Duration, happened bool) float64 {
		if !happened {
			return -1
		}
		return milliseconds(d)
	}
	return timings{Blocked: -1, DNS: orNone(t.DNS, t.DNS > 0), Connect: orNone(connect, connect > 0), SSL: orNone(t.Handshake, t.Handshake > 0),
		Send: milliseconds(first - before - t.Wait), Wait: milliseconds(t.Wait), Receive: milliseconds(max(t.Total-first, 0))}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func fields(list []Field) []Field {
	if list == nil {
		return []Field{}
	}
	return list
}

func query(address string) []Field {
	list := []Field{}
	_, raw, _ := strings.Cut(address, "?")
	raw, _, _ = strings.Cut(raw, "#")
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		list = append(list, Field{unescaped(name), unescaped(value)})
	}
	return list
}

func unescaped(s string) string {
	text, err := url.QueryUnescape(s)
	if err != nil || !utf8.ValidString(text) {
		return s
	}
	return text
}

// sentCookies are the pairs of a Cookie header, unless its value is not shown.
func sentCookies(sent []Field) []cookie {
	list := []cookie{}
	for _, f := range sent {
		if !strings.EqualFold(f.Name, "Cookie") {
			continue
		}
		for pair := range strings.SplitSeq(f.Value, ";") {
			if name, value, ok := strings.Cut(strings.TrimSpace(pair), "="); ok {
				list = append(list, cookie{Name: name, Value: value})
			}
		}
	}
	return list
}

func received(cookies []*http.Cookie) []cookie {
	list := []cookie{}
	for _, c := range cookies {
		out := cookie{Name: c.Name, Value: c.Value, Path: c.Path, Domain: c.Domain, HTTPOnly: c.HttpOnly, Secure: c.Secure}
		if !c.Expires.IsZero() {
			out.Expires = c.Expires.UTC().Format(time.RFC3339)
		}
		list = append(list, out)
	}
	return list
}
