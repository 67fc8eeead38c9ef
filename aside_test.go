package mtlshttp_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// What is half written is gone when Close returns, be it called by a callback of
// the very Do that writes, and whether or not one holds that up.
func TestCloseLeavesNoFileAside(t *testing.T) {
	srv := mtlstest.NewServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	}))
	aside := func(dir string) int {
		entries, err := os.ReadDir(dir)
		assert.NoError(t, err)
		return len(entries)
	}
	for _, within := range []bool{true, false} {
		e, dir := new(mtlshttp.Executor), t.TempDir()
		entered, release := make(chan struct{}), make(chan struct{})
		r := srv.Request("/")
		r.Output = mtlshttp.Output{File: filepath.Join(dir, "out")}
		pieces := 0
		r.Progress = func(mtlshttp.Progress) {
			if pieces++; pieces != 3 {
				return
			}
			assert.Equal(t, 1, aside(dir))
			if within {
				promptly(t, e)
				assert.Zero(t, aside(dir))
			}
			close(entered)
			<-release
		}
		ended := make(chan error, 1)
		go func() { ended <- sends["Do"](e, r) }()
		<-entered
		promptly(t, e)
		assert.Zero(t, aside(dir), "within: %v", within)
		close(release)
		assert.Equal(t, mtlshttp.KindClosed, failureOf(t, <-ended).Kind)
		assert.Zero(t, aside(dir))
		require.NoError(t, e.Close())
	}
}
