package mtlshttp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"time"

	"github.com/mtlshttp/mtlshttp/internal/bodyreader"
	"github.com/mtlshttp/mtlshttp/internal/diagnosis"
	"github.com/mtlshttp/mtlshttp/internal/target"
	"github.com/mtlshttp/mtlshttp/internal/wire"
)

// lastWordsWait bounds how long a failed request waits for its connection to
// be closed, so that the peer's last words can be read.
const lastWordsWait = 100 * time.Millisecond

// hopFailure is a hop that got no answer.
type hopFailure struct {
	*Error
	receipt *Receipt
}

// failure says what kind of fault ended a hop, from what was seen on its
// connection.
func (p *plan) failure(ctx context.Context, req *http.Request, err error, progress wire.Progress) hopFailure {
	record := progress.Record
	if record != nil && progress.HasConn && !progress.Reused && ctx.Err() == nil && progress.Times.FirstByte.IsZero() {
		if _, _, isAlert := wire.AlertOf(err); !isAlert && record.Ended(lastWordsWait) {
			// The writing failed first, or HTTP/2 has hidden the reading; what
			// the peer said explains it, or what we had to say.
			if last := record.LastWords(); last != nil {
				if _, _, ok := wire.AlertOf(last); ok {
					err = last
				}
			}
		}
	}
	facts := factsOrNone(record)
	e := p.classify(ctx, err, progress, facts)
	if e.URL == "" {
		e.URL = target.Redact(req.URL)
	}
	e.Attempt = 1
	if e.Diagnosis == nil && diagnosable(e.Kind) {
		e.Diagnosis = p.diagnose(req, facts, progress, outcome{err: err, kind: e.Kind})
	}
	e.agree()
	receipt := p.newReceipt(facts, progress.Reused)
	if e.Diagnosis != nil {
		e.Diagnosis.Changed = p.changes(target.OriginOf(req.URL), progress.Allowed, receipt)
	}
	return hopFailure{e, receipt}
}

func (p *plan) classify(ctx context.Context, err error, progress wire.Progress, facts wire.Facts) *Error {
	if e := asError(err); e != nil {
		copied := *e
		return &copied
	}
	phase := phaseOf(progress.Step)
	newError := func(kind Kind, reason string) *Error {
		err := unwrapURL(err)
		if kind == KindProtocol || kind == KindProxy {
			err = wire.Briefly(err)
		}
		return &Error{Kind: kind, Reason: reason, Phase: phase, Type: typeName(kind, 0), Err: err}
	}
	var (
		source   *bodyreader.Error
		stage    *wire.StageError
		verify   *tls.CertificateVerificationError
		noMatch  *wire.NoMatchError
		notAsked *wire.NotAskedError
		proxy    *wire.ProxyError
		dns      *net.DNSError
		record   tls.RecordHeaderError
	)
	switch {
	case errors.Is(err, wire.ErrClosed) || p.executor.pool.Closed():
		e := closedError()
		e.Phase = phase
		return e
	case errors.As(err, &source):
		return newError(KindBodySource, sourceReason(source))
	case errors.Is(err, ErrNotReplayable):
		return newError(KindBodySource, "not-replayable")
	case ctx.Err() != nil:
		e := interrupted(ctx, phase)
		if progress.Queued {
			e.Reason = reasonHostConnections
		}
		return e
	case wire.IsExhausted(err):
		return newError(KindResource, "")
	case errors.Is(err, wire.ErrPanic):
		return newError(KindConfig, "panic")
	}
	if errors.As(err, &stage) {
		phase = phaseOfStage(stage.Stage)
	}
	switch alert, remote, isAlert := wire.AlertOf(err); {
	case stage != nil && errors.Is(err, context.DeadlineExceeded):
		return newError(KindTimeout, "")
	case errors.As(err, &proxy):
		return newError(KindProxy, proxyReason(proxy))
	case stage != nil && stage.Stage == wire.StageProxy:
		return newError(KindProxy, "")
	case errors.As(err, &verify):
		return newError(KindTLSServerCert, verifyReason(diagnosis.VerifyFaultOf(err, p.clock())))
	case errors.As(err, &noMatch):
		return newError(KindTLSClientCert, "no-match")
	case errors.As(err, &notAsked):
		return newError(KindTLSClientCert, "not-presented")
	case isAlert && remote && (facts.Requested && alert.AboutCertificate() || alert == 116):
		phase = phaseTLS
		return newError(KindTLSClientCert, "")
	case isAlert && progress.Times.FirstByte.IsZero():
		phase = phaseTLS
		return newError(KindTLSHandshake, "alert")
	case errors.As(err, &dns):
		if dns.IsTimeout {
			return newError(KindTimeout, "")
		}
		reason := "lookup"
		if dns.IsNotFound {
			reason = "not-found"
		}
		return newError(KindDNS, reason)
	case stage != nil && wire.IsTimeout(err):
		return newError(KindTimeout, "")
	case stage != nil && stage.Stage == wire.StageConnect:
		return newError(KindConnect, connectReason(err))
	case stage != nil && stage.Stage == wire.StageHandshake:
		if facts.Requested && wire.IsCut(err) {
			return newError(KindTLSClientCert, "")
		}
		return newError(KindTLSHandshake, "")
	case progress.Times.FirstByte.IsZero() && (wire.IsExhausted(facts.ReadErr) || wire.IsExhausted(facts.WriteErr)):
		// HTTP/2 may have words of its own for it.
		return newError(KindResource, "")
	case p.headersTooLarge(err, progress, facts):
		phase = phaseHeaders
		e := newError(KindLimit, "header-bytes")
		e.Err = &limitExceeded{"header-bytes", p.limits.HeaderBytes, progress.Received}
		return e
	case errors.Is(err, http.ErrSchemeMismatch):
		phase = phaseTLS
		return newError(KindTLSHandshake, "plain-http")
	case errors.As(err, &record): // the server has left TLS
		return newError(KindProtocol, "")
	case progress.Times.FirstByte.IsZero() && wire.IsCut(err) && facts.WriteErr != nil && (!progress.Sent || wire.IsWrite(err)):
		return newError(KindWrite, "")
	case progress.Times.FirstByte.IsZero() && (wire.IsCut(err) || hidesEnd(progress, facts) || wire.IsLost(facts.ReadErr) || wire.IsLost(facts.WriteErr)):
		return newError(KindProtocol, "empty-reply")
	case wire.IsCut(err):
		return newError(KindTruncated, "headers")
	case spokeFirst(progress, facts): // which net/http has no words for
		e := newError(KindProtocol, "")
		e.Err = wire.ErrSpokeFirst
		return e
	}
	return newError(KindProtocol, "")
}

// hidesEnd says whether an error in net/http's own words is that the server has
// gone. Over HTTP/2 it also ends connections itself, for what the server sent,
// and has words for what the server said before it went.
func hidesEnd(progress wire.Progress, facts wire.Facts) bool {
	if facts.State.NegotiatedProtocol != "h2" {
		return wire.IsCut(facts.ReadErr) || facts.ReadErr == nil && facts.PeerEnded // by close_notify
	}
	return wire.IsCut(facts.ReadErr) && facts.PeerEnded && !progress.Sent
}

// spokeFirst says whether the server said something before a request had gone out.
func spokeFirst(progress wire.Progress, facts wire.Facts) bool {
	said := facts.Spoke || !facts.TLS && facts.BytesIn > 0
	return said && !progress.Reused && progress.Times.FirstByte.IsZero() && facts.State.NegotiatedProtocol != "h2"
}

func phaseOf(s wire.Step) Phase {
	switch s {
	case wire.StepLookup:
		return phaseDNS
	case wire.StepWaiting, wire.StepConnect:
		return phaseConnect
	case wire.StepProxy:
		return phaseProxy
	case wire.StepHandshake:
		return phaseTLS
	case wire.StepWriteHeaders:
		return "write-headers"
	case wire.StepWriteBody:
		return "write-body"
	case wire.StepWait:
		return "wait"
	}
	return phaseHeaders
}

func phaseOfStage(s wire.Stage) Phase {
	switch s {
	case wire.StageLookup:
		return phaseDNS
	case wire.StageProxy:
		return phaseProxy
	case wire.StageHandshake:
		return phaseTLS
	}
	return phaseConnect
}

func sourceReason(err *bodyreader.Error) string {
	switch {
	case errors.Is(err, io.ErrNoProgress):
		return "no-progress"
	case errors.Is(err, bodyreader.ErrLength):
		return "length"
	case errors.Is(err, bodyreader.ErrPanic):
		return "panic"
	}
	return ""
}

func connectReason(err error) string {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EADDRNOTAVAIL):
		return "unreachable"
	case errors.Is(err, syscall.ECONNRESET):
		return "reset"
	}
	return ""
}

func proxyReason(err *wire.ProxyError) string {
	switch {
	case err.Status != 0:
		return "status"
	case err.TLS:
		return "tls"
	case err.Refused:
		return "refused"
	}
	return ""
}

// verifyReason is the word for why a server's certificate is refused.
func verifyReason(f diagnosis.VerifyFault) string {
	switch f {
	case diagnosis.VerifyExpired, diagnosis.VerifyNotYetValid:
		return "expired"
	case diagnosis.VerifyName:
		return "name"
	case diagnosis.VerifyUnknownAuthority:
		return "unknown-authority"
	case diagnosis.VerifyRevoked:
		return "revoked"
	case diagnosis.VerifyStaleList:
		return "revocation-list-expired"
	case diagnosis.VerifyPin:
		return "pin"
	}
	return "invalid"
}

// unverified returns the chain that was refused, where an error has one.
func unverified(err error) []*x509.Certificate {
	var verify *tls.CertificateVerificationError
	if errors.As(err, &verify) {
		return verify.UnverifiedCertificates
	}
	return nil
}

// lacking makes of a file that cannot be read, before anything is sent, a lack of
// this machine's, where it is one.
func lacking(e *Error) *Error {
	if wire.IsExhausted(e.Err) {
		e.Kind, e.Reason, e.Type, e.Retryable = KindResource, "", typeName(KindResource, 0), true
	}
	return e
}

func (p *plan) limitError(what string, phase Phase, limit, got int64, u *url.URL) *Error {
	return &Error{Kind: KindLimit, Reason: what, Phase: phase, Type: typeName(KindLimit, 0), URL: target.Redact(u),
		Err: &limitExceeded{what, limit, got}}
}
