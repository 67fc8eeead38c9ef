package filestate

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRead(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a"), []byte("A"), 0o600))
	t.Setenv("FILESTATE_B", "B")
	parts := []Part{{}, {Name: "a"}, {Name: "FILESTATE_B", Env: true}, {Name: "c", Optional: true}}
	for name, s := range map[string]Set{
		"disk": {Dir: dir, Parts: parts},
		"fs":   {FS: fstest.MapFS{"d/a": {Data: []byte("A")}}, Dir: "d", Parts: parts},
	} {
		data, stamps, err := s.Read()
		require.NoError(t, err, name)
		assert.Equal(t, [][]byte{nil, []byte("A"), []byte("B"), nil}, data, name)
		assert.True(t, Same(stamps, s.Stamps()), name)
		t.Setenv("FILESTATE_B", "C")
		assert.False(t, Same(stamps, s.Stamps()), name)
		t.Setenv("FILESTATE_B", "B")
	}
}

// Kubernetes swaps ..data; what is read comes from one version.
func TestReadFollowsAMountedSecret(t *testing.T) {
	dir := t.TempDir()
	for _, version := range []string{"..1", "..2"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, version), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, version, "a"), []byte(version), 0o600))
	}
	require.NoError(t, os.Symlink(filepath.Join("..data", "a"), filepath.Join(dir, "a")))
	s := Set{Dir: dir, Parts: []Part{{Name: "a"}}}
	var before []Stamp
	for _, version := range []string{"..1", "..2"} {
		_ = os.Remove(filepath.Join(dir, "..data"))
		require.NoError(t, os.Symlink(version, filepath.Join(dir, "..data")))
		data, stamps, err := s.Read()
		require.NoError(t, err)
		assert.Equal(t, version, string(data[0]))
		assert.False(t, Same(before, stamps))
		before = stamps
	}
}

func TestReadRefuses(t *testing.T) {
	dir := t.TempDir()
	large := filepath.Join(dir, "large")
	require.NoError(t, os.WriteFile(large, make([]byte, MaxFile+1), 0o600))
	for part, want := range map[Part]Reason{
		{Name: "none"}: File, {Name: dir}: File, {Name: large}: TooLarge, {Name: "FILESTATE_NONE", Env: true}: Environment,
	} {
		_, stamps, err := Set{Dir: dir, Parts: []Part{part}}.Read()
		var e *Error
		require.ErrorAs(t, err, &e, part.Name)
		assert.Equal(t, want, e.Reason, part.Name)
		assert.NotNil(t, stamps, "nothing changed meanwhile")
	}
	_, _, err := Set{Dir: dir, Parts: []Part{{Name: "none"}}}.Read()
	assert.ErrorIs(t, err, fs.ErrNotExist)
}

func TestSettled(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a")
	require.NoError(t, os.WriteFile(name, nil, 0o600))
	stamp := Set{Parts: []Part{{Name: name}}}.Stamps()[0]
	now := time.Now()
	assert.False(t, stamp.Settled(now))
	assert.True(t, stamp.Settled(now.Add(2*timeGrain)))
	assert.True(t, Stamp{}.Settled(now), "a variable is compared by content")
}
