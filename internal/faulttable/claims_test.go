package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestClaimed(t *testing.T) {
	for comment, want := range map[string][]string{
		"RED-01, RED-02: no header.\n":      {"RED-01", "RED-02"},
		"RED-01 to RED-03 and CK-01: x":     {"RED-01", "RED-02", "RED-03", "CK-01"},
		"RED-09 to 11.":                     {"RED-09", "RED-10", "RED-11"},
		"TestX is RED-18: 90 cells.":        {"RED-18"},
		"No header goes; compare RED-01.":   nil,
		"No header goes. Compare RED-01.":   nil,
		"RED-01 without an end of sentence": nil,
		"":                                  nil,
	} {
		assert.Equal(t, want, claimed(comment), comment)
	}
}

func TestClaims(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(folder, "a"), 0o700))
	for name, text := range map[string]string{
		"go.mod": "module x.test/m\n\ngo 1.26\n", "a/b_test.go": "package a\n\n// RED-01: x.\nfunc TestX(t *testing.T) {}\n\n// RED-02: x.\nfunc helper() {}\n",
		"c_test.go": "package m\n\n// CK-01.\nfunc TestY(t *testing.T) {}\n", "d.go": "package m\n\n// CK-02.\nfunc TestZ() {}\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	found, err := claims(folder)
	require.NoError(t, err)
	assert.Equal(t, map[string][]string{"x.test/m/a.TestX": {"RED-01"}, "x.test/m.TestY": {"CK-01"}}, found)
}
