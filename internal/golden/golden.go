// Package golden compares what a test made with a file that is kept, and writes
// the file anew with -update. Tests alone import it: it defines that flag.
package golden

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Compare compares with a file, or writes it with -update.
func Compare(t testing.TB, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		line, has, made := difference(string(want), got)
		t.Errorf("%s, line %d: it has %q, and %q was made; go test -run %s -update writes it anew", name, line, has, made, t.Name())
	}
}

// difference is the first line in which two texts that differ do; an end is an
// empty line.
func difference(a, b string) (line int, inA, inB string) {
	of, other := strings.SplitAfter(a, "\n"), strings.SplitAfter(b, "\n")
	for line < len(of) && line < len(other) && of[line] == other[line] {
		line++
	}
	if line < len(of) {
		inA = of[line]
	}
	if line < len(other) {
		inB = other[line]
	}
	return line + 1, inA, inB
}
