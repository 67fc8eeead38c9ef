package mtlshttp

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mtlshttp/mtlshttp/internal/content"
	"github.com/mtlshttp/mtlshttp/internal/jsonvalue"
)

// Response is the bundle: what came back, parsed, and what happened on the way.
type Response struct {
	StatusCode int
	// Headers are sorted by name, which is in lower case; values of one name
	// stand in order of arrival. What net/http takes out (Transfer-Encoding,
	// Trailer, Connection) is among them.
	Headers []Header
	// Trailers are fields that came after the body, as Headers.
	Trailers []Header
	// CookieHeaders are the Set-Cookie values, unparsed.
	CookieHeaders []string
	// Data is, with Request.Parse, map[string]any, []any, string,
	// json.Number, bool or nil for JSON, and map[string]any for XML; a
	// string for text, []byte for the rest, nil for no body. Where the body
	// went to Request.Output it is what refers to it. Beside an error it is
	// what came until then, of a body beyond its limit the first 1 MiB.
	Data any
	// FileSize is the decoded length in bytes, of what was kept.
	FileSize int64
	// URL is where the answer came from, redacted as in Hop.
	URL  string
	Hops []Hop
	// Receipt is the last hop's, nil without TLS.
	Receipt *Receipt
	// Diagnosis says what an error status has to do with mutual TLS, where
	// it has; nil otherwise.
	Diagnosis *Diagnosis
	// Timings are the sums over all hops; Total has what lay between them.
	Timings  Timings
	Attempts []Attempt
	// ContentType is the media type without parameters, Charset the name of
	// the encoding that text was decoded from, FileName a safe base name.
	ContentType, Charset, FileName string
	// Notes are what was not quite right: an unknown content coding, an
	// unknown charset.
	Notes []string

	body   []byte
	coded  bool             // a content coding is still on the body
	limits jsonvalue.Limits // for RawJSON
}

// Attempt is one try of a request.
type Attempt struct {
	Start      time.Time `json:"start,omitzero"` // when it began
	StatusCode int       `json:"statusCode,omitempty"`
	Kind       Kind      `json:"kind,omitempty"` // of its error
	Reason     string    `json:"reason,omitempty"`
	Timings    Timings   `json:"timings"`
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

// Decode reads the body as JSON into v, as encoding/json does, whatever charset
// it is in. Its error is of kind parse.
func (r *Response) Decode(v any) error {
	text := content.Decode(r.body, r.Header("Content-Type"), content.JSON).Text
	if err := json.Unmarshal(text, v); err != nil {
		return &Error{Kind: KindParse, Reason: "json", Phase: phaseParse, Type: typeName(KindParse, 0), URL: r.URL, Err: err}
	}
	return nil
}

// RawJSON returns the body once it is known to be one JSON value within the
// executor's limits of depth and nodes, for a service that hands it on: with
// Request.Parse off nothing is built that it would have to write again. A byte
// order mark is taken off. The text must not be modified. Errors are of kind
// parse or limit.
func (r *Response) RawJSON() (json.RawMessage, error) {
	text := bytes.TrimPrefix(r.body, []byte("\xef\xbb\xbf"))
	if err := jsonvalue.Valid(text, r.limits); err != nil {
		e := parseError(content.JSON, err)
		e.URL = r.URL
		return nil, e
	}
	return text, nil
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
		Trailers      []Header        `json:"trailers,omitempty"`
		CookieHeaders []string        `json:"cookieHeaders"`
		Data          json.RawMessage `json:"data"` // bytes are {"$base64": "…"}
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
	}{r.StatusCode, r.Headers, r.Trailers, r.CookieHeaders, data, r.FileSize, r.URL, r.Hops, r.Receipt, r.Diagnosis, r.Timings,
		r.Attempts, r.ContentType, r.Charset, r.FileName, r.Notes})
}

// bundle is a response with room for what nearly every one has: one hop, one
// attempt.
type bundle struct {
	Response
	hops     [1]Hop
	attempts [1]Attempt
}

// newResponse begins a bundle with what the header section says.
func (p *plan) newResponse(resp *http.Response, j *journey) *Response {
	b := j.begin()
	b.attempts[0].StatusCode = resp.StatusCode
	r := &b.Response
	*r = Response{StatusCode: resp.StatusCode, CookieHeaders: []string{}, Hops: j.list(), Attempts: b.attempts[:]}
	if last := len(r.Hops) - 1; last >= 0 {
		r.Receipt, r.URL = r.Hops[last].Receipt, r.Hops[last].URL
	}
	r.Headers = appendHidden(headerList(resp.Header), resp)
	sortHeaders(r.Headers)
	r.CookieHeaders = append(r.CookieHeaders, resp.Header.Values("Set-Cookie")...)
	if resp.Request != nil {
		r.FileName = content.FileName(resp.Header.Get("Content-Disposition"), resp.Request.URL)
	}
	r.ContentType = mediaType(resp.Header.Values("Content-Type"))
	r.limits = jsonvalue.Limits{Depth: p.limits.Depth, Nodes: p.limits.Nodes}
	return r
}

// begin hands over the bundle that waits for an answer.
func (j *journey) begin() *bundle {
	j.mu.Lock()
	defer j.mu.Unlock()
	b := j.bundle
	if j.bundle = nil; b == nil {
		b = new(bundle)
	}
	return b
}

// appendHidden adds the fields that net/http has taken out of the header
// section.
func appendHidden(list []Header, resp *http.Response) []Header {
	for _, coding := range resp.TransferEncoding {
		list = append(list, Header{"transfer-encoding", coding})
	}
	if len(resp.Trailer) > 0 {
		names := strings.ToLower(strings.Join(slices.Sorted(maps.Keys(resp.Trailer)), ", "))
		list = append(list, Header{"trailer", names})
	}
	// A body that the end of the connection ends sets Close too, with the
	// field or without it: there it is not known.
	framed := resp.ContentLength >= 0 || len(resp.TransferEncoding) > 0
	if resp.Close && framed && resp.ProtoAtLeast(1, 1) && resp.Header.Get("Connection") == "" {
		list = append(list, Header{"connection", "close"})
	}
	return list
}

func headerList(h http.Header) []Header {
	fields := 0
	for _, values := range h {
		fields += len(values)
	}
	list := make([]Header, 0, fields)
	for name, values := range h {
		lower := lowerName(name)
		for _, v := range values {
			list = append(list, Header{lower, v})
		}
	}
	return list
}

// lowerNames spares the making of those that nearly every response has.
var lowerNames = func() map[string]string {
	names := make(map[string]string)
	for _, name := range []string{"Accept-Ranges", "Age", "Alt-Svc", "Cache-Control", "Connection", "Content-Encoding",
		"Content-Length", "Content-Security-Policy", "Content-Type", "Date", "Etag", "Expires", "Keep-Alive",
		"Last-Modified", "Link", "Location", "Pragma", "Referrer-Policy", "Server", "Set-Cookie",
		"Strict-Transport-Security", "Vary", "Via", "X-Content-Type-Options", "X-Frame-Options", "X-Powered-By",
		"X-Request-Id", "X-Xss-Protection"} {
		names[name] = strings.ToLower(name)
	}
	return names
}()

func lowerName(name string) string {
	if lower, ok := lowerNames[name]; ok {
		return lower
	}
	return strings.ToLower(name)
}

func sortHeaders(list []Header) {
	slices.SortStableFunc(list, func(a, b Header) int { return strings.Compare(a.Name, b.Name) })
}

// mediaType is the type without parameters of the last field that has one.
func mediaType(values []string) string {
	for _, v := range slices.Backward(values) {
		essence, _, _ := strings.Cut(v, ";")
		if essence = strings.ToLower(strings.TrimSpace(essence)); essence != "" {
			return essence
		}
	}
	return ""
}
