package mtlshttp

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mtlshttp/mtlshttp/internal/target"
)

// deadlineTripper bounds each request of a client that is handed out, with its
// redirects and the reading of its body. http.Client.Timeout would put a text
// of its own in the place of our errors.
type deadlineTripper struct {
	http.RoundTripper
	timeout time.Duration
	calls   *calls
}

func (t deadlineTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	deadline := time.Now().Add(t.timeout)
	if before := req.Response; before != nil && before.Request != nil {
		if begun, ok := before.Request.Context().Deadline(); ok {
			deadline = begun // with the first hop
		}
	}
	c := new(call)
	c.begin(req.Context(), deadline, t.calls)
	c.linger()
	resp, err := t.RoundTripper.RoundTrip(req.WithContext(c))
	if err != nil {
		veilURL(req)
	}
	if err != nil || resp.Body == http.NoBody {
		c.end()
		return resp, err
	}
	resp.Body = &deadlineBody{resp.Body, c, target.Redact(req.URL)}
	return resp, nil
}

// veilURL hides the query of what a redirect led to. net/http made that request
// itself and, now that it has failed, only writes its URL into the *url.Error:
// what a server put into a Location, such as a signed link, is not for logs. A
// request of the caller's own stays as it is.
func veilURL(req *http.Request) {
	if req.Response == nil {
		return
	}
	shown, err := url.Parse(target.Redact(req.URL))
	if err != nil {
		shown = new(url.URL)
	}
	*req.URL = *shown
}

// deadlineBody frees the deadline once the body has been read or closed, and
// says so where that ended the reading.
type deadlineBody struct {
	io.ReadCloser
	call *call
	url  string
}

func (b *deadlineBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == nil {
		return n, nil
	}
	if err != io.EOF {
		if e := interrupted(b.call, phaseBody); e != nil {
			e.URL, err = b.url, e
		}
	}
	b.call.end()
	return n, err
}

func (b *deadlineBody) Close() error {
	b.call.end()
	return b.ReadCloser.Close()
}

// call is one use of an executor, from the looking up of names to the end of the
// body: a Do, an Open, a Probe, or one request of a client that was handed out.
// It is the context of what is done for it, and ends with its deadline, with its
// caller's context, or with the executor.
type call struct {
	context.Context
	cancel context.CancelFunc
	calls  *calls
	forget func() bool // ends the watch of one that may be left open; nil: none
	closed atomic.Bool // the executor has ended it
	aside  atomic.Pointer[aside]
}

// calls are those of an executor that are under way. Close ends them through this
// list: a context each that hangs on the executor's costs a request more.
type calls struct {
	mu     sync.Mutex
	closed bool
	open   map[*call]struct{}
}

// begin bounds a call whose executor may be closed already, which then ends it.
func (c *call) begin(ctx context.Context, deadline time.Time, all *calls) {
	c.calls = all
	c.Context, c.cancel = context.WithDeadline(ctx, deadline)
	all.mu.Lock()
	defer all.mu.Unlock()
	if all.open == nil {
		all.open = make(map[*call]struct{})
	}
	all.open[c] = struct{}{}
	if all.closed {
		c.close()
	}
}

// linger has a call that nobody may end leave the list at its deadline.
func (c *call) linger() { c.forget = context.AfterFunc(c.Context, c.leave) }

// end frees what a call holds. It may be called again.
func (c *call) end() {
	if c.forget != nil {
		c.forget()
	}
	c.cancel()
	c.leave()
}

func (c *call) leave() {
	c.calls.mu.Lock()
	defer c.calls.mu.Unlock()
	delete(c.calls.open, c)
}

// close ends a call because its executor ends.
func (c *call) close() {
	c.closed.Store(true)
	c.cancel()
}

// close ends all calls, and each that begins later. No file of theirs is left
// that is not in its place.
func (a *calls) close() {
	for _, file := range a.abort() {
		file.remove()
	}
}

func (a *calls) abort() (files []*aside) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
	for c := range a.open {
		c.close()
		if file := c.aside.Load(); file != nil {
			files = append(files, file)
		}
	}
	return files
}

type callKey struct{}

// Value finds the call itself, too.
func (c *call) Value(key any) any {
	if key == (callKey{}) {
		return c
	}
	return c.Context.Value(key)
}

func callOf(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

// wasClosed says whether it was the executor that ended a context.
func wasClosed(ctx context.Context) bool {
	c := callOf(ctx)
	return c != nil && c.closed.Load() && !errors.Is(ctx.Err(), context.DeadlineExceeded)
}

// unresolved is the error of a look-up of names: what ended the context goes
// before whatever the source made of that.
func unresolved(ctx context.Context, err error) error {
	if e := interrupted(ctx, phaseResolve); e != nil {
		return e
	}
	return err
}
