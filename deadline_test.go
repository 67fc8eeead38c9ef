package mtlshttp_test

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
)

func TestDeadlineOfClientHoldsForItsBody(t *testing.T) {
	n := newNetwork(t, "http://a.test")
	n.behave(func(w http.ResponseWriter, a *arrival) {
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		<-a.Context().Done()
	})
	r := n.request("http://a.test/?t=hunter2")
	r.Timeout = time.Second
	client, err := n.executor().Client(t.Context(), r)
	require.NoError(t, err)
	begun := time.Now()
	resp, err := client.Get(r.URL)
	require.NoError(t, err)
	text, err := io.ReadAll(resp.Body)
	assert.Equal(t, "half", string(text))
	assert.InDelta(t, time.Second, time.Since(begun), float64(250*time.Millisecond))
	f := failureOf(t, err)
	assert.Equal(t, mtlshttp.KindTimeout, f.Kind)
	assert.Equal(t, "http://a.test/?t=***", f.URL)
	assert.True(t, f.Timeout())
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NoError(t, resp.Body.Close())
}

func TestDeadlineOfClientBeginsWithEachRequest(t *testing.T) {
	n := newNetwork(t, "http://a.test")
	n.behave(func(w http.ResponseWriter, _ *arrival) {
		time.Sleep(400 * time.Millisecond)
		_, _ = w.Write(make([]byte, 64<<10))
	})
	r := n.request("http://a.test/")
	r.Timeout = time.Second
	client, err := n.executor().Client(t.Context(), r)
	require.NoError(t, err)
	for range 3 {
		resp, err := client.Get(r.URL)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Error(t, resp.Request.Context().Err(), "its timer is freed")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.URL, nil)
	require.NoError(t, err)
	_, err = client.Do(req)
	assert.Equal(t, mtlshttp.KindCanceled, failureOf(t, err).Kind)
}
