package mtlshttp_test

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// LIM-12: what gzip carries beside its data.
func TestGzipFloods(t *testing.T) {
	named := append([]byte{0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 0}, bytes.Repeat([]byte{'n'}, 8*mib)...)
	members := bytes.Repeat(gzipped(t, 0, 1), 1_000_000)
	for name, body := range map[string][]byte{"name": named, "members": members} {
		r, e := encoded(t, "gzip", body)
		begun := time.Now()
		_, err := e.Do(t.Context(), r)
		f := failureOf(t, err)
		assert.Contains(t, []mtlshttp.Kind{mtlshttp.KindLimit, mtlshttp.KindContentDecode}, f.Kind, name)
		assert.Less(t, time.Since(begun), 10*time.Second)
	}
}

// LIM-13: rules at the edges of a coding.
func TestEdgesOfACoding(t *testing.T) {
	r, e := encoded(t, "gzip", append(gzipped(t, 5, 1), "garbage"...))
	resp, err := e.Do(t.Context(), r)
	f := failureOf(t, err)
	assert.Equal(t, mtlshttp.KindContentDecode, f.Kind)
	assert.Equal(t, "trailing-data", f.Reason)
	assert.Equal(t, make([]byte, 5), resp.Bytes(), "what was decoded is kept")

	r, e = encoded(t, "gzip", nil)
	resp, err = e.Do(t.Context(), r)
	require.NoError(t, err)
	assert.Nil(t, resp.Data)
	r.Method = http.MethodHead
	_, err = e.Do(t.Context(), r)
	require.NoError(t, err)
	for _, status := range []int{204, 304} {
		srv := mtlstest.NewServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.WriteHeader(status)
		}))
		r := srv.Request("/")
		r.Compressed, r.Parse = true, true
		resp, err := e.Do(t.Context(), r)
		require.NoError(t, err)
		assert.Nil(t, resp.Data)
	}
}

// LIM-14, LIM-15: a stream that was cut, wherever, or has a wrong checksum is
// never a success, and what was decoded is kept.
func TestCutAndCorruptStreams(t *testing.T) {
	const text = "hello, hello, hello"
	var zlibbed, deflated bytes.Buffer
	zw := zlib.NewWriter(&zlibbed)
	fw, err := flate.NewWriter(&deflated, 9)
	require.NoError(t, err)
	for _, w := range []io.WriteCloser{zw, fw} {
		_, err = io.WriteString(w, text)
		require.NoError(t, err)
		require.NoError(t, w.Close())
	}
	brotli, err := hex.DecodeString("0b028068656c6c6f03")
	require.NoError(t, err)
	streams := map[string][]byte{"gzip": gzipped(t, 19, 1), "deflate": zlibbed.Bytes(), "deflate;raw": deflated.Bytes(),
		"zstd": zstdZeros(1)[:14], "br": brotli}
	srv := mtlstest.NewServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var n int
		_, _ = fmt.Sscan(r.URL.Query().Get("n"), &n)
		name := r.URL.Query().Get("coding")
		coding, _, _ := strings.Cut(name, ";")
		w.Header().Set("Content-Encoding", coding)
		_, _ = w.Write(streams[name][:n])
	}))
	e := newExecutor(t)
	for name, stream := range streams {
		for n := 1; n <= len(stream); n++ {
			r := srv.Request(fmt.Sprintf("/?n=%d&coding=%s", n, strings.ReplaceAll(name, ";", "%3B")))
			r.Compressed = true
			_, err := e.Do(t.Context(), r)
			if n == len(stream) && name != "zstd" { // which was cut before
				require.NoError(t, err, name)
				continue
			}
			assert.Contains(t, []mtlshttp.Kind{mtlshttp.KindTruncated, mtlshttp.KindContentDecode}, failureOf(t, err).Kind, "%s at %d", name, n)
		}
	}
	for _, at := range []int{8, 4} { // from the end: the checksum, the size
		wrong := gzipped(t, 19, 1)
		wrong[len(wrong)-at] ^= 1
		r, e := encoded(t, "gzip", wrong)
		resp, err := e.Do(t.Context(), r)
		f := failureOf(t, err)
		assert.Equal(t, mtlshttp.KindContentDecode, f.Kind)
		assert.Equal(t, "corrupt", f.Reason)
		assert.Len(t, resp.Bytes(), 19)
	}
}

// LIM-16: names of codings, asked for.
func TestNamesOfCodings(t *testing.T) {
	body := gzipped(t, 5, 1)
	for coding, decoded := range map[string]bool{"x-gzip": true, "GZIP": true, "gzip;q=1": true, "identity, gzip": true, "sparkle": false} {
		r, e := encoded(t, coding, body)
		resp, err := e.Do(t.Context(), r)
		require.NoError(t, err)
		if decoded {
			assert.Equal(t, make([]byte, 5), resp.Data, coding)
			assert.Empty(t, resp.Notes, coding)
		} else {
			assert.Equal(t, body, resp.Data, coding)
			assert.Len(t, resp.Notes, 1, coding)
		}
	}
}

// LIM-16: a coding that was not asked for is not undone, as in the module, and
// the bundle says so; one that the caller asked for in so many words is.
func TestCodingsNotAskedFor(t *testing.T) {
	brotli, err := hex.DecodeString("0b028068656c6c6f03")
	require.NoError(t, err)
	r, e := encoded(t, "br", brotli)
	r.Compressed = false
	resp, err := e.Do(t.Context(), r)
	require.NoError(t, err)
	assert.Equal(t, brotli, resp.Data)
	assert.Len(t, resp.Notes, 1)
	r.Headers = []mtlshttp.Header{{Name: "Accept-Encoding", Value: "br"}}
	resp, err = e.Do(t.Context(), r)
	require.NoError(t, err)
	assert.Equal(t, []byte("hello"), resp.Data)
	assert.Empty(t, resp.Notes)
}
