// Package mutation makes broken documents out of good ones, for tests of
// parsers: the same ones on every run, so that a failure can be had again.
package mutation

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"time"
)

// Each calls f with n documents, each made of one of the seeds by one or two
// changes: bytes flipped, replaced, cut out, doubled, moved, and taken from
// another seed. Documents stay below twice the longest seed. f must not keep
// what it is given.
func Each(seeds [][]byte, n int, f func(document []byte)) {
	random := rand.New(rand.NewPCG(9, 23))
	m := mutator{random: random, seeds: seeds}
	for _, s := range seeds {
		m.longest = max(m.longest, 2*len(s))
	}
	for range n {
		m.document = append(m.document[:0], seeds[random.IntN(len(seeds))]...)
		for range 1 + random.IntN(2) {
			m.change()
		}
		f(m.document[:min(len(m.document), m.longest)])
	}
}

type mutator struct {
	random   *rand.Rand
	seeds    [][]byte
	longest  int
	document []byte
}

// telling are bytes that mean something to some format.
const telling = "\x00\x01\t\n\r \"'&;#<>/!?-[]{}:,.0e+\\u=\x7f\x80\xbf\xc0\xe2\xed\xef\xf0\xff"

func (m *mutator) change() {
	if len(m.document) == 0 {
		m.document = append(m.document, m.letter())
		return
	}
	from, to := m.span(len(m.document))
	switch m.random.IntN(8) {
	case 0:
		m.document[from] ^= 1 << m.random.IntN(8)
	case 1:
		m.document[from] = m.letter()
	case 2:
		m.insert(from, []byte{m.letter()})
	case 3:
		m.document = append(m.document[:from], m.document[to:]...)
	case 4:
		m.document = m.document[:from]
	case 5:
		m.insert(from, bytes.Clone(m.document[from:to]))
	case 6:
		m.insert(m.random.IntN(len(m.document)), bytes.Clone(m.document[from:to]))
	default:
		other := m.seeds[m.random.IntN(len(m.seeds))]
		if len(other) > 0 {
			begin, end := m.span(len(other))
			m.insert(from, other[begin:end])
		}
	}
}

func (m *mutator) letter() byte { return telling[m.random.IntN(len(telling))] }

// span is a stretch of 1 to 32 bytes.
func (m *mutator) span(length int) (from, to int) {
	from = m.random.IntN(length)
	return from, min(length, from+1+m.random.IntN(32))
}

func (m *mutator) insert(at int, piece []byte) {
	rest := bytes.Clone(m.document[at:])
	m.document = append(append(m.document[:at], piece...), rest...)
}

// Cost is what f took and how many bytes it allocated, as far as nothing else
// runs beside it.
func Cost(f func()) (took time.Duration, allocated uint64) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	f()
	took = time.Since(began)
	runtime.ReadMemStats(&after)
	return took, after.TotalAlloc - before.TotalAlloc
}
