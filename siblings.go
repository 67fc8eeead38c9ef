package mtlshttp

import (
	"context"
	"errors"
	"net/http"
	"slices"
)

// GetFile makes the request of the module "Get a file": its body goes to an
// output. Set Credentials or UseMutualTLS on it as on any other.
func GetFile(url string, to Output) *Request {
	return &Request{Method: http.MethodGet, URL: url, Output: to}
}

// RetrieveHeaders makes the request of the module "Retrieve headers": a HEAD.
// Set Credentials or UseMutualTLS on it as on any other.
func RetrieveHeaders(url string) *Request {
	return &Request{Method: http.MethodHead, URL: url}
}

// ResolveTarget returns where a URL leads to, redirects followed: by HEAD, and by
// GET where the server makes nothing of that or does not answer it in half of
// the time. Method, body and output of r mean nothing; its timeout bounds both. The URL is whole, so as secret as what is in
// it, but for user information.
func (e *Executor) ResolveTarget(ctx context.Context, r *Request) (string, error) {
	return (&Session{Executor: e}).ResolveTarget(ctx, r)
}

// ResolveTarget is Executor.ResolveTarget with the session's jar, platform
// identity and names.
func (s *Session) ResolveTarget(ctx context.Context, r *Request) (string, error) {
	if r == nil {
		return "", fault(KindConfig, "request", "missing", "there is no request")
	}
	ctx, cancel := context.WithTimeout(ctx, r.timeout())
	defer cancel()
	probe := *r
	probe.Method, probe.Body, probe.Output = http.MethodHead, Body{}, Output{}
	head, stop := context.WithTimeout(ctx, r.timeout()/2)
	where, status, err := s.land(head, &probe)
	stop()
	makesNothing := []Kind{KindStatus, KindProtocol, KindTruncated, KindTimeout}
	if status >= 400 || slices.ContainsFunc(makesNothing, func(k Kind) bool { return errors.Is(err, k) }) {
		probe.Method = http.MethodGet
		where, _, err = s.land(ctx, &probe)
	}
	return where, err
}

// land follows redirects and leaves the body where it is.
func (s *Session) land(ctx context.Context, r *Request) (where string, status int, err error) {
	stream, err := s.Open(ctx, r)
	if err != nil {
		return "", 0, err
	}
	u := *stream.Body.(*streamBody).resp.Request.URL
	u.User = nil
	return u.String(), stream.Response.StatusCode, stream.Body.Close()
}

// WithKeyHeader returns a copy that carries an API key in a header, which is
// kept from other origins.
func (r *Request) WithKeyHeader(name, key string) *Request {
	c := *r
	c.Headers = append(slices.Clip(r.Headers), Header{name, key})
	c.Secret = append(slices.Clip(r.Secret), name)
	return &c
}

// WithKeyQuery returns a copy that carries an API key in the query. Servers log
// queries: prefer WithKeyHeader.
func (r *Request) WithKeyQuery(name, key string) *Request {
	c := *r
	c.Query = append(slices.Clip(r.Query), Param{name, key})
	return &c
}

// WithBearer returns a copy that carries an access token (RFC 6750). It goes
// before Auth.
func (r *Request) WithBearer(token string) *Request {
	c := *r
	isAuth := func(h Header) bool { return http.CanonicalHeaderKey(h.Name) == "Authorization" }
	c.Auth, c.Headers = nil, append(slices.DeleteFunc(slices.Clone(r.Headers), isAuth), Header{"Authorization", "Bearer " + token})
	c.HeaderSecrets = slices.DeleteFunc(slices.Clone(r.HeaderSecrets), func(h HeaderSecret) bool { return isAuth(Header{Name: h.Name}) })
	return &c
}
