package faults_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/canaries"
	"github.com/mtlshttp/mtlshttp/internal/slack"
)

// endPoint is a place where a request can be when its context ends.
type endPoint struct {
	name   string
	scheme string
	script func(*peer)
	change func(*faultLab, *mtlshttp.Request)
	phase  []mtlshttp.Phase
	status int  // of the bundle beside the error
	before bool // the context has ended before Do
	lookup bool // it is in the look-up of the name
}

var errGaveUp = errors.New("the user went home")

func endPoints() []endPoint {
	half := okLine + "Content-Length: 8\r\n\r\nhalf"
	return []endPoint{
		{name: "before Do", before: true},
		{name: "in the look-up", lookup: true, phase: []mtlshttp.Phase{"dns"}, change: func(l *faultLab, _ *mtlshttp.Request) {
			resolves(func(q []byte) []byte {
				if l.asked.Load() {
					return dnsReply(q, 0, typeA, []byte{127, 0, 0, 1})
				}
				return nil
			})(l)
		}},
		{name: "while connecting", phase: []mtlshttp.Phase{"connect"}, change: func(l *faultLab, _ *mtlshttp.Request) {
			once(func(ctx context.Context) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() })(l)
		}},
		{name: "in the handshake", scheme: "https", script: func(p *peer) { p.stall() }, phase: []mtlshttp.Phase{"tls"}},
		{name: "writing headers", scheme: "http", script: func(p *peer) { p.stall() }, phase: []mtlshttp.Phase{"write-headers"},
			change: func(l *faultLab, r *mtlshttp.Request) {
				slow := l.Dial
				l.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
					conn, err := slow(ctx, network, address)
					if err == nil && !l.asked.Load() {
						if tcp, ok := conn.(*watchedConn).Conn.(*net.TCPConn); ok {
							err = tcp.SetWriteBuffer(4096)
						}
					}
					return conn, err
				}
				l.Limits.HeaderBytes = 64 << 20
				r.Headers = append(r.Headers, mtlshttp.Header{Name: "X-Long", Value: strings.Repeat("x", 16<<20)})
			}},
		{name: "writing the body", script: func(p *peer) { p.head(); p.stall() }, phase: []mtlshttp.Phase{"write-body"},
			change: func(l *faultLab, r *mtlshttp.Request) { l.upload(r, octets(large), large) }},
		{name: "writing a body whose reader blocks", script: func(p *peer) { p.head(); p.stall() }, phase: []mtlshttp.Phase{"write-body"},
			change: func(l *faultLab, r *mtlshttp.Request) { l.upload(r, neverRead(), 0) }},
		{name: "waiting", script: func(p *peer) { p.request(); p.stall() }, phase: []mtlshttp.Phase{"wait"}},
		{name: "in headers", script: func(p *peer) { p.request(); p.say(okLine + "X-A: "); p.stall() }, phase: []mtlshttp.Phase{"headers"}},
		{name: "in the body", script: func(p *peer) { p.request(); p.say(half); p.stall() }, phase: []mtlshttp.Phase{"body"}, status: 200},
		{name: "while decoding", script: func(p *peer) {
			p.request()
			p.say(okLine + "Content-Encoding: gzip\r\n\r\n" + gz(strings.Repeat("x", 1000))[:15])
			p.stall()
		}, change: func(_ *faultLab, r *mtlshttp.Request) { r.Compressed = true }, phase: []mtlshttp.Phase{"body", "decode"}, status: 200},
		{name: "while parsing", script: answers(okLine + "Content-Type: application/json\r\nContent-Length: 3\r\n\r\n[1]"),
			change: func(l *faultLab, r *mtlshttp.Request) {
				r.Parse = true
				r.Progress = func(p mtlshttp.Progress) {
					if !p.Upload && p.Bytes == p.Total {
						<-l.over                     // all is there, and is still to be parsed
						time.Sleep(time.Millisecond) // the end has reached the contexts below
					}
				}
			}, phase: []mtlshttp.Phase{"parse"}, status: 200},
		{name: "after a redirect", script: func(p *peer) {
			p.request()
			p.say("HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n")
			p.request()
			p.stall()
		}, phase: []mtlshttp.Phase{"wait"}},
		{name: "in a redirect's body", script: func(p *peer) {
			p.request()
			p.say("HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 8\r\n\r\nhalf")
			p.stall()
		}, change: func(l *faultLab, _ *mtlshttp.Request) {
			serve := l.Dial
			l.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				if l.dialed() == 1 && !l.asked.Load() {
					<-ctx.Done()
					return nil, ctx.Err()
				}
				return serve(ctx, network, address)
			}
		}, phase: []mtlshttp.Phase{"connect", "redirect"}},
		{name: "before another try", script: answers("HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n"), phase: []mtlshttp.Phase{"backoff"}, status: 503,
			change: func(l *faultLab, _ *mtlshttp.Request) {
				l.Retry = &mtlshttp.RetryPolicy{Delay: time.Minute, MaxDelay: time.Minute}
			}},
		{name: "in another try", script: answers("HTTP/1.1 503 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"), phase: []mtlshttp.Phase{"connect"},
			change: func(l *faultLab, _ *mtlshttp.Request) {
				l.Retry = &mtlshttp.RetryPolicy{Delay: time.Millisecond}
				serve := l.Dial
				l.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
					if l.dialed() == 1 && !l.asked.Load() {
						<-ctx.Done()
						return nil, ctx.Err()
					}
					return serve(ctx, network, address)
				}
			}},
	}
}

// ending is what ends a request from outside.
type ending struct {
	id, name string
	begin    func(context.Context, time.Duration) (context.Context, context.CancelFunc)
	kind     mtlshttp.Kind
	is       error
}

func endings() []ending {
	return []ending{
		{"FLT-51", "cancelled", func(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			timer := time.AfterFunc(d, cancel)
			return ctx, func() { timer.Stop(); cancel() }
		}, mtlshttp.KindCanceled, context.Canceled},
		{"FLT-52", "deadline", context.WithTimeout, mtlshttp.KindTimeout, context.DeadlineExceeded},
		{"FLT-53", "cancelled with a cause", func(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancelCause(ctx)
			timer := time.AfterFunc(d, func() { cancel(errGaveUp) })
			return ctx, func() { timer.Stop(); cancel(nil) }
		}, mtlshttp.KindCanceled, errGaveUp},
	}
}

// What ends a context at any point is told with its kind, phase and cause. All
// points are at once: they wait, for long enough that each is where it should be.
func TestFaultsOfEnds(t *testing.T) {
	nothingLeft(t)
	after := slack.For(4 * time.Second)
	var all sync.WaitGroup
	defer all.Wait()
	for _, end := range endings() {
		for _, point := range endPoints() {
			all.Go(func() {
				t.Run(end.id+" "+end.name+" "+point.name, func(t *testing.T) {
					scheme := "http"
					if point.scheme != "" {
						scheme = point.scheme
					}
					l := newFaultLab(t, serveFaults(t, point.scripts()...))
					r := l.request(scheme + "://fault.test/broken")
					if point.change != nil {
						point.change(l, r)
					}
					wait := after
					if point.lookup {
						wait = min(after, 3*time.Second) // net's own patience is 5 s
					}
					late := point.endedBy(t, end, l, r, scheme, wait)
					t.Logf("returned %v after the end", late)
					assert.Less(t, late, slack.For(10*time.Second)) // that it is prompt is measured in a bubble
				})
			})
		}
	}
}

// scripts is what the first connection does.
func (point *endPoint) scripts() []func(*peer) {
	if point.script == nil {
		return nil
	}
	return []func(*peer){point.script}
}

// endedBy sends a request that ends after a wait, or before it is sent, and says
// how late it came back.
func (point *endPoint) endedBy(t *testing.T, end ending, l *faultLab, r *mtlshttp.Request, scheme string, wait time.Duration) (late time.Duration) {
	if point.before {
		wait = 0
	}
	ctx, cancel := end.begin(t.Context(), wait)
	defer cancel()
	if point.before {
		<-ctx.Done()
	}
	l.over = ctx.Done()
	begun := time.Now()
	resp, err := l.Do(ctx, r)
	late = time.Since(begun) - wait
	point.judge(t, end, resp, err)
	l.asked.Store(true)
	l.nothingLeaked(resp, err, scheme)
	return late
}

// judge holds what a request came back with against how it was ended, and where.
func (point *endPoint) judge(t *testing.T, end ending, resp *mtlshttp.Response, err error) {
	t.Helper()
	f := failureOf(t, err)
	require.Equal(t, end.kind, f.Kind, "%v", err)
	require.ErrorIs(t, err, end.is)
	assert.Equal(t, end.kind == mtlshttp.KindTimeout, f.Timeout())
	assert.NotEmpty(t, f.Phase)
	if point.phase != nil {
		assert.Contains(t, point.phase, f.Phase, "%v", err)
	}
	if point.status != 0 && assert.NotNil(t, resp) {
		assert.Equal(t, point.status, resp.StatusCode)
	}
}

func TestFaultsOfExecutors(t *testing.T) {
	nothingLeft(t)
	t.Run("FLT-54 timeouts", func(t *testing.T) {
		for _, d := range []time.Duration{-1, 1, 999 * time.Millisecond, 301 * time.Second} {
			f := failureOf(t, (&mtlshttp.Request{URL: "http://fault.test", Timeout: d}).Validate())
			assert.Equal(t, mtlshttp.KindConfig, f.Kind, d)
			assert.Equal(t, "timeout", f.Field, d)
		}
		for _, d := range []time.Duration{0, time.Second, 1500 * time.Millisecond, 300 * time.Second} {
			require.NoError(t, (&mtlshttp.Request{URL: "http://fault.test", Timeout: d}).Validate(), d)
		}
		for text, valid := range map[string]bool{"0": false, "-1": false, "301": false, "1": true, "300": true} {
			var r mtlshttp.Request
			err := json.Unmarshal([]byte(`{"url":"http://fault.test","timeout":`+text+`}`), &r)
			if err == nil {
				err = r.Validate()
			}
			assert.Equal(t, valid, err == nil, "%s: %v", text, err)
		}
	})
	t.Run("FLT-55 closed with a hundred requests under way", func(t *testing.T) {
		var scripts []func(*peer)
		for range 100 {
			scripts = append(scripts, func(p *peer) { p.request(); p.stall() })
		}
		l := newFaultLab(t, serveFaults(t, scripts...))
		var all sync.WaitGroup
		errs := make([]error, 100)
		for i := range errs {
			all.Go(func() { _, errs[i] = l.Do(t.Context(), l.request("http://fault.test/")) })
		}
		assert.Eventually(t, func() bool { return l.server.accepted.Load() == 100 }, 10*time.Second, time.Millisecond)
		require.NoError(t, l.Close())
		all.Wait()
		for _, err := range errs {
			assert.Equal(t, mtlshttp.KindClosed, failureOf(t, err).Kind)
		}
		l.nothingLeaked(nil, errs[0], "")
	})
	t.Run("FLT-56 a dial that panics", func(t *testing.T) {
		l := newFaultLab(t, serveFaults(t))
		once(func(context.Context) (net.Conn, error) { panic(canaries.BasicPassword) })(l)
		resp, err := l.Do(t.Context(), l.request("http://fault.test/"))
		f := failureOf(t, err)
		assert.Equal(t, mtlshttp.KindConfig, f.Kind)
		assert.Equal(t, "panic", f.Reason)
		assert.False(t, f.Retryable)
		l.nothingLeaked(resp, err, "http")
	})
	t.Run("FLT-56 a wrapper that panics", func(t *testing.T) {
		l := newFaultLab(t, serveFaults(t))
		first := true
		l.Wrap = func(next http.RoundTripper) http.RoundTripper {
			return roundTrip(func(r *http.Request) (*http.Response, error) {
				if first {
					first = false
					panic("mine")
				}
				return next.RoundTrip(r)
			})
		}
		r := l.request("http://fault.test/")
		l.upload(r, octets(large), large)
		assert.PanicsWithValue(t, "mine", func() { _, _ = l.Do(t.Context(), r) }, "it is the caller's own")
		l.nothingLeaked(nil, nil, "http")
	})
	t.Run("FLT-76 one request many times", func(t *testing.T) {
		rounds, abreast := 1000, 100
		if os.Getenv("MTLSHTTP_INTEGRATION") != "" {
			rounds, abreast = 10_000, 1000
		}
		l := newFaultLab(t, serveFaults(t))
		l.Logger = nil
		r := l.request("http://fault.test/")
		for range 50 {
			_, err := l.Do(t.Context(), r)
			require.NoError(t, err)
		}
		goroutines, files, heap := runtime.NumGoroutine(), descriptors(t), heapInUse()
		for range rounds {
			resp, err := l.Do(t.Context(), r)
			require.NoError(t, err)
			require.Equal(t, "fine", string(resp.Bytes()))
		}
		assert.LessOrEqual(t, runtime.NumGoroutine(), goroutines+5)
		assert.LessOrEqual(t, descriptors(t), files+5)
		grown := int64(heapInUse()) - int64(heap)
		t.Logf("after %d requests the heap has %d bytes more than %d", rounds, grown, heap)
		assert.Less(t, grown, int64(1<<20))
		// net/http keeps a connection a moment after its body has been read: a
		// request that is quicker makes one of its own.
		assert.LessOrEqual(t, l.dialed(), rounds/100)
		var all sync.WaitGroup
		for range abreast {
			all.Go(func() {
				resp, err := l.Do(t.Context(), r)
				if assert.NoError(t, err) {
					assert.Equal(t, "fine", string(resp.Bytes()))
				}
			})
		}
		all.Wait()
		l.nothingLeaked(nil, nil, "http")
	})
	t.Run("FLT-79 the clock jumps", func(t *testing.T) {
		for _, jump := range []time.Duration{time.Hour, -time.Hour} {
			l := newFaultLab(t, serveFaults(t, func(p *peer) { p.request(); p.wait(50 * time.Millisecond); p.say(fine); p.request(); p.stall() }))
			var mu sync.Mutex
			calls := time.Duration(0)
			l.Clock = func() time.Time {
				mu.Lock()
				defer mu.Unlock()
				calls++
				return time.Now().Add(jump * (calls % 2))
			}
			resp, err := l.Do(t.Context(), l.request("http://fault.test/"))
			require.NoError(t, err)
			assert.Equal(t, "fine", string(resp.Bytes()))
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			_, err = l.Do(ctx, l.request("http://fault.test/"))
			cancel()
			assert.Equal(t, mtlshttp.KindTimeout, failureOf(t, err).Kind)
			l.nothingLeaked(nil, err, "http")
		}
	})
	t.Run("FLT-80 the environment changes", func(t *testing.T) {
		l := newFaultLab(t, serveFaults(t))
		_, err := l.Do(t.Context(), l.request("http://fault.test/"))
		require.NoError(t, err)
		for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"} {
			t.Setenv(name, "http://127.0.0.1:1")
		}
		for _, scheme := range []string{"http", "https"} {
			_, err = l.Do(t.Context(), l.request(scheme+"://other.test/"))
			require.NoError(t, err)
		}
		l.nothingLeaked(nil, nil, "https")
	})
	t.Run("FLT-81 a name that moves", func(t *testing.T) {
		there := serveFaults(t)
		l := newFaultLab(t, serveFaults(t))
		for range 3 {
			_, err := l.Do(t.Context(), l.request("http://fault.test/"))
			require.NoError(t, err)
			l.watch(there.dial)
		}
		assert.EqualValues(t, 1, l.server.accepted.Load(), "the connection is kept")
		assert.Zero(t, there.accepted.Load())
		l.nothingLeaked(nil, nil, "http")
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func heapInUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
