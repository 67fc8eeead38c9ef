package mtlshttp

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/mtlshttp/mtlshttp/internal/diagnosis"
	"github.com/mtlshttp/mtlshttp/internal/wire"
)

// Diagnosis says why a TLS exchange failed.
type Diagnosis struct {
	// Cause is one word of the list in docs/causes.md.
	Cause string `json:"cause"`
	// Confidence is certain, high, medium or low.
	Confidence string `json:"confidence"`
	// Seen is what the cause follows from.
	Seen string `json:"seen"`
	// Advice says what to do next.
	Advice string `json:"advice"`
	// Changed is what is different from the last good handshake with the
	// same origin under the same identity; see Executor.History.
	Changed []string `json:"changed,omitempty"`
	// Docs is where the cause is explained.
	Docs string `json:"docs"`
}

// outcome is how a hop ended: with an error, or with an answer.
type outcome struct {
	err    error
	kind   Kind
	status int
	server string
	body   []byte // its beginning
}

// lingered is how long a peer leaves a connection open at the least that has
// taken the client's certificate, or does without: one that refuses ends it a
// round trip after the handshake, or once it has asked a service of its own.
const lingered = 5 * time.Second

// openFor is how long a connection was open after its handshake. An end that the
// peer announced is none to the raw connection, and has just been seen.
func openFor(f wire.Facts) time.Duration {
	switch {
	case !f.TLS || f.Ready.IsZero():
		return 0
	case f.Ended.IsZero():
		return time.Since(f.Ready)
	}
	return f.Ended.Sub(f.Ready)
}

// diagnosable says whether a kind of fault may have its cause in TLS.
func diagnosable(k Kind) bool {
	switch k {
	case KindTLSServerCert, KindTLSClientCert, KindTLSHandshake, KindProtocol, KindWrite, KindTruncated, KindTimeout, KindProxy:
		return true
	}
	return false
}

func isClientCertificateCause(cause string) bool {
	switch cause {
	case "client-cert-not-requested", "renegotiation-required", "post-handshake-auth-required":
		return false
	}
	return strings.HasPrefix(cause, "client-")
}

// reasonOf shortens a cause to the reason of an error of kind tls-client-cert.
func reasonOf(cause string) string {
	if cause == "client-cert-missing" {
		return "required"
	}
	return strings.TrimPrefix(strings.TrimPrefix(cause, "client-cert-"), "client-")
}

// agree gives an error the kind that its diagnosis speaks of: a refusal of the
// client's certificate often looks like an end of the connection.
func (e *Error) agree() {
	if e.Diagnosis == nil || !isClientCertificateCause(e.Diagnosis.Cause) {
		return
	}
	switch e.Kind {
	case KindProtocol, KindTLSHandshake, KindWrite:
		e.Kind, e.Type, e.Reason = KindTLSClientCert, typeName(KindTLSClientCert, 0), ""
	case KindTLSClientCert:
	default:
		return
	}
	if e.Reason == "" {
		e.Reason = reasonOf(e.Diagnosis.Cause)
	}
}

// diagnose gathers the signals of a hop and names the cause, or returns nil
// where nothing points at TLS.
func (p *plan) diagnose(req *http.Request, f wire.Facts, progress wire.Progress, o outcome) *Diagnosis {
	s := diagnosis.Signals{
		Now: p.clock(), HTTPS: req.URL.Scheme == "https", Host: req.URL.Hostname(),
		IsAddress: net.ParseIP(req.URL.Hostname()) != nil,
		Requested: f.Requested, Authority: names(f.AcceptableCAs),
		Connected: f.Stage > wire.StageConnect || progress.HasConn, PeerSpoke: f.BytesIn > 0, First: f.First,
		HandshakeDone: f.Stage == wire.StageReady, Mute: f.BytesIn == f.Shaken && !f.Ticket, HTTP2: f.State.NegotiatedProtocol == "h2", Version: f.State.Version,
		Answered: !progress.Times.FirstByte.IsZero(), Spoke: f.Spoke, Lingered: openFor(f) > lingered,
		Reused: progress.Reused, Resumed: f.State.DidResume, RequestSent: progress.Sent, BodyBytes: req.ContentLength,
		Status: o.status, Server: o.server, Body: o.body,
		Narrowed:    p.request.Protocol.MinTLS > versionTLS12 || p.request.Protocol.MaxTLS == versionTLS12,
		OneProtocol: p.request.Protocol.HTTP != 0, NoProtocol: errors.Is(o.err, wire.ErrNoHTTP2),
		HTTP11Needed: wire.HTTP11Required(o.err),
	}
	for _, id := range progress.Allowed { // as of this hop, which a rotation may have come before
		s.Configured = append(s.Configured, diagnosis.LeafOf(&id.Certificate, nil))
	}
	if f.Presented != nil {
		l := diagnosis.LeafOf(&f.Presented.Certificate, f.AcceptableCAs)
		s.Presented = &l
	}
	for _, w := range f.Withheld {
		s.Withheld = append(s.Withheld, diagnosis.Withheld{Leaf: diagnosis.LeafOf(&w.Identity.Certificate, nil), Reason: string(w.Reason)})
	}
	chain, trusted := serverChain(f), p.trust.added
	var proxy *wire.ProxyError
	if errors.As(o.err, &proxy) {
		s.ProxyStatus, s.ProxyRequested, s.ProxyFailed = proxy.Status, proxy.Requested, proxy.TLS
		s.ProxyRefused, s.ProxyAuth = proxy.Refused, proxy.Auth
		if chain = unverified(proxy.Err); len(chain) > 0 {
			s.OfProxy, trusted = true, nil
		}
	}
	s.Refused(o.err, chain, trusted)
	var noMatch *wire.NoMatchError
	var notAsked *wire.NotAskedError
	s.GaveUp, s.NotAsked = errors.As(o.err, &noMatch), errors.As(o.err, &notAsked)
	if alert, remote, ok := wire.AlertOf(o.err); ok {
		s.Alert, s.AlertBy = uint8(alert), diagnosis.Ourselves
		if remote {
			s.AlertBy = diagnosis.Peer
		}
	}
	s.End = endOf(o, f)
	var left tls.RecordHeaderError
	if s.HandshakeDone && errors.As(o.err, &left) {
		s.LeftTLS = left.RecordHeader[:]
	}
	d := diagnosis.Diagnose(s)
	if d == nil {
		return nil
	}
	return &Diagnosis{Cause: d.Cause, Confidence: d.Confidence, Seen: d.Seen, Advice: d.Advice, Docs: "docs/causes.md#" + d.Cause}
}

// endOf says how the connection ended, from the raw connection first: what
// net/http returns often hides it.
func endOf(o outcome, f wire.Facts) diagnosis.End {
	switch {
	case o.err == nil:
		return diagnosis.EndNone
	case o.kind == KindCanceled:
		return diagnosis.EndCanceled
	case o.kind == KindTimeout || wire.IsTimeout(o.err):
		return diagnosis.EndTimeout
	case f.HandshakeErr != nil && !wire.IsCut(f.HandshakeErr) && !isAlert(f.HandshakeErr):
		return diagnosis.EndOurselves
	}
	for _, err := range []error{f.ReadErr, o.err, f.WriteErr} {
		switch {
		case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
			return diagnosis.EndReset
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.ErrClosedPipe):
			return diagnosis.EndClosed
		}
	}
	// By close_notify: net/http then has words of its own, or what we wrote met our own end.
	if f.PeerEnded && (wire.IsCut(o.err) || f.State.NegotiatedProtocol != "h2") {
		return diagnosis.EndClosed
	}
	return diagnosis.EndNone
}

func isAlert(err error) bool {
	_, _, ok := wire.AlertOf(err)
	return ok
}
