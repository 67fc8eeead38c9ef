package mtlshttp

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/mtlshttp/mtlshttp/internal/target"
	"github.com/mtlshttp/mtlshttp/internal/wire"
)

// Hop is one request of a way through redirects.
type Hop struct {
	Method     string
	URL        string    // without user information, query values redacted
	StatusCode int       // 0: no answer came
	Start      time.Time // when it began
	Receipt    *Receipt
	Timings    Timings
	// ForeignCookies are the names of cookies that the jar sent and that had
	// been set under another client identity.
	ForeignCookies []string
}

// MarshalJSON writes the hop as documents carry it.
func (h Hop) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Method     string    `json:"method"`
		URL        string    `json:"url"`
		StatusCode int       `json:"statusCode,omitempty"`
		Start      time.Time `json:"start,omitzero"`
		Receipt    *Receipt  `json:"receipt"`
		Timings    Timings   `json:"timings"`
		Foreign    []string  `json:"foreignCookies,omitempty"`
	}{h.Method, h.URL, h.StatusCode, h.Start.UTC(), h.Receipt, h.Timings, h.ForeignCookies})
}

// journey collects the hops of one request.
type journey struct {
	mu     sync.Mutex
	hops   []Hop
	bundle *bundle // that waits for an answer; nil: it has been made

	earlier bool // every request before the last one may be repeated
}

// newJourney makes a journey and the bundle at its end in one piece.
func newJourney() *journey {
	both := new(struct {
		journey
		bundle
	})
	both.journey.hops, both.journey.bundle = both.bundle.hops[:0], &both.bundle
	return &both.journey
}

func (j *journey) add(h Hop) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.hops = append(j.hops, h)
}

func (j *journey) list() []Hop {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.hops
}

// arrived adds to the last hop what its body took.
func (j *journey) arrived(body Timings) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.hops) == 0 {
		return
	}
	arrived(&j.hops[len(j.hops)-1], body)
}

func arrived(h *Hop, body Timings) {
	t := &h.Timings
	t.Transfer, t.Decode, t.Parse = body.Transfer, body.Decode, body.Parse
	t.Total += body.Transfer + body.Decode + body.Parse
}

// hopState is what a hop knows of the way to it, and what its response leads
// back to: the next hop, and ReceiptOf. It is the context of the hop's request.
type hopState struct {
	wire.Exchange

	journey *journey
	url     string        // redacted
	number  int           // of redirects before it
	origin  target.Origin // of its URL

	crossed    bool // a hop before it had another origin
	secret     bool // the first request carries what must not go in the clear
	stuck      bool // its body cannot be opened again: net/http follows no 307, whatever came between
	earlier    bool // every request before it may be repeated
	repeatable bool // and so may this one

	few     [1]*wire.Identity // room for those that it may show
	receipt *Receipt
	next    *target.Target // where it redirects to; nil: its response is final

	veiledStatus   int // what veil has hidden
	veiledLocation []string
	invented       bool // it leads where no Location did: to what veil put in its place
}

type hopKey struct{}

// Value finds the state itself, and what the exchange has.
func (s *hopState) Value(key any) any {
	if key == (hopKey{}) {
		return s
	}
	return s.Exchange.Value(key)
}

func hopOf(ctx context.Context) *hopState {
	h, _ := ctx.Value(hopKey{}).(*hopState)
	return h
}

// tripper is a http.RoundTripper that is a function: what it closes over is no
// part of its type, so that the linker keeps no method of it for reflection.
type tripper func(*http.Request) (*http.Response, error)

func (t tripper) RoundTrip(req *http.Request) (*http.Response, error) { return t(req) }

// dispatchHop sends what Wrap has made of a hop's request.
func dispatchHop(req *http.Request) (*http.Response, error) {
	if state := hopOf(req.Context()); state != nil && state.origin != target.OriginOf(req.URL) {
		closeBody(req)
		return nil, &Error{Kind: KindConfig, Reason: "wrap", Phase: phaseConnect, Type: typeName(KindConfig, 0), Err: errWrapped}
	}
	return wire.Dispatch.RoundTrip(req)
}

var errWrapped = errors.New("the executor's Wrap sent the request to another origin than its own")

// roundTrip makes one hop: it asks the origin rule which identities may be
// shown, adds cookies, picks the transport, and turns what happened into a
// receipt or an *Error.
func (p *plan) roundTrip(req *http.Request) (*http.Response, error) {
	if o := req.URL.Opaque; o != "" && (o[0] != '/' || strings.HasPrefix(o, "//")) {
		closeBody(req)
		return nil, fault(KindURL, "url", string(target.Host), "what stands in the place of its path would name a host of its own")
	}
	state := p.arrive(req)
	if state.invented {
		closeBody(req)
		return nil, redirectError("location", req.URL, errBadLocation)
	}
	resp, err := p.hop(req, state)
	p.passed(req, state, err)
	return resp, err
}

func (p *plan) hop(req *http.Request, state *hopState) (*http.Response, error) {
	ctx, j := state.Context, state.journey
	j.earlier = state.earlier
	hop := Hop{Method: req.Method, URL: state.url}

	ids, err := p.present(ctx, state.origin, state.few[:0])
	if err != nil {
		closeBody(req)
		return nil, unresolved(ctx, err)
	}
	secrets, err := p.configured(state)
	if err != nil {
		closeBody(req)
		return nil, unresolved(ctx, err)
	}
	transport, err := p.transport(state.origin, ids.allowed, ids.refused)
	if err != nil {
		closeBody(req)
		return nil, p.refuse(err)
	}
	state.Confirm, state.Bodied = p.confirms(req), hasBody(req)
	state.Begin(transport)
	out, sent := p.outgoing(req, state, secrets), p.payload
	if p.handedOut {
		sent = guard(state, out)
	}
	state.repeatable = state.earlier && isRepeatable(out)
	hop.ForeignCookies = p.addCookies(out, ids.owner)
	resp, err := p.send(out, state.origin != p.origin || state.crossed)
	if fault := cmp.Or(sent.failed(), p.progress.failed()); err == nil && fault != nil {
		_ = resp.Body.Close()
		err = fault
	}
	progress := state.Progress()
	hop.Start = progress.Times.Start
	if err != nil {
		facts := factsOrNone(progress.Record)
		e := p.failure(ctx, req, err, progress)
		e.Retryable = state.mayRepeat(e.Error, progress.Unsent)
		hop.Receipt = e.receipt
		hop.Timings = timingsOf(progress, facts)
		j.add(hop)
		e.Hops = j.list()
		p.log(ctx, hop, e.Error)
		return nil, e.Error
	}
	var facts wire.Facts
	if !progress.Reused {
		facts = factsOrNone(progress.Record)
	}
	state.receipt = p.receiptOf(progress.Record, progress.Reused)
	p.remember(state.origin, ids.allowed, state.receipt, resp.StatusCode)
	hop.StatusCode, hop.Receipt, hop.Timings = resp.StatusCode, state.receipt, timingsOf(progress, facts)
	j.add(hop)
	p.log(ctx, hop, nil)
	resp.Request = out
	p.keepCookies(req.URL, resp.Header, ids.owner)
	if err := p.inspect(req, resp, state); err != nil {
		_ = resp.Body.Close()
		if e := asError(err); e != nil {
			e.Hops, e.Response = j.list(), p.newResponse(resp, j)
		}
		return nil, err
	}
	return resp, nil
}

// largeBody is from where on a body is not uploaded before the server has had
// its chance to refuse the certificate.
const largeBody = 64 << 10

func (p *plan) confirms(req *http.Request) bool {
	return p.request.ConfirmHandshake || req.ContentLength < 0 || req.ContentLength > largeBody
}

// send hands a request to the transport, signed, if the egress policy lets it.
func (p *plan) send(out *http.Request, crossed bool) (*http.Response, error) {
	if err := p.executor.egress.admit(out); err != nil {
		closeBody(out)
		return nil, err
	}
	if err := p.executor.load.queue(out); err != nil {
		closeBody(out)
		return nil, err
	}
	if err := p.sign(out, crossed); err != nil {
		closeBody(out)
		return nil, err
	}
	return p.executor.inner.RoundTrip(out)
}

// outgoing is the request as it goes on the wire, but for cookies, for a
// client's caller with the configured headers. Those do not come back with a
// redirect that had left their origin. What anybody may change is a copy.
func (p *plan) outgoing(req *http.Request, state *hopState, secrets *secretValues) *http.Request {
	out := req
	switch {
	case p.handedOut || p.executor.Wrap != nil || p.request.Sign != nil:
		out = req.Clone(state)
	case p.request.ShareCookies:
		out = req.WithContext(state)
		out.Header = req.Header.Clone()
	case req.Context() != context.Context(state):
		out = req.WithContext(state)
	}
	if p.adds(state) {
		p.addHeaders(out, secrets)
		if state.number > 0 && !hasBody(out) {
			dropBodyHeaders(out.Header)
		}
	}
	return out
}

// inspect looks at an answer before anybody reads on: its header section is
// bounded, and a Location that net/http would misread is settled here.
func (p *plan) inspect(req *http.Request, resp *http.Response, state *hopState) error {
	fields := 0
	for _, values := range resp.Header {
		fields += len(values)
	}
	if fields > p.limits.HeaderFields {
		return p.limitError("header-fields", phaseHeaders, int64(p.limits.HeaderFields), int64(fields), req.URL)
	}
	malformed := func(reason string, err error) error {
		return &Error{Kind: KindProtocol, Reason: reason, Phase: phaseHeaders, Type: typeName(KindProtocol, 0),
			URL: target.Redact(req.URL), Err: err}
	}
	switch isHTTP2 := resp.TLS != nil && resp.TLS.NegotiatedProtocol == "h2"; {
	case resp.StatusCode < 200 || resp.StatusCode > 999:
		return malformed("status", errBadStatus)
	case !isHTTP2 && resp.ProtoMajor != 1:
		return malformed("version", errBadVersion)
	}
	return p.landing(req, resp, state)
}

var (
	errBadStatus  = errors.New("the status code is not one of a final response")
	errBadVersion = errors.New("the answer is of another version of HTTP than 1.0 and 1.1")
)

// refuse tells why no transport could be had.
func (p *plan) refuse(err error) *Error {
	if errors.Is(err, wire.ErrClosed) {
		return closedError()
	}
	if e := asError(err); e != nil {
		return e
	}
	return &Error{Kind: KindResource, Reason: "transport", Phase: phaseResolve, Type: typeName(KindResource, 0), Err: err}
}

func (p *plan) log(ctx context.Context, h Hop, e *Error) {
	l := p.executor.Logger
	if l == nil || !l.Enabled(ctx, slog.LevelDebug) {
		return
	}
	attrs := []slog.Attr{slog.String("method", h.Method), slog.String("url", h.URL), slog.Int("status", h.StatusCode),
		slog.Duration("total", h.Timings.Total)}
	if e != nil {
		attrs = append(attrs, slog.String("kind", string(e.Kind)), slog.String("reason", e.Reason))
	}
	l.LogAttrs(ctx, slog.LevelDebug, "mtlshttp: hop", attrs...)
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}

func factsOrNone(r *wire.Record) wire.Facts {
	if r == nil {
		return wire.Facts{}
	}
	return r.Facts()
}

// unwrapURL takes off net/http's *url.Error, whose text has the URL.
func unwrapURL(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		return ue.Err
	}
	return err
}
