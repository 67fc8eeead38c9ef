package blueprint

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp/internal/corpus"
)

// TestConformanceBlueprints reads every exported scenario: from the good ones come all
// their modules without a fault, from the bad ones named faults, and no key is
// lost from any.
func TestConformanceBlueprints(t *testing.T) {
	folder := corpus.Folder(t, "blueprints", "MTLSHTTP_BLUEPRINTS")
	text, err := os.ReadFile(filepath.Join(folder, "index.json"))
	require.NoError(t, err)
	var entries []entry
	require.NoError(t, json.Unmarshal(text, &entries))
	require.NotEmpty(t, entries)

	passed := 0
	var failing []string
	for _, e := range entries {
		if err := e.check(t, folder); err != nil {
			failing = append(failing, e.File+": "+err.Error())
			continue
		}
		passed++
	}
	corpus.Report(t, "blueprints/documents", passed, len(entries), failing)
	require.Empty(t, failing)
}

type entry struct {
	File    string `json:"file"`
	Modules int    `json:"http_modules"`
	Note    string `json:"note"`
}

func (e entry) check(t *testing.T, folder string) error {
	text, err := os.ReadFile(filepath.Join(folder, e.File))
	if err != nil {
		return err
	}
	bad := strings.HasPrefix(e.Note, "NEGATIVE")
	modules := e.Modules
	if inputs := executionInput(text); inputs != nil {
		text, modules = inputs, 1
	}
	s, err := Parse(text)
	if err != nil {
		return err
	}
	if len(s.Modules) != modules {
		return fmt.Errorf("%d modules of %d", len(s.Modules), modules)
	}
	for i := range s.Modules {
		m := &s.Modules[i]
		if lost := unaccounted(t, m); len(lost) > 0 {
			return fmt.Errorf("lost: %v", lost)
		}
		if bad != (len(m.Faults) > 0) {
			return fmt.Errorf("%s: faults %v", m.Route, m.Faults)
		}
		if got, want := len(m.Expressions) > 0, strings.Contains(string(m.Document), "{{"); got != want {
			return fmt.Errorf("%s: %d expressions are listed", m.Route, len(m.Expressions))
		}
	}
	return nil
}

// executionInput makes a scenario of an execution's recorded input, which has
// the keys of a mapper, or returns nil where the document is none.
func executionInput(text []byte) []byte {
	var doc struct{ Input []map[string]json.RawMessage }
	if json.Unmarshal(text, &doc) != nil || len(doc.Input) != 1 {
		return nil
	}
	mapper := doc.Input[0]
	module, version := "http:ActionSendData", 3
	if _, v4 := mapper["stopOnHttpError"]; v4 {
		module, version = "http:MakeRequest", 4
	}
	out, err := json.Marshal(map[string]any{"flow": []any{map[string]any{
		"id": 1, "module": module, "version": version, "parameters": map[string]any{}, "mapper": mapper}}})
	if err != nil {
		return nil
	}
	return out
}
