package blueprint

import (
	"strconv"
	"strings"

	"github.com/mtlshttp/mtlshttp/internal/jsonvalue"
)

// Expression is one mapping expression of a module: {{1.data}}.
type Expression struct {
	Field string `json:"field"` // where it stands in the document: headers[0].value
	Path  string `json:"path"`  // where it stands in the export
	Text  string `json:"text"`  // with its braces
	// Whole says that it is the only content of its place in the export, so
	// that a resolved value keeps its type.
	Whole bool `json:"whole,omitempty"`
}

// Code is the expression without its braces.
func (e Expression) Code() string {
	return strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(e.Text, "{{"), "}}"))
}

// literal is text that came out of an expression: what looks like an
// expression in it is data.
type literal string

// segment is a stretch of text, either an expression or not.
type segment struct {
	text       string
	expression bool
}

// segments splits text at its expressions. Closed is false where a {{ has no
// end; it is plain text then.
func segments(text string) (parts []segment, closed bool) {
	quotes := true
	for {
		start := strings.Index(text, "{{")
		if start < 0 {
			break
		}
		end := -1
		if quotes {
			end = quotedEnd(text[start:])
		}
		if end < 0 { // not tried again for the rest of the text, which would make the time quadratic
			quotes = false
			end = strings.Index(text[start:], "}}") + 2
		}
		if end < 2 {
			return append(parts, segment{text: text}), false
		}
		if start > 0 {
			parts = append(parts, segment{text: text[:start]})
		}
		parts = append(parts, segment{text: text[start : start+end], expression: true})
		text = text[start+end:]
	}
	if text != "" {
		parts = append(parts, segment{text: text})
	}
	return parts, true
}

// quotedEnd is the length of the expression that text begins with, or -1 where
// it has none. Braces within "…" and `…` belong to the expression.
func quotedEnd(text string) int {
	quote := byte(0)
	for i := 2; i < len(text); i++ {
		switch c := text[i]; {
		case quote != 0:
			if c == '\\' && quote == '"' {
				i++
			} else if c == quote {
				quote = 0
			}
		case c == '"' || c == '`':
			quote = c
		case c == '}' && strings.HasPrefix(text[i:], "}}"):
			return i + 2
		}
	}
	return -1
}

// hasExpression says whether v is text with an expression in it.
func hasExpression(v any) bool {
	s, ok := v.(string)
	if !ok || !strings.Contains(s, "{{") {
		return false
	}
	parts, _ := segments(s)
	for _, p := range parts {
		if p.expression {
			return true
		}
	}
	return false
}

// expressionsIn lists the expressions of v, which stands at field in the
// document and at path in the export. Flat values became text of one field, so
// everything in them stands at field itself.
func expressionsIn(l *ledger, v any, field, path string, flat bool) []Expression {
	var found []Expression
	switch v := v.(type) {
	case string:
		parts, closed := segments(v)
		if !closed {
			l.fault(FaultExpression, path, field, "{{ without }}: it is sent as text")
		}
		for _, p := range parts {
			if p.expression {
				found = append(found, Expression{Field: field, Path: path, Text: p.text, Whole: len(parts) == 1})
			}
		}
	case []any:
		for i, item := range v {
			found = append(found, expressionsIn(l, item, below(field, i, flat), index(path, i), flat)...)
		}
	case jsonvalue.Object:
		for _, m := range v {
			inner := field
			if !flat {
				inner = join(field, m.Name)
			}
			found = append(found, expressionsIn(l, m.Value, inner, join(path, m.Name), flat)...)
		}
	}
	return found
}

func below(field string, i int, flat bool) string {
	if flat {
		return field
	}
	return index(field, i)
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func index(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
