package xmlvalue

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// characters reads text and references up to the next markup.
func (p *parser) characters() error {
	start := p.pos
	for i := start; i < len(p.text); i++ {
		kind := byteKinds[p.text[i]]
		if kind == plain {
			continue
		}
		p.pos = i
		switch kind {
		case markup:
			p.tree.addText(p.text[start:i])
			return nil
		case forbidden:
			return p.fault("a character that XML does not allow")
		case maybe:
			if isNonCharacter(p.text, i) {
				return p.fault("a character that XML does not allow")
			}
		case bracket:
			if p.has("]]>") {
				return p.fault("]]> outside of CDATA")
			}
		case lineEnd:
			p.tree.addText(p.text[start:i])
			p.tree.addText("\n")
			if p.has("\r\n") {
				i++
			}
			start = i + 1
		case reference:
			p.tree.addText(p.text[start:i])
			s, err := p.reference()
			if err != nil {
				return err
			}
			p.tree.addText(s)
			start, i = p.pos, p.pos-1
		}
	}
	return p.faultAt(len(p.text), CodeNotWellFormed, "")
}

// attributeValue reads a quoted value: XML 1.0 section 3.3.3 for CDATA.
func (p *parser) attributeValue() (string, error) {
	q := p.peek()
	if q != '"' && q != '\'' {
		return "", p.fault("a value without quotes")
	}
	p.pos++
	start, made := p.pos, []byte(nil)
	for i := start; i < len(p.text); i++ {
		kind := byteKinds[p.text[i]]
		if kind == plain {
			continue
		}
		p.pos = i
		switch kind {
		case quote:
			if p.text[i] != q {
				continue
			}
			p.pos++
			if made == nil {
				return p.text[start:i], nil
			}
			return string(append(made, p.text[start:i]...)), nil
		case markup:
			return "", p.fault("a < in the value of an attribute")
		case forbidden:
			return "", p.fault("a character that XML does not allow")
		case maybe:
			if isNonCharacter(p.text, i) {
				return "", p.fault("a character that XML does not allow")
			}
		case lineEnd, blank:
			made = append(append(made, p.text[start:i]...), ' ')
			if p.has("\r\n") {
				i++
			}
			start = i + 1
		case reference:
			made = append(made, p.text[start:i]...)
			s, err := p.reference()
			if err != nil {
				return "", err
			}
			made = append(made, s...)
			start, i = p.pos, p.pos-1
		}
	}
	return "", p.faultAt(len(p.text), CodeNotWellFormed, "")
}

// longestReference bounds the search for the end of one: leading zeros are
// allowed, but nobody writes so many.
const longestReference = 64

var predefined = map[string]string{"lt": "<", "gt": ">", "amp": "&", "apos": "'", "quot": `"`}

// reference reads a character reference or one of the five predefined entities.
func (p *parser) reference() (string, error) {
	rest := p.text[p.pos+1 : min(len(p.text), p.pos+longestReference)]
	name, _, ok := strings.Cut(rest, ";")
	if !ok {
		return "", p.fault("an & that begins no reference")
	}
	s := predefined[name]
	if digits, numeric := strings.CutPrefix(name, "#"); numeric {
		s = character(digits)
	}
	if s == "" {
		return "", p.fault("a reference to nothing that is defined")
	}
	p.pos += len(name) + len("&;")
	return s, nil
}

// character returns what a character reference stands for, or "".
func character(digits string) string {
	base := 10
	if hex, ok := strings.CutPrefix(digits, "x"); ok {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil || strings.HasPrefix(digits, "+") || strings.Contains(digits, "_") || n > utf8.MaxRune || !isChar(rune(n)) {
		return ""
	}
	return string(rune(n))
}
