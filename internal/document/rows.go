package document

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/mtlshttp/mtlshttp/internal/jsonvalue"
	"github.com/mtlshttp/mtlshttp/internal/query"
)

// readHeaders reads rows of name and value, or an object. Of two rows of one
// name the last wins, in the place of the first, as in the module; a row whose
// value is an array stands for several fields, one whose value is null for none,
// and one with the name of a secret for a field whose value that is.
func readHeaders(r *Request, v any) error {
	v, err := namedInValues(v)
	if err != nil {
		return err
	}
	rows, err := rowsOf(v, "name")
	if err != nil {
		return err
	}
	var order []string
	values := map[string][]Header{}
	named := map[string]HeaderSecret{}
	for i, row := range rows {
		key := strings.ToLower(row.Name)
		if _, seen := values[key]; !seen {
			order = append(order, key)
		}
		delete(named, key)
		if secret, is := row.Value.([]query.Pair); is {
			h := headerSecret(row.Name, secret)
			if h.Secret == "" {
				return fmt.Errorf(`the value of row %d is neither text nor the name of a secret as {"secret": "name"}`, i)
			}
			named[key], values[key] = h, nil
			continue
		}
		list, isList := row.Value.([]any)
		if !isList && row.Value != nil {
			list = []any{row.Value}
		}
		fields := make([]Header, 0, len(list))
		for _, item := range list {
			s, ok := scalarText(item)
			if !ok {
				return fmt.Errorf("the value of row %d is not text", i)
			}
			fields = append(fields, Header{row.Name, s})
		}
		values[key] = fields
	}
	for _, key := range order {
		r.Headers = append(r.Headers, values[key]...)
		if h, is := named[key]; is {
			r.HeaderSecrets = append(r.HeaderSecrets, h)
		}
	}
	return nil
}

// namedInValues turns rows of name and secret into what an object has:
// {"secret": "name"} as the value.
func namedInValues(v any) (any, error) {
	list, isList := v.([]any)
	if !isList {
		return v, nil
	}
	rows := slices.Clone(list)
	for i, item := range rows {
		row, _ := item.(jsonvalue.Object)
		at := slices.IndexFunc(row, func(m jsonvalue.Member) bool { return m.Name == secretMember })
		if at < 0 {
			continue
		}
		secret, value := row[at].Value, any(nil)
		row = slices.Delete(slices.Clone(row), at, at+1)
		if at = slices.IndexFunc(row, func(m jsonvalue.Member) bool { return m.Name == "value" }); at >= 0 {
			value = row[at].Value
			row = slices.Delete(row, at, at+1)
		}
		switch {
		case secret == nil || secret == "":
		case value == nil || value == "":
			value = jsonvalue.Object{{Name: secretMember, Value: secret}}
		default:
			return nil, fmt.Errorf("row %d has both a value and the name of a secret", i)
		}
		rows[i] = append(row, jsonvalue.Member{Name: "value", Value: value})
	}
	return rows, nil
}

// headerSecret is a row with the name of a secret; without one, it is none.
func headerSecret(name string, value []query.Pair) HeaderSecret {
	h := HeaderSecret{Name: name}
	if len(value) == 1 && value[0].Name == secretMember {
		h.Secret, _ = value[0].Value.(string)
	}
	return h
}

func writeHeaders(r *Request) any {
	if len(r.Headers)+len(r.HeaderSecrets) == 0 {
		return nil
	}
	var rows []any
	written := map[string]bool{}
	for _, h := range r.Headers {
		key := strings.ToLower(h.Name)
		if written[key] {
			continue
		}
		written[key] = true
		var values []any
		for _, other := range r.Headers {
			if strings.EqualFold(other.Name, h.Name) {
				values = append(values, other.Value)
			}
		}
		var value any = values
		if len(values) == 1 {
			value = values[0]
		}
		rows = append(rows, jsonvalue.Object{{Name: "name", Value: h.Name}, {Name: "value", Value: value}})
	}
	for _, h := range r.HeaderSecrets {
		rows = append(rows, jsonvalue.Object{{Name: "name", Value: h.Name}, {Name: secretMember, Value: h.Secret}})
	}
	return rows
}

func readQuery(r *Request, v any) error {
	rows, err := rowsOf(v, "name")
	r.Query = rows
	return err
}

func writeQuery(r *Request) any {
	if r.Query == nil {
		return nil
	}
	return rowObjects(r.Query, "name")
}

// rowsOf reads [{name, value}] or an object as parameters; never nil.
func rowsOf(v any, nameKey string) ([]query.Pair, error) {
	rows := []query.Pair{}
	switch v := v.(type) {
	case jsonvalue.Object:
		for _, m := range v {
			value, err := paramValue(m.Value)
			if err != nil {
				return nil, err
			}
			rows = append(rows, query.Pair{Name: m.Name, Value: value})
		}
	case []any:
		for i, item := range v {
			row, ok := item.(jsonvalue.Object)
			if !ok {
				return nil, fmt.Errorf("row %d is not an object of %s and value", i, nameKey)
			}
			name, _ := row.Get(nameKey)
			text, ok := scalarText(name)
			if !ok {
				return nil, fmt.Errorf("row %d has no %s", i, nameKey)
			}
			for _, m := range row {
				if m.Name != nameKey && m.Name != "value" {
					return nil, fmt.Errorf("row %d has a key %q; %s and value are known", i, m.Name, nameKey)
				}
			}
			value, _ := row.Get("value")
			converted, err := paramValue(value)
			if err != nil {
				return nil, err
			}
			rows = append(rows, query.Pair{Name: text, Value: converted})
		}
	default:
		return nil, fmt.Errorf("rows of %s and value are expected, or an object", nameKey)
	}
	return rows, nil
}

// paramValue turns ordered objects into ordered pairs.
func paramValue(v any) (any, error) {
	switch v := v.(type) {
	case jsonvalue.Object:
		params := make([]query.Pair, 0, len(v))
		for _, m := range v {
			value, err := paramValue(m.Value)
			if err != nil {
				return nil, err
			}
			params = append(params, query.Pair{Name: m.Name, Value: value})
		}
		return params, nil
	case []any:
		list := make([]any, 0, len(v))
		for _, item := range v {
			value, err := paramValue(item)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		return list, nil
	}
	return v, nil
}

func rowObjects(params []query.Pair, nameKey string) []any {
	rows := make([]any, 0, len(params))
	for _, p := range params {
		rows = append(rows, jsonvalue.Object{{Name: nameKey, Value: p.Name}, {Name: "value", Value: documentValue(p.Value)}})
	}
	return rows
}

func documentValue(v any) any {
	switch v := v.(type) {
	case []query.Pair:
		object := make(jsonvalue.Object, 0, len(v))
		for _, p := range v {
			object = append(object, jsonvalue.Member{Name: p.Name, Value: documentValue(p.Value)})
		}
		return object
	case []any:
		list := make([]any, 0, len(v))
		for _, item := range v {
			list = append(list, documentValue(item))
		}
		return list
	}
	return v
}

// scalarText is the text of a scalar.
func scalarText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	case nil:
		return "", true
	}
	return "", false
}

// base64Key is how a document carries bytes: {"$base64": "…"}.
const base64Key = "$base64"

// dataOf reads text or bytes of a document.
func dataOf(v any) (data []byte, isText bool, err error) {
	switch v := v.(type) {
	case jsonvalue.Object:
		encoded, _ := v.Get(base64Key)
		s, ok := encoded.(string)
		if !ok || len(v) != 1 {
			return nil, false, errors.New(`text is expected, or bytes as {"$base64": "…"}`)
		}
		data, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			return nil, false, errors.New("the base64 is malformed")
		}
		return data, false, nil
	case []any:
		return nil, false, errors.New(`text is expected, or bytes as {"$base64": "…"}`)
	}
	s, _ := scalarText(v)
	return []byte(s), true, nil
}
