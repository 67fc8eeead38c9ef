// Package schematest holds the schemas below docs/schema against the code,
// with a validator that is not ours. It is a module of its own, so that the
// library has no part of it.
package schematest

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
)

// compile reads a schema; the validator holds it to its dialect as well.
func compile(t testing.TB, schema []byte) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	require.NoError(t, c.AddResource("schema.json", document))
	compiled, err := c.Compile("schema.json")
	require.NoError(t, err)
	return compiled
}

// refused are the keys of a document that the schema refuses; nil: none.
func refused(t testing.TB, schema *jsonschema.Schema, document []byte) []string {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	require.NoError(t, err, "%s", document)
	err = schema.Validate(value)
	if err == nil {
		return nil
	}
	var ve *jsonschema.ValidationError
	require.True(t, errors.As(err, &ve))
	return keys(ve)
}

func keys(e *jsonschema.ValidationError) (list []string) {
	for _, cause := range e.Causes {
		list = append(list, keys(cause)...)
	}
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		if len(e.InstanceLocation) == 0 {
			list = append(list, k.Missing...)
		}
	case *kind.AdditionalProperties:
		if len(e.InstanceLocation) == 0 {
			list = append(list, k.Properties...)
		}
	}
	if len(e.InstanceLocation) > 0 {
		list = append(list, e.InstanceLocation[0])
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// faults are the keys of a document that the library refuses; nil: none.
func faults(document []byte) []string {
	var r mtlshttp.Request
	err := json.Unmarshal(document, &r)
	if err == nil {
		err = r.Validate()
	}
	if err == nil {
		return nil
	}
	var e *mtlshttp.Error
	if !errors.As(err, &e) {
		return []string{""}
	}
	list := []string{e.Field}
	for _, f := range e.Faults {
		list = append(list, f.Field)
	}
	for i, field := range list {
		list[i], _, _ = strings.Cut(field, "[")
	}
	slices.Sort(list)
	return slices.Compact(list)
}
