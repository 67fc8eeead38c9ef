package content

import (
	"compress/flate"
	"compress/zlib"
	"io"
)

// deflateLayer undoes deflate: the zlib format, RFC 1950, which is what the name
// means, and bare DEFLATE, RFC 1951, which servers send as well. The first two
// bytes tell them apart.
type deflateLayer struct {
	in   input
	zlib io.ReadCloser // nil until first needed; also a zlib.Resetter
	raw  io.ReadCloser // nil until first needed; also a flate.Resetter
	use  io.Reader
	err  error
}

func newDeflateLayer() *deflateLayer { return &deflateLayer{in: newInput()} }

func (l *deflateLayer) reset(src io.Reader, _ int64) {
	l.in.Reset(src)
	l.use, l.err = nil, nil
}

func (l *deflateLayer) Read(p []byte) (int, error) {
	if l.use == nil && l.err == nil {
		l.err = l.begin()
	}
	if l.err != nil {
		return 0, l.err
	}
	n, err := l.use.Read(p)
	if err == io.EOF {
		err = l.in.finish()
	}
	l.err = err
	return n, err
}

func (l *deflateLayer) begin() error {
	if err := l.in.more(); err != nil {
		return err
	}
	head, err := l.in.Peek(2)
	if err != nil && err != io.EOF {
		return err
	}
	if isZlib(head) {
		return l.beginZlib()
	}
	if l.raw == nil {
		l.raw = flate.NewReader(l.in)
	}
	l.use = l.raw
	return l.raw.(flate.Resetter).Reset(l.in, nil)
}

func (l *deflateLayer) beginZlib() (err error) {
	if l.zlib == nil {
		l.zlib, err = zlib.NewReader(l.in)
	} else {
		err = l.zlib.(zlib.Resetter).Reset(l.in, nil)
	}
	l.use = l.zlib
	return err
}

// isZlib: method 8, a window of at most 32 KiB, and a multiple of 31. A bare
// stream that begins so would be a stored block with its padding set.
func isZlib(head []byte) bool {
	return len(head) == 2 && head[0]&0x0f == 8 && head[0]>>4 <= 7 && (int(head[0])<<8|int(head[1]))%31 == 0
}
