package xmlvalue

import (
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

var predefined = map[string]string{"lt": "<", "gt": ">", "amp": "&", "apos": "'", "quot": `"`}

// longestEntity is the length of the longest name among them.
const longestEntity = len("apos")

// reference reads a character reference or one of the five predefined entities.
func (p *parser) reference() (string, error) {
	if err := p.goOn(); err != nil {
		return "", err
	}
	if strings.HasPrefix(p.text[p.pos:], "&#") {
		return p.characterReference()
	}
	rest := p.text[p.pos+1 : min(len(p.text), p.pos+1+longestEntity+1)]
	name, _, ok := strings.Cut(rest, ";")
	s := predefined[name]
	if !ok || s == "" {
		return "", p.fault("an & that begins no reference to anything defined")
	}
	p.pos += len(name) + len("&;")
	return s, nil
}

// characterReference reads one of any length: leading zeros are allowed.
func (p *parser) characterReference() (string, error) {
	i, base := p.pos+len("&#"), 10
	if i < len(p.text) && p.text[i] == 'x' {
		i, base = i+1, 16
	}
	start, r := i, 0
	for ; i < len(p.text); i++ {
		digit := strings.IndexByte("0123456789abcdef", p.text[i]|0x20)
		if p.text[i] < '0' || digit < 0 || digit >= base {
			break
		}
		r = min(r*base+digit, utf8.MaxRune+1)
	}
	if i == start || i == len(p.text) || p.text[i] != ';' || !isChar(rune(r)) {
		return "", p.fault("a character reference to nothing that XML allows")
	}
	p.pos = i + 1
	return string(rune(r)), nil
}
