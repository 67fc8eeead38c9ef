package content

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReaderUndoesEveryCoding(t *testing.T) {
	most := prose(1 << 20)
	for name := range encoders {
		for _, size := range []int{0, 1, 100, 70_000, 1 << 20} {
			data := most[:size]
			encoded := encode(t, name, data)
			got, err := decode(t, encoded, Limits{}, coding(name))
			require.NoError(t, err, "%s of %d", name, size)
			require.True(t, bytes.Equal(data, got), "%s of %d", name, size)

			r, err := NewReader(iotest.OneByteReader(bytes.NewReader(encode(t, name, data[:min(size, 5000)]))), []string{coding(name)}, Limits{})
			require.NoError(t, err)
			got, err = io.ReadAll(r)
			require.NoError(t, err, "%s of %d, byte by byte", name, size)
			require.True(t, bytes.Equal(data[:min(size, 5000)], got), "%s of %d, byte by byte", name, size)
		}
	}
}

func TestAcceptNamesOnlyWhatIsDecoded(t *testing.T) {
	for name := range strings.SplitSeq(Accept(), ", ") {
		got, err := decode(t, encode(t, name, []byte("x")), Limits{}, name)
		require.NoError(t, err)
		assert.Equal(t, "x", string(got))
	}
}

// peak is the most heap that a body of the coding took, over what was there,
// while as much of it as the limit allows was kept.
func peak(t *testing.T, data []byte, limit int64, encodings ...string) (uint64, error) {
	kept := make([]byte, limit)
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	before, most := stats.HeapAlloc, uint64(0)
	r, err := NewReader(bytes.NewReader(data), encodings, Limits{Decoded: limit})
	require.NoError(t, err)
	defer r.Close()
	for n := 0; err == nil; {
		var m int
		var one [1]byte
		if n < len(kept) {
			m, err = r.Read(kept[n:min(n+64<<10, len(kept))])
		} else {
			m, err = r.Read(one[:])
		}
		n += m
		runtime.ReadMemStats(&stats)
		most = max(most, stats.HeapAlloc)
	}
	return most - min(before, most), err
}

// LIM-01, LIM-02: the heap over what was kept, for every coding.
func TestLIM01And02BombsStopAtTheLimit(t *testing.T) {
	const limit, size = 16 << 20, 32 << 20
	for name := range encoders {
		bomb := encodeZeros(t, name, size)
		over, err := peak(t, bomb, limit, coding(name))
		assert.Equal(t, &LimitError{What: LimitBody, Limit: limit, Got: limit + 1}, err, name)
		allowed := uint64(8 << 20)
		if name == "zstd" {
			// This encoder asks for the largest window that is allowed, and a
			// window cannot be kept in less.
			allowed += 1 << 20
		}
		assert.Less(t, over, allowed, "%s: heap over the limit", name)
		t.Logf("%s: %d bytes encoded, %d KiB over the limit", name, len(bomb), over>>10)
	}
	over, err := peak(t, encodeZeros(t, "zstd 2 MiB", size), limit, "zstd")
	assert.Equal(t, &LimitError{What: LimitBody, Limit: limit, Got: limit + 1}, err)
	assert.Less(t, over, uint64(8<<20))
}

// LIM-03: five codings in one field or in many, and no sixth.
func TestLIM03AtMostFiveLayers(t *testing.T) {
	data := prose(2000)
	for _, layers := range []int{1, 2, 5, 6, 100} {
		encoded := data
		for range min(layers, 6) {
			encoded = encode(t, "gzip", encoded)
		}
		one := strings.TrimSuffix(strings.Repeat("gzip, ", layers), ", ")
		lines := strings.Split(one, ", ")
		for _, values := range [][]string{{one}, lines} {
			got, err := decode(t, encoded, Limits{}, values...)
			if layers <= 5 {
				require.NoError(t, err)
				assert.Equal(t, data, got)
				continue
			}
			var fault *CodingError
			require.ErrorAs(t, err, &fault)
			assert.Equal(t, ReasonTooManyLayers, fault.Reason)
		}
	}
	encoded := encode(t, "zstd", encode(t, "br", encode(t, "raw", encode(t, "gzip", data))))
	got, err := decode(t, encoded, Limits{}, "gzip , deflate", "", "br,,identity", "zstd")
	require.NoError(t, err)
	assert.Equal(t, data, got)
	_, err = decode(t, nil, Limits{Codings: 2}, "br, br, br")
	assert.Error(t, err)
}

// LIM-04: layers in between are bounded too.
func TestLIM04BombInABomb(t *testing.T) {
	bomb := encode(t, "gzip", encodeZeros(t, "gzip", 64<<20))
	const limit = 1 << 20
	over, err := peak(t, bomb, limit, "gzip, gzip")
	assert.Equal(t, &LimitError{What: LimitBody, Limit: limit, Got: limit + 1}, err)
	assert.Less(t, over, uint64(8<<20))

	// The inner stream is 1 GiB of empty blocks: it decodes to nothing.
	empty := bytes.Repeat([]byte{0, 0, 0, 0xff, 0xff}, 1<<20)
	began := time.Now()
	_, err = decode(t, encode(t, "gzip", empty), Limits{Decoded: limit}, "deflate, gzip")
	var reached *LimitError
	require.ErrorAs(t, err, &reached)
	assert.Equal(t, LimitBody, reached.What)
	assert.Less(t, time.Since(began), 20*time.Second)
}

// LIM-05: the ratio is bounded on request, past 1 MiB.
func TestLIM05RatioGuard(t *testing.T) {
	bomb := encodeZeros(t, "gzip", 8<<20)
	got, err := decode(t, bomb, Limits{}, "gzip")
	require.NoError(t, err)
	assert.Len(t, got, 8<<20)
	got, err = decode(t, bomb, Limits{Ratio: 100}, "gzip")
	var reached *LimitError
	require.ErrorAs(t, err, &reached)
	assert.Equal(t, LimitRatio, reached.What)
	assert.Less(t, len(got), 3<<20)
	_, err = decode(t, encodeZeros(t, "gzip", 1<<20), Limits{Ratio: 100}, "gzip")
	assert.NoError(t, err, "below 1 MiB no ratio is looked at")
}

// LIM-07: so is a body without a coding.
func TestLIM07IdentityIsBoundedToo(t *testing.T) {
	data := prose(1000)
	for _, encodings := range [][]string{nil, {"identity"}, {"made-up"}} {
		got, err := decode(t, data, Limits{Decoded: 1000}, encodings...)
		require.NoError(t, err)
		assert.Equal(t, data, got)
		got, err = decode(t, data, Limits{Decoded: 999}, encodings...)
		assert.Equal(t, &LimitError{What: LimitBody, Limit: 999, Got: 1000}, err)
		assert.Equal(t, data[:999], got)
	}
	got, err := decode(t, data, Limits{Decoded: -1})
	require.NoError(t, err)
	assert.Equal(t, data, got)
}

// LIM-13: no body is empty whatever its coding.
func TestLIM13EmptyBodies(t *testing.T) {
	for name := range encoders {
		got, err := decode(t, nil, Limits{}, coding(name))
		require.NoError(t, err, name)
		assert.Empty(t, got)
	}
	_, err := decode(t, nil, Limits{}, "gzip, br, zstd, deflate, x-gzip")
	assert.NoError(t, err)
}

// LIM-13: what follows a stream is an error.
func TestLIM13TrailingData(t *testing.T) {
	data := prose(3000)
	for name := range encoders {
		for _, garbage := range []string{"\x00", "garbage", "\x1f", "\x1f\x8b"} {
			got, err := decode(t, append(encode(t, name, data), garbage...), Limits{}, coding(name))
			var fault *CodingError
			require.ErrorAs(t, err, &fault, "%s with %q", name, garbage)
			assert.Equal(t, coding(name), fault.Coding)
			assert.Equal(t, data, got, "%s: what came before stays readable", name)
		}
	}
}

// LIM-14: every coding, cut at every byte.
func TestLIM14TruncatedAnywhereIsAnError(t *testing.T) {
	data := prose(3000)
	for name := range encoders {
		encoded := encode(t, name, data)
		for n := 1; n < len(encoded); n++ {
			got, err := decode(t, encoded[:n], Limits{}, coding(name))
			var fault *CodingError
			require.ErrorAs(t, err, &fault, "%s cut at %d of %d", name, n, len(encoded))
			require.Equal(t, ReasonTruncated, fault.Reason, "%s cut at %d of %d: %v", name, n, len(encoded), err)
			require.Equal(t, coding(name), fault.Coding)
			require.True(t, bytes.HasPrefix(data, got))
		}
	}
}

// LIM-14: which of two codings was cut.
func TestLIM14InnerAndOuterAreTold(t *testing.T) {
	data := prose(30_000)
	inner := encode(t, "br", data)
	_, err := decode(t, encode(t, "gzip", inner[:len(inner)-5]), Limits{}, "br, gzip")
	var fault *CodingError
	require.ErrorAs(t, err, &fault)
	assert.Equal(t, CodingError{Coding: "br", Reason: ReasonTruncated}, *fault)
	outer := encode(t, "gzip", inner)
	_, err = decode(t, outer[:len(outer)-5], Limits{}, "br, gzip")
	require.ErrorAs(t, err, &fault)
	assert.Equal(t, CodingError{Coding: "gzip", Reason: ReasonTruncated}, *fault)
}

// LIM-15: a wrong checksum or size, of every coding that has one.
func TestLIM15BadChecksums(t *testing.T) {
	data := prose(3000)
	for name, ends := range map[string][]int{"gzip": {1, 4, 5, 8}, "deflate": {1, 4}, "zstd": {1, 4}} {
		for _, fromEnd := range ends {
			encoded := encode(t, name, data)
			encoded[len(encoded)-fromEnd] ^= 0x40
			got, err := decode(t, encoded, Limits{}, name)
			var fault *CodingError
			require.ErrorAs(t, err, &fault, "%s, %d from the end", name, fromEnd)
			assert.Equal(t, ReasonCorrupt, fault.Reason)
			assert.True(t, bytes.HasPrefix(data, got))
		}
	}
}

// LIM-16: the names of codings.
func TestLIM16Names(t *testing.T) {
	data := prose(500)
	zipped := encode(t, "gzip", data)
	for _, name := range []string{"gzip", "x-gzip", "GZIP", "X-GZip", " gzip\t", "gzip;q=1", "identity, gzip", "gzip;x=\"y\" ,identity"} {
		got, err := decode(t, zipped, Limits{}, name)
		require.NoError(t, err, name)
		assert.Equal(t, data, got, name)
	}
	for _, c := range []struct {
		encodings        []string
		applied, unknown string
		raw              bool
	}{
		{[]string{"compress"}, "", "compress", true},
		{[]string{"gzip, made-up"}, "", "made-up", true},
		{[]string{"made-up", "gzip"}, "gzip", "made-up", false},
		{[]string{"identity"}, "", "", true},
		{nil, "", "", true},
		{[]string{"a\x00b\u00e9"}, "", "a?b?", true},
	} {
		r, err := NewReader(bytes.NewReader(zipped), c.encodings, Limits{})
		require.NoError(t, err)
		got, err := io.ReadAll(r)
		require.NoError(t, err)
		assert.Equal(t, c.applied, strings.Join(r.Applied(), " "))
		assert.Equal(t, c.unknown, r.Unknown())
		assert.Equal(t, c.raw, bytes.Equal(got, zipped))
	}
}

func TestErrorsOfTheSourceComeThrough(t *testing.T) {
	lost := errors.New("connection lost")
	for name := range encoders {
		encoded := encode(t, name, prose(3000))
		for _, n := range []int{0, 1, 50, len(encoded)} {
			for _, cause := range []error{lost, io.ErrUnexpectedEOF} {
				src := io.MultiReader(bytes.NewReader(encoded[:n]), iotest.ErrReader(cause))
				r, err := NewReader(src, []string{coding(name)}, Limits{})
				require.NoError(t, err)
				_, err = io.ReadAll(r)
				assert.Equal(t, cause, err, "%s after %d", name, n)
			}
		}
	}
}

func TestPooledDecodersDoNotCrossRequests(t *testing.T) {
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range 20 {
				for name := range encoders {
					// Each is another text throughout, so that a stranger's shows.
					data := bytes.Repeat(fmt.Appendf(nil, "%d of %d, ", i, worker), 20+37*worker)
					encoded := encode(t, name, data)
					if i%3 == 1 {
						encoded = encoded[:len(encoded)/2]
					}
					r, err := NewReader(bytes.NewReader(encoded), []string{coding(name)}, Limits{})
					assert.NoError(t, err)
					if i%3 == 2 { // stopped half-way
						_, err = io.ReadFull(r, make([]byte, 50))
						assert.NoError(t, err)
						assert.NoError(t, r.Close())
						continue
					}
					got, err := ReadAll(r, -1)
					assert.Equal(t, i%3 == 1, err != nil, "%s: %v", name, err)
					assert.True(t, bytes.HasPrefix(data, got))
					assert.NoError(t, r.Close())
					_, err = r.Read(make([]byte, 1))
					assert.Error(t, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestReaderCounts(t *testing.T) {
	data := prose(5000)
	encoded := encode(t, "gzip", data)
	r, err := NewReader(bytes.NewReader(encoded), []string{"gzip"}, Limits{})
	require.NoError(t, err)
	_, err = io.ReadAll(r)
	require.NoError(t, err)
	assert.Equal(t, int64(len(encoded)), r.Encoded())
	assert.Equal(t, int64(len(data)), r.Decoded())
	require.NoError(t, r.Close())
	require.NoError(t, r.Close())
	_, err = r.Read(make([]byte, 1))
	assert.Equal(t, io.EOF, err, "the end stays the end")
}

func FuzzReader(f *testing.F) {
	for name := range encoders {
		f.Add(encode(f, name, prose(300)), coding(name))
	}
	f.Add(encode(f, "gzip", encode(f, "br", prose(300))), "br, gzip")
	f.Fuzz(func(t *testing.T, data []byte, encodings string) {
		const limit = 1 << 20
		got, err := decode(t, data, Limits{Decoded: limit}, encodings)
		require.LessOrEqual(t, len(got), limit)
		var fault *CodingError
		var reached *LimitError
		if err != nil && !errors.As(err, &fault) && !errors.As(err, &reached) {
			t.Fatalf("untyped error %v", err)
		}
	})
}
