package mtlshttp

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mtlshttp/mtlshttp/internal/content"
	"github.com/mtlshttp/mtlshttp/internal/wire"
)

// incoming is a response's body on its way in: its codings undone, bounded and
// timed.
type incoming struct {
	wire    meter // the body as it comes
	decoded *content.Reader
	decode  time.Duration
}

// receive prepares to read a body of at most limit bytes. One that is announced
// as longer is refused before it is read.
func (p *plan) receive(r *Response, resp *http.Response, limit int64) (*incoming, error) {
	in := &incoming{wire: meter{ReadCloser: resp.Body, reports: p.progress, progress: Progress{Total: resp.ContentLength}}}
	var err error
	in.decoded, err = content.NewReader(&in.wire, r.codings(resp), content.Limits{Codings: p.limits.Codings, Decoded: limit, Ratio: p.limits.Ratio, Window: p.limits.Window})
	if err != nil {
		return nil, err
	}
	if unknown := in.decoded.Unknown(); unknown != "" {
		r.coded = true
		r.Notes = append(r.Notes, "the content coding "+unknown+" is not known; the data is as it came")
	}
	if resp.ContentLength > limit && len(in.decoded.Applied()) == 0 {
		_ = in.decoded.Close()
		return nil, &content.LimitError{What: content.LimitBody, Limit: limit, Got: resp.ContentLength}
	}
	return in, nil
}

func (in *incoming) Read(p []byte) (int, error) {
	begun, waited := time.Now(), in.wire.took
	n, err := in.decoded.Read(p)
	in.decoding(begun, waited)
	return n, err
}

// all reads what is left.
func (in *incoming) all(announced int64) ([]byte, error) {
	if len(in.decoded.Applied()) == 0 {
		return content.ReadAll(in.decoded, announced) // there is nothing to decode
	}
	begun, waited := time.Now(), in.wire.took
	data, err := content.ReadAll(in.decoded, announced)
	in.decoding(begun, waited)
	return data, err
}

// decoding counts as decoding what was not spent on waiting for the connection.
func (in *incoming) decoding(begun time.Time, waited time.Duration) {
	in.decode += time.Since(begun) - (in.wire.took - waited)
}

// read reads, decodes and parses the body. What it got so far stays in the
// bundle when it fails.
func (p *plan) read(ctx context.Context, r *Response, resp *http.Response, t *Timings) *Error {
	if !hasNoContent(resp) {
		if p.request.Output.takes(resp) {
			return p.deliver(ctx, r, resp, t)
		}
		if err := p.readBody(r, resp, t); err != nil {
			e := p.bodyError(ctx, err)
			e.Retryable = hopOf(resp.Request.Context()).mayRepeat(e, false)
			return e
		}
	}
	parsed := p.parse(ctx, r, resp, t)
	phase := phaseDecode
	if p.request.Parse {
		phase = phaseParse
	}
	if e := interrupted(ctx, phase); e != nil && (p.request.Parse || r.Charset != "") {
		e.Retryable = hopOf(resp.Request.Context()).mayRepeat(e, false)
		return e
	}
	if resp.StatusCode >= 400 {
		p.diagnoseStatus(r, resp)
		if p.request.StatusErrors {
			e := &Error{Kind: KindStatus, Reason: http.StatusText(resp.StatusCode), Phase: phaseBody,
				Type: typeName(KindStatus, resp.StatusCode), Diagnosis: r.Diagnosis, Err: &statusError{resp.StatusCode}}
			e.RetryAfter = retryAfter(resp.Header, p.trust.clock)
			e.Retryable = retryableStatus(resp.StatusCode) && hopOf(resp.Request.Context()).repeatable
			return e
		}
	}
	return parsed
}

func (p *plan) readBody(r *Response, resp *http.Response, t *Timings) error {
	in, err := p.receive(r, resp, p.limits.Body)
	if err != nil {
		return err
	}
	if p.share != nil {
		if announced := resp.ContentLength; len(in.decoded.Applied()) == 0 && !p.share.Reach(announced) {
			_ = in.decoded.Close()
			return &content.LimitError{What: content.LimitMemory, Limit: p.executor.Load.Memory}
		}
		in.decoded.Share(p.executor.Load.Memory, p.share.Reach)
	}
	r.body, err = in.all(resp.ContentLength)
	_ = in.decoded.Close()
	t.Transfer, t.Decode = in.wire.took, in.decode
	r.FileSize = int64(len(r.body))
	r.takeTrailers(resp)
	if err != nil {
		r.Data = r.body
	}
	return err
}

// isOpenEnded says whether a body lasts until its connection ends (RFC 9112,
// section 6.3).
func isOpenEnded(resp *http.Response) bool {
	return resp.ProtoMajor == 1 && resp.ContentLength < 0 && len(resp.TransferEncoding) == 0
}

// hasNoContent says whether what follows an answer is not its content: HEAD has
// none, nor has 205 (RFC 9110, section 15.3.6), whatever it says.
func hasNoContent(resp *http.Response) bool {
	return resp.StatusCode == http.StatusResetContent || resp.Request != nil && resp.Request.Method == http.MethodHead
}

// deliver hands the body to the request's output.
func (p *plan) deliver(ctx context.Context, r *Response, resp *http.Response, t *Timings) *Error {
	in, err := p.receive(r, resp, p.limits.Stream)
	if err != nil {
		return p.streamError(ctx, err)
	}
	defer in.decoded.Close()
	r.Data, err = p.request.Output.put(ctx, r.FileName, in)
	t.Transfer, t.Decode = in.wire.took, in.decode
	r.FileSize = in.decoded.Decoded()
	r.takeTrailers(resp)
	if err == nil {
		return nil
	}
	e := p.streamError(ctx, err)
	// A writer already has the beginning.
	e.Retryable = p.request.Output.Writer == nil && hopOf(resp.Request.Context()).mayRepeat(e, false)
	return e
}

// streamError is bodyError for what Limits.Stream bounds.
func (p *plan) streamError(ctx context.Context, err error) *Error {
	e := p.bodyError(ctx, err)
	if e.Kind == KindLimit && e.Reason == content.LimitBody {
		e.Reason = "stream"
	}
	return e
}

// takeTrailers adds what is known once the body has ended.
func (r *Response) takeTrailers(resp *http.Response) {
	r.Trailers = headerList(resp.Trailer)
	sortHeaders(r.Trailers)
	if isOpenEnded(resp) && resp.TLS != nil && resp.Request != nil && wire.ExchangeOf(resp.Request.Context()).Ended() {
		r.Notes = append(r.Notes, "the connection ended without a close_notify, and the body with it; some of it may be missing")
	}
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

// statusError is the cause of errors of kind status.
type statusError struct{ status int }

func (e *statusError) Error() string { return "the server answered " + statusText(e.status) }

// bodyError says what kind of fault ended the reading of a body.
func (p *plan) bodyError(ctx context.Context, err error) *Error {
	fail := func(kind Kind, reason string, phase Phase) *Error {
		return &Error{Kind: kind, Reason: reason, Phase: phase, Type: typeName(kind, 0), Err: err}
	}
	var output *outputError
	var limit *content.LimitError
	var coding *content.CodingError
	_, _, isAlert := wire.AlertOf(err)
	switch {
	case p.executor.pool.Closed():
		return closedError()
	case errors.As(err, &limit):
		return fail(KindLimit, limit.What, phaseBody)
	case ctx.Err() != nil:
		return interrupted(ctx, phaseBody)
	case errors.As(err, &output):
		return fail(KindResource, output.reason(), phaseBody)
	case errors.As(err, &coding) && coding.Reason == content.ReasonTruncated:
		return fail(KindTruncated, coding.Coding, phaseDecode)
	case errors.As(err, &coding):
		return fail(KindContentDecode, string(coding.Reason), phaseDecode)
	case wire.IsExhausted(err):
		return fail(KindResource, "", phaseBody)
	case wire.IsCut(err) || wire.IsReset(err) || isAlert:
		return fail(KindTruncated, "body", phaseBody)
	}
	err = wire.Briefly(err)
	return fail(KindProtocol, "body", phaseBody)
}
