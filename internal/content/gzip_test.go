package content

import (
	"bytes"
	"compress/gzip"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// LIM-12: a name or comment of 1 GiB.
func TestLIM12HeaderBombs(t *testing.T) {
	fixed := []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255}
	for name, flag := range map[string]byte{"name": 0x08, "comment": 0x10} {
		head := bytes.Clone(fixed)
		head[3] = flag
		endless := io.MultiReader(bytes.NewReader(head), io.LimitReader(letters{}, 1<<30))
		r, err := NewReader(endless, []string{"gzip"}, Limits{})
		require.NoError(t, err)
		began := time.Now()
		_, err = io.ReadAll(r)
		var fault *CodingError
		require.ErrorAs(t, err, &fault, name)
		assert.Equal(t, ReasonCorrupt, fault.Reason)
		assert.Less(t, time.Since(began), 20*time.Second)
		assert.Less(t, r.Encoded(), int64(1<<20), "no more of the %s is read than it takes to refuse it", name)
	}
}

type letters struct{}

func (letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'a'
	}
	return len(p), nil
}

// LIM-12: a million members that hold nothing.
func TestLIM12EmptyMembers(t *testing.T) {
	empty := encode(t, "gzip", nil)
	few := append(bytes.Repeat(empty, 500), encode(t, "gzip", []byte("x"))...)
	got, err := decode(t, append(few, bytes.Repeat(empty, 500)...), Limits{}, "gzip")
	require.NoError(t, err)
	assert.Equal(t, "x", string(got))

	began := time.Now()
	_, err = decode(t, bytes.Repeat(empty, 1_000_000), Limits{}, "gzip")
	assert.Equal(t, &LimitError{What: LimitMembers, Limit: 1000, Got: 1001}, err)
	assert.Less(t, time.Since(began), 20*time.Second)
}

// LIM-12: several members are one body.
func TestLIM12Multistream(t *testing.T) {
	var all, want []byte
	for i := range 300 {
		part := prose(i % 20)
		all = append(all, encode(t, "gzip", part)...)
		want = append(want, part...)
	}
	got, err := decode(t, all, Limits{}, "gzip")
	require.NoError(t, err)
	assert.Equal(t, want, got)
	for _, cut := range []int{1, 9, 25} {
		_, err = decode(t, all[:len(all)-cut], Limits{}, "gzip")
		var fault *CodingError
		require.ErrorAs(t, err, &fault)
		assert.Equal(t, ReasonTruncated, fault.Reason)
	}
}

func TestGzipHeaderFields(t *testing.T) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Name, w.Comment, w.Extra = "report.json", "a comment", []byte("extra")
	_, err := w.Write([]byte("body"))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	got, err := decode(t, b.Bytes(), Limits{}, "gzip")
	require.NoError(t, err)
	assert.Equal(t, "body", string(got))
}
