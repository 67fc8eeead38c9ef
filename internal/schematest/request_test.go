package schematest

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// unsaid are documents that the schema takes and the library refuses, for what
// docs/schema/README.md says a schema cannot say.
var unsaid = map[string]string{
	`{"url": "https://a.test/", "headers": {"Content-Length": "1"}}`:       "the body is empty",
	`{"url": "https://a.test/", "ca": "` + strings.Repeat("x", 257) + `"}`: "no certificate is in it",
}

// meaningless are the keys of a document that say nothing beside its bodyType.
func meaningless(document map[string]json.RawMessage) (keys []string) {
	of := map[string]string{"contentType": "raw", "customContentType": "raw", "data": "raw", "formFields": "x_www_form_urlencoded", "formDataFields": "multipart_form_data"}
	var bodyType string
	_ = json.Unmarshal(document["bodyType"], &bodyType)
	for key, needs := range of {
		if needs != bodyType || key == "customContentType" && string(document["contentType"]) != `"custom"` {
			keys = append(keys, key)
		}
	}
	return keys
}

// documents are those of the library's table of fields.
func documents(t testing.TB) []string {
	text, err := os.ReadFile("testdata/documents.jsonl")
	require.NoError(t, err)
	ca, err := mtlstest.NewCA()
	require.NoError(t, err)
	quoted, err := json.Marshal(string(ca.PEM()))
	require.NoError(t, err)
	return strings.Split(strings.TrimSpace(strings.ReplaceAll(string(text), `"CA"`, string(quoted))), "\n")
}

func TestTheSchemaAndTheDecoderAgree(t *testing.T) {
	schema := compile(t, mtlshttp.RequestSchema())
	good, bad, said := 0, 0, 0
	for _, document := range documents(t) {
		ours, theirs := faults([]byte(document)), refused(t, schema, []byte(document))
		if ours == nil {
			good++
			assert.Empty(t, theirs, "good, and refused: %s", document)
			continue
		}
		bad++
		if why := unsaid[document]; why != "" {
			assert.Empty(t, theirs, "%s, and yet: %s", why, document)
			continue
		}
		said++
		assert.Subset(t, theirs, ours, "%s", document)
	}
	assert.Greater(t, good, 100)
	assert.Greater(t, said, 150)
	t.Logf("%d good documents, %d bad ones, %d of them by the schema", good, bad, said)
}

// Documents that are put together from parts of others: nothing that the
// library takes is refused.
func TestTheSchemaTakesWhatTheLibraryTakes(t *testing.T) {
	schema := compile(t, mtlshttp.RequestSchema())
	var parts []map[string]json.RawMessage
	for _, text := range documents(t) {
		var part map[string]json.RawMessage
		require.NoError(t, json.Unmarshal([]byte(text), &part))
		parts = append(parts, part)
	}
	random := rand.New(rand.NewPCG(1, 2))
	taken, agreed := 0, 0
	const rounds = 20_000
	for range rounds {
		document := map[string]json.RawMessage{"url": json.RawMessage(`"https://a.test/"`)}
		for range 2 + random.IntN(3) {
			for key, value := range parts[random.IntN(len(parts))] {
				if key != "url" {
					document[key] = value
				}
			}
		}
		text, err := json.Marshal(document)
		require.NoError(t, err)
		ours, theirs := faults(text), refused(t, schema, text)
		if ours == nil {
			taken++
			assert.Subset(t, meaningless(document), theirs, "%s", text)
		}
		if (ours == nil) == (theirs == nil) {
			agreed++
		}
	}
	assert.Greater(t, taken, rounds/20)
	assert.Greater(t, agreed, rounds*9/10)
	t.Logf("%d documents, %d good, verdicts agree on %d", rounds, taken, agreed)
}
