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
}

func newBrotliLayer() *brotliLayer {
	return &brotliLayer{in: newInput(), z: brotli.NewReader(nothing{})}
}

func (l *brotliLayer) reset(src io.Reader) {
	l.in.Reset(src)
	_ = l.z.Reset(l.in) // never fails
	l.begun = false
}

// largeWindow is how the extension of the format to windows of up to 1 GiB
// begins; RFC 7932 reserves the pattern.
const largeWindow = 0x11

func (l *brotliLayer) Read(p []byte) (int, error) {
	if !l.begun {
		head, err := l.in.Peek(1)
		if err != nil {
			return 0, err
		}
		if head[0]&0x7f == largeWindow {
			return 0, &LimitError{What: LimitWindow, Limit: 16 << 20}
		}
		l.begun = true
	}
	return l.z.Read(p)
}
