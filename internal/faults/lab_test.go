package faults_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/canaries"
	"github.com/mtlshttp/mtlshttp/internal/slack"
)

// faultRow is one fault, by its id in the list of faults, with what must come
// of it. It runs over http and https.
type faultRow struct {
	name    string // begins with the id
	scheme  string // empty: both
	script  func(*peer)
	request func(*mtlshttp.Request)
	change  func(*faultLab)
	// prepare makes change and request anew for each run.
	prepare func() (func(*faultLab), func(*mtlshttp.Request))
	within  time.Duration // the context's deadline, in virtual time; 0: none

	kind   mtlshttp.Kind // empty: success
	kinds  []mtlshttp.Kind
	either bool   // success or error: check says
	reason string // empty: any
	phase  []mtlshttp.Phase
	again  bool   // Retryable
	status int    // of the bundle; 0: 200 for a success, none for an error; -1: 0
	body   string // of the bundle
	check  func(t *testing.T, l *faultLab, resp *mtlshttp.Response, err *mtlshttp.Error)
}

func runFaults(t *testing.T, rows []faultRow) {
	nothingLeft(t)
	for _, row := range rows {
		for _, scheme := range []string{"http", "https"} {
			if row.scheme != "" && row.scheme != scheme {
				continue
			}
			t.Run(row.name+" over "+scheme, func(t *testing.T) {
				t.Parallel()
				inTime(t, row.within, func(t *testing.T, begin beginLab) { row.run(t, scheme, begin) })
			})
		}
	}
}

// beginLab makes a lab whose server runs scripts.
type beginLab func(t *testing.T, scripts ...func(*peer)) *faultLab

// inTime runs what a deadline ends in virtual time, where it cannot come before the
// fault does, however slow the machine is. What has no deadline runs over sockets.
func inTime(t *testing.T, deadline time.Duration, run func(t *testing.T, begin beginLab)) {
	if deadline > 0 {
		synctest.Test(t, func(t *testing.T) { run(t, bubble) })
		return
	}
	run(t, func(t *testing.T, scripts ...func(*peer)) *faultLab {
		return newFaultLab(t, serveFaults(t, scripts...))
	})
}

func (row faultRow) run(t *testing.T, scheme string, begin beginLab) {
	if row.prepare != nil {
		row.change, row.request = row.prepare()
	}
	var scripts []func(*peer)
	if row.script != nil {
		scripts = append(scripts, row.script)
	}
	l := begin(t, scripts...)
	if row.change != nil {
		row.change(l)
	}
	r := l.request(scheme + "://fault.test/broken")
	if row.request != nil {
		row.request(r)
	}
	ctx := t.Context()
	if row.within > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, row.within)
		defer cancel()
	}
	begun := time.Now()
	resp, err := l.Do(ctx, r)
	if row.within > 0 {
		assert.InDelta(t, row.within, time.Since(begun), float64(promptly))
	}
	row.judge(t, l, resp, err)
	l.nothingLeaked(resp, err, scheme)
}

func (row *faultRow) judge(t *testing.T, l *faultLab, resp *mtlshttp.Response, err error) {
	var f *mtlshttp.Error
	if row.either {
		if err != nil {
			f = failureOf(t, err)
		}
	} else if row.kind == "" && row.kinds == nil {
		require.NoError(t, err)
		assert.Equal(t, max(row.status, 200), resp.StatusCode)
		row.sameBody(t, resp)
	} else {
		f = failureOf(t, err)
		if row.kinds == nil {
			row.kinds = []mtlshttp.Kind{row.kind}
		}
		require.Contains(t, row.kinds, f.Kind, "%v", err)
		if row.reason != "" {
			assert.Equal(t, row.reason, f.Reason, "%v", err)
		}
		assert.NotEmpty(t, f.Phase)
		if row.phase != nil {
			assert.Contains(t, row.phase, f.Phase, "%v", err)
		}
		assert.Equal(t, row.again, f.Retryable, "retryable: %v", err)
		assert.Equal(t, f.Kind == mtlshttp.KindTimeout, f.Timeout())
		if row.status == 0 {
			assert.Nil(t, resp)
		} else if assert.NotNil(t, resp) {
			assert.Equal(t, max(row.status, 0), resp.StatusCode)
			row.sameBody(t, resp)
			assert.Same(t, resp, f.Response)
		}
	}
	if row.check != nil {
		row.check(t, l, resp, f)
	}
}

// sameBody compares what came of a body; "*" stands for anything.
func (row *faultRow) sameBody(t *testing.T, resp *mtlshttp.Response) {
	t.Helper()
	if row.body != "*" {
		assert.Equal(t, row.body, string(resp.Bytes()))
	}
}

// faultLab is an executor that is watched: its connections, its log and the
// bodies that it reads.
type faultLab struct {
	*mtlshttp.Executor
	t      testing.TB
	server *faultServer
	log    bytes.Buffer
	bodies []*watchedBody
	asked  atomic.Bool     // its name server answers well from now on
	over   <-chan struct{} // the end of the request's context, where a test sets it

	mu    sync.Mutex
	conns map[*watchedConn]bool // true: open
}

// faultCanaries must be seen by the server alone.
var faultCanaries = []string{canaries.BasicPassword, canaries.QueryKey, canaries.APIKey, canaries.Cookie}

func newFaultLab(t testing.TB, s *faultServer) *faultLab {
	l := &faultLab{Executor: new(mtlshttp.Executor), t: t, server: s, conns: map[*watchedConn]bool{}}
	l.Logger = slog.New(slog.NewTextHandler(&l.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	l.watch(s.dial)
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// watch has the executor dial by a function, and counts what that opens.
func (l *faultLab) watch(dial func(ctx context.Context, network, address string) (net.Conn, error)) {
	l.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		w := &watchedConn{Conn: conn, lab: l}
		l.mu.Lock()
		defer l.mu.Unlock()
		l.conns[w] = true
		return w, nil
	}
}

// watchedConn tells when it is closed.
type watchedConn struct {
	net.Conn
	lab *faultLab
}

func (c *watchedConn) Close() error {
	c.lab.mu.Lock()
	c.lab.conns[c] = false
	c.lab.mu.Unlock()
	return c.Conn.Close()
}

// openConns counts the connections that have not been closed.
func (l *faultLab) openConns() (open int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, is := range l.conns {
		if is {
			open++
		}
	}
	return open
}

func (l *faultLab) dialed() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.conns)
}

// request is a GET with a canary in every place of a secret.
func (l *faultLab) request(url string) *mtlshttp.Request {
	return &mtlshttp.Request{URL: url + "?api_key=" + canaries.QueryKey, Roots: l.server.ca.Roots(),
		Auth:    &mtlshttp.BasicAuth{User: "user", Password: canaries.BasicPassword},
		Headers: []mtlshttp.Header{{Name: "X-Api-Key", Value: canaries.APIKey}, {Name: "Cookie", Value: "sid=" + canaries.Cookie}}}
}

// upload makes a request's body one that is watched.
func (l *faultLab) upload(r *mtlshttp.Request, from io.Reader, length int64) {
	b := &watchedBody{r: from}
	l.bodies = append(l.bodies, b)
	r.Method, r.Body = http.MethodPost, mtlshttp.Reader("text/plain", b, length)
}

// watchedBody is a request body that knows when it must not be read any more.
type watchedBody struct {
	r        io.Reader
	returned atomic.Bool
	late     atomic.Int32
}

func (b *watchedBody) Read(p []byte) (int, error) {
	if b.returned.Load() {
		b.late.Add(1)
	}
	return b.r.Read(p)
}

// nothingLeaked is the check that ends every row: no secret in anything that
// can be printed, the executor serves the next request, and its end leaves no
// connection. Goroutines and descriptors are counted once, see nothingLeft.
func (l *faultLab) nothingLeaked(resp *mtlshttp.Response, err error, scheme string) {
	t := l.t
	t.Helper()
	for _, b := range l.bodies {
		b.returned.Store(true)
	}
	l.noSecrets(resp, err)
	if scheme != "" {
		ctx, cancel := context.WithTimeout(t.Context(), slack.For(20*time.Second))
		defer cancel()
		resp, err := l.Do(ctx, l.request(scheme+"://fault.test/next"))
		if assert.NoError(t, err, "the next request") {
			assert.Equal(t, "fine", string(resp.Bytes()), "the next request")
		}
	}
	require.NoError(t, l.Close())
	assert.Eventually(t, func() bool { return l.openConns() == 0 }, slack.For(10*time.Second), time.Millisecond, "connections stay open")
	for _, b := range l.bodies {
		if c, ok := b.r.(io.Closer); ok {
			_ = c.Close() // lets a read that blocks come back
		}
		assert.Zero(t, b.late.Load(), "the body was read after the end")
	}
	l.noSecrets(nil, nil)
}

func (l *faultLab) noSecrets(resp *mtlshttp.Response, err error) {
	l.t.Helper()
	texts := []string{l.log.String()}
	for _, v := range []any{err, resp} {
		texts = append(texts, fmt.Sprintf("%v %+v %#v", v, v, v))
		if data, err := json.Marshal(v); assert.NoError(l.t, err) {
			texts = append(texts, string(data))
		}
	}
	for _, canary := range faultCanaries {
		assert.NotContains(l.t, strings.Join(texts, "\n"), canary)
	}
}

// nothingLeft compares goroutines, descriptors and temporary files once all
// subtests of a test have ended.
func nothingLeft(t *testing.T) {
	goroutines := goleak.IgnoreCurrent()
	warmUp(t)
	before, files := descriptors(t), temporary(t)
	t.Cleanup(func() {
		assert.NoError(t, goleak.Find(goroutines))
		assert.Eventually(t, func() bool { return descriptors(t) <= before }, slack.For(time.Second), 10*time.Millisecond,
			"%d descriptors, before %d", descriptors(t), before)
		assert.Equal(t, files, temporary(t))
	})
}

// warmUp makes the runtime open what it keeps open for the network.
func warmUp(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
}

// descriptors counts this process's open ones; 0 where the system does not tell.
func descriptors(t testing.TB) int {
	if runtime.GOOS != "linux" {
		return 0
	}
	entries, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(entries)
}

// temporary lists the files that could be ours.
func temporary(t testing.TB) []string {
	entries, err := os.ReadDir(os.TempDir())
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		if strings.Contains(e.Name(), "mtlshttp") && e.Type().IsRegular() {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names
}
