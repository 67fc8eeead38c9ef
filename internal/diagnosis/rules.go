package diagnosis

import (
	"bytes"
	"strings"
)

// Numbers of alerts (RFC 8446, section 6; RFC 8740 for 120).
const (
	handshakeFailure   = 40
	badCertificate     = 42
	unsupportedCert    = 43
	certificateRevoked = 44
	certificateExpired = 45
	certificateUnknown = 46
	unknownCA          = 48
	accessDenied       = 49
	decryptError       = 51
	protocolVersion    = 70
	insufficient       = 71
	internalError      = 80
	noRenegotiation    = 100
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
	{"proxy-auth-required", Certain, func(s *Signals) bool { return s.ProxyStatus == 407 }},
	{"proxy-refused", Certain, func(s *Signals) bool { return s.ProxyStatus != 0 }},
	{"proxy-client-cert-required", High, func(s *Signals) bool { return s.ProxyFailed && s.ProxyRequested }},

	// Our own verdict on the server's certificate.
	{"server-cert-expired", Certain, func(s *Signals) bool { return s.Verify == VerifyExpired }},
	{"server-cert-not-yet-valid", Certain, func(s *Signals) bool { return s.Verify == VerifyNotYetValid }},
	{"server-name-mismatch", Certain, func(s *Signals) bool { return s.Verify == VerifyName }},
	{"server-cert-weak", High, func(s *Signals) bool { return s.Verify == VerifyWeak }},
	{"server-cert-revoked", Certain, func(s *Signals) bool { return s.Verify == VerifyRevoked }},
	{"server-cert-self-signed", High, func(s *Signals) bool {
		return s.Verify == VerifyUnknownAuthority && len(s.Chain) == 1 && s.Chain[0].SelfSigned
	}},
	{"server-intermediate-missing", Medium, func(s *Signals) bool {
		return s.Verify == VerifyUnknownAuthority && len(s.Chain) == 1
	}},
	{"server-cert-untrusted", High, func(s *Signals) bool {
		return s.Verify == VerifyUnknownAuthority || s.Verify == VerifyOther
	}},

	// Not TLS, or not where it was expected.
	{"plain-http-on-tls-port", Certain, func(s *Signals) bool {
		return s.HTTPS && bytes.HasPrefix(s.First, []byte("HTTP/"))
	}},
	{"not-tls", Certain, func(s *Signals) bool {
		return s.HTTPS && !s.HandshakeDone && s.PeerSpoke && !looksLikeTLS(s.First)
	}},
	{"tls-on-plain-port", Certain, func(s *Signals) bool {
		return !s.HTTPS && (looksLikeTLS(s.First) || s.status(400, 497) && saysPlainHTTP(s.Body))
	}},

	// Our own verdict on what we may send.
	{"client-cert-withheld", Certain, func(s *Signals) bool { return s.GaveUp }},
	{"client-cert-not-requested", Certain, func(s *Signals) bool { return s.NotAsked && !s.Requested }},
	{"client-cert-missing", Certain, func(s *Signals) bool { return s.NotAsked }},

	// Per-path client authentication, which asks after the request.
	{"renegotiation-required", Certain, func(s *Signals) bool {
		return s.AlertBy == Ourselves && s.Alert == noRenegotiation
	}},
	{"renegotiation-required", High, func(s *Signals) bool { return s.HTTP11Needed }},
	{"post-handshake-auth-required", Certain, func(s *Signals) bool {
		return s.status(403) && !s.Requested && contains(s.Body, "post-handshake authentication")
	}},

	// The server asked, and an identity that was configured stayed here.
	{"client-cert-withheld", Certain, func(s *Signals) bool {
		return s.unanswered() && (s.withheldBy(ByAuthority) || s.withheldBy(ByScheme)) && s.refused()
	}},

	// The server asked, and nothing was there to send.
	{"client-cert-missing", Certain, func(s *Signals) bool { return s.unanswered() && s.alert(certRequired) }},
	{"client-cert-missing", High, func(s *Signals) bool {
		return s.unanswered() && (s.alert(handshakeFailure, badCertificate, unsupportedCert, certificateUnknown, unknownCA, accessDenied) ||
			s.status(496) || s.status(400) && contains(s.Body, "certificate"))
	}},
	{"client-cert-missing", Medium, func(s *Signals) bool {
		return s.unanswered() && (s.status(401, 403, 495) || s.cut() || s.AlertBy == Peer && s.Alert != internalError)
	}},

	// It was sent; what the certificate itself says explains the refusal.
	{"client-key-mismatch", Certain, func(s *Signals) bool { return s.sentAnd(func(l Leaf) bool { return l.KeyMismatch }) }},
	{"client-cert-expired", High, func(s *Signals) bool {
		return s.sentAnd(func(l Leaf) bool { return s.Now.After(l.NotAfter) })
	}},
	{"client-cert-not-yet-valid", High, func(s *Signals) bool {
		return s.sentAnd(func(l Leaf) bool { return s.Now.Before(l.NotBefore) })
	}},
	{"client-cert-wrong-usage", High, func(s *Signals) bool {
		return s.sentAnd(func(l Leaf) bool { return !l.ClientAuth }) && !s.alert(unknownCA, certificateRevoked)
	}},
	{"client-cert-weak", High, func(s *Signals) bool {
		return s.sentAnd(func(l Leaf) bool { return l.Weak != "" }) && s.alert(badCertificate, unsupportedCert, insufficient)
	}},

	// It was sent; only the alert explains the refusal.
	{"client-cert-revoked", High, func(s *Signals) bool { return s.Presented != nil && s.alert(certificateRevoked) }},
	{"client-cert-expired", Medium, func(s *Signals) bool { return s.Presented != nil && s.alert(certificateExpired) }},
	{"client-cert-untrusted", High, func(s *Signals) bool { return s.Presented != nil && s.alert(unknownCA) }},
	{"client-key-mismatch", Medium, func(s *Signals) bool { return s.Presented != nil && s.alert(decryptError) }},
	{"client-cert-rejected", High, func(s *Signals) bool {
		return s.Presented != nil && (s.alert(badCertificate, unsupportedCert, certificateUnknown, accessDenied, certRequired) ||
			s.status(495) || s.status(400) && contains(s.Body, "certificate"))
	}},

	// Alerts with one meaning, before or after the certificate.
	{"protocol-version", Certain, func(s *Signals) bool { return s.alert(protocolVersion) }},
	{"protocol-version", High, func(s *Signals) bool { return s.AlertBy == Ourselves && s.Alert == protocolVersion }},
	{"sni-required", High, func(s *Signals) bool { return s.alert(unrecognizedName) }},
	{"alpn-mismatch", Certain, func(s *Signals) bool { return s.alert(noAppProtocol) || s.NoProtocol }},
	{"no-common-cipher", High, func(s *Signals) bool { return s.alert(insufficient) }},
	{"no-common-cipher", Medium, func(s *Signals) bool { return s.alert(handshakeFailure) && !s.Requested }},
	{"client-cert-rejected", Medium, func(s *Signals) bool { return s.Presented != nil && s.alert(handshakeFailure) }},

	// The answer's status.
	{"misdirected", High, func(s *Signals) bool { return s.status(421) }},
	{"client-cert-not-requested", Low, func(s *Signals) bool {
		return s.HTTPS && s.status(401, 403) && !s.Requested && len(s.Configured) > 0 && !s.Resumed
	}},
	{"client-cert-not-requested", Medium, func(s *Signals) bool {
		return s.HTTPS && s.status(400, 496) && !s.Requested && contains(s.Body, "certificate") && !s.Resumed
	}},
	{"client-cert-rejected", Low, func(s *Signals) bool {
		return s.HTTPS && s.status(401, 403) && s.Presented != nil
	}},

	// A peer that goes without a word, and how far it let us come.
	{"client-cert-rejected", Low, func(s *Signals) bool { return s.Presented != nil && s.Status == 0 && s.cut() && !s.Reused }},
	{"timeout-in-handshake", Certain, func(s *Signals) bool {
		return s.HTTPS && s.Connected && !s.HandshakeDone && s.End == EndTimeout
	}},
	{"closed-in-handshake", Certain, func(s *Signals) bool {
		return s.HTTPS && s.Connected && !s.HandshakeDone && s.cut()
	}},
	{"closed-in-handshake", Low, func(s *Signals) bool {
		return s.HTTPS && s.Connected && !s.HandshakeDone && s.AlertBy == Peer
	}},
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

// refused says whether the exchange failed in a way that a certificate could
// have prevented.
func (s *Signals) refused() bool {
	return s.AlertBy == Peer || s.cut() || s.status(400, 401, 403, 495, 496)
}

// sentAnd says whether the refused certificate was sent and has a property.
func (s *Signals) sentAnd(has func(Leaf) bool) bool {
	return s.Presented != nil && s.refused() && !s.Reused && has(*s.Presented)
}

func looksLikeTLS(first []byte) bool {
	return len(first) >= 2 && first[0] >= 20 && first[0] <= 24 && first[1] == 3
}

func saysPlainHTTP(body []byte) bool {
	return contains(body, "plain http request was sent to https port") ||
		contains(body, "client sent an http request to an https server") ||
		contains(body, "speaking plain http to an ssl-enabled server port")
}

func contains(body []byte, lower string) bool {
	return strings.Contains(strings.ToLower(string(body)), lower)
}
