// Package jsonvalue turns JSON text into Go values and back: numbers stay
// exactly as they were written, and depth and size are bounded before anything
// is built. The grammar is RFC 8259.
//
// Where RFC 8259 leaves room, responses and documents are read by two rules:
//
//	                      Parse                        ParseOrdered
//	a name twice          the last value wins          refused
//	bytes not UTF-8       U+FFFD each                  refused
//	a lone surrogate      U+FFFD                       refused
//	a byte order mark     stripped                     stripped
//	text after the value  refused                      refused
//	__proto__, ""         names like any other         names like any other
//
// Responses are read as JavaScript reads them, since that is what the people
// who wrote the server tested with; request documents are written by hand, and
// what is doubtful in one is a mistake that should be seen.
package jsonvalue

import (
	"bytes"
	"context"
	"io"
	"sync"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

var bom = []byte("\xEF\xBB\xBF")

// Parse returns the one value in data: a map[string]any, []any, string,
// json.Number, bool or nil. Its errors are *SyntaxError and *LimitError, and what
// ended Limits.While.
// Nothing in the value shares memory with data.
func Parse(data []byte, l Limits) (any, error) {
	return parse(data, l, false)
}

// ParseOrdered is Parse with every object an Object, its members in the order
// of the text, and with the stricter of the package's two rules.
func ParseOrdered(data []byte, l Limits) (any, error) {
	return parse(data, l, true)
}

func parse(data []byte, l Limits, ordered bool) (any, error) {
	text := bytes.TrimPrefix(data, bom)
	if err := measure(text, l.withDefaults()); err != nil {
		return nil, err
	}
	base := len(data) - len(text)
	if ordered { // the stricter rule is jsontext's own
		if err := validate(text, true); err != nil {
			return nil, positioned(data, base, err)
		}
	}
	b := builders.Get().(*builder)
	b.text, b.ordered, b.dirty = text, ordered, !ordered && !utf8.Valid(text)
	b.remembers, b.while = len(text) >= worthRemembering, l.While
	value, ok := b.document()
	stopped, over := b.pos, b.over
	b.forget()
	builders.Put(b)
	if ok {
		return value, nil
	}
	if over {
		return nil, context.Cause(l.While)
	}
	if err := validate(text, ordered); err != nil { // which says what is wrong
		return nil, positioned(data, base, err)
	}
	return nil, syntaxError(data, base+stopped, "", "not valid")
}

// Valid says whether data is one JSON value within the limits, for text that is
// passed on as it is. Names may be repeated and surrogates may be alone, since
// that is still the grammar; bytes that are not UTF-8 and a byte order mark are
// refused, since whoever reads the text next would stumble over them.
func Valid(data []byte, l Limits) error {
	if bytes.HasPrefix(data, bom) {
		return syntaxError(data, 0, "", "a byte order mark")
	}
	if err := measure(data, l.withDefaults()); err != nil {
		return err
	}
	if err := validate(data, false); err != nil {
		return positioned(data, 0, err)
	}
	if !utf8.Valid(data) {
		return syntaxError(data, invalidUTF8(data), "", "bytes that are not UTF-8")
	}
	return nil
}

// validate checks the grammar of the whole text.
func validate(text []byte, strict bool) error {
	d := decoders.Get().(*decoder)
	d.source = *bytes.NewBuffer(text)
	d.Reset(&d.source, jsontext.AllowDuplicateNames(!strict), jsontext.AllowInvalidUTF8(!strict))
	err := d.whole()
	d.source = bytes.Buffer{}
	d.Reset(&d.source)
	decoders.Put(d)
	return err
}

// decoder is kept for the next text, and nothing of this one with it.
type decoder struct {
	*jsontext.Decoder
	source bytes.Buffer
}

var decoders = sync.Pool{New: func() any { return &decoder{Decoder: new(jsontext.Decoder)} }}

// whole reads the one value, and the end after it.
func (d *decoder) whole() error {
	if _, err := d.ReadValue(); err != nil {
		return err
	}
	switch _, err := d.ReadToken(); err {
	case io.EOF:
		return nil
	case nil:
		return &jsontext.SyntacticError{ByteOffset: d.InputOffset(), Err: errTrailing}
	default:
		return err
	}
}

type constError string

func (e constError) Error() string { return string(e) }

const errTrailing = constError("more text after the value")

// invalidUTF8 returns the offset of the first byte that is not UTF-8.
func invalidUTF8(data []byte) int {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(data)
}
