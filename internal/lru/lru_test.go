package lru

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func keys(m *Map[string, int]) (out []string) {
	for k := range m.All() {
		out = append(out, k)
	}
	return out
}

func TestMap(t *testing.T) {
	var m Map[string, int]
	m.Delete("a")
	m.Shorten(0)
	_, ok := m.Get("a")
	assert.False(t, ok)
	assert.Empty(t, keys(&m))

	m.Put("a", 1)
	m.Put("b", 2)
	m.Put("c", 3)
	assert.Equal(t, []string{"c", "b", "a"}, keys(&m))
	v, ok := m.Get("a")
	assert.Equal(t, 1, v)
	assert.True(t, ok)
	v, ok = m.Peek("b")
	assert.Equal(t, 2, v)
	assert.True(t, ok)
	assert.Equal(t, []string{"a", "c", "b"}, keys(&m), "to look is no use")

	m.Put("b", 4)
	assert.Equal(t, []string{"b", "a", "c"}, keys(&m))
	m.Shorten(2)
	assert.Equal(t, []string{"b", "a"}, keys(&m))
	_, ok = m.Peek("c")
	assert.False(t, ok)
	for k, v := range m.All() {
		assert.Equal(t, "b", k)
		assert.Equal(t, 4, v)
		break
	}
	m.Shorten(0)
	assert.Zero(t, m.Len())
	m.Put("d", 5)
	assert.Equal(t, []string{"d"}, keys(&m))
}

// Whatever is done, it is what a plain list would do.
func TestMapIsAList(t *testing.T) {
	var m Map[string, int]
	var list []string // the one used last first
	front := func(k string) {
		list = slices.Insert(slices.DeleteFunc(list, func(s string) bool { return s == k }), 0, k)
	}
	for i := range 10_000 {
		k := string(rune('a' + rand.IntN(12)))
		switch rand.IntN(4) {
		case 0:
			m.Put(k, i)
			front(k)
		case 1:
			if _, ok := m.Get(k); ok {
				front(k)
			}
		case 2:
			m.Delete(k)
			list = slices.DeleteFunc(list, func(s string) bool { return s == k })
		default:
			most := rand.IntN(10)
			m.Shorten(most)
			list = list[:min(len(list), most)]
		}
		require.True(t, slices.Equal(list, keys(&m)), "%v %v", list, keys(&m))
		require.Equal(t, len(list), m.Len())
	}
}
