// Package content turns the bytes of a response body into what the person who
// asked can use: content codings are undone, text comes out as UTF-8, the kind
// of a body is told by its media type and, where that lies, by its content,
// and a download gets a safe file name. Everything is bounded.
package content

import (
	"errors"
	"io"
)

const (
	defaultDecoded = 64 << 20
	defaultCodings = 5

	// defaultWindow is what RFC 9659 allows zstd. Brotli ends at 16 MiB by RFC
	// 7932, gzip and deflate at 32 KiB.
	defaultWindow = 8 << 20
	// What the decoder of zstd can be told.
	leastWindow, mostWindow = 1 << 10, 1 << 41

	// A ratio means nothing until this much came out.
	ratioFrom = 1 << 20
)

// Limits bounds what one body may cost. A zero field means its default.
type Limits struct {
	// Decoded is the size after decoding, in bytes. Zero means 64 MiB, less
	// means none.
	Decoded int64
	// Codings is how many codings may lie over each other, identity not
	// counted. Zero means 5.
	Codings int
	// Ratio is how many times larger than the encoded body the decoded one may
	// be, from 1 MiB of output on. Zero means that no ratio is too high.
	Ratio int64
	// Window is how many bytes of a br or zstd stream may be kept for what
	// follows to refer to. Zero means 8 MiB.
	Window int64
}

func (l Limits) withDefaults() Limits {
	if l.Decoded == 0 {
		l.Decoded = defaultDecoded
	}
	if l.Codings <= 0 {
		l.Codings = defaultCodings
	}
	if l.Window <= 0 {
		l.Window = defaultWindow
	}
	l.Window = min(max(l.Window, leastWindow), mostWindow)
	return l
}

// Reader undoes the content codings of one body while it is read. What was
// decoded before an error was handed out before it. It is for one goroutine,
// Close included.
type Reader struct {
	limits  Limits
	source  source
	stages  []stage // the outermost coding first
	top     io.Reader
	applied []string
	unknown string

	reach   func(total int64) bool // see Share
	shared  int64
	decoded int64
	failed  error // the first fault, from the stage nearest to the source
	err     error // what every later Read returns
}

// NewReader returns a Reader of the body r whose Content-Encoding header has
// the given values, in their order. The codings gzip, x-gzip, deflate, br, zstd
// and identity are known, in any case; parameters are ignored. Decoding stops
// in front of the first coding, from the outside, that is not known: the rest
// stays as it is, and Unknown names it.
//
// An empty body is empty whatever its coding. Bytes after the end of a stream
// are an error, save another gzip member or zstd frame. The errors of Read are
// *CodingError, *LimitError and those of r as they are; too many codings are a
// *CodingError at once.
func NewReader(r io.Reader, encodings []string, l Limits) (*Reader, error) {
	out := &Reader{limits: l.withDefaults(), source: source{r: r}}
	names, err := codings(encodings, out.limits.Codings)
	if err != nil {
		return nil, err
	}
	out.top = &out.source
	known := len(names)
	for known > 0 && pools[names[known-1]] != nil {
		known--
	}
	if known > 0 {
		out.unknown = names[known-1]
	}
	out.applied = names[known:]
	if len(out.applied) == 0 {
		return out, nil
	}
	out.stages = make([]stage, len(out.applied))
	for i := range out.stages {
		name := out.applied[len(out.applied)-1-i]
		l := pools[name].Get().(layer)
		l.reset(out.top, out.limits.Window)
		out.stages[i] = stage{owner: out, name: name, layer: l}
		out.top = &out.stages[i]
	}
	return out, nil
}

// Applied returns the codings that are undone, as the server applied them.
func (r *Reader) Applied() []string { return r.applied }

// Unknown returns the coding that what is read still has, or nothing.
func (r *Reader) Unknown() string { return r.unknown }

// Encoded returns how many bytes were taken from the body so far.
func (r *Reader) Encoded() int64 { return r.source.n }

// Decoded returns how many bytes were handed out so far.
func (r *Reader) Decoded() int64 { return r.decoded }

func (r *Reader) Read(p []byte) (int, error) {
	if r.err != nil || len(p) == 0 {
		return 0, r.err
	}
	n, err := r.read(p)
	r.decoded += int64(n)
	if err == nil && r.excessive() {
		err = &LimitError{What: LimitRatio, Limit: r.limits.Ratio, Got: r.decoded / max(r.source.n, 1)}
	}
	if r.reach != nil && !r.reach(r.decoded) {
		err = &LimitError{What: LimitMemory, Limit: r.shared}
	}
	r.err = err
	return n, err
}

// Share bounds the body by what it has in common with others, limit in all: reach
// is told how much was decoded so far, and says whether there is room for it.
func (r *Reader) Share(limit int64, reach func(total int64) bool) { r.reach, r.shared = reach, limit }

func (r *Reader) read(p []byte) (int, error) {
	if r.limits.Decoded < 0 {
		return r.top.Read(p)
	}
	left := r.limits.Decoded - r.decoded
	if left > 0 {
		return r.top.Read(p[:min(int64(len(p)), left)])
	}
	// The limit is reached, not passed: is there more?
	var one [1]byte
	if n, err := io.ReadFull(r.top, one[:]); n == 0 {
		return 0, err
	}
	return 0, &LimitError{What: LimitBody, Limit: r.limits.Decoded, Got: r.decoded + 1}
}

func (r *Reader) excessive() bool {
	return r.limits.Ratio > 0 && r.decoded > ratioFrom && r.decoded/r.limits.Ratio > r.source.n
}

// Close gives the decoders back; the body itself stays open. Reading afterwards
// is an error.
func (r *Reader) Close() error {
	for i := range r.stages {
		s := &r.stages[i]
		// A decoder that was stopped half-way is left to the collector.
		if s.ended {
			s.layer.reset(nothing{}, r.limits.Window)
			pools[s.name].Put(s.layer)
		}
		s.layer = nil
	}
	r.stages, r.top = nil, nothing{}
	if r.err == nil {
		r.err = errClosed
	}
	return nil
}

var errClosed = errors.New("content: read after Close")

// source counts what comes from the wire and remembers its error, so that a
// broken connection is not taken for a corrupt stream.
type source struct {
	r   io.Reader
	n   int64
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.n += int64(n)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// stage is one coding being undone.
type stage struct {
	owner *Reader
	name  string
	layer layer
	out   int64
	ended bool
}

// slack is by how much the encoded form of a body within the limit may be
// larger than the body: stored blocks, empty ones, headers.
const slack = 1 << 20

func (s *stage) Read(p []byte) (int, error) {
	n, err := s.layer.Read(p)
	s.out += int64(n)
	// Layers in between are bounded too: a small body may decode to an endless
	// stream that decodes to nothing.
	if limit := s.owner.limits.Decoded; limit >= 0 && s.out-slack-limit/8 > limit {
		return 0, s.owner.fail(&LimitError{What: LimitBody, Limit: limit, Got: s.out})
	}
	switch {
	case err == nil:
		return n, nil
	case err == io.EOF && s.owner.failed == nil && s.owner.source.err == nil:
		s.ended = true
		return n, io.EOF
	}
	return n, s.owner.fail(coded(s.name, err))
}

// fail keeps the fault that lies nearest to the source: what the decoders above
// say about it is only its echo.
func (r *Reader) fail(err error) error {
	switch {
	case r.source.err != nil:
		return r.source.err
	case r.failed == nil:
		r.failed = err
	}
	return r.failed
}

// nothing is an empty body.
type nothing struct{}

func (nothing) Read([]byte) (int, error) { return 0, io.EOF }
