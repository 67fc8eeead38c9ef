// Package xmlvalue turns XML into plain values. It accepts well-formed
// documents of XML 1.0 (fifth edition) with Namespaces in XML 1.0 and refuses
// all others. A document type declaration is refused too, so that no entity is
// ever expanded and nothing is ever fetched.
//
// The shape: the document is an object with the root's name; every child is in
// an array under its name; an element with text alone is that text; attributes
// are in "_attributes", and text beside attributes or children is "_value".
//
//	<a/>                      {"a": ""}
//	<a><b/><b>x</b></a>       {"a": {"b": ["", "x"]}}
//	<a x="1">hi</a>           {"a": {"_attributes": {"x": "1"}, "_value": "hi"}}
//	<a>pre<b>bold</b>post</a> {"a": {"_value": "prepost", "b": ["bold"]}}
//
// Names are kept as written, prefixes and namespace declarations included. Text
// is kept as written too, with references resolved and line ends as XML has
// them; only white space beside attributes or children is no text, unless some
// of it is CDATA. Comments and processing instructions are left out. A child
// that is itself named _attributes or _value gets one more underscore.
package xmlvalue

import (
	"bytes"
	"context"
	"strings"
	"unicode/utf8"

	"github.com/mtlshttp/mtlshttp/internal/content"
)

// Parse returns the document in data, which is UTF-8, or UTF-16 with a byte
// order mark or with an XML declaration. The encoding that a declaration names
// is not followed: HTTP can overrule it, so content.Decode comes first. Errors
// are *SyntaxError and *LimitError, and what ended Limits.While. The strings of the value share one copy of
// the document.
func Parse(data []byte, l Limits) (map[string]any, error) {
	if isUTF16(data) {
		decoded := content.DecodeWhile(l.While, data, "", content.XML)
		if decoded.Warning != "" {
			return nil, &SyntaxError{Line: 1, Column: 1, Code: CodeEncoding, Reason: "the text is not UTF-16"}
		}
		data = decoded.Text
	}
	if len(data) > 0 && !utf8.Valid(data) {
		return nil, newSyntaxError(string(data), validUTF8(data), CodeEncoding, "the text is not UTF-8")
	}
	p := parser{text: string(data), limits: l.withDefaults()}
	p.pos = len(p.text) - len(strings.TrimPrefix(p.text, "\uFEFF"))
	return p.document()
}

func isUTF16(data []byte) bool {
	for _, start := range []string{"\xfe\xff", "\xff\xfe", "\x00<\x00", "<\x00?\x00", "<\x00!\x00"} {
		if bytes.HasPrefix(data, []byte(start)) {
			return true
		}
	}
	return len(data) > 3 && data[0] == '<' && data[1] == 0 && data[3] == 0
}

// validUTF8 returns how much of data is UTF-8.
func validUTF8(data []byte) int {
	n := 0
	for n < len(data) {
		r, size := utf8.DecodeRune(data[n:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		n += size
	}
	return n
}

// parser reads one document from text, which is valid UTF-8.
type parser struct {
	text   string
	pos    int
	limits Limits
	nodes  int
	asked  int // how many steps ago While was asked

	tree     tree
	spaces   scopes
	prefixed []string // the attributes of the current tag whose names have a colon
}

func (p *parser) document() (map[string]any, error) {
	if err := p.declaration(); err != nil {
		return nil, err
	}
	if err := p.misc(); err != nil {
		return nil, err
	}
	switch {
	case p.atEnd():
		return nil, p.fault("there is no element")
	case p.has("<!DOCTYPE"):
		return nil, newSyntaxError(p.text, p.pos, CodeDTD, "a document type declaration is not allowed")
	case !p.has("<"):
		return nil, p.fault("text outside of the root element")
	}
	if err := p.startTag(); err != nil {
		return nil, err
	}
	for p.tree.depth() > 0 {
		if err := p.step(); err != nil {
			return nil, err
		}
	}
	if err := p.misc(); err != nil {
		return nil, err
	}
	if !p.atEnd() {
		return nil, p.fault("more after the root element")
	}
	return p.tree.document(), nil
}

// misc steps over what may stand around the root element.
func (p *parser) misc() error {
	for {
		p.space()
		switch {
		case p.has("<!--"):
			if err := p.comment(); err != nil {
				return err
			}
		case p.has("<?"):
			if err := p.instruction(); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}

// askEvery is after how many steps or references While is asked.
const askEvery = 4096

// goOn counts a step, and now and then asks whether to go on.
func (p *parser) goOn() error {
	if p.asked++; p.asked < askEvery {
		return nil
	}
	p.asked = 0
	if p.limits.While == nil || p.limits.While.Err() == nil {
		return nil
	}
	return context.Cause(p.limits.While)
}

// step reads text up to the next markup, and the markup.
func (p *parser) step() error {
	if err := p.goOn(); err != nil {
		return err
	}
	if err := p.characters(); err != nil {
		return err
	}
	switch {
	case p.has("</"):
		return p.endTag()
	case p.has("<!--"):
		return p.comment()
	case p.has("<![CDATA["):
		return p.cdata()
	case p.has("<?"):
		return p.instruction()
	case p.has("<!"):
		return p.fault("a declaration inside of an element")
	}
	return p.startTag()
}
