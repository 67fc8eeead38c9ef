package blueprint

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/mtlshttp/mtlshttp/internal/jsonvalue"
)

// plain is v with every literal a string again, as the document holds it.
func plain(v any) any {
	switch v := v.(type) {
	case literal:
		return string(v)
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = plain(item)
		}
		return out
	case jsonvalue.Object:
		out := make(jsonvalue.Object, len(v))
		for i, m := range v {
			out[i] = jsonvalue.Member{Name: m.Name, Value: plain(m.Value)}
		}
		return out
	}
	return v
}

// missing says that v means the same as no key at all.
func missing(v any) bool { return v == nil || v == "" || v == literal("") }

// text is v where it is text.
func text(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case literal:
		return string(v), true
	}
	return "", false
}

// scalar is v as text where it is text, a number or a boolean.
func scalar(v any) (string, bool) {
	switch v := v.(type) {
	case bool:
		return strconv.FormatBool(v), true
	case json.Number:
		return v.String(), true
	}
	return text(v)
}

// flatten is v as text, whatever it is, as an expression amid other text gives
// it: nothing for null, elements of arrays joined by ", ", collections as JSON.
func flatten(v any) string {
	if s, ok := scalar(v); ok {
		return s
	}
	switch v := v.(type) {
	case nil:
		return ""
	case []byte:
		return string(v)
	case []any:
		parts := make([]string, len(v))
		for i, item := range v {
			parts[i] = flatten(item)
		}
		return strings.Join(parts, ", ")
	}
	return encode(v)
}

// encode is v as JSON.
func encode(v any) string {
	out, err := jsonvalue.Append(nil, plain(v))
	if err != nil { // plain values always have a form
		return ""
	}
	return string(out)
}

// boolean is v where it is a boolean, or text that says one.
func boolean(v any) (value, written, ok bool) {
	if b, is := v.(bool); is {
		return b, false, true
	}
	s, _ := text(v)
	switch strings.ToLower(s) {
	case "true":
		return true, true, true
	case "false":
		return false, true, true
	}
	return false, false, false
}

// typeName is what v is called in texts.
func typeName(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case json.Number:
		return "a number"
	case string, literal:
		return "text"
	case []any:
		return "an array"
	case []byte:
		return "bytes"
	}
	return "an object"
}

// identifier is a module's or keychain's id as text.
func identifier(v any) string {
	s, _ := scalar(v)
	return s
}

// object is v where it is an object.
func object(v any) jsonvalue.Object {
	o, _ := v.(jsonvalue.Object)
	return o
}

// lookup follows names down from v.
func lookup(v any, names ...string) any {
	for _, name := range names {
		v, _ = object(v).Get(name)
	}
	return v
}
