package mtlshttp

import (
	"context"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/mtlshttp/mtlshttp/internal/wire"
)

// Executor sends requests. It keeps the connections, one pool for each TLS
// setting, so a process needs one. The zero value works; its fields are fixed
// after the first use. It is safe for concurrent use.
type Executor struct {
	// Credentials resolves the names in requests; nil: a name is a fault.
	// *Keychain implements it.
	Credentials CredentialSource
	// Secrets resolves the names of secrets in requests; nil: such a name is a
	// fault.
	Secrets SecretSource
	// Jars resolves the names of jars in requests; nil: such a name is a fault.
	Jars JarSource
	// Files is where the file names in documents lead; nil: they are refused.
	Files fs.FS
	// Limits bound what a request may cost; a zero field: its default.
	Limits Limits
	// Proxy is what connections are made through; nil: none, whatever the
	// environment says.
	Proxy *Proxy
	// Egress says what may be connected to; nil: everything. PublicOnly is
	// for requests that strangers wrote.
	Egress *EgressPolicy
	// Retry says what Do sends again; nil: nothing. (A kept connection that
	// was closed meanwhile is replaced in any case, if nothing was sent; and
	// once, a 421 is tried on another connection, and over HTTP/1.1 what the
	// server does not want over HTTP/2.)
	Retry *RetryPolicy
	// Load bounds what is done at one time: connections and requests at a
	// host, bytes in memory; zero: nothing is bounded.
	Load LoadPolicy
	// Dial makes the raw connections; nil: a net.Dialer. A panic in it, or in
	// anything else that is called while dialing, is an error of kind config
	// and reason panic, as is one in Request.Progress of an upload; one in a
	// body's reader, or its Close, is of kind body-source; one in Wrap, Logger
	// or a source, or in Progress of a download, is the caller's of Do.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Wrap stands around the transport, once for each hop, inside redirects
	// and cookies: for tracing and metrics. It must keep the request's
	// context and origin: one for another is an error of kind config and
	// reason wrap, for identity and policy were those of the first. Nil:
	// nothing.
	Wrap func(http.RoundTripper) http.RoundTripper
	// Observe is told of each attempt when it has ended, and of each request
	// that is refused before; Metrics.Observe counts them. It is called within
	// Do, at once by many, and should be quick. Nil: nobody is told.
	Observe func(ctx context.Context, e Event)
	// Logger gets one event for each attempt, at level info where an answer
	// came and warn where not, and one for each hop at level debug, with the
	// attributes of docs/observability.md; nil: none.
	Logger *slog.Logger
	// Clock says what time it is, for certificates and cookies; nil: time.Now.
	Clock func() time.Time

	egress *egressGuard // what Egress says
	load   loadBounds   // what Load says

	calls   calls
	once    sync.Once
	limits  Limits // what Limits says
	history history
	broken  *Error                         // a configuration that cannot work
	ignored func(host, port string) string // see ignoredProxy
	pool    *wire.Pool
	inner   http.RoundTripper
}

// Session is the frame of one scenario, tenant or workflow run: requests of a
// session share its jar. It is cheap and shares the executor's connections.
type Session struct {
	// Executor sends; nil is a fault.
	Executor *Executor
	// Credentials resolves names; nil: the executor's.
	Credentials CredentialSource
	// Secrets resolves names of secrets; nil: the executor's.
	Secrets SecretSource
	// Platform names the identity that Request.UseMutualTLS presents.
	Platform string
	// Jar keeps the cookies of requests with ShareCookies that name no jar of
	// their own; nil makes that a fault.
	Jar *Jar
	// Jars resolves names of jars; nil: the executor's.
	Jars JarSource
}

// Do sends one request by an executor of its own, which it closes.
func Do(ctx context.Context, r *Request) (*Response, error) {
	e := new(Executor)
	resp, err := e.Do(ctx, r)
	if closeErr := e.Close(); err == nil && closeErr != nil {
		err = closeErr
	}
	return resp, err
}

// Do sends the request and returns the bundle, which is not nil beside an error
// once a status line arrived. Every error is an *Error. r is not modified.
func (e *Executor) Do(ctx context.Context, r *Request) (*Response, error) {
	return (&Session{Executor: e}).Do(ctx, r)
}

// Client builds the *http.Client that Do would use: identity by origin,
// verification, redirect policy, cookies, deadline and limits. Of the request's
// content it applies the headers and auth alone, on its own origin alone. Its
// errors are *url.Error around *Error. The text of the former has the URL that
// the client's caller gave, without a password but with its query; what a
// redirect led to is redacted there as it is in Error, whose text alone is fit
// for every log.
func (e *Executor) Client(ctx context.Context, r *Request) (*http.Client, error) {
	return (&Session{Executor: e}).Client(ctx, r)
}

// Close aborts what is under way, closes the connections and waits. Later calls
// and clients that were handed out answer with kind closed. It is idempotent.
func (e *Executor) Close() error {
	e.init()
	e.pool.Abort()
	e.calls.close() // what the pool has ended is told as closed by now
	e.pool.Close()
	return nil
}

func (e *Executor) init() {
	e.once.Do(func() {
		e.limits = e.Limits.withDefaults()
		var proxy *wire.Proxy
		if proxy, e.broken = e.Proxy.prepare(e.clock()); e.broken != nil {
			proxy = nil // every request is refused with it
		}
		var invalid *Error
		if e.egress, invalid = e.Egress.prepare(); e.broken == nil {
			e.broken = invalid
		}
		if e.broken == nil {
			e.broken = e.Retry.fault()
		}
		if e.broken == nil {
			e.broken = e.Load.fault()
		}
		e.load = e.Load.prepare()
		e.pool = wire.NewPool(wire.Dialer{Dial: e.Dial, Guard: e.egress.dialed(), Timeout: e.limits.Dial, Slots: e.load.connections}, proxy)
		e.ignored = ignoredProxy()
		e.inner = wire.Dispatch
		if e.Wrap != nil {
			e.inner = e.Wrap(tripper(dispatchHop))
		}
	})
}

func (e *Executor) clock() func() time.Time {
	if e.Clock != nil {
		return e.Clock
	}
	return time.Now
}

// Do is Executor.Do with the session's jar, platform identity and names.
func (s *Session) Do(ctx context.Context, r *Request) (*Response, error) {
	p, perr := s.plan(ctx, r)
	if perr != nil {
		return nil, s.refused(ctx, r, perr)
	}
	defer p.call.end()
	p.progress = newReporter(r.Progress)
	defer p.progress.end()
	return p.do(&p.call)
}

// Client is Executor.Client with the session's jar, platform identity and
// names.
func (s *Session) Client(ctx context.Context, r *Request) (*http.Client, error) {
	p, perr := s.plan(ctx, r)
	if perr != nil {
		return nil, perr
	}
	p.call.end()
	p.call.Context, p.call.cancel = nil, nil // the client outlives them
	p.handedOut = true
	client := p.client()
	client.Transport = deadlineTripper{client.Transport, r.timeout(), &p.executor.calls}
	return client, nil
}
