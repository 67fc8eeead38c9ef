package mtlshttp

import (
	"context"
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"github.com/mtlshttp/mtlshttp/internal/content"
	"github.com/mtlshttp/mtlshttp/internal/keyfile"
	"github.com/mtlshttp/mtlshttp/internal/load"
	"github.com/mtlshttp/mtlshttp/internal/target"
	"github.com/mtlshttp/mtlshttp/internal/wire"
)

// plan is a request made ready: validated, its names resolved, everything that
// can be refused refused. It is what the *http.Client is built from.
type plan struct {
	executor *Executor
	request  *Request
	limits   *Limits
	jar      *Jar
	call     call // of what is planned; a client that was handed out makes more

	target     *target.Target
	origin     target.Origin
	secrets    *secretValues // that the request names; nil: none
	payload    *payload
	trust      trust
	identities []boundIdentity
	origins    []target.Pattern // that the request allows
	few        [1]boundIdentity // where identities mostly has room enough
	first      hopState         // of the first try

	progress  *reporter
	held      *http.Response // by hold
	share     *load.Share    // of the executor's memory
	handedOut bool           // to a caller of Client
	apart     bool           // from connections that others use; see otherwise
	hold      bool           // the response's body, for Open
}

// plan makes a request ready, within its deadline: whoever gets one ends it.
func (s *Session) plan(ctx context.Context, r *Request) (*plan, *Error) {
	if s.Executor == nil {
		return nil, fault(KindConfig, "session", "missing", "the session has no executor")
	}
	if r == nil {
		return nil, fault(KindConfig, "request", "missing", "there is no request")
	}
	e := s.Executor
	e.init()
	if e.pool.Closed() {
		return nil, closedError()
	}
	if e.broken != nil {
		return nil, e.broken
	}
	checked, faults := r.check(e.limits)
	if len(faults) > 0 {
		return nil, joinFaults(faults)
	}
	if r.ShareCookies && r.Jar == "" && s.Jar == nil {
		return nil, fault(KindConfig, "shareCookies", "missing", "the session has no jar to share cookies in")
	}
	p := &plan{executor: e, request: r, limits: &e.limits, jar: s.Jar, target: checked.target}
	if err := r.Output.refused(); err != nil {
		return nil, err
	}
	p.origin = p.target.Origin()
	if r.RequireClientCertificate && p.origin.Scheme != "https" {
		return nil, fault(KindConfig, "requireClientCertificate", "scheme", "http never asks for a certificate")
	}
	var bodyErr error
	if p.payload, bodyErr = r.Body.payload(checked.body, e.Files); bodyErr != nil {
		if e := asError(bodyErr); e != nil {
			return nil, e
		}
		return nil, queryFault("formFields", bodyErr)
	}
	p.call.begin(ctx, time.Now().Add(r.timeout()), &e.calls)
	if err := p.named(s); err != nil {
		return nil, err
	}
	return p, nil
}

// named looks up what the request names, and ends the call where it cannot.
func (p *plan) named(s *Session) *Error {
	begun := false
	defer func() { // a source of the caller's may panic
		if !begun {
			p.call.end()
		}
	}()
	err := p.names(&p.call, s)
	if e := interrupted(&p.call, phaseResolve); e != nil {
		e.URL, e.Retryable = p.target.String(), e.Kind == KindTimeout
		return e
	}
	if err == nil {
		begun = true
		return nil
	}
	if e := asError(err); e != nil {
		return e
	}
	return credentialError("", err)
}

func (p *plan) names(ctx context.Context, s *Session) (err error) {
	if err := p.resolve(ctx, s); err != nil {
		return err
	}
	if err := p.reveal(ctx, s); err != nil {
		return err
	}
	if p.request.Jar != "" {
		p.jar, err = s.namedJar(ctx, p.request.Jar)
	}
	return err
}

// clock says what time it is.
func (p *plan) clock() time.Time { return p.trust.clock() }

// resolve finds what the request names.
func (p *plan) resolve(ctx context.Context, s *Session) error {
	r := p.request
	source := s.Credentials
	if source == nil {
		source = p.executor.Credentials
	}
	roots, err := resolveRoots(ctx, r.Roots, source)
	if err != nil {
		return err
	}
	lists, listErr := parseLists(r.Roots.CRLs)
	if listErr != nil {
		return listErr
	}
	p.trust = newTrust(r, roots, lists, p.executor.clock())
	for _, text := range r.Origins {
		pattern, err := target.ParsePattern(text)
		if err != nil {
			return err // Validate has seen them
		}
		p.origins = append(p.origins, pattern)
	}
	if r.Identity != nil {
		if err := p.bind(r.Identity, nil); err != nil {
			return err
		}
	}
	if r.Credentials != "" {
		if err := p.bindName(ctx, source, "credentials", r.Credentials); err != nil {
			return err
		}
	}
	if r.UseMutualTLS {
		if s.Platform == "" {
			return fault(KindConfig, "useMtls", string(keyfile.NoCredential), "the session has no platform identity")
		}
		if err := p.bindName(ctx, source, "useMtls", s.Platform); err != nil {
			return err
		}
	}
	return nil
}

// reveal finds the secrets that the request names.
func (p *plan) reveal(ctx context.Context, s *Session) (err error) {
	source := s.Secrets
	if source == nil {
		source = p.executor.Secrets
	}
	p.secrets, err = p.request.secretValues(ctx, source, p.limits)
	return err
}

// configured are the secrets for a hop's headers. For clients that were handed
// out they are looked up again, so that a rotation reaches them.
func (p *plan) configured(state *hopState) (*secretValues, error) {
	if p.secrets == nil || !p.adds(state) {
		return p.secrets, nil
	}
	return p.request.secretValues(state, p.secrets.source, p.limits)
}

// adds says whether a hop gets the configured headers anew: in a client that
// was handed out, as long as the way has not left their origin.
func (p *plan) adds(state *hopState) bool {
	return p.handedOut && state.origin == p.origin && !state.crossed
}

// client is the builder's product: everything that the plan says, as an
// *http.Client.
func (p *plan) client() *http.Client {
	return &http.Client{Transport: tripper(p.roundTrip), CheckRedirect: p.checkRedirect}
}

// httpRequest is the first hop's request.
func (p *plan) httpRequest(ctx context.Context) (*http.Request, error) {
	u := p.target.URL()
	req := (&http.Request{Method: p.request.method(), URL: u, Host: u.Host, Header: make(http.Header),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}).WithContext(ctx)
	p.addHeaders(req, p.secrets)
	if err := p.payload.attach(ctx, req); err != nil {
		return nil, &Error{Kind: KindBodySource, Phase: phaseValidate, Type: typeName(KindBodySource, 0), Err: err}
	}
	p.progress.upload(req)
	return req, nil
}

// addHeaders writes the request's own headers and auth into a request for its
// own origin, where the caller of a client has not set them.
func (p *plan) addHeaders(req *http.Request, secrets *secretValues) {
	var given http.Header
	if len(req.Header) > 0 {
		given = req.Header.Clone()
	}
	for _, h := range p.request.Headers {
		switch name := http.CanonicalHeaderKey(h.Name); {
		case given.Values(name) != nil:
		case name == "Host":
			if req.Host == "" || req.Host == req.URL.Host {
				req.Host = h.Value
			}
		case name == "Connection":
			req.Close = req.Close || strings.EqualFold(h.Value, "close")
		case managed[name] != "": // it says what is done anyway
		default:
			req.Header.Add(name, h.Value)
		}
	}
	if secrets != nil {
		for _, h := range secrets.headers {
			if given.Values(h.Name) == nil {
				req.Header.Set(h.Name, h.Value)
			}
		}
	}
	// Auth goes before a header of the request's, which goes before user
	// information in its URL.
	if auth := p.auth(secrets); auth != nil && given.Get("Authorization") == "" && (p.request.Auth != nil || req.Header.Get("Authorization") == "") {
		token := base64.StdEncoding.EncodeToString([]byte(auth.User + ":" + auth.Password))
		req.Header.Set("Authorization", "Basic "+token)
	}
	if req.Header.Values("User-Agent") == nil {
		req.Header.Set("User-Agent", userAgent)
	}
	if p.request.Compressed && req.Header.Values("Accept-Encoding") == nil {
		req.Header.Set("Accept-Encoding", content.Accept())
	}
}

// auth is the request's, or the user information in its URL; nil: none.
func (p *plan) auth(secrets *secretValues) *BasicAuth {
	if secrets != nil && secrets.auth != nil {
		return secrets.auth
	}
	if u := p.target.User; u != nil && p.request.Auth == nil {
		password, _ := u.Password()
		return &BasicAuth{User: u.Username(), Password: password}
	}
	return p.request.Auth
}

const userAgent = "mtlshttp"

// try goes the way once: sends, follows, reads and parses.
func (p *plan) try(ctx context.Context) (a attempt) {
	begun, j := time.Now(), newJourney()
	resp, b, e := p.fetch(ctx, j)
	a.begun, a.earlier = begun, j.earlier
	if e == nil {
		a.wish, a.repeatable = retryAfter(resp.Header, p.trust.clock), hopOf(resp.Request.Context()).repeatable
		if p.holds(resp) {
			p.held = resp
		} else {
			e = p.read(ctx, b, resp, &b.Timings)
			_ = resp.Body.Close()
			j.arrived(b.Timings)
		}
	}
	finish(b, e, begun)
	a.bundle, a.err = b, e
	return a
}

// fetch sends the request, follows redirects and begins the bundle, which may
// stand beside an error. Without one the response's body is to be closed.
func (p *plan) fetch(ctx context.Context, j *journey) (*http.Response, *Response, *Error) {
	first := &p.first
	if first.journey != nil {
		first = new(hopState) // the last try's may still be looked at
	}
	first.Context, first.journey, first.url, first.origin, first.earlier = ctx, j, p.target.String(), p.origin, true
	req, err := p.httpRequest(first)
	if err != nil {
		return nil, nil, asError(err)
	}
	resp, err := p.hop(req, first)
	if err == nil && isRedirect(resp.StatusCode) {
		resp, err = p.follow(ctx, req, resp)
	}
	if err != nil && resp == nil {
		e := p.journeyError(ctx, j, err)
		return nil, e.Response, e
	}
	b := p.newResponse(resp, j)
	if err != nil { // a redirect that was not followed; its body is closed
		return nil, b, p.journeyError(ctx, j, err)
	}
	return resp, b, nil
}

// follow goes on from an answer that may lead somewhere else. That is the
// client's part: it begins with the answer that is there.
func (p *plan) follow(ctx context.Context, req *http.Request, resp *http.Response) (*http.Response, error) {
	client := p.client()
	client.Transport = &answered{client.Transport, resp}
	return client.Do(req.WithContext(ctx))
}

// answered is a transport whose first request has its answer already.
type answered struct {
	http.RoundTripper
	first *http.Response
}

func (a *answered) RoundTrip(req *http.Request) (*http.Response, error) {
	if resp := a.first; resp != nil {
		a.first = nil
		return resp, nil
	}
	return a.RoundTripper.RoundTrip(req)
}

// finish settles what a bundle and the error beside it know of each other.
func finish(b *Response, e *Error, begun time.Time) {
	if b != nil {
		b.Timings = sumOf(b.Hops, begun)
		attempt := &b.Attempts[len(b.Attempts)-1]
		attempt.Start, attempt.Timings = begun.UTC(), b.Timings
		if e != nil {
			attempt.Kind, attempt.Reason = e.Kind, e.Reason
		}
	}
	if e == nil {
		return
	}
	if e.Response = b; b != nil && e.Hops == nil {
		e.URL, e.Hops, e.Attempt = b.URL, b.Hops, 1
	}
}

// journeyError turns what net/http's client returned into the one error type.
func (p *plan) journeyError(ctx context.Context, j *journey, err error) *Error {
	e := asError(err)
	if e == nil {
		if e = interrupted(ctx, phaseHeaders); e == nil {
			e = &Error{Kind: KindProtocol, Phase: phaseHeaders, Type: typeName(KindProtocol, 0), Err: unwrapURL(err)}
		}
	}
	copied := *e
	copied.Hops, copied.Attempt = j.list(), 1
	if copied.URL == "" {
		copied.URL = p.target.String()
	}
	return &copied
}

// closedError says that the executor was closed.
func closedError() *Error {
	return &Error{Kind: KindClosed, Type: typeName(KindClosed, 0), Err: wire.ErrClosed}
}
