package mtlshttp_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// waitingSource finds nothing until it is left.
type waitingSource struct{ deaf bool }

func (s waitingSource) wait(ctx context.Context) error {
	if s.deaf {
		time.Sleep(2 * time.Minute)
		return nil
	}
	<-ctx.Done()
	return errors.New("gave up")
}

func (s waitingSource) Secret(ctx context.Context, _ string) (string, error) {
	return "value", s.wait(ctx)
}

func (s waitingSource) Jar(ctx context.Context, _ string) (*mtlshttp.Jar, error) {
	return new(mtlshttp.Jar), s.wait(ctx)
}

func (s waitingSource) Credential(ctx context.Context, _ string) (*mtlshttp.Credential, error) {
	return nil, s.wait(ctx)
}

// naming are requests that name something, each of another source.
func naming() map[string]*mtlshttp.Request {
	requests := map[string]*mtlshttp.Request{
		"secret":     {HeaderSecrets: []mtlshttp.HeaderSecret{{Name: "X-Key", Secret: "key"}}},
		"jar":        {ShareCookies: true, Jar: "jar"},
		"credential": {Credentials: "credential"},
	}
	for _, r := range requests {
		r.URL, r.Timeout = "http://a.test/", time.Minute
	}
	return requests
}

func withSource(s waitingSource) *mtlshttp.Executor {
	return &mtlshttp.Executor{Secrets: s, Jars: s, Credentials: s}
}

// sends are the ways to send a request without more than its headers.
var sends = map[string]func(*mtlshttp.Executor, *mtlshttp.Request) error{
	"Do": func(e *mtlshttp.Executor, r *mtlshttp.Request) error {
		_, err := e.Do(context.Background(), r)
		return err
	},
	"Open": func(e *mtlshttp.Executor, r *mtlshttp.Request) error {
		_, err := e.Open(context.Background(), r)
		return err
	},
	"Client": func(e *mtlshttp.Executor, r *mtlshttp.Request) error {
		_, err := e.Client(context.Background(), r)
		return err
	},
}

func TestDeadlineCoversTheLookUpOfNames(t *testing.T) {
	for way, send := range sends {
		for name, r := range naming() {
			synctest.Test(t, func(t *testing.T) {
				e := withSource(waitingSource{})
				begun := time.Now()
				f := failureOf(t, send(e, r))
				assert.Equal(t, time.Minute, time.Since(begun), "%s, %s", way, name)
				assert.Equal(t, mtlshttp.KindTimeout, f.Kind, "%s, %s: %v", way, name, f)
				assert.EqualValues(t, "resolve", f.Phase)
				assert.ErrorIs(t, f, context.DeadlineExceeded)
				assert.True(t, f.Retryable)
				require.NoError(t, e.Close())
			})
		}
	}
	synctest.Test(t, func(t *testing.T) {
		e := withSource(waitingSource{deaf: true})
		f := failureOf(t, sends["Do"](e, naming()["secret"]))
		assert.Equal(t, mtlshttp.KindTimeout, f.Kind, "a source that does not look at its context")
		require.NoError(t, e.Close())
	})
}

func TestFaultsGoBeforeTheDeadline(t *testing.T) {
	e := newExecutor(t)
	r := &mtlshttp.Request{URL: "http://a.test/", Timeout: -1, Credentials: "nobody"}
	f := failureOf(t, sends["Do"](e, r))
	assert.Equal(t, mtlshttp.KindConfig, f.Kind)
	assert.Equal(t, "timeout", f.Field)
}

func TestCloseEndsTheLookUpOfNames(t *testing.T) {
	for name, r := range naming() {
		synctest.Test(t, func(t *testing.T) {
			e := withSource(waitingSource{})
			assert.Equal(t, mtlshttp.KindClosed, closedWhile(t, e, func() error { return sends["Do"](e, r) }).Kind, name)
		})
	}
}

// closedWhile closes the executor once what is done with it waits, and is in a
// bubble. It returns the error of that.
func closedWhile(t *testing.T, e *mtlshttp.Executor, do func() error) *mtlshttp.Error {
	t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- do() }()
	synctest.Wait()
	begun := time.Now()
	require.NoError(t, e.Close())
	f := failureOf(t, <-ended)
	assert.Zero(t, time.Since(begun))
	return f
}

func TestCloseEndsWaitsForALoad(t *testing.T) {
	send := func(e *mtlshttp.Executor) func() error {
		return func() error { return sends["Do"](e, &mtlshttp.Request{URL: "http://a.test/"}) }
	}
	synctest.Test(t, func(t *testing.T) {
		e := &mtlshttp.Executor{Load: mtlshttp.LoadPolicy{HostRate: 0.001}}
		e.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("nobody is there") }
		require.Error(t, send(e)())
		f := closedWhile(t, e, send(e))
		assert.Equal(t, mtlshttp.KindClosed, f.Kind)
		assert.Empty(t, f.Reason)
	})
	synctest.Test(t, func(t *testing.T) {
		e := &mtlshttp.Executor{Load: mtlshttp.LoadPolicy{Memory: 1}}
		e.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() }
		first := make(chan error, 1)
		go func() { first <- send(e)() }()
		synctest.Wait()
		assert.Equal(t, mtlshttp.KindClosed, closedWhile(t, e, send(e)).Kind)
		assert.Equal(t, mtlshttp.KindClosed, failureOf(t, <-first).Kind)
	})
}

// No dial outlasts Close, but for one that does not look at its context, and none
// begins after it.
func TestCloseEndsDials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, ended := new(mtlshttp.Executor), false
		e.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			time.Sleep(100 * time.Millisecond)
			ended = true
			return nil, ctx.Err()
		}
		failed := make(chan error, 1)
		go func() { failed <- sends["Do"](e, &mtlshttp.Request{URL: "http://a.test/"}) }()
		synctest.Wait()
		require.NoError(t, e.Close())
		assert.True(t, ended)
		assert.Equal(t, mtlshttp.KindClosed, failureOf(t, <-failed).Kind)
		require.NoError(t, e.Close())
	})
	synctest.Test(t, func(t *testing.T) {
		e := new(mtlshttp.Executor)
		e.Dial = func(context.Context, string, string) (net.Conn, error) {
			time.Sleep(time.Hour)
			return nil, errors.New("nobody waits for this")
		}
		failed := make(chan error, 1)
		go func() { failed <- sends["Do"](e, &mtlshttp.Request{URL: "http://a.test/"}) }()
		synctest.Wait()
		begun := time.Now()
		require.NoError(t, e.Close())
		assert.Equal(t, 250*time.Millisecond, time.Since(begun))
		assert.Equal(t, mtlshttp.KindClosed, failureOf(t, <-failed).Kind)
		time.Sleep(2 * time.Hour)
	})
}

// stuck is a reader that says when somebody is in it, and keeps them there.
type stuck struct{ entered, release chan struct{} }

func newStuck(t *testing.T) stuck {
	b := stuck{make(chan struct{}, 1), make(chan struct{})}
	t.Cleanup(func() { close(b.release) })
	return b
}

func (b stuck) Read([]byte) (int, error) {
	select {
	case b.entered <- struct{}{}:
	default:
	}
	<-b.release
	return 0, io.EOF
}

// promptly closes the executor and says whether nothing holds that up.
func promptly(t *testing.T, e *mtlshttp.Executor) bool {
	t.Helper()
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		assert.NoError(t, e.Close())
	}()
	select {
	case <-closed:
		return true
	case <-time.After(20 * time.Second):
		return assert.Fail(t, "Close waits")
	}
}

func TestCloseEndsARequestWhoseReaderBlocks(t *testing.T) {
	srv := mtlstest.NewServer(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	for version, protocol := range versions {
		t.Run(version, func(t *testing.T) {
			reader := newStuck(t)
			e := new(mtlshttp.Executor)
			r := srv.Request("/")
			r.Method, r.Body, r.Protocol = "POST", mtlshttp.Reader("", reader, 0), protocol
			ended := make(chan error, 1)
			go func() { ended <- sends["Do"](e, r) }()
			<-reader.entered
			require.True(t, promptly(t, e))
			assert.Equal(t, mtlshttp.KindClosed, failureOf(t, <-ended).Kind)
		})
	}
}
