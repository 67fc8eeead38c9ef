package schemagen

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// source is what the Go files of a package say.
type source struct {
	types   map[string]*ast.TypeSpec
	docs    map[string]string            // of "Type", "Type.Field" and "Type.Method"
	methods map[string]*ast.FuncDecl     // "Type.Method"
	consts  map[string][]constant        // by their type
	vars    map[string]*ast.CompositeLit // tables
}

type constant struct{ name, value, doc string }

func newSource() *source {
	return &source{map[string]*ast.TypeSpec{}, map[string]string{}, map[string]*ast.FuncDecl{}, map[string][]constant{}, map[string]*ast.CompositeLit{}}
}

func read(dir string) (*source, error) {
	s := newSource()
	if err := files(dir, s.declaration); err != nil {
		return nil, err
	}
	// The tables of keys stand beside the decoder. Its types are not the package's.
	codec := newSource()
	codec.vars = s.vars
	err := files(filepath.Join(dir, "internal", "document"), codec.declaration)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil // request says what is missing
	}
	return s, err
}

// files hands on the declarations of a folder's Go files, tests aside.
func files(dir string, declaration func(ast.Decl)) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, e.Name()), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, d := range file.Decls {
			declaration(d)
		}
	}
	return nil
}

func (s *source) declaration(d ast.Decl) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			return
		}
		name := typeName(d.Recv.List[0].Type) + "." + d.Name.Name
		s.methods[name], s.docs[name] = d, oneLine(d.Doc)
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				doc := spec.Doc
				if doc == nil {
					doc = d.Doc
				}
				s.typeSpec(spec, doc)
			case *ast.ValueSpec:
				s.valueSpec(spec)
			}
		}
	}
}

func (s *source) typeSpec(spec *ast.TypeSpec, doc *ast.CommentGroup) {
	name := spec.Name.Name
	s.types[name], s.docs[name] = spec, oneLine(doc)
	if st, ok := spec.Type.(*ast.StructType); ok {
		for _, f := range st.Fields.List {
			for _, id := range f.Names {
				s.docs[name+"."+id.Name] = fieldDoc(f)
			}
		}
	}
}

func (s *source) valueSpec(spec *ast.ValueSpec) {
	if len(spec.Names) != 1 || len(spec.Values) != 1 {
		return
	}
	switch v := spec.Values[0].(type) {
	case *ast.CompositeLit:
		s.vars[spec.Names[0].Name] = v
	case *ast.BasicLit:
		if id, ok := spec.Type.(*ast.Ident); ok && v.Kind == token.STRING {
			value, _ := strconv.Unquote(v.Value)
			s.consts[id.Name] = append(s.consts[id.Name], constant{spec.Names[0].Name, value, oneLine(spec.Doc)})
		}
	}
}

// doc finds the comment of a path such as Verify.Pins, seen from a type.
func (s *source) doc(typ, path string) (string, error) {
	first, rest, nested := strings.Cut(path, ".")
	doc, ok := s.docs[typ+"."+first]
	if !ok {
		return "", fmt.Errorf("schemagen: %s has no field %s", typ, first)
	}
	if !nested {
		return doc, nil
	}
	for _, f := range s.types[typ].Type.(*ast.StructType).Fields.List {
		for _, id := range f.Names {
			if id.Name == first {
				inner, err := s.doc(typeName(f.Type), rest)
				if err == nil && inner == "" {
					inner = doc
				}
				return inner, err
			}
		}
	}
	return "", fmt.Errorf("schemagen: %s.%s is not known", typ, path)
}

// typeName is the name of a type, whatever it points to.
func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return typeName(e.X)
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return typeName(e.X) + "." + e.Sel.Name
	}
	return ""
}

func fieldDoc(f *ast.Field) string {
	if f.Doc != nil {
		return oneLine(f.Doc)
	}
	return oneLine(f.Comment)
}

func oneLine(c *ast.CommentGroup) string {
	if c == nil {
		return ""
	}
	return strings.Join(strings.Fields(c.Text()), " ")
}
