package content

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// PAR-11: what a body is treated as, by its type and its beginning.
func TestPAR11Classify(t *testing.T) {
	const page = "<!DOCTYPE html><html><body>x</body></html>"
	const xhtml = `<?xml version="1.0"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml"/>`
	for _, c := range []struct {
		contentType, body string
		kind              Kind
		declared          bool
	}{
		{"application/json", `{"a":1}`, JSON, true},
		{"Application/JSON ; charset=utf-8", `1`, JSON, true},
		{"text/json", `[]`, JSON, true},
		{"application/problem+json", `{}`, JSON, true},
		{"application/vnd.api+json;profile=\"x,y\"", `{}`, JSON, true},
		{"application/x-amz-json-1.1", `{}`, JSON, true},
		{"application/json-rpc", `{}`, JSON, true},
		{"application/jwt", "e30.e30.c2ln", Text, false},
		{"application/json", page, JSON, true},
		{"application/json", `<?xml version="1.0"?><a/>`, XML, true},
		{"application/xml", `<a/>`, XML, true},
		{"text/xml; charset=utf-8", `<a/>`, XML, true},
		{"application/vnd.acme+xml", `<a/>`, XML, true},
		{"application/soap+xml; action=\"x;y\"", `<a/>`, XML, true},
		{"application/atom+xml", ` {"a":1}`, JSON, true},
		{"text/html", page, HTML, false},
		{"text/html", xhtml, HTML, false},
		{"application/xhtml+xml", xhtml, HTML, false},
		{"text/html", `{"a":1}`, JSON, false},
		{"text/html", `<?xml version="1.0"?><rss/>`, XML, false},
		{"text/plain", `{"a":1}`, JSON, false},
		{"text/plain", "[INFO] started", Text, false},
		{"text/plain", "{not json", Text, false},
		{"text/plain", "hello", Text, false},
		{"text/csv", `{"a":1}`, Text, false},
		{"application/x-ndjson", "{}\n{}", Text, false},
		{"application/javascript", "{}", Text, false},
		{"application/octet-stream", `{"a":1}`, Binary, false},
		{"image/png", "\x89PNG\r\n\x1a\n\x00", Binary, false},
		{"application/pdf", "%PDF-1.7", Binary, false},
		{"application/x-thing; charset=utf-8", "x", Text, false},
		{"", `{"a":1}`, JSON, false},
		{"", "\ufeff \n[1]", JSON, false},
		{"", "[\x00\x00", Binary, false},
		{"", "{\x00\"\x00a\x00\"\x00:\x001\x00}\x00", JSON, false},
		{"", `<?xml version="1.0"?><a/>`, XML, false},
		{"", "\xff\xfe<\x00?\x00x\x00m\x00l\x00 \x00", XML, false},
		{"", "<rss version='2.0'/>", XML, false},
		{"", "<!-- note --><a/>", XML, false},
		{"", "<< quoted", Text, false},
		{"text/plain", "<a/>", Text, false},
		{"", page, HTML, false},
		{"", xhtml, HTML, false},
		{"", "plain", Text, false},
		{"", "", Text, false},
		{"", "\x00\x01\x02", Binary, false},
		{"not a type", `{"a":1}`, JSON, false},
		{"json", `{"a":1}`, JSON, false},
		{"*/*", "x", Text, false},
		{"text/plain, application/json", `1`, JSON, true},
		{"application/json, nonsense", `1`, JSON, true},
		{"application/json; " + strings.Repeat("a=b; ", 200_000), `1`, JSON, true},
		{`application/json; a="` + strings.Repeat(`\"`, 500_000), `1`, JSON, true},
	} {
		began := time.Now()
		kind, declared := Classify(c.contentType, []byte(c.body))
		name := c.contentType[:min(len(c.contentType), 60)]
		assert.Equal(t, c.kind, kind, "%s %.30q", name, c.body)
		assert.Equal(t, c.declared, declared, "%s %.30q", name, c.body)
		assert.Less(t, time.Since(began), 20*time.Second, name)
	}
}

// PAR-12: nothing is of no kind that could fail to parse.
func TestPAR12EmptyBodies(t *testing.T) {
	for _, contentType := range []string{"", "application/json", "text/xml", "text/html; charset=utf-16", "image/png"} {
		for _, body := range []string{"", " \r\n\t"} {
			kind, _ := Classify(contentType, []byte(body))
			if strings.Contains(contentType, "utf-16") {
				body = ""
			}
			got := Decode([]byte(body), contentType, kind)
			assert.Equal(t, body, string(got.Text), contentType)
			assert.Empty(t, got.Warning, contentType)
		}
	}
}

func TestParseMediaType(t *testing.T) {
	for header, want := range map[string]mediaType{
		"text/html;charset=UTF-8":              {"text/html", "UTF-8"},
		"text/html; Charset=\"a\\\"b\"":        {"text/html", `a"b`},
		"text/html; charset":                   {"text/html", ""},
		"text/html; x=y; charset=z; charset=w": {"text/html", "z"},
		"text/html;charset=a, text/html":       {"text/html", "a"},
		"text/html;charset=a, text/plain":      {"text/plain", ""},
		"text/plain, */*":                      {"text/plain", ""},
		"text/":                                {},
		"/html":                                {},
		"text/a b":                             {},
		"":                                     {},
	} {
		assert.Equal(t, want, parseMediaType(header), header)
	}
}
