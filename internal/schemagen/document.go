package schemagen

import (
	"fmt"
	"go/ast"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/mtlshttp/mtlshttp/internal/jsonvalue"
)

// document is the schema of a type that is written and never read, so that
// keys may be added: with no word on those it does not know.
func (s *source) document(typ, file, title string) (object, error) {
	w := &writer{source: s, root: typ, defs: map[string]object{}}
	top, err := w.structure(typ)
	if err != nil {
		return nil, err
	}
	schema := append(of("$schema", dialect, "$id", base+file, "title", title), top...)
	defs := object{}
	for len(w.todo) > 0 {
		name := w.todo[0]
		w.todo = w.todo[1:]
		if w.defs[name], err = w.definition(name); err != nil {
			return nil, err
		}
	}
	for _, name := range w.order {
		defs = append(defs, jsonvalue.Member{Name: name, Value: w.defs[name]})
	}
	return append(schema, jsonvalue.Member{Name: "$defs", Value: defs}), nil
}

// writer collects the types that a document is made of.
type writer struct {
	*source
	root        string
	defs        map[string]object
	order, todo []string
}

func (w *writer) reference(name string) object {
	if name == w.root {
		return of("$ref", "#")
	}
	if !slices.Contains(w.order, name) {
		w.order, w.todo = append(w.order, name), append(w.todo, name)
	}
	return of("$ref", "#/$defs/"+name)
}

func (w *writer) definition(name string) (object, error) {
	values := w.consts[name]
	if len(values) == 0 {
		return w.structure(name)
	}
	choices := []any{}
	for _, c := range values {
		choice := of("const", c.value)
		if text, ok := strings.CutPrefix(c.doc, c.name+": "); ok {
			choice = append(choice, jsonvalue.Member{Name: "description", Value: text})
		}
		choices = append(choices, choice)
	}
	return of("description", w.docs[name], "type", "string", "oneOf", choices), nil
}

// structure is the schema of a struct, as its MarshalJSON writes it where it
// has one.
func (w *writer) structure(name string) (object, error) {
	spec, ok := w.types[name]
	if !ok {
		return nil, fmt.Errorf("schemagen: no type %s", name)
	}
	st, ok := spec.Type.(*ast.StructType)
	if !ok {
		return nil, fmt.Errorf("schemagen: %s is no struct", name)
	}
	doc := func(id string) string { return w.docs[name+"."+id] }
	if m := w.methods[name+".MarshalJSON"]; m != nil {
		literal := marshalled(m)
		if literal == nil {
			return nil, fmt.Errorf("schemagen: MarshalJSON of %s marshals no struct", name)
		}
		st = literal.Type.(*ast.StructType)
		doc = w.valueDocs(name, st, literal.Elts)
	}
	properties, required := object{}, []any{}
	for _, f := range st.Fields.List {
		key, optional := tagOf(f)
		if key == "" {
			return nil, fmt.Errorf("schemagen: a field of %s has no key", name)
		}
		value, err := w.value(f.Type, optional)
		if err != nil {
			return nil, fmt.Errorf("schemagen: %s, %s: %w", name, key, err)
		}
		if text := doc(f.Names[0].Name); text != "" {
			value = append(of("description", text), value...)
		}
		properties = append(properties, jsonvalue.Member{Name: key, Value: value})
		if !optional {
			required = append(required, key)
		}
	}
	return of("description", w.docs[name], "type", "object", "properties", properties, "required", required), nil
}

// marshalled finds the struct literal that a MarshalJSON hands on.
func marshalled(m *ast.FuncDecl) (found *ast.CompositeLit) {
	ast.Inspect(m, func(n ast.Node) bool {
		if lit, ok := n.(*ast.CompositeLit); ok && found == nil {
			if _, ok := lit.Type.(*ast.StructType); ok {
				found = lit
			}
		}
		return found == nil
	})
	return found
}

// valueDocs are the comments of what the fields of a literal are set from, then
// of the fields themselves.
func (w *writer) valueDocs(name string, st *ast.StructType, values []ast.Expr) func(string) string {
	docs := map[string]string{}
	for i, f := range st.Fields.List {
		id := f.Names[0].Name
		text := w.docs[name+"."+id]
		ast.Inspect(values[i], func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok && text == "" {
				text = w.docs[name+"."+sel.Sel.Name]
			}
			return true
		})
		docs[id] = strings.TrimSpace(text + " " + fieldDoc(f))
	}
	return func(id string) string { return docs[id] }
}

func tagOf(f *ast.Field) (key string, optional bool) {
	if f.Tag == nil {
		return "", false
	}
	text, _ := strconv.Unquote(f.Tag.Value)
	key, options, _ := strings.Cut(reflect.StructTag(text).Get("json"), ",")
	return key, strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero")
}

// value is the schema of a Go type; one that is left out where it is empty is
// never null.
func (w *writer) value(e ast.Expr, optional bool) (object, error) {
	switch e := e.(type) {
	case *ast.StarExpr:
		ref := w.reference(typeName(e))
		if optional {
			return ref, nil
		}
		return of("anyOf", list(ref, of("type", "null"))), nil
	case *ast.ArrayType:
		items, err := w.value(e.Elt, true)
		if optional {
			return of("type", "array", "items", items), err
		}
		return of("type", texts("array", "null"), "items", items), err
	}
	switch name := typeName(e); name {
	case "string":
		return of("type", "string"), nil
	case "bool":
		return of("type", "boolean"), nil
	case "int", "int64":
		return of("type", "integer"), nil
	case "float64":
		return of("type", "number"), nil
	case "time.Time":
		return of("type", "string", "format", "date-time"), nil
	case "json.RawMessage":
		return object{}, nil
	default:
		if w.types[name] == nil {
			return nil, fmt.Errorf("no schema for the Go type %q", name)
		}
		return w.reference(name), nil
	}
}
