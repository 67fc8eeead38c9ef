package mtlshttp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// sending serves as many zeros as the query's size says, or fewer: at cut the
// connection ends; and a page beside an error status.
var sending = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	number := func(name string) int64 {
		n, _ := strconv.ParseInt(r.URL.Query().Get(name), 10, 64)
		return n
	}
	if status := number("status"); status > 0 {
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(int(status))
		_, _ = io.WriteString(w, "sorry")
		return
	}
	if number("unknown") == 0 {
		w.Header().Set("Content-Length", strconv.FormatInt(number("size"), 10))
	}
	size := number("size")
	if cut := number("cut"); cut > 0 {
		size = cut
	}
	_, _ = io.CopyBuffer(onlyWriter{w}, io.LimitReader(nothing{}, size), make([]byte, 64<<10))
	if size < number("size") {
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
})

// onlyWriter hides ReadFrom, so that the buffer given is used.
type onlyWriter struct{ io.Writer }

// entries lists a folder.
func entries(t testing.TB, dir string) (names []string) {
	list, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

func TestOutputToWriter(t *testing.T) {
	srv := mtlstest.NewServer(t, answering)
	var b bytes.Buffer
	r := srv.Request("/?type=application/json&body={}")
	r.Parse, r.Output = true, mtlshttp.Output{Writer: &b}
	resp, err := newExecutor(t).Do(t.Context(), r)
	require.NoError(t, err)
	assert.Equal(t, "{}", b.String())
	assert.Nil(t, resp.Data)
	assert.EqualValues(t, 2, resp.FileSize)
	assert.Equal(t, "application/json", resp.ContentType)
}

func TestOutputToFile(t *testing.T) {
	srv := mtlstest.NewServer(t, sending)
	dir := t.TempDir()
	file := filepath.Join(dir, "zeros.bin")
	get := func(query string) (*mtlshttp.Response, error) {
		r := srv.Request("/?" + query)
		r.Output = mtlshttp.Output{File: file}
		return newExecutor(t).Do(t.Context(), r)
	}
	resp, err := get("size=100000")
	require.NoError(t, err)
	assert.Equal(t, file, resp.Data)
	assert.EqualValues(t, 100_000, resp.FileSize)
	written, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, make([]byte, 100_000), written)
	info, err := os.Stat(file)
	require.NoError(t, err)
	if runtime.GOOS != "windows" {
		assert.EqualValues(t, 0o600, info.Mode().Perm())
		require.NoError(t, os.Chmod(file, 0o640))
	}
	document, err := json.Marshal(resp)
	require.NoError(t, err)
	assert.Less(t, len(document), 8<<10, "the bundle is small")

	// What fails leaves what was there, and nothing beside it.
	_, err = get("size=100000&cut=50000")
	assert.Equal(t, mtlshttp.KindTruncated, failureOf(t, err).Kind)
	resp, err = get("status=500")
	require.NoError(t, err)
	assert.Equal(t, "sorry", resp.Data, "an error page is no download")
	after, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, written, after)
	assert.Equal(t, []string{"zeros.bin"}, entries(t, dir))

	// What succeeds replaces it, and keeps its permissions.
	_, err = get("size=0")
	require.NoError(t, err)
	info, err = os.Stat(file)
	require.NoError(t, err)
	assert.Zero(t, info.Size())
	if runtime.GOOS != "windows" {
		assert.EqualValues(t, 0o640, info.Mode().Perm())
	}
}

// LIM-18: a download that is too large, announced or not, leaves nothing.
func TestOutputStopsAtItsLimit(t *testing.T) {
	srv := mtlstest.NewServer(t, sending)
	e := newExecutor(t)
	e.Limits.Stream = 1000
	for _, query := range []string{"size=5000", "size=5000&unknown=1"} {
		dir := t.TempDir()
		r := srv.Request("/?" + query)
		r.Output = mtlshttp.Output{File: filepath.Join(dir, "out")}
		_, err := e.Do(t.Context(), r)
		f := failureOf(t, err)
		assert.Equal(t, mtlshttp.KindLimit, f.Kind)
		assert.Equal(t, "stream", f.Reason)
		assert.Empty(t, entries(t, dir))
	}
}

// An output that cannot be is refused before anything is sent.
func TestOutputRefused(t *testing.T) {
	var asked atomic.Int64
	srv := mtlstest.NewServer(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	dir := t.TempDir()
	for name, o := range map[string]mtlshttp.Output{
		"a folder":        {File: dir},
		"no folder":       {File: filepath.Join(dir, "missing", "out")},
		"a folder's name": {File: filepath.Join(dir, "new") + string(filepath.Separator)},
		"a NUL":           {File: filepath.Join(dir, "a\x00b")},
		"a long name":     {File: filepath.Join(dir, strings.Repeat("n", 5000))},
		"two":             {File: filepath.Join(dir, "out"), Writer: io.Discard},
		"a lone name":     {Writer: io.Discard, Name: "x"},
	} {
		r := srv.Request("/")
		r.Output = o
		_, err := newExecutor(t).Do(t.Context(), r)
		f := failureOf(t, err)
		assert.Equal(t, mtlshttp.KindConfig, f.Kind, name)
		assert.Equal(t, "output", f.Field, name)
	}
	assert.Zero(t, asked.Load())
	r := &mtlshttp.Request{URL: srv.URL, Output: mtlshttp.Output{Writer: io.Discard}}
	_, err := json.Marshal(r)
	assert.Equal(t, "output", failureOf(t, err).Field)
}

// failing is a writer or a store that fails in its own way.
type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
func (f failing) Put(_ context.Context, _ string, r io.Reader) (string, error) {
	if f.err == nil {
		return "early", nil // without having read
	}
	_, _ = io.Copy(io.Discard, r)
	return "", f.err
}

func TestOutputFails(t *testing.T) {
	srv := mtlstest.NewServer(t, sending)
	own := errors.New("own")
	for err, reason := range map[error]string{
		&os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}: "disk-full",
		&os.PathError{Op: "write", Path: "x", Err: syscall.EROFS}:  "read-only",
		&os.PathError{Op: "write", Path: "x", Err: syscall.EACCES}: "permission",
		own: "output",
	} {
		for _, o := range []mtlshttp.Output{{Writer: failing{err}}, {Store: failing{err}}} {
			r := srv.Request("/?size=10")
			r.Output = o
			resp, got := newExecutor(t).Do(t.Context(), r)
			f := failureOf(t, got)
			assert.Equal(t, mtlshttp.KindResource, f.Kind)
			assert.Equal(t, reason, f.Reason)
			assert.ErrorIs(t, got, err)
			require.NotNil(t, resp)
			assert.Nil(t, resp.Data)
		}
	}
	r := srv.Request("/?size=10")
	r.Output = mtlshttp.Output{Store: failing{}}
	_, err := newExecutor(t).Do(t.Context(), r)
	assert.Equal(t, mtlshttp.KindResource, failureOf(t, err).Kind, "a store that does not read to the end")
}

// A folder that must not be written, where the system keeps to that.
func TestOutputToReadOnlyFolder(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o500))
	want := mtlshttp.KindResource
	if probe, err := os.Create(filepath.Join(dir, "probe")); err == nil { // root may
		require.NoError(t, probe.Close())
		want = ""
	}
	srv := mtlstest.NewServer(t, sending)
	r := srv.Request("/?size=10")
	r.Output = mtlshttp.Output{File: filepath.Join(dir, "out")}
	_, err := newExecutor(t).Do(t.Context(), r)
	if want == "" {
		require.NoError(t, err)
		return
	}
	assert.Equal(t, want, failureOf(t, err).Kind)
}

// memory is a store that keeps bodies by name.
type memory map[string]string

func (m memory) Put(_ context.Context, name string, r io.Reader) (string, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return "kept anyway", nil // a store that swallows it
	}
	m[name] = string(b)
	return "memory:" + name, nil
}

func TestOutputToStore(t *testing.T) {
	srv := mtlstest.NewServer(t, sending)
	store := memory{}
	for name, o := range map[string]mtlshttp.Output{"report.pdf": {Store: store}, "mine": {Store: store, Name: "mine"}} {
		r := srv.Request("/a/report.pdf?size=3")
		r.Output = o
		resp, err := newExecutor(t).Do(t.Context(), r)
		require.NoError(t, err)
		assert.Equal(t, "memory:"+name, resp.Data)
		assert.Equal(t, "\x00\x00\x00", store[name])
	}
	r := srv.Request("/?size=100000&cut=10")
	r.Output = mtlshttp.Output{Store: store}
	resp, err := newExecutor(t).Do(t.Context(), r)
	assert.Equal(t, mtlshttp.KindTruncated, failureOf(t, err).Kind, "what a store swallows is told all the same")
	assert.Nil(t, resp.Data)
}

// A large download costs a buffer, not its size: 128 MiB, or as many as
// MTLSHTTP_DOWNLOAD_MIB says.
func TestOutputTakesNoMemory(t *testing.T) {
	size := int64(128)
	if s := os.Getenv("MTLSHTTP_DOWNLOAD_MIB"); s != "" {
		var err error
		size, err = strconv.ParseInt(s, 10, 64)
		require.NoError(t, err)
	}
	size *= mib
	srv := mtlstest.NewServer(t, sending)
	e := newExecutor(t)
	file := filepath.Join(t.TempDir(), "zeros.bin")
	get := func(n int64) *mtlshttp.Response {
		r := srv.Request(fmt.Sprintf("/?size=%d", n))
		r.Timeout, r.Output = 5*time.Minute, mtlshttp.Output{File: file}
		resp, err := e.Do(t.Context(), r)
		require.NoError(t, err)
		return resp
	}
	get(mib) // connections and buffers are made
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	stop, peak := make(chan struct{}), make(chan uint64)
	go func() {
		most := uint64(0)
		for {
			select {
			case <-stop:
				peak <- most
				return
			case <-time.After(20 * time.Millisecond):
				runtime.GC() // what is live, not what waits to be collected
				runtime.ReadMemStats(&now)
				most = max(most, now.HeapAlloc)
			}
		}
	}()
	resp := get(size)
	close(stop)
	grown := int64(<-peak) - int64(before.HeapAlloc)
	t.Logf("%d MiB, grown by %d KiB", size/mib, grown>>10)
	assert.Equal(t, size, resp.FileSize)
	_, limit := uploadSize() // the race detector keeps memory of its own
	assert.Less(t, grown, limit)
	info, err := os.Stat(file)
	require.NoError(t, err)
	assert.Equal(t, size, info.Size())
}

func TestOutputCancelledLeavesNothing(t *testing.T) {
	srv := mtlstest.NewServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", 100_000))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r := srv.Request("/")
	r.Output = mtlshttp.Output{File: filepath.Join(dir, "out")}
	r.Progress = func(p mtlshttp.Progress) {
		if p.Bytes >= 100_000 {
			cancel()
		}
	}
	_, err := newExecutor(t).Do(ctx, r)
	assert.Equal(t, mtlshttp.KindCanceled, failureOf(t, err).Kind)
	assert.Empty(t, entries(t, dir))
}
