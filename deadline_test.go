package mtlshttp_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/canaries"
)

// net/http's error has the URL of the request that failed. Of one that a redirect
// led to, nobody but the server knew the query.
func TestErrorsOfClientsHideWhereRedirectsLed(t *testing.T) {
	n := newNetwork(t, "http://a.test")
	n.behave(func(w http.ResponseWriter, a *arrival) {
		http.Redirect(w, a.Request, "http://nowhere.test/signed?sig="+canaries.QueryKey+"#"+canaries.QueryKey, http.StatusFound)
	})
	r := n.request("http://a.test/")
	client, err := n.executor().Client(t.Context(), r)
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://a.test/?mine="+canaries.Cookie, nil)
	require.NoError(t, err)
	_, err = client.Do(req)
	var outer *url.Error
	require.ErrorAs(t, err, &outer)
	assert.Equal(t, "http://nowhere.test/signed?sig=***", outer.URL)
	assert.Empty(t, canaries.Scan([]byte(err.Error()+failureOf(t, err).Error())))
	assert.Equal(t, "http://a.test/?mine="+canaries.Cookie, req.URL.String(), "the caller's request is not modified")
}

func TestDeadlineOfClientBeginsWithEachRequest(t *testing.T) {
	t.Parallel() // it mostly waits
	n := newNetwork(t, "http://a.test")
	n.behave(func(w http.ResponseWriter, _ *arrival) {
		time.Sleep(1200 * time.Millisecond)
		_, _ = w.Write(make([]byte, 64<<10))
	})
	r := n.request("http://a.test/")
	r.Timeout = 3 * time.Second
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
