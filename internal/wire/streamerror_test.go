package wire

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A stream that the server resets is told as net/http tells it, by its code.
func TestStreamError(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	defer srv.Close()
	_, err := srv.Client().Get(srv.URL)
	require.Error(t, err)
	var reset StreamError
	require.ErrorAs(t, err, &reset)
	assert.EqualValues(t, 2, reset.Code) // INTERNAL_ERROR
	assert.False(t, HTTP11Required(err))
	assert.False(t, HTTP11Required(io.EOF))
	assert.True(t, HTTP11Required(errors.Join(io.EOF, StreamError{Code: http11Required})))
}
