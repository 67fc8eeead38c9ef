package mtlshttp_test

import (
	"bytes"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

func TestProgress(t *testing.T) {
	srv := mtlstest.NewServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		sending(w, r)
	}))
	upload := make([]byte, 300_000)
	for name, c := range map[string]struct {
		body  mtlshttp.Body
		query string
		up    int64
		down  int64
	}{
		"known":   {mtlshttp.Raw("", upload), "size=200000", 300_000, 200_000},
		"unknown": {mtlshttp.Reader("", io.MultiReader(bytes.NewReader(upload)), -1), "size=200000&unknown=1", -1, -1},
	} {
		t.Run(name, func(t *testing.T) {
			var up, down []mtlshttp.Progress
			r := srv.Request("/?" + c.query)
			r.Method, r.Body = "POST", c.body
			r.Progress = func(p mtlshttp.Progress) {
				if p.Upload {
					up = append(up, p)
				} else {
					down = append(down, p)
				}
			}
			_, err := newExecutor(t).Do(t.Context(), r)
			require.NoError(t, err)
			for _, list := range [][]mtlshttp.Progress{up, down} {
				require.NotEmpty(t, list)
				for i := 1; i < len(list); i++ {
					assert.Greater(t, list[i].Bytes, list[i-1].Bytes)
				}
			}
			assert.Equal(t, mtlshttp.Progress{Upload: true, Bytes: 300_000, Total: c.up}, up[len(up)-1])
			assert.Equal(t, mtlshttp.Progress{Bytes: 200_000, Total: c.down}, down[len(down)-1])
		})
	}
}

// An answer that comes before the upload is over ends the telling with Do. The
// race detector sees a call that comes later.
func TestNoProgressAfterDo(t *testing.T) {
	srv := mtlstest.NewServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
	}))
	for range 20 {
		calls := 0
		r := srv.Request("/")
		r.Method, r.Body, r.Protocol.HTTP = "POST", mtlshttp.Reader("", io.LimitReader(nothing{}, 64*mib), -1), 2
		r.Progress = func(mtlshttp.Progress) { calls++ }
		_, _ = newExecutor(t).Do(t.Context(), r)
		before := calls
		time.Sleep(time.Millisecond)
		assert.Equal(t, before, calls)
	}
}

func TestTimingsOfEveryPart(t *testing.T) {
	srv := mtlstest.NewServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			http.Redirect(w, r, "/next", http.StatusFound)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		time.Sleep(10 * time.Millisecond)
		_, _ = io.WriteString(w, "[1,")
		w.(http.Flusher).Flush()
		time.Sleep(10 * time.Millisecond)
		_, _ = io.WriteString(w, "2]")
	}))
	r := srv.Request("/")
	r.Parse = true
	e := newExecutor(t)
	resp, err := e.Do(t.Context(), r)
	require.NoError(t, err)
	require.Len(t, resp.Hops, 2)
	first, last, all := resp.Hops[0].Timings, resp.Hops[1].Timings, resp.Timings
	assert.Positive(t, first.Connect)
	assert.Positive(t, first.Handshake)
	assert.Zero(t, first.Transfer)
	assert.Zero(t, last.Connect, "the connection is used again")
	assert.GreaterOrEqual(t, last.FirstByte, max(last.Wait, 10*time.Millisecond))
	assert.GreaterOrEqual(t, last.Total, 20*time.Millisecond)
	assert.Positive(t, last.Parse)
	assert.Equal(t, first.Connect, all.Connect)
	assert.Equal(t, first.Wait+last.Wait, all.Wait)
	assert.Equal(t, last.Transfer, all.Transfer)
	assert.GreaterOrEqual(t, all.FirstByte, first.Total)
	assert.GreaterOrEqual(t, all.Total, first.Total+last.Transfer)
	assert.Equal(t, all.Wait, resp.Attempts[0].Timings.Wait)

	// Where the machine stalls, an end of sending is noted late, and a first byte.
	for tries := 0; (last.Wait < 10*time.Millisecond || last.Transfer < 5*time.Millisecond) && tries < 50; tries++ {
		resp, err = e.Do(t.Context(), r)
		require.NoError(t, err)
		last = resp.Hops[1].Timings
	}
	assert.GreaterOrEqual(t, last.Wait, 10*time.Millisecond)
	assert.GreaterOrEqual(t, last.Transfer, 5*time.Millisecond)
}

// The look-up is told apart, where there is one.
func TestTimingOfTheLookup(t *testing.T) {
	srv := mtlstest.NewServer(t, answering)
	r := srv.Request("/")
	resp, err := newExecutor(t).Do(t.Context(), r)
	require.NoError(t, err)
	assert.Zero(t, resp.Timings.DNS, "an address needs none")
	_, port, _ := bytes.Cut([]byte(srv.Listener.Addr().String()), []byte(":"))
	r.URL = "https://localhost:" + string(port)
	r.Verify.SkipName = true
	resp, err = newExecutor(t).Do(t.Context(), r)
	require.NoError(t, err)
	assert.Positive(t, resp.Timings.DNS)
	assert.GreaterOrEqual(t, resp.Timings.Connect, resp.Timings.DNS)
}

// FLT-56: net/http reads what is sent in a goroutine of its own.
func TestPanicInProgressOfAnUpload(t *testing.T) {
	srv := mtlstest.NewServer(t, answerless)
	for version, protocol := range versions {
		for name, body := range map[string]mtlshttp.Body{"bytes": mtlshttp.Text("", "body"), "reader": mtlshttp.Reader("", bytes.NewReader(make([]byte, 100_000)), 0)} {
			calls := 0
			r := srv.Request("/")
			r.Method, r.Body, r.Protocol = "POST", body, protocol
			r.Progress = func(mtlshttp.Progress) { calls++; panic("mine") }
			_, err := newExecutor(t).Do(t.Context(), r)
			f := failureOf(t, err)
			assert.Equal(t, mtlshttp.KindConfig, f.Kind, "%s, %s: %v", version, name, err)
			assert.Equal(t, "panic", f.Reason)
			assert.False(t, f.Retryable)
			assert.Equal(t, 1, calls)
		}
	}
}

func TestPanicInProgressOfADownload(t *testing.T) {
	r := mtlstest.NewServer(t, sending).Request("/?size=1000")
	r.Progress = func(mtlshttp.Progress) { panic("mine") }
	e := newExecutor(t)
	assert.PanicsWithValue(t, "mine", func() { _, _ = e.Do(t.Context(), r) }, "it is the caller's own")
}
