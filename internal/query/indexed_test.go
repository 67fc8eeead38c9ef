package query

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSplitName(t *testing.T) {
	cases := []struct {
		name, parent string
		keys         []string
	}{
		{"a", "a", nil}, {"", "", nil}, {"a[]", "a", []string{"[]"}}, {"a[b][0]", "a", []string{"[b]", "[0]"}},
		{"[a]", "", []string{"[a]"}}, {"a[b", "a[b", nil}, {"a]b", "a]b", nil}, {"a[b]c", "a[b]c", nil}, {"a[b]]", "a[b]]", nil},
		{"a[[b]]", "a[[b]]", nil}, {"a[b]c[d]", "a[b]c[d]", nil},
		{"a[1][2][3][4][5]", "a", []string{"[1]", "[2]", "[3]", "[4]", "[5]"}}, {"a[1][2][3][4][5][6]", "a[1][2][3][4][5][6]", nil},
	}
	for _, c := range cases {
		parent, keys := splitName(c.name)
		assert.Equal(t, c.parent, parent, c.name)
		assert.Equal(t, c.keys, keys, c.name)
	}
}

func TestMergeOfValues(t *testing.T) {
	list := func(items ...any) *array { return &array{items} }
	fields := func(name string, value any) *object { o := newObject(); o.set(name, value); return o }
	cases := []struct{ target, source, want any }{
		{"a", "b", list("a", "b")},
		{"a", "", "a"},
		{"a", list("b", "c"), list("a", "b", "c")},
		{list("a"), "b", list("a", "b")},
		{list("a"), list(hole{}, "b"), list("a", "b")},
		{list(hole{}, "b"), list("a"), list("a", "b")},
		{list("a"), list("b"), list("a", "b")},
		{list("a"), list(hole{}, hole{}, "c"), list("a", hole{}, "c")},
		{list(fields("x", "1")), list(fields("x", "2")), list(fields("x", list("1", "2")))},
		{fields("x", "1"), fields("x", "2"), fields("x", list("1", "2"))},
		{fields("x", "1"), "x", fields("x", true)},
		{list(hole{}, "a"), fields("1", "b"), fields("1", list("a", "b"))},
		{fields("0", "a"), list("b"), fields("0", list("a", "b"))},
	}
	for _, c := range cases {
		assert.Equal(t, c.want, merge(c.target, c.source))
	}
}
