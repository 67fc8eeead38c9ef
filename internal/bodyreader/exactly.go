package bodyreader

import (
	"errors"
	"io"
)

// ErrLength is the cause where a reader is not as long as was said.
var ErrLength = errors.New("it is not as long as was said")

// Exactly holds a reader to the length that was announced: net/http takes a
// difference for the peer's fault, and over HTTP/2 sends what is too short. The
// last octet waits for the reader's end, so that the beginning of what is too
// long never arrives as a whole request.
func Exactly(r io.Reader, length int64) io.Reader { return &exactly{r: r, left: length} }

type exactly struct {
	r    io.Reader
	left int64
	last []byte // the last octet, read and not yet handed on
}

func (e *exactly) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if e.last != nil {
		return e.end(p)
	}
	n, err := e.r.Read(p)
	if n < 0 || n > len(p) {
		return n, err // readOnce says so
	}
	switch left := e.left - int64(n); {
	case left < 0:
		return max(int(e.left-1), 0), ErrLength
	case left == 0 && err == nil && n > 0:
		e.last, n = []byte{p[n-1]}, n-1
	case left > 0 && err == io.EOF:
		err = ErrLength
	}
	e.left -= int64(n)
	return n, err
}

// end hands on the last octet once the reader has no more.
func (e *exactly) end(p []byte) (int, error) {
	n, err := e.r.Read(p[:1])
	switch {
	case n < 0 || n > 1:
		return n, err
	case n == 1:
		return 0, ErrLength
	case err == io.EOF:
		return copy(p, e.last), io.EOF
	}
	return 0, err
}
