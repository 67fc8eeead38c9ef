package mtlshttp

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/mtlshttp/mtlshttp/internal/target"
)

// Event is an attempt that has ended: one try of Do or Open, or one hop of a
// client that was handed out. No rendering of it shows a secret; Err may have a
// bundle, whose headers and data are as they came. Hops and what they point at
// are shared and must not be modified.
type Event struct {
	Method string
	URL    string // redacted as in Hop
	// Number is the attempt's, from 1; 0 where the request was refused before
	// anything was tried.
	Number int
	// Again says that another attempt follows.
	Again      bool
	StatusCode int    // 0: no answer came
	Err        *Error // nil: answered, whatever the status
	Hops       []Hop
	Start      time.Time
	Timings    Timings
	// Diagnosis is Err's, or what an error status has to do with mutual TLS;
	// nil: nothing.
	Diagnosis *Diagnosis
}

// Outcome is the kind of Err, or answered.
func (e Event) Outcome() string {
	if e.Err == nil {
		return "answered"
	}
	return string(e.Err.Kind)
}

// Handshakes tells what became of each TLS handshake of the attempt, in order:
// ok, resumed, or the cause of the diagnosis where there is one, else the kind of
// the error. A connection that is used again has none.
func (e Event) Handshakes() []string {
	var list []string
	for i, h := range e.Hops {
		last := i == len(e.Hops)-1
		switch {
		case h.Receipt != nil && h.Receipt.Reused, (h.Receipt == nil || h.Receipt.TLSVersion == "") && !(last && e.failedInTLS()):
		case last && e.Diagnosis != nil:
			list = append(list, e.Diagnosis.Cause)
		case last && e.failedInTLS():
			list = append(list, string(e.Err.Kind))
		case h.Receipt.Resumed:
			list = append(list, "resumed")
		default:
			list = append(list, "ok")
		}
	}
	return list
}

func (e Event) failedInTLS() bool {
	if e.Err == nil {
		return false
	}
	switch e.Err.Kind {
	case KindTLSServerCert, KindTLSClientCert, KindTLSHandshake:
		return true
	}
	return false
}

// watched says whether anybody wants to know of events.
func (e *Executor) watched() bool { return e.Observe != nil || e.Logger != nil }

// tell tells of an event.
func (e *Executor) tell(ctx context.Context, event Event) {
	if e.Observe != nil {
		e.Observe(ctx, event)
	}
	level := slog.LevelInfo
	if event.Err != nil && event.Err.Kind != KindCanceled {
		level = slog.LevelWarn
	}
	if e.Logger != nil && e.Logger.Enabled(ctx, level) {
		e.Logger.LogAttrs(ctx, level, "mtlshttp: attempt", event.attrs()...)
	}
}

// attrs are the attributes of the log, as docs/observability.md lists them.
func (e Event) attrs() []slog.Attr {
	list := []slog.Attr{slog.String("method", e.Method), slog.String("url", e.URL), slog.Int("attempt", e.Number), slog.Bool("again", e.Again),
		slog.Int("hops", len(e.Hops)), slog.Duration("total", e.Timings.Total)}
	if e.StatusCode != 0 {
		list = append(list, slog.Int("status", e.StatusCode))
	}
	if r := lastReceipt(e.Hops); r != nil {
		list = append(list, slog.String("tls", r.TLSVersion), slog.Bool("reused", r.Reused))
		if c := r.ClientCertificate.Presented; c != nil {
			list = append(list, slog.String("certificate", c.Subject), slog.Time("certificateEnds", c.NotAfter))
		}
	}
	if f := e.Err; f != nil {
		list = append(list, slog.String("kind", string(f.Kind)), slog.String("reason", f.Reason), slog.String("phase", string(f.Phase)),
			slog.String("field", f.Field), slog.Bool("retryable", f.Retryable))
	}
	if e.Diagnosis != nil {
		list = append(list, slog.String("cause", e.Diagnosis.Cause))
	}
	return list
}

// attempted tells of the n-th try.
func (p *plan) attempted(ctx context.Context, a *attempt, n int, again bool) {
	if !p.executor.watched() {
		return
	}
	e := Event{Method: shown(p.request.method()), URL: p.target.String(), Number: n, Again: again, Start: a.begun.UTC()}
	if b := a.bundle; b != nil {
		e.StatusCode, e.Hops, e.Timings, e.Diagnosis = b.StatusCode, b.Hops, b.Attempts[len(b.Attempts)-1].Timings, b.Diagnosis
	}
	if f := a.err; f != nil {
		e.Err, e.Hops, e.Diagnosis = f, f.Hops, f.Diagnosis
		if a.bundle == nil {
			e.Timings = sumOf(f.Hops, a.begun)
		}
	}
	p.executor.tell(ctx, e)
}

// passed tells of a hop of a client that was handed out.
func (p *plan) passed(req *http.Request, state *hopState, err error) {
	if !p.handedOut || !p.executor.watched() {
		return
	}
	ctx := state.Context
	e := Event{Method: shown(req.Method), URL: target.Redact(req.URL), Number: 1, Start: time.Now().UTC()}
	if hops := state.journey.list(); len(hops) > state.number { // else it failed before it began
		h := hops[len(hops)-1]
		e.StatusCode, e.Hops, e.Start, e.Timings = h.StatusCode, []Hop{h}, h.Start.UTC(), h.Timings
	}
	if e.Err = asError(err); e.Err != nil {
		e.Diagnosis = e.Err.Diagnosis
	}
	p.executor.tell(ctx, e)
}

// refused tells of a request that was not tried, and returns why.
func (s *Session) refused(ctx context.Context, r *Request, why *Error) *Error {
	if e := s.Executor; e != nil && e.watched() {
		e.tell(ctx, Event{Method: shown(r.method()), URL: target.RedactText(r.URL), Err: why, Start: time.Now().UTC()})
	}
	return why
}
