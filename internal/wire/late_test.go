package wire

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var errGone = errors.New("gone")

// answerOf is an answer with a body of which each read gives one octet.
func answerOf(body string, length int64) *http.Response {
	return &http.Response{ContentLength: length, Body: io.NopCloser(iotest.OneByteReader(strings.NewReader(body)))}
}

func TestAnswerAfterTheEnd(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	resp, err := timely(ctx, answerOf("body", 4))
	require.NoError(t, err)
	assert.NotNil(t, resp)
	cancel(errGone)
	resp, err = timely(ctx, answerOf("body", 4))
	require.ErrorIs(t, err, errGone)
	assert.Nil(t, resp)
}

// The end of a body counts only while the request goes on, where nothing else says
// that it is whole; once it has come it stays.
func TestEndOfABodyAfterTheEnd(t *testing.T) {
	for _, c := range []struct {
		name     string
		length   int64
		cancelAt int // octets that were read by then; -1: after the end
		want     error
	}{
		{"of known length", 4, 4, nil},
		{"of unknown length", -1, 4, errGone},
		{"of unknown length, amid it", -1, 2, errGone},
		{"cancelled after its end", -1, -1, nil},
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		resp, err := timely(ctx, answerOf("body", c.length))
		require.NoError(t, err)
		if c.cancelAt >= 0 {
			_, err = io.ReadFull(resp.Body, make([]byte, c.cancelAt))
			require.NoError(t, err)
			cancel(errGone)
		}
		_, err = io.ReadAll(resp.Body)
		require.ErrorIs(t, err, c.want, c.name)
		cancel(errGone)
		_, err = resp.Body.Read(make([]byte, 1))
		if c.want == nil {
			assert.Equal(t, io.EOF, err, c.name)
		} else {
			require.ErrorIs(t, err, c.want, c.name)
		}
	}
}
