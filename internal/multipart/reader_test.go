package multipart

import (
	"errors"
	"io"
	"runtime"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestUnknownSize(t *testing.T) {
	open := 0
	b, err := New([]Part{file("f", "", "hello", -1, &open), {Name: "a", Text: "1"}})
	require.NoError(t, err)
	assert.Equal(t, int64(-1), b.Length())
	got, err := io.ReadAll(b.Reader())
	require.NoError(t, err)
	assert.Contains(t, string(got), "\r\n\r\nhello\r\n--")
}

func TestFileOfAnotherSize(t *testing.T) {
	for _, size := range []int64{0, 4, 6, 1 << 40} {
		open := 0
		b, err := New([]Part{{Name: "first"}, file("f", "", "hello", size, &open)})
		require.NoError(t, err)
		r := b.Reader()
		_, err = io.ReadAll(r)
		var e *PartError
		require.ErrorAs(t, err, &e, "%d", size)
		assert.ErrorIs(t, err, ErrSize)
		assert.Equal(t, 1, e.Index)
		_, again := r.Read(make([]byte, 1))
		assert.Equal(t, err, again, "the error stays")
		require.NoError(t, r.Close())
		assert.Zero(t, open)
	}
}

func TestFileFaults(t *testing.T) {
	cause := errors.New("disk on fire")
	broken := []Part{
		{IsFile: true, Open: func() (io.ReadCloser, error) { return nil, cause }},
		{IsFile: true, Size: -1, Open: func() (io.ReadCloser, error) { return io.NopCloser(iotest.ErrReader(cause)), nil }},
		{IsFile: true, Size: 3, Once: true, Open: func() (io.ReadCloser, error) { return io.NopCloser(iotest.ErrReader(cause)), nil }},
	}
	for _, part := range broken {
		b, err := New([]Part{part})
		require.NoError(t, err)
		assert.Equal(t, !part.Once, b.Replayable())
		_, err = io.ReadAll(b.Reader())
		var e *PartError
		require.ErrorAs(t, err, &e)
		assert.ErrorIs(t, err, cause)
	}
}

// TestCloseDuringRead closes while a file blocks, which has to end its Read.
func TestCloseDuringRead(t *testing.T) {
	pipe, _ := io.Pipe()
	reading := make(chan struct{})
	b, err := New([]Part{{IsFile: true, Size: -1, Open: func() (io.ReadCloser, error) { close(reading); return pipe, nil }}})
	require.NoError(t, err)
	r := b.Reader()
	failed := make(chan error)
	go func() { _, err := io.Copy(io.Discard, r); failed <- err }()
	<-reading
	require.NoError(t, r.Close())
	require.Error(t, <-failed)
	_, err = r.Read(make([]byte, 1))
	require.ErrorIs(t, err, ErrClosed)
	require.NoError(t, r.Close())
}

// TestStreams holds that the size of a file does not show in memory.
func TestStreams(t *testing.T) {
	const size = 256 << 20
	b, err := New([]Part{{IsFile: true, Size: size, Open: func() (io.ReadCloser, error) {
		return io.NopCloser(io.LimitReader(zeros{}, size)), nil
	}}})
	require.NoError(t, err)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	n, err := io.Copy(io.Discard, b.Reader())
	runtime.ReadMemStats(&after)
	require.NoError(t, err)
	assert.Equal(t, b.Length(), n)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20))
}

type zeros struct{}
