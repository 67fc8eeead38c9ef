package xmlvalue

import (
	"context"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	defaultDepth      = 512
	defaultNodes      = 1_000_000
	defaultAttributes = 1000
)

// Limits bounds what one document may hold. A zero field means its default.
type Limits struct {
	Depth      int // elements in each other; 512
	Nodes      int // elements and attributes; 1,000,000
	Attributes int // of one element, namespace declarations included; 1,000

	While context.Context // ends Parse with its cause when it ends; nil: nothing does
}

func (l Limits) withDefaults() Limits {
	if l.Depth <= 0 {
		l.Depth = defaultDepth
	}
	if l.Nodes <= 0 {
		l.Nodes = defaultNodes
	}
	if l.Attributes <= 0 {
		l.Attributes = defaultAttributes
	}
	return l
}

// LimitError says that a document goes beyond a limit.
type LimitError struct {
	What  string // "depth", "nodes" or "attributes"
	Limit int    // the limit that was in force
}

func (e *LimitError) Error() string {
	return "XML: more than " + strconv.Itoa(e.Limit) + " " + unit[e.What]
}

var unit = map[string]string{"depth": "levels", "nodes": "nodes", "attributes": "attributes in one element"}

// Code is the sort of a SyntaxError.
type Code string

// The codes.
const (
	CodeNotWellFormed Code = "not-well-formed"
	CodeNamespace     Code = "namespace"       // well-formed, but Namespaces in XML forbids it
	CodeDTD           Code = "dtd-not-allowed" // there is a document type declaration
	CodeEncoding      Code = "encoding"        // the bytes are not text
)

// SyntaxError says why a document is refused, and where. It names elements and
// attributes, never values.
type SyntaxError struct {
	Offset       int64  // of the first byte at fault, from the start of the UTF-8 text
	Line, Column int    // the same for people: from 1, the column in characters
	Path         string // the element that is open there, as in rss/channel; empty outside
	Code         Code
	Reason       string
}

func (e *SyntaxError) Error() string {
	s := "XML: " + e.Reason + ", line " + strconv.Itoa(e.Line) + ", column " + strconv.Itoa(e.Column)
	if e.Path != "" {
		s += ", in " + e.Path
	}
	return s
}

func newSyntaxError(text string, offset int, code Code, reason string) *SyntaxError {
	offset = min(offset, len(text))
	before := text[:offset]
	lineStart := strings.LastIndexByte(before, '\n') + 1
	return &SyntaxError{
		Offset: int64(offset),
		Line:   strings.Count(before, "\n") + 1,
		Column: utf8.RuneCountInString(strings.TrimPrefix(before[lineStart:], "\uFEFF")) + 1,
		Code:   code,
		Reason: reason,
	}
}

// fault is about what is at the current position.
func (p *parser) fault(reason string) error { return p.faultAt(p.pos, CodeNotWellFormed, reason) }

func (p *parser) faultAt(offset int, code Code, reason string) error {
	if offset >= len(p.text) && code == CodeNotWellFormed {
		reason = "the text ends too early"
	}
	e := newSyntaxError(p.text, offset, code, reason)
	e.Path = p.tree.path()
	return e
}
