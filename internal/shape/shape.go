// Package shape learns what JSON values look like from the values themselves,
// and writes and reads that as a JSON Schema (draft 2020-12).
package shape

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// Shape is what values of one place look like. The zero value has seen none.
// What it knows is what its schema says, so that nothing is lost where it is
// stored as that and read back.
type Shape struct {
	types    map[string]bool // of JSON Schema, but for object and array
	object   bool            // there was one
	fields   map[string]*Shape
	required map[string]bool // the fields that every object had
	array    bool            // there was one
	items    *Shape          // of all arrays together; nil: none had any
}

// bytesKey marks bytes, as a bundle is written.
const bytesKey = "$base64"

// Add takes a value into account: what JSON text becomes, []byte, and int and
// int64.
func (s *Shape) Add(v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			s.field(name).Add(value)
		}
		s.require(slices.Collect(maps.Keys(v)))
	case []any:
		s.array = true
		for _, item := range v {
			s.item().Add(item)
		}
	case []byte:
		s.field(bytesKey).Add("")
		s.require([]string{bytesKey})
	case string:
		s.of("string")
	case bool:
		s.of("boolean")
	case nil:
		s.of("null")
	case json.Number:
		if strings.ContainsAny(v.String(), ".eE") {
			s.of("number")
		} else {
			s.of("integer")
		}
	case int, int64:
		s.of("integer")
	}
}

// require narrows the fields that every object had to those of one more.
func (s *Shape) require(names []string) {
	also := make(map[string]bool, len(names))
	for _, name := range names {
		also[name] = true
	}
	if s.object {
		maps.DeleteFunc(s.required, func(name string, _ bool) bool { return !also[name] })
		return
	}
	s.object, s.required = true, also
}

// of notes a type; number includes integer.
func (s *Shape) of(name string) {
	if s.types == nil {
		s.types = make(map[string]bool)
	}
	if name == "integer" && s.types["number"] {
		return
	}
	if name == "number" {
		delete(s.types, "integer")
	}
	s.types[name] = true
}

func (s *Shape) field(name string) *Shape {
	if s.fields == nil {
		s.fields = make(map[string]*Shape)
	}
	if s.fields[name] == nil {
		s.fields[name] = new(Shape)
	}
	return s.fields[name]
}

func (s *Shape) item() *Shape {
	if s.items == nil {
		s.items = new(Shape)
	}
	return s.items
}

// Join takes into account what another has seen, which stays as it is.
func (s *Shape) Join(o *Shape) {
	for name := range o.types {
		s.of(name)
	}
	for name, field := range o.fields {
		s.field(name).Join(field)
	}
	if o.object {
		s.require(slices.Collect(maps.Keys(o.required)))
	}
	s.array = s.array || o.array
	if o.items != nil {
		s.item().Join(o.items)
	}
}

// Paths lists every field, sorted, as a next step refers to it: data.user.id,
// and data.entries[].id for one of the objects in an array. A name that is not
// letters, digits and _ stands in backticks.
func (s *Shape) Paths() []string {
	paths := s.paths("", nil)
	slices.Sort(paths)
	return paths
}

func (s *Shape) paths(prefix string, list []string) []string {
	for name, field := range s.fields {
		path := quoted(name)
		if prefix != "" {
			path = prefix + "." + path
		}
		list = field.paths(path, append(list, path))
	}
	if s.items != nil {
		prefix += "[]"
		list = s.items.paths(prefix, append(list, prefix))
	}
	return list
}

func quoted(name string) string {
	odd := func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }
	if name != "" && !strings.ContainsFunc(name, odd) {
		return name
	}
	return "`" + strings.ReplaceAll(name, "`", "``") + "`"
}
