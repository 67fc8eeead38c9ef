package mtlshttp_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// slowSeeker has one position, like every seeker, and takes its time for the
// first read of each pass.
type slowSeeker struct {
	*bytes.Reader
	unsized bool // it cannot say how long it is
	slow    atomic.Bool
	within  atomic.Int32
	shared  atomic.Bool // two were in it at once
}

func (s *slowSeeker) enter() (leave func()) {
	if s.within.Add(1) > 1 {
		s.shared.Store(true)
	}
	return func() { s.within.Add(-1) }
}

func (s *slowSeeker) Read(p []byte) (int, error) {
	defer s.enter()()
	if s.slow.CompareAndSwap(true, false) {
		time.Sleep(300 * time.Millisecond) // more than the end of a pass waits for
	}
	return s.Reader.Read(p)
}

func (s *slowSeeker) Seek(offset int64, whence int) (int64, error) {
	defer s.enter()()
	if whence == io.SeekEnd && s.unsized {
		return 0, errors.ErrUnsupported
	}
	s.slow.Store(whence == io.SeekStart)
	return s.Reader.Seek(offset, whence)
}

// A reader is rewound for a redirect or a signature once nobody reads it any
// more: what goes out is the same each time, from its first octet (FLT-50,
// INJ-14, RED-19).
func TestRewindingWaitsForTheReader(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789abcdef\n"), 20_000)
	sum := sha256.Sum256(data)
	for version, protocol := range versions {
		for _, unsized := range []bool{false, true} {
			for _, signed := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, unsized %t, signed %t", version, unsized, signed), func(t *testing.T) {
					t.Parallel()
					var got []byte
					srv := mtlstest.NewServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						if r.URL.Path == "/" {
							w.Header().Set("Location", "/next")
							w.WriteHeader(http.StatusTemporaryRedirect)
							return
						}
						got, _ = io.ReadAll(r.Body)
					}))
					s := &slowSeeker{Reader: bytes.NewReader(data), unsized: unsized}
					r := srv.Request("/")
					r.Method, r.Redirect.All, r.Protocol = "POST", true, protocol
					if r.Body = mtlshttp.Reader("text/plain", s, 0); signed {
						r.Sign = func(_ *http.Request, digest []byte) error {
							assert.Equal(t, sum[:], digest)
							return nil
						}
					}
					_, err := newExecutor(t).Do(t.Context(), r)
					require.NoError(t, err)
					assert.True(t, bytes.Equal(data, got), "%d of %d octets", len(got), len(data))
					assert.False(t, s.shared.Load(), "two were in the reader at once")
				})
			}
		}
	}
}
