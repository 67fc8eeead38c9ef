package mtlshttp

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"

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
