package schematest

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/mtlshttp/mtlshttp"
)

// FuzzTheSchemaTakesWhatTheLibraryTakes looks for a document that the library
// takes and the schema refuses, beside those that docs/schema/README.md names:
// keys that mean nothing, rows of a header that is there twice, a content type
// beside a form, and what is not ASCII.
func FuzzTheSchemaTakesWhatTheLibraryTakes(f *testing.F) {
	for _, document := range documents(f) {
		if len(document) < 1<<10 {
			f.Add(document)
		}
	}
	schema := compile(f, mtlshttp.RequestSchema())
	f.Fuzz(func(t *testing.T, text string) {
		isASCII := !strings.ContainsFunc(text, func(r rune) bool { return r > '~' }) && !strings.Contains(text, `\u`)
		var document map[string]json.RawMessage
		if !isASCII || faults([]byte(text)) != nil || json.Unmarshal([]byte(text), &document) != nil {
			return
		}
		excused := meaningless(document)
		if headers := strings.ToLower(string(document["headers"])); strings.Contains(headers, "content-type") || strings.Count(headers, "name") > 1 {
			excused = append(excused, "headers")
		}
		theirs := slices.DeleteFunc(refused(t, schema, []byte(text)), func(key string) bool { return slices.Contains(excused, key) })
		assert.Empty(t, theirs, "%s", text)
	})
}
