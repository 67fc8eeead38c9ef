package content

import (
	"io"

	"github.com/klauspost/compress/zstd"
)

// zstdLayer undoes zstd, RFC 8878, with windows as RFC 9659 bounds them.
type zstdLayer struct {
	in    input
	z     *zstd.Decoder
	begun bool
	err   error
}

func newZstdLayer() *zstdLayer {
	// One at a time: no goroutine outlives a body, and memory is one window.
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecodeBuffersBelow(0))
	return &zstdLayer{in: newInput(), z: z, err: err}
}

func (l *zstdLayer) reset(src io.Reader) {
	l.in.Reset(src)
	l.begun = false
	if l.z != nil {
		// Resetting to nil drops what it holds of the body before; the error
		// says that there is nothing to read now.
		_ = l.z.Reset(nil)
	}
}

func (l *zstdLayer) Read(p []byte) (int, error) {
	if l.err != nil {
		return 0, l.err
	}
	if !l.begun {
		if err := l.in.more(); err != nil {
			return 0, err
		}
		if err := l.z.Reset(l.in); err != nil {
			return 0, err
		}
		l.begun = true
	}
	return l.z.Read(p)
}
