package multipart

import (
	"errors"
	"io"
	"strings"
	"sync"
)

var (
	// ErrSize is the cause where a file is not as long as its part says.
	ErrSize = errors.New("the file is not as long as was said")
	// ErrClosed is what a Read after Close returns.
	ErrClosed = errors.New("the reader of the form is closed")
)

// Reader returns the body from its start. Files are opened when their turn
// comes, one at a time. Errors of files are a *PartError. Close may be called
// during a Read, as net/http does.
func (b *Body) Reader() io.ReadCloser { return &reader{segments: b.segments} }

type reader struct {
	segments []segment // still to come
	err      error     // what ended reading

	mu      sync.Mutex
	current io.ReadCloser // guarded by mu
	closed  bool          // guarded by mu
}

// Read implements io.Reader.
func (r *reader) Read(p []byte) (int, error) {
	for len(p) > 0 {
		source, err := r.source()
		if err != nil {
			return 0, err
		}
		n, err := source.Read(p)
		if err == io.EOF {
			err = r.done(source)
			if n == 0 && err == nil {
				continue
			}
		}
		r.err = err
		return n, err
	}
	return 0, r.err
}

// source returns what is to be read now, and opens it where need be.
func (r *reader) source() (io.Reader, error) {
	r.mu.Lock()
	current, closed := r.current, r.closed
	r.mu.Unlock()
	switch {
	case closed:
		return nil, ErrClosed
	case r.err != nil:
		return nil, r.err
	case current != nil:
		return current, nil
	case len(r.segments) == 0:
		return nil, io.EOF
	}
	next, err := r.segments[0].reader()
	if err != nil {
		r.err = err
		return nil, err
	}
	r.segments = r.segments[1:]

	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		_ = next.Close()
		return nil, ErrClosed
	}
	r.current = next
	return next, nil
}

// done closes what has been read to its end.
func (r *reader) done(source io.Reader) error {
	r.mu.Lock()
	current := r.current
	r.current = nil
	r.mu.Unlock()
	if current != source {
		return ErrClosed
	}
	return current.Close()
}

// Close closes the file that is open. It does not wait for a Read.
func (r *reader) Close() error {
	r.mu.Lock()
	current := r.current
	r.current, r.closed = nil, true
	r.mu.Unlock()
	if current == nil {
		return nil
	}
	return current.Close()
}

func (s segment) reader() (io.ReadCloser, error) {
	if s.open == nil {
		return io.NopCloser(strings.NewReader(s.text)), nil
	}
	file, err := s.open()
	if err != nil {
		return nil, &PartError{s.index, err}
	}
	return &fileReader{file, s.size, s.index}, nil
}

// fileReader reads a file, and holds it to its size. A file that grows must not
// run into the next part, nor a short one leave the request unfinished.
type fileReader struct {
	file  io.ReadCloser
	left  int64 // bytes to come; -1 unknown
	index int
}

func (f *fileReader) Read(p []byte) (int, error) {
	if f.left < 0 {
		n, err := f.file.Read(p)
		return n, f.fault(err)
	}
	probe := f.left == 0 // is this really the end?
	if probe {
		p = make([]byte, 1)
	}
	p = p[:min(int64(len(p)), max(f.left, 1))]
	n, err := f.file.Read(p)
	if probe && n > 0 || int64(n) > max(f.left, 1) || err == io.EOF && int64(n) < f.left {
		return 0, f.fault(ErrSize)
	}
	f.left -= int64(n)
	return n, f.fault(err)
}

func (f *fileReader) Close() error { return f.fault(f.file.Close()) }

func (f *fileReader) fault(err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return &PartError{f.index, err}
}
