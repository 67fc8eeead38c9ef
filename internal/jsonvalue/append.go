package jsonvalue

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// base64Name marks bytes among JSON values: {"$base64": "…"}, RFC 4648
// section 4, with padding.
const base64Name = "$base64"

// TypeError says that a value has no JSON form here.
type TypeError struct {
	Type   string // the Go type
	Reason string // empty where the type alone is the reason
}

func (e *TypeError) Error() string {
	if e.Reason != "" {
		return "JSON: a " + e.Type + " cannot be written: " + e.Reason
	}
	return "JSON: a " + e.Type + " cannot be written"
}

// Append appends v to dst as compact JSON. It takes what Parse and ParseOrdered
// return, []byte (as {"$base64": "…"}), Go's own numbers, []string,
// map[string]string, json.RawMessage and every json.Marshaler. The names of a
// map are sorted; HTML is not escaped; bytes of a string that are not UTF-8
// become U+FFFD. Its errors are *TypeError, *SyntaxError (of a raw message),
// *LimitError (deeper than 10,000 levels, or a value that holds itself) and
// what a Marshaler returns; dst is then returned as it was.
func Append(dst []byte, v any) ([]byte, error) {
	out, err := appendValue(dst, v, 0)
	if err != nil {
		return dst, err
	}
	return out, nil
}

func appendValue(dst []byte, v any, depth int) ([]byte, error) {
	if depth > maxDepth {
		return nil, &LimitError{What: "depth", Limit: maxDepth}
	}
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...), nil
	case bool:
		return strconv.AppendBool(dst, v), nil
	case string:
		return appendString(dst, v), nil
	case json.Number:
		return appendNumber(dst, v)
	case map[string]any:
		return appendMap(dst, v, depth)
	case []any:
		return appendList(dst, v, depth)
	case Object:
		return appendObject(dst, v, depth)
	case []byte:
		return appendBytes(dst, v), nil
	case json.RawMessage:
		return appendRaw(dst, v)
	default:
		return appendOther(dst, v, depth)
	}
}

func appendMap[V any](dst []byte, m map[string]V, depth int) ([]byte, error) {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	dst = append(dst, '{')
	var err error
	for i, name := range names {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, name), ':')
		if dst, err = appendValue(dst, m[name], depth+1); err != nil {
			return nil, err
		}
	}
	return append(dst, '}'), nil
}

func appendObject(dst []byte, o Object, depth int) ([]byte, error) {
	dst = append(dst, '{')
	var err error
	for i, m := range o {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, m.Name), ':')
		if dst, err = appendValue(dst, m.Value, depth+1); err != nil {
			return nil, err
		}
	}
	return append(dst, '}'), nil
}

func appendList[V any](dst []byte, list []V, depth int) ([]byte, error) {
	dst = append(dst, '[')
	var err error
	for i, v := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = appendValue(dst, v, depth+1); err != nil {
			return nil, err
		}
	}
	return append(dst, ']'), nil
}

func appendString(dst []byte, s string) []byte {
	// The error says that something was replaced, which is the rule.
	dst, _ = jsontext.AppendQuote(dst, s)
	return dst
}

func appendBytes(dst, data []byte) []byte {
	dst = append(dst, `{"`+base64Name+`":"`...)
	dst = base64.StdEncoding.AppendEncode(dst, data)
	return append(dst, `"}`...)
}

func appendNumber(dst []byte, n json.Number) ([]byte, error) {
	if jsontext.Value(n).Kind() != '0' || !jsontext.Value(n).IsValid() || isSpace(n[0]) || isSpace(n[len(n)-1]) {
		return nil, &TypeError{Type: "json.Number", Reason: "it is not a number"}
	}
	return append(dst, n...), nil
}

func appendFloat(dst []byte, f float64, bits int) ([]byte, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, &TypeError{Type: "float" + strconv.Itoa(bits), Reason: "JSON has no infinity and no NaN"}
	}
	return jsontext.AppendFloat(dst, f, bits), nil
}

func appendRaw(dst, raw []byte) ([]byte, error) {
	if raw == nil {
		return append(dst, "null"...), nil
	}
	if err := Valid(raw, Limits{Depth: maxDepth, Nodes: math.MaxInt}); err != nil {
		return nil, err
	}
	out := bytes.NewBuffer(dst)
	err := json.Compact(out, raw)
	return out.Bytes(), err
}

func appendOther(dst []byte, v any, depth int) ([]byte, error) {
	switch v := v.(type) {
	case int:
		return strconv.AppendInt(dst, int64(v), 10), nil
	case int8:
		return strconv.AppendInt(dst, int64(v), 10), nil
	case int16:
		return strconv.AppendInt(dst, int64(v), 10), nil
	case int32:
		return strconv.AppendInt(dst, int64(v), 10), nil
	case int64:
		return strconv.AppendInt(dst, v, 10), nil
	case uint:
		return strconv.AppendUint(dst, uint64(v), 10), nil
	case uint8:
		return strconv.AppendUint(dst, uint64(v), 10), nil
	case uint16:
		return strconv.AppendUint(dst, uint64(v), 10), nil
	case uint32:
		return strconv.AppendUint(dst, uint64(v), 10), nil
	case uint64:
		return strconv.AppendUint(dst, v, 10), nil
	case float32:
		return appendFloat(dst, float64(v), 32)
	case float64:
		return appendFloat(dst, v, 64)
	case []string:
		return appendList(dst, v, depth)
	case map[string]string:
		return appendMap(dst, v, depth)
	case json.Marshaler:
		if p := reflect.ValueOf(v); p.Kind() == reflect.Pointer && p.IsNil() {
			return append(dst, "null"...), nil
		}
		raw, err := v.MarshalJSON()
		if err != nil {
			return nil, err
		}
		return appendRaw(dst, raw)
	}
	return nil, &TypeError{Type: fmt.Sprintf("%T", v)}
}
