package schematest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/blueprint"
	"github.com/mtlshttp/mtlshttp/internal/corpus"
)

// fill gives every expression a value that fits its place.
func fill(_ context.Context, _, field string) (any, error) {
	switch {
	case field == "url":
		return "https://a.test/", nil
	case strings.HasPrefix(field, "ca"):
		return "an authority", nil
	}
	return "1", nil
}

// keysOf are the keys of the request document that an importer's faults name.
func keysOf(faults []*blueprint.Fault) (keys []string) {
	for _, f := range faults {
		if end := strings.IndexAny(f.Field+".", ".["); end > 0 {
			keys = append(keys, f.Field[:end])
		}
	}
	return keys
}

// modules counts the HTTP modules of an export on whose request the schema and
// the library agree: good, or bad for one of the keys that the library names.
func modules(t *testing.T, name string, export []byte) (passed, good, bad int, short []string) {
	t.Helper()
	schema := compile(t, mtlshttp.RequestSchema())
	scenario, err := blueprint.Parse(export)
	if err != nil {
		return 0, 0, 0, nil
	}
	imported, err := mtlshttp.ImportScenario(t.Context(), export, fill)
	require.NoError(t, err, name)
	for i, m := range scenario.Modules {
		resolved, err := m.Resolve(t.Context(), func(ctx context.Context, e blueprint.Expression) (any, error) { return fill(ctx, e.Text, e.Field) })
		require.NoError(t, err, "%s: %s", name, m.Route)
		document := resolved.Document
		if request := imported.Modules[i].Request; request != nil {
			if document, err = json.Marshal(request); err != nil {
				short = append(short, fmt.Sprintf("%s, %s: %v", name, m.Route, err))
				continue
			}
		}
		ours, theirs := append(faults(document), keysOf(resolved.Faults)...), refused(t, schema, document)
		if ours == nil {
			good++
		} else {
			bad++
		}
		if ours == nil && theirs == nil || slices.ContainsFunc(theirs, func(key string) bool { return slices.Contains(ours, key) }) {
			passed++
		} else {
			short = append(short, fmt.Sprintf("%s, %s: the library refuses %v, the schema %v", name, m.Route, ours, theirs))
		}
	}
	return passed, good, bad, short
}

// Every exported scenario, good and bad.
func TestConformanceSchemaBlueprints(t *testing.T) {
	// The corpus is found from the root of the library's module.
	t.Chdir("../..")
	folder := corpus.Folder(t, "blueprints", "MTLSHTTP_BLUEPRINTS")
	text, err := os.ReadFile(filepath.Join(folder, "index.json"))
	require.NoError(t, err)
	var index []struct{ File string }
	require.NoError(t, json.Unmarshal(text, &index))
	passed, good, bad := 0, 0, 0
	var short []string
	for _, e := range index {
		export, err := os.ReadFile(filepath.Join(folder, e.File))
		require.NoError(t, err)
		p, g, b, s := modules(t, e.File, export)
		passed, good, bad, short = passed+p, good+g, bad+b, append(short, s...)
	}
	corpus.Report(t, "blueprints against the schema", passed, good+bad, short)
	t.Logf("%d good, %d bad", good, bad)
	assert.Empty(t, short)
	assert.NotZero(t, good)
	assert.NotZero(t, bad)
}

func TestOurBlueprintsAgainstTheSchema(t *testing.T) {
	files, err := filepath.Glob("../blueprint/testdata/*.json")
	require.NoError(t, err)
	passed, total := 0, 0
	// Which module a document is from does not show in it.
	unseen := map[string]string{"05-v3-client-certificate-missing.json": "a client certificate module without credentials"}
	for _, file := range files {
		export, err := os.ReadFile(file)
		require.NoError(t, err)
		p, good, bad, short := modules(t, filepath.Base(file), export)
		passed, total = passed+p, total+good+bad
		assert.Equal(t, unseen[filepath.Base(file)] != "", len(short) > 0, "%v", short)
		delete(unseen, filepath.Base(file))
	}
	assert.Empty(t, unseen)
	assert.Greater(t, total, 20)
	assert.Equal(t, total-1, passed)
}
