package content

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
)

// encoders write what the package reads: each coding by its name, and the bare
// form of deflate.
var encoders = map[string]func(io.Writer) io.WriteCloser{
	"gzip":    func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
	"x-gzip":  func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
	"deflate": func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) },
	"raw": func(w io.Writer) io.WriteCloser {
		z, _ := flate.NewWriter(w, flate.DefaultCompression)
		return z
	},
	"br": func(w io.Writer) io.WriteCloser { return brotli.NewWriterLevel(w, 5) },
	"zstd": func(w io.Writer) io.WriteCloser {
		z, _ := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
		return z
	},
}

// coding is the name on the wire of an entry of encoders.
func coding(name string) string {
	switch name {
	case "raw":
		return "deflate"
	case "zstd 2 MiB":
		return "zstd"
	}
	return name
}

func encode(tb testing.TB, name string, data []byte) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := encoders[name](&b)
	_, err := w.Write(data)
	require.NoError(tb, err)
	require.NoError(tb, w.Close())
	return b.Bytes()
}

// encodeZeros encodes n zero bytes without holding them.
func encodeZeros(tb testing.TB, name string, n int64) []byte {
	tb.Helper()
	if name == "identity" {
		return make([]byte, n)
	}
	var b bytes.Buffer
	var w io.WriteCloser
	if name == "zstd 2 MiB" { // the window of zstd's own default level
		z, err := zstd.NewWriter(&b, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(2<<20))
		require.NoError(tb, err)
		w = z
	} else {
		w = encoders[name](&b)
	}
	_, err := io.Copy(w, io.LimitReader(zeros{}, n))
	require.NoError(tb, err)
	require.NoError(tb, w.Close())
	return b.Bytes()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// prose is text with repetitions and without, the same on every run.
func prose(n int) []byte {
	words := strings.Fields("mutual transport layer security presents the certificate of a client to the origin and no other host")
	random := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	for b.Len() < n {
		b.WriteString(words[random.IntN(len(words))])
		b.WriteByte(byte(' ' + random.IntN(64)))
	}
	return b.Bytes()[:n]
}

func decode(tb testing.TB, data []byte, l Limits, encodings ...string) ([]byte, error) {
	tb.Helper()
	r, err := NewReader(bytes.NewReader(data), encodings, l)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}
