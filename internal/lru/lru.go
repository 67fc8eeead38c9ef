// Package lru keeps, of what was put into a map, the entries that were used
// last.
package lru

import "iter"

// Map is a map in the order of use. The zero value is empty and ready. It is not
// safe for concurrent use.
type Map[K comparable, V any] struct {
	byKey          map[K]*entry[K, V]
	newest, oldest *entry[K, V]
}

// entry is a place in the order of use.
type entry[K comparable, V any] struct {
	key          K
	value        V
	newer, older *entry[K, V]
}

// Len is how many entries there are.
func (m *Map[K, V]) Len() int { return len(m.byKey) }

// Peek finds an entry; the zero V: there is none.
func (m *Map[K, V]) Peek(key K) (value V, ok bool) {
	if e, found := m.byKey[key]; found {
		return e.value, true
	}
	return value, false
}

// Get finds an entry and makes it the one used last.
func (m *Map[K, V]) Get(key K) (value V, ok bool) {
	e, found := m.byKey[key]
	if !found {
		return value, false
	}
	m.unlink(e)
	m.link(e)
	return e.value, true
}

// Put adds an entry as the one used last, in the place of one with its key.
func (m *Map[K, V]) Put(key K, value V) {
	m.Delete(key)
	if m.byKey == nil {
		m.byKey = make(map[K]*entry[K, V])
	}
	e := &entry[K, V]{key: key, value: value}
	m.byKey[key] = e
	m.link(e)
}

// Delete removes an entry, if it is there.
func (m *Map[K, V]) Delete(key K) {
	if e, ok := m.byKey[key]; ok {
		delete(m.byKey, key)
		m.unlink(e)
	}
}

// Shorten removes all entries but the given number of those used last.
func (m *Map[K, V]) Shorten(most int) {
	for m.Len() > most {
		m.Delete(m.oldest.key)
	}
}

// All goes through the entries, the one used last first. The map must not be
// changed meanwhile.
func (m *Map[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for e := m.newest; e != nil && yield(e.key, e.value); e = e.older {
		}
	}
}

func (m *Map[K, V]) link(e *entry[K, V]) {
	e.newer, e.older = nil, m.newest
	if m.newest == nil {
		m.oldest = e
	} else {
		m.newest.newer = e
	}
	m.newest = e
}

func (m *Map[K, V]) unlink(e *entry[K, V]) {
	if e.newer == nil {
		m.newest = e.older
	} else {
		e.newer.older = e.older
	}
	if e.older == nil {
		m.oldest = e.newer
	} else {
		e.older.newer = e.newer
	}
}
