package schemagen

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// parsed is a Go package of one file.
func parsed(t *testing.T, text string) *source {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "x.go"), []byte("package x\n"+text), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "x_test.go"), []byte("no Go"), 0o600))
	s, err := read(dir)
	require.NoError(t, err)
	return s
}

func TestDocument(t *testing.T) {
	s := parsed(t, `
// Top is all.
type Top struct {
	Wait time.Duration // Wait is how long.
	Next *Top
	Sort Sort
}

// MarshalJSON writes it.
func (t Top) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Wait float64 `+"`json:\"wait,omitempty\"`"+` // in seconds
		Next *Top    `+"`json:\"next\"`"+`
		Sort Sort    `+"`json:\"sort\"`"+`
		Age  []int   `+"`json:\"age\"`"+`
	}{t.Wait.Seconds(), t.Next, t.Sort, t.ages()})
}

// ages are its years.
func (t Top) ages() []int { return nil }

// Sort is one of two.
type Sort string

const (
	// A: the first.
	A Sort = "a"
	B Sort = "b"
)
`)
	schema, err := s.document("Top", "top.json", "Top")
	require.NoError(t, err)
	text, err := indented(schema)
	require.NoError(t, err)
	assert.JSONEq(t, `{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://github.com/mtlshttp/mtlshttp/docs/schema/top.json",
		"title": "Top", "description": "Top is all.", "type": "object", "required": ["next", "sort", "age"],
		"properties": {
			"wait": {"description": "Wait is how long. in seconds", "type": "number"},
			"next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]},
			"sort": {"$ref": "#/$defs/Sort"},
			"age": {"description": "ages are its years.", "type": ["array", "null"], "items": {"type": "integer"}}
		},
		"$defs": {"Sort": {"description": "Sort is one of two.", "type": "string", "oneOf": [{"const": "a", "description": "the first."}, {"const": "b"}]}}
	}`, string(text))
}

func TestWhatHasNoSchema(t *testing.T) {
	for text, why := range map[string]string{
		`type Other struct{}`:                        "no type Top",
		`type Top int`:                               "is no struct",
		`type Top struct{ A int }`:                   "has no key",
		"type Top struct{ A chan int `json:\"a\"` }": "no schema for the Go type",
		`type Top struct{}
func (t Top) MarshalJSON() ([]byte, error) { return nil, nil }`: "marshals no struct",
	} {
		_, err := parsed(t, text).document("Top", "top.json", "Top")
		assert.ErrorContains(t, err, why, text)
	}
	_, err := Schemas(t.TempDir())
	assert.Error(t, err, "a folder without Go")
	_, err = Schemas(filepath.Join(t.TempDir(), "none"))
	assert.Error(t, err)
}

// A key that the decoder knows has a row in the form, and the other way round.
func TestFormAndDecoderHaveTheSameKeys(t *testing.T) {
	s, err := read("../..")
	require.NoError(t, err)
	keys, err := s.keys()
	require.NoError(t, err)
	var rows []string
	for _, f := range form {
		rows = append(rows, f.key)
	}
	assert.ElementsMatch(t, slices.Collect(maps.Keys(keys)), rows)

	s.vars["bodyKeys"].Elts = s.vars["bodyKeys"].Elts[1:]
	_, err = s.request()
	assert.ErrorContains(t, err, "the request has no key bodyType")
	delete(s.vars, "bodyKeys")
	_, err = s.request()
	assert.ErrorContains(t, err, "no tables")
}

// Patterns are for every engine: what Go reads and ECMA-262 does not is not in
// them.
func TestPatternsAreForEveryEngine(t *testing.T) {
	schemas, err := Schemas("../..")
	require.NoError(t, err)
	foreign := regexp.MustCompile(`\(\?[^:]|\\[AzQEpPC]|\[\[:|\\x\{`)
	found := 0
	var walk func(v any, pattern bool)
	walk = func(v any, pattern bool) {
		switch v := v.(type) {
		case map[string]any:
			for name, inner := range v {
				walk(inner, name == "pattern")
				if name == "patternProperties" {
					for p := range inner.(map[string]any) {
						walk(p, true)
					}
				}
			}
		case []any:
			for _, inner := range v {
				walk(inner, false)
			}
		case string:
			if pattern {
				found++
				_, err := regexp.Compile(v)
				assert.NoError(t, err)
				assert.NotRegexp(t, foreign, v)
			}
		}
	}
	var document any
	require.NoError(t, json.Unmarshal(schemas["request.json"], &document))
	walk(document, false)
	assert.Greater(t, found, 30)
}
