package cookiejar

import (
	"cmp"
	"container/list"
	"slices"
	"time"
)

// cookie is one as stored. Its times are UTC and carry no monotonic clock, so
// that they survive saving.
type cookie struct {
	name, value string

	domain   string // canonical, without leading dot
	hostOnly bool   // sent to domain alone, not below it
	path     string

	expires    time.Time // zero: with the jar
	created    time.Time // of the first of its name, domain and path
	updated    time.Time // when this value was set
	lastAccess time.Time // when it was last set or sent

	secure, httpOnly bool
	sameSite         SameSite

	identity string // under which it was set
	origin   string // that set it: scheme://host:port

	home    home
	age     uint64        // order of creation, where the clock did not move
	touch   uint64        // order of access, likewise
	element *list.Element // of storage.recent
}

func (c *cookie) expired(now time.Time) bool {
	return !c.expires.IsZero() && !c.expires.After(now)
}

// home is where cookies that can be sent together are stored: those of one
// domain, in a jar that isolates also of one identity or one origin.
type home struct {
	partition partition
	domain    string
}

type partition struct{ identity, origin string }

// storage keeps cookies within its limits. It is not safe for concurrent use.
type storage struct {
	limits Limits
	homes  map[home][]*cookie
	recent *list.List     // of *cookie, the last accessed in front
	secure map[string]int // how many Secure cookies have this name
	clock  uint64         // counts creations and accesses

	// nextExpiry is no later than the first expiry of any cookie; zero
	// where none expires.
	nextExpiry time.Time
}

func newStorage(limits Limits) storage {
	return storage{limits: limits, homes: map[home][]*cookie{}, recent: list.New(), secure: map[string]int{}}
}

// find returns the cookie that one like c replaces: same name, domain, path
// and host-only flag (RFC 6265bis section 5.7), in the same partition.
func (s *storage) find(c *cookie) *cookie {
	for _, old := range s.homes[c.home] {
		if old.name == c.name && old.path == c.path && old.hostOnly == c.hostOnly {
			return old
		}
	}
	return nil
}

// put adds c, or replaces the one it stands for, which hands on its age; one
// that has expired only takes the old one away.
func (s *storage) put(c *cookie, now time.Time) {
	s.clock++
	c.age = s.clock
	old := s.find(c)
	if old != nil {
		c.created, c.age = old.created, old.age
	}
	switch {
	case old != nil && c.expired(now):
		s.remove(old)
	case old != nil:
		s.replace(old, c)
	case !c.expired(now):
		s.add(c)
		s.makeRoom(c.home)
	}
}

func (s *storage) add(c *cookie) {
	s.homes[c.home] = append(s.homes[c.home], c)
	c.element = s.recent.PushFront(c)
	s.count(c)
}

// replace puts c where the old one of its name is.
func (s *storage) replace(old, c *cookie) {
	list := s.homes[c.home]
	list[slices.Index(list, old)] = c
	c.element = old.element
	c.element.Value = c
	s.recent.MoveToFront(c.element)
	s.uncount(old)
	s.count(c)
}

// count keeps what is known of all cookies up to date.
func (s *storage) count(c *cookie) {
	s.clock++
	c.touch = s.clock
	if c.secure {
		s.secure[c.name]++
	}
	if !c.expires.IsZero() && (s.nextExpiry.IsZero() || c.expires.Before(s.nextExpiry)) {
		s.nextExpiry = c.expires
	}
}

func (s *storage) remove(c *cookie) {
	rest := s.homes[c.home]
	if i := slices.Index(rest, c); len(rest) > 1 {
		s.homes[c.home] = slices.Delete(rest, i, i+1)
	} else {
		delete(s.homes, c.home)
	}
	s.recent.Remove(c.element)
	s.uncount(c)
}

func (s *storage) uncount(c *cookie) {
	if c.secure {
		if s.secure[c.name]--; s.secure[c.name] == 0 {
			delete(s.secure, c.name)
		}
	}
}

// use notes that c was sent.
func (s *storage) use(c *cookie, now time.Time) {
	c.lastAccess = now
	s.clock++
	c.touch = s.clock
	s.recent.MoveToFront(c.element)
}

// makeRoom brings one home and the whole within the limits, in the order of
// RFC 6265bis section 5.7: in a home those that are not Secure go first, and
// always the one not accessed for longest.
func (s *storage) makeRoom(h home) {
	for len(s.homes[h]) > s.limits.PerHost {
		s.remove(slices.MinFunc(s.homes[h], evictedBefore))
	}
	for s.recent.Len() > s.limits.PerJar {
		s.remove(s.recent.Back().Value.(*cookie))
	}
}

func evictedBefore(a, b *cookie) int {
	if a.secure != b.secure {
		if b.secure {
			return -1
		}
		return 1
	}
	return cmp.Compare(a.touch, b.touch)
}

// dropExpired must come first in every operation: no other one looks for
// expired cookies. It costs nothing until one can have expired.
func (s *storage) dropExpired(now time.Time) {
	if s.nextExpiry.IsZero() || now.Before(s.nextExpiry) {
		return
	}
	s.nextExpiry = time.Time{}
	for e := s.recent.Front(); e != nil; {
		c := e.Value.(*cookie)
		e = e.Next()
		switch {
		case c.expired(now):
			s.remove(c)
		case !c.expires.IsZero() && (s.nextExpiry.IsZero() || c.expires.Before(s.nextExpiry)):
			s.nextExpiry = c.expires
		}
	}
}

// shadowsSecure says whether c, set over plain text, would replace a Secure
// cookie or be sent beside one as if it were it (RFC 6265bis section 5.7, step
// on the secure-only-flag).
func (s *storage) shadowsSecure(c *cookie) bool {
	if s.secure[c.name] == 0 {
		return false
	}
	for e := s.recent.Front(); e != nil; e = e.Next() {
		old := e.Value.(*cookie)
		if old.secure && old.name == c.name && old.home.partition == c.home.partition &&
			(old.domain == c.domain || isBelow(old.domain, c.domain) || isBelow(c.domain, old.domain)) &&
			pathMatch(c.path, old.path) {
			return true
		}
	}
	return false
}
