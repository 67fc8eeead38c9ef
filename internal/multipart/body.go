// Package multipart writes multipart/form-data bodies (RFC 7578) as form-data 2.3
// does: the same headers, in the same order, the same content types. Files are
// streamed, and the length is known beforehand where the files' sizes are.
//
// Names cannot break out of their header: a quote, CR and LF are written as %22,
// %0D and %0A, as WHATWG's HTML standard has it; NUL and the other control
// characters are refused.
package multipart

import (
	"crypto/rand"
	"io"
	"strings"
)

const (
	// MaxParts is how many parts a body has at the most.
	MaxParts = 10_000
	// MaxHeader is the length in bytes of one part's header.
	MaxHeader = 64 << 10
)

// Part is a field or a file of a form.
type Part struct {
	Name string
	// ContentType is the part's own; empty: none for a field, and for a file
	// what its name says, else application/octet-stream.
	ContentType string
	// Text is the value of a field, or the content of a file without Open.
	Text string

	IsFile bool
	// FileName is what the server is told: the last element of this path.
	FileName string
	// Open opens the file anew. It is called once for each Reader of the body.
	Open func() (io.ReadCloser, error)
	// Size is how long what Open opens is, in bytes; -1: unknown. A file that
	// turns out longer or shorter fails the Reader.
	Size int64
	// Once says that Open works a single time, so that the body cannot be
	// sent again.
	Once bool
}

// Body is a form made ready. It can be sent by several goroutines at once if
// its parts can be opened so.
type Body struct {
	boundary   string
	segments   []segment
	length     int64 // -1 unknown
	replayable bool
}

// segment is text to send, or a file where open is set.
type segment struct {
	text  string
	open  func() (io.ReadCloser, error)
	size  int64
	index int // of the part
}

// New makes a body. The boundary is new and random. The error is an *Error.
func New(parts []Part) (*Body, error) {
	if len(parts) > MaxParts {
		return nil, &Error{TooMany, MaxParts, "the form has more parts than the limit"}
	}
	b := &Body{boundary: rand.Text(), replayable: true}
	start := ""
	for i, p := range parts {
		header, err := p.header(i)
		if err != nil {
			return nil, err
		}
		b.add(segment{text: start + "--" + b.boundary + "\r\n" + header + "\r\n"})
		if p.IsFile && p.Open != nil {
			b.add(segment{open: p.Open, size: max(p.Size, -1), index: i})
			b.replayable = b.replayable && !p.Once
		} else {
			b.add(segment{text: p.Text})
		}
		start = "\r\n"
	}
	b.add(segment{text: start + "--" + b.boundary + "--\r\n"})
	return b, nil
}

func (b *Body) add(s segment) {
	b.segments = append(b.segments, s)
	switch {
	case s.open == nil:
		s.size = int64(len(s.text))
	case s.size < 0:
		b.length = -1
	}
	if b.length >= 0 {
		b.length += s.size
	}
}

// ContentType returns multipart/form-data with the boundary.
func (b *Body) ContentType() string { return "multipart/form-data; boundary=" + b.boundary }

// Length returns the length in bytes, -1 where a file's size is unknown.
func (b *Body) Length() int64 { return b.length }

// Replayable says whether every part can be opened again.
func (b *Body) Replayable() bool { return b.replayable }

// header returns the part's header lines.
func (p Part) header(index int) (string, error) {
	if hasControl(lineBreaks.Replace(p.Name)) || p.IsFile && hasControl(lineBreaks.Replace(p.FileName)) {
		return "", &Error{BadName, index, "a name of the part has a control character"}
	}
	if hasControl(p.ContentType) {
		return "", &Error{BadContentType, index, "the content type of the part has a control character"}
	}
	contentType := p.ContentType
	h := `Content-Disposition: form-data; name="` + quoted.Replace(p.Name) + `"`
	if p.IsFile {
		if name := baseName(p.FileName); name != "" {
			h += `; filename="` + quoted.Replace(name) + `"`
		}
		if contentType == "" {
			contentType = TypeByName(p.FileName)
		}
	}
	h += "\r\n"
	if contentType != "" {
		h += "Content-Type: " + contentType + "\r\n"
	}
	if len(h) > MaxHeader {
		return "", &Error{TooLong, index, "the header of the part is longer than the limit"}
	}
	return h, nil
}

var (
	quoted     = strings.NewReplacer(`"`, "%22", "\r", "%0D", "\n", "%0A")
	lineBreaks = strings.NewReplacer("\r", "", "\n", "")
)

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}

// baseName is the last element of a path with slashes. Where the file lies is
// nobody's business.
func baseName(path string) string {
	path = strings.TrimRight(path, "/")
	return path[strings.LastIndexByte(path, '/')+1:]
}
