package mtlshttp

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"github.com/mtlshttp/mtlshttp/internal/wire"
)

// RetryPolicy says when Do sends a request again by itself. Its zero value tries
// three times.
//
// Tried again is what may help and does no harm: a fault that is Retryable, and
// a status of Statuses, both only if the request is idempotent (RFC 9110,
// section 9.2.2) or has an Idempotency-Key header, or if nothing of it was
// sent. docs/retries.md gives the reason for each. A way through redirects
// begins anew. Body, headers and key are the same each time; the jar is asked
// each time. A body from a reader is sent again only if it can seek.
//
// The request's timeout bounds all tries with the waits between them. The
// bundle lists them as Attempts; its other parts, and the error, are the last
// one's. An end in a wait has the phase backoff.
type RetryPolicy struct {
	// Attempts is the most tries, the first one included; 0: 3; to 100.
	Attempts int
	// Delay is the wait before the second try; it doubles with each further
	// one, up to MaxDelay. A random half of it is left out. 0: 500 ms, 30 s.
	Delay, MaxDelay time.Duration
	// MaxRetryAfter is the longest wait that a server can ask for by a
	// Retry-After header. One that asks for more, or for more than is left
	// of the request's timeout, is not tried again. 0: 60 s.
	MaxRetryAfter time.Duration
	// Statuses are tried again; nil: 408, 425, 429, 500, 502, 503 and 504;
	// empty: none.
	Statuses []int
}

const mostAttempts = 100

func (r *RetryPolicy) fault() *Error {
	switch {
	case r == nil:
	case r.Attempts < 0 || r.Attempts > mostAttempts:
		return fault(KindConfig, "retry", "attempts", "0 to %d attempts", mostAttempts)
	case r.Delay < 0 || r.MaxDelay < 0 || r.MaxRetryAfter < 0:
		return fault(KindConfig, "retry", "delay", "a delay is negative")
	case slices.ContainsFunc(r.Statuses, func(s int) bool { return s < 200 || s > 999 }):
		return fault(KindConfig, "retry", "status", "a status is 200 to 999")
	}
	return nil
}

// withDefaults gives a nil policy one attempt.
func (r *RetryPolicy) withDefaults() RetryPolicy {
	if r == nil {
		return RetryPolicy{Attempts: 1}
	}
	filled := *r
	setDefault(&filled.Attempts, 3)
	setDefault(&filled.Delay, 500*time.Millisecond)
	setDefault(&filled.MaxDelay, 30*time.Second)
	setDefault(&filled.MaxRetryAfter, 60*time.Second)
	return filled
}

func (r *RetryPolicy) wantsStatus(status int) bool {
	if r.Statuses == nil {
		return retryableStatus(status)
	}
	return slices.Contains(r.Statuses, status)
}

// backoff is the wait after the n-th try: half of it is random, so that those
// who failed together do not come back together. A server's wish is kept to,
// and only lengthened.
func (r *RetryPolicy) backoff(n int, wish time.Duration) time.Duration {
	full := min(r.Delay, r.MaxDelay)
	for range n - 1 {
		if full > r.MaxDelay/2 {
			full = r.MaxDelay
			break
		}
		full *= 2
	}
	random := rand.N(full/2 + 1)
	if wish > 0 {
		return wish + random
	}
	return full - random
}

// attempt is one try: the bundle and the error that it ended with.
type attempt struct {
	begun      time.Time
	bundle     *Response
	err        *Error
	wish       time.Duration // of Retry-After
	repeatable bool          // all requests of it are
	earlier    bool          // all but the last are
}

// join adds the try to those before it, and tells its bundle and its error.
func (a *attempt) join(before []Attempt, begun time.Time) []Attempt {
	if a.bundle == nil {
		before = append(before, Attempt{Start: a.begun.UTC(), Kind: a.err.Kind, Reason: a.err.Reason, Timings: sumOf(a.err.Hops, a.begun)})
	} else {
		if before == nil {
			before = a.bundle.Attempts
		} else {
			before = append(before, a.bundle.Attempts...)
		}
		a.bundle.Attempts, a.bundle.Timings.Total = before, time.Since(begun)
	}
	if a.err != nil && a.err.Attempt > 0 {
		a.err.Attempt = len(before)
	}
	return before
}

func (a *attempt) result() (*Response, error) {
	if a.err != nil {
		return a.bundle, a.err
	}
	return a.bundle, nil
}

// do runs the plan, as often as the policy has it.
func (p *plan) do(ctx context.Context) (*Response, error) {
	policy := p.executor.Retry.withDefaults()
	begun := time.Now()
	defer p.payload.release() // a wrapper of the caller's may panic
	var attempts []Attempt
	for n := 1; ; n++ {
		a := p.admitted(ctx)
		replayable := p.payload.release()
		attempts = a.join(attempts, begun)
		able := replayable && !hasEnded(ctx)
		otherwise := able && p.otherwise(&a)
		retried := !otherwise && able && n < policy.Attempts && policy.wants(&a) && policy.grants(ctx, a.wish)
		p.attempted(ctx, &a, n, otherwise || retried)
		if !otherwise && !retried {
			return a.result()
		}
		p.drop()
		if otherwise {
			continue
		}
		if err := p.wait(ctx, policy.backoff(n, a.wish)); err != nil {
			return a.bundle, err.after(&a, n)
		}
	}
}

// otherwise prepares a try that the server asks for: on a connection of its own
// after a 421 (RFC 9110, section 15.5.20), by HTTP/1.1 after HTTP_1_1_REQUIRED
// (RFC 9113, section 7). Each is asked for once, and done whatever the policy and
// the method, since the server has done nothing of the request.
func (p *plan) otherwise(a *attempt) bool {
	switch {
	case !a.earlier:
		return false
	case a.bundle != nil && a.bundle.StatusCode == http.StatusMisdirectedRequest && !p.apart:
		p.apart = true
	case a.err != nil && wire.HTTP11Required(a.err.Err) && p.request.Protocol.HTTP == 0:
		r := *p.request
		r.Protocol.HTTP = 1
		p.request, p.trust = &r, newTrust(&r, p.trust.added, p.trust.lists, p.trust.clock)
	default:
		return false
	}
	return true
}

// hasEnded says whether a context has ended, or does now: a dial that has the same
// deadline may have come back first.
func hasEnded(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ctx.Err() != nil || ok && !time.Now().Before(deadline)
}

// wants says whether the outcome of a try asks for another one.
func (r *RetryPolicy) wants(a *attempt) bool {
	if a.bundle != nil && a.repeatable && r.wantsStatus(a.bundle.StatusCode) {
		return true
	}
	return a.err != nil && a.err.Retryable && a.err.Kind != KindStatus
}

// grants says whether a server's wish for a wait can be met.
func (r *RetryPolicy) grants(ctx context.Context, wish time.Duration) bool {
	deadline, ok := ctx.Deadline()
	return wish <= r.MaxRetryAfter && (!ok || wish <= time.Until(deadline))
}

// wait sleeps between two tries.
func (p *plan) wait(ctx context.Context, d time.Duration) *Error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return interrupted(ctx, phaseBackoff)
}

// after completes an error that ended a wait by what the last try ended with.
func (e *Error) after(a *attempt, n int) *Error {
	e.Attempt, e.Response = n, a.bundle
	if a.bundle != nil {
		e.URL, e.Hops = a.bundle.URL, a.bundle.Hops
	}
	if a.err != nil {
		e.URL, e.Hops, e.Diagnosis = a.err.URL, a.err.Hops, a.err.Diagnosis
		e.Err = fmt.Errorf("%w, waiting to try again after %s", e.Err, a.err.Kind)
	}
	return e
}
