package mtlshttp

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync"

	"github.com/mtlshttp/mtlshttp/internal/bodyreader"
)

// payload is a body made ready: what to send, how long it is, and how to get
// it once more.
type payload struct {
	contentType string
	length      int64 // -1 unknown, 0 none
	open        func() (io.ReadCloser, error)
	replayable  bool
	fixed       bool // contentType must be sent; a caller's may only add to it
	foreign     bool // it reads a caller's reader, which may block or fail

	mu     sync.Mutex
	source *bodyreader.Reader // opened for net/http, one at a time
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
				return nil, &bodyreader.Error{Err: err}
			}
		} else if opened {
			return nil, ErrNotReplayable
		}
		opened = true
		if length < 0 {
			return io.NopCloser(r), nil // it is the caller's to close
		}
		return io.NopCloser(bodyreader.Exactly(r, length)), nil
	}
	return &payload{contentType: contentType, length: length, open: open, replayable: canSeek, foreign: true}
}

// attach puts the payload into a request of net/http.
func (p *payload) attach(ctx context.Context, req *http.Request) error {
	if p == nil {
		return nil
	}
	given := req.Header.Get("Content-Type")
	if p.contentType != "" && (given == "" || p.fixed && !strings.HasPrefix(given, p.contentType)) {
		req.Header.Set("Content-Type", p.contentType)
	}
	req.ContentLength = p.length
	if p.length == 0 {
		req.Body = http.NoBody
		return nil
	}
	open := p.open
	if p.foreign {
		open = func() (io.ReadCloser, error) { return p.guarded(ctx) }
	}
	var err error
	// GetBody is set even where it will fail: without it net/http would hand
	// back a 307 as if it had not been one.
	req.Body, err = open()
	req.GetBody = open
	return err
}

// guarded opens a foreign body behind a source, once nobody is in its reader any
// more: one that rewinds has one position for all.
func (p *payload) guarded(ctx context.Context) (io.ReadCloser, error) {
	p.mu.Lock()
	earlier := p.source
	p.mu.Unlock()
	if earlier != nil {
		if !p.replayable {
			return nil, ErrNotReplayable
		}
		if err := earlier.Stop(ctx); err != nil {
			return nil, err
		}
	}
	rc, err := p.open()
	if err != nil {
		return nil, err
	}
	s := bodyreader.New(ctx, rc)
	p.mu.Lock()
	p.source = s
	p.mu.Unlock()
	return s, nil
}

// release ends every read of a foreign body, and says whether the body can be
// sent once more: it can be opened again, and nobody is in its reader.
func (p *payload) release() (again bool) {
	if p == nil {
		return true
	}
	p.mu.Lock()
	source := p.source
	p.source = nil
	p.mu.Unlock()
	if source == nil {
		return p.replayable
	}
	_ = source.Close()
	return p.replayable && source.Ended()
}

// failed is what a foreign body's reader failed with, or what ended the request
// amid its reading; nil: neither. A server that answers what it had of the body
// can be faster than the news of it on its way through net/http.
func (p *payload) failed() error {
	if p == nil || !p.foreign {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.source == nil {
		return nil
	}
	if err := p.source.Failure(); err != nil {
		return err
	}
	return p.source.Cut()
}

// guard puts the body that a client's caller gave behind a source, as Do does
// with a reader. What is returned knows how that one ended; nil: there is none.
func guard(ctx context.Context, out *http.Request) *payload {
	if !hasBody(out) || inMemory(out.Body) {
		return nil
	}
	body, again := out.Body, out.GetBody
	given := &payload{foreign: true, open: func() (io.ReadCloser, error) { return body, nil }}
	out.Body, _ = given.guarded(ctx)
	if again != nil {
		given.open, given.replayable = again, true
		out.GetBody = func() (io.ReadCloser, error) { return given.guarded(ctx) }
	}
	return given
}

// The types of io.NopCloser, which http.NewRequest puts around a reader.
var (
	plainCloser  = reflect.TypeOf(io.NopCloser(nil))
	writerCloser = reflect.TypeOf(io.NopCloser(new(bytes.Reader)))
)

// inMemory says whether a body can neither block nor fail: one of the readers
// that http.NewRequest can open again by itself.
func inMemory(body io.Reader) bool {
	switch body.(type) {
	case *bytes.Reader, *bytes.Buffer, *strings.Reader:
		return true
	}
	if t := reflect.TypeOf(body); t != plainCloser && t != writerCloser {
		return false
	}
	inner, _ := reflect.ValueOf(body).Field(0).Interface().(io.Reader)
	return inner != nil && inMemory(inner)
}
