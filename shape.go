package mtlshttp

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// Shape is what bundles look like: which fields they have, of which types. It
// comes from Response.Shape and is never modified. The zero value has seen
// nothing.
type Shape struct {
	seen    int            // values
	types   map[string]int // of JSON Schema, but object and array: how often
	objects int
	fields  map[string]*Shape
	arrays  int
	items   *Shape // of all arrays together; nil: none had any
}

// Shape tells the fields of a bundle that can be mapped into a next step:
// statusCode, headers, cookieHeaders, data, fileSize, url, contentType, charset
// and fileName.
func (r *Response) Shape() *Shape {
	headers := make([]any, 0, len(r.Headers))
	for _, h := range r.Headers {
		headers = append(headers, map[string]any{"name": h.Name, "value": h.Value})
	}
	cookies := make([]any, 0, len(r.CookieHeaders))
	for _, c := range r.CookieHeaders {
		cookies = append(cookies, c)
	}
	s := new(Shape)
	s.add(map[string]any{"statusCode": r.StatusCode, "headers": headers, "cookieHeaders": cookies, "data": r.Data,
		"fileSize": r.FileSize, "url": r.URL, "contentType": r.ContentType, "charset": r.Charset, "fileName": r.FileName})
	return s
}

func (s *Shape) add(v any) {
	s.seen++
	switch v := v.(type) {
	case map[string]any:
		s.objects++
		for name, value := range v {
			s.field(name).add(value)
		}
	case []any:
		s.arrays++
		for _, item := range v {
			s.item().add(item)
		}
	case []byte: // as the bundle is written
		s.objects++
		s.field(base64Key).add("")
	case string:
		s.of("string", 1)
	case bool:
		s.of("boolean", 1)
	case nil:
		s.of("null", 1)
	case json.Number:
		if strings.ContainsAny(v.String(), ".eE") {
			s.of("number", 1)
		} else {
			s.of("integer", 1)
		}
	case int, int64:
		s.of("integer", 1)
	}
}

func (s *Shape) of(name string, n int) {
	if s.types == nil {
		s.types = make(map[string]int)
	}
	s.types[name] += n
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

// Merge returns the shape of everything that any of them has seen.
func (s *Shape) Merge(others ...*Shape) *Shape {
	sum := new(Shape)
	for _, o := range append([]*Shape{s}, others...) {
		sum.join(o)
	}
	return sum
}

func (s *Shape) join(o *Shape) {
	if o == nil {
		return
	}
	s.seen += o.seen
	s.objects += o.objects
	s.arrays += o.arrays
	for name, n := range o.types {
		s.of(name, n)
	}
	for name, field := range o.fields {
		s.field(name).join(field)
	}
	if o.items != nil {
		s.item().join(o.items)
	}
}

// MarshalJSON writes a JSON Schema (draft 2020-12) that every bundle which was
// seen is valid by. What all objects of a place had is required there.
func (s *Shape) MarshalJSON() ([]byte, error) {
	schema := s.schema()
	schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	return json.Marshal(schema)
}

func (s *Shape) schema() map[string]any {
	schema := map[string]any{}
	types := slices.Sorted(maps.Keys(s.types))
	if s.types["number"] > 0 { // which includes them
		types = slices.DeleteFunc(types, func(name string) bool { return name == "integer" })
	}
	if s.arrays > 0 {
		types = append(types, "array")
		if s.items != nil {
			schema["items"] = s.items.schema()
		}
	}
	if s.objects > 0 {
		types = append(types, "object")
		properties, required := map[string]any{}, []string{}
		for _, name := range slices.Sorted(maps.Keys(s.fields)) {
			field := s.fields[name]
			properties[name] = field.schema()
			if field.seen == s.objects {
				required = append(required, name)
			}
		}
		schema["properties"] = properties
		if len(required) > 0 {
			schema["required"] = required
		}
	}
	switch len(types) {
	case 0:
	case 1:
		schema["type"] = types[0]
	default:
		schema["type"] = types
	}
	return schema
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
