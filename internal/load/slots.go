// Package load bounds what is done at one time: places at a host, requests a
// second to it, and bytes in memory. Those who wait are served in the order in
// which they came, and one who gives up leaves nothing behind.
package load

import (
	"container/list"
	"context"
	"sync"
	"time"
)

// Slots are a number of places for each key.
type Slots struct {
	each int

	mu    sync.Mutex
	byKey map[string]*places
}

// places are those of one key. A key of which nothing is taken has none.
type places struct {
	taken int
	queue list.List // of *waiter
}

type waiter struct {
	owner any
	since time.Time
	given chan struct{} // closed once a place is its own
}

// NewSlots makes so many places for each key; nil, which always has one, for
// less than 1.
func NewSlots(each int) *Slots {
	if each < 1 {
		return nil
	}
	return &Slots{each: each, byKey: make(map[string]*places)}
}

// askAgain is how often one who waits asks the others to make room.
const askAgain = 20 * time.Millisecond

// Take waits for a place and returns what gives it back, to be called once. While
// it waits it calls ask, which may make others give up theirs. The error is the
// cause that ended ctx.
func (s *Slots) Take(ctx context.Context, key string, owner any, ask func()) (give func(), err error) {
	if s == nil {
		return func() {}, nil
	}
	give = func() { s.give(key) }
	s.mu.Lock()
	p := s.byKey[key]
	if p == nil {
		p = new(places)
		s.byKey[key] = p
	}
	if p.taken < s.each {
		p.taken++
		s.mu.Unlock()
		return give, nil
	}
	w := &waiter{owner, time.Now(), make(chan struct{})}
	at := p.queue.PushBack(w)
	s.mu.Unlock()
	ticker := time.NewTicker(askAgain)
	defer ticker.Stop()
	for {
		ask()
		select {
		case <-w.given:
			return give, nil
		case <-ctx.Done():
			s.leave(key, p, at)
			return nil, context.Cause(ctx)
		case <-ticker.C:
		}
	}
}

// leave ends a wait. A place that was given in the same moment is handed on.
func (s *Slots) leave(key string, p *places, at *list.Element) {
	s.mu.Lock()
	select {
	case <-at.Value.(*waiter).given:
		s.mu.Unlock()
		s.give(key)
	default:
		p.queue.Remove(at)
		s.mu.Unlock()
	}
}

// give hands a place to the first who waits.
func (s *Slots) give(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.byKey[key]
	if first := p.queue.Front(); first != nil {
		close(p.queue.Remove(first).(*waiter).given)
		return
	}
	if p.taken--; p.taken == 0 {
		delete(s.byKey, key)
	}
}

// patience is how long somebody waits before others have to wait behind.
const patience = 50 * time.Millisecond

// Wanted says whether somebody else than owner has waited for a place for a
// while.
func (s *Slots) Wanted(key string, owner any) bool {
	if s == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.byKey[key]
	if p == nil {
		return false
	}
	for e := p.queue.Front(); e != nil; e = e.Next() {
		if w := e.Value.(*waiter); w.owner != owner {
			return time.Since(w.since) >= patience // those behind it came later
		}
	}
	return false
}
