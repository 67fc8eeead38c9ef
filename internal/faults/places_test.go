package faults_test

import (
	"context"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
)

// What waits for a connection ends with its deadline or its context, before a
// byte is sent, and takes no place with it.
func TestWaitsForAConnectionEnd(t *testing.T) {
	nothingLeft(t)
	synctest.Test(t, waitsForAConnectionEnd)
}

func waitsForAConnectionEnd(t *testing.T) {
	release := make(chan struct{})
	l := bubble(t, func(p *peer) {
		p.request()
		<-release
		p.say(fine)
	})
	l.Load.HostConnections = 1
	first := make(chan error, 1)
	go func() {
		_, err := l.Do(t.Context(), l.request("http://fault.test/slow"))
		first <- err
	}()
	synctest.Wait()
	assert.Equal(t, 1, l.dialed())
	for _, kind := range []mtlshttp.Kind{mtlshttp.KindCanceled, mtlshttp.KindTimeout} {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		if kind == mtlshttp.KindCanceled {
			gone, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(2*time.Second, func() { cancel(errGaveUp) })
			ctx = gone
		}
		r := l.request("http://fault.test/waiting")
		r.Method = "POST"
		resp, err := l.Do(ctx, r)
		f := failureOf(t, err)
		assert.Equal(t, kind, f.Kind, "%v", err)
		assert.Equal(t, "host-connections", f.Reason)
		assert.EqualValues(t, "connect", f.Phase)
		assert.Equal(t, kind == mtlshttp.KindTimeout, f.Retryable, "nothing of it was sent")
		assert.ErrorIs(t, err, context.Cause(ctx))
		assert.Nil(t, resp)
	}
	assert.Equal(t, 1, l.dialed())
	close(release)
	require.NoError(t, <-first)
	l.nothingLeaked(nil, nil, "http")

	closing := bubble(t, func(p *peer) { p.request(); p.stall() })
	closing.Load.HostConnections = 1
	errs := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := closing.Do(t.Context(), closing.request("http://fault.test/"))
			errs <- err
		}()
	}
	synctest.Wait()
	assert.Equal(t, 1, closing.dialed())
	require.NoError(t, closing.Close())
	for range 2 {
		assert.Equal(t, mtlshttp.KindClosed, failureOf(t, <-errs).Kind)
	}
}

// A dial that fails, or panics, gives its place back.
func TestFailedDialsLeaveTheirPlace(t *testing.T) {
	l := newFaultLab(t, serveFaults(t))
	l.Load.HostConnections = 1
	serve, tries := l.Dial, 0
	l.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		switch tries++; tries {
		case 1:
			return nil, io.ErrUnexpectedEOF
		case 2:
			panic("in a dial")
		}
		return serve(ctx, network, address)
	}
	for range 2 {
		_, err := l.Do(t.Context(), l.request("https://fault.test/"))
		require.Error(t, err)
	}
	l.nothingLeaked(nil, nil, "https")
}
