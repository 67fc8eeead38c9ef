package mtlshttp

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/mtlshttp/mtlshttp/internal/diagnosis"
	"github.com/mtlshttp/mtlshttp/internal/revocation"
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
		s.Configured = append(s.Configured, leafOf(id))
	}
	if f.Presented != nil {
		l := leafOf(f.Presented)
		l.Listed = listsAuthority(f.AcceptableCAs, f.Presented)
		s.Presented = &l
	}
	for _, w := range f.Withheld {
		s.Withheld = append(s.Withheld, diagnosis.Withheld{Leaf: leafOf(w.Identity), Reason: string(w.Reason)})
	}
	chain := serverChain(f)
	var proxy *wire.ProxyError
	if errors.As(o.err, &proxy) {
		s.ProxyStatus, s.ProxyRequested, s.ProxyFailed = proxy.Status, proxy.Requested, proxy.TLS
		s.ProxyRefused, s.ProxyAuth = proxy.Refused, proxy.Auth
		if chain = unverified(proxy.Err); len(chain) > 0 {
			s.OfProxy = true
		}
	}
	for i, c := range chain {
		if slices.ContainsFunc(chain[:i], c.Equal) {
			continue // some servers send their own twice
		}
		s.Chain = append(s.Chain, serverCertificate(c))
	}
	s.Verify = p.verifyFault(o.err)
	var invalid x509.CertificateInvalidError
	if errors.As(o.err, &invalid) && len(chain) > 0 && !chain[0].Equal(invalid.Cert) {
		culprit := serverCertificate(invalid.Cert)
		s.Culprit, s.Ours = &culprit, !slices.ContainsFunc(chain, invalid.Cert.Equal)
	}
	s.Namesake = !s.OfProxy && s.Verify == diagnosis.VerifyUnknownAuthority && hasNamesake(p.trust.added, chain)
	var name x509.HostnameError
	if errors.As(o.err, &name) {
		s.Host = name.Host // the proxy's, or one to be verified in its place
	}
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
	var stream wire.StreamError
	switch {
	case s.HandshakeDone && errors.As(o.err, &left):
		s.LeftTLS = left.RecordHeader[:]
	case s.HTTP2 && o.kind == KindProtocol && s.End == diagnosis.EndNone && !s.Reused && !s.Answered:
		s.NotHTTP2 = s.AlertBy == diagnosis.Nobody && !errors.As(o.err, &stream)
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

func leafOf(id *wire.Identity) diagnosis.Leaf {
	c := id.Certificate.Leaf
	return diagnosis.Leaf{Subject: c.Subject.String(), Issuer: c.Issuer.String(), NotBefore: c.NotBefore, NotAfter: c.NotAfter,
		SelfSigned: selfSigned(c), ClientAuth: allowsUse(c, x509.ExtKeyUsageClientAuth), Weak: weakness(c), OutdatedHash: outdatedHash(c),
		ChainLength: len(id.Certificate.Certificate)}
}

// listsAuthority says whether a server's list names the issuer of any
// certificate of an identity's chain.
func listsAuthority(cas [][]byte, id *wire.Identity) bool {
	return slices.ContainsFunc(id.Certificate.Certificate, func(der []byte) bool {
		c, err := x509.ParseCertificate(der)
		return err == nil && listed(cas, c)
	})
}

func serverCertificate(c *x509.Certificate) diagnosis.ServerCertificate {
	return diagnosis.ServerCertificate{Subject: c.Subject.String(), Issuer: c.Issuer.String(), NotBefore: c.NotBefore, NotAfter: c.NotAfter,
		SelfSigned: selfSigned(c), Authority: c.IsCA && (c.KeyUsage == 0 || c.KeyUsage&x509.KeyUsageCertSign != 0),
		Weak: weakness(c), Names: namesOf(c)}
}

// hasNamesake says whether a root has the name of an authority that issued a
// certificate of a chain, and is another.
func hasNamesake(roots, chain []*x509.Certificate) bool {
	return slices.ContainsFunc(roots, func(root *x509.Certificate) bool {
		return slices.ContainsFunc(chain, func(c *x509.Certificate) bool {
			return bytes.Equal(root.RawSubject, c.RawIssuer) && c.CheckSignatureFrom(root) != nil
		})
	})
}

// namesOf are the names and addresses that a certificate is for.
func namesOf(c *x509.Certificate) []string {
	list := slices.Clone(c.DNSNames)
	for _, ip := range c.IPAddresses {
		list = append(list, ip.String())
	}
	return list
}

func (p *plan) verifyFault(err error) diagnosis.VerifyFault {
	var verify *tls.CertificateVerificationError
	if !errors.As(err, &verify) {
		return diagnosis.VerifyNone
	}
	var (
		invalid   x509.CertificateInvalidError
		name      x509.HostnameError
		authority x509.UnknownAuthorityError
		insecure  x509.InsecureAlgorithmError
		critical  x509.UnhandledCriticalExtension
	)
	switch {
	case errors.As(verify.Err, &invalid) && invalid.Reason == x509.Expired:
		if p.clock().Before(invalid.Cert.NotBefore) {
			return diagnosis.VerifyNotYetValid
		}
		return diagnosis.VerifyExpired
	case errors.As(verify.Err, &invalid) && invalid.Reason == x509.IncompatibleUsage && allowsUse(invalid.Cert, x509.ExtKeyUsageServerAuth):
		return diagnosis.VerifyForbidden // it is not the certificate that is for another use
	case errors.As(verify.Err, &invalid):
		return ofInvalid(invalid.Reason)
	case errors.As(verify.Err, &critical):
		return diagnosis.VerifyCritical
	case errors.As(verify.Err, &name):
		return diagnosis.VerifyName
	case errors.Is(verify.Err, revocation.ErrRevoked):
		return diagnosis.VerifyRevoked
	case errors.Is(verify.Err, revocation.ErrStale):
		return diagnosis.VerifyStaleList
	case errors.Is(verify.Err, errPin):
		return diagnosis.VerifyPin
	case errors.As(verify.Err, &insecure):
		return diagnosis.VerifyWeak
	case errors.As(verify.Err, &authority):
		return diagnosis.VerifyUnknownAuthority
	}
	return diagnosis.VerifyOther
}

func ofInvalid(r x509.InvalidReason) diagnosis.VerifyFault {
	switch r {
	case x509.IncompatibleUsage:
		return diagnosis.VerifyUsage
	case x509.NotAuthorizedToSign, x509.TooManyIntermediates, x509.CANotAuthorizedForThisName, x509.CANotAuthorizedForExtKeyUsage:
		return diagnosis.VerifyForbidden
	}
	return diagnosis.VerifyOther
}
