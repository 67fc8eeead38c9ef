package mtlshttp_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// trickling sends one piece and then waits to be left.
var trickling = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, "first")
	w.(http.Flusher).Flush()
	<-r.Context().Done()
})

func open(t *testing.T, e *mtlshttp.Executor, r *mtlshttp.Request) *mtlshttp.Stream {
	s, err := e.Open(t.Context(), r)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Body.Close() })
	return s
}

func TestOpenReadsDecoded(t *testing.T) {
	r, e := encoded(t, "gzip", gzipped(t, 3*mib, 1))
	s := open(t, e, r)
	assert.Equal(t, 200, s.Response.StatusCode)
	assert.Nil(t, s.Response.Data)
	n, err := io.Copy(io.Discard, s.Body)
	require.NoError(t, err)
	assert.EqualValues(t, 3*mib, n)
	assert.Equal(t, n, s.Response.FileSize)
	assert.Positive(t, s.Response.Timings.Decode)
	assert.Positive(t, s.Response.Timings.Transfer)
	_, err = s.Body.Read(make([]byte, 1))
	assert.Equal(t, io.EOF, err, "the end stays the end")
}

func TestOpenIsBounded(t *testing.T) {
	r, e := encoded(t, "gzip", gzipped(t, 3*mib, 1))
	e.Limits.Stream = mib
	s := open(t, e, r)
	n, err := io.Copy(io.Discard, s.Body)
	f := failureOf(t, err)
	assert.Equal(t, mtlshttp.KindLimit, f.Kind)
	assert.Equal(t, "stream", f.Reason)
	assert.LessOrEqual(t, n, int64(mib))
	assert.Same(t, s.Response, f.Response)

	plain := mtlstest.NewServer(t, sending).Request("/?size=2000000")
	_, err = e.Open(t.Context(), plain)
	assert.Equal(t, mtlshttp.KindLimit, failureOf(t, err).Kind, "announced")
}

// FLT-77: a body that nobody closes ends with the request's deadline, which
// covers the reading.
func TestOpenEndsAtTheDeadline(t *testing.T) {
	r := mtlstest.NewServer(t, trickling).Request("/")
	r.Timeout = 2 * time.Second
	s, err := newExecutor(t).Open(t.Context(), r)
	require.NoError(t, err)
	b, err := io.ReadAll(s.Body)
	assert.Equal(t, "first", string(b))
	f := failureOf(t, err)
	assert.Equal(t, mtlshttp.KindTimeout, f.Kind)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}

// FLT-78: Close twice, during a Read and before one.
func TestOpenClose(t *testing.T) {
	for _, version := range []int{1, 2} {
		r := mtlstest.NewServer(t, trickling).Request("/")
		r.Protocol.HTTP = version
		s := open(t, newExecutor(t), r)
		piece := make([]byte, 5)
		_, err := io.ReadFull(s.Body, piece)
		require.NoError(t, err)
		var reading sync.WaitGroup
		reading.Go(func() {
			_, err := s.Body.Read(piece)
			assert.Equal(t, mtlshttp.KindClosed, failureOf(t, err).Kind)
		})
		time.Sleep(20 * time.Millisecond) // most often it is in the read by now
		for range 3 {
			require.NoError(t, s.Body.Close())
		}
		reading.Wait()
		_, err = s.Body.Read(piece)
		assert.Equal(t, mtlshttp.KindClosed, failureOf(t, err).Kind)
		assert.EqualValues(t, 5, s.Response.FileSize)
	}
}

func TestOpenEndsWithTheExecutor(t *testing.T) {
	e := new(mtlshttp.Executor)
	s := open(t, e, mtlstest.NewServer(t, trickling).Request("/"))
	require.NoError(t, e.Close())
	_, err := io.ReadAll(s.Body)
	assert.Equal(t, mtlshttp.KindClosed, failureOf(t, err).Kind)
}

func TestOpenOfStatuses(t *testing.T) {
	r := mtlstest.NewServer(t, sending).Request("/?status=404")
	e := newExecutor(t)
	b, err := io.ReadAll(open(t, e, r).Body)
	require.NoError(t, err)
	assert.Equal(t, "sorry", string(b))
	r.StatusErrors = true
	_, err = e.Open(t.Context(), r)
	f := failureOf(t, err)
	assert.Equal(t, mtlshttp.KindStatus, f.Kind)
	assert.Equal(t, "sorry", f.Response.Data)

	r.Method, r.StatusErrors = "head", false
	b, err = io.ReadAll(open(t, e, r).Body)
	require.NoError(t, err)
	assert.Empty(t, b)
	r.Output.Writer = io.Discard
	_, err = e.Open(t.Context(), r)
	assert.Equal(t, "output", failureOf(t, err).Field)
}

func ExampleExecutor_Open() {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "one\ntwo\n")
	}))
	defer srv.Close()
	e := new(mtlshttp.Executor)
	defer e.Close()

	stream, err := e.Open(context.Background(), &mtlshttp.Request{URL: srv.URL})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stream.Body.Close()
	for lines := bufio.NewScanner(stream.Body); lines.Scan(); {
		fmt.Println(stream.Response.StatusCode, lines.Text())
	}
	// Output:
	// 200 one
	// 200 two
}

func TestOpenCut(t *testing.T) {
	s := open(t, newExecutor(t), mtlstest.NewServer(t, sending).Request("/?size=100000&cut=5"))
	b, err := io.ReadAll(s.Body)
	assert.Len(t, b, 5)
	assert.Equal(t, mtlshttp.KindTruncated, failureOf(t, err).Kind)
}
