package jsonvalue

import (
	"encoding/json"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// builder makes the values of text that was validated: it looks for the ends of
// things and does not check them again.
type builder struct {
	text    []byte
	pos     int
	ordered bool
	dirty   bool // some string holds bytes that are not UTF-8

	// Children wait here until their parent closes and its size is known.
	values []any
	names  []string

	chunk   strings.Builder // many short strings in one allocation
	scratch []byte          // a string without its escapes

	// Short strings seen before, by their slot.
	knownNames   [knownSize]string
	knownStrings [knownSize]any
}

const knownSize = 64

// builders are kept for the next text.
var builders = sync.Pool{New: func() any { return new(builder) }}

// mostWaiting is how many children a builder that is kept has room for.
const mostWaiting = 1 << 10

// forget lets go of the text and of everything that came of it.
func (b *builder) forget() {
	values, names := b.values[:cap(b.values)], b.names[:cap(b.names)]
	*b = builder{}
	if len(values) <= mostWaiting && len(names) <= mostWaiting {
		clear(values)
		clear(names)
		b.values, b.names = values[:0], names[:0]
	}
}

const (
	chunkSize  = 4 << 10 // how much memory one short string may keep alive
	ownStrings = 1 << 10 // strings from this length on are allocated alone
)

func (b *builder) value() any {
	b.space()
	switch c := b.text[b.pos]; c {
	case '{':
		if b.ordered {
			return b.object()
		}
		return b.mapping()
	case '[':
		return b.array()
	case '"':
		return b.boxed(b.str())
	case 't':
		b.pos += len("true")
		return true
	case 'f':
		b.pos += len("false")
		return false
	case 'n':
		b.pos += len("null")
		return nil
	default:
		return b.number()
	}
}

func (b *builder) array() any {
	start := len(b.values)
	for b.next(']') {
		v := b.value()
		b.values = append(b.values, v)
	}
	out := make([]any, len(b.values)-start)
	copy(out, b.values[start:])
	b.values = b.values[:start]
	return out
}

func (b *builder) mapping() any {
	start, first := len(b.values), len(b.names)
	b.members()
	out := make(map[string]any, len(b.names)-first)
	for i, name := range b.names[first:] {
		out[name] = b.values[start+i]
	}
	b.values, b.names = b.values[:start], b.names[:first]
	return out
}

func (b *builder) object() any {
	start, first := len(b.values), len(b.names)
	b.members()
	out := make(Object, len(b.names)-first)
	for i, name := range b.names[first:] {
		out[i] = Member{Name: name, Value: b.values[start+i]}
	}
	b.values, b.names = b.values[:start], b.names[:first]
	return out
}

func (b *builder) members() {
	for b.next('}') {
		name := b.name(b.str())
		b.space()
		b.pos++ // the colon
		v := b.value()
		b.names = append(b.names, name)
		b.values = append(b.values, v)
	}
}

// next steps over the opening bracket or a comma to the next child, or over
// the closing bracket and says no.
func (b *builder) next(closing byte) bool {
	b.space()
	if b.text[b.pos] == closing {
		b.pos++
		return false
	}
	b.pos++
	b.space()
	if b.text[b.pos] == closing {
		b.pos++
		return false
	}
	return true
}

func (b *builder) space() {
	for b.pos < len(b.text) && isSpace(b.text[b.pos]) {
		b.pos++
	}
}

// str steps over a string and returns its content, which is good until the
// next call.
func (b *builder) str() []byte {
	open := b.pos
	end := open + 1
	for b.text[end] != '"' && b.text[end] != '\\' {
		end++
	}
	if b.text[end] == '"' && !b.dirty {
		b.pos = end + 1
		return b.text[open+1 : end]
	}
	end = closingQuote(b.text, open)
	b.pos = end + 1
	// The error says that something was replaced, which is the rule.
	b.scratch, _ = jsontext.AppendUnquote(b.scratch[:0], b.text[open:end+1])
	return b.scratch
}

func (b *builder) number() any {
	start := b.pos
	for b.pos < len(b.text) && isNumeric(b.text[b.pos]) {
		b.pos++
	}
	digits := b.text[start:b.pos]
	if len(digits) == 1 {
		return digit[digits[0]-'0']
	}
	return json.Number(b.keep(digits))
}

func isNumeric(c byte) bool {
	return '0' <= c && c <= '9' || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E'
}

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
	if len(s) == 0 || len(s) > maxKnown {
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
	if len(s) == 0 || len(s) > maxKnown {
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
