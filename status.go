package mtlshttp

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/mtlshttp/mtlshttp/internal/target"
	"github.com/mtlshttp/mtlshttp/internal/wire"
)

// maxRetryAfter bounds what a server can ask for.
const maxRetryAfter = 24 * time.Hour

func statusText(status int) string {
	return strings.TrimSpace(strconv.Itoa(status) + " " + http.StatusText(status))
}

// retryAfter reads Retry-After in both forms (RFC 9110, section 10.2.3); 0
// where there is none, it has passed, or it is not one.
func retryAfter(h http.Header, clock func() time.Time) time.Duration {
	value := strings.TrimSpace(h.Get("Retry-After"))
	if value == "" {
		return 0
	}
	if seconds, err := strconv.ParseUint(value, 10, 32); err == nil || errors.Is(err, strconv.ErrRange) {
		return min(time.Duration(seconds)*time.Second, maxRetryAfter)
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(at.Sub(clock()), 0), maxRetryAfter)
	}
	return 0
}

// diagnosedBody is how much of an answer's body a diagnosis looks at.
const diagnosedBody = 4096

// diagnoseStatus looks whether an error status has to do with mutual TLS.
func (p *plan) diagnoseStatus(r *Response, resp *http.Response) {
	x := wire.ExchangeOf(resp.Request.Context())
	if x == nil {
		return
	}
	progress := x.Progress()
	body := r.body[:min(len(r.body), diagnosedBody)]
	r.Diagnosis = p.diagnose(resp.Request, factsOrNone(progress.Record), progress,
		outcome{status: resp.StatusCode, server: resp.Header.Get("Server"), body: body})
	if r.Diagnosis != nil {
		r.Diagnosis.Changed = p.changes(target.OriginOf(resp.Request.URL), progress.Allowed, r.Receipt)
	}
}
