package query

import (
	"encoding/json"
	"errors"
	"math"
	"net/url"
	"strconv"
	"strings"
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

func TestEscapes(t *testing.T) {
	for _, plain := range []bool{false, true} {
		got, err := Form([]Pair{{"é &=", "-._~!'()*+%\r\n\"日\xff"}}, plain)
		require.NoError(t, err)
		assert.Equal(t, "%C3%A9%20%26%3D=-._~%21%27%28%29%2A%2B%25%0D%0A%22%E6%97%A5%FF", got)
		got, err = Merge("a=%E9%c3%a9%zz%4", []Pair{}, plain, 0)
		require.NoError(t, err)
		assert.Equal(t, "a=%E9%C3%A9%25zz%254", got)
	}
	assert.Equal(t, "a=b c+%zz&%21%27%28%29%2A", EscapeText("a=b c+%zz&!'()*"))
}

func TestNumbers(t *testing.T) {
	cases := map[string]any{
		"1": 1, "-7": int8(-7), "255": uint8(255), "1.5": 1.5, "0": math.Copysign(0, -1), "1e+21": 1e21, "1e-7": 1e-7,
		"100000000000000000000": 1e20, "0.000001": 1e-6, "0.1": float32(0.1), "-1.25e-10": -1.25e-10,
		"9007199254740993": json.Number("9007199254740993"), "1.2": json.Number("1.20"), "10": json.Number("1e1"),
		"1e999": json.Number("1e999"), "-5": json.Number("-5"), "18446744073709551615": uint64(math.MaxUint64),
	}
	for want, value := range cases {
		got, err := text(value)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	got, err := text(json.Number("-0"))
	require.NoError(t, err)
	assert.Equal(t, "0", got)
}

func TestLimits(t *testing.T) {
	deep := any("x")
	for range MaxDepth + 1 {
		deep = []any{deep}
	}
	many := make([]Pair, MaxParams+1)
	for i := range many {
		many[i] = Pair{strconv.Itoa(i), nil}
	}
	cases := []struct {
		raw   string
		pairs []Pair
		want  Reason
	}{
		{strings.Repeat("x", DefaultMaxLength+1), nil, Length},
		{"", []Pair{{"x", strings.Repeat("x", DefaultMaxLength)}}, Length},
		{"", []Pair{{"x", strings.Repeat("ü", DefaultMaxLength/3)}}, Length},
		{"", []Pair{{"x", []any{[]Pair{{strings.Repeat("n", DefaultMaxLength), 1}}}}}, Length},
		{strings.Repeat("&", MaxParams), many, Params},
		{"", []Pair{{"x", deep}}, Depth},
		{"", []Pair{{"x", struct{}{}}}, Type}, {"", []Pair{{"x", map[string]any{}}}, Type}, {"", []Pair{{"x", math.NaN()}}, Type},
		{"", []Pair{{"x", math.Inf(1)}}, Type}, {"", []Pair{{"x", []byte("x")}}, Type}, {"", []Pair{{"x", []any{func() {}}}}, Type},
	}
	for _, c := range cases {
		for _, plain := range []bool{false, true} {
			_, err := Merge(c.raw, c.pairs, plain, 0)
			var e *Error
			require.True(t, errors.As(err, &e), "%v %.20v", c.want, c.pairs)
			assert.Equal(t, c.want, e.Reason)
			assert.NotEmpty(t, e.Error())
		}
	}
	_, err := Merge(strings.Repeat("a&", MaxParams+1), nil, false, 1<<20)
	require.Equal(t, errParams, err)
	_, err = Form(many, true)
	require.NoError(t, err, "a form may be larger")
	got, err := Merge(strings.Repeat("[x", 1000)+strings.Repeat("]", 1000)+"="+strings.Repeat("y", 1000), nil, false, 0)
	require.NoError(t, err)
	assert.NotEmpty(t, got)
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

func FuzzParsePlain(f *testing.F) {
	f.Add("a=b+c&%20=%zz&=&&d")
	f.Fuzz(func(t *testing.T, raw string) {
		var w writer
		w.maxLength, w.maxParams = 1<<20, 1<<20
		require.NoError(t, w.plain(parsePlain(raw), nil))
		require.Equal(t, parsePlain(raw), parsePlain(string(w.out)))
	})
}
