package mtlshttp_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// faultyConn fails at its k-th read or write, and from then on.
type faultyConn struct {
	net.Conn
	left  *atomic.Int64
	errno syscall.Errno
}

func (c *faultyConn) fail(op string) error {
	if c.left.Add(-1) > 0 {
		return nil
	}
	return &net.OpError{Op: op, Net: "tcp", Err: os.NewSyscallError(op, c.errno)}
}

func (c *faultyConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if fault := c.fail("read"); fault != nil {
		return 0, fault
	}
	return n, err
}

func (c *faultyConn) Write(p []byte) (int, error) {
	if err := c.fail("write"); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

// tortured is a request that works on a connection that does.
type tortured struct {
	name     string
	protocol mtlshttp.Protocol
	method   string
	path     string
	body     int
}

var torturedScenarios = []tortured{
	{name: "GET", protocol: mtlshttp.Protocol{HTTP: 1}},
	{name: "GET over TLS 1.2", protocol: mtlshttp.Protocol{HTTP: 1, MaxTLS: 0x0303}},
	{name: "GET over HTTP2", protocol: mtlshttp.Protocol{HTTP: 2}},
	{name: "POST", protocol: mtlshttp.Protocol{HTTP: 1}, method: "POST", body: 1000},
	{name: "a large POST", protocol: mtlshttp.Protocol{HTTP: 1}, method: "POST", body: 1 << 20},
	{name: "a large POST over HTTP2", protocol: mtlshttp.Protocol{HTTP: 2}, method: "POST", body: 1 << 20},
	{name: "a large answer", protocol: mtlshttp.Protocol{HTTP: 1}, path: "/large"},
	{name: "a large answer over HTTP2", protocol: mtlshttp.Protocol{HTTP: 2}, path: "/large"},
	{name: "chunks", protocol: mtlshttp.Protocol{HTTP: 1}, path: "/chunks"},
	{name: "a redirect", protocol: mtlshttp.Protocol{HTTP: 1}, path: "/redirect"},
}

var errnos = []syscall.Errno{syscall.EPIPE, syscall.ECONNRESET, syscall.ETIMEDOUT, syscall.ENOBUFS}

// TestFaultsInjected fails the k-th operation of a connection, in ten torturedScenarios.
// With MTLSHTTP_INTEGRATION k goes to 200 one by one, else in wider steps.
func TestFaultsInjected(t *testing.T) {
	nothingLeft(t)
	const most = 200
	step := 17
	if os.Getenv("MTLSHTTP_INTEGRATION") != "" {
		step = 1
	}
	srv := mtlstest.NewServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/large":
			_, _ = w.Write(make([]byte, 1<<20))
		case "/chunks":
			for range 50 {
				_, _ = w.Write([]byte("chunk"))
				_ = http.NewResponseController(w).Flush()
			}
		case "/redirect":
			http.Redirect(w, r, "/", http.StatusFound)
		}
	}))
	for _, s := range torturedScenarios {
		t.Run("FLT-82 "+s.name, func(t *testing.T) {
			failed, whole := 0, 0
			positions := []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17}
			for k := 18; k <= most; k += step {
				positions = append(positions, k)
			}
			for _, k := range positions {
				if s.run(t, srv, k, errnos[k%len(errnos)]) {
					failed++
				} else {
					whole++
				}
			}
			t.Logf("%d positions: %d typed errors, %d requests were done before", len(positions), failed, whole)
			assert.Positive(t, failed)
		})
	}
}

// run fails the k-th operation, and says whether that failed the request.
func (s *tortured) run(t *testing.T, srv *mtlstest.Server, k int, errno syscall.Errno) (failed bool) {
	at := fmt.Sprintf("%s, operation %d: %v", s.name, k, errno)
	l := &faultLab{Executor: new(mtlshttp.Executor), t: t, conns: map[*watchedConn]bool{}}
	var left atomic.Int64
	left.Store(int64(k))
	l.watch(func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &faultyConn{conn, &left, errno}, nil
	})
	r := srv.Request("/")
	r.URL, r.Protocol, r.Method = srv.URL+s.path, s.protocol, s.method
	r.Auth = &mtlshttp.BasicAuth{User: "user", Password: "canary-password"}
	if s.body > 0 {
		r.Body = mtlshttp.Raw("text/plain", make([]byte, s.body))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	resp, err := l.Do(ctx, r)
	l.noSecrets(resp, err)
	if err != nil {
		f := failureOf(t, err)
		assert.Contains(t, []mtlshttp.Kind{mtlshttp.KindConnect, mtlshttp.KindTLSHandshake, mtlshttp.KindTLSClientCert, mtlshttp.KindWrite,
			mtlshttp.KindProtocol, mtlshttp.KindTruncated, mtlshttp.KindResource, mtlshttp.KindTimeout}, f.Kind, "%s: %v", at, err)
		assert.NotEmpty(t, f.Phase, at)
		assert.NotEmpty(t, f.Type, at)
		assert.NoError(t, ctx.Err(), "%s: it hung", at)
	} else {
		assert.Equal(t, 200, resp.StatusCode, at)
	}
	left.Store(1 << 40)
	_, next := l.Do(ctx, srv.Request("/"))
	assert.NoError(t, next, "%s: the next request", at)
	require.NoError(t, l.Close(), at)
	assert.Eventually(t, func() bool { return l.openConns() == 0 }, 2*time.Second, time.Millisecond, at)
	return err != nil
}
