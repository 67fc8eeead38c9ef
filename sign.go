package mtlshttp

import (
	"crypto/sha256"
	"io"
	"maps"
	"net/http"
)

// sign has the caller sign a request as it goes out. What the hook adds is under
// the rule of what may cross an origin, like everything else.
func (p *plan) sign(out *http.Request, crossed bool) error {
	if p.request.Sign == nil {
		return nil
	}
	digest, err := p.bodyDigest(out)
	if err != nil {
		return err
	}
	before := out.Header.Clone()
	if err := p.request.Sign(out, digest); err != nil {
		return &Error{Kind: KindConfig, Reason: "sign", Phase: phaseResolve, Type: typeName(KindConfig, 0), Field: "sign", Err: err}
	}
	if !crossed {
		return nil
	}
	maps.DeleteFunc(out.Header, func(name string, _ []string) bool { return p.isSecret(name) })
	for name, values := range before { // the jar's cookies
		if p.isSecret(name) {
			out.Header[name] = values
		}
	}
	return nil
}

// bodyDigest is the SHA-256 of the body as it will be sent, nil for one that can
// be read only once. The body is opened anew, since a reader that rewinds has
// one position for all.
func (p *plan) bodyDigest(out *http.Request) ([]byte, error) {
	h := sha256.New()
	if !hasBody(out) {
		return h.Sum(nil), nil
	}
	if out.GetBody == nil || !p.handedOut && !p.payload.replayable {
		return nil, nil
	}
	_ = out.Body.Close()
	body, err := p.reopened(out)
	if err != nil {
		return nil, err
	}
	_, err = io.Copy(h, body)
	_ = body.Close()
	if err == nil {
		out.Body, err = out.GetBody()
	}
	return h.Sum(nil), err
}

// reopened is the body once more, past whatever meters what is sent.
func (p *plan) reopened(out *http.Request) (io.ReadCloser, error) {
	switch {
	case p.handedOut:
		return out.GetBody()
	case p.payload.foreign:
		return p.payload.guarded(out.Context())
	}
	return p.payload.open()
}
