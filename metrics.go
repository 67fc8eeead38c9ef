package mtlshttp

import (
	"context"
	"encoding/json"
	"math"
	"sync"
	"time"
)

// Metrics counts what becomes of an executor's requests, and tells how long its
// credentials last. The zero value is ready; its Observe is Executor.Observe's,
// of one executor or of several. It is an expvar.Var:
//
//	m := &mtlshttp.Metrics{Keychain: keychain}
//	executor := &mtlshttp.Executor{Credentials: keychain, Observe: m.Observe}
//	expvar.Publish("mtlshttp", m)
type Metrics struct {
	// Keychain is what DaysToExpiry tells of; nil: what was presented.
	Keychain *Keychain
	// Clock says what time it is, where Keychain is nil; nil: time.Now.
	Clock func() time.Time

	mu         sync.Mutex
	attempts   map[string]int64
	handshakes map[string]int64
	ends       map[string]time.Time // by the subject of what was presented
}

// mostSubjects bounds what a Metrics remembers of presented certificates.
const mostSubjects = 1000

// Observe counts an attempt.
func (m *Metrics) Observe(_ context.Context, e Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.attempts == nil {
		m.attempts, m.handshakes, m.ends = map[string]int64{}, map[string]int64{}, map[string]time.Time{}
	}
	m.attempts[e.Outcome()]++
	for _, became := range e.Handshakes() {
		m.handshakes[became]++
	}
	if m.Keychain != nil {
		return
	}
	for _, h := range e.Hops {
		if h.Receipt == nil || h.Receipt.ClientCertificate.Presented == nil {
			continue
		}
		c := h.Receipt.ClientCertificate.Presented
		if _, known := m.ends[c.Subject]; known || len(m.ends) < mostSubjects {
			m.ends[c.Subject] = c.NotAfter
		}
	}
}

// MetricsSnapshot is what a Metrics has counted until now.
type MetricsSnapshot struct {
	// Requests are attempts by Event.Outcome, Handshakes by
	// Event.Handshakes.
	Requests   map[string]int64 `json:"requests"`
	Handshakes map[string]int64 `json:"handshakes"`
	// DaysToExpiry are days, negative since the end: of each of the
	// keychain's entries, by its name, to the first end of one of its
	// certificates; without a keychain of each client certificate that was
	// presented, by its subject, the last one with that subject.
	DaysToExpiry map[string]float64 `json:"daysToExpiry"`
}

// Snapshot returns the counts. Entries of the keychain that cannot be read are
// left out; reading may take until the context ends.
func (m *Metrics) Snapshot(ctx context.Context) MetricsSnapshot {
	s := MetricsSnapshot{map[string]int64{}, map[string]int64{}, map[string]float64{}}
	if m.Keychain != nil { // it may read files: not under the lock
		all, _ := m.Keychain.Expiring(ctx, math.MaxInt64)
		for _, e := range all { // the first to end in front
			if _, known := s.DaysToExpiry[e.Name]; !known {
				s.DaysToExpiry[e.Name] = daysOf(e.Left)
			}
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for outcome, n := range m.attempts {
		s.Requests[outcome] = n
	}
	for became, n := range m.handshakes {
		s.Handshakes[became] = n
	}
	now := time.Now
	if m.Clock != nil {
		now = m.Clock
	}
	for subject, end := range m.ends {
		s.DaysToExpiry[subject] = daysOf(end.Sub(now()))
	}
	return s
}

// daysOf rounds to hundredths.
func daysOf(d time.Duration) float64 { return math.Round(100*d.Hours()/24) / 100 }

// String is the snapshot as JSON, as expvar asks for.
func (m *Metrics) String() string {
	text, err := json.Marshal(m.Snapshot(context.Background()))
	if err != nil {
		return "{}"
	}
	return string(text)
}
