package diagnosis

import (
	"bytes"
	"slices"
	"strings"
)

// The words that the rules are written in.

// unanswered says whether a certificate was demanded and none was sent.
func (s *Signals) unanswered() bool { return s.Requested && s.Presented == nil }

// cut says whether the peer ended a new connection without a readable reason.
// One that had served before may have been closed for its age.
func (s *Signals) cut() bool {
	return s.AlertBy != Peer && !s.heard() && (s.End == EndClosed || s.End == EndReset)
}

// heard says whether the peer dealt with requests: who refuses a certificate
// ends the connection at once.
func (s *Signals) heard() bool { return s.Reused || s.Answered || s.Lingered }

// withheldBy says whether an identity was withheld for one of some reasons.
func (s *Signals) withheldBy(reasons ...string) bool {
	return slices.ContainsFunc(s.Withheld, func(w Withheld) bool { return slices.Contains(reasons, w.Reason) })
}

func (s *Signals) alert(numbers ...uint8) bool {
	return s.AlertBy == Peer && slices.Contains(numbers, s.Alert)
}

func (s *Signals) status(codes ...int) bool { return slices.Contains(codes, s.Status) }

// refused says whether the exchange failed in a way that a certificate could
// have prevented.
func (s *Signals) refused() bool {
	return s.AlertBy == Peer || s.cut() || s.status(400, 401, 403, 495, 496)
}

// saidNo says whether the server refused the certificate that it was sent in
// so many words: by an alert about certificates, or by an answer.
func (s *Signals) saidNo() bool {
	return s.Presented != nil && (s.alert(badCertificate, unsupportedCert, certificateRevoked, certificateExpired, certificateUnknown,
		unknownCA, accessDenied, certRequired) ||
		s.status(495) || s.status(400, 401, 403) && contains(s.Body, "certificate"))
}

// saidLittle says whether the refusal of a certificate that was sent had no
// words: an end, an alert of many meanings, a status of many reasons.
func (s *Signals) saidLittle() bool {
	return s.Presented != nil && (s.cut() || s.AlertBy == Peer || s.status(401, 403))
}

// leftByUs says whether we ended the handshake, before certificates of ours
// were spoken of.
func (s *Signals) leftByUs() bool { return s.End == EndOurselves && !s.HandshakeDone && !s.Requested }

// untaken says whether we ended a handshake for what the peer sent, be it in the
// words of an alert.
func (s *Signals) untaken() bool {
	return s.HTTPS && s.Connected && s.PeerSpoke && !s.HandshakeDone && (s.End == EndOurselves || s.AlertBy == Ourselves)
}

// warned says whether the first that a peer said was a warning: of those that TLS
// 1.2 lets a client pass over.
func (s *Signals) warned(number uint8) bool {
	const warning = 1
	return bytes.HasPrefix(s.First, []byte{recordAlert, 3}) && len(s.First) >= recordHeader+2 &&
		s.First[recordHeader] == warning && s.First[recordHeader+1] == number
}

// sent says whether a certificate was sent that has a property.
func (s *Signals) sent(has func(Leaf) bool) bool { return s.Presented != nil && has(*s.Presented) }

func (s *Signals) expired(l Leaf) bool     { return s.Now.After(l.NotAfter) }
func (s *Signals) notYetValid(l Leaf) bool { return s.Now.Before(l.NotBefore) }
func notForClients(l Leaf) bool            { return !l.ClientAuth }
func weak(l Leaf) bool                     { return l.Weak != "" }

// unlisted says whether the server lists authorities, and none of the chain's.
func (s *Signals) unlisted(l Leaf) bool { return len(s.Authority) > 0 && !l.Listed }

// alone says whether the server sent one certificate, and that it has a
// property.
func (s *Signals) alone(has func(ServerCertificate) bool) bool {
	return len(s.Chain) == 1 && has(s.Chain[0])
}

func selfSigned(c ServerCertificate) bool { return c.SelfSigned }

// ofARoot says whether a certificate's issuer calls itself a root. Servers do
// not send roots, so nothing is missing from such a chain.
func ofARoot(c ServerCertificate) bool { return strings.Contains(strings.ToLower(c.Issuer), "root") }

// byNone says whether what issued the server's certificate, and came with it, may
// issue none.
func (s *Signals) byNone() bool {
	return len(s.Chain) > 1 && s.Chain[0].Issuer == s.Chain[1].Subject && !s.Chain[1].Authority && !s.Chain[1].SelfSigned
}

// unjoined says whether certificates came with the server's own, and none of them
// is its issuer's.
func (s *Signals) unjoined() bool {
	return len(s.Chain) > 1 && !s.Chain[0].SelfSigned && !ofARoot(s.Chain[0]) &&
		!slices.ContainsFunc(s.Chain[1:], func(c ServerCertificate) bool { return c.Subject == s.Chain[0].Issuer })
}

// leadsTo is the name of the authority at the end of what was sent, as far as
// its certificates join.
func (s *Signals) leadsTo() string {
	top := s.Chain[0]
	for range s.Chain {
		i := slices.IndexFunc(s.Chain[1:], func(c ServerCertificate) bool { return c.Subject == top.Issuer })
		if i < 0 {
			break
		}
		top = s.Chain[1+i]
	}
	return top.Issuer
}

// misspelt says whether the server's certificate has the host's address where
// names are.
func (s *Signals) misspelt() bool {
	return len(s.Chain) > 0 && slices.Contains(s.Chain[0].Names, s.Host)
}

// nameless says whether the server's certificate names no host.
func (s *Signals) nameless() bool { return len(s.Chain) > 0 && len(s.Chain[0].Names) == 0 }

// weakServer says whether a certificate that the server sent, other than a root,
// is too weak to count.
func (s *Signals) weakServer() bool {
	return slices.ContainsFunc(s.Chain, func(c ServerCertificate) bool { return c.Weak != "" && !c.SelfSigned })
}

// Types of TLS records and messages (RFC 8446, sections 4 and 5.1).
const (
	recordAlert     = 21
	recordHandshake = 22
	recordHeader    = 5
	serverHello     = 2
	helloRequest    = 0
)

// speaksTLS says whether the first bytes of a peer are a TLS record that may
// begin a conversation: an alert, or a server's hello.
func speaksTLS(first []byte) bool {
	if len(first) < 2 || first[1] != 3 {
		return false
	}
	switch first[0] {
	case recordAlert:
		return true
	case recordHandshake:
		return len(first) <= recordHeader || first[recordHeader] == serverHello || first[recordHeader] == helloRequest
	}
	return false
}

// hello is where the version is in a server's first bytes: after the message's
// type and length.
const hello = recordHeader + 4

// oldHello says whether the server chose a version before TLS 1.2 in its hello.
func oldHello(first []byte) bool {
	return speaksTLS(first) && first[0] == recordHandshake && len(first) >= hello+2 &&
		first[recordHeader] == serverHello && first[hello] == 3 && first[hello+1] < 3
}

// unsaid says whether a server of TLS 1.3 that asked for a certificate has shown
// nothing of its end of the handshake: in this version the client's ends first.
func (s *Signals) unsaid() bool {
	return s.HTTPS && s.HandshakeDone && s.Requested && !s.Reused && !s.Resumed && s.Mute &&
		s.Version == versionTLS13 && s.End == EndTimeout
}

// pageSays says whether a refusal's page has one of some phrases.
func (s *Signals) pageSays(phrases ...string) bool {
	return s.status(400, 401, 403, 495, 496) &&
		slices.ContainsFunc(phrases, func(phrase string) bool { return contains(s.Body, phrase) })
}

// saysNeeded says whether a page demands a client's certificate.
func (s *Signals) saysNeeded() bool {
	return s.pageSays("client certificate", "certificate is required", "certificate required", "no required ssl certificate")
}

// saysUnverified says whether a page tells that the verification of a
// certificate failed, without its reason: nginx's words.
func (s *Signals) saysUnverified() bool {
	return s.status(495) || s.pageSays("the ssl certificate error")
}

// saysRevoked, saysUntrusted and saysWeak look for the reasons that OpenSSL has,
// in words or by name, as applications quote them.
func (s *Signals) saysRevoked() bool {
	return s.pageSays("certificate revoked", "certificate is revoked", "certificate has been revoked", "cert_revoked")
}

func (s *Signals) saysUntrusted() bool {
	return s.pageSays("unable to get local issuer certificate", "unable to get issuer certificate", "unable_to_get_issuer_cert",
		"unable to verify the first certificate", "unable_to_verify_leaf_signature", "self-signed certificate", "self signed certificate",
		"self_signed_cert", "signed by unknown authority")
}

func (s *Signals) saysWeak() bool {
	return s.pageSays("key too weak", "key too small", "key_too_small", "md too weak", "md_too_weak")
}

func saysPlainHTTP(body []byte) bool {
	return contains(body, "plain http request was sent to https port") ||
		contains(body, "client sent an http request to an https server") ||
		contains(body, "speaking plain http to an ssl-enabled server port")
}

func contains(body []byte, lower string) bool {
	return bytes.Contains(bytes.ToLower(body), []byte(lower))
}
