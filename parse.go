package mtlshttp

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/mtlshttp/mtlshttp/internal/content"
	"github.com/mtlshttp/mtlshttp/internal/jsonvalue"
	"github.com/mtlshttp/mtlshttp/internal/xmlvalue"
)

// errMalformedText is the cause where XML has bytes that mean nothing in its
// charset: not well-formed (XML 1.0, section 4.3.3).
var errMalformedText = errors.New("the document has bytes that its charset does not know")

// parse turns the body into the bundle's data. Where the context ends
// meanwhile, it is for the caller to say so.
func (p *plan) parse(ctx context.Context, r *Response, resp *http.Response, t *Timings) *Error {
	if len(r.body) == 0 {
		return nil
	}
	// A field that came twice is a list, whose last valid member counts.
	header := strings.Join(resp.Header.Values("Content-Type"), ", ")
	kind, declared := content.Classify(header, r.body)
	r.Data = r.body
	if kind == content.Binary || r.coded {
		return nil
	}
	began := stopwatch(&t.Decode)
	decoded := content.DecodeWhile(ctx, r.body, header, kind)
	began()
	if decoded.Warning != "" {
		r.Notes = append(r.Notes, "charset: "+string(decoded.Warning))
	}
	if r.Charset = decoded.Charset; r.Charset == "" || ctx.Err() != nil {
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
	began = stopwatch(&t.Parse)
	value, err := p.parseAs(ctx, kind, decoded)
	began()
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

func (p *plan) parseAs(ctx context.Context, kind content.Kind, decoded content.Decoded) (any, error) {
	if kind == content.JSON {
		return jsonvalue.Parse(decoded.Text, jsonvalue.Limits{Depth: p.limits.Depth, Nodes: p.limits.Nodes, While: ctx})
	}
	value, err := xmlvalue.Parse(decoded.Text, xmlvalue.Limits{Depth: p.limits.Depth, Nodes: p.limits.Nodes, While: ctx})
	if err == nil && decoded.Warning == content.WarnMalformed {
		err = errMalformedText
	}
	return value, err
}

func parseError(kind content.Kind, err error) *Error {
	e := &Error{Kind: KindParse, Reason: string(kind), Phase: phaseParse, Type: typeName(KindParse, 0), Err: err}
	var inJSON *jsonvalue.LimitError
	var inXML *xmlvalue.LimitError
	var syntax *xmlvalue.SyntaxError
	switch {
	case errors.As(err, &inJSON):
		e.Kind, e.Reason = KindLimit, inJSON.What
	case errors.As(err, &inXML):
		e.Kind, e.Reason = KindLimit, inXML.What
	case errors.As(err, &syntax) && syntax.Code == xmlvalue.CodeDTD:
		e.Reason = string(xmlvalue.CodeDTD)
	}
	e.Type = typeName(e.Kind, 0)
	return e
}
