package xmlvalue

import (
	"strings"
	"unicode/utf8"
)

func (p *parser) atEnd() bool { return p.pos >= len(p.text) }

// peek returns the current byte, or 0 at the end.
func (p *parser) peek() byte {
	if p.atEnd() {
		return 0
	}
	return p.text[p.pos]
}

func (p *parser) has(prefix string) bool { return strings.HasPrefix(p.text[p.pos:], prefix) }

// skip steps over prefix, if it is there.
func (p *parser) skip(prefix string) bool {
	if !p.has(prefix) {
		return false
	}
	p.pos += len(prefix)
	return true
}

// space steps over white space and says whether there was any.
func (p *parser) space() bool {
	start := p.pos
	for !p.atEnd() && isSpace(p.text[p.pos]) {
		p.pos++
	}
	return p.pos > start
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// name reads a Name, or returns "" where none begins.
func (p *parser) name() string {
	start := p.pos
	for p.pos < len(p.text) {
		c := p.text[p.pos]
		if c < utf8.RuneSelf {
			if nameBytes[c] == 0 || nameBytes[c] == within && p.pos == start {
				break
			}
			p.pos++
			continue
		}
		r, size := utf8.DecodeRuneInString(p.text[p.pos:])
		if !isNameStart(r) && (p.pos == start || !isNameWithin(r)) {
			break
		}
		p.pos += size
	}
	return p.text[start:p.pos]
}

const (
	first  = 1 // may begin a name, and go on with it
	within = 2 // may only go on with it
)

var nameBytes = func() (table [utf8.RuneSelf]byte) {
	for c := range table {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '_', c == ':':
			table[c] = first
		case '0' <= c && c <= '9', c == '-', c == '.':
			table[c] = within
		}
	}
	return table
}()

// isNameStart is NameStartChar beyond ASCII, XML 1.0 section 2.3.
func isNameStart(r rune) bool {
	switch {
	case r < 0xc0, r == 0xd7, r == 0xf7, 0x300 <= r && r < 0x370, r == 0x37e:
		return false
	case r <= 0x1fff:
		return true
	}
	return r == 0x200c || r == 0x200d || 0x2070 <= r && r <= 0x218f || 0x2c00 <= r && r <= 0x2fef ||
		0x3001 <= r && r <= 0xd7ff || 0xf900 <= r && r <= 0xfdcf || 0xfdf0 <= r && r <= 0xfffd ||
		0x10000 <= r && r <= 0xeffff
}

// isNameWithin is what NameChar adds beyond ASCII.
func isNameWithin(r rune) bool {
	return r == 0xb7 || 0x300 <= r && r <= 0x36f || r == 0x203f || r == 0x2040
}

// isChar is Char, XML 1.0 section 2.2.
func isChar(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || ' ' <= r && r <= 0xd7ff || 0xe000 <= r && r <= 0xfffd ||
		0x10000 <= r && r <= utf8.MaxRune
}

// Bytes at which a run of plain text ends, and why.
const (
	plain     = iota
	markup    // '<'
	reference // '&'
	bracket   // ']'
	lineEnd   // '\r'
	forbidden // a control character
	maybe     // 0xEF, which begins U+FFFE and U+FFFF
	blank     // a tab or line feed, which attributes turn into a space
	quote     // either quote
)

var byteKinds = func() (table [256]byte) {
	for c := range 0x20 {
		table[c] = forbidden
	}
	table['\t'], table['\n'], table['\r'] = blank, blank, lineEnd
	table['<'], table['&'], table[']'], table[0xef] = markup, reference, bracket, maybe
	table['"'], table['\''] = quote, quote
	return table
}()

// isNonCharacter says whether U+FFFE or U+FFFF is at i.
func isNonCharacter(text string, i int) bool {
	return strings.HasPrefix(text[i:], "\uFFFE") || strings.HasPrefix(text[i:], "\uFFFF")
}

// until returns what comes before end, and steps over both. All of it must be
// characters that XML allows.
func (p *parser) until(end string) (string, error) {
	length := strings.Index(p.text[p.pos:], end)
	if length < 0 {
		return "", p.faultAt(len(p.text), CodeNotWellFormed, "")
	}
	s := p.text[p.pos : p.pos+length]
	for i := range len(s) {
		if kind := byteKinds[s[i]]; kind == forbidden || kind == maybe && isNonCharacter(s, i) {
			return "", p.faultAt(p.pos+i, CodeNotWellFormed, "a character that XML does not allow")
		}
	}
	p.pos += length + len(end)
	return s, nil
}
