package bodyreader

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestReaderHandsOnAll(t *testing.T) {
	text := strings.Repeat("0123456789", 2*chunkSize/10)
	r := New(t.Context(), io.NopCloser(iotest.HalfReader(strings.NewReader(text))))
	got, err := io.ReadAll(r)
	require.NoError(t, err)
	assert.True(t, bytes.Equal([]byte(text), got))
	require.NoError(t, r.Close())
	assert.True(t, r.Ended())
	assert.Nil(t, r.Failure())
}

// What is the caller's fault bears its mark.
func TestReaderMarksFailures(t *testing.T) {
	failed := errors.New("no disk")
	for want, read := range map[error]readerFunc{
		failed:           func([]byte) (int, error) { return 0, failed },
		ErrPanic:         func([]byte) (int, error) { panic("x") },
		io.ErrNoProgress: func([]byte) (int, error) { return 0, nil },
	} {
		r := New(t.Context(), io.NopCloser(read))
		_, err := io.ReadAll(r)
		var e *Error
		require.ErrorAs(t, err, &e)
		assert.ErrorIs(t, err, want)
		assert.Same(t, e, r.Failure())
		require.NoError(t, r.Close())
		assert.True(t, r.Ended())
	}
	r := New(t.Context(), io.NopCloser(readerFunc(func(p []byte) (int, error) { return len(p) + 1, nil })))
	defer r.Close()
	_, err := io.ReadAll(r)
	assert.ErrorContains(t, err, "impossible count")
}

// A read that blocks keeps neither Read nor Close.
func TestReaderDoesNotWaitForOneThatBlocks(t *testing.T) {
	within, release := make(chan struct{}), make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	r := New(ctx, io.NopCloser(readerFunc(func([]byte) (int, error) { close(within); <-release; return 0, io.EOF })))
	<-within
	cancel()
	_, err := r.Read(make([]byte, 1))
	assert.ErrorIs(t, err, context.Canceled)
	require.NoError(t, r.Close())
	assert.False(t, r.Ended())
	close(release)
	<-r.done
	assert.True(t, r.Ended())
}

func TestExactly(t *testing.T) {
	for text, want := range map[string]error{"abc": nil, "ab": ErrLength, "abcd": ErrLength} {
		for name, r := range map[string]io.Reader{"whole": strings.NewReader(text), "by octet": iotest.OneByteReader(strings.NewReader(text)),
			"end with data": iotest.DataErrReader(strings.NewReader(text))} {
			got, err := io.ReadAll(Exactly(r, 3))
			assert.ErrorIs(t, err, want, "%s, %s", text, name)
			if want != nil {
				assert.Less(t, len(got), 3, "%s, %s: it never looks whole", text, name)
				continue
			}
			assert.Equal(t, text, string(got), name)
		}
	}
}

// Of a reader that was empty as its length was found out nothing is handed on,
// whatever has become of it.
func TestExactlyNothing(t *testing.T) {
	idle := false
	for name, c := range map[string]struct {
		r    io.Reader
		want error
	}{
		"empty":                  {strings.NewReader(""), nil},
		"it has grown":           {strings.NewReader("abc"), ErrLength},
		"by an octet, and ended": {iotest.DataErrReader(strings.NewReader("a")), ErrLength},
		"it yields nothing once": {readerFunc(func([]byte) (int, error) {
			if idle = !idle; idle {
				return 0, nil
			}
			return 0, io.EOF
		}), nil},
	} {
		r := New(t.Context(), io.NopCloser(Exactly(c.r, 0)))
		got, err := io.ReadAll(r)
		assert.ErrorIs(t, err, c.want, name)
		assert.Empty(t, got, name)
		require.NoError(t, r.Close())
	}
}

// A body is cut where the request ends amid it, and not where nobody wants the
// rest of it.
func TestCut(t *testing.T) {
	cause := errors.New("the scenario was stopped")
	for name, want := range map[string]error{"the request ends": cause, "the body is closed": nil} {
		ctx, cancel := context.WithCancelCause(t.Context())
		blocked, end := io.Pipe()
		r := New(ctx, blocked)
		read := make(chan error, 1)
		go func() {
			_, err := r.Read(make([]byte, 1))
			read <- err
		}()
		assert.NoError(t, r.Cut(), name)
		if want != nil {
			cancel(cause)
		} else {
			assert.NoError(t, r.Close())
		}
		assert.Error(t, <-read, name)
		assert.Equal(t, want, r.Cut(), name)
		assert.NoError(t, end.Close())
		assert.NoError(t, r.Close())
		assert.True(t, r.Ended(), name)
		cancel(nil)
	}
}

// Whoever waits for a reader to be left may give up.
func TestStop(t *testing.T) {
	within, release := make(chan struct{}), make(chan struct{})
	blocked := readerFunc(func([]byte) (int, error) { within <- struct{}{}; <-release; return 1, nil })
	a, b := New(t.Context(), io.NopCloser(blocked)), New(t.Context(), io.NopCloser(blocked))
	<-within
	<-within
	cause := errors.New("no patience")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	assert.Equal(t, cause, a.Stop(ctx))
	assert.Equal(t, cause, b.Stop(ctx))
	assert.False(t, a.Ended() || b.Ended())
	close(release)
	assert.NoError(t, a.Stop(t.Context()))
	assert.NoError(t, b.Stop(t.Context()))
	assert.True(t, a.Ended() && b.Ended())
	assert.NoError(t, a.Stop(t.Context()), "once more")
}

type closesBadly struct{ io.Reader }

func (closesBadly) Close() error { panic("x") }

// A Close that panics fails a body that ends, and harms nobody where none wants
// the rest.
func TestCloseThatPanics(t *testing.T) {
	r := New(t.Context(), closesBadly{strings.NewReader("abc")})
	_, err := io.ReadAll(r)
	assert.ErrorIs(t, err, ErrPanic)
	assert.NotNil(t, r.Failure())
	require.NoError(t, r.Close())

	blocked, end := io.Pipe()
	r = New(t.Context(), closesBadly{blocked})
	require.NoError(t, r.Close())
	require.NoError(t, end.Close())
	<-r.done

	r = New(t.Context(), closesBadly{iotest.ErrReader(io.ErrUnexpectedEOF)})
	_, err = io.ReadAll(r)
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF, "what came first")
	require.NoError(t, r.Close())
}
