package diagnosis

import "bytes"

// Versions of TLS: the last that renegotiates, and the first that asks for a
// certificate after the handshake.
const (
	versionTLS12 = 0x0303
	versionTLS13 = 0x0304
)

// Numbers of alerts (RFC 8446, section 6; RFC 8740 for 120).
const (
	unexpectedMessage  = 10
	handshakeFailure   = 40
	badCertificate     = 42
	unsupportedCert    = 43
	certificateRevoked = 44
	certificateExpired = 45
	certificateUnknown = 46
	unknownCA          = 48
	accessDenied       = 49
	decodeError        = 50
	decryptError       = 51
	protocolVersion    = 70
	insufficient       = 71
	internalError      = 80
	inappropriate      = 86
	noRenegotiation    = 100
	missingExtension   = 109
	unrecognizedName   = 112
	certRequired       = 116
	noAppProtocol      = 120
)

// rule is one line of the table: what must have been seen, the cause that
// follows, and how surely.
type rule struct {
	cause      string
	confidence string
	when       func(s *Signals) bool
}

// rules are tried in order; the first that holds names the cause. They go
// from what is proven (our own checks, an alert with one meaning) to what is
// only likely (a peer that closes without a word).
var rules = []rule{
	// The proxy, which stands before everything else.
	{"proxy-auth-required", Certain, func(s *Signals) bool { return s.ProxyStatus == 407 || s.ProxyAuth }},
	{"proxy-refused", Certain, func(s *Signals) bool { return s.ProxyStatus != 0 || s.ProxyRefused }},
	{"proxy-client-cert-required", High, func(s *Signals) bool { return s.ProxyFailed && s.ProxyRequested }},

	// Our own verdict on the server's certificate.
	{"server-cert-expired", Certain, func(s *Signals) bool { return s.Verify == VerifyExpired }},
	{"server-cert-not-yet-valid", Certain, func(s *Signals) bool { return s.Verify == VerifyNotYetValid }},
	{"server-name-mismatch", Certain, func(s *Signals) bool { return s.Verify == VerifyName }},
	{"server-cert-revoked", Certain, func(s *Signals) bool { return s.Verify == VerifyRevoked }},
	{"server-cert-weak", High, func(s *Signals) bool {
		return s.Verify == VerifyWeak || s.Verify == VerifyUnknownAuthority && s.weakServer()
	}},
	{"server-cert-self-signed", High, func(s *Signals) bool {
		return s.Verify == VerifyUnknownAuthority && s.alone(selfSigned)
	}},
	{"server-cert-untrusted", High, func(s *Signals) bool { return s.Namesake != "" }},
	{"server-cert-untrusted", Medium, func(s *Signals) bool {
		return s.Verify == VerifyUnknownAuthority && s.alone(ofARoot)
	}},
	{"server-intermediate-missing", Medium, func(s *Signals) bool {
		return s.Verify == VerifyUnknownAuthority && (len(s.Chain) == 1 || s.unjoined())
	}},
	{"server-cert-untrusted", High, func(s *Signals) bool { return s.Verify == VerifyUnknownAuthority }},
	{"server-cert-untrusted", High, func(s *Signals) bool { return s.Verify == VerifyPin }},
	{"server-cert-untrusted", Medium, func(s *Signals) bool { return s.Verify != VerifyNone }},

	// Not TLS, or not where it was expected.
	{"plain-http-on-tls-port", Certain, func(s *Signals) bool {
		return s.HTTPS && bytes.HasPrefix(s.First, []byte("HTTP/"))
	}},
	{"not-tls", Certain, func(s *Signals) bool {
		return s.HTTPS && !s.HandshakeDone && s.PeerSpoke && !speaksTLS(s.First)
	}},
	{"tls-on-plain-port", Certain, func(s *Signals) bool {
		return !s.HTTPS && (speaksTLS(s.First) || s.status(400, 497) && saysPlainHTTP(s.Body))
	}},
	{"not-tls", Medium, func(s *Signals) bool { return s.LeftTLS != nil }},
	{"tls-on-plain-port", Low, func(s *Signals) bool { return !s.HTTPS && s.RequestSent && !s.PeerSpoke && s.cut() }},

	// Our own verdict on what we may send.
	{"client-cert-withheld", Certain, func(s *Signals) bool { return s.GaveUp }},
	{"client-cert-not-requested", Certain, func(s *Signals) bool { return s.NotAsked && !s.Requested }},
	{"client-cert-missing", Certain, func(s *Signals) bool { return s.NotAsked }},

	// Our own verdict on what the handshake agreed.
	{"protocol-version", Certain, func(s *Signals) bool { return s.alert(protocolVersion) }},
	{"protocol-version", Certain, func(s *Signals) bool { return !s.HandshakeDone && s.AlertBy != Peer && oldHello(s.First) }},
	{"protocol-version", High, func(s *Signals) bool { return s.AlertBy == Ourselves && s.Alert == protocolVersion }},
	{"protocol-version", Medium, func(s *Signals) bool { return s.alert(inappropriate) }},
	{"alpn-mismatch", Certain, func(s *Signals) bool { return s.alert(noAppProtocol) || s.NoProtocol }},
	{"server-cert-weak", High, func(s *Signals) bool { return s.leftByUs() && s.weakServer() }},
	{"alpn-mismatch", Medium, func(s *Signals) bool { return s.leftByUs() && s.OneProtocol }},

	// Per-path client authentication, which asks after the request.
	{"renegotiation-required", Certain, func(s *Signals) bool {
		return s.AlertBy == Ourselves && s.Alert == noRenegotiation
	}},
	{"renegotiation-required", High, func(s *Signals) bool { return s.HTTP11Needed }},
	{"post-handshake-auth-required", Certain, func(s *Signals) bool {
		return s.status(403) && !s.Requested && contains(s.Body, "post-handshake authentication")
	}},
	{"post-handshake-auth-required", Medium, func(s *Signals) bool { // what Go says to a request that it did not offer to take
		return s.AlertBy == Ourselves && (s.Alert == decodeError || s.Alert == unexpectedMessage) && s.HandshakeDone &&
			s.Version == versionTLS13 && !s.Requested
	}},
	{"renegotiation-required", Medium, func(s *Signals) bool { // a body that is too large to be kept until then
		return s.HTTPS && s.status(413) && !s.Requested && s.BodyBytes != 0 && s.Version == versionTLS12 && contains([]byte(s.Server), "apache")
	}},

	// The server asked, and an identity that was configured stayed here.
	{"client-cert-withheld", Certain, func(s *Signals) bool {
		return s.unanswered() && s.withheldBy(ByAuthority, ByScheme) && s.refused()
	}},

	// The server asked, and nothing was there to send.
	{"client-cert-missing", Certain, func(s *Signals) bool { return s.unanswered() && s.alert(certRequired) }},
	{"client-cert-missing", High, func(s *Signals) bool {
		return s.unanswered() && (s.alert(handshakeFailure, badCertificate, unsupportedCert, certificateRevoked, certificateExpired,
			certificateUnknown, unknownCA, accessDenied, decodeError) || s.status(496) || s.status(400) && contains(s.Body, "certificate") || s.saysNeeded())
	}},
	{"client-cert-missing", Medium, func(s *Signals) bool {
		return s.unanswered() && (s.status(401, 403, 495) || s.cut() || s.AlertBy == Peer && s.Alert != internalError)
	}},
	{"client-cert-missing", Low, func(s *Signals) bool { return s.unanswered() && s.AlertBy == Peer }},

	// It was sent and refused in words. Its dates are facts, whatever else may
	// be wrong; then comes an alert that has a meaning of its own.
	{"client-cert-expired", High, func(s *Signals) bool { return s.saidNo() && s.sent(s.expired) }},
	{"client-cert-not-yet-valid", High, func(s *Signals) bool { return s.saidNo() && s.sent(s.notYetValid) }},
	{"client-key-mismatch", Certain, func(s *Signals) bool { return s.refused() && s.sent(func(l Leaf) bool { return l.KeyMismatch }) }},
	{"client-cert-revoked", High, func(s *Signals) bool {
		return s.Presented != nil && (s.alert(certificateRevoked) || s.saysRevoked())
	}},
	{"client-cert-untrusted", High, func(s *Signals) bool { return s.Presented != nil && s.saysUntrusted() }},
	{"client-cert-weak", High, func(s *Signals) bool { return s.sent(weak) && s.saysWeak() }},
	// A signature that does not count builds no chain; so does an authority
	// that is not trusted, and the list says which it is.
	{"client-cert-weak", High, func(s *Signals) bool {
		return s.alert(unknownCA) && s.sent(func(l Leaf) bool { return l.OutdatedHash && l.Listed })
	}},
	{"client-cert-weak", Medium, func(s *Signals) bool {
		return s.alert(unknownCA) && s.sent(func(l Leaf) bool { return l.OutdatedHash && !s.unlisted(l) })
	}},
	{"client-cert-untrusted", Medium, func(s *Signals) bool {
		return s.alert(unknownCA) && s.sent(func(l Leaf) bool { return l.OutdatedHash })
	}},
	{"client-cert-untrusted", High, func(s *Signals) bool { return s.Presented != nil && s.alert(unknownCA) }},
	{"client-key-mismatch", Medium, func(s *Signals) bool { return s.Presented != nil && s.alert(decryptError) }},

	// What it says itself explains a refusal.
	{"client-cert-expired", Medium, func(s *Signals) bool { return s.Presented != nil && s.alert(certificateExpired) }},
	{"client-cert-wrong-usage", High, func(s *Signals) bool {
		return s.sent(notForClients) && (s.alert(badCertificate, unsupportedCert, certificateUnknown) || s.Status != 0 && s.saidNo())
	}},
	{"client-cert-weak", High, func(s *Signals) bool { return s.sent(weak) && s.alert(badCertificate, insufficient) }},
	// nginx verifies by OpenSSL, which by default takes nothing weak, and says
	// that this failed; what the list has can be believed to be trusted.
	{"client-cert-weak", High, func(s *Signals) bool {
		return s.saysUnverified() && s.sent(func(l Leaf) bool { return weak(l) && l.Listed })
	}},
	{"client-cert-untrusted", High, func(s *Signals) bool {
		return s.saysUnverified() && s.sent(func(l Leaf) bool { return l.SelfSigned && !weak(l) && s.unlisted(l) })
	}},
	{"client-cert-weak", Medium, func(s *Signals) bool { return s.sent(weak) && s.saidNo() }},

	// Nothing that can be seen here does.
	{"client-cert-untrusted", Medium, func(s *Signals) bool { return s.saidNo() && s.sent(s.unlisted) }},
	{"client-cert-rejected", High, func(s *Signals) bool { return s.saidNo() && !s.status(401, 403) }},
	{"client-cert-rejected", Medium, (*Signals).saidNo},

	// It was sent and refused without words. Its dates and usage are facts; any
	// other reason would be a guess.
	{"client-cert-expired", Medium, func(s *Signals) bool { return s.saidLittle() && s.sent(s.expired) }},
	{"client-cert-not-yet-valid", Medium, func(s *Signals) bool { return s.saidLittle() && s.sent(s.notYetValid) }},
	{"client-cert-wrong-usage", Medium, func(s *Signals) bool { return s.saidLittle() && s.sent(notForClients) }},
	{"client-cert-rejected", Medium, func(s *Signals) bool { return s.Presented != nil && s.alert(handshakeFailure) }},
	{"client-cert-rejected", Low, func(s *Signals) bool {
		return s.Presented != nil && !s.heard() && !s.Spoke && s.Status == 0 && (s.cut() || s.AlertBy == Peer)
	}},

	// Alerts before anybody spoke of certificates.
	{"sni-required", High, func(s *Signals) bool { return s.alert(unrecognizedName) }},
	{"sni-required", Medium, func(s *Signals) bool { return !s.HandshakeDone && s.cut() && s.warned(unrecognizedName) }},
	{"sni-required", Medium, func(s *Signals) bool { return s.alert(missingExtension) && s.IsAddress }},
	{"no-common-cipher", High, func(s *Signals) bool { return s.alert(insufficient) }},
	{"no-common-cipher", Medium, func(s *Signals) bool { return s.alert(handshakeFailure) }},

	// The answer's status.
	{"misdirected", High, func(s *Signals) bool { return s.HTTPS && s.status(421) }},
	{"client-cert-not-requested", Medium, func(s *Signals) bool {
		return s.HTTPS && s.status(400, 496) && !s.Requested && !s.Resumed && contains(s.Body, "certificate")
	}},
	{"client-cert-not-requested", Low, func(s *Signals) bool {
		return s.HTTPS && s.status(401, 403) && !s.Requested && !s.Resumed && len(s.Configured) > 0
	}},

	// A peer that goes without a word, and how far it let us come.
	{"timeout-in-handshake", Certain, func(s *Signals) bool {
		return s.HTTPS && s.Connected && !s.HandshakeDone && s.End == EndTimeout
	}},
	// A server of HTTP/2 speaks first, one of HTTP/1.1 may only be slow.
	{"timeout-in-handshake", Medium, func(s *Signals) bool { return s.unsaid() && s.HTTP2 }},
	{"timeout-in-handshake", Low, (*Signals).unsaid},
	{"closed-in-handshake", Certain, func(s *Signals) bool {
		return s.HTTPS && s.Connected && !s.HandshakeDone && s.cut() && (s.PeerSpoke || !s.Narrowed)
	}},
	{"closed-in-handshake", Low, func(s *Signals) bool {
		return s.HTTPS && s.Connected && !s.HandshakeDone && (s.cut() || s.AlertBy == Peer)
	}},

	// We went, because what came could not be taken.
	{"server-cert-untrusted", Low, func(s *Signals) bool { return s.untaken() && len(s.Chain) > 0 }},
	{"not-tls", Low, (*Signals).untaken},
}

// Diagnose names the cause, or nil where nothing failed that it knows of.
func Diagnose(s Signals) *Diagnosis {
	for _, r := range rules {
		if r.when(&s) {
			d := &Diagnosis{Cause: r.cause, Confidence: r.confidence}
			d.Seen, d.Advice = explain(&s, r.cause)
			return d
		}
	}
	return nil
}
