package mtlshttp

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/mtlshttp/mtlshttp/internal/target"
)

// deadlineTripper bounds each request of a client that is handed out, with its
// redirects and the reading of its body. http.Client.Timeout would put a text
// of its own in the place of our errors.
type deadlineTripper struct {
	http.RoundTripper
	timeout time.Duration
}

func (t deadlineTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	deadline := time.Now().Add(t.timeout)
	if before := req.Response; before != nil && before.Request != nil {
		if begun, ok := before.Request.Context().Deadline(); ok {
			deadline = begun // with the first hop
		}
	}
	ctx, cancel := context.WithDeadline(req.Context(), deadline)
	resp, err := t.RoundTripper.RoundTrip(req.WithContext(ctx))
	if err != nil || resp.Body == http.NoBody {
		cancel()
		return resp, err
	}
	resp.Body = &deadlineBody{resp.Body, ctx, cancel, target.Redact(req.URL)}
	return resp, nil
}

// deadlineBody frees the deadline once the body has been read or closed, and
// says so where that ended the reading.
type deadlineBody struct {
	io.ReadCloser
	ctx    context.Context
	cancel context.CancelFunc
	url    string
}

func (b *deadlineBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == nil {
		return n, nil
	}
	if err != io.EOF {
		if e := interrupted(b.ctx, phaseBody); e != nil {
			e.URL, err = b.url, e
		}
	}
	b.cancel()
	return n, err
}

func (b *deadlineBody) Close() error {
	b.cancel()
	return b.ReadCloser.Close()
}
