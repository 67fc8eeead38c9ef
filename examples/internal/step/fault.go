package step

import (
	"encoding/json"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mtlshttp/mtlshttp"
)

// Fault is what an engine keeps of an error: no hops, no receipt and no body,
// and never more than MaxFault bytes of JSON.
type Fault struct {
	Kind       mtlshttp.Kind  `json:"kind"`
	Reason     string         `json:"reason,omitempty"`
	Phase      mtlshttp.Phase `json:"phase,omitempty"`
	Type       string         `json:"type,omitempty"` // the module family's name
	Field      string         `json:"field,omitempty"`
	URL        string         `json:"url,omitempty"`
	StatusCode int            `json:"statusCode,omitempty"`
	Message    string         `json:"message"`
	Retryable  bool           `json:"retryable"`
	RetryAfter time.Duration  `json:"-"` // the server's wish
	Cause      string         `json:"cause,omitempty"`
	Confidence string         `json:"confidence,omitempty"`
	Seen       string         `json:"seen,omitempty"`
	Advice     string         `json:"advice,omitempty"`
}

// MaxFault leaves room in 4 KiB for what an engine adds: its own message, a type,
// and the seal.
const MaxFault = 2048

// NewFault tells the parts of an error. The texts that a server or a document
// can make long (message, URL, field, what was seen) are cut, all to the same
// length, 512 bytes or the half of that, and so on, until all of it fits. An
// error that is none of mtlshttp's is the worker's own, and may pass.
func NewFault(err error) *Fault {
	e := new(mtlshttp.Error)
	if !errors.As(err, &e) {
		e = &mtlshttp.Error{Kind: mtlshttp.KindResource, Reason: "worker", Type: "RuntimeError", Retryable: true, Err: err}
	}
	whole := Fault{Kind: e.Kind, Reason: e.Reason, Phase: e.Phase, Type: e.Type, Field: e.Field, URL: e.URL,
		Message: strings.TrimPrefix(e.Error(), "mtlshttp: "), Retryable: e.Retryable, RetryAfter: e.RetryAfter}
	if e.Response != nil {
		whole.StatusCode = e.Response.StatusCode
	}
	if d := e.Diagnosis; d != nil {
		whole.Cause, whole.Confidence, whole.Seen, whole.Advice = d.Cause, d.Confidence, d.Seen, d.Advice
	}
	for most := 512; ; most /= 2 {
		fault := whole
		for _, text := range []*string{&fault.Message, &fault.URL, &fault.Field, &fault.Seen, &fault.Advice, &fault.Reason} {
			*text = Cut(*text, most)
		}
		if document, err := json.Marshal(fault); most == 0 || err == nil && len(document) <= MaxFault {
			return &fault
		}
	}
}

// Error is the message.
func (f *Fault) Error() string { return f.Message }

// Cut shortens text to so many bytes, on a character's border.
func Cut(s string, most int) string {
	const mark = "…"
	if s = strings.ToValidUTF8(s, "\uFFFD"); len(s) <= most {
		return s
	}
	end := max(0, most-len(mark))
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	if end == 0 {
		return ""
	}
	return s[:end] + mark
}
