package content

import (
	"io"

	"github.com/andybalholm/brotli"
)

// brotliLayer undoes br, RFC 7932.
type brotliLayer struct {
	in    input
	z     *brotli.Reader
	begun bool
	limit int64 // of the window

	// What comes out of a stream whose window is beyond the limit: until that
	// much is there the decoder keeps no more either.
	window, out int64
}

func newBrotliLayer() *brotliLayer {
	return &brotliLayer{in: newInput(), z: brotli.NewReader(nothing{})}
}

func (l *brotliLayer) reset(src io.Reader, window int64) {
	l.in.Reset(src)
	_ = l.z.Reset(l.in) // never fails
	l.begun, l.limit, l.window, l.out = false, window, 0, 0
}

func (l *brotliLayer) Read(p []byte) (int, error) {
	if !l.begun {
		if err := l.begin(); err != nil {
			return 0, err
		}
		l.begun = true
	}
	n, err := l.z.Read(p)
	l.out += int64(n)
	if l.window > l.limit && l.out > l.limit {
		err = &LimitError{What: LimitWindow, Limit: l.limit, Got: l.window}
	}
	return n, err
}

// begin looks at what the stream asks for, before there is memory for it: its
// window, and how long its first block is.
func (l *brotliLayer) begin() error {
	head, err := l.in.Peek(5)
	if len(head) == 0 {
		return err
	}
	bits := uint64(0)
	for i, c := range head {
		bits |= uint64(c) << (8 * i)
	}
	window, rest := brotliWindow(bits)
	l.window = window
	if window > l.limit && (window == largeWindow || firstBlock(rest) > l.limit) {
		return &LimitError{What: LimitWindow, Limit: l.limit, Got: window}
	}
	return nil
}

// largeWindow is the most that the extension of the format to larger windows
// may ask for; RFC 7932 reserves the pattern that it begins with.
const largeWindow = 1 << 30

// brotliWindow reads WBITS (RFC 7932, section 9.1), and says what follows.
func brotliWindow(bits uint64) (window int64, rest uint64) {
	three, upper := bits>>1&7, bits>>4&7
	switch {
	case bits&1 == 0:
		return 1 << 16, bits >> 1
	case three != 0:
		return 1 << (17 + three), bits >> 4
	case upper == 1:
		return largeWindow, 0
	case upper != 0:
		return 1 << (8 + upper), bits >> 7
	}
	return 1 << 17, bits >> 7
}

// firstBlock reads the length of a stream's first meta-block (RFC 7932, section
// 9.2); 0 where that is empty or holds metadata.
func firstBlock(bits uint64) int64 {
	isLast := bits & 1
	bits >>= 1
	if isLast == 1 {
		if isEmpty := bits & 1; isEmpty == 1 {
			return 0
		}
		bits >>= 1
	}
	nibbles := 4 + bits&3
	if nibbles == 7 {
		return 0
	}
	return int64(bits>>2&(1<<(4*nibbles)-1)) + 1
}
