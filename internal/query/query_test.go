package query

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMerge(t *testing.T) {
	one := []Pair{{"x", "1"}}
	cases := []struct {
		raw            string
		pairs          []Pair
		indexed, plain string
	}{
		{"foo=bar&foo=baz", []Pair{}, "foo[0]=bar&foo[1]=baz", "foo=bar&foo=baz"},
		{"a=1&b=2&c=3", []Pair{{"b", "9"}, {"d", 4}}, "a=1&b=9&c=3&d=4", "a=1&b=9&c=3&d=4"},
		{"a=1&b=2&a=3", one, "a[0]=1&a[1]=3&b=2&x=1", "a=1&b=2&a=3&x=1"},
		{"a=0&b=2&a=3", []Pair{{"a", 1}, {"x", 1}, {"a", 2}}, "a[0]=1&a[1]=2&b=2&x=1", "a=1&a=2&b=2&x=1"},
		{"", []Pair{{"a", 1}, {"b", 2}, {"a", 3}}, "a[0]=1&a[1]=3&b=2", "a=1&b=2&a=3"},
		{"", []Pair{{"b", 0}, {"2", "two"}, {"1", "one"}}, "b=0&2=two&1=one", "b=0&2=two&1=one"},
		{"b[]=1", one, "b[0]=1&x=1", "b[]=1&x=1"},
		{"b[1]=p&b[5]=q", one, "b[0]=p&b[1]=q&x=1", "b[1]=p&b[5]=q&x=1"},
		{"b[5]=p&b[1]=q", one, "b[0]=q&b[1]=p&x=1", "b[5]=p&b[1]=q&x=1"},
		{"b[21]=p&b[22]=q", one, "b[21]=p&b[22]=q&x=1", "b[21]=p&b[22]=q&x=1"},
		{"b[01]=p", one, "b[01]=p&x=1", "b[01]=p&x=1"},
		{"b[0]=p&b[c]=q", one, "b[0]=p&b[c]=q&x=1", "b[0]=p&b[c]=q&x=1"},
		{"b=1&b[]=2", one, "b[0]=1&b[1]=2&x=1", "b=1&b[]=2&x=1"},
		{"b[c]=1&b=2", one, "b[c]=1&b[2]=true&x=1", "b[c]=1&b=2&x=1"},
		{"b[][c]=1&b[][c]=2", one, "b[0][c][0]=1&b[0][c][1]=2&x=1", "b[][c]=1&b[][c]=2&x=1"},
		{"b[0][c]=1&b[0][d]=2", one, "b[0][c]=1&b[0][d]=2&x=1", "b[0][c]=1&b[0][d]=2&x=1"},
		{"b[c=1", one, "b[c=1&x=1", "b[c=1&x=1"},
		{"b[c]d=1", one, "b[c]d=1&x=1", "b[c]d=1&x=1"},
		{"[b]=1&[]=2", one, "b=1&0=2&x=1", "[b]=1&[]=2&x=1"},
		{"[]=1&[]=2&[b]=3", one, "0=1&1=2&b=3&x=1", "[]=1&[]=2&[b]=3&x=1"},
		{"b[c=d]=1&e=f]=2", one, "b[c=d]=1&e=f]=2&x=1", "b[c=d]=1&e=f]=2&x=1"},
		{"b.c=1", one, "b.c=1&x=1", "b.c=1&x=1"},
		{"a[b][c][d][e][f][g]=1", one, "a[b][c][d][e][f][g]=1&x=1", "a[b][c][d][e][f][g]=1&x=1"},
		{"__proto__=1&toString=2&a[constructor]=3", one, "__proto__=1&toString=2&a[constructor]=3&x=1",
			"__proto__=1&toString=2&a[constructor]=3&x=1"},
		{"=v&&flag&", one, "=v&flag=&x=1", "=v&flag=&x=1"},
		{"a=b+c&d=%2B", one, "a=b c&d=+&x=1", "a=b c&d=+&x=1"},
		{"", []Pair{{"a", nil}, {"b", true}, {"c", []any{}}, {"d", []Pair{}}}, "a=&b=true", "a=&b=true"},
		{"", []Pair{{"a", []any{"x", 1, true, nil, ""}}}, "a[0]=x&a[1]=1&a[2]=true&a[3]=&a[4]=", "a=x&a=1&a=true&a=&a="},
		{"", []Pair{{"a", []any{[]any{1, 2}, 3}}}, "a[0][0]=1&a[0][1]=2&a[1]=3", "a[0][0]=1&a[0][1]=2&a[1]=3"},
		{"", []Pair{{"a", []Pair{{"b", []Pair{{"c", "x"}}}, {"b", 1}}}}, "a[b][0][c]=x&a[b][1]=1", "a[b][0][c]=x&a[b][1]=1"},
	}
	for _, c := range cases {
		for plain, want := range map[bool]string{false: c.indexed, true: c.plain} {
			got, err := Merge(c.raw, c.pairs, plain, 0)
			require.NoError(t, err)
			assert.Equal(t, want, readable(t, got), "%s plain=%v", c.raw, plain)
		}
	}
}

// readable undoes the escapes, for tests whose values hold no separators.
func readable(t *testing.T, s string) string {
	u, err := url.PathUnescape(s)
	require.NoError(t, err)
	return u
}

func TestMergeLeavesAlone(t *testing.T) {
	for _, raw := range []string{"", "&&"} {
		for _, plain := range []bool{false, true} {
			got, err := Merge(raw, []Pair{{"a", []any{}}}, plain, 0)
			require.NoError(t, err)
			assert.Equal(t, raw, got)
		}
	}
}

// TestPairsAreNotChanged holds that merging writes to nothing of the caller's.
func TestPairsAreNotChanged(t *testing.T) {
	list := make([]any, 1, 8)
	list[0] = "1"
	pairs := []Pair{{"a", list}, {"a", "2"}}
	_, err := Merge("a=0&a=1", pairs, false, 0)
	require.NoError(t, err)
	assert.Equal(t, []any{"1"}, list)
	assert.Nil(t, list[:2][1])
}

func FuzzMerge(f *testing.F) {
	f.Add("a=1&a=2&b[c][]=3&b[c][]=4", "a", "x", true)
	f.Add("a[20]=1&a[]=2&a=&a[b]=3&=&%zz", "a[b]", "\x00", false)
	f.Add("[]=1&[][]=2&a[]b]=3&]=", "", "&=", false)
	f.Fuzz(func(t *testing.T, raw, name, value string, plain bool) {
		got, err := Merge(raw, []Pair{{name, value}, {"list", []any{value, nil}}}, plain, 0)
		if err != nil {
			var e *Error
			require.ErrorAs(t, err, &e)
			return
		}
		values, err := url.ParseQuery(got)
		require.NoError(t, err, "what Merge writes reads as a query")
		require.Contains(t, values, name)
		require.NotContains(t, got, "+")
		if plain && name != "list" {
			require.Equal(t, []string{value}, values[name])
			require.Equal(t, []string{value, ""}, values["list"])
			again, err := Merge(got, []Pair{}, true, 4*len(got)+1)
			require.NoError(t, err)
			require.Equal(t, got, again, "plain is stable")
		}
	})
}
