package mtlshttp_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// shapes are those of bundles with these bodies.
func shapes(t *testing.T, bodies ...string) (list []*mtlshttp.Shape) {
	srv := mtlstest.NewServer(t, answering)
	e := newExecutor(t)
	for _, body := range bodies {
		r := srv.Request("/?type=application/json&body=" + url.QueryEscape(body))
		r.Parse = true
		resp, err := e.Do(t.Context(), r)
		require.NoError(t, err)
		list = append(list, resp.Shape())
	}
	return list
}

// dataSchema is the part of the schema that is about data.
func dataSchema(t *testing.T, s *mtlshttp.Shape) string {
	document, err := json.Marshal(s)
	require.NoError(t, err)
	var schema struct {
		Schema     string `json:"$schema"`
		Type       string
		Properties map[string]json.RawMessage
		Required   []string
	}
	require.NoError(t, json.Unmarshal(document, &schema))
	assert.Equal(t, "object", schema.Type)
	assert.Contains(t, schema.Schema, "2020-12")
	assert.Contains(t, schema.Required, "statusCode")
	return string(schema.Properties["data"])
}

func TestShapeOfData(t *testing.T) {
	for body, want := range map[string]string{
		`"x"`:               `{"type":"string"}`,
		`[]`:                `{"type":"array"}`,
		`[1, 2.5]`:          `{"type":"array","items":{"type":"number"}}`,
		`[1, null, "a"]`:    `{"type":"array","items":{"type":["integer","null","string"]}}`,
		`{}`:                `{"type":"object","properties":{}}`,
		`{"a":{"b":true}}`:  `{"type":"object","properties":{"a":{"type":"object","properties":{"b":{"type":"boolean"}},"required":["b"]}},"required":["a"]}`,
		`[{"a":1},{"b":1}]`: `{"type":"array","items":{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"integer"}}}}`,
		`[[1],{"a":[]},9007199254740993]`: `{"type":"array","items":{"type":["integer","array","object"],"items":{"type":"integer"},
			"properties":{"a":{"type":"array"}},"required":["a"]}}`,
	} {
		assert.JSONEq(t, want, dataSchema(t, shapes(t, body)[0]), body)
	}
}

func TestShapeMerges(t *testing.T) {
	list := shapes(t, `{"id":1,"user":{"name":"a"}}`, `{"id":2.5,"user":null,"tags":["x"]}`, `{"id":3,"user":{"name":"b","filter[a]":1}}`)
	want := `{"type":"object","required":["id","user"],"properties":{"id":{"type":"number"},"tags":{"type":"array","items":{"type":"string"}},
		"user":{"type":["null","object"],"required":["name"],"properties":{"name":{"type":"string"},"filter[a]":{"type":"integer"}}}}}`
	merged := list[0].Merge(list[1], list[2])
	assert.JSONEq(t, want, dataSchema(t, merged))
	// In whatever order, and in whatever steps.
	assert.Equal(t, merged, list[2].Merge(list[0].Merge(list[1])))
	assert.Equal(t, merged, new(mtlshttp.Shape).Merge(list[1], nil, list[0], list[2]))
	assert.JSONEq(t, dataSchema(t, shapes(t, `{"id":1,"user":{"name":"a"}}`)[0]), dataSchema(t, list[0]), "the parts stay as they were")

	var data []string
	for _, path := range merged.Paths() {
		if strings.HasPrefix(path, "data") {
			data = append(data, path)
		}
	}
	assert.Equal(t, []string{"data", "data.id", "data.tags", "data.tags[]", "data.user", "data.user.`filter[a]`", "data.user.name"}, data)
	assert.Contains(t, merged.Paths(), "headers[].name")
	assert.Contains(t, merged.Paths(), "statusCode")
}

// A shape is stored as its schema, read back, and learns on.
func TestStoredShapeMerges(t *testing.T) {
	list := shapes(t, `{"id":1,"user":{"name":"a"}}`, `{"id":2.5,"user":null,"tags":["x"]}`, `[{"id":3}]`)
	stored, err := json.Marshal(list[0].Merge(list[1]))
	require.NoError(t, err)
	var back mtlshttp.Shape
	require.NoError(t, json.Unmarshal(stored, &back))
	want := list[0].Merge(list[1], list[2])
	assert.Equal(t, want, back.Merge(list[2]))
	assert.Equal(t, want.Paths(), list[2].Merge(&back).Paths())
	for _, text := range []string{`{}`, `{"type":"object"}`, `[]`} {
		err := json.Unmarshal([]byte(text), &back)
		f := failureOf(t, err)
		assert.Equal(t, mtlshttp.KindParse, f.Kind)
		assert.Equal(t, "shape", f.Reason)
	}
	assert.Equal(t, want, back.Merge(list[2]), "a schema that is none changes nothing")
}

// A bundle whose data is bytes, or XML, has a shape as it is written.
func TestShapeOfBytesAndXML(t *testing.T) {
	paths := func(r mtlshttp.Response) (list []string) {
		for _, path := range r.Shape().Paths() {
			if strings.HasPrefix(path, "data.") {
				list = append(list, path)
			}
		}
		return list
	}
	assert.Equal(t, []string{"data.`$base64`"}, paths(mtlshttp.Response{Data: []byte("x")}))
	assert.Equal(t, []string{"data.a", "data.a._attributes", "data.a._attributes.x", "data.a.b", "data.a.b[]"},
		paths(mtlshttp.Response{Data: map[string]any{"a": map[string]any{"_attributes": map[string]any{"x": "1"}, "b": []any{"", "2"}}}}))
}

func ExampleShape_UnmarshalJSON() {
	first := &mtlshttp.Response{Data: map[string]any{"id": json.Number("1")}}
	stored, err := json.Marshal(first.Shape())
	if err != nil {
		fmt.Println(err)
		return
	}

	// Another day, another process.
	var shape mtlshttp.Shape
	if err := json.Unmarshal(stored, &shape); err != nil {
		fmt.Println(err)
		return
	}
	second := &mtlshttp.Response{Data: map[string]any{"id": json.Number("2"), "tags": []any{"a"}}}
	for _, path := range shape.Merge(second.Shape()).Paths() {
		if strings.HasPrefix(path, "data.") {
			fmt.Println(path)
		}
	}
	// Output:
	// data.id
	// data.tags
	// data.tags[]
}

func ExampleResponse_Shape() {
	monday := &mtlshttp.Response{StatusCode: 200, Data: map[string]any{"hits": json.Number("0"), "entries": []any{}}}
	tuesday := &mtlshttp.Response{StatusCode: 200, Data: map[string]any{"hits": json.Number("1"),
		"entries": []any{map[string]any{"id": "a", "due date": nil}}}}
	shape := monday.Shape().Merge(tuesday.Shape())
	for _, path := range shape.Paths() {
		if strings.HasPrefix(path, "data.") {
			fmt.Println(path)
		}
	}
	// Output:
	// data.entries
	// data.entries[]
	// data.entries[].`due date`
	// data.entries[].id
	// data.hits
}
