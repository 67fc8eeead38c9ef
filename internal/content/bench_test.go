package content

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
)

// records is about 1 MiB of what a list call answers.
func records() []byte {
	var b bytes.Buffer
	b.WriteString(`{"items":[`)
	for i := 0; b.Len() < 1<<20; i++ {
		fmt.Fprintf(&b, `{"id":%d,"name":"Project %d","owner":{"id":"%08x","email":"user%d@example.com"},"progress":%d.%d},`, int64(1<<53)+int64(i), i, i*7919, i%50, i%100, i%10)
	}
	b.WriteString(`{}]}`)
	return b.Bytes()
}

func BenchmarkReadAll(b *testing.B) {
	data := records()
	for _, name := range []string{"identity", "gzip", "deflate", "br", "zstd"} {
		encoded := data
		if name != "identity" {
			encoded = encode(b, name, data)
		}
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				r, err := NewReader(bytes.NewReader(encoded), []string{name}, Limits{})
				require.NoError(b, err)
				got, err := ReadAll(r, int64(len(encoded)))
				require.NoError(b, err)
				require.Len(b, got, len(data))
				require.NoError(b, r.Close())
			}
		})
	}
}

// BenchmarkNaive is what a new decoder and io.ReadAll take, unbounded.
func BenchmarkNaive(b *testing.B) {
	data := records()
	for name, open := range map[string]func(io.Reader) (io.Reader, error){
		"gzip": func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
		"br":   func(r io.Reader) (io.Reader, error) { return brotli.NewReader(r), nil },
		"zstd": func(r io.Reader) (io.Reader, error) { return zstd.NewReader(r) },
	} {
		encoded := encode(b, name, data)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				r, err := open(bytes.NewReader(encoded))
				require.NoError(b, err)
				got, err := io.ReadAll(r)
				require.NoError(b, err)
				require.Len(b, got, len(data))
				if z, ok := r.(*zstd.Decoder); ok {
					z.Close()
				}
			}
		})
	}
}
