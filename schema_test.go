package mtlshttp_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/golden"
	"github.com/mtlshttp/mtlshttp/internal/schemagen"
)

// The schemas that are checked in are those that the code asks for.
func TestSchemas(t *testing.T) {
	schemas, err := schemagen.Schemas(".")
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{"request.json", "response.json", "error.json"}, slices.Collect(maps.Keys(schemas)))
	for name, schema := range schemas {
		golden.Compare(t, "docs/schema/"+name, string(schema))
	}
}

func TestTheRequestSchemaIsAForm(t *testing.T) {
	var schema struct {
		Properties map[string]struct {
			Title, Description string
			Order              int                        `json:"x-order"`
			Widget             string                     `json:"x-widget"`
			When               map[string]json.RawMessage `json:"x-when"`
		}
		AdditionalProperties *bool
	}
	require.NoError(t, json.Unmarshal(mtlshttp.RequestSchema(), &schema))
	assert.ElementsMatch(t, mtlshttp.DocumentKeys(), slices.Collect(maps.Keys(schema.Properties)))
	orders := map[int]string{}
	for key, p := range schema.Properties {
		assert.NotEmpty(t, p.Title, key)
		assert.NotEmpty(t, p.Description, key)
		assert.NotEmpty(t, p.Widget, key)
		assert.Empty(t, orders[p.Order], "%s has the place of %s", key, orders[p.Order])
		orders[p.Order] = key
		for other := range p.When {
			assert.Contains(t, schema.Properties, other, "%s is shown by a key that is none", key)
			assert.Less(t, schema.Properties[other].Order, p.Order, "%s stands before %s, by which it is shown", key, other)
		}
	}
	require.NotNil(t, schema.AdditionalProperties)
	assert.False(t, *schema.AdditionalProperties, "keys that are not known are refused")
}

func ExampleRequestSchema() {
	var schema struct {
		Properties map[string]struct {
			Title   string
			Default any
		}
	}
	if err := json.Unmarshal(mtlshttp.RequestSchema(), &schema); err != nil {
		panic(err)
	}
	timeout := schema.Properties["timeout"]
	fmt.Println(timeout.Title, timeout.Default)
	// Output: Timeout 40
}

// The documents of the table of fields, of which internal/schematest asks a
// validator that is not ours what it thinks. A certificate stands as CA, since
// it is another one each time; what is longer than 4 KiB is over a limit.
func TestSchemaDocuments(t *testing.T) {
	var lines []string
	add := func(f field, value string) {
		if len(value) > 4<<10 {
			return
		}
		if pem, err := strconv.Unquote(value); err == nil && strings.Contains(pem, "BEGIN CERTIFICATE") && len(pem) > 256 {
			value = `"CA"`
		}
		lines = append(lines, f.document(fmt.Sprintf("%q: %s", f.key, value))+"\n")
	}
	for _, f := range fields(t) {
		add(f, `null`)
		add(f, `""`)
		for value := range f.reads {
			add(f, value)
		}
		for _, value := range f.refused {
			add(f, value)
		}
	}
	slices.Sort(lines)
	golden.Compare(t, "internal/schematest/testdata/documents.jsonl", strings.Join(slices.Compact(lines), ""))
}
