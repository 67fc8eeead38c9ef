package wire

import (
	"crypto/tls"
	"sync"

	"github.com/mtlshttp/mtlshttp/internal/lru"
)

// sessionLimit bounds the session tickets of one transport, coldSessions those
// of a setting that has none any more.
const sessionLimit, coldSessions = 32, 4

// sessions holds the TLS session tickets of one transport. A ticket is only
// offered to the origin that gave it, by the transport that got it: one that
// is shared between identities would make the server see the first again.
type sessions struct {
	mu    sync.Mutex
	limit int
	held  lru.Map[sessionKey, *session]
}

type sessionKey struct{ origin, name string }

// session is a ticket with what the handshake that earned it had shown, since
// a resumed one shows nothing of it again.
type session struct {
	state     *tls.ClientSessionState
	requested bool
	presented *Identity
	cas       [][]byte
	withheld  []Withheld
}

func newSessions(limit int) *sessions {
	return &sessions{limit: limit}
}

// originSessions is the view of one connection on the tickets.
type originSessions struct {
	all    *sessions
	origin string
	record *Record
}

func (o *originSessions) Get(name string) (*tls.ClientSessionState, bool) {
	o.all.mu.Lock()
	defer o.all.mu.Unlock()
	s, ok := o.all.held.Get(sessionKey{o.origin, name})
	if !ok {
		return nil, false
	}
	o.record.mu.Lock()
	o.record.offered = s
	o.record.mu.Unlock()
	return s.state, true
}

func (o *originSessions) Put(name string, state *tls.ClientSessionState) {
	o.record.mu.Lock()
	if state != nil {
		o.record.spoken.tickets++
	}
	o.record.mu.Unlock()
	facts := o.record.Facts()
	key := sessionKey{o.origin, name}
	o.all.mu.Lock()
	defer o.all.mu.Unlock()
	if state == nil {
		o.all.held.Delete(key)
		return
	}
	o.all.held.Put(key, &session{state, facts.Requested, facts.Presented, facts.AcceptableCAs, facts.Withheld})
	o.all.held.Shorten(o.all.limit)
}

// keep drops all tickets but those used last.
func (s *sessions) keep(most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held.Shorten(most)
}

// resumed fills in what the handshake that earned the ticket had shown.
func (r *Record) resumed() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.offered; s != nil {
		r.facts.Requested, r.facts.Presented = s.requested, s.presented
		r.facts.AcceptableCAs, r.facts.Withheld = s.cas, s.withheld
	}
}
