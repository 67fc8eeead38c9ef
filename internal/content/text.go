package content

import (
	"bytes"
	"context"
	"unicode/utf8"
)

// Warning says in what way a body's text may not be what its author wrote.
type Warning string

const (
	// WarnUnknownCharset: the header names a charset that is not known. Where
	// the bytes are not plainly UTF-8 they were left alone.
	WarnUnknownCharset Warning = "unknown-charset"
	// WarnMalformed: bytes that mean nothing in the charset became U+FFFD. In
	// XML in UTF-8 they were left for its parser, which refuses them.
	WarnMalformed Warning = "malformed"
	// WarnGuessed: nothing names the charset and it is not UTF-8; windows-1252
	// was taken, as browsers do.
	WarnGuessed Warning = "guessed-charset"
	// WarnReplacement: the charset is one that is never decoded.
	WarnReplacement Warning = "replacement"
)

// Decoded is the text of a body.
type Decoded struct {
	// Text is in UTF-8 without a byte order mark. It is the body's own memory
	// where nothing had to be changed. Where Charset is empty it is the body.
	Text []byte
	// Charset is the WHATWG name of what the body was in, in lower case; empty
	// where that is not known, and the body is to be kept as bytes.
	Charset string
	Warning Warning // empty: none
	// Label is the charset that the header named, where it is not known.
	Label string
}

// Decode returns the text of a body of the given kind. What it is in is decided
// by the first of: a byte order mark, the header's charset, what the document
// declares (XML and HTML), the zeros of UTF-16 (JSON and XML), and the default,
// which is UTF-8, for text and HTML windows-1252 if it is not that. It never
// fails; text is at most three times the size of the body.
func Decode(body []byte, contentType string, kind Kind) Decoded {
	return DecodeWhile(context.Background(), body, contentType, kind)
}

// DecodeWhile is Decode that breaks off when a context ends: what it returns then
// means nothing. Nil never ends.
func DecodeWhile(while context.Context, body []byte, contentType string, kind Kind) Decoded {
	if name := byMark(body); name != "" {
		size := len(mark)
		if name != utf8Name {
			size = 2
		}
		return decodeAs(while, lookup(name), body[size:], kind)
	}
	label := parseMediaType(contentType).charset
	if label != "" {
		if c := lookup(label); c != nil {
			return decodeAs(while, c, body, kind)
		}
	}
	out := undeclared(while, body, kind, label != "")
	if label != "" {
		out.Warning, out.Label = WarnUnknownCharset, printable(label)
	}
	return out
}

// undeclared decodes a body whose header says nothing that helps. With
// mislabelled there was a charset, so that windows-1252 is no likely guess.
func undeclared(while context.Context, body []byte, kind Kind, mislabelled bool) Decoded {
	if kind == JSON || kind == XML {
		if name := byPattern(body); name != "" {
			return decodeAs(while, lookup(name), body, kind)
		}
	}
	if c := declaration(body, kind); c != nil {
		return decodeAs(while, c, body, kind)
	}
	switch {
	case kind == JSON || kind == XML || utf8.Valid(body) && !(mislabelled && bytes.IndexByte(body, 0) >= 0):
		return decodeAs(while, lookup(utf8Name), body, kind)
	case mislabelled:
		return Decoded{Text: body}
	}
	out := decodeAs(while, lookup(windows1252Name), body, kind)
	if out.Warning == "" {
		out.Warning = WarnGuessed
	}
	return out
}

// declaration is the charset that the document itself names, or nil. Whatever
// can be read so far is no UTF-16, and x-user-defined is meant for programs.
func declaration(body []byte, kind Kind) *charset {
	label := ""
	switch kind {
	case XML:
		label = xmlDeclaration(body)
	case HTML:
		if label = xmlDeclaration(body); label == "" {
			label = metaCharset(body)
		}
	}
	c := lookup(label)
	switch {
	case c == nil:
		return nil
	case c.name == utf16beName || c.name == utf16leName:
		return lookup(utf8Name)
	case c.name == userDefinedName:
		return lookup(windows1252Name)
	}
	return c
}

func decodeAs(while context.Context, c *charset, body []byte, kind Kind) Decoded {
	out := Decoded{Text: body, Charset: c.name}
	if c.name == utf8Name {
		if utf8.Valid(body) {
			return out
		}
		out.Warning = WarnMalformed
		if kind != XML {
			out.Text, _ = c.decodeWhile(while, make([]byte, 0, len(body)+len(body)/8), body)
		}
		return out
	}
	text, malformed := c.decodeWhile(while, make([]byte, 0, len(body)+len(body)/2), body)
	out.Text = text
	switch {
	case c.name == replacementName:
		out.Warning = WarnReplacement
	case malformed:
		out.Warning = WarnMalformed
	}
	return out
}
