package httpstate

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCases(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(folder, "parser"), 0o700))
	for name, text := range map[string]string{
		"one-test":     "Set-Cookie:  a=\x00\r \nSet-Cookie:\nLocation: /x?one\n",
		"one-expected": "Cookie: a=1; b=2\n\n",
		"two-test":     "Set-Cookie: c=3\n",
		"two-expected": "\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, "parser", name), []byte(text), 0o600))
	}
	assert.Equal(t, []Case{
		{ID: "one", Lines: []string{" a=\x00\r ", ""}, Location: "/x?one", Want: "a=1; b=2"},
		{ID: "two", Lines: []string{"c=3"}, Location: "/cookie-parser-result?two"},
	}, Cases(t, folder))
}

func TestMissesHaveReasons(t *testing.T) {
	reasons := Misses(t)
	assert.LessOrEqual(t, len(reasons), 222-210)
	for id, reason := range reasons {
		assert.NotEmpty(t, id)
		assert.Greater(t, len(reason), 20, id)
	}
}
