package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// block is the fenced block of the README that begins with a line.
func block(t *testing.T, first string) []string {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	_, rest, ok := strings.Cut(string(readme), "\n"+first+"\n")
	require.True(t, ok, "the README has no %q", first)
	text, _, _ := strings.Cut(rest, "\n```")
	return append([]string{first}, strings.Split(text, "\n")...)
}

// What the README shows of the quickstart is what it prints, in this order.
func TestREADMEShowsTheRealOutput(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out))
	printed := out.String()
	for _, line := range block(t, "With the credential:") {
		if strings.TrimSpace(line) == "…" {
			continue
		}
		_, rest, found := strings.Cut(printed, line)
		require.True(t, found, "the README shows %q, which is not printed (any more) at its place", line)
		printed = rest
	}
}

// The unit test in the README is one of ours, to the letter.
func TestREADMEShowsARealTest(t *testing.T) {
	source, err := os.ReadFile("../../mtlstest/example_test.go")
	require.NoError(t, err)
	lines := block(t, "func TestCallsTheBankAsItself(t *testing.T) {")
	assert.Less(t, len(lines), 20)
	assert.Contains(t, string(source), strings.Join(lines, "\n"))
}
