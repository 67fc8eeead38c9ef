package mtlshttp_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
)

func ExampleLoadPolicy() {
	var abreast, most atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		most.Store(max(most.Load(), abreast.Add(1)))
		time.Sleep(time.Millisecond)
		abreast.Add(-1)
	}))
	defer srv.Close()
	e := &mtlshttp.Executor{Load: mtlshttp.LoadPolicy{HostConnections: 2, Memory: 256 << 20}}
	defer e.Close()
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { _, _ = e.Do(context.Background(), &mtlshttp.Request{URL: srv.URL}) })
	}
	all.Wait()
	fmt.Println(most.Load() <= 2)
	// Output: true
}

// openCount counts the connections that are open at a time.
type openCount struct{ open, most, all atomic.Int32 }

func (c *openCount) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c.all.Add(1)
	open := c.open.Add(1)
	for most := c.most.Load(); open > most && !c.most.CompareAndSwap(most, open); most = c.most.Load() {
	}
	return &countedConn{Conn: conn, count: c}, nil
}

type countedConn struct {
	net.Conn
	once  sync.Once
	count *openCount
}

func (c *countedConn) Close() error {
	c.once.Do(func() { c.count.open.Add(-1) })
	return c.Conn.Close()
}

// Three identities and none, which cannot share a connection, go to one host
// abreast: no more connections are open than may be, and everybody gets there.
func TestConnectionsToAHost(t *testing.T) {
	for _, protocol := range []mtlshttp.Protocol{{HTTP: 1}, {HTTP: 2}} {
		for _, most := range []int{1, 3} {
			t.Run(fmt.Sprintf("HTTP/%d, %d connections", protocol.HTTP, most), func(t *testing.T) {
				srv := startNameServer(t, 0)
				credentials := map[string]*mtlshttp.Credential{"": nil}
				for _, name := range []string{"alice", "bob", "carol"} {
					credentials[name] = srv.Credential(t, name)
				}
				count, e := new(openCount), newExecutor(t)
				e.Dial, e.Load.HostConnections = count.dial, most
				const abreast, each = 4, 10 // of each identity
				var all sync.WaitGroup
				for name, c := range credentials {
					for range abreast {
						all.Go(func() {
							for range each {
								resp, err := e.Do(t.Context(), &mtlshttp.Request{URL: srv.URL, Identity: c, Roots: srv.Roots(), Protocol: protocol})
								if assert.NoError(t, err) {
									assert.Equal(t, name, string(resp.Bytes()))
								}
							}
						})
					}
				}
				all.Wait()
				t.Logf("%d requests over %d connections, at most %d at a time", abreast*each*len(credentials), count.all.Load(), count.most.Load())
				assert.LessOrEqual(t, count.most.Load(), int32(most))
				if most > 1 { // with one alone, turns may well alternate between identities each time
					assert.Less(t, count.all.Load(), int32(abreast*each*len(credentials)), "connections serve more than one request")
				}
			})
		}
	}
}

// One identity asks without end; another one, which comes later, is served.
func TestNobodyKeepsAHostToThemselves(t *testing.T) {
	for _, protocol := range []mtlshttp.Protocol{{HTTP: 1}, {HTTP: 2}} {
		srv := startNameServer(t, 0)
		alice, bob := srv.Credential(t, "alice"), srv.Credential(t, "bob")
		e := newExecutor(t)
		e.Load.HostConnections = 1
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for ctx.Err() == nil {
					_, err := e.Do(t.Context(), &mtlshttp.Request{URL: srv.URL, Identity: alice, Roots: srv.Roots(), Protocol: protocol})
					assert.NoError(t, err)
				}
			})
		}
		for range 5 {
			resp, err := e.Do(t.Context(), &mtlshttp.Request{URL: srv.URL, Identity: bob, Roots: srv.Roots(), Protocol: protocol})
			if assert.NoError(t, err) {
				assert.Equal(t, "bob", string(resp.Bytes()))
			}
		}
		cancel()
		all.Wait()
	}
}

func TestRequestsASecondToAHost(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/from" {
			http.Redirect(w, r, "/to", http.StatusFound)
		}
	}))
	defer srv.Close()
	e := newExecutor(t)
	e.Load = mtlshttp.LoadPolicy{HostRate: 20, HostBurst: 2}
	begun := time.Now()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			_, err := e.Do(t.Context(), &mtlshttp.Request{URL: srv.URL + "/from"})
			assert.NoError(t, err)
		})
	}
	all.Wait()
	const hops, burst, every = 8, 2, time.Second / 20
	assert.GreaterOrEqual(t, time.Since(begun), (hops-burst)*every, "each hop is a request")

	slow := newExecutor(t)
	slow.Load = mtlshttp.LoadPolicy{HostRate: 0.001}
	_, err := slow.Do(t.Context(), &mtlshttp.Request{URL: srv.URL})
	require.NoError(t, err)
	slow.Load = mtlshttp.LoadPolicy{} // fixed since the first use
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = slow.Do(ctx, &mtlshttp.Request{Method: "POST", URL: srv.URL})
	f := failureOf(t, err)
	assert.Equal(t, mtlshttp.KindTimeout, f.Kind, "%v", err)
	assert.Equal(t, "host-rate", f.Reason)
	assert.EqualValues(t, "connect", f.Phase)
	assert.True(t, f.Retryable)

	client, err := e.Client(t.Context(), &mtlshttp.Request{URL: srv.URL})
	require.NoError(t, err)
	begun = time.Now()
	for range 4 {
		resp, err := client.Get(srv.URL)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
	}
	assert.GreaterOrEqual(t, time.Since(begun), every, "clients that are handed out keep to it too")
}

// half says what it is asked for, and the second half once it is let go.
func half(size int, announced bool, let <-chan struct{}) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if announced {
			w.Header().Set("Content-Length", fmt.Sprint(size))
		}
		_, _ = w.Write(make([]byte, size/2))
		_ = http.NewResponseController(w).Flush()
		select {
		case <-let:
		case <-r.Context().Done():
		}
		_, _ = w.Write(make([]byte, size-size/2))
	})
}

// The bodies that are in memory share what there is of it: who needs more than is
// left is refused, and as soon as others are done there is room again.
func TestMemoryOfManyBodies(t *testing.T) {
	const kib = 1 << 10
	for _, announced := range []bool{true, false} {
		let := make(chan struct{})
		srv := httptest.NewServer(half(600*kib, announced, let))
		t.Cleanup(srv.Close)
		e := newExecutor(t)
		e.Load.Memory = 1 << 20
		errs := make(chan error, 4)
		for range cap(errs) {
			go func() {
				_, err := e.Do(t.Context(), &mtlshttp.Request{URL: srv.URL})
				errs <- err
			}()
		}
		first := <-errs // the halves of all four are more than there is
		require.Error(t, first)
		close(let)
		for _, err := range []error{first, <-errs, <-errs, <-errs} {
			if err != nil {
				f := failureOf(t, err)
				assert.Equal(t, mtlshttp.KindLimit, f.Kind, "%v", err)
				assert.Equal(t, "memory", f.Reason)
				assert.EqualValues(t, "body", f.Phase)
				assert.True(t, f.Retryable)
			}
		}
		for range 5 {
			resp, err := e.Do(t.Context(), &mtlshttp.Request{URL: srv.URL})
			require.NoError(t, err, "there is room again")
			assert.Len(t, resp.Bytes(), 600*kib)
		}
	}
}

// Where nothing is left to begin with, a request waits before it is sent.
func TestWaitsForMemory(t *testing.T) {
	let := make(chan struct{})
	var asked atomic.Int32
	answer := half(10, true, let)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		answer.ServeHTTP(w, r)
	}))
	defer srv.Close()
	e := newExecutor(t)
	e.Load.Memory = 100 << 10
	errs := make(chan error, 2)
	for range cap(errs) {
		go func() {
			_, err := e.Do(t.Context(), &mtlshttp.Request{URL: srv.URL})
			errs <- err
		}()
	}
	assert.Eventually(t, func() bool { return asked.Load() == 1 }, 10*time.Second, time.Millisecond)
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	_, err := e.Do(ctx, &mtlshttp.Request{Method: "POST", URL: srv.URL})
	f := failureOf(t, err)
	assert.Equal(t, mtlshttp.KindTimeout, f.Kind)
	assert.Equal(t, "memory", f.Reason)
	assert.EqualValues(t, "connect", f.Phase)
	assert.True(t, f.Retryable)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	assert.EqualValues(t, 1, asked.Load())

	stream, err := e.Open(t.Context(), &mtlshttp.Request{URL: srv.URL})
	require.NoError(t, err, "what the caller reads is not counted")
	require.NoError(t, stream.Body.Close())
	close(let)
	for range cap(errs) {
		assert.NoError(t, <-errs)
	}
}

func TestLoadPolicyFaults(t *testing.T) {
	for _, l := range []mtlshttp.LoadPolicy{{HostConnections: -1}, {HostRate: -1}, {HostBurst: -1}, {Memory: -1}} {
		e := newExecutor(t)
		e.Load = l
		_, err := e.Do(t.Context(), &mtlshttp.Request{URL: "http://a.test"})
		f := failureOf(t, err)
		assert.Equal(t, mtlshttp.KindConfig, f.Kind)
		assert.Equal(t, "load", f.Field)
	}
}
