package mtlshttp

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/mtlshttp/mtlshttp/internal/bodyreader"
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
			err = briefly(err)
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
	case isResource(err):
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
		return newError(KindTLSServerCert, verifyReason(verify))
	case errors.As(err, &noMatch):
		return newError(KindTLSClientCert, "no-match")
	case errors.As(err, &notAsked):
		return newError(KindTLSClientCert, "not-presented")
	case isAlert && remote && (facts.Requested && aboutCertificate(alert) || alert == 116):
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
	case stage != nil && isTimeout(err):
		return newError(KindTimeout, "")
	case stage != nil && stage.Stage == wire.StageConnect:
		return newError(KindConnect, connectReason(err))
	case stage != nil && stage.Stage == wire.StageHandshake:
		if facts.Requested && isCut(err) {
			return newError(KindTLSClientCert, "")
		}
		return newError(KindTLSHandshake, "")
	case progress.Times.FirstByte.IsZero() && (isResource(facts.ReadErr) || isResource(facts.WriteErr)):
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
	case progress.Times.FirstByte.IsZero() && isCut(err) && facts.WriteErr != nil && (!progress.Sent || isWrite(err)):
		return newError(KindWrite, "")
	case progress.Times.FirstByte.IsZero() && (isCut(err) || isCut(facts.ReadErr) && facts.State.NegotiatedProtocol != "h2" ||
		isAny(facts.ReadErr, lostConnection) || isAny(facts.WriteErr, lostConnection)):
		// net/http may say in words of its own that the server has gone. Over
		// HTTP/2 it also ends connections itself, for what the server sent.
		return newError(KindProtocol, "empty-reply")
	case isCut(err):
		return newError(KindTruncated, "headers")
	}
	return newError(KindProtocol, "")
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

// aboutCertificate says whether an alert speaks of the peer's certificate (RFC
// 8446, section 6.2), or, in TLS 1.2, may.
func aboutCertificate(a wire.Alert) bool {
	return a >= 40 && a <= 49 || a == 51 || a == 116
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
	}
	return ""
}

func verifyReason(err *tls.CertificateVerificationError) string {
	var (
		invalid   x509.CertificateInvalidError
		name      x509.HostnameError
		authority x509.UnknownAuthorityError
	)
	switch {
	case errors.As(err.Err, &invalid) && invalid.Reason == x509.Expired:
		return "expired"
	case errors.As(err.Err, &name):
		return "name"
	case errors.As(err.Err, &authority):
		return "unknown-authority"
	case errors.Is(err.Err, errRevoked):
		return "revoked"
	case errors.Is(err.Err, errStaleList):
		return "revocation-list-expired"
	case errors.Is(err.Err, errPin):
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

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// isCut says whether the connection ended without a word.
func isCut(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe) ||
		errors.Is(err, errNoTrailer()) || isAny(err, brokenConnection)
}

// isWrite says whether it was a write to the connection that failed. What fits in
// net/http's buffer counts as sent before it is written.
func isWrite(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "write"
}

// brokenConnection is what a system says of a connection that was one: the peer
// ended it, does not acknowledge any more, or cannot be reached any more.
var brokenConnection = append([]syscall.Errno{syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNABORTED}, lostConnection...)

// lostConnection are those of them that neither side causes.
var lostConnection = []syscall.Errno{syscall.ETIMEDOUT, syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.ENETDOWN, syscall.ENETRESET}

func isAny(err error, list []syscall.Errno) bool {
	return slices.ContainsFunc(list, func(errno syscall.Errno) bool { return errors.Is(err, errno) })
}

// errNoTrailer is what net/http says where a chunked body ends before its
// trailer does. It has no name there, so it is asked for.
var errNoTrailer = sync.OnceValue(func() error {
	const cut = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
	resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(cut)), nil)
	if err == nil {
		_, err = io.Copy(io.Discard, resp.Body)
	}
	return err
})

// mostWords is how much is told of what net/http says of a malformed answer: its
// own words and about 64 of the server's octets, which it quotes.
const mostWords = 140

// briefError is an error whose text is cut.
type briefError struct{ error }

func (e briefError) Error() string { return e.error.Error()[:mostWords] + "…" }
func (e briefError) Unwrap() error { return e.error }

// briefly keeps a server from filling logs by what is quoted of it.
func briefly(err error) error {
	if len(err.Error()) <= mostWords {
		return err
	}
	return briefError{err}
}

func isResource(err error) bool {
	return isAny(err, []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM}) ||
		errors.Is(err, syscall.EADDRNOTAVAIL) && !isBind(err)
}

// lacking makes of a file that cannot be read, before anything is sent, a lack of
// this machine's, where it is one.
func lacking(e *Error) *Error {
	if isResource(e.Err) {
		e.Kind, e.Reason, e.Type, e.Retryable = KindResource, "", typeName(KindResource, 0), true
	}
	return e
}

// isBind says whether it was the local address, and not a free port, that was
// lacking.
func isBind(err error) bool {
	var call *os.SyscallError
	return errors.As(err, &call) && call.Syscall == "bind"
}

func (p *plan) limitError(what string, phase Phase, limit, got int64, u *url.URL) *Error {
	return &Error{Kind: KindLimit, Reason: what, Phase: phase, Type: typeName(KindLimit, 0), URL: target.Redact(u),
		Err: &limitExceeded{what, limit, got}}
}
