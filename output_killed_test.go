package mtlshttp_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
)

// downloadEnv makes the test a process of its own, that downloads from one URL
// and is killed.
const downloadEnv, downloadToEnv = "MTLSHTTP_TEST_DOWNLOAD", "MTLSHTTP_TEST_DOWNLOAD_TO"

// A process that is killed half-way leaves what was there before.
func TestOutputOfAKilledProcess(t *testing.T) {
	if url := os.Getenv(downloadEnv); url != "" {
		_, err := mtlshttp.Do(t.Context(), mtlshttp.GetFile(url, mtlshttp.Output{File: os.Getenv(downloadToEnv)}))
		t.Fatal("it was not killed", err)
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.CopyN(w, nothing{}, mib)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	defer srv.Close()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, []byte("before"), 0o600))
	child := exec.Command(os.Args[0], "-test.run=^TestOutputOfAKilledProcess$")
	child.Env = append(os.Environ(), downloadEnv+"="+srv.URL, downloadToEnv+"="+file)
	require.NoError(t, child.Start())
	defer func() { _ = child.Wait() }()
	assert.Eventually(t, func() bool {
		parts, err := filepath.Glob(filepath.Join(dir, ".mtlshttp-*"))
		if err != nil || len(parts) == 0 {
			return false
		}
		info, err := os.Stat(parts[0])
		return err == nil && info.Size() > 0
	}, 20*time.Second, 5*time.Millisecond)
	require.NoError(t, child.Process.Kill())
	_ = child.Wait()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, "before", string(text))
}
