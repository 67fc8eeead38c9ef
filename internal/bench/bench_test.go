package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	if os.Getenv(serverEnv) != "" { // the server's process is this program
		if err := serve(os.Stdin, os.Stdout); err != nil {
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func newTestWorld(t *testing.T) *world {
	w, err := newWorld(t.Context())
	require.NoError(t, err)
	t.Cleanup(w.close)
	return w
}

// What is compared is the same work: all contenders get the same value.
func TestContendersAgree(t *testing.T) {
	w := newTestWorld(t)
	for name, x := range map[string]exchange{
		"small": {path: "/json/200", parse: toJSON}, "large": {path: "/json/100000", parse: toJSON},
		"post":  {method: "POST", path: "/take", body: document("json", 10_000), parse: toJSON},
		"gzip":  {path: "/json/100000?coding=gzip", coding: "gzip", parse: toJSON},
		"br":    {path: "/json/100000?coding=br", coding: "br", parse: toJSON},
		"zstd":  {path: "/json/100000?coding=zstd", coding: "zstd", parse: toJSON},
		"http2": {path: "/json/200", parse: toJSON, http2: true}, "cookies": {path: "/cookies/20", parse: toJSON, cookies: true},
	} {
		all := []contender{tuned, ours, naive}
		if x.coding == "" {
			all = append(all, restyV3, builder, retryable)
		}
		var want any
		for _, c := range all {
			do, done, err := c.open(w, x)
			require.NoError(t, err)
			for range 2 {
				got, err := do(t.Context())
				require.NoError(t, err, "%s, %s", name, c.name)
				if want == nil {
					want = got
				}
				assert.Equal(t, want, got, "%s, %s", name, c.name)
			}
			done()
		}
	}
}

// Every row can be measured, and its base is net/http.
func TestRows(t *testing.T) {
	w := newTestWorld(t)
	for _, r := range rows(effort{quick: true}) {
		require.GreaterOrEqual(t, len(r.entries), 3, r.name)
		assert.Equal(t, []string{ours.name, tuned.name, tunedAgain.name}, []string{r.entries[0].name, r.entries[1].name, r.entries[2].name}, r.name)
		assert.NotEmpty(t, r.goal, r.name)
		r.ops, r.rounds, r.parallel = 2, 1, min(r.parallel, 2)
		if strings.Contains(r.name, "P12") || strings.Contains(r.name, "load") {
			r.ops = 1
		}
		all, err := r.measure(w)
		require.NoError(t, err, r.name)
		assert.InDelta(t, 1, all[1].cost, 1e-9, "%s: the base to itself", r.name)
	}
}

// The server's count is what the promise of one handshake for each credential
// is held to.
func TestHandshakesAreCounted(t *testing.T) {
	_, met, err := countHandshakes(newTestWorld(t), 3)
	require.NoError(t, err)
	assert.True(t, met)
}

func TestUsage(t *testing.T) {
	var out bytes.Buffer
	assert.Error(t, run(t.Context(), []string{"surplus"}, &out))
	assert.Error(t, run(t.Context(), []string{"-only", "("}, &out))
}

func TestPlotHasEverySeries(t *testing.T) {
	all := growing(effort{quick: true})
	var lines [][]point
	for _, s := range all {
		var line []point
		for i, size := range s.sizes {
			line = append(line, point{size, float64(10 * (i + 1))})
		}
		lines = append(lines, line)
	}
	text := string(plot(all, lines))
	for _, s := range all {
		assert.Contains(t, text, s.name)
	}
	assert.Equal(t, len(all), strings.Count(text, "<polyline"))
	assert.NotContains(t, text, "NaN")
	require.NoError(t, os.WriteFile(filepath.Join(t.TempDir(), "plot.svg"), []byte(text), 0o600))
}

func TestMedian(t *testing.T) {
	assert.InDelta(t, 2, median([]float64{3, 1, 2}), 0)
	assert.InDelta(t, 1.5, median([]float64{2, 1}), 0)
}

func TestMeasureCounts(t *testing.T) {
	var kept [][]byte
	s, err := measure(t.Context(), func(context.Context) error { kept = append(kept, make([]byte, 1<<16)); return nil }, 100, 1)
	require.NoError(t, err)
	assert.InDelta(t, 1<<16, s.bytes, 1<<13)
	assert.GreaterOrEqual(t, s.allocs, 1.0)
	assert.Len(t, kept, 100)
	_, err = measure(t.Context(), func(context.Context) error { return assert.AnError }, 4, 2)
	assert.ErrorIs(t, err, assert.AnError)
}
