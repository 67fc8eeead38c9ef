package content

import (
	"bytes"
	"io"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReadAll(t *testing.T) {
	most := prose(3 << 20)
	for _, size := range []int{0, 1, 511, 512, 513, 5000, 1 << 20, 1<<20 + 1, 3 << 20} {
		data := most[:size]
		for _, announced := range []int64{-1, 0, int64(size), int64(size) / 2, int64(size) + 1000} {
			r, err := NewReader(bytes.NewReader(data), nil, Limits{})
			require.NoError(t, err)
			got, err := ReadAll(r, announced)
			require.NoError(t, err)
			require.True(t, bytes.Equal(data, got), "%d, announced as %d", size, announced)
		}
		r, err := NewReader(bytes.NewReader(encode(t, "zstd", data)), []string{"zstd"}, Limits{})
		require.NoError(t, err)
		got, err := ReadAll(r, 1<<40)
		require.NoError(t, err)
		require.True(t, bytes.Equal(data, got), "%d, zipped", size)
		require.NoError(t, r.Close())
	}
}

func TestReadAllKeepsWhatCameBeforeAnError(t *testing.T) {
	data := prose(3 << 20)
	encoded := encode(t, "zstd", data)
	r, err := NewReader(bytes.NewReader(encoded[:len(encoded)-1]), []string{"zstd"}, Limits{})
	require.NoError(t, err)
	got, err := ReadAll(r, -1)
	var fault *CodingError
	require.ErrorAs(t, err, &fault)
	assert.Greater(t, len(got), 2<<20)
	assert.True(t, bytes.HasPrefix(data, got))

	for _, limit := range []int64{100, 2 << 20} {
		r, err = NewReader(bytes.NewReader(data), nil, Limits{Decoded: limit})
		require.NoError(t, err)
		got, err = ReadAll(r, -1)
		assert.Equal(t, &LimitError{What: LimitBody, Limit: limit, Got: limit + 1}, err)
		assert.Equal(t, data[:min(limit, 1<<20)], got)
	}
}

func TestReadAllAllocations(t *testing.T) {
	data := prose(700 << 10)
	allocations := testing.AllocsPerRun(5, func() {
		r, _ := NewReader(bytes.NewReader(data), nil, Limits{})
		_, _ = ReadAll(r, int64(len(data)))
	})
	assert.LessOrEqual(t, allocations, 3.0, "the readers and one buffer")
}

// LIM-01, LIM-02: the heap while a bomb is read to its end.
func TestLIM01And02MemoryOfABomb(t *testing.T) {
	const limit = 16 << 20
	for _, name := range []string{"gzip", "deflate", "br", "zstd 2 MiB", "identity"} {
		bomb := encodeZeros(t, name, 2*limit)
		var before runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		watch := &watcher{Reader: bytes.NewReader(bomb)}
		r, err := NewReader(watch, []string{coding(name)}, Limits{Decoded: limit})
		require.NoError(t, err)
		top := &watcher{Reader: r.top}
		r.top = top
		_, err = ReadAll(r, -1)
		assert.Equal(t, &LimitError{What: LimitBody, Limit: limit, Got: limit + 1}, err, name)
		assert.Less(t, max(watch.most, top.most)-before.HeapAlloc, uint64(limit+8<<20), name)
	}
}

// watcher looks at the heap after each Read.
type watcher struct {
	io.Reader
	most uint64
}

func (w *watcher) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	w.most = max(w.most, stats.HeapAlloc)
	return n, err
}

// What is kept for the next body has nothing of this one in it.
func TestPiecesAreGivenBackEmpty(t *testing.T) {
	r, err := NewReader(bytes.NewReader(bytes.Repeat([]byte("secret"), 100_000)), nil, Limits{})
	require.NoError(t, err)
	_, err = ReadAll(r, -1)
	require.NoError(t, err)
	for range 2 * mostPieces {
		p := pieces.Get().(*piece)
		assert.Equal(t, -1, bytes.IndexByte(p[:], 's'))
	}
}
