package jsonvalue

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// builder makes the values of text while it checks the grammar of RFC 8259. What
// is wrong where text is not JSON is for validate to say. How deep the text is
// was measured before.
type builder struct {
	text    []byte
	pos     int
	ordered bool
	dirty   bool // some string holds bytes that are not UTF-8

	while context.Context // nil: it goes on to its end
	asked int             // how many values ago that was asked
	over  bool            // it has ended

	// Children wait here until their parent closes and its size is known.
	values []any
	names  []string

	chunk   strings.Builder // many short strings in one allocation
	scratch []byte          // a string without its escapes

	// Short strings seen before, by their slot; those of a short text are not
	// worth the while.
	remembers    bool
	knownNames   [knownSize]string
	knownStrings [knownSize]any
}

const knownSize = 64

// builders are kept for the next text.
var builders = sync.Pool{New: func() any { return new(builder) }}

// worthRemembering is the length from which on texts repeat themselves.
const worthRemembering = 1 << 10

// mostWaiting is how many children a builder that is kept has room for.
const mostWaiting = 1 << 10

// forget lets go of the text and of everything that came of it.
func (b *builder) forget() {
	if b.remembers {
		clear(b.knownNames[:])
		clear(b.knownStrings[:])
	}
	if cap(b.values) > mostWaiting || cap(b.names) > mostWaiting {
		b.values, b.names = nil, nil
	}
	clear(b.values[:cap(b.values)])
	clear(b.names[:cap(b.names)])
	b.values, b.names = b.values[:0], b.names[:0]
	b.text, b.pos, b.chunk, b.scratch = nil, 0, strings.Builder{}, nil
	b.while, b.asked, b.over = nil, 0, false
}

const (
	chunkSize  = 4 << 10 // how much memory one short string may keep alive
	ownStrings = 1 << 10 // strings from this length on are allocated alone
)

// document reads the one value that the text has to be.
func (b *builder) document() (v any, ok bool) {
	if v, ok = b.value(); !ok {
		return nil, false
	}
	b.space()
	return v, b.pos == len(b.text)
}

func (b *builder) value() (v any, ok bool) {
	if b.asked++; b.asked >= askEvery && b.ended() {
		return nil, false
	}
	b.space()
	switch b.peek() {
	case '{':
		if b.ordered {
			return b.object()
		}
		return b.mapping()
	case '[':
		return b.array()
	case '"':
		s, ok := b.str()
		if !ok {
			return nil, false
		}
		return b.boxed(s), true
	case 't':
		return true, b.skip("true")
	case 'f':
		return false, b.skip("false")
	case 'n':
		return nil, b.skip("null")
	default:
		return b.number()
	}
}

// ended asks whether to go on.
func (b *builder) ended() bool {
	b.asked = 0
	b.over = b.while != nil && b.while.Err() != nil
	return b.over
}

func (b *builder) array() (any, bool) {
	start := len(b.values)
	more, ok := b.first(']')
	for more && ok {
		var v any
		if v, ok = b.value(); ok {
			b.values = append(b.values, v)
			more, ok = b.next(']')
		}
	}
	if !ok {
		return nil, false
	}
	out := make([]any, len(b.values)-start)
	copy(out, b.values[start:])
	b.values = b.values[:start]
	return out, true
}

func (b *builder) mapping() (any, bool) {
	start, first := len(b.values), len(b.names)
	if !b.members() {
		return nil, false
	}
	out := make(map[string]any, len(b.names)-first)
	for i, name := range b.names[first:] {
		if i%askEvery == askEvery-1 && b.ended() {
			return nil, false
		}
		out[name] = b.values[start+i]
	}
	b.values, b.names = b.values[:start], b.names[:first]
	return out, true
}

func (b *builder) object() (any, bool) {
	start, first := len(b.values), len(b.names)
	if !b.members() {
		return nil, false
	}
	out := make(Object, len(b.names)-first)
	for i, name := range b.names[first:] {
		out[i] = Member{Name: name, Value: b.values[start+i]}
	}
	b.values, b.names = b.values[:start], b.names[:first]
	return out, true
}

func (b *builder) members() bool {
	more, ok := b.first('}')
	for more && ok {
		if b.peek() != '"' {
			return false
		}
		s, fine := b.str()
		if !fine {
			return false
		}
		name := b.name(s)
		b.space()
		if !b.skip(":") {
			return false
		}
		v, fine := b.value()
		if !fine {
			return false
		}
		b.names = append(b.names, name)
		b.values = append(b.values, v)
		more, ok = b.next('}')
	}
	return ok
}

// first steps over the opening bracket and says whether there is a child.
func (b *builder) first(closing byte) (more, ok bool) {
	b.pos++
	b.space()
	if b.peek() == closing {
		b.pos++
		return false, true
	}
	return true, true
}

// next steps over a comma to the next child, or over the closing bracket, after
// which there is none.
func (b *builder) next(closing byte) (more, ok bool) {
	b.space()
	c := b.peek()
	b.pos++
	if c == ',' {
		b.space()
		return true, true
	}
	return false, c == closing
}

// peek returns the current byte, or 0 at the end, which begins nothing.
func (b *builder) peek() byte {
	if b.pos < len(b.text) {
		return b.text[b.pos]
	}
	return 0
}

func (b *builder) skip(literal string) bool {
	if len(b.text)-b.pos < len(literal) || string(b.text[b.pos:b.pos+len(literal)]) != literal {
		return false
	}
	b.pos += len(literal)
	return true
}

func (b *builder) space() {
	for b.pos < len(b.text) && isSpace(b.text[b.pos]) {
		b.pos++
	}
}

// plain are the bytes that stand for themselves in a string.
var plain = func() (table [256]bool) {
	for c := range table {
		table[c] = c >= ' ' && c != '"' && c != '\\'
	}
	return table
}()

// str steps over a string and returns its content, which is good until the
// next call.
func (b *builder) str() (content []byte, ok bool) {
	open := b.pos
	end := open + 1
	for end < len(b.text) && plain[b.text[end]] {
		end++
	}
	if end < len(b.text) && b.text[end] == '"' && !b.dirty {
		b.pos = end + 1
		return b.text[open+1 : end], true
	}
	for end < len(b.text) && b.text[end] != '"' {
		n := 1
		if b.text[end] == '\\' {
			n = escape(b.text[end:])
		} else if !plain[b.text[end]] {
			n = 0
		}
		if n == 0 {
			return nil, false
		}
		end += n
	}
	if end >= len(b.text) {
		return nil, false
	}
	b.pos = end + 1
	// The error says that something was replaced, which is the rule.
	b.scratch, _ = jsontext.AppendUnquote(b.scratch[:0], b.text[open:end+1])
	return b.scratch, true
}

// escape returns the length of the escape that text begins with, 0 for none.
func escape(text []byte) int {
	switch {
	case len(text) < 2:
		return 0
	case bytes.IndexByte([]byte(`"\/bfnrt`), text[1]) >= 0:
		return 2
	case text[1] != 'u' || len(text) < 6:
		return 0
	}
	for _, c := range text[2:6] {
		if !isDigit(c) && !('a' <= c|0x20 && c|0x20 <= 'f') {
			return 0
		}
	}
	return 6
}

func (b *builder) number() (any, bool) {
	start := b.pos
	if b.peek() == '-' {
		b.pos++
	}
	leading := b.peek()
	if n := b.digits(); n == 0 || leading == '0' && n > 1 {
		return nil, false
	}
	if b.peek() == '.' {
		b.pos++
		if b.digits() == 0 {
			return nil, false
		}
	}
	if b.peek()|0x20 == 'e' {
		b.pos++
		if c := b.peek(); c == '+' || c == '-' {
			b.pos++
		}
		if b.digits() == 0 {
			return nil, false
		}
	}
	text := b.text[start:b.pos]
	if len(text) == 1 {
		return digit[text[0]-'0'], true
	}
	return json.Number(b.keep(text)), true
}

// digits steps over digits and says how many there were.
func (b *builder) digits() int {
	start := b.pos
	for b.pos < len(b.text) && isDigit(b.text[b.pos]) {
		b.pos++
	}
	return b.pos - start
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

var digit = [10]any{
	json.Number("0"), json.Number("1"), json.Number("2"), json.Number("3"), json.Number("4"),
	json.Number("5"), json.Number("6"), json.Number("7"), json.Number("8"), json.Number("9"),
}

// maxKnown is the longest string that is looked up among those seen before.
const maxKnown = 32

// slot is where a string of up to maxKnown bytes is remembered. The hash is
// cheap: a collision costs one string.
func slot(s []byte) int {
	return (len(s)*7 + int(s[0])*31 + int(s[len(s)/2])*13 + int(s[len(s)-1])*17) % knownSize
}

// name is keep for members: records repeat their names.
func (b *builder) name(s []byte) string {
	if !b.remembers || len(s) == 0 || len(s) > maxKnown {
		return b.keep(s)
	}
	known := &b.knownNames[slot(s)]
	if *known != string(s) {
		*known = b.keep(s)
	}
	return *known
}

// boxed is keep for values, many of which are one of a few: states, currencies,
// types. An interface that holds a string is an allocation too.
func (b *builder) boxed(s []byte) any {
	if !b.remembers || len(s) == 0 || len(s) > maxKnown {
		return b.keep(s)
	}
	known := &b.knownStrings[slot(s)]
	if v, ok := (*known).(string); !ok || v != string(s) {
		*known = b.keep(s)
	}
	return *known
}

// keep returns a copy of s.
func (b *builder) keep(s []byte) string {
	if len(s) >= ownStrings {
		return string(s)
	}
	if b.chunk.Cap()-b.chunk.Len() < len(s) {
		b.chunk = strings.Builder{}
		b.chunk.Grow(max(len(s), min(chunkSize, len(b.text)-b.pos)))
	}
	start := b.chunk.Len()
	b.chunk.Write(s)
	return b.chunk.String()[start:]
}
