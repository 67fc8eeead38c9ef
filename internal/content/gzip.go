package content

import (
	"bytes"
	"compress/gzip"
	"io"
)

// maxEmptyMembers is how many members of a gzip stream may hold nothing. One is
// common (bgzip ends with one); each costs work and gives no output that a
// limit would see.
const maxEmptyMembers = 1000

var gzipMagic = []byte{0x1f, 0x8b}

// gzipLayer undoes gzip, RFC 1952, with any number of members.
type gzipLayer struct {
	in     input
	z      gzip.Reader
	begun  bool
	filled bool // this member gave output
	empty  int
	err    error
}

func newGzipLayer() *gzipLayer { return &gzipLayer{in: newInput()} }

func (l *gzipLayer) reset(src io.Reader, _ int64) {
	l.in.Reset(src)
	l.begun, l.filled, l.empty, l.err = false, false, 0, nil
}

func (l *gzipLayer) Read(p []byte) (int, error) {
	for l.err == nil {
		if !l.begun {
			l.err = l.member()
			continue
		}
		n, err := l.z.Read(p)
		l.filled = l.filled || n > 0
		switch err {
		case nil:
		case io.EOF:
			l.err = l.next()
		default:
			l.err = err
		}
		if n > 0 {
			return n, nil
		}
	}
	return 0, l.err
}

// member begins the first member, if there is one.
func (l *gzipLayer) member() error {
	if err := l.in.more(); err != nil {
		return err
	}
	return l.begin()
}

// next begins the member after the one that just ended, if there is one.
func (l *gzipLayer) next() error {
	if !l.filled {
		l.empty++
		if l.empty > maxEmptyMembers {
			return &LimitError{What: LimitMembers, Limit: maxEmptyMembers, Got: int64(l.empty)}
		}
	}
	if err := l.in.more(); err != nil {
		return err
	}
	if magic, err := l.in.Peek(2); !bytes.HasPrefix(gzipMagic, magic) && (err == nil || err == io.EOF) {
		return errTrailing
	}
	return l.begin()
}

func (l *gzipLayer) begin() error {
	l.begun, l.filled = true, false
	err := l.z.Reset(l.in)
	l.z.Multistream(false)
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
