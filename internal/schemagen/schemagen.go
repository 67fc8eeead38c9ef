// Package schemagen makes the JSON Schemas (draft 2020-12) of the documents:
// request, bundle and error. Keys and types come from the Go sources, as do the
// descriptions of bundle and error; what a form needs of a request, and what
// its values may be, stands in tables here. The test of the root package writes
// the files below docs/schema and compares them.
package schemagen

import (
	"bytes"
	"encoding/json"

	"github.com/mtlshttp/mtlshttp/internal/jsonvalue"
)

const (
	dialect = "https://json-schema.org/draft/2020-12/schema"
	base    = "https://github.com/mtlshttp/mtlshttp/docs/schema/"
)

// Schemas reads the Go package in dir and returns the schemas, by the name of
// their file.
func Schemas(dir string) (map[string][]byte, error) {
	src, err := read(dir)
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	for name, make := range map[string]func() (object, error){
		"request.json":  src.request,
		"response.json": func() (object, error) { return src.document("Response", "response.json", "Bundle") },
		"error.json":    func() (object, error) { return src.document("Error", "error.json", "Error") },
	} {
		schema, err := make()
		if err != nil {
			return nil, err
		}
		if out[name], err = indented(schema); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func indented(o object) ([]byte, error) {
	text, err := jsonvalue.Append(nil, o)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "  "); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// object is a schema, or a part of one, in the order in which it is written.
type object = jsonvalue.Object

// of makes an object of names and values in turn.
func of(pairs ...any) object {
	o := make(object, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		o = append(o, jsonvalue.Member{Name: pairs[i].(string), Value: pairs[i+1]})
	}
	return o
}

func list(items ...any) []any { return items }

// texts is a list of texts.
func texts(items ...string) []any {
	out := make([]any, 0, len(items))
	for _, s := range items {
		out = append(out, s)
	}
	return out
}
