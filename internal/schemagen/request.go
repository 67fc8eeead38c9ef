package schemagen

import (
	"fmt"
	"go/ast"
	"slices"
	"strconv"
	"strings"

	"github.com/mtlshttp/mtlshttp/internal/jsonvalue"
)

// request is the schema of a request document: a form's properties, then what
// holds between them.
func (s *source) request() (object, error) {
	keys, err := s.keys()
	if err != nil {
		return nil, err
	}
	properties := object{}
	for i, f := range form {
		k, ok := keys[f.key]
		if !ok {
			return nil, fmt.Errorf("schemagen: the request has no key %s", f.key)
		}
		delete(keys, f.key)
		property, err := s.property(f, k)
		if err != nil {
			return nil, err
		}
		properties = append(properties, jsonvalue.Member{Name: f.key, Value: append(property[:2:2], append(of("x-order", i+1), property[2:]...)...)})
	}
	for name := range keys {
		return nil, fmt.Errorf("schemagen: the form has no row for the key %s", name)
	}
	return of("$schema", dialect, "$id", base+"request.json", "title", "Request",
		"description", "An HTTP request with a client certificate, as the HTTP module's form has it. For options, a missing key, null and empty text mean the default.",
		"type", "object", "properties", properties, "required", texts("url"), "additionalProperties", false,
		"allOf", between(), "$defs", definitions()), nil
}

// property puts a row of the form together with what the sources say.
func (s *source) property(f field, k key) (object, error) {
	if f.path == "" {
		f.path = k.path
	}
	if f.shape == nil {
		f.shape = k.shape
	}
	if f.path == "" || f.shape == nil {
		return nil, fmt.Errorf("schemagen: the key %s says neither its field nor its values", f.key)
	}
	doc, err := s.doc("Request", f.path)
	if err != nil {
		return nil, err
	}
	p := of("title", f.title, "description", f.help, "x-widget", f.widget)
	if f.advanced {
		p = append(p, of("x-advanced", true)...)
	}
	if f.when != nil {
		p = append(p, of("x-when", f.when)...)
	}
	return append(append(p, f.shape...), of("$comment", strings.TrimSpace("Go: Request."+f.path+". "+doc))...), nil
}

// key is what the library's own table says of a key.
type key struct {
	path  string
	shape object
}

// keys reads the tables of keys that the decoder works by.
func (s *source) keys() (map[string]key, error) {
	table, body := s.vars["requestKeys"], s.vars["bodyKeys"]
	if table == nil || body == nil {
		return nil, fmt.Errorf("schemagen: no tables requestKeys and bodyKeys")
	}
	keys := map[string]key{}
	for _, e := range table.Elts {
		row, ok := e.(*ast.CompositeLit)
		if !ok {
			return nil, fmt.Errorf("schemagen: requestKeys has a row that is no literal")
		}
		var name string
		var k key
		for _, e := range row.Elts {
			field, ok := e.(*ast.KeyValueExpr)
			if !ok {
				return nil, fmt.Errorf("schemagen: requestKeys has a row without names")
			}
			switch typeName(field.Key) {
			case "name":
				name = literal(field.Value)
			case "text":
				k = key{path: fieldPath(field.Value), shape: text()}
			case "flag":
				k = key{path: fieldPath(field.Value), shape: flag(false)}
			case "inverted":
				k = key{path: fieldPath(field.Value), shape: flag(true)}
			}
		}
		keys[name] = k
	}
	for _, e := range body.Elts {
		keys[literal(e)] = key{}
	}
	return keys, nil
}

func literal(e ast.Expr) string {
	lit, ok := e.(*ast.BasicLit)
	if !ok {
		return ""
	}
	s, _ := strconv.Unquote(lit.Value)
	return s
}

// fieldPath is a.B of "func(r *Request) *T { return &r.A.B }".
func fieldPath(e ast.Expr) string {
	var path []string
	ast.Inspect(e, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			path = append(path, sel.Sel.Name)
		}
		return true
	})
	slices.Reverse(path)
	return strings.Join(path, ".")
}
