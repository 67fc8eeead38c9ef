package wire

import (
	"context"
	"io"
	"net/http"
)

// timely makes sure that an answer, and its end, came before the request's own.
// net/http prefers what has come to the end of a context; but a server that sees
// us leave may give an answer for having done nothing, or end one that is not whole.
func timely(ctx context.Context, resp *http.Response) (*http.Response, error) {
	if ctx.Err() != nil {
		_ = resp.Body.Close()
		return nil, context.Cause(ctx)
	}
	if resp.ContentLength < 0 && resp.Body != http.NoBody { // only the server knows where it ends
		resp.Body = &timelyBody{ReadCloser: resp.Body, ctx: ctx}
	}
	return resp, nil
}

// timelyBody has an end only while the request goes on.
type timelyBody struct {
	io.ReadCloser
	ctx   context.Context
	ended bool
}

func (b *timelyBody) Read(p []byte) (int, error) {
	if b.ended {
		return 0, io.EOF
	}
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		if b.ctx.Err() != nil {
			return n, context.Cause(b.ctx)
		}
		b.ended = true
	}
	return n, err
}
