package cookiejar

import (
	"slices"
	"strings"
)

// cookies returns all, the least recently accessed first.
func (s *storage) cookies() []*cookie {
	all := make([]*cookie, 0, s.recent.Len())
	for e := s.recent.Back(); e != nil; e = e.Prev() {
		all = append(all, e.Value.(*cookie))
	}
	return all
}

// rebuild fills the storage anew with cookies, of which those that it held
// come first. They go in by their last access, so that the limits keep the
// most recent ones, whichever jar they come from.
func (s *storage) rebuild(cookies []*cookie) {
	clock := s.clock
	for _, c := range cookies {
		if c.age == 0 {
			clock++
			c.age = clock
		}
	}
	slices.SortStableFunc(cookies, func(a, b *cookie) int { return a.lastAccess.Compare(b.lastAccess) })
	*s = newStorage(s.limits)
	s.clock = clock
	for _, c := range cookies {
		s.merge(c)
	}
}

// merge adds c, or settles which of it and its like stays.
func (s *storage) merge(c *cookie) {
	if old := s.find(c); old != nil {
		s.remove(old)
		winner, loser := c, old
		if outlasts(old, c) {
			winner, loser = old, c
		}
		if olderFirst(loser, winner) < 0 {
			winner.created, winner.age = loser.created, loser.age
		}
		winner.lastAccess = c.lastAccess // the later of both
		c = winner
	}
	s.add(c)
	s.makeRoom(c.home)
}

// outlasts says whether a stays where both a and b would be the same cookie.
func outlasts(a, b *cookie) bool {
	if a.secure != b.secure {
		if a.secure && b.overPlainText() {
			return true
		}
		if b.secure && a.overPlainText() {
			return false
		}
	}
	if order := a.updated.Compare(b.updated); order != 0 {
		return order > 0
	}
	return a.age < b.age // the jar's own, or the one that came first
}

func (c *cookie) overPlainText() bool {
	return strings.HasPrefix(c.origin, "http:") || strings.HasPrefix(c.origin, "ws:")
}
