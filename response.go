package mtlshttp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/mtlshttp/mtlshttp/internal/content"
	"github.com/mtlshttp/mtlshttp/internal/jsonvalue"
	"github.com/mtlshttp/mtlshttp/internal/target"
	"github.com/mtlshttp/mtlshttp/internal/xmlvalue"
)

// Response is the bundle: what came back, parsed, and what happened on the way.
type Response struct {
	StatusCode int
	// Headers are sorted by name, which is in lower case; values of one name
	// stand in order of arrival.
	Headers []Header
	// CookieHeaders are the Set-Cookie values, unparsed.
	CookieHeaders []string
	// Data is, with Request.Parse, map[string]any, []any, string,
	// json.Number, bool or nil for JSON, and map[string]any for XML; a
	// string for text, []byte for the rest, nil for no body.
	Data any
	// FileSize is the decoded length in bytes.
	FileSize int64
	// URL is where the answer came from, redacted as in Hop.
	URL  string
	Hops []Hop
	// Receipt is the last hop's, nil without TLS.
	Receipt *Receipt
	// Diagnosis says what an error status has to do with mutual TLS, where
	// it has; nil otherwise.
	Diagnosis *Diagnosis
	Timings   Timings
	Attempts  []Attempt
	// ContentType is the media type without parameters, Charset the name of
	// the encoding that text was decoded from, FileName a safe base name.
	ContentType, Charset, FileName string
	// Notes are what was not quite right: an unknown content coding, an
	// unknown charset.
	Notes []string

	body  []byte
	coded bool // a content coding is still on the body
}

// Attempt is one try of a request.
type Attempt struct {
	StatusCode int    `json:"statusCode,omitempty"`
	Kind       Kind   `json:"kind,omitempty"` // of its error
	Reason     string `json:"reason,omitempty"`
}

// Header returns the first value of a header, "" where there is none.
func (r *Response) Header(name string) string {
	name = strings.ToLower(name)
	for _, h := range r.Headers {
		if h.Name == name {
			return h.Value
		}
	}
	return ""
}

// Bytes returns the decoded body. It must not be modified.
func (r *Response) Bytes() []byte { return r.body }

// Decode reads the body as JSON into v, as encoding/json does. Its error is of
// kind parse.
func (r *Response) Decode(v any) error {
	if err := json.Unmarshal(bytes.TrimPrefix(r.body, []byte("\xef\xbb\xbf")), v); err != nil {
		return &Error{Kind: KindParse, Reason: "json", Phase: phaseParse, Type: typeName(KindParse, 0), URL: r.URL, Err: err}
	}
	return nil
}

// MarshalJSON writes the bundle as documents carry it; bytes in data are
// {"$base64": "…"}.
func (r *Response) MarshalJSON() ([]byte, error) {
	data, err := jsonvalue.Append(nil, r.Data)
	if err != nil {
		return nil, err
	}
	return json.Marshal(struct {
		StatusCode    int             `json:"statusCode"`
		Headers       []Header        `json:"headers"`
		CookieHeaders []string        `json:"cookieHeaders"`
		Data          json.RawMessage `json:"data"`
		FileSize      int64           `json:"fileSize"`
		URL           string          `json:"url"`
		Hops          []Hop           `json:"hops"`
		Receipt       *Receipt        `json:"receipt"`
		Diagnosis     *Diagnosis      `json:"diagnosis,omitempty"`
		Timings       Timings         `json:"timings"`
		Attempts      []Attempt       `json:"attempts"`
		ContentType   string          `json:"contentType"`
		Charset       string          `json:"charset"`
		FileName      string          `json:"fileName"`
		Notes         []string        `json:"notes,omitempty"`
	}{r.StatusCode, r.Headers, r.CookieHeaders, data, r.FileSize, r.URL, r.Hops, r.Receipt, r.Diagnosis, r.Timings,
		r.Attempts, r.ContentType, r.Charset, r.FileName, r.Notes})
}

// newResponse begins a bundle with what the header section says.
func (p *plan) newResponse(resp *http.Response, j *journey) *Response {
	r := &Response{StatusCode: resp.StatusCode, Headers: []Header{}, CookieHeaders: []string{}, Hops: j.list(),
		Attempts: []Attempt{{StatusCode: resp.StatusCode}}}
	r.Receipt = lastReceipt(r.Hops)
	for name, values := range resp.Header {
		lower := strings.ToLower(name)
		for _, v := range values {
			r.Headers = append(r.Headers, Header{lower, v})
		}
	}
	for _, coding := range resp.TransferEncoding {
		r.Headers = append(r.Headers, Header{"transfer-encoding", coding}) // net/http took it out
	}
	slices.SortStableFunc(r.Headers, func(a, b Header) int { return strings.Compare(a.Name, b.Name) })
	r.CookieHeaders = append(r.CookieHeaders, resp.Header.Values("Set-Cookie")...)
	if resp.Request != nil {
		r.URL = target.Redact(resp.Request.URL)
		r.FileName = content.FileName(resp.Header.Get("Content-Disposition"), resp.Request.URL)
	}
	return r
}

// read reads, decodes and parses the body. What it got so far stays in the
// bundle when it fails.
func (p *plan) read(ctx context.Context, r *Response, resp *http.Response) *Error {
	if e := p.readBody(ctx, r, resp); e != nil {
		return e
	}
	parsed := p.parse(r, resp)
	if resp.StatusCode >= 400 {
		p.diagnoseStatus(r, resp)
		if p.request.StatusErrors {
			e := &Error{Kind: KindStatus, Reason: http.StatusText(resp.StatusCode), Phase: phaseBody,
				Type: typeName(KindStatus, resp.StatusCode), Diagnosis: r.Diagnosis, Err: &statusError{resp.StatusCode}}
			e.RetryAfter = retryAfter(resp.Header, p.clock())
			e.Retryable = retryableStatus(resp.StatusCode) && isIdempotent(p.request.method())
			return e
		}
	}
	return parsed
}

// statusError is the cause of errors of kind status.
type statusError struct{ status int }

func (e *statusError) Error() string { return "the server answered " + statusText(e.status) }

func (p *plan) readBody(ctx context.Context, r *Response, resp *http.Response) *Error {
	fail := func(kind Kind, reason string, phase Phase, err error) *Error {
		return &Error{Kind: kind, Reason: reason, Phase: phase, Type: typeName(kind, 0), Err: err}
	}
	if resp.Request != nil && resp.Request.Method == http.MethodHead {
		return nil
	}
	limits := content.Limits{Codings: p.limits.Codings, Decoded: p.limits.Body}
	decoded, err := content.NewReader(resp.Body, r.codings(resp), limits)
	if err == nil {
		r.body, err = readAll(decoded, resp.ContentLength, p.limits.Body)
		if unknown := decoded.Unknown(); unknown != "" {
			r.coded = true
			r.Notes = append(r.Notes, "the content coding "+unknown+" is not known; the data is as it came")
		}
		_ = decoded.Close()
	}
	r.FileSize = int64(len(r.body))
	if err == nil {
		return nil
	}
	r.Data = r.body
	var limit *content.LimitError
	var coding *content.CodingError
	switch {
	case p.executor.pool.Closed():
		return closedError()
	case ctx.Err() != nil:
		return interrupted(ctx, phaseBody)
	case errors.As(err, &limit):
		return fail(KindLimit, limit.What, phaseBody, err)
	case errors.As(err, &coding) && coding.Reason == content.ReasonTruncated:
		return fail(KindTruncated, coding.Coding, phaseDecode, err)
	case errors.As(err, &coding):
		return fail(KindContentDecode, string(coding.Reason), phaseDecode, err)
	case isCut(err):
		return fail(KindTruncated, "body", phaseBody, err)
	}
	return fail(KindProtocol, "body", phaseBody, err)
}

// codings are the content codings to undo: those of the response, or none where
// the request did not ask for any, as in the module.
func (r *Response) codings(resp *http.Response) []string {
	codings := resp.Header.Values("Content-Encoding")
	asked := resp.Request == nil || resp.Request.Header.Get("Accept-Encoding") != ""
	isCoding := func(s string) bool { return s != "" && !strings.EqualFold(s, "identity") }
	if asked || !slices.ContainsFunc(codings, isCoding) {
		return codings
	}
	r.coded = true
	r.Notes = append(r.Notes, "a content coding was not asked for; the data is as it came")
	return nil
}

// readAll reads a body into one buffer, of the announced size where that is
// believable.
func readAll(r io.Reader, announced, limit int64) ([]byte, error) {
	const most = 1 << 20 // a lie costs no more than this
	size := int64(512)
	if announced > 0 {
		size = min(announced, limit, most) + bytes.MinRead
	}
	buf := bytes.NewBuffer(make([]byte, 0, size))
	_, err := buf.ReadFrom(r)
	return buf.Bytes(), err
}

// parse turns the body into the bundle's data.
func (p *plan) parse(r *Response, resp *http.Response) *Error {
	header := resp.Header.Get("Content-Type")
	essence, _, _ := strings.Cut(header, ";")
	r.ContentType = strings.ToLower(strings.TrimSpace(essence))
	if len(r.body) == 0 {
		return nil
	}
	kind, declared := content.Classify(header, r.body)
	r.Data = r.body
	if kind == content.Binary || r.coded {
		return nil
	}
	decoded := content.Decode(r.body, header, kind)
	if decoded.Warning != "" {
		r.Notes = append(r.Notes, "charset: "+string(decoded.Warning))
	}
	if r.Charset = decoded.Charset; r.Charset == "" {
		return nil
	}
	if !p.request.Parse || kind != content.JSON && kind != content.XML {
		r.Data = string(decoded.Text)
		return nil
	}
	if len(bytes.TrimSpace(decoded.Text)) == 0 {
		r.Data = nil
		return nil
	}
	value, err := p.parseAs(kind, decoded.Text)
	if err == nil {
		r.Data = value
		return nil
	}
	r.Data = string(decoded.Text)
	if !declared {
		return nil
	}
	return parseError(kind, err)
}

func (p *plan) parseAs(kind content.Kind, text []byte) (any, error) {
	if kind == content.XML {
		return xmlvalue.Parse(text, xmlvalue.Limits{Depth: p.limits.Depth, Nodes: p.limits.Nodes})
	}
	return jsonvalue.Parse(text, jsonvalue.Limits{Depth: p.limits.Depth, Nodes: p.limits.Nodes})
}

func parseError(kind content.Kind, err error) *Error {
	e := &Error{Kind: KindParse, Reason: string(kind), Phase: phaseParse, Type: typeName(KindParse, 0), Err: err}
	var inJSON *jsonvalue.LimitError
	var inXML *xmlvalue.LimitError
	switch {
	case errors.As(err, &inJSON):
		e.Kind, e.Reason = KindLimit, inJSON.What
	case errors.As(err, &inXML):
		e.Kind, e.Reason = KindLimit, inXML.What
	}
	return e
}
