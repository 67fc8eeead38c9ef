package blueprint

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGolden reads our own scenarios, all of which have to do with mutual TLS.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	require.NoError(t, err)
	count := 0
	for _, file := range files {
		if strings.HasSuffix(file, ".golden.json") {
			continue
		}
		count++
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			s, err := Parse(text)
			require.NoError(t, err)
			require.NotEmpty(t, s.Modules)
			for i := range s.Modules {
				assert.Empty(t, unaccounted(t, &s.Modules[i]))
			}
			golden := strings.TrimSuffix(file, ".json") + ".golden.json"
			got := render(t, s)
			if *update {
				require.NoError(t, os.WriteFile(golden, got, 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			assert.Equal(t, string(want), string(got))
		})
	}
	assert.Equal(t, 12, count)
}

// render is a scenario as people review it.
func render(t *testing.T, s *Scenario) []byte {
	t.Helper()
	type module struct {
		Module      string          `json:"module"`
		Title       string          `json:"title,omitempty"`
		Handler     bool            `json:"handler,omitempty"`
		Document    json.RawMessage `json:"document"`
		Credentials string          `json:"credentials,omitempty"`
		Keychains   []Keychain      `json:"keychains,omitempty"`
		OnError     []Directive     `json:"onError,omitempty"`
		Filter      json.RawMessage `json:"filter,omitempty"`
		Expressions []Expression    `json:"expressions,omitempty"`
		Faults      []*Fault        `json:"faults,omitempty"`
		Notes       []Note          `json:"notes,omitempty"`
	}
	out := struct {
		Name    string   `json:"name"`
		Modules []module `json:"modules"`
		Notes   []Note   `json:"notes"`
	}{Name: s.Name, Notes: s.Notes}
	for i := range s.Modules {
		m := &s.Modules[i]
		out.Modules = append(out.Modules, module{m.String(), m.Title, m.Handler, m.Document, m.Credentials, m.Keychains, m.OnError,
			m.Filter, m.Expressions, m.Faults, m.Notes})
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	require.NoError(t, e.Encode(out))
	return b.Bytes()
}
