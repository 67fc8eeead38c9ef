package query

import (
	"encoding/json"
	"math"
	"reflect"
	"strconv"
	"strings"
)

// text returns the text of a value that is not an array or object.
func text(value any) (string, error) {
	switch v := value.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case json.Number:
		return numberText(string(v)), nil
	}
	switch v := reflect.ValueOf(value); v.Kind() {
	case reflect.String:
		return v.String(), nil
	case reflect.Bool:
		return strconv.FormatBool(v.Bool()), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.FormatInt(v.Int(), 10), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return strconv.FormatUint(v.Uint(), 10), nil
	case reflect.Float32, reflect.Float64:
		if f := v.Float(); !math.IsNaN(f) && !math.IsInf(f, 0) {
			return floatText(f, v.Type().Bits()), nil
		}
	}
	return "", errType
}

// numberText writes a number of JSON as JavaScript would, but integers exactly.
func numberText(literal string) string {
	if literal != "-0" && strings.Trim(literal, "-0123456789") == "" {
		return literal
	}
	f, err := strconv.ParseFloat(literal, 64)
	if err != nil {
		return literal // beyond a float64: exact rather than infinite
	}
	return floatText(f, 64)
}

// floatText writes a float as ECMAScript's Number::toString does: the shortest
// digits, an exponent from 1e21 on and below 1e-6.
func floatText(f float64, bits int) string {
	size := math.Abs(f)
	switch {
	case size == 0:
		return "0"
	case size < 1e21 && size >= 1e-6:
		return strconv.FormatFloat(f, 'f', -1, bits)
	}
	digits, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', -1, bits), "e")
	return digits + "e" + exponent[:1] + strings.TrimLeft(exponent[1:], "0")
}

// array is a list that merging can grow; hole stands for what is not there.
type array struct{ items []any }

type hole struct{}

// object is a list of names with values, in the order of their coming.
type object struct {
	names  []string
	values map[string]any
}

func newObject() *object { return &object{values: map[string]any{}} }

func (o *object) set(name string, value any) {
	if _, there := o.values[name]; !there {
		o.names = append(o.names, name)
	}
	o.values[name] = value
}

// setAll sets each name of pairs, a repeated one to the array of its values.
func (o *object) setAll(pairs []Pair) {
	given := newObject()
	repeated := map[string]*array{}
	for _, p := range pairs {
		first, there := given.values[p.Name]
		switch list := repeated[p.Name]; {
		case !there:
			given.set(p.Name, p.Value)
		case list == nil:
			repeated[p.Name] = &array{[]any{first, p.Value}}
			given.values[p.Name] = repeated[p.Name]
		default:
			list.items = append(list.items, p.Value)
		}
	}
	for _, name := range given.names {
		o.set(name, given.values[name])
	}
}
