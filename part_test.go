package mtlshttp_test

import (
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// zeros is a file of nothing, that is as long as it says.
type zeros struct{ size, read int64 }

func (z *zeros) Read(p []byte) (int, error) {
	if z.read == z.size {
		return 0, io.EOF
	}
	n := min(int64(len(p)), z.size-z.read)
	clear(p[:n])
	z.read += n
	return int(n), nil
}

func (*zeros) Close() error                 { return nil }
func (z *zeros) Stat() (fs.FileInfo, error) { return z, nil }
func (*zeros) Name() string                 { return "zeros.bin" }
func (z *zeros) Size() int64                { return z.size }
func (*zeros) Mode() fs.FileMode            { return 0o444 }
func (*zeros) ModTime() time.Time           { return time.Time{} }
func (*zeros) IsDir() bool                  { return false }
func (*zeros) Sys() any                     { return nil }

// disk holds one file, zeros.bin, of so many bytes.
type disk int64

func (d disk) Open(string) (fs.File, error) { return &zeros{size: int64(d)}, nil }

// discard counts what it is sent.
var discard = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	n, err := io.Copy(io.Discard, r.Body)
	w.Header().Set("X-Announced", strconv.FormatInt(r.ContentLength, 10))
	w.Header().Set("X-Received", strconv.FormatInt(n, 10))
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
	}
})

// peakOf is how far the heap in use rises above what it was, while f runs: what
// is held, not what waits to be collected.
func peakOf(f func()) (rise int64) {
	in := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/unused:bytes"}}
	used := func() int64 {
		runtime.GC()
		metrics.Read(in)
		return int64(in[0].Value.Uint64() + in[1].Value.Uint64())
	}
	runtime.GC() // empties the pools, together with the next one
	before := used()
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			rise = max(rise, used()-before)
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	f()
	close(stop)
	<-done
	return rise
}

// uploadSize is how much is sent, and how far the memory may rise. The larger
// upload takes seconds: it runs with MTLSHTTP_LARGE set. The race detector
// keeps memory of its own, and empties pools at random.
func uploadSize() (size, rise int64) {
	info, _ := debug.ReadBuildInfo()
	switch {
	case info != nil && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}):
		return 32 << 20, 6 << 20
	case os.Getenv("MTLSHTTP_LARGE") != "":
		return 1 << 30, 1 << 20
	}
	return 128 << 20, 1 << 20
}

func TestUploadsDoNotMoveTheMemory(t *testing.T) {
	ca, err := mtlstest.NewCA()
	require.NoError(t, err)
	config, err := ca.ServerConfig()
	require.NoError(t, err)
	id, err := ca.Issue(mtlstest.Client{})
	require.NoError(t, err)
	srv := httptest.NewUnstartedServer(discard)
	srv.TLS, srv.EnableHTTP2 = config, true
	// What the server holds of a body is not what is measured. Frames are as
	// long as RFC 9113 has it: net/http's client keeps one, and Go's own server
	// invites it to send half a MiB.
	srv.Config.HTTP2 = &http.HTTP2Config{MaxReceiveBufferPerConnection: 64 << 10, MaxReceiveBufferPerStream: 64 << 10, MaxReadFrameSize: 16 << 10}
	srv.StartTLS()
	defer srv.Close()
	size, limit := uploadSize()
	for name, file := range map[string]func(int64) mtlshttp.Part{
		"path": func(n int64) mtlshttp.Part { return mtlshttp.Part{Name: "f", Path: "zeros.bin", FS: disk(n)} },
		"reader": func(n int64) mtlshttp.Part {
			return mtlshttp.Part{Name: "f", FileName: "z", Reader: &zeros{size: n}, Size: n}
		},
	} {
		for version, protocol := range versions {
			if version != "TLS 1.3, HTTP/1.1" && version != "TLS 1.3, HTTP/2" {
				continue
			}
			t.Run(name+" "+version, func(t *testing.T) {
				e := newExecutor(t)
				upload := func(n int64) {
					r := &mtlshttp.Request{Method: "POST", URL: srv.URL, Identity: id.Credential, Roots: ca.Roots(), Protocol: protocol,
						Timeout: 5 * time.Minute, Body: mtlshttp.Multipart(mtlshttp.Part{Name: "text", Value: "x"}, file(n))}
					resp, err := e.Do(t.Context(), r)
					require.NoError(t, err)
					require.Equal(t, 200, resp.StatusCode)
					announced, err := strconv.ParseInt(resp.Header("X-Announced"), 10, 64)
					require.NoError(t, err)
					require.Greater(t, announced, n, "the length is known beforehand")
					require.Equal(t, resp.Header("X-Announced"), resp.Header("X-Received"))
				}
				upload(16 << 20) // makes the connection and its buffers
				begun := time.Now()
				rise := peakOf(func() { upload(size) })
				t.Logf("%d MiB in %v: %d KiB", size>>20, time.Since(begun).Round(time.Millisecond), rise>>10)
				assert.Less(t, rise, limit)
			})
		}
	}
}

func TestFilesOfParts(t *testing.T) {
	rec := newRecorder(t)
	files := fstest.MapFS{"a.txt": {Data: []byte("hello")}, "sub/b.CSV": {Data: []byte("1,2")}, "dir/x": {}}
	send := func(body mtlshttp.Body, files fs.FS) error {
		e := newExecutor(t)
		e.Files = files
		_, err := e.Do(t.Context(), &mtlshttp.Request{Method: "POST", URL: rec.URL, Body: body})
		return err
	}
	require.NoError(t, send(mtlshttp.Multipart(
		mtlshttp.Part{Name: "path", Path: "a.txt"},
		mtlshttp.Part{Name: "dotted", Path: "./sub/b.CSV", FileName: "C:/x/other.csv"},
		mtlshttp.Part{Name: "own", Path: "c.json", FS: fstest.MapFS{"c.json": {Data: []byte("{}")}}},
		mtlshttp.Part{Name: "data", FileName: "d.pdf", Data: []byte("%PDF"), ContentType: "application/x-ours"},
		mtlshttp.Part{Name: "unnamed", Data: []byte{}},
		mtlshttp.Part{Name: "seeker", Reader: strings.NewReader("seek"), FileName: `q"u.txt`},
		mtlshttp.Part{Name: "text", Value: "märz\r\n"},
	), files))
	var got [][3]string
	for _, p := range rec.last.Parts {
		h := http.Header(p.Header)
		got = append(got, [3]string{h.Get("Content-Disposition"), h.Get("Content-Type"), p.Content})
	}
	assert.Equal(t, [][3]string{
		{`form-data; name="path"; filename="a.txt"`, "text/plain", "hello"},
		{`form-data; name="dotted"; filename="other.csv"`, "text/csv", "1,2"},
		{`form-data; name="own"; filename="c.json"`, "application/json", "{}"},
		{`form-data; name="data"; filename="d.pdf"`, "application/x-ours", "%PDF"},
		{`form-data; name="unnamed"`, "application/octet-stream", ""},
		{`form-data; name="seeker"; filename="q%22u.txt"`, "text/plain", "seek"},
		{`form-data; name="text"`, "", "märz\r\n"},
	}, got)
	assert.Positive(t, rec.last.Length, "known beforehand")

	rec.last = message{}
	for name, part := range map[string]mtlshttp.Part{
		"none": {Path: "none"}, "a folder": {Path: "dir"}, "outside": {Path: "../a.txt"}, "absolute": {Path: "/etc/passwd"},
	} {
		fault := failureOf(t, send(mtlshttp.Multipart(mtlshttp.Part{Name: "ok", Value: "1"}, part), files))
		assert.Equal(t, "formDataFields[1]", fault.Field, name)
		assert.Equal(t, mtlshttp.KindConfig, fault.Kind, name)
	}
	fault := failureOf(t, send(mtlshttp.Multipart(mtlshttp.Part{Path: "a.txt"}), nil))
	assert.Equal(t, "formDataFields[0]", fault.Field)
	assert.Empty(t, rec.last.Method, "nothing was sent")
}

// A file that is not as long as it said must not run into the next part.
func TestFilesThatChangeOrFail(t *testing.T) {
	srv := mtlstest.NewServer(t, discard)
	broken := errors.New("the disk is gone")
	for name, c := range map[string]struct {
		part  mtlshttp.Part
		cause error
	}{
		"grown":  {mtlshttp.Part{Reader: iotest.OneByteReader(strings.NewReader("12345")), Size: 3}, nil},
		"shrunk": {mtlshttp.Part{Reader: iotest.OneByteReader(strings.NewReader("12345")), Size: 9}, nil},
		"failed": {mtlshttp.Part{Reader: io.MultiReader(strings.NewReader("123"), iotest.ErrReader(broken)), Size: 9}, broken},
	} {
		for version, protocol := range versions {
			r := srv.Request("/")
			r.Method, r.Body, r.Protocol = "POST", mtlshttp.Multipart(c.part), protocol
			_, err := newExecutor(t).Do(t.Context(), r)
			fault := failureOf(t, err)
			assert.Equal(t, mtlshttp.KindBodySource, fault.Kind, "%s, %s: %v", name, version, err)
			assert.Equal(t, "DataError", fault.Type)
			if c.cause != nil {
				assert.ErrorIs(t, err, c.cause)
			}
		}
	}
}

func TestReadersOfUnknownLengthAreSentInChunks(t *testing.T) {
	rec := newRecorder(t)
	for name, reader := range map[string]io.Reader{"unknown": io.MultiReader(strings.NewReader("once")), "seeker": strings.NewReader("once")} {
		r := &mtlshttp.Request{Method: "POST", URL: rec.URL, Body: mtlshttp.Multipart(mtlshttp.Part{Name: "f", Reader: reader})}
		_, err := newExecutor(t).Do(t.Context(), r)
		require.NoError(t, err)
		require.Len(t, rec.last.Parts, 1)
		assert.Equal(t, "once", rec.last.Parts[0].Content)
		assert.Equal(t, name == "unknown", rec.last.Length == -1)
	}
}

func TestPartsThatContradictThemselves(t *testing.T) {
	for name, part := range map[string]mtlshttp.Part{
		"value and file": {Value: "x", FileName: "y"},
		"data and path":  {Data: []byte("x"), Path: "y"},
		"path, reader":   {Path: "x", Reader: strings.NewReader("y")},
		"reader, data":   {Reader: strings.NewReader("y"), Data: []byte{}},
		"NUL in a name":  {Name: "a\x00"},
		"NUL in a file":  {FileName: "a\x00"},
		"LF in a type":   {ContentType: "a\nb"},
	} {
		r := mtlshttp.Request{URL: "https://a.test", Body: mtlshttp.Multipart(mtlshttp.Part{}, part)}
		fault := failureOf(t, r.Validate())
		assert.Equal(t, "formDataFields[1]", fault.Field, name)
	}
}
