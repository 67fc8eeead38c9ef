package jsonvalue

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp/internal/corpus"
	"github.com/mtlshttp/mtlshttp/internal/mutation"
	"github.com/mtlshttp/mtlshttp/internal/slack"
)

// judgeMutations holds Parse against encoding/json: what one refuses the other
// refuses, what both take is the same value. None may cost a second or 256 MiB.
func judgeMutations(t *testing.T, seeds [][]byte, n int) (agreed int) {
	taken := 0
	mutation.Each(seeds, n, func(data []byte) {
		var v any
		var err error
		took, allocated := mutation.Cost(func() { v, err = Parse(data, Limits{}) })
		require.Less(t, took, slack.For(time.Second), "%q", data)
		require.Less(t, allocated, uint64(256<<20), "%q", data)
		if _, isLimit := err.(*LimitError); isLimit {
			agreed++ // encoding/json has no such limit
			return
		}
		text := strings.TrimPrefix(string(data), "\ufeff")
		require.Equal(t, json.Valid([]byte(text)), err == nil, "%q: %v", data, err)
		if err == nil {
			taken++
			require.Equal(t, standard(t, []byte(text)), v, "%q", data)
		}
		agreed++
	})
	t.Logf("%d of %d are JSON still", taken, n)
	assert.Greater(t, taken, n/50, "the mutations are not all too coarse")
	assert.Less(t, taken, n*9/10, "nor too fine")
	return agreed
}

// PAR-14: mutations of our own documents, the same on every run; `.ci/run fuzz`
// goes on from there for as long as it is told.
func TestMutatedDocuments(t *testing.T) {
	list := records()
	list = append(list[:bytes.LastIndex(list[:2000], []byte(`,{"id"`))], "]}"...)
	seeds := [][]byte{list, []byte("\ufeff[1, -2.5e+3, \"\\u00e9\\ud83d\\ude00\\n\", null, true]\n")}
	for _, s := range []string{`{"a":{"b":[{"c":[[[]]]}]},"a":""}`, `"plain"`, `[0.1,1e999,-0,9007199254740993]`, `{"":"\/\\\"","é":"ü"}`} {
		seeds = append(seeds, []byte(s))
	}
	judgeMutations(t, seeds, 20_000)
}

// PAR-14: and of the suite's.
func TestConformanceMutatedJSONTestSuite(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(corpus.Folder(t, "jsontestsuite", ""), "test_parsing", "*.json"))
	require.NoError(t, err)
	var seeds [][]byte
	for _, f := range files {
		data, err := os.ReadFile(f)
		require.NoError(t, err)
		if len(data) < 4<<10 {
			seeds = append(seeds, data)
		}
	}
	const n = 20_000
	corpus.Report(t, "jsontestsuite, mutated", judgeMutations(t, seeds, n), n, nil)
}
