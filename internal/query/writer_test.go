package query

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

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
