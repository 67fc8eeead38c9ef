package xmlvalue

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestDocuments compares documents with the values that were worked out for
// them by hand. A case is "# name", the document, "=>" and the value.
func TestDocuments(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	cases := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, part := range strings.Split("\n"+string(text), "\n# ")[1:] {
			name, rest, ok := strings.Cut(part, "\n")
			require.True(t, ok, file)
			document, want, ok := strings.Cut(rest, "\n=>\n")
			require.True(t, ok, "%s: %s", file, name)
			cases++
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txt")+"/"+name, func(t *testing.T) {
				got, err := Parse([]byte(document), Limits{})
				require.NoError(t, err)
				written, err := json.Marshal(got)
				require.NoError(t, err)
				assert.JSONEq(t, want, string(written))
			})
		}
	}
	assert.GreaterOrEqual(t, cases, 60)
}

// TestLineEnds has what an editor might change in a file.
func TestLineEnds(t *testing.T) {
	got, err := Parse([]byte("<r>\r\n<a x='1\r\n2\r3'>1\r\n2\r3\r\r\n4</a><b><![CDATA[1\r\n2\r3\r]]></b><c>&#13;\r</c></r>\r\n"), Limits{})
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"r": map[string]any{
		"a": []any{map[string]any{"_attributes": map[string]any{"x": "1 2 3"}, "_value": "1\n2\n3\n\n4"}},
		"b": []any{"1\n2\n3\n"},
		"c": []any{"\r\n"},
	}}, got)
}
