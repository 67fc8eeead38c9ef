package main

import (
	"bytes"
	"flag"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestUse(t *testing.T) {
	var out, diagnostics bytes.Buffer
	require.ErrorIs(t, run(t.Context(), []string{"-h"}, &out, &diagnostics), flag.ErrHelp)
	assert.Contains(t, diagnostics.String(), "-keychain")
	assert.Empty(t, out.String())
	for _, args := range [][]string{{}, {"more", "-seal", "x"}, {"-seal", "x", "-egress", "some"}, {"-seal", filepath.Join(t.TempDir(), "none")}} {
		require.Error(t, run(t.Context(), args, &out, &diagnostics), "%v", args)
	}
	err := run(t.Context(), []string{"-seal", "x", "-database", "postgres://u:canary@host:port/x"}, &out, &diagnostics)
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "canary")
}
