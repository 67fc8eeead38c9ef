package conformance_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/corpus"
)

func init() { conformance["blueprints"] = conformBlueprints }

// conformBlueprints imports every exported scenario: each module of a good one
// is a request that validates, or names each mapping that nothing resolves;
// those of a bad one name their faults.
func conformBlueprints(t *testing.T) {
	folder := corpus.Folder(t, "blueprints", "MTLSHTTP_BLUEPRINTS")
	text, err := os.ReadFile(filepath.Join(folder, "index.json"))
	require.NoError(t, err)
	var index []struct {
		File    string
		Modules int `json:"http_modules"`
		Note    string
	}
	require.NoError(t, json.Unmarshal(text, &index))
	require.NotEmpty(t, index)
	misses := map[string]string{
		"91-SYNTHETIC-v3-usemtls-true.json": "its ca is the word PLACEHOLDER between PEM's lines, which is a fault",
	}
	var result tally
	for _, e := range index {
		export, err := os.ReadFile(filepath.Join(folder, e.File))
		require.NoError(t, err)
		if sample := sampleScenario(t, export); sample != nil {
			export, e.Modules = sample, 1
		}
		miss := wrongScenario(t, export, e.Modules, strings.HasPrefix(e.Note, "NEGATIVE"))
		result.count(e.File, miss)
		assert.Equal(t, misses[e.File] != "", miss != "", "%s: %s", e.File, miss)
		delete(misses, e.File)
	}
	corpus.Report(t, "blueprints", result.passed, result.total, result.short)
	if os.Getenv("MTLSHTTP_BLUEPRINTS") == "" {
		assert.Empty(t, misses, "listed misses that the corpus does not have")
	}
}

func wrongScenario(t *testing.T, export []byte, modules int, bad bool) string {
	s, err := mtlshttp.ImportScenario(t.Context(), export, nil)
	if err != nil {
		return err.Error()
	}
	if len(s.Modules) != modules {
		return fmt.Sprintf("%d modules, want %d", len(s.Modules), modules)
	}
	for _, m := range s.Modules {
		if miss := wrongModule(m, bad); miss != "" {
			return m.Route + ": " + miss
		}
	}
	return ""
}

func wrongModule(m mtlshttp.Module, bad bool) string {
	if m.Err == nil {
		switch err := m.Request.Validate(); {
		case bad:
			return "no fault is named"
		case err != nil:
			return err.Error()
		case len(m.Unresolved) > 0:
			return "expressions are unresolved without an error"
		}
		return ""
	}
	faults := m.Err.Faults
	if len(faults) == 0 {
		faults = []*mtlshttp.Error{m.Err}
	}
	unresolved := map[string]int{}
	for _, u := range m.Unresolved {
		unresolved[u.Field]++
	}
	others := 0
	for _, f := range faults {
		switch {
		case f.Kind != mtlshttp.KindConfig && f.Kind != mtlshttp.KindURL || f.Field == "":
			return "a fault without its field: " + f.Error()
		case f.Reason == "unresolved":
			unresolved[f.Field]--
		default:
			others++
		}
	}
	for field, left := range unresolved {
		if left != 0 {
			return fmt.Sprintf("%s: %d mapping expressions are not named", field, left)
		}
	}
	if bad != (others > 0) {
		return m.Err.Error()
	}
	return ""
}

// sampleScenario makes a scenario of a module's recorded input, which has the
// keys of its mapper, and is nil for other documents.
func sampleScenario(t *testing.T, document []byte) []byte {
	var sample struct{ Input []map[string]any }
	if json.Unmarshal(document, &sample) != nil || len(sample.Input) != 1 {
		return nil
	}
	module := map[string]any{"id": 1, "module": "http:ActionSendData", "version": 3, "parameters": map[string]any{}, "mapper": sample.Input[0]}
	if _, is := sample.Input[0]["stopOnHttpError"]; is {
		module["module"], module["version"] = "http:MakeRequest", 4
	}
	export, err := json.Marshal(map[string]any{"flow": []any{module}})
	require.NoError(t, err)
	return export
}
