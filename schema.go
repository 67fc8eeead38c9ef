package mtlshttp

import (
	_ "embed"
	"slices"
)

//go:generate go test . -run TestSchemas -update

//go:embed docs/schema/request.json
var requestSchema []byte

//go:embed docs/schema/response.json
var responseSchema []byte

//go:embed docs/schema/error.json
var errorSchema []byte

// RequestSchema returns the JSON Schema (draft 2020-12) of the request
// document, with what a form needs: the order of the fields (x-order), titles
// and help, which are advanced (x-advanced), how each is entered (x-widget) and
// when it is shown (x-when). docs/schema/README.md explains these, and what
// Validate finds that a schema cannot say. The bytes are the caller's.
func RequestSchema() []byte { return slices.Clone(requestSchema) }

// ResponseSchema returns the JSON Schema (draft 2020-12) of the bundle, as
// Response.MarshalJSON writes it. Keys may be added. The bytes are the caller's.
func ResponseSchema() []byte { return slices.Clone(responseSchema) }

// ErrorSchema returns the JSON Schema (draft 2020-12) of an error, as
// Error.MarshalJSON writes it. Keys may be added. The bytes are the caller's.
func ErrorSchema() []byte { return slices.Clone(errorSchema) }
