package mtlshttp

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"reflect"
	"strings"
)

// guard puts the body that a client's caller gave behind a source, as Do does
// with a reader. What is returned knows how that one ended; nil: there is none.
func guard(ctx context.Context, out *http.Request) *payload {
	if !hasBody(out) || inMemory(out.Body) {
		return nil
	}
	body, again := out.Body, out.GetBody
	given := &payload{foreign: true, open: func() (io.ReadCloser, error) { return body, nil }}
	out.Body, _ = given.guarded(ctx)
	if again != nil {
		given.open = again
		out.GetBody = func() (io.ReadCloser, error) { return given.guarded(ctx) }
	}
	return given
}

// The types of io.NopCloser, which http.NewRequest puts around a reader.
var (
	plainCloser  = reflect.TypeOf(io.NopCloser(nil))
	writerCloser = reflect.TypeOf(io.NopCloser(new(bytes.Reader)))
)

// inMemory says whether a body can neither block nor fail: one of the readers
// that http.NewRequest can open again by itself.
func inMemory(body io.Reader) bool {
	switch body.(type) {
	case *bytes.Reader, *bytes.Buffer, *strings.Reader:
		return true
	}
	if t := reflect.TypeOf(body); t != plainCloser && t != writerCloser {
		return false
	}
	inner, _ := reflect.ValueOf(body).Field(0).Interface().(io.Reader)
	return inner != nil && inMemory(inner)
}
