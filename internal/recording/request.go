package recording

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/mtlshttp/mtlshttp/internal/target"
)

// Field is a header field.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Request is what was asked. Headers are for people: they tell no request from
// another, since many are different each time.
type Request struct {
	Method  string  `json:"method"`
	URL     string  `json:"url"` // the values of its query are hidden
	Query   string  `json:"query,omitempty"`
	Headers []Field `json:"headers"`
	// Body says how long it was and is its fingerprint, Query that of the
	// URL's query; both without the values of secret names.
	Body string `json:"body,omitempty"`
	Size int    `json:"size,omitempty"`
}

// Request records one.
func (f *File) Request(req *http.Request, body []byte) Request {
	r := Request{Method: req.Method, URL: target.Redact(req.URL), Headers: f.fields(req.Header), Size: len(body)}
	if r.Method == "" {
		r.Method = http.MethodGet
	}
	if req.URL.RawQuery != "" {
		r.Query = f.fingerprint(f.redactPairs(req.URL.RawQuery))
	}
	if len(body) > 0 {
		r.Body = f.fingerprint(string(f.redact(req.Header.Get("Content-Type"), body)))
	}
	return r
}

// fingerprint is too short to find out more of a text than whether it is the
// same.
func (f *File) fingerprint(text string) string {
	h := hmac.New(sha256.New, f.Salt)
	h.Write([]byte(text))
	return hex.EncodeToString(h.Sum(nil)[:4])
}

// fields are header fields without secrets, in the order of their names.
func (f *File) fields(h http.Header) []Field {
	list := []Field{}
	for name, values := range h {
		for _, v := range values {
			list = append(list, Field{name, f.shown(name, v)})
		}
	}
	slices.SortStableFunc(list, func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
	return list
}

func (f *File) shown(name, value string) string {
	switch {
	case value == "":
		return value
	case strings.EqualFold(name, "Set-Cookie"):
		if c, err := http.ParseSetCookie(value); err == nil {
			f.seen.see(c.Value)
		}
		return hideCookie(value)
	case f.isSecret(name):
		f.seen.see(value)
		return hidden
	case strings.HasPrefix(value, "multipart/"):
		media, _, _ := strings.Cut(value, ";") // the boundary is another each time
		return media
	case strings.Contains(value, "://"):
		return target.RedactText(value)
	}
	if path, query, ok := strings.Cut(value, "?"); ok && strings.EqualFold(name, "Location") {
		return path + "?" + hideAll(query)
	}
	return value
}

// hideCookie leaves name and attributes, so that a jar can keep what is left.
func hideCookie(line string) string {
	pair, attributes, more := strings.Cut(line, ";")
	name, _, ok := strings.Cut(pair, "=")
	if !ok {
		return hidden
	}
	if more {
		attributes = ";" + attributes
	}
	return name + "=" + hidden + attributes
}

// hideAll hides every value of a query, as target.Redact does.
func hideAll(query string) string {
	query, _, _ = strings.Cut(query, "#")
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		switch {
		case value != "":
			pairs[i] = name + "=" + hidden
		case pair != "":
			pairs[i] = hidden
		}
	}
	return strings.Join(pairs, "&")
}

// Difference says what tells two requests apart, "" for nothing. The second is
// live, and may lead where a recorded response with hidden values led to: a
// hidden query is that of every request to the same URL.
func Difference(recorded, live Request, liveURL string) string {
	switch {
	case recorded.Method != live.Method:
		return fmt.Sprintf("the method is %s", recorded.Method)
	case recorded.URL != live.URL:
		return fmt.Sprintf("the URL is %s", recorded.URL)
	case recorded.Query != live.Query && liveURL != recorded.URL:
		return "the values of the query are others"
	case recorded.Body != live.Body:
		return fmt.Sprintf("the body is another, of %d bytes", recorded.Size)
	}
	return ""
}
