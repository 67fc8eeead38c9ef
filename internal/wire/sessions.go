package wire

import (
	"container/list"
	"crypto/tls"
	"sync"
)

// sessionLimit bounds the session tickets of one transport, coldSessions those
// of a setting that has none any more.
const sessionLimit, coldSessions = 32, 4

// sessions holds the TLS session tickets of one transport. A ticket is only
// offered to the origin that gave it, by the transport that got it: one that
// is shared between identities would make the server see the first again.
type sessions struct {
	mu     sync.Mutex
	limit  int
	byKey  map[string]*list.Element
	recent *list.List
}

// session is a ticket with what the handshake that earned it had shown, since
// a resumed one shows nothing of it again.
type session struct {
	key       string
	state     *tls.ClientSessionState
	requested bool
	presented *Identity
	cas       [][]byte
	withheld  []Withheld
}

func newSessions(limit int) *sessions {
	return &sessions{limit: limit, byKey: make(map[string]*list.Element), recent: list.New()}
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
	e, ok := o.all.byKey[o.origin+"\x00"+name]
	if !ok {
		return nil, false
	}
	o.all.recent.MoveToFront(e)
	s := e.Value.(session)
	o.record.mu.Lock()
	o.record.offered = &s
	o.record.mu.Unlock()
	return s.state, true
}

func (o *originSessions) Put(name string, state *tls.ClientSessionState) {
	o.record.mu.Lock()
	o.record.granted = o.record.granted || state != nil
	o.record.mu.Unlock()
	facts := o.record.Facts()
	s := session{o.origin + "\x00" + name, state, facts.Requested, facts.Presented, facts.AcceptableCAs, facts.Withheld}
	o.all.mu.Lock()
	defer o.all.mu.Unlock()
	if e, ok := o.all.byKey[s.key]; ok {
		o.all.recent.Remove(e)
		delete(o.all.byKey, s.key)
	}
	if state == nil {
		return
	}
	o.all.byKey[s.key] = o.all.recent.PushFront(s)
	o.all.shorten(o.all.limit)
}

// keep drops all tickets but those used last.
func (s *sessions) keep(most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shorten(most)
}

func (s *sessions) shorten(most int) {
	for s.recent.Len() > most {
		last := s.recent.Remove(s.recent.Back()).(session)
		delete(s.byKey, last.key)
	}
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
