package mtlshttp

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/mtlshttp/mtlshttp/internal/wire"
)

// lateRefusal is how long Probe waits for a server to refuse a certificate
// after the handshake, as TLS 1.3 servers do.
const lateRefusal = 500 * time.Millisecond

// ProbeResult is what a handshake showed.
type ProbeResult struct {
	URL     string   `json:"url"` // redacted
	Receipt *Receipt `json:"receipt"`
	// Diagnosis is nil where nothing failed.
	Diagnosis *Diagnosis `json:"diagnosis"`
	// Accepted says whether the server took what was presented: yes, no, or
	// unknown where it has not shown it, or has not asked for the identity that
	// is configured. Without one, yes is a handshake that ended well.
	Accepted string `json:"accepted"`
	Error    *Error `json:"error,omitempty"`
}

// Probe handshakes with the request's origin, sends no byte of HTTP, waits for a
// late refusal, and says what the server asked for and how it ended. A refusal
// is a result; the error is for requests that cannot be tried.
func (e *Executor) Probe(ctx context.Context, r *Request) (*ProbeResult, error) {
	return (&Session{Executor: e}).Probe(ctx, r)
}

// Probe is Executor.Probe with the session's platform identity and names.
func (s *Session) Probe(ctx context.Context, r *Request) (*ProbeResult, error) {
	p, perr := s.plan(ctx, r)
	if perr != nil {
		return nil, perr
	}
	defer p.call.end()
	if p.origin.Scheme != "https" {
		return nil, fault(KindURL, "url", "scheme", "a probe needs https")
	}
	ids, err := p.present(&p.call, p.origin, nil)
	if err != nil {
		return nil, err
	}
	transport, err := p.transport(p.origin, ids.allowed, ids.refused)
	if err != nil {
		return nil, p.refuse(err)
	}
	ctx, x := wire.NewExchange(&p.call, transport)
	confirmed := false
	if err = p.executor.egress.admitHost(p.origin.Scheme, p.origin.HostPort()); err == nil {
		confirmed, err = transport.Handshake(ctx, net.JoinHostPort(p.origin.Host, p.origin.Port), lateRefusal)
	}
	result := &ProbeResult{URL: p.target.String(), Accepted: "unknown"}
	progress := x.Progress()
	if err == nil {
		result.Receipt = p.newReceipt(factsOrNone(progress.Record), false)
		// What was configured and not presented was not accepted either.
		if confirmed && (len(ids.allowed) == 0 || result.Receipt.ClientCertificate.Presented != nil) {
			result.Accepted = "yes"
		}
		return result, nil
	}
	req := (&http.Request{Method: p.request.method(), URL: p.target.URL()}).WithContext(ctx)
	f := p.failure(ctx, req, err, progress)
	f.Retryable = (&hopState{earlier: true}).mayRepeat(f.Error, true)
	result.Receipt, result.Diagnosis, result.Error = f.receipt, f.Error.Diagnosis, f.Error
	if result.Receipt != nil && result.Receipt.ClientCertificate.Requested && f.Kind == KindTLSClientCert {
		result.Accepted = "no"
	}
	return result, nil
}
