package content

import (
	"io"
	"math"

	"github.com/klauspost/compress/zstd"
)

// zstdLayer undoes zstd, RFC 8878, with windows as RFC 9659 bounds them.
type zstdLayer struct {
	in     input
	z      *zstd.Decoder
	window int64 // the largest that z takes
	begun  bool
	err    error
}

func newZstdLayer() *zstdLayer { return &zstdLayer{in: newInput()} }

func (l *zstdLayer) reset(src io.Reader, window int64) {
	l.in.Reset(src)
	l.begun = false
	if l.z == nil || l.window != window {
		l.window = window
		// One at a time: no goroutine outlives a body, and memory is one window.
		l.z, l.err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(uint64(window)), zstd.WithDecodeBuffersBelow(0))
		return
	}
	// Resetting to nil drops what it holds of the body before; the error says
	// that there is nothing to read now.
	_ = l.z.Reset(nil)
}

func (l *zstdLayer) Read(p []byte) (int, error) {
	if l.err != nil {
		return 0, l.err
	}
	if !l.begun {
		if err := l.begin(); err != nil {
			return 0, err
		}
		l.begun = true
	}
	n, err := l.z.Read(p)
	if err == zstd.ErrWindowSizeExceeded || err == zstd.ErrDecoderSizeExceeded {
		err = &LimitError{What: LimitWindow, Limit: l.window}
	}
	return n, err
}

// begin looks at the first frame's window, which the decoder refuses as well,
// but without saying how large it is.
func (l *zstdLayer) begin() error {
	if err := l.in.more(); err != nil {
		return err
	}
	head, _ := l.in.Peek(zstd.HeaderMaxSize)
	var h zstd.Header
	if h.Decode(head) == nil {
		asked := h.WindowSize
		if h.SingleSegment {
			asked = h.FrameContentSize
		}
		if asked > uint64(l.window) {
			return &LimitError{What: LimitWindow, Limit: l.window, Got: int64(min(asked, math.MaxInt64))}
		}
	}
	return l.z.Reset(l.in)
}
