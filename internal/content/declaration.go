package content

import (
	"bytes"
	"strings"
)

// declared is how far into a document its own declaration may be.
const declared = 1024

// xmlDeclaration returns the encoding that an XML declaration names.
func xmlDeclaration(body []byte) string {
	head := body[:min(len(body), declared)]
	if !bytes.HasPrefix(head, []byte("<?xml")) {
		return ""
	}
	end := bytes.IndexByte(head, '>')
	if end < 0 {
		return ""
	}
	_, rest, ok := strings.Cut(string(head[:end]), "encoding")
	rest = strings.TrimLeft(rest, " \t\r\n")
	if !ok || !strings.HasPrefix(rest, "=") {
		return ""
	}
	rest = strings.TrimLeft(rest[1:], " \t\r\n")
	if rest == "" || rest[0] != '"' && rest[0] != '\'' {
		return ""
	}
	label, _, ok := strings.Cut(rest[1:], rest[:1])
	if !ok {
		return ""
	}
	return label
}

// metaCharset returns the charset that a page's meta element names: the prescan
// of section 13.2.3.2 of the HTML Standard.
func metaCharset(body []byte) string {
	s := scan{text: body[:min(len(body), declared)]}
	for s.more() {
		switch {
		case s.has("<!--"):
			// The comment may end with the dashes that it began with.
			s.pos += len("<!--") - 2
			s.past("-->")
		case s.hasTag("<meta"):
			s.pos += len("<meta")
			if label := s.meta(); label != "" {
				return label
			}
		case s.has("<") && s.letterAt(1), s.has("</") && s.letterAt(2):
			for s.more() && !s.space() && s.text[s.pos] != '>' {
				s.pos++
			}
			for {
				if name, _ := s.attribute(); name == "" {
					break
				}
			}
		case s.has("<!"), s.has("</"), s.has("<?"):
			s.past(">")
		default:
			s.pos++
		}
	}
	return ""
}

// scan is a position in the beginning of a page.
type scan struct {
	text []byte
	pos  int
}

func (s *scan) more() bool { return s.pos < len(s.text) }

func (s *scan) has(prefix string) bool {
	return len(s.text)-s.pos >= len(prefix) && strings.EqualFold(string(s.text[s.pos:s.pos+len(prefix)]), prefix)
}

func (s *scan) hasTag(tag string) bool {
	after := s.pos + len(tag)
	return s.has(tag) && after < len(s.text) && (isHTMLSpace(s.text[after]) || s.text[after] == '/')
}

func (s *scan) letterAt(offset int) bool {
	if s.pos+offset >= len(s.text) {
		return false
	}
	c := s.text[s.pos+offset] | 0x20
	return 'a' <= c && c <= 'z'
}

func (s *scan) space() bool { return isHTMLSpace(s.text[s.pos]) }

func isHTMLSpace(c byte) bool { return strings.IndexByte("\t\n\f\r ", c) >= 0 }

// past moves behind the next occurrence of end.
func (s *scan) past(end string) {
	if i := bytes.Index(s.text[s.pos:], []byte(end)); i >= 0 {
		s.pos += i + len(end)
		return
	}
	s.pos = len(s.text)
}

// meta reads the attributes of a meta element and returns the label of a known
// charset, if they name one.
func (s *scan) meta() string {
	var charset, content string
	pragma := false
	seen := map[string]bool{}
	for {
		name, value := s.attribute()
		if name == "" {
			break
		}
		if seen[name] {
			continue
		}
		seen[name] = true
		switch name {
		case "http-equiv":
			pragma = strings.EqualFold(value, "content-type")
		case "content":
			content = value
		case "charset":
			charset = value
		}
	}
	if charset == "" && pragma {
		charset = charsetIn(content)
	}
	if lookup(charset) == nil {
		return ""
	}
	return charset
}

// attribute reads one attribute; its name, in lower case, is empty at the end of
// the tag.
func (s *scan) attribute() (name, value string) {
	for s.more() && (s.space() || s.text[s.pos] == '/') {
		s.pos++
	}
	start := s.pos
	for s.more() && strings.IndexByte("/>\t\n\f\r ", s.text[s.pos]) < 0 && (s.text[s.pos] != '=' || s.pos == start) {
		s.pos++
	}
	name = strings.ToLower(string(s.text[start:s.pos]))
	for s.more() && s.space() {
		s.pos++
	}
	if name == "" || !s.more() || s.text[s.pos] != '=' {
		return name, ""
	}
	s.pos++
	for s.more() && s.space() {
		s.pos++
	}
	if !s.more() {
		return name, ""
	}
	if q := s.text[s.pos]; q == '"' || q == '\'' {
		s.pos++
		start = s.pos
		s.past(string(q))
		return name, strings.TrimSuffix(string(s.text[start:s.pos]), string(q))
	}
	start = s.pos
	for s.more() && !s.space() && s.text[s.pos] != '>' {
		s.pos++
	}
	return name, string(s.text[start:s.pos])
}

// charsetIn finds the charset in the content attribute of a meta element.
func charsetIn(content string) string {
	value := ""
	for i := 0; i+len("charset") <= len(content) && value == ""; i++ {
		if strings.EqualFold(content[i:i+len("charset")], "charset") {
			rest := strings.TrimLeft(content[i+len("charset"):], "\t\n\f\r ")
			if strings.HasPrefix(rest, "=") {
				value = strings.TrimLeft(rest[1:], "\t\n\f\r ")
			}
		}
	}
	if value == "" {
		return ""
	}
	if q := value[:1]; q == `"` || q == "'" {
		label, _, ok := strings.Cut(value[1:], q)
		if !ok {
			return ""
		}
		return label
	}
	if i := strings.IndexAny(value, "\t\n\f\r ;"); i >= 0 {
		value = value[:i]
	}
	return value
}
