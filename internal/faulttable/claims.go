package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// claims are the ids that the doc comments of test functions begin with ("RED-01
// and RED-02: …", "TestX is RED-01: …"), up to the first colon or full stop, by package and function. The folder is that of
// the module.
func claims(folder string) (map[string][]string, error) {
	mod, err := os.ReadFile(filepath.Join(folder, "go.mod"))
	if err != nil {
		return nil, err
	}
	first, _, _ := bytes.Cut(mod, []byte("\n"))
	module := strings.TrimSpace(strings.TrimPrefix(string(first), "module"))
	found := map[string][]string{}
	err = filepath.WalkDir(folder, func(name string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		within, err := filepath.Rel(folder, filepath.Dir(name))
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && strings.HasPrefix(f.Name.Name, "Test") {
				test := path.Join(module, filepath.ToSlash(within)) + "." + f.Name.Name
				found[test] = append(found[test], claimed(f.Doc.Text())...)
			}
		}
		return err
	})
	return found, err
}

var leadPattern = regexp.MustCompile(`^(Test\w+ is )?[A-Z]+-[0-9]{2}`)

var rangePattern = regexp.MustCompile(`([A-Z]+)-([0-9]{2}) to ([A-Z]+-)?([0-9]{2})`)

// claimed are the ids that a comment begins with; are three.
func claimed(comment string) []string {
	comment = strings.ReplaceAll(comment, "\n", " ")
	if !leadPattern.MatchString(comment) {
		return nil
	}
	lead := comment[:max(0, strings.IndexAny(comment, ":."))]
	lead = rangePattern.ReplaceAllStringFunc(lead, func(text string) string {
		m := rangePattern.FindStringSubmatch(text)
		from, _ := strconv.Atoi(m[2])
		to, _ := strconv.Atoi(m[4])
		var all []string
		for i := from; i <= to; i++ {
			all = append(all, fmt.Sprintf("%s-%02d", m[1], i))
		}
		return strings.Join(all, " ")
	})
	return idsOf(lead)
}
