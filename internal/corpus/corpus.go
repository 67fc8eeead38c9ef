// Package corpus finds the conformance corpora for tests and prints their
// figures. The corpora are not part of this module: a test that finds none
// skips with one line, unless MTLSHTTP_CORPORA_REQUIRED is set, as CI does.
package corpus

import (
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"testing"
)

// Folder returns the folder of the named corpus: the value of the variable
// MTLSHTTP_<NAME> where one is given, else NAME below MTLSHTTP_CORPORA, else
// below ../shared/corpora as seen from the module's root.
func Folder(t testing.TB, name, variable string) string {
	t.Helper()
	folder := ""
	if variable != "" {
		folder = os.Getenv(variable)
	}
	if folder == "" {
		base := os.Getenv("MTLSHTTP_CORPORA")
		if base == "" {
			base = filepath.Join(root(t), "..", "shared", "corpora")
		}
		folder = filepath.Join(base, name)
	}
	if _, err := os.Stat(folder); err != nil {
		if os.Getenv("MTLSHTTP_CORPORA_REQUIRED") != "" {
			t.Fatalf("corpus %s is required and not there: %v", name, err)
		}
		t.Skipf("corpus %s: not found, skipped", name)
	}
	return folder
}

// Report prints the corpus's line, and the failing ids with -v. It does not
// judge: the caller asserts its own floor.
func Report(t testing.TB, name string, passed, total int, failing []string) {
	t.Helper()
	os.Stdout.WriteString("corpus " + name + ": " + strconv.Itoa(passed) + " of " + strconv.Itoa(total) + "\n")
	sort.Strings(failing)
	for _, id := range failing {
		t.Logf("corpus %s: short: %s", name, id)
	}
}

// root walks up from the test's folder to the one that holds go.mod.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the test's folder")
		}
		dir = parent
	}
}
