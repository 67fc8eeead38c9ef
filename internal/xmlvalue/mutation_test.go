package xmlvalue

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp/internal/mutation"
	"github.com/mtlshttp/mtlshttp/internal/slack"
)

// PAR-14: mutations of our own documents, the same on every run: what Parse
// takes encoding/xml takes too, as the same value. None may cost a second or 256
// MiB. `.ci/run fuzz` goes on from there for as long as it is told.
func TestMutatedDocuments(t *testing.T) {
	seeds := [][]byte{[]byte("\xfe\xff\x00<\x00a\x00/\x00>"), []byte("\xff\xfe<\x00a\x00>\x00\xe9\x00<\x00/\x00a\x00>\x00")}
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, part := range strings.Split("\n"+string(text), "\n# ")[1:] {
			_, rest, _ := strings.Cut(part, "\n")
			document, _, _ := strings.Cut(rest, "\n=>\n")
			seeds = append(seeds, []byte(document))
		}
	}
	for _, text := range append(slices.Sorted(maps.Keys(refused)), accepted...) {
		seeds = append(seeds, []byte(text))
	}
	const n = 20_000
	taken := 0
	mutation.Each(seeds, n, func(data []byte) {
		took, allocated := mutation.Cost(func() {
			if _, err := Parse(data, Limits{}); err == nil {
				taken++
			}
		})
		require.Less(t, took, slack.For(time.Second), "%q", data)
		require.Less(t, allocated, uint64(256<<20), "%q", data)
		agrees(t, data)
	})
	t.Logf("%d of %d are XML still", taken, n)
	assert.Greater(t, taken, n/100)
	assert.Less(t, taken, n*9/10)
}
