package mtlshttp

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"sync"

	"golang.org/x/net/http/httpguts"

	"github.com/mtlshttp/mtlshttp/internal/query"
)

// Body is what a request sends. The zero value sends nothing. Make one with
// Raw, Text, JSON, Form, Multipart or Reader. (Fusion: Body type)
type Body struct {
	kind        bodyKind
	contentType string
	data        []byte    // raw
	isText      bool      // raw: it was given as text and is written so in documents
	value       any       // JSON
	params      []Param   // form
	parts       []Part    // multipart
	reader      io.Reader // reader
	length      int64     // reader; zero or below: unknown
}

type bodyKind int

const (
	bodyNone bodyKind = iota
	bodyRaw
	bodyJSON
	bodyForm
	bodyMultipart
	bodyReader
)

// ErrNotReplayable is the cause where a body had to be sent again and its
// reader cannot be rewound.
var ErrNotReplayable = errors.New("the body's reader cannot be read a second time")

// Raw sends bytes as they are. An empty contentType sets no Content-Type.
func Raw(contentType string, data []byte) Body {
	return Body{kind: bodyRaw, contentType: contentType, data: data}
}

// Text sends text as it is. An empty contentType sets no Content-Type.
func Text(contentType, text string) Body {
	return Body{kind: bodyRaw, contentType: contentType, data: []byte(text), isText: true}
}

// JSON sends v as encoding/json writes it, as application/json. What cannot be
// written is a fault in Validate.
func JSON(v any) Body { return Body{kind: bodyJSON, contentType: "application/json", value: v} }

// Form sends application/x-www-form-urlencoded, in the order given; arrays and
// objects are written as the query's are, see Request.PlainQueryKeys.
func Form(params ...Param) Body {
	return Body{kind: bodyForm, contentType: formType, params: params}
}

const formType = "application/x-www-form-urlencoded"

// Reader sends what r yields, as it is, and is held to length. A length of zero
// or below means that it is not known: it is found out where r is an io.Seeker,
// else the body is sent in chunks. It can be sent again, on a redirect that
// keeps the method, only if r is an io.Seeker. Do does not close r.
func Reader(contentType string, r io.Reader, length int64) Body {
	return Body{kind: bodyReader, contentType: contentType, reader: r, length: length}
}

// payload is a body made ready: what to send, how long it is, and how to get
// it once more.
type payload struct {
	contentType string
	length      int64 // -1 unknown, 0 none
	open        func() (io.ReadCloser, error)
	replayable  bool
	fixed       bool // contentType must be sent; a caller's may only add to it
	foreign     bool // it reads a caller's reader, which may block or fail

	mu      sync.Mutex
	sources []*source // opened for net/http
}

// encodedBody is a body that is bytes, or a value that becomes bytes: made once
// for a request, to be judged, measured and sent.
type encodedBody struct {
	data []byte
	err  error
}

// encode leaves parts and readers alone, which are read when they are sent.
func (b Body) encode(plainKeys bool) encodedBody {
	switch b.kind {
	case bodyRaw:
		return encodedBody{data: b.data}
	case bodyJSON:
		data, err := json.Marshal(b.value)
		return encodedBody{data, err}
	case bodyForm:
		text, err := query.Form(pairs(b.params), plainKeys)
		return encodedBody{[]byte(text), err}
	}
	return encodedBody{}
}

func (b Body) fault(encoded encodedBody) *Error {
	if b.contentType != "" && !httpguts.ValidHeaderFieldValue(b.contentType) {
		return fault(KindConfig, "contentType", "header", "the content type has a control character")
	}
	switch b.kind {
	case bodyMultipart:
		return partFault(b.parts)
	case bodyReader:
		if b.reader == nil {
			return fault(KindConfig, "data", "missing", "the body's reader is nil")
		}
	case bodyJSON:
		if encoded.err != nil {
			return fault(KindConfig, "data", "json", "the value cannot be written as JSON: %w", encoded.err)
		}
	case bodyForm:
		if encoded.err != nil {
			return queryFault("formFields", encoded.err)
		}
	}
	return nil
}

// encodedLength is how long the body is, where that is known before files and readers
// are looked at.
func (b Body) encodedLength(encoded encodedBody) (n int64, known bool) {
	switch b.kind {
	case bodyMultipart, bodyReader:
		return 0, false
	}
	return int64(len(encoded.data)), encoded.err == nil
}

// payload prepares the body. A request without one gives a nil payload.
func (b Body) payload(encoded encodedBody, files fs.FS) (*payload, error) {
	switch b.kind {
	case bodyRaw, bodyJSON, bodyForm:
		p := bytesPayload(b.contentType, encoded.data)
		p.fixed = b.kind == bodyForm
		return p, encoded.err
	case bodyMultipart:
		return multipartPayload(b.parts, files)
	case bodyReader:
		return readerPayload(b.contentType, b.reader, b.length), nil
	}
	return nil, nil
}

func bytesPayload(contentType string, data []byte) *payload {
	return &payload{contentType: contentType, length: int64(len(data)), replayable: true,
		open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }}
}

// readerPayload reads from where the reader stands. A seeker goes back there;
// anything else can be opened once. A length of zero or below is unknown.
func readerPayload(contentType string, r io.Reader, length int64) *payload {
	if length <= 0 {
		length = -1
	}
	seeker, canSeek := r.(io.Seeker)
	var start int64
	if canSeek {
		var err error
		if start, err = seeker.Seek(0, io.SeekCurrent); err != nil {
			canSeek = false // a pipe has the method and cannot do it
		}
	}
	if length < 0 && canSeek {
		if end, err := seeker.Seek(0, io.SeekEnd); err == nil {
			length = end - start
		}
	}
	var mu sync.Mutex
	opened := false
	open := func() (io.ReadCloser, error) {
		mu.Lock()
		defer mu.Unlock()
		if canSeek {
			if _, err := seeker.Seek(start, io.SeekStart); err != nil {
				return nil, &sourceError{err}
			}
		} else if opened {
			return nil, ErrNotReplayable
		}
		opened = true
		if length < 0 {
			return io.NopCloser(r), nil // it is the caller's to close
		}
		return io.NopCloser(&exactly{r: r, left: length}), nil
	}
	return &payload{contentType: contentType, length: length, open: open, replayable: canSeek, foreign: true}
}

// errLength is the cause where a reader is not as long as was said.
var errLength = errors.New("it is not as long as was said")

// exactly holds a reader to the length that was announced: net/http takes a
// difference for the peer's fault, and over HTTP/2 sends what is too short. The
// last octet waits for the reader's end, so that the beginning of what is too
// long never arrives as a whole request.
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
		return int(e.left - 1), errLength
	case left == 0 && err == nil:
		e.last, n = []byte{p[n-1]}, n-1
	case left > 0 && err == io.EOF:
		err = errLength
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
		return 0, errLength
	case err == io.EOF:
		return copy(p, e.last), io.EOF
	}
	return 0, err
}
