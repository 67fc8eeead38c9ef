package recording

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// Response is what was answered. A gzip coding is taken off the body and put on
// again; with Encoded the body is as it came, its codings on it.
type Response struct {
	Status   int     `json:"status"`
	Headers  []Field `json:"headers"`
	Trailers []Field `json:"trailers,omitempty"`
	Encoded  bool    `json:"encoded,omitempty"`
	Body     Body    `json:"body,omitzero"`
}

// Response records one whose body was read.
func (f *File) Response(resp *http.Response, body []byte) Response {
	r := Response{Status: resp.StatusCode, Headers: f.fields(resp.Header)}
	if len(resp.Trailer) > 0 {
		r.Trailers = f.fields(resp.Trailer)
	}
	coding := resp.Header.Get("Content-Encoding")
	r.Encoded = coding != "" && !strings.EqualFold(coding, "identity") && len(body) > 0
	if plain, ok := gunzip(body); ok && isGzip(resp.Header) {
		body, r.Encoded = plain, false
	}
	switch {
	case resp.StatusCode/100 == 3:
		r.Encoded = false
	case r.Encoded:
		r.Body = bodyOf(body)
	default:
		r.Body = bodyOf(f.redact(resp.Header.Get("Content-Type"), body))
	}
	return r
}

func isGzip(h http.Header) bool { return strings.EqualFold(h.Get("Content-Encoding"), "gzip") }

// gunzip takes one gzip coding off, unless it is broken or too much.
func gunzip(data []byte) (plain []byte, ok bool) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, false
	}
	plain, err = io.ReadAll(io.LimitReader(z, MaxBody))
	return plain, err == nil && len(plain) < MaxBody
}

// HTTP is the response to a request of net/http, over HTTP/1.1.
func (r Response) HTTP(req *http.Request) (*http.Response, error) {
	body, err := r.Body.bytes()
	if err != nil {
		return nil, err
	}
	resp := &http.Response{StatusCode: r.Status, Status: strconv.Itoa(r.Status) + " " + http.StatusText(r.Status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: headerOf(r.Headers), Request: req, ContentLength: int64(len(body))}
	if isGzip(resp.Header) && !r.Encoded && len(body) > 0 {
		var coded bytes.Buffer
		z := gzip.NewWriter(&coded)
		_, _ = z.Write(body) // into memory
		_ = z.Close()
		body, resp.ContentLength = coded.Bytes(), int64(coded.Len())
	}
	if resp.Header.Get("Content-Length") != "" && req.Method != http.MethodHead {
		resp.Header.Set("Content-Length", strconv.Itoa(len(body)))
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	if len(r.Trailers) > 0 {
		resp.Trailer = headerOf(r.Trailers)
	}
	return resp, nil
}

func headerOf(fields []Field) http.Header {
	h := http.Header{}
	for _, f := range fields {
		h.Add(f.Name, f.Value)
	}
	return h
}
