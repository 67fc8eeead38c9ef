package mtlshttp

import (
	"encoding/json"
	"errors"

	"github.com/mtlshttp/mtlshttp/internal/document"
	"github.com/mtlshttp/mtlshttp/internal/query"
)

// UnmarshalJSON reads a request document, with the keys that exported scenarios
// carry. For options, a missing key, null and "" mean the same. Keys that are
// not known go to Extra. The error names every key whose value does not fit.
func (r *Request) UnmarshalJSON(data []byte) error {
	d, errs := document.Read(data)
	if len(errs) > 0 {
		faults := make([]*Error, 0, len(errs))
		for _, e := range errs {
			faults = append(faults, documentFault(e))
		}
		return joinFaults(faults)
	}
	*r = Request{
		Method: d.Method, URL: d.URL, Query: paramsOf(d.Query), Auth: (*BasicAuth)(d.Auth), Secret: d.Secret, Body: bodyOf(d.Body),
		Credentials: d.Credentials, UseMutualTLS: d.UseMutualTLS, Origins: d.Origins,
		RequireClientCertificate: d.RequireClientCertificate, ConfirmHandshake: d.ConfirmHandshake,
		Roots:  Roots{Name: d.Roots.Name, PEM: d.Roots.PEM, Only: d.Roots.Only, CRLs: d.Roots.CRLs},
		Verify: Verify(d.Verify), Protocol: Protocol(d.Protocol), Redirect: Redirect(d.Redirect), Timeout: d.Timeout,
		ShareCookies: d.ShareCookies, Jar: d.Jar, Parse: d.Parse, Compressed: d.Compressed, StatusErrors: d.StatusErrors,
		PlainQueryKeys: d.PlainQueryKeys, EscapeURL: d.EscapeURL, Extra: d.Extra,
	}
	for _, h := range d.Headers {
		r.Headers = append(r.Headers, Header(h))
	}
	for _, h := range d.HeaderSecrets {
		r.HeaderSecrets = append(r.HeaderSecrets, HeaderSecret(h))
	}
	return nil
}

func documentFault(e *document.Error) *Error {
	return fault(KindConfig, e.Key, e.Reason, "%w", e.Err)
}

// MarshalJSON writes the request document. It is complete, and so as secret as
// the request. An Identity, certificates of Roots, a body that is a reader, and
// text that is not UTF-8 cannot be written: the error names the field.
func (r Request) MarshalJSON() ([]byte, error) {
	if r.Identity != nil {
		return nil, notSerialisable("identity", "a credential cannot be written; name it in Credentials")
	}
	if r.Sign != nil {
		return nil, notSerialisable("sign", "a function cannot be written")
	}
	if !r.Output.isZero() {
		return nil, notSerialisable("output", "a writer, a file or a store cannot be written")
	}
	if len(r.Roots.Certificates) > 0 {
		return nil, notSerialisable("ca", "certificates cannot be written; give them as PEM or by name")
	}
	if faults := r.secretFaults(); len(faults) > 0 {
		return nil, faults[0] // it would not come back
	}
	body, err := r.Body.document()
	if err != nil {
		return nil, err
	}
	d := document.Request{
		Method: r.Method, URL: r.URL, Auth: (*document.Auth)(r.Auth), Secret: r.Secret, Body: body,
		Credentials: r.Credentials, UseMutualTLS: r.UseMutualTLS, Origins: r.Origins,
		RequireClientCertificate: r.RequireClientCertificate, ConfirmHandshake: r.ConfirmHandshake,
		Roots:  document.Roots{Name: r.Roots.Name, PEM: r.Roots.PEM, Only: r.Roots.Only, CRLs: r.Roots.CRLs},
		Verify: document.Verify(r.Verify), Protocol: document.Protocol(r.Protocol), Redirect: document.Redirect(r.Redirect), Timeout: r.Timeout,
		ShareCookies: r.ShareCookies, Jar: r.Jar, Parse: r.Parse, Compressed: r.Compressed, StatusErrors: r.StatusErrors,
		PlainQueryKeys: r.PlainQueryKeys, EscapeURL: r.EscapeURL, Extra: r.Extra,
	}
	for _, h := range r.Headers {
		d.Headers = append(d.Headers, document.Header(h))
	}
	for _, h := range r.HeaderSecrets {
		d.HeaderSecrets = append(d.HeaderSecrets, document.HeaderSecret(h))
	}
	if r.Query != nil {
		d.Query = pairs(r.Query)
	}
	text, writeErr := d.Append(nil)
	var e *document.Error
	if errors.As(writeErr, &e) {
		return nil, documentFault(e)
	}
	return text, writeErr
}

// notSerialisable is the fault of what can be in a request and in no document.
func notSerialisable(field, why string) *Error {
	return fault(KindConfig, field, document.NotSerialisable, "%s", why)
}

// bodyOf is the body that a document says.
func bodyOf(d document.Body) Body {
	switch d.Type {
	case document.Raw:
		return Body{kind: bodyRaw, contentType: d.ContentType, data: d.Data, isText: d.IsText}
	case document.Form:
		return Form(paramsOf(d.Fields)...)
	case document.Multipart:
		var parts []Part
		for _, p := range d.Parts {
			parts = append(parts, Part{Name: p.Name, Value: p.Value, FileName: p.FileName, ContentType: p.ContentType, Data: p.Data, Path: p.Path})
		}
		return Multipart(parts...)
	}
	return Body{}
}

// document is bodyOf's inverse.
func (b Body) document() (document.Body, error) {
	switch b.kind {
	case bodyRaw:
		return document.Body{Type: document.Raw, ContentType: b.contentType, Data: b.data, IsText: b.isText}, nil
	case bodyJSON:
		data, err := json.Marshal(b.value)
		if err != nil {
			return document.Body{}, fault(KindConfig, "data", "json", "the value cannot be written as JSON: %w", err)
		}
		return document.Body{Type: document.Raw, ContentType: b.contentType, Data: data, IsJSON: true}, nil
	case bodyForm:
		return document.Body{Type: document.Form, Fields: pairs(b.params)}, nil
	case bodyMultipart:
		d := document.Body{Type: document.Multipart}
		for i, p := range b.parts {
			if p.Reader != nil || p.FS != nil {
				return d, notSerialisable(document.PartKey(i), "a reader cannot be written")
			}
			d.Parts = append(d.Parts, document.Part{Name: p.Name, Value: p.Value, FileName: p.FileName, ContentType: p.ContentType, Data: p.Data, Path: p.Path})
		}
		return d, nil
	case bodyReader:
		return document.Body{}, notSerialisable("data", "a reader cannot be written")
	}
	return document.Body{}, nil
}

// paramsOf is the inverse of pairs; nil of nil.
func paramsOf(list []query.Pair) []Param {
	if list == nil {
		return nil
	}
	params := make([]Param, 0, len(list))
	for _, p := range list {
		params = append(params, Param{p.Name, paramValue(p.Value)})
	}
	return params
}

func paramValue(v any) any {
	switch v := v.(type) {
	case []query.Pair:
		return paramsOf(v)
	case []any:
		list := make([]any, 0, len(v))
		for _, item := range v {
			list = append(list, paramValue(item))
		}
		return list
	}
	return v
}
