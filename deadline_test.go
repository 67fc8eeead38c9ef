package mtlshttp_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/canaries"
	"github.com/mtlshttp/mtlshttp/mtlstest"
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

// answerless reads what it is sent and says nothing of it before its end.
var answerless = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })

// posting sends what a reader yields by a client that was handed out.
func posting(t *testing.T, e *mtlshttp.Executor, r *mtlshttp.Request, body io.Reader, again bool) error {
	client, err := e.Client(t.Context(), r)
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.URL, body)
	require.NoError(t, err)
	if again {
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(body), nil }
	}
	resp, err := client.Do(req)
	if err == nil {
		err = resp.Body.Close()
	}
	return err
}

func TestClientsEndWhileABodysReaderBlocks(t *testing.T) {
	srv := mtlstest.NewServer(t, answerless)
	for version, protocol := range versions {
		t.Run(version, func(t *testing.T) {
			r := srv.Request("/")
			r.Protocol, r.Timeout = protocol, time.Minute
			ended := make(chan error, 1)
			reader, e := newStuck(t), new(mtlshttp.Executor)
			go func() { ended <- posting(t, e, r, reader, false) }()
			<-reader.entered
			require.True(t, promptly(t, e))
			assert.Equal(t, mtlshttp.KindClosed, failureOf(t, <-ended).Kind)

			r.Timeout = 2 * time.Second
			reader, e = newStuck(t), newExecutor(t)
			go func() { ended <- posting(t, e, r, reader, true) }()
			select {
			case err := <-ended:
				assert.Equal(t, mtlshttp.KindTimeout, failureOf(t, err).Kind)
			case <-time.After(20 * time.Second):
				t.Error("the deadline does not end it")
			}
		})
	}
}

func TestReadersOfClientsThatMisbehave(t *testing.T) {
	srv := mtlstest.NewServer(t, answerless)
	for version, protocol := range versions {
		for reason, reader := range map[string]io.Reader{"": iotest.ErrReader(errors.New("no disk")), "panic": reading(func([]byte) (int, error) { panic("mine") })} {
			r := srv.Request("/")
			r.Protocol = protocol
			f := failureOf(t, posting(t, newExecutor(t), r, reader, false))
			assert.Equal(t, mtlshttp.KindBodySource, f.Kind, "%s, %q: %v", version, reason, f)
			assert.Equal(t, reason, f.Reason)
		}
	}
}

// What a client's caller sends arrives, once more after a redirect too, whatever
// it is read from.
func TestBodiesOfClientsArrive(t *testing.T) {
	var lengths []int64
	srv := mtlstest.NewServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			w.Header().Set("Location", "/there")
			w.WriteHeader(http.StatusTemporaryRedirect)
			return
		}
		lengths = append(lengths, r.ContentLength)
		_, _ = io.Copy(w, r.Body)
	}))
	text := strings.Repeat("body", 50_000)
	r := srv.Request("/")
	r.Redirect.All = true
	client, err := newExecutor(t).Client(t.Context(), r)
	require.NoError(t, err)
	for name, body := range map[string]io.Reader{"strings": strings.NewReader(text), "bytes": bytes.NewReader([]byte(text)),
		"buffer": bytes.NewBufferString(text), "reader": struct{ io.Reader }{strings.NewReader(text)}} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.URL, body)
		require.NoError(t, err)
		if req.GetBody == nil {
			req.ContentLength = int64(len(text))
			req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(struct{ io.Reader }{strings.NewReader(text)}), nil }
		}
		resp, err := client.Do(req)
		require.NoError(t, err, name)
		got, err := io.ReadAll(resp.Body)
		require.NoError(t, err, name)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, text, string(got), name)
	}
	assert.Equal(t, slices.Repeat([]int64{int64(len(text))}, 4), lengths)
}
