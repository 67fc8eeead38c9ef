package content

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp/internal/corpus"
)

// stream is one case of the compress corpus.
type stream struct {
	id, coding string
	data       []byte
	plain      []byte // what it decodes to; nil where the corpus does not say
	corrupt    bool
}

var brotliVariant = regexp.MustCompile(`\.compressed(\.\d+)?$`)

func brotliStreams(t *testing.T, folder string) (all []stream) {
	files, err := filepath.Glob(filepath.Join(folder, "brotli", "*.compressed*"))
	require.NoError(t, err)
	for _, f := range files {
		s := stream{id: "brotli/" + filepath.Base(f), coding: "br", data: readFile(t, f)}
		if plain, err := os.ReadFile(brotliVariant.ReplaceAllString(f, "")); err == nil {
			s.plain = plain
		}
		all = append(all, s)
	}
	return all
}

func zstdStreams(t *testing.T, folder string) (all []stream) {
	for _, archive := range []string{"good", "bad", "regression", "decode-regression", "comp-crashers"} {
		z, err := zip.OpenReader(filepath.Join(folder, "zstd", archive+".zip"))
		require.NoError(t, err)
		files := map[string][]byte{}
		for _, f := range z.File {
			r, err := f.Open()
			require.NoError(t, err)
			files[f.Name], err = io.ReadAll(r)
			require.NoError(t, err)
		}
		require.NoError(t, z.Close())
		paired := archive == "good" || archive == "bad"
		for name, data := range files {
			if paired && !strings.HasSuffix(name, ".zst") || len(data) == 0 {
				continue
			}
			all = append(all, stream{
				id: "zstd/" + archive + "/" + name, coding: "zstd", data: data,
				plain: files[strings.TrimSuffix(name, ".zst")], corrupt: archive != "good",
			})
		}
	}
	return all
}

func flateStreams(t *testing.T, folder string) (all []stream) {
	files, err := filepath.Glob(filepath.Join(folder, "flate", "*.bin"))
	require.NoError(t, err)
	for _, f := range files {
		all = append(all, stream{id: "flate/" + filepath.Base(f), coding: "deflate", data: readFile(t, f), corrupt: true})
	}
	name := "issue6550.gz"
	return append(all, stream{id: name, coding: "gzip", data: readFile(t, filepath.Join(folder, name)), corrupt: true})
}

func readFile(t *testing.T, name string) []byte {
	data, err := os.ReadFile(name)
	require.NoError(t, err)
	return data
}

// LIM-14: good streams give what they hold, corrupt ones never
// succeed, and neither does a good one that is cut.
func TestConformanceCompress(t *testing.T) {
	folder := corpus.Folder(t, "compress", "")
	all := append(append(brotliStreams(t, folder), zstdStreams(t, folder)...), flateStreams(t, folder)...)
	passed, cuts := 0, 0
	var failing []string
	for _, s := range all {
		ok := judge(t, s)
		if ok && !s.corrupt {
			n := truncations(t, s)
			cuts += n
		}
		if ok {
			passed++
		} else {
			failing = append(failing, s.id)
		}
	}
	corpus.Report(t, "compress", passed, len(all), failing)
	t.Logf("%d truncations, none of them silent", cuts)
	assert.Greater(t, cuts, 14_000)
	assert.Equal(t, len(all), passed)
}

func judge(t *testing.T, s stream) bool {
	got, err := decode(t, s.data, Limits{}, s.coding)
	if s.corrupt {
		return err != nil
	}
	return err == nil && (s.plain == nil || bytes.Equal(s.plain, got))
}

// beginsFrame says whether a zstd frame, or one to be skipped, starts here.
func beginsFrame(data []byte) bool {
	if len(data) < 4 {
		return false
	}
	magic := binary.LittleEndian.Uint32(data)
	return magic == 0xfd2fb528 || magic&^0xf == 0x184d2a50
}

// truncations cuts a stream at every byte, or at 500 of them where it is so long
// that every one would take minutes.
func truncations(t *testing.T, s stream) (n int) {
	step := 1
	if len(s.data) > 20_000 {
		step = len(s.data) / 500
	}
	for cut := 1; cut < len(s.data); cut += step {
		_, err := decode(t, s.data[:cut], Limits{}, s.coding)
		// A stream of several frames is whole where one of them ends.
		if s.coding == "zstd" && err == nil && beginsFrame(s.data[cut:]) {
			continue
		}
		var fault *CodingError
		require.ErrorAs(t, err, &fault, "%s cut at %d of %d", s.id, cut, len(s.data))
		n++
	}
	return n
}
