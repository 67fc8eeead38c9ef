package shape

import (
	"encoding/json"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func of(t testing.TB, texts ...string) *Shape {
	s := new(Shape)
	for _, text := range texts {
		var v any
		require.NoError(t, json.Unmarshal([]byte(text), &v))
		s.Add(exact(v))
	}
	return s
}

// exact has integers as json.Number.
func exact(v any) any {
	switch v := v.(type) {
	case float64:
		text, _ := json.Marshal(v)
		return json.Number(text)
	case []any:
		for i := range v {
			v[i] = exact(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = exact(v[name])
		}
	}
	return v
}

func written(t testing.TB, s *Shape) string {
	text, err := json.Marshal(s)
	require.NoError(t, err)
	return string(text)
}

func stored(t testing.TB, s *Shape) *Shape {
	back := new(Shape)
	require.NoError(t, json.Unmarshal([]byte(written(t, s)), back))
	return back
}

// A shape that was stored and read back is the same, and goes on to learn as if
// it had not been.
func TestStoredShapesLearnOn(t *testing.T) {
	documents := []string{`1`, `2.5`, `null`, `"x"`, `true`, `[]`, `[1]`, `[[],[null]]`, `{}`, `{"a":1}`, `{"a":null,"b":[{"c":1},{"c":"x","d":{}}]}`,
		`[{"a":[]},3,"x"]`, `{"":{"$schema":1,"type":"object","required":[]}}`, `{"a":{"a":{"a":0.5}}}`}
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		straight, kept := new(Shape), new(Shape)
		for range 1 + random.IntN(6) {
			more := of(t, documents[random.IntN(len(documents))])
			straight.Join(more)
			kept = stored(t, kept)
			kept.Join(stored(t, more))
		}
		require.Equal(t, written(t, straight), written(t, kept))
		require.Equal(t, straight.Paths(), kept.Paths())
	}
}

func TestJoinIsWhatAddIs(t *testing.T) {
	texts := []string{`{"a":1,"b":[1,{"c":2}]}`, `{"a":0.5}`, `{"a":null,"b":"x"}`, `[]`}
	joined := new(Shape)
	for _, text := range texts {
		joined.Join(of(t, text))
	}
	assert.Equal(t, of(t, texts...), joined)
	assert.JSONEq(t, `{"$schema":"`+draft+`","type":["array","object"],"required":["a"],"properties":{"a":{"type":["null","number"]},
		"b":{"type":["string","array"],"items":{"type":["integer","object"],"properties":{"c":{"type":"integer"}},"required":["c"]}}}}`, written(t, joined))
}

func TestBytes(t *testing.T) {
	s := new(Shape)
	s.Add([]byte("x"))
	assert.Equal(t, of(t, `{"$base64":""}`), s)
}

// What is no schema of ours is refused, not half understood.
func TestForeignSchemas(t *testing.T) {
	head := `{"$schema":"` + draft + `",`
	for _, text := range []string{
		`{"type":"string"}`, `{"$schema":"http://json-schema.org/draft-07/schema#","type":"string"}`, head + `"enum":[1]}`, head + `"type":"text"}`,
		head + `"type":1}`, head + `"items":{}}`, head + `"properties":{}}`, head + `"type":"object","required":["a"]}`, `[]`, `"x"`,
		head + `"type":"object","properties":{"a":null}}`, head + `"type":"array","items":{"$schema":"` + draft + `"}}`, head + `"type":"array","items":{"minimum":1}}`,
	} {
		s := of(t, `1`)
		assert.Error(t, json.Unmarshal([]byte(text), s), text)
		assert.Equal(t, of(t, `1`), s, "it stays as it was")
	}
	assert.Equal(t, new(Shape), stored(t, new(Shape)), "nothing was seen")
}

func FuzzSchema(f *testing.F) {
	for _, text := range []string{`{"a":1}`, `[1,null,{"b":[]}]`, `0.5`} {
		f.Add([]byte(written(f, of(f, text))))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var s Shape
		if json.Unmarshal(data, &s) == nil {
			require.Equal(t, written(t, &s), written(t, stored(t, &s)))
		}
	})
}
