package wire

import (
	"container/list"
	"time"
)

const (
	// settingLimit bounds the settings that a pool remembers by their session
	// tickets, some 2 KiB each: with those below, 10,000 identities stay within
	// 64 MiB.
	settingLimit = 8_000
	// warmLimit bounds those of them that have a transport, and connLimit the
	// open connections before the idle ones of the settings used longest ago
	// are closed. One that is idle costs some 40 KiB, most of it net/http's and
	// crypto/tls's.
	warmLimit, connLimit = 1024, 1024
	// coolAfter and retireAfter are how long a setting that nothing uses keeps
	// its transport, and its tickets.
	coolAfter, retireAfter = 2 * time.Minute, time.Hour
)

// shelf keeps what a pool has for each setting: one that is in use or was just
// now is warm, with a transport and its connections; of the others there are
// the tickets, so that they are resumed; and what was not used for long is
// forgotten. All of it is under the pool's lock.
type shelf struct {
	settingLimit, warmLimit, connLimit int
	coolAfter, retireAfter             time.Duration

	byKey  map[Key]*kept
	recent *list.List  // of *kept, the one used last first
	warm   *list.List  // those of them that have a transport, in the same order
	sweep  *time.Timer // nil: nothing is kept
}

// kept is what there is for one setting.
type kept struct {
	key          Key
	used         time.Time
	transport    *Transport // nil: it is not warm
	sessions     *sessions
	recent, warm *list.Element
}

func newShelf() shelf {
	return shelf{settingLimit, warmLimit, connLimit, coolAfter, retireAfter, map[Key]*kept{}, list.New(), list.New(), nil}
}

func (s *shelf) stop() {
	if s.sweep != nil {
		s.sweep.Stop()
	}
}

// kept returns what there is for a key, which is used now.
func (p *Pool) kept(key Key) *kept {
	s := &p.shelf
	k, ok := s.byKey[key]
	if !ok {
		k = &kept{key: key}
		k.recent = s.recent.PushFront(k)
		s.byKey[key] = k
		if s.recent.Len() > s.settingLimit {
			p.forget(s.recent.Back().Value.(*kept))
		}
	}
	k.used = time.Now()
	s.recent.MoveToFront(k.recent)
	if s.sweep == nil {
		s.sweep = time.AfterFunc(s.coolAfter, p.retire)
	}
	return k
}

// warmed puts a transport first, and lets go of those that were used longest
// ago where there are too many.
func (p *Pool) warmed(k *kept) {
	s := &p.shelf
	if k.warm == nil {
		k.warm = s.warm.PushFront(k)
	} else {
		s.warm.MoveToFront(k.warm)
	}
	surplus := len(p.conns) - s.connLimit
	for e := s.warm.Back(); e.Value != k && (surplus > 0 || s.warm.Len() > s.warmLimit); e = s.warm.Back() {
		cold := e.Value.(*kept)
		surplus -= cold.transport.conns
		p.cool(cold)
	}
}

// cool closes the idle connections of a transport, and drops it once it has no
// others. net/http calls back as it closes, so it is not done under the lock.
func (p *Pool) cool(k *kept) {
	t := k.transport
	p.shelf.warm.Remove(k.warm)
	k.warm = nil
	if t.conns > 0 {
		p.active.Go(t.http.CloseIdleConnections)
	}
	p.settle(t)
}

// settle drops a transport that is not warm and that nothing uses any more.
func (p *Pool) settle(t *Transport) {
	if k := t.kept; k != nil && k.warm == nil && k.transport == t && t.conns == 0 && t.users == 0 {
		if k.transport = nil; k.sessions != nil {
			k.sessions.keep(coldSessions)
		}
	}
}

// forget drops a setting; requests that are under way go on.
func (p *Pool) forget(k *kept) {
	p.shelf.recent.Remove(k.recent)
	delete(p.shelf.byKey, k.key)
	if t := k.transport; t != nil {
		if k.warm != nil {
			p.cool(k)
		}
		t.kept = nil
	}
}

// retire cools and forgets what nothing has used for a while, and comes back
// when the next is due.
func (p *Pool) retire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	s, now := &p.shelf, time.Now()
	for e := s.warm.Back(); e != nil; {
		k := e.Value.(*kept)
		e = e.Prev()
		if now.Sub(k.used) < s.coolAfter {
			break
		}
		if k.transport.users == 0 {
			p.cool(k)
		}
	}
	for e := s.recent.Back(); e != nil; {
		k := e.Value.(*kept)
		e = e.Prev()
		if now.Sub(k.used) < s.retireAfter {
			break
		}
		if k.transport == nil { // else a long answer is on its way
			p.forget(k)
		}
	}
	if s.sweep = nil; s.recent.Len() > 0 {
		s.sweep = time.AfterFunc(s.coolAfter, p.retire)
	}
}
