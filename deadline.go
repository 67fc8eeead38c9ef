package mtlshttp

import (
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/mtlshttp/mtlshttp/internal/target"
)

// deadlineTripper bounds each request of a client that is handed out, with its
// redirects and the reading of its body. http.Client.Timeout would put a text
// of its own in the place of our errors.
type deadlineTripper struct {
	http.RoundTripper
	timeout time.Duration
	calls   *calls
}

func (t deadlineTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	deadline := time.Now().Add(t.timeout)
	if before := req.Response; before != nil && before.Request != nil {
		if begun, ok := before.Request.Context().Deadline(); ok {
			deadline = begun // with the first hop
		}
	}
	c := new(call)
	c.begin(req.Context(), deadline, t.calls)
	c.linger()
	resp, err := t.RoundTripper.RoundTrip(req.WithContext(c))
	if err != nil {
		veilURL(req)
	}
	if err != nil || resp.Body == http.NoBody {
		c.end()
		return resp, err
	}
	resp.Body = &deadlineBody{resp.Body, c, target.Redact(req.URL)}
	return resp, nil
}

// veilURL hides the query of what a redirect led to. net/http made that request
// itself and, now that it has failed, only writes its URL into the *url.Error:
// what a server put into a Location, such as a signed link, is not for logs. A
// request of the caller's own stays as it is.
func veilURL(req *http.Request) {
	if req.Response == nil {
		return
	}
	shown, err := url.Parse(target.Redact(req.URL))
	if err != nil {
		shown = new(url.URL)
	}
	*req.URL = *shown
}

// deadlineBody frees the deadline once the body has been read or closed, and
// says so where that ended the reading.
type deadlineBody struct {
	io.ReadCloser
	call *call
	url  string
}

func (b *deadlineBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == nil {
		return n, nil
	}
	if err != io.EOF {
		if e := interrupted(b.call, phaseBody); e != nil {
			e.URL, err = b.url, e
		}
	}
	b.call.end()
	return n, err
}

func (b *deadlineBody) Close() error {
	b.call.end()
	return b.ReadCloser.Close()
}
