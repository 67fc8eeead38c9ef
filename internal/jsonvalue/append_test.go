package jsonvalue

import (
	"bytes"
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAppend(t *testing.T) {
	for want, v := range map[string]any{
		`null`:                   nil,
		`true`:                   true,
		`"<a href=\"x\">&amp;"`:  `<a href="x">&amp;`,
		`"\u0000\n\t"`:           "\x00\n\t",
		`"a�"`:                   "a\xff",
		`12345678901234567890`:   json.Number("12345678901234567890"),
		`{"a":[1,{}],"b":null}`:  map[string]any{"b": nil, "a": []any{json.Number("1"), Object{}}},
		`{"b":1,"a":2}`:          Object{{"b", 1}, {"a", 2}},
		`{"$base64":"AP8="}`:     []byte{0, 255},
		`{"$base64":""}`:         []byte{},
		`[]`:                     []any{},
		`{}`:                     map[string]any(nil),
		`-5`:                     int64(-5),
		`18446744073709551615`:   uint64(math.MaxUint64),
		`1.5`:                    1.5,
		`0.1`:                    float32(0.1),
		`["a","b"]`:              []string{"a", "b"},
		`[null]`:                 []any{(*time.Time)(nil)},
		`{"x":"y"}`:              map[string]string{"x": "y"},
		`{"a":1,"a":[2]}`:        json.RawMessage(" {\"a\": 1,\n\"a\":[ 2]} "),
		`"2026-11-21T00:00:00Z"`: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC),
	} {
		got, err := Append([]byte("x"), v)
		require.NoError(t, err, want)
		assert.Equal(t, "x"+want, string(got))
	}
}

func TestAppendRefuses(t *testing.T) {
	loop := map[string]any{}
	loop["self"] = loop
	for name, v := range map[string]any{
		"channel": make(chan int), "NaN": math.NaN(), "infinity": math.Inf(1), "number": json.Number("1x"),
		"number with space": json.Number(" 1"), "empty number": json.Number(""), "raw": json.RawMessage("{"), "loop": loop,
		"inside": []any{struct{}{}},
	} {
		got, err := Append([]byte("x"), v)
		assert.Error(t, err, name)
		assert.Equal(t, "x", string(got), name)
	}
}

func TestObject(t *testing.T) {
	o := Object{{"a", 1}, {"b", "<>"}, {"a", 3}}
	v, ok := o.Get("a")
	assert.True(t, ok)
	assert.Equal(t, 3, v)
	_, ok = o.Get("c")
	assert.False(t, ok)

	text, err := o.MarshalJSON()
	require.NoError(t, err)
	assert.Equal(t, `{"a":1,"b":"<>","a":3}`, string(text))

	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	require.NoError(t, e.Encode(map[string]any{"o": o}))
	assert.Equal(t, `{"o":{"a":1,"b":"<>","a":3}}`+"\n", b.String())
}
