package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestItEndsWithItsInput(t *testing.T) {
	in, end, err := os.Pipe()
	require.NoError(t, err)
	defer in.Close()
	out, said, err := os.Pipe()
	require.NoError(t, err)
	defer out.Close()
	done := make(chan error)
	go func() { done <- run(t.Context(), nil, in, said, io.Discard) }()
	line := make([]byte, 200)
	n, err := out.Read(line)
	require.NoError(t, err)
	assert.Regexp(t, `^The page is at http://127\.0\.0\.1:\d+/[A-Z2-7]{26}/\n$`, string(line[:n]))
	require.NoError(t, end.Close())
	select {
	case err := <-done:
		assert.NoError(t, err)
	case <-time.After(10 * time.Second):
		t.Fatal("it goes on without its input")
	}
	require.NoError(t, said.Close())
}

func TestItEndsAfterItsTime(t *testing.T) {
	in, end, err := os.Pipe()
	require.NoError(t, err)
	defer in.Close()
	defer end.Close()
	began := time.Now()
	require.NoError(t, run(t.Context(), []string{"-for", "200ms"}, in, io.Discard, io.Discard))
	assert.GreaterOrEqual(t, time.Since(began), 200*time.Millisecond)
}

func TestFlags(t *testing.T) {
	for _, args := range [][]string{{"x"}, {"-egress", "some"}, {"-for", "-1s"}, {"-addr", "0.0.0.0:0", "-for", "1s"}, {"-addr", "nowhere", "-for", "1s"}, {"-no-such-flag"}} {
		var out, diagnostics bytes.Buffer
		assert.Error(t, run(t.Context(), args, nil, &out, &diagnostics), "%v", args)
		assert.Empty(t, out.String(), "no address is told")
	}
	var diagnostics bytes.Buffer
	assert.Error(t, run(t.Context(), []string{"-h"}, nil, io.Discard, &diagnostics))
	for _, word := range []string{"usage: module", "-for", "-egress", "-samples", "standard input"} {
		assert.Contains(t, diagnostics.String(), word)
	}
}

func TestSamples(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "samples")
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"-samples", folder, "-for", "1ms"}, nil, &out, io.Discard))
	assert.Contains(t, out.String(), samplePassword)
	for _, name := range []string{"client.p12", "client.pem", "client-key.pem", "authority.pem"} {
		info, err := os.Stat(filepath.Join(folder, name))
		require.NoError(t, err)
		assert.NotZero(t, info.Size())
	}
}

// The null device ends at once; it is no terminal, though a device.
func TestTheNullDeviceIsNoTerminal(t *testing.T) {
	null, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer null.Close()
	assert.False(t, isTerminal(null))
}
