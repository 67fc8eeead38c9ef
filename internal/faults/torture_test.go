package faults_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/canaries"
	"github.com/mtlshttp/mtlshttp/internal/slack"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// injector fails the k-th operation of all connections that it makes, and those
// after it. An operation moves at most so many octets, so that an exchange has
// as many as are to be failed.
type injector struct {
	most  int
	left  atomic.Int64 // operations that still work
	errno syscall.Errno
	moved atomic.Int64 // octets
}

// spared is more operations than there are.
const spared = 1 << 40

func (i *injector) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &faultyConn{conn, i}, nil
}

func (i *injector) fault(op string) error {
	if i.left.Add(-1) > 0 {
		return nil
	}
	return &net.OpError{Op: op, Net: "tcp", Err: os.NewSyscallError(op, i.errno)}
}

type faultyConn struct {
	net.Conn
	*injector
}

// Read loses what it has read where it fails.
func (c *faultyConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p[:min(len(p), c.most)])
	if fault := c.fault("read"); fault != nil {
		return 0, fault
	}
	c.moved.Add(int64(n))
	return n, err
}

// Write writes piece by piece, and fails between two of them.
func (c *faultyConn) Write(p []byte) (written int, err error) {
	for {
		if err := c.fault("write"); err != nil {
			return written, err
		}
		n, err := c.Conn.Write(p[written:min(len(p), written+c.most)])
		c.moved.Add(int64(n))
		if written += n; err != nil || written == len(p) {
			return written, err
		}
	}
}

// tortured is a request that works on a connection that does.
type tortured struct {
	name     string
	protocol mtlshttp.Protocol
	method   string
	path     string
	body     int
}

const largeTortured = 1 << 18

var torturedScenarios = []tortured{
	{name: "GET", protocol: mtlshttp.Protocol{HTTP: 1}},
	{name: "GET over TLS 1.2", protocol: mtlshttp.Protocol{HTTP: 1, MaxTLS: 0x0303}},
	{name: "GET over HTTP2", protocol: mtlshttp.Protocol{HTTP: 2}},
	{name: "POST", protocol: mtlshttp.Protocol{HTTP: 1}, method: "POST", body: 1000},
	{name: "a large POST", protocol: mtlshttp.Protocol{HTTP: 1}, method: "POST", body: largeTortured},
	{name: "a large POST over HTTP2", protocol: mtlshttp.Protocol{HTTP: 2}, method: "POST", body: largeTortured},
	{name: "a large answer", protocol: mtlshttp.Protocol{HTTP: 1}, path: "/large"},
	{name: "a large answer over HTTP2", protocol: mtlshttp.Protocol{HTTP: 2}, path: "/large"},
	{name: "chunks", protocol: mtlshttp.Protocol{HTTP: 1}, path: "/chunks"},
	{name: "a redirect", protocol: mtlshttp.Protocol{HTTP: 1}, path: "/redirect"},
}

var errnos = []syscall.Errno{syscall.EPIPE, syscall.ECONNRESET, syscall.ETIMEDOUT, syscall.ENOBUFS}

const (
	// torturePositions is how many operations of each scenario are failed.
	torturePositions = 200
	// tortureOperations is how many it has at least: the last of them may
	// come after the request.
	tortureOperations = 240
)

// SUP-06: ten scenarios, in each of which every one of 200 operations on the
// connection fails once: 2,000 faults, and as many typed errors.
func TestFaultsInjected(t *testing.T) {
	nothingLeft(t)
	srv := mtlstest.NewServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // an early answer would do without the rest
		switch r.URL.Path {
		case "/large":
			_, _ = w.Write(make([]byte, largeTortured))
		case "/chunks":
			for range 50 {
				_, _ = w.Write([]byte("chunk"))
				_ = http.NewResponseController(w).Flush()
			}
		case "/redirect":
			http.Redirect(w, r, "/", http.StatusFound)
		}
	}))
	var failed atomic.Int64
	var kinds sync.Map
	for _, s := range torturedScenarios {
		t.Run("FLT-82 "+s.name, func(t *testing.T) {
			most := s.rehearse(t, srv)
			var group sync.WaitGroup
			turns := make(chan int)
			for range 4 {
				group.Go(func() {
					for k := range turns {
						if f := s.run(t, srv, k, most); f != nil {
							failed.Add(1)
							kinds.Store(fmt.Sprint(f.Kind, " ", f.Reason, " in ", f.Phase), true)
						}
					}
				})
			}
			for k := range torturePositions {
				turns <- k + 1
			}
			close(turns)
			group.Wait()
		})
	}
	kinds.Range(func(kind, _ any) bool { t.Log(kind); return true })
	all := torturePositions * len(torturedScenarios)
	fmt.Printf("injected faults: %d of %d\n", failed.Load(), all)
	assert.EqualValues(t, all, failed.Load(), "typed errors")
}

// rehearse goes the way without a fault, and says how many octets an operation
// may move so that there are enough of them.
func (s *tortured) rehearse(t *testing.T, srv *mtlstest.Server) (most int) {
	l, i := s.lab(t, 1<<20)
	i.left.Store(spared)
	resp, err := l.Do(t.Context(), s.request(srv))
	require.NoError(t, err)
	require.Equal(t, 200, resp.StatusCode)
	most = int(i.moved.Load()) / tortureOperations
	require.Positive(t, most)
	require.NoError(t, l.Close())
	return most
}

func (s *tortured) lab(t *testing.T, most int) (*faultLab, *injector) {
	l, i := newFaultLab(t, nil), &injector{most: most}
	l.watch(i.dial)
	return l, i
}

func (s *tortured) request(srv *mtlstest.Server) *mtlshttp.Request {
	r := srv.Request("/")
	r.URL, r.Protocol, r.Method = srv.URL+s.path+"?api_key="+canaries.QueryKey, s.protocol, s.method
	r.Auth = &mtlshttp.BasicAuth{User: "user", Password: canaries.BasicPassword}
	r.Headers = []mtlshttp.Header{{Name: "X-Api-Key", Value: canaries.APIKey}, {Name: "Cookie", Value: "sid=" + canaries.Cookie}}
	if s.body > 0 {
		r.Body = mtlshttp.Raw("text/plain", make([]byte, s.body))
	}
	return r
}

// run fails the k-th operation, and returns what came of it.
func (s *tortured) run(t *testing.T, srv *mtlstest.Server, k, most int) *mtlshttp.Error {
	errno := errnos[k%len(errnos)]
	at := fmt.Sprintf("%s, operation %d: %v", s.name, k, errno)
	l, i := s.lab(t, most)
	i.errno = errno
	i.left.Store(int64(k))
	ctx, cancel := context.WithTimeout(t.Context(), slack.For(20*time.Second))
	defer cancel()
	resp, err := l.Do(ctx, s.request(srv))
	l.noSecrets(resp, err)
	if !assert.Error(t, err, at) {
		return nil
	}
	f := failureOf(t, err)
	assert.Contains(t, []mtlshttp.Kind{mtlshttp.KindConnect, mtlshttp.KindTLSHandshake, mtlshttp.KindTLSClientCert, mtlshttp.KindWrite,
		mtlshttp.KindProtocol, mtlshttp.KindTruncated, mtlshttp.KindResource, mtlshttp.KindTimeout}, f.Kind, "%s: %v", at, err)
	if f.Kind == mtlshttp.KindProtocol {
		assert.Equal(t, "empty-reply", f.Reason, "%s: a broken connection is no malformed answer", at)
	}
	assert.NotEmpty(t, f.Phase, at)
	assert.NotEmpty(t, f.Type, at)
	assert.NoError(t, ctx.Err(), "%s: it hung", at)
	i.left.Store(spared)
	_, next := l.Do(ctx, srv.Request("/"))
	assert.NoError(t, next, "%s: the next request", at)
	require.NoError(t, l.Close(), at)
	assert.Eventually(t, func() bool { return l.openConns() == 0 }, slack.For(10*time.Second), time.Millisecond, at)
	return f
}
