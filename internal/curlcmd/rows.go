package curlcmd

import (
	"encoding/json"
	"strconv"

	"github.com/mtlshttp/mtlshttp/internal/jsonvalue"
	"github.com/mtlshttp/mtlshttp/internal/query"
)

// value is the member of an object, nil where there is none.
func value(o jsonvalue.Object, name string) any {
	v, _ := o.Get(name)
	return v
}

// scalar is a value as text; "" for what has no such form.
func scalar(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// pairsOf reads rows of the document, [{name, value}] or an object.
func pairsOf(v any, nameKey string) ([]query.Pair, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case string:
		if v == "" {
			return nil, nil
		}
	case jsonvalue.Object:
		pairs, _ := pairValue(v).([]query.Pair)
		return pairs, nil
	case []any:
		pairs := make([]query.Pair, 0, len(v))
		for _, item := range v {
			row, ok := item.(jsonvalue.Object)
			if !ok {
				return nil, fail(Argument, "", "a row is an object of %s and value", nameKey)
			}
			v := value(row, "value")
			if secret := value(row, "secret"); scalar(secret) != "" { // of a header
				v = jsonvalue.Object{{Name: "secret", Value: secret}}
			}
			pairs = append(pairs, query.Pair{Name: scalar(value(row, nameKey)), Value: pairValue(v)})
		}
		return pairs, nil
	}
	return nil, fail(Argument, "", "rows of %s and value are expected", nameKey)
}

// pairValue is v with its objects as ordered pairs.
func pairValue(v any) any {
	switch v := v.(type) {
	case jsonvalue.Object:
		pairs := make([]query.Pair, 0, len(v))
		for _, m := range v {
			pairs = append(pairs, query.Pair{Name: m.Name, Value: pairValue(m.Value)})
		}
		return pairs
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = pairValue(item)
		}
		return list
	}
	return v
}
