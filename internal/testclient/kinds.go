package testclient

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"
)

// DeclaredKinds reads the constants of type Kind from a file: errors.go, as seen
// from the test's folder.
func DeclaredKinds(t testing.TB, name string) (kinds []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if ident, ok := spec.Type.(*ast.Ident); ok && ident.Name == "Kind" {
			value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			kinds = append(kinds, value)
		}
		return true
	})
	if len(kinds) <= 20 {
		t.Fatalf("%s declares only %d kinds", name, len(kinds))
	}
	return kinds
}
