package jsonvalue

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// SyntaxError says why text is not the JSON that was asked for, and where.
// It names members, never values.
type SyntaxError struct {
	Offset       int64  // of the first byte at fault, from the start of the input
	Line, Column int    // the same for people: from 1, the column in characters
	Path         string // the value at fault, as in headers[0].name; empty at the top
	Reason       string
}

func (e *SyntaxError) Error() string {
	s := "JSON: " + e.Reason + ", line " + strconv.Itoa(e.Line) + ", column " + strconv.Itoa(e.Column)
	if e.Path != "" {
		s += ", at " + e.Path
	}
	return s
}

// syntaxError fills in the position of a fault at offset of data.
func syntaxError(data []byte, offset int, path, reason string) *SyntaxError {
	offset = min(max(offset, 0), len(data))
	before := data[:offset]
	lineStart := bytes.LastIndexByte(before, '\n') + 1
	return &SyntaxError{
		Offset: int64(offset),
		Line:   bytes.Count(before, []byte{'\n'}) + 1,
		Column: utf8.RuneCount(bytes.TrimPrefix(before[lineStart:], bom)) + 1,
		Path:   path,
		Reason: reason,
	}
}

// positioned turns jsontext's error about data, which begins at base of the
// input, into ours.
func positioned(input []byte, base int, err error) error {
	var syntactic *jsontext.SyntacticError
	switch {
	case errors.Is(err, io.EOF) && !errors.As(err, &syntactic):
		return syntaxError(input, len(input), "", "no value")
	case !errors.As(err, &syntactic):
		return syntaxError(input, len(input), "", "the text ends too early")
	}
	reason := "not valid"
	switch {
	case errors.Is(syntactic.Err, jsontext.ErrDuplicateName):
		reason = "the name is there twice"
	case errors.Is(syntactic.Err, io.ErrUnexpectedEOF):
		reason = "the text ends too early"
	case syntactic.Err != nil:
		reason = unquoted(syntactic.Err.Error())
	}
	return syntaxError(input, base+int(syntactic.ByteOffset), path(syntactic.JSONPointer), reason)
}

// unquoted is jsontext's reason without the text that it quotes: that may be of a
// password, and the position says where it is.
func unquoted(reason string) string {
	quote := strings.IndexAny(reason, "'`\"")
	if quote < 0 {
		return reason
	}
	where := max(strings.LastIndex(reason, " in "), strings.LastIndex(reason, " at "), strings.LastIndex(reason, " after "))
	if where < quote {
		where = len(reason)
	}
	return strings.TrimSpace(reason[:quote]) + reason[where:]
}

// maxPathTokens keeps the path of a fault that lies deep readable.
const maxPathTokens = 32

// path writes an RFC 6901 pointer the way people write members and elements.
// A pointer does not tell an index from a name of digits: both become [n].
func path(p jsontext.Pointer) string {
	var b strings.Builder
	n := 0
	for token := range p.Tokens() {
		if n++; n > maxPathTokens {
			b.WriteString("…")
			break
		}
		switch {
		case isIndex(token):
			b.WriteString("[" + token + "]")
		case !isPlainName(token):
			b.WriteString("[" + strconv.Quote(shorten(token)) + "]")
		default:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(token)
		}
	}
	return b.String()
}

func isIndex(s string) bool {
	return s != "" && len(s) < 20 && strings.Trim(s, "0123456789") == ""
}

func isPlainName(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for _, c := range []byte(s) {
		if !(c == '_' || c == '-' || c == '$' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z') {
			return false
		}
	}
	return true
}

func shorten(s string) string {
	if len(s) <= 64 {
		return s
	}
	return strings.ToValidUTF8(s[:64], "") + "…"
}
