package mtlshttp_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// moreThanNetHTTP is what the library may add to a stripped program that uses
// net/http alone. The design asks for 3 MiB; what makes it more has to say why.
// Last: credential files in more layouts, bounds on hostile ones, and calls that
// end with the executor.
const moreThanNetHTTP = 109 << 15 // 3.41 MiB

// TestSize builds a program with the library and one with net/http alone.
// Two things make it grow: tables that functions fill when a program starts, and
// types that are put into interfaces. The linker drops nothing that the former
// refer to, and no exported method of what the latter are made of.
func TestSize(t *testing.T) {
	if os.Getenv("MTLSHTTP_INTEGRATION") == "" {
		t.Skip("integration: set MTLSHTTP_INTEGRATION=1")
	}
	size := func(program string, flags ...string) int64 {
		file := filepath.Join(t.TempDir(), program)
		out, err := exec.Command("go", append(append([]string{"build", "-trimpath", "-o", file}, flags...), "./testdata/size/"+program)...).CombinedOutput()
		require.NoError(t, err, "%s", out)
		info, err := os.Stat(file)
		require.NoError(t, err)
		return info.Size()
	}
	more := func(flags ...string) int64 { return size("mtlshttp", flags...) - size("nethttp", flags...) }
	stripped, whole := more("-ldflags=-s -w"), more()
	t.Logf("%.2f MiB stripped, %.2f MiB with debug data", float64(stripped)/(1<<20), float64(whole)/(1<<20))
	assert.LessOrEqual(t, stripped, int64(moreThanNetHTTP))
}
