package filestate

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// keeping is a file whose text is kept, unless it says that it is bad.
type keeping struct {
	*Kept[string]
	file   string
	age    time.Duration // of what write writes next
	made   int           // how often something was made of it
	told   []string
	may    bool
	before []string // what was in force then
}

var errBad = errors.New("bad")

func newKeeping(t *testing.T) *keeping {
	dir := t.TempDir()
	k := &keeping{file: filepath.Join(dir, "a"), age: time.Hour}
	k.Kept = Keep(Set{Dir: dir, Parts: []Part{{Name: "a"}}}, func(_ context.Context, parts [][]byte, before *string) (*string, bool, error) {
		k.made++
		if before != nil {
			k.before = append(k.before, *before)
		}
		if bytes.HasPrefix(parts[0], []byte("bad")) {
			return nil, k.may, errBad
		}
		text := string(parts[0])
		return &text, false, nil
	}, func(err error) { k.told = append(k.told, err.Error()) })
	return k
}

// write replaces the file, by one that is old enough for a change to show.
func (k *keeping) write(t *testing.T, text string) {
	fresh := k.file + ".new"
	require.NoError(t, os.WriteFile(fresh, []byte(text), 0o600))
	at := time.Now().Add(-k.age)
	require.NoError(t, os.Chtimes(fresh, at, at))
	require.NoError(t, os.Rename(fresh, k.file))
	k.age -= time.Minute
}

func (k *keeping) get(t *testing.T) string {
	v, err := k.Get(t.Context())
	require.NoError(t, err)
	return *v
}

func TestKeptFollowsItsParts(t *testing.T) {
	k := newKeeping(t)
	_, err := k.Get(t.Context())
	var e *Error
	require.ErrorAs(t, err, &e, "there is no file yet")
	assert.Empty(t, k.told, "nothing is in force that could go stale")
	k.write(t, "one")
	for range 3 {
		assert.Equal(t, "one", k.get(t))
	}
	assert.Equal(t, 1, k.made, "nothing has changed")

	k.write(t, "bad")
	for range 3 {
		assert.Equal(t, "one", k.get(t), "the old one stays in force")
	}
	assert.Equal(t, 2, k.made)
	assert.Equal(t, []string{"bad"}, k.told, "once")

	k.write(t, "two")
	assert.Equal(t, "two", k.get(t))
	assert.Equal(t, []string{"one", "one"}, k.before)
	k.write(t, "bad")
	assert.Equal(t, "two", k.get(t))
	assert.Equal(t, []string{"bad", "bad"}, k.told, "again, after a good one")
}

// What was written a moment ago may be written again without a trace.
func TestKeptLooksTwiceAtWhatIsNew(t *testing.T) {
	k := newKeeping(t)
	k.age = 0
	k.write(t, "one")
	k.get(t)
	k.get(t)
	assert.Equal(t, 2, k.made)
}

func TestKeptTriesAgainWhatMayPass(t *testing.T) {
	k := newKeeping(t)
	k.may = true
	k.write(t, "bad")
	for range 2 {
		_, err := k.Get(t.Context())
		assert.ErrorIs(t, err, errBad)
	}
	assert.Equal(t, 2, k.made)
	k.write(t, "bad again")
	k.may = false
	for range 2 {
		_, err := k.Get(t.Context())
		assert.ErrorIs(t, err, errBad)
	}
	assert.Equal(t, 3, k.made, "the fault is of these parts")
}

// Whoever comes while another looks takes what is in force, and waits where
// nothing is, no longer than its context.
func TestKeptWaitsForTheFirstLook(t *testing.T) {
	k := newKeeping(t)
	k.write(t, "one")
	k.turn <- struct{}{} // another looks
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := k.Get(ctx)
	require.ErrorIs(t, err, context.Canceled)
	<-k.turn
	assert.Equal(t, "one", k.get(t))
	k.turn <- struct{}{}
	k.write(t, "two")
	assert.Equal(t, "one", k.get(t))
	<-k.turn
	assert.Equal(t, "two", k.get(t))
}
