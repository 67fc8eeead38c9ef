package wire

import (
	"io"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// begin sends a GET by a transport, whose answer is still to be read.
func begin(t *testing.T, tr *Transport, url string) (*http.Response, *Exchange) {
	ctx, x := NewExchange(t.Context(), tr)
	req, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	require.NoError(t, err)
	resp, err := Dispatch.RoundTrip(req)
	require.NoError(t, err)
	return resp, x
}

func end(t *testing.T, resp *http.Response) string {
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return string(text)
}

// visit uses an identity once and reads its whole answer.
func (w world) visit(t *testing.T, p *Pool, url string, id *Identity) Progress {
	_, progress, err := get(t, p, w.setting(id), url)
	require.NoError(t, err)
	return progress
}

func (w world) identities(t *testing.T, n int) []*Identity {
	list := make([]*Identity, n)
	for i := range list {
		list[i] = w.identity(t, "client "+strconv.Itoa(i))
	}
	return list
}

// Settings beyond the warm ones keep their tickets and nothing else: they are
// resumed, by a connection of their own.
func TestWarmSettingsAreBounded(t *testing.T) {
	w := newWorld(t)
	srv := w.start(t, nil)
	p := newPool(t, Dialer{})
	p.shelf.warmLimit = 3
	ids := w.identities(t, 8)
	for _, id := range ids {
		w.visit(t, p, srv.URL, id)
	}
	assert.Equal(t, 8, p.shelf.recent.Len())
	assert.Len(t, p.transports(), 3)
	assert.Eventually(t, func() bool { return p.Connections() == 3 }, 20*time.Second, time.Millisecond)
	p.mu.Lock()
	cold := p.shelf.recent.Back().Value.(*kept)
	assert.Nil(t, cold.transport)
	assert.NotNil(t, cold.sessions)
	p.mu.Unlock()
	progress := w.visit(t, p, srv.URL, ids[0])
	assert.True(t, progress.Record.Facts().State.DidResume)
	progress = w.visit(t, p, srv.URL, ids[7])
	assert.True(t, progress.Reused)
}

// Beyond so many connections the idle ones of others are closed; those in use
// stay, and serve on.
func TestIdleConnectionsAreBounded(t *testing.T) {
	w := newWorld(t)
	release := make(chan struct{})
	srv := w.start(t, nil)
	inner := srv.Config.Handler
	srv.Config.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			rw.WriteHeader(200)
			rw.(http.Flusher).Flush()
			<-release
		}
		inner.ServeHTTP(rw, r)
	})
	p := newPool(t, Dialer{})
	p.shelf.connLimit = 3
	ids := w.identities(t, 10)
	busy, err := p.Transport(w.setting(ids[9]))
	require.NoError(t, err)
	slow, _ := begin(t, busy, srv.URL+"/slow")
	for _, id := range ids[:9] {
		w.visit(t, p, srv.URL, id)
	}
	assert.Eventually(t, func() bool { return p.Connections() <= 3 }, 20*time.Second, time.Millisecond)
	again, err := p.Transport(w.setting(ids[9]))
	require.NoError(t, err)
	assert.Same(t, busy, again, "it is in use")
	close(release)
	assert.Equal(t, "client 9", end(t, slow))
	w.visit(t, p, srv.URL, ids[9])
	assert.True(t, w.visit(t, p, srv.URL, ids[9]).Reused)
	assert.Eventually(t, func() bool { return p.Connections() <= 3 }, 20*time.Second, time.Millisecond)
}

// What nothing uses is cooled, then forgotten; the sweep ends by itself and with
// Close.
func TestIdleSettingsRetire(t *testing.T) {
	w := newWorld(t)
	srv := w.start(t, nil)
	p := newPool(t, Dialer{})
	p.shelf.coolAfter, p.shelf.retireAfter = 50*time.Millisecond, 200*time.Millisecond
	id := w.identity(t, "alice")
	w.visit(t, p, srv.URL, id)
	state := func() (settings, warm int, sweeping bool) {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.shelf.recent.Len(), p.shelf.warm.Len(), p.shelf.sweep != nil
	}
	settings, warm, sweeping := state()
	assert.Equal(t, []any{1, 1, true}, []any{settings, warm, sweeping})
	assert.Eventually(t, func() bool { s, warm, _ := state(); return s == 1 && warm == 0 && p.Connections() == 0 }, 20*time.Second, time.Millisecond)
	assert.Eventually(t, func() bool { s, _, sweeping := state(); return s == 0 && !sweeping }, 20*time.Second, time.Millisecond)
	progress := w.visit(t, p, srv.URL, id)
	assert.False(t, progress.Record.Facts().State.DidResume, "its tickets are gone, too")
	_, _, sweeping = state()
	assert.True(t, sweeping)
	p.Close() // what is left of the sweep is goleak's to find
}

// The oldest of too many settings is forgotten.
func TestSettingsAreBounded(t *testing.T) {
	w := newWorld(t)
	p := newPool(t, Dialer{})
	p.shelf.settingLimit = 5
	ids := w.identities(t, 7)
	for _, id := range ids {
		_, err := p.Transport(w.setting(id))
		require.NoError(t, err)
	}
	assert.Equal(t, 5, p.shelf.recent.Len())
	assert.Len(t, p.shelf.byKey, 5)
	assert.Nil(t, p.shelf.byKey[w.setting(ids[0]).Key])
	assert.NotNil(t, p.shelf.byKey[w.setting(ids[6]).Key])
}

// Of a setting that many hosts gave tickets to, the few used last are kept.
func TestColdSettingsKeepFewTickets(t *testing.T) {
	w := newWorld(t)
	p := newPool(t, Dialer{})
	p.shelf.warmLimit = 1
	ids := w.identities(t, 2)
	var urls []string
	for range coldSessions + 3 {
		urls = append(urls, w.start(t, nil).URL)
		w.visit(t, p, urls[len(urls)-1], ids[0])
	}
	w.visit(t, p, urls[0], ids[1])
	assert.Eventually(t, func() bool { return p.Connections() == 1 }, 20*time.Second, time.Millisecond)
	p.mu.Lock()
	assert.Equal(t, coldSessions, p.shelf.byKey[w.setting(ids[0]).Key].sessions.held.Len())
	p.mu.Unlock()
	assert.True(t, w.visit(t, p, urls[len(urls)-1], ids[0]).Record.Facts().State.DidResume)
}

// A transport apart shares no connection and leaves none.
func TestApart(t *testing.T) {
	w := newWorld(t)
	srv := w.start(t, nil)
	p := newPool(t, Dialer{})
	id := w.identity(t, "alice")
	w.visit(t, p, srv.URL, id)
	for range 2 {
		apart, err := p.Apart(w.setting(id))
		require.NoError(t, err)
		resp, x := begin(t, apart, srv.URL)
		assert.Equal(t, "alice", end(t, resp))
		assert.False(t, x.Progress().Reused)
		assert.False(t, x.Progress().Record.Facts().State.DidResume)
	}
	assert.Eventually(t, func() bool { return p.Connections() == 1 }, 20*time.Second, time.Millisecond)
	progress := w.visit(t, p, srv.URL, id)
	assert.True(t, progress.Reused)
	p.Close()
	_, err := p.Apart(w.setting(id))
	assert.ErrorIs(t, err, ErrClosed)
}
