package mtlshttp_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp/internal/diagnosis"
	"github.com/mtlshttp/mtlshttp/internal/golden"
)

const module = "github.com/mtlshttp/mtlshttp"

// forTests are the packages below internal/ that may import the root, because
// nothing but tests imports them.
var forTests = map[string]bool{"./internal/testclient": true, "./internal/testpeer": true}

// TestDirections holds the rules of the house: which package imports which of
// ours, and which of others', against a golden file. The rules themselves are
// asserted beside it, so that -update cannot loosen them.
func TestDirections(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}:{{range .Imports}} {{.}}{{end}}`, "./...").Output()
	require.NoError(t, err)
	var lines []string
	importers := map[string][]string{} // of third-party packages
	for line := range strings.Lines(string(out)) {
		pkg, imports, _ := strings.Cut(strings.TrimSpace(line), ":")
		short := strings.TrimPrefix(strings.TrimPrefix(pkg, module), "/")
		if short == "" {
			short = "."
		}
		var kept []string
		for _, imported := range strings.Fields(imports) {
			first, _, _ := strings.Cut(imported, "/")
			if !strings.Contains(first, ".") {
				continue // the standard library
			}
			if inner, ours := strings.CutPrefix(imported, module); ours {
				assert.False(t, forTests["."+inner] && !forTests["./"+short], "%s imports %s, which is for tests alone", short, inner)
				if strings.HasPrefix(short, "internal/") && !forTests["./"+short] {
					assert.True(t, strings.HasPrefix(inner, "/internal/"), "%s imports the root", short)
				}
				if strings.HasPrefix(short, "examples/") {
					assert.False(t, strings.HasPrefix(inner, "/internal/"), "%s imports %s", short, inner)
				}
				kept = append(kept, "."+inner)
				continue
			}
			importers[imported] = append(importers[imported], short)
			kept = append(kept, imported)
		}
		slices.Sort(kept)
		lines = append(lines, short+": "+strings.Join(kept, " "))
	}
	for pkg, by := range importers {
		assert.Len(t, by, 1, "%s is imported by %v", pkg, by)
		assert.NotContains(t, pkg, "testify", "imported by %v outside of tests", by)
	}
	got := strings.Join(lines, "\n") + "\n"
	golden.Compare(t, "testdata/directions.golden", got)
}

// TestCausesDocument keeps docs/causes.md to the table of causes.
func TestCausesDocument(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Causes\n\nEvery `cause` that a diagnosis can name, and what to do about it. A cause is named only as far as it was\n" +
		"seen: `confidence` is `certain` where it follows from what was seen, `high` and `medium` where other causes are\n" +
		"possible, and `low` where the peer said nothing.\n\n" +
		"`go test -run TestCausesDocument -update` writes this file from the table of rules in `internal/diagnosis`.\n")
	for _, c := range diagnosis.Causes {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", c.Name, c.Advice)
	}
	golden.Compare(t, "docs/causes.md", b.String())
}

// TestFilesHoldOneConcept: one of more than 400 lines holds two.
func TestFilesHoldOneConcept(t *testing.T) {
	files := 0
	require.NoError(t, fs.WalkDir(os.DirFS("."), ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || path.Ext(name) != ".go" {
			return err
		}
		text, err := os.ReadFile(name)
		files++
		assert.LessOrEqual(t, bytes.Count(text, []byte("\n")), 400, name)
		return err
	}))
	assert.Greater(t, files, 300)
}
