package mtlshttp_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

const mib = 1 << 20

// gzipped is what compress/gzip makes of n zeros, layer upon layer.
func gzipped(t testing.TB, n int64, layers int) []byte {
	data := io.Reader(io.LimitReader(nothing{}, n))
	for range layers {
		var b bytes.Buffer
		w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
		require.NoError(t, err)
		_, err = io.Copy(w, data)
		require.NoError(t, err)
		require.NoError(t, w.Close())
		data = &b
	}
	out, err := io.ReadAll(data)
	require.NoError(t, err)
	return out
}

type nothing struct{}

func (nothing) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// zstdZeros is a frame of n MiB of zeros in runs of 128 KiB (RFC 8878, section
// 3.1.1.2.2).
func zstdZeros(n int) []byte {
	b := []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58} // no size, no checksum, window 2 MiB
	for i := range n * 8 {
		header := uint32(128<<10)<<3 | 1<<1
		if i == n*8-1 {
			header |= 1 // the last block
		}
		b = append(b, byte(header), byte(header>>8), byte(header>>16), 0)
	}
	return b
}

// brotliZeros is 64 MiB of zeros, as a brotli encoder wrote them.
const brotliZeros = "cbffff3ff82700e2b14020f7fe8fffff7ff04f00c4611180eefd1fffffffe09f0088c30200ddfb3ffeffffc13f0110870500baf77ffcffff837f02200e0b0074effff8ffff07ff04401c1600e8defff1ffff0ffe0980382c00d0bdffe3ffff1ffc1300715800a07bff37"

// encoded serves a body with its content coding.
func encoded(t testing.TB, coding string, body []byte) (*mtlshttp.Request, *mtlshttp.Executor) {
	srv := mtlstest.NewServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, c := range strings.Split(coding, "|") {
			w.Header().Add("Content-Encoding", c)
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = w.Write(body)
	}))
	r := srv.Request("/")
	r.Compressed = true
	return r, newExecutor(t)
}

// LIM-01, LIM-02, LIM-04: a bomb stops at the limit, and what is allocated in
// all, on both sides, stays near it.
func TestBombsStopAtTheLimit(t *testing.T) {
	brotli, err := hex.DecodeString(brotliZeros)
	require.NoError(t, err)
	bombs := []struct {
		id, coding string
		body       []byte
	}{
		{"LIM-01", "gzip", gzipped(t, 200*mib, 1)},
		{"LIM-02", "br", brotli},
		{"LIM-02", "zstd", zstdZeros(64)},
		{"LIM-04", "gzip, gzip", gzipped(t, 200*mib, 2)},
	}
	for _, b := range bombs {
		t.Run(b.id+" "+b.coding, func(t *testing.T) {
			require.Less(t, len(b.body), 220<<10)
			r, e := encoded(t, b.coding, b.body)
			e.Limits.Body = 16 * mib
			_, err := e.Do(t.Context(), r) // warms the decoders and the connection up
			require.Error(t, err)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			resp, err := e.Do(t.Context(), r)
			runtime.ReadMemStats(&after)
			f := failureOf(t, err)
			assert.Equal(t, mtlshttp.KindLimit, f.Kind)
			assert.Equal(t, "body", f.Reason)
			assert.Equal(t, "MaxFileSizeExceededError", f.Type)
			assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(24*mib))
			assert.EqualValues(t, mib, resp.FileSize, "the first MiB is kept")
			assert.Len(t, resp.Data, mib)
		})
	}
}

// LIM-03: five layers are undone, however they are spread, and a sixth is not.
func TestLayersOfCodings(t *testing.T) {
	for _, separator := range []string{", ", "|"} {
		for _, layers := range []int{1, 2, 5, 6, 100} {
			r, e := encoded(t, strings.TrimSuffix(strings.Repeat("gzip"+separator, layers), separator), gzipped(t, 5, min(layers, 6)))
			resp, err := e.Do(t.Context(), r)
			if layers <= 5 {
				require.NoError(t, err)
				assert.Equal(t, make([]byte, 5), resp.Data)
				continue
			}
			f := failureOf(t, err)
			assert.Equal(t, mtlshttp.KindContentDecode, f.Kind, "%d layers", layers)
			assert.Equal(t, "too-many-layers", f.Reason)
		}
	}
}

// LIM-05: the ratio is guarded on request.
func TestRatioGuard(t *testing.T) {
	r, e := encoded(t, "gzip", gzipped(t, 8*mib, 1))
	resp, err := e.Do(t.Context(), r)
	require.NoError(t, err)
	assert.EqualValues(t, 8*mib, resp.FileSize)
	guarded := newExecutor(t)
	guarded.Limits.Ratio = 500
	_, err = guarded.Do(t.Context(), r)
	f := failureOf(t, err)
	assert.Equal(t, mtlshttp.KindLimit, f.Kind)
	assert.Equal(t, "ratio", f.Reason)
}

// LIM-06: streams that ask for too large a window, by the header of a frame or
// of a block, are refused before there is memory for it.
func TestWindow(t *testing.T) {
	frame := zstdZeros(1)
	frame[5] = (31 - 10) << 3
	for name, c := range map[string]struct {
		coding string
		body   []byte
	}{
		"zstd 2 GiB":      {"zstd", frame},
		"br large window": {"br", []byte{0x11, 0x1e, 0x00}},
		"br 16 MiB":       {"br", []byte{0xcf, 0xff, 0xff, 0x7f, 0}},
	} {
		r, e := encoded(t, c.coding, c.body)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := e.Do(t.Context(), r)
		runtime.ReadMemStats(&after)
		f := failureOf(t, err)
		assert.Equal(t, mtlshttp.KindLimit, f.Kind, name)
		assert.Equal(t, "window", f.Reason, name)
		assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(4*mib), name)
	}
	r, e := encoded(t, "zstd", func() []byte { b := zstdZeros(1); b[5] = (24 - 10) << 3; return b }())
	e.Limits.Window = 16 * mib
	resp, err := e.Do(t.Context(), r)
	require.NoError(t, err)
	assert.EqualValues(t, mib, resp.FileSize)
}

// endless writes a text until nobody listens.
func endless(before, text string) func(io.Writer) {
	text = strings.Repeat(text, max(1, 32<<10/len(text)))
	return func(w io.Writer) {
		_, err := io.WriteString(w, before)
		for err == nil {
			_, err = io.WriteString(w, text)
		}
	}
}

// LIM-07: a body is refused by its announced length before it is read, and
// otherwise where it passes the limit or ends before its length.
func TestBodyBesideItsLength(t *testing.T) {
	const limit = 1000
	body := strings.Repeat("x", 1500)
	cases := []struct {
		name, answer string
		kind         mtlshttp.Kind
		reason       string
		kept         int
	}{
		{"announced", "Content-Length: 1500\r\n\r\n" + body, mtlshttp.KindLimit, "body", 0},
		{"announced and never sent", "Content-Length: 99999999999\r\n\r\n", mtlshttp.KindLimit, "body", 0},
		{"not announced", "Connection: close\r\n\r\n" + body, mtlshttp.KindLimit, "body", 1001},
		{"chunked", "Transfer-Encoding: chunked\r\n\r\n5dc\r\n" + body + "\r\n0\r\n\r\n", mtlshttp.KindLimit, "body", 1001},
		{"shorter than announced", "Content-Length: 900\r\n\r\n" + body[:800], mtlshttp.KindTruncated, "body", 800},
		{"longer than announced", "Content-Length: 700\r\n\r\n" + body, "", "", 700},
		{"negative", "Content-Length: -1\r\n\r\n" + body, mtlshttp.KindProtocol, "", 0},
		{"two lengths", "Content-Length: 5\r\nContent-Length: 6\r\n\r\n" + body, mtlshttp.KindProtocol, "", 0},
	}
	for _, c := range cases {
		for scheme, r := range answerRaw(t, func(w io.Writer) { _, _ = io.WriteString(w, "HTTP/1.1 200 OK\r\n"+c.answer) }) {
			e := newExecutor(t)
			e.Limits.Body = limit
			resp, err := e.Do(t.Context(), r)
			name := c.name + " " + scheme
			if c.kind == "" {
				require.NoError(t, err, name)
			} else {
				f := failureOf(t, err)
				assert.Equal(t, c.kind, f.Kind, name)
				assert.Equal(t, c.reason, f.Reason, name)
			}
			if c.kept > 0 {
				assert.LessOrEqual(t, len(resp.Bytes()), c.kept, name)
				assert.NotEmpty(t, resp.Bytes(), name)
			}
		}
	}
}

// LIM-08, LIM-09: a header section without end costs its limit and is named.
func TestHeaderSectionsWithoutEnd(t *testing.T) {
	cases := map[string]func(io.Writer){
		"fields":   endless("HTTP/1.1 200 OK\r\n", "X-Field: value\r\n"),
		"one line": endless("HTTP/1.1 200 OK\r\nX-Field: ", "value"),
		"one name": endless("HTTP/1.1 200 OK\r\n", "X"),
		"1xx":      endless("", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
		"status":   endless("HTTP/1.1 200 ", "OK"),
		"cookies":  endless("HTTP/1.1 200 OK\r\n", "Set-Cookie: a=b\r\n"),
	}
	for name, write := range cases {
		for scheme, r := range answerRaw(t, write) {
			t.Run(name+" "+scheme, func(t *testing.T) {
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				resp, err := newExecutor(t).Do(t.Context(), r)
				runtime.ReadMemStats(&after)
				f := failureOf(t, err)
				assert.Equal(t, mtlshttp.KindLimit, f.Kind, "%v", err)
				assert.Equal(t, "header-bytes", f.Reason)
				assert.EqualValues(t, "headers", f.Phase)
				assert.Nil(t, resp)
				assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(32*mib))
			})
		}
	}
}

// LIM-09: many fields within the bytes, and over HTTP/2, where net/http counts
// otherwise.
func TestManyFields(t *testing.T) {
	counts := map[int]string{4000: "", 6000: "header-fields", 100_000: "header-bytes"}
	srv := mtlstest.NewServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var n int
		_, _ = fmt.Sscan(r.URL.Query().Get("n"), &n)
		for i := range n {
			w.Header().Add("Set-Cookie", fmt.Sprintf("c%d=%d", i, i))
		}
	}))
	for _, version := range []int{1, 2} {
		for n, reason := range counts {
			r := srv.Request(fmt.Sprintf("/?n=%d", n))
			r.Protocol.HTTP = version
			resp, err := newExecutor(t).Do(t.Context(), r)
			if reason == "" {
				require.NoError(t, err)
				assert.Len(t, resp.CookieHeaders, n)
				continue
			}
			f := failureOf(t, err)
			assert.Equal(t, mtlshttp.KindLimit, f.Kind, "HTTP/%d, %d fields: %v", version, n, err)
			assert.Equal(t, reason, f.Reason)
		}
	}
}

// A header section that is broken is not one that is too large.
func TestBrokenHeadersAreNoLimit(t *testing.T) {
	for _, answer := range []string{"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "SSH-2.0-x\r\n", "HTTP/1.1 2000 OK\r\n\r\n"} {
		for _, r := range answerRaw(t, func(w io.Writer) { _, _ = io.WriteString(w, answer) }) {
			_, err := newExecutor(t).Do(t.Context(), r)
			assert.Equal(t, mtlshttp.KindProtocol, failureOf(t, err).Kind, answer)
		}
	}
}

// LIM-10: what chunks carry beside their data is bounded by net/http.
func TestChunkFloods(t *testing.T) {
	const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	for name, write := range map[string]func(io.Writer){
		"extensions": endless(chunked, "1;"+strings.Repeat("x", 3000)+"\r\na\r\n"),
		"one line":   endless(chunked, "1;xxxxxxxxxxxxxxxxxxxx"),
		"trailers":   endless(chunked+"0\r\n", "X-Trailer: value\r\n"),
	} {
		for scheme, r := range answerRaw(t, write) {
			_, err := newExecutor(t).Do(t.Context(), r)
			assert.Equal(t, mtlshttp.KindProtocol, failureOf(t, err).Kind, name+" "+scheme)
		}
	}
}

// LIM-17: a request beyond its limits is refused before anything is dialed.
func TestRequestsBeyondTheirLimits(t *testing.T) {
	e := newExecutor(t)
	e.Dial = func(context.Context, string, string) (net.Conn, error) {
		t.Error("it was dialed")
		return nil, io.EOF
	}
	params := make([]mtlshttp.Param, 10_000)
	for i := range params {
		params[i] = mtlshttp.Param{Name: "a", Value: "b"}
	}
	for name, r := range map[string]*mtlshttp.Request{
		"url":     {URL: "https://a.test/" + strings.Repeat("x", 64<<10)},
		"qs":      {URL: "https://a.test/", Query: params},
		"headers": {URL: "https://a.test/", Headers: []mtlshttp.Header{{Name: "X", Value: strings.Repeat("x", mib)}}},
	} {
		_, err := e.Do(t.Context(), r)
		f := failureOf(t, err)
		assert.Equal(t, mtlshttp.KindLimit, f.Kind, name)
		assert.Equal(t, name, f.Field)
	}
}
