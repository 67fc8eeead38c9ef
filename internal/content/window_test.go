package content

import (
	"bytes"
	"io"
	"runtime"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// LIM-06: what a stream asks to be kept is refused before there is memory for
// it, and what fits is decoded whatever it asks for.
func TestLIM06Windows(t *testing.T) {
	window := func(got int64) error { return &LimitError{What: LimitWindow, Limit: 8 << 20, Got: got} }
	allocated := func(data []byte, coding string) (uint64, error) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := decode(t, data, Limits{}, coding)
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc, err
	}
	// A frame header of zstd with a window descriptor, or with a content size
	// that is the window, then one raw block of one byte.
	frame := func(exponent byte) []byte {
		return []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, (exponent - 10) << 3, 0x09, 0x00, 0x00, 'x'}
	}
	segment := []byte{0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0x40, 0x09, 0x00, 0x00, 'x'}
	for _, c := range []struct {
		coding string
		data   []byte
		got    int64
	}{
		{"zstd", frame(31), 2 << 30},
		{"zstd", frame(24), 16 << 20},
		{"zstd", segment, 1 << 30},
		{"br", []byte{0x11, 0x1e, 0x00}, 1 << 30},           // the large window
		{"br", []byte{0xcf, 0xff, 0xff, 0x7f, 0}, 16 << 20}, // 16 MiB, the first block as long
	} {
		taken, err := allocated(c.data, c.coding)
		assert.Equal(t, window(c.got), err, "%s %x", c.coding, c.data)
		assert.Less(t, taken, uint64(1<<20), "%s %x", c.coding, c.data)
	}
	second := append(frame(20), frame(31)...)
	got, err := decode(t, second, Limits{}, "zstd")
	assert.Equal(t, window(0), err, "a frame that comes later")
	assert.Equal(t, "x", string(got))
	got, err = decode(t, frame(23), Limits{}, "zstd")
	require.NoError(t, err)
	assert.Equal(t, "x", string(got))
	got, err = decode(t, frame(24), Limits{Window: 16 << 20}, "zstd")
	require.NoError(t, err)
	assert.Equal(t, "x", string(got))
}

// LIM-06: a brotli encoder may ask for 16 MiB whatever it writes; up to the
// limit the decoder keeps no more than what came out.
func TestLIM06BrotliBeyondTheWindow(t *testing.T) {
	wide := func(n int64) []byte {
		var b bytes.Buffer
		w := brotli.NewWriterOptions(&b, brotli.WriterOptions{Quality: 5, LGWin: 24})
		_, err := io.Copy(w, io.LimitReader(zeros{}, n))
		require.NoError(t, err)
		require.NoError(t, w.Close())
		return b.Bytes()
	}
	for _, size := range []int64{0, 1, 100_000, 8 << 20} {
		got, err := decode(t, wide(size), Limits{}, "br")
		require.NoError(t, err, size)
		assert.Len(t, got, int(size))
	}
	for _, size := range []int64{8<<20 + 1, 24 << 20} {
		bomb := wide(size)
		over, err := peak(t, bomb, 8<<20, "br")
		assert.Equal(t, &LimitError{What: LimitWindow, Limit: 8 << 20, Got: 16 << 20}, err)
		assert.Less(t, over, uint64(8<<20))
		got, err := decode(t, bomb, Limits{Window: 16 << 20}, "br")
		require.NoError(t, err)
		assert.Len(t, got, int(size))
	}
}

func TestBrotliWindow(t *testing.T) {
	for bits, want := range map[uint64]int64{0b0: 16, 0b0011: 18, 0b1111: 24, 0b0000001: 17, 0b0100001: 10, 0b1110001: 15, 0b0010001: 30} {
		window, _ := brotliWindow(bits)
		assert.Equal(t, int64(1)<<want, window, "%b", bits)
	}
	for bits, want := range map[uint64]int64{0b11: 0, 0b110: 0, 0b000: 1, 5 << 3: 6, 0xfffff<<4 | 0b0101: 1 << 20, 0xffffff<<3 | 0b100: 16 << 20} {
		assert.Equal(t, want, firstBlock(bits), "%b", bits)
	}
}
