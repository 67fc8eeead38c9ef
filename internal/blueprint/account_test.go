package blueprint

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp/internal/jsonvalue"
)

// unaccounted walks over every key of a module as it stands in the export and
// returns those that are neither in the document nor named by a note or fault.
func unaccounted(t testing.TB, m *Module) []string {
	t.Helper()
	doc, err := jsonvalue.ParseOrdered(m.Document, jsonvalue.Limits{})
	require.NoError(t, err)
	a := account{named: map[string]bool{}, fields: map[string][]string{}, doc: doc}
	for _, n := range m.Notes {
		a.named[n.Path] = true
	}
	for _, f := range m.Faults {
		a.named[f.Path] = true
	}
	for _, s := range m.Sources {
		a.fields[s.Path] = append(a.fields[s.Path], s.Field)
	}
	for _, member := range m.object {
		path := join(m.Route, member.Name)
		switch member.Name {
		case "id":
			require.Equal(t, identifier(member.Value), m.ID)
		case "module":
			require.Equal(t, member.Value, m.Name)
		case "version":
		case "onerror", "routes": // other modules, which have their own account
		case "parameters", "mapper", "metadata":
			a.inside(member.Value, path)
		default:
			a.key(member.Value, path)
		}
	}
	return a.lost
}

type account struct {
	named  map[string]bool
	fields map[string][]string
	doc    any
	lost   []string
}

func (a *account) inside(v any, path string) {
	if a.named[path] {
		return
	}
	switch v := v.(type) {
	case jsonvalue.Object:
		for _, m := range v {
			a.key(m.Value, join(path, m.Name))
		}
	case []any:
		for i, item := range v {
			a.inside(item, index(path, i))
		}
	}
}

func (a *account) key(v any, path string) {
	if a.named[path] {
		return
	}
	fields, mapped := a.fields[path]
	_, isObject := v.(jsonvalue.Object)
	_, isList := v.([]any)
	switch {
	case !mapped:
		a.lost = append(a.lost, path)
	case !isObject && !isList:
		for _, field := range fields {
			if _, ok := at(a.doc, field); !ok {
				a.lost = append(a.lost, path+" -> "+field)
			}
		}
	case !a.whole(v, fields):
		a.inside(v, path)
	}
}

// whole says that a structure is in the document as it is, or as its text.
func (a *account) whole(v any, fields []string) bool {
	for _, field := range fields {
		got, ok := at(a.doc, field)
		if s, isText := got.(string); ok && (encode(got) == encode(v) || isText && s == encode(v)) {
			return true
		}
	}
	return false
}

// at follows a path such as headers[0].name.
func at(v any, path string) (any, bool) {
	for _, step := range strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		switch in := v.(type) {
		case jsonvalue.Object:
			inner, ok := in.Get(step)
			if !ok {
				return nil, false
			}
			v = inner
		case []any:
			i := 0
			for _, c := range step {
				i = i*10 + int(c-'0')
			}
			if i < 0 || i >= len(in) {
				return nil, false
			}
			v = in[i]
		default:
			return nil, false
		}
	}
	return v, true
}

func TestAccountFindsALostKey(t *testing.T) {
	s, err := Parse([]byte(`{"flow":[{"id":1,"module":"http:MakeRequest","version":4,"parameters":{"authenticationType":"noAuth"},
		"mapper":{"url":"https://a.test/","method":"get","strange":{"a":[1]}}}]}`))
	require.NoError(t, err)
	m := s.Modules[0]
	require.Empty(t, unaccounted(t, &m))
	m.Notes = nil
	require.Equal(t, []string{"flow[0].parameters.authenticationType", "flow[0].mapper.strange"}, unaccounted(t, &m))
	m.Sources = nil
	require.Contains(t, unaccounted(t, &m), "flow[0].mapper.url")
}
