package jsonvalue

import (
	"context"
	"strconv"
)

const (
	defaultDepth = 512
	defaultNodes = 1_000_000

	// maxDepth is where jsontext itself ends.
	maxDepth = 10_000
)

// Limits bounds what one document may hold. A zero field means its default.
type Limits struct {
	// Depth is how many arrays and objects may be open at once. Zero means
	// 512; more than 10,000 means 10,000.
	Depth int
	// Nodes is how many values the document may hold: every object, array,
	// string, number and literal counts as one, names do not. Zero means
	// 1,000,000.
	Nodes int
	// While ends Parse with its cause when it ends; nil: nothing does.
	While context.Context
}

// askEvery is after how many values While is asked.
const askEvery = 4096

func (l Limits) withDefaults() Limits {
	if l.Depth <= 0 {
		l.Depth = defaultDepth
	}
	if l.Nodes <= 0 {
		l.Nodes = defaultNodes
	}
	l.Depth = min(l.Depth, maxDepth)
	return l
}

// LimitError says that a document goes beyond a limit. Nothing was built.
type LimitError struct {
	What  string // "depth" or "nodes"
	Limit int    // the limit that was in force
}

func (e *LimitError) Error() string {
	return "JSON: more than " + strconv.Itoa(e.Limit) + " " + unit[e.What]
}

var unit = map[string]string{"depth": "levels", "nodes": "values"}

// measure walks over text that need not be valid yet and refuses what would be
// too deep or too large. For valid text the figures are exact; for other text
// they only decide which of two errors is given.
func measure(data []byte, l Limits) error {
	depth, nodes := 0, 1
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '"':
			i = closingQuote(data, i)
		case ',':
			nodes++
		case '[', '{':
			depth++
			if depth > l.Depth {
				return &LimitError{What: "depth", Limit: l.Depth}
			}
			if !closesAtOnce(data, i) {
				nodes++
			}
		case ']', '}':
			depth--
		}
		if nodes > l.Nodes {
			return &LimitError{What: "nodes", Limit: l.Nodes}
		}
	}
	return nil
}

// closesAtOnce says whether the array or object that opens at i is empty.
func closesAtOnce(data []byte, i int) bool {
	for _, c := range data[i+1:] {
		if isSpace(c) {
			continue
		}
		return c == ']' || c == '}'
	}
	return true
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

// closingQuote returns the index of the quote that ends the string which opens
// at i, or the last index where none does.
func closingQuote(data []byte, i int) int {
	for i++; i < len(data); i++ {
		switch data[i] {
		case '"':
			return i
		case '\\':
			i++
		}
	}
	return len(data) - 1
}
