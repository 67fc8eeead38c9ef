package mtlshttp

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mtlshttp/mtlshttp/internal/lru"
	"github.com/mtlshttp/mtlshttp/internal/target"
	"github.com/mtlshttp/mtlshttp/internal/wire"
)

// historyLimit bounds the receipts that an executor remembers; the one used
// longest ago gives way.
const historyLimit = 1000

// Known is the last good handshake with an origin under an identity.
type Known struct {
	Origin   string    `json:"origin"`   // scheme://host:port
	Identity string    `json:"identity"` // SHA-256 of the certificate, hex; empty: none was at hand
	At       time.Time `json:"at"`
	Receipt  *Receipt  `json:"receipt"`

	verified *verification // how the server was; nil after Remember
}

// verification is the part of a request that says how the server is verified.
type verification struct {
	roots    Roots
	verify   Verify
	protocol Protocol
}

// history keeps the last good receipts, so that a failure can say what changed.
type history struct {
	mu    sync.Mutex
	known lru.Map[handshakeKey, *Known]
}

type handshakeKey struct{ origin, identity string }

func (h *history) put(k *Known) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.known.Put(handshakeKey{k.Origin, k.Identity}, k)
	h.known.Shorten(historyLimit)
}

func (h *history) get(origin, identity string) *Known {
	h.mu.Lock()
	defer h.mu.Unlock()
	k, _ := h.known.Peek(handshakeKey{origin, identity})
	return k
}

// latest is the last good handshake with an origin under any identity.
func (h *history) latest(origin string) *Known {
	for _, k := range h.all() {
		if k.Origin == origin && k.Identity != "" {
			return &k
		}
	}
	return nil
}

// all lists what is known, the newest first.
func (h *history) all() []Known {
	h.mu.Lock()
	defer h.mu.Unlock()
	var known []Known
	for _, k := range h.known.All() {
		known = append(known, *k)
	}
	return known
}

// History returns the last good handshake of each origin and identity, the
// newest first, 1,000 at the most. It can be stored as JSON and given to
// Remember after a restart.
func (e *Executor) History() []Known { return e.history.all() }

// Remember adds what another executor's History returned.
func (e *Executor) Remember(known []Known) {
	for _, k := range slices.Backward(known) {
		if k.Receipt != nil {
			e.history.put(&k)
		}
	}
}

// remember keeps the receipt of a new connection that was answered well.
func (p *plan) remember(o target.Origin, allowed []*wire.Identity, r *Receipt, status int) {
	if r == nil || r.Reused || status >= 400 {
		return
	}
	p.executor.history.put(&Known{Origin: o.String(), Identity: identityKey(allowed), At: p.clock(), Receipt: r,
		verified: &verification{p.request.Roots, p.request.Verify, p.request.Protocol}})
}

func identityKey(ids []*wire.Identity) string {
	if len(ids) == 0 {
		return ""
	}
	return fingerprint(ids[0].Certificate.Certificate[0])
}

// changes says what is different from the last good handshake.
func (p *plan) changes(o target.Origin, allowed []*wire.Identity, now *Receipt) []string {
	key := identityKey(allowed)
	before := p.executor.history.get(o.String(), key)
	if before == nil && key != "" {
		before = p.executor.history.latest(o.String())
	}
	if before == nil || now == nil {
		return nil
	}
	since := "since " + before.At.UTC().Format(time.RFC3339)
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)+" "+since) }
	was, is := before.Receipt, now
	switch mine := was.ClientCertificate.Presented; {
	case mine == nil:
	case before.Identity != key:
		leaf := allowed[0].Certificate.Leaf
		add("the client certificate was replaced (%q by %q, now %q by %q)", mine.Subject, mine.Issuer, leaf.Subject.String(), leaf.Issuer.String())
	case mine.NotAfter.Before(p.clock()):
		add("the client certificate %q expired on %s,", mine.Subject, mine.NotAfter.Format(time.DateOnly))
	}
	if old, chain := was.Server.Chain, is.Server.Chain; len(old) > 0 && len(chain) > 0 {
		if old[0].SHA256 != chain[0].SHA256 {
			add("the server's certificate was replaced (issuer %q, now %q)", old[0].Issuer, chain[0].Issuer)
		}
		if len(chain) < len(old) {
			add("the server's chain lost %q", old[len(chain)].Subject)
		}
	}
	switch {
	case !was.ClientCertificate.Requested && is.ClientCertificate.Requested:
		add("the server began to ask for a client certificate")
	case was.ClientCertificate.Requested && !is.ClientCertificate.Requested && is.Server.TrustedBy != "" && !is.Resumed:
		// Where we refused the server, its request was not looked at.
		add("the server stopped asking for a client certificate")
	case is.ClientCertificate.Requested:
		if lost := missingFrom(is.ClientCertificate.AcceptableCAs, was.ClientCertificate.AcceptableCAs); len(lost) > 0 {
			add("the server's list of authorities lost %s", strings.Join(lost, ", "))
		}
		if won := missingFrom(was.ClientCertificate.AcceptableCAs, is.ClientCertificate.AcceptableCAs); len(won) > 0 {
			add("the server's list of authorities gained %s", strings.Join(won, ", "))
		}
	}
	if was.TLSVersion != is.TLSVersion && is.TLSVersion != "" {
		add("TLS %s became TLS %s", was.TLSVersion, is.TLSVersion)
	}
	return out
}

// missingFrom returns those of names that list lacks, quoted, five at the most.
func missingFrom(list, names []string) []string {
	var out []string
	for _, n := range names {
		if !slices.Contains(list, n) && len(out) < 5 {
			out = append(out, fmt.Sprintf("%q", n))
		}
	}
	return out
}

// Rehearsal is how one origin takes the next certificate.
type Rehearsal struct {
	Origin string `json:"origin"`
	ProbeResult
}

// Rehearse probes, with the next credential, every origin that is known to have
// been shown the current one, and tells which take it. Nothing of HTTP is sent.
// Origins known from Remember alone are verified by the system's roots.
func (e *Executor) Rehearse(ctx context.Context, current, next *Credential) ([]Rehearsal, error) {
	var out []Rehearsal
	if current == nil || next == nil || current.leaf == nil {
		return nil, fault(KindConfig, "credentials", "no-credential", "a rehearsal needs the current and the next credential")
	}
	mine := fingerprint(current.leaf.Raw)
	for _, k := range e.history.all() {
		if presented := k.Receipt.ClientCertificate.Presented; presented == nil || presented.SHA256 != mine {
			continue
		}
		r := Request{URL: k.Origin, Identity: next}
		if v := k.verified; v != nil {
			r.Roots, r.Verify, r.Protocol = v.roots, v.verify, v.protocol
		}
		result, err := e.Probe(ctx, &r)
		if err != nil {
			return out, err
		}
		out = append(out, Rehearsal{k.Origin, *result})
	}
	return out, nil
}
