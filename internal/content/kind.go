package content

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// Kind is what a body is treated as.
type Kind string

// The kinds. HTML is text that may declare its own charset.
const (
	Binary Kind = "binary"
	Text   Kind = "text"
	HTML   Kind = "html"
	JSON   Kind = "json"
	XML    Kind = "xml"
)

// Classify says what a body is. It goes by the media type where that says
// something, and by the beginning of the body where the type is missing or
// cannot be true. For JSON and XML, declared says that the type or the content
// leaves no doubt: a body that then does not parse is at fault. Where it is
// false the body merely looks so, and is Text (or HTML) if it does not parse.
//
//	declared type            body begins with     kind
//	JSON, +json              <?xml                XML
//	JSON, +json              anything else        JSON
//	XML, +xml                { or [               JSON
//	XML, +xml                anything else        XML
//	HTML, XHTML              { or [               JSON, if it parses
//	HTML, XHTML              <?xml, not HTML      XML, if it parses
//	HTML, XHTML              anything else        HTML
//	text/plain               { or [, <?xml        JSON, XML, if it parses
//	other text               anything             Text
//	none, or not a type      { or [               JSON, if it parses
//	none, or not a type      HTML's first tags    HTML
//	none, or not a type      another tag          XML, if it parses
//	none, or not a type      control characters   Binary
//	none, or not a type      anything else        Text
//	anything with a charset  anything             Text
//	anything else            anything             Binary
func Classify(contentType string, body []byte) (kind Kind, declared bool) {
	media := parseMediaType(contentType)
	switch kind = byType(media.essence); kind {
	case JSON:
		if looksLike(body) == XML {
			return XML, true
		}
		return JSON, true
	case XML:
		if looksLike(body) == JSON {
			return JSON, true
		}
		return XML, true
	case HTML:
		if seen := looksLike(body); seen != "" && !(seen == XML && isXHTML(body)) {
			return seen, false
		}
		return HTML, false
	case Text:
		if seen := looksLike(body); seen != "" && media.essence == "text/plain" {
			return seen, false
		}
		return Text, false
	case "":
		return sniff(body), false
	}
	if media.charset != "" {
		return Text, false
	}
	return Binary, false
}

// byType is the table of media types; nothing where there is none.
func byType(essence string) Kind {
	switch essence {
	case "":
		return ""
	case "application/json", "text/json", "application/x-json", "text/x-json", "application/jsonrequest",
		"application/json-rpc", "application/jsonrpc", "application/json-home", "application/csp-report",
		"application/x-amz-json-1.0", "application/x-amz-json-1.1":
		return JSON
	case "application/xml", "text/xml", "application/x-xml", "application/xml-external-parsed-entity", "text/xml-external-parsed-entity",
		"text/xsl":
		return XML
	case "text/html", "application/xhtml+xml":
		return HTML
	case "application/javascript", "application/x-javascript", "application/ecmascript", "application/x-www-form-urlencoded",
		"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines", "application/json-seq",
		"application/yaml", "application/x-yaml", "application/toml", "application/graphql", "application/sql",
		"application/csv", "application/x-pem-file", "application/pem-certificate-chain", "application/xml-dtd",
		"application/x-sh", "application/rtf", "application/jwt", "application/json5", "application/typescript", "application/n-triples",
		"application/sparql-query", "application/vnd.apple.mpegurl", "application/x-mpegurl", "message/http", "message/rfc822":
		return Text
	}
	switch kind, subtype, _ := strings.Cut(essence, "/"); {
	case strings.HasSuffix(subtype, "+json"):
		return JSON
	case strings.HasSuffix(subtype, "+xml"):
		return XML
	case kind == "text", strings.HasSuffix(subtype, "+yaml"), strings.HasSuffix(subtype, "+json-seq"):
		return Text
	}
	return Binary
}

// sniffed is how much of a body is looked at, and no more.
const sniffed = 4 << 10

// beginning is the body's first characters in a form that can be compared:
// without a byte order mark and white space, UTF-16 narrowed.
func beginning(body []byte) []byte {
	head := body[:min(len(body), sniffed)]
	if name := byMark(head); name == utf16beName || name == utf16leName {
		head, _ = lookup(name).decode(nil, head[:len(head)&^1])
	} else if name = byPattern(head); name != "" {
		head, _ = lookup(name).decode(nil, head[:len(head)&^1])
	}
	head = bytes.TrimPrefix(head, []byte(mark))
	return bytes.TrimLeft(head, " \t\r\n")
}

// looksLike tells the formats that are parsed by their first characters.
func looksLike(body []byte) Kind {
	switch head := beginning(body); {
	case bytes.HasPrefix(head, []byte("<?xml")):
		return XML
	case looksLikeJSON(head):
		return JSON
	}
	return ""
}

// looksLikeJSON asks for an object or array, and for what may follow its
// bracket: "[INFO] started" is a log.
func looksLikeJSON(head []byte) bool {
	if len(head) == 0 || head[0] != '{' && head[0] != '[' {
		return false
	}
	rest := bytes.TrimLeft(head[1:], " \t\r\n")
	if len(rest) == 0 {
		return false
	}
	if head[0] == '{' {
		return rest[0] == '"' || rest[0] == '}'
	}
	return strings.IndexByte(`{["]-0123456789tfn`, rest[0]) >= 0
}

// isXHTML says whether what looks like XML is a page.
func isXHTML(body []byte) bool {
	head := bytes.ToLower(beginning(body))
	return bytes.Contains(head, []byte("<html")) || bytes.Contains(head, []byte("<!doctype html"))
}

// pageStarts are the tags that pages begin with and other documents do not.
var pageStarts = []string{"<!doctype html", "<html", "<head", "<body", "<script", "<title", "<table", "<div", "<iframe", "<h1", "<p>", "<br"}

func sniff(body []byte) Kind {
	seen := looksLike(body)
	switch {
	case seen == XML && isXHTML(body):
		return HTML
	case seen != "":
		return seen
	}
	head := beginning(body)
	lower := strings.ToLower(string(head[:min(len(head), 64)]))
	for _, start := range pageStarts {
		if strings.HasPrefix(lower, start) {
			return HTML
		}
	}
	switch {
	case hasControls(head):
		return Binary
	case looksLikeTag(head):
		return XML
	}
	return Text
}

// looksLikeTag asks for a tag or a comment.
func looksLikeTag(head []byte) bool {
	if len(head) < 2 || head[0] != '<' {
		return false
	}
	c := head[1] | 0x20
	return 'a' <= c && c <= 'z' || head[1] == '_' || bytes.HasPrefix(head, []byte("<!--"))
}

// hasControls looks for the bytes that the MIME Sniffing Standard calls binary.
func hasControls(data []byte) bool {
	for _, c := range data {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != 0x1b {
			return true
		}
	}
	return false
}

// mark is the byte order mark in UTF-8.
const mark = "\uFEFF"

// byMark names the charset that a byte order mark says, or nothing.
func byMark(body []byte) string {
	switch {
	case bytes.HasPrefix(body, []byte(mark)):
		return utf8Name
	case bytes.HasPrefix(body, []byte{0xfe, 0xff}):
		return utf16beName
	case bytes.HasPrefix(body, []byte{0xff, 0xfe}):
		return utf16leName
	}
	return ""
}

// byPattern tells UTF-16 without a mark by its zeros, which no JSON and no XML
// has otherwise: RFC 4627 section 3, XML 1.0 appendix F.
func byPattern(body []byte) string {
	if len(body) < 4 {
		return ""
	}
	structural := func(c byte) bool { return c < utf8.RuneSelf && strings.IndexByte("<{[\" \t\r\n", c) >= 0 }
	switch {
	case body[0] == 0 && structural(body[1]) && body[2] == 0 && body[3] != 0:
		return utf16beName
	case body[1] == 0 && structural(body[0]) && body[3] == 0 && body[2] != 0:
		return utf16leName
	}
	return ""
}
