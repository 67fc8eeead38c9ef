package memnet

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/net/nettest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// connected is a connection through a listener.
func connected(t *testing.T) (near, far *Conn) {
	t.Helper()
	var n Network
	l, err := n.Listen("a.test:443")
	require.NoError(t, err)
	defer l.Close()
	accepted := make(chan net.Conn, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			t.Error(err)
		}
		accepted <- conn
	}()
	conn, err := n.Dial(t.Context(), "tcp", "a.test:443")
	require.NoError(t, err)
	return conn.(*Conn), (<-accepted).(*Conn)
}

func TestConnBehavesAsConnsDo(t *testing.T) {
	nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) {
		near, far := Pipe("near:1", "far:2")
		return near, far, func() {
			near.Close()
			far.Close()
		}, nil
	})
}

func TestCloseAfterWritesIsReadToTheEnd(t *testing.T) {
	near, far := connected(t)
	_, err := near.Write([]byte("last words"))
	require.NoError(t, err)
	require.NoError(t, near.Close())
	got, err := io.ReadAll(far)
	require.NoError(t, err)
	assert.Equal(t, "last words", string(got))
	_, err = far.Write([]byte("late"))
	assert.ErrorIs(t, err, syscall.EPIPE)
	_, err = near.Read(make([]byte, 1))
	assert.ErrorIs(t, err, net.ErrClosed)
	_, err = near.Write([]byte("x"))
	assert.ErrorIs(t, err, net.ErrClosed)
}

func TestResetLosesWhatWasNotRead(t *testing.T) {
	near, far := connected(t)
	_, err := near.Write([]byte("lost"))
	require.NoError(t, err)
	require.NoError(t, near.Reset())
	_, err = far.Read(make([]byte, 8))
	assert.ErrorIs(t, err, syscall.ECONNRESET)
	_, err = far.Write([]byte("late"))
	assert.ErrorIs(t, err, syscall.ECONNRESET)
}

func TestCloseWriteLeavesTheOtherDirection(t *testing.T) {
	near, far := connected(t)
	require.NoError(t, near.CloseWrite())
	_, err := far.Read(make([]byte, 1))
	assert.Equal(t, io.EOF, err)
	_, err = far.Write([]byte("answer"))
	require.NoError(t, err)
	require.NoError(t, far.Close())
	got, err := io.ReadAll(near)
	require.NoError(t, err)
	assert.Equal(t, "answer", string(got))
	require.NoError(t, near.Close())
}

func TestAddresses(t *testing.T) {
	var n Network
	_, err := n.Dial(t.Context(), "tcp", "a.test:443")
	assert.ErrorIs(t, err, syscall.ECONNREFUSED)
	l, err := n.Listen("a.test:443")
	require.NoError(t, err)
	assert.Equal(t, "a.test:443", l.Addr().String())
	_, err = n.Listen("a.test:443")
	assert.ErrorIs(t, err, ErrInUse)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, err = n.Dial(ctx, "tcp", "a.test:443")
	assert.ErrorIs(t, err, context.DeadlineExceeded, "nobody accepts")
	require.NoError(t, l.Close())
	require.NoError(t, l.Close())
	_, err = l.Accept()
	assert.ErrorIs(t, err, net.ErrClosed)
	again, err := n.Listen("a.test:443")
	require.NoError(t, err)
	require.NoError(t, again.Close())
}

// A read that waits an hour takes no time inside a bubble.
func TestBubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := connected(t)
		begun := time.Now()
		require.NoError(t, near.SetReadDeadline(begun.Add(time.Hour)))
		_, err := near.Read(make([]byte, 1))
		assert.True(t, errors.Is(err, os.ErrDeadlineExceeded), "%v", err)
		assert.Equal(t, time.Hour, time.Since(begun))
		require.NoError(t, near.SetReadDeadline(time.Time{}))
		go func() {
			time.Sleep(time.Hour)
			if _, err := far.Write([]byte("late")); err != nil {
				t.Error(err)
			}
		}()
		n, err := near.Read(make([]byte, 8))
		require.NoError(t, err)
		assert.Equal(t, 4, n)
		near.Close()
		far.Close()
	})
}
