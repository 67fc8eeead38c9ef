package diagnosis

import (
	"fmt"
	"strings"
	"time"
)

// Causes lists every cause with what to do about it, in the order of the
// documentation.
var Causes = []struct{ Name, Advice string }{
	{"client-cert-missing", "The server demands a client certificate and none is configured for this address. Set the request's credentials; they must be issued by an authority that the server accepts."},
	{"client-cert-withheld", "A certificate is configured and was not sent. If its chain is incomplete, add the intermediate certificate; otherwise use one from an authority that the server lists, with a key type that it takes, or drop the option that withholds it."},
	{"client-cert-not-requested", "The server did not ask for a client certificate on this connection. Check host, port and path, and whether a load balancer or proxy ends TLS before the service."},
	{"client-cert-expired", "The client certificate has expired. Renew it, and check the clocks of both sides."},
	{"client-cert-not-yet-valid", "The client certificate is not valid yet. Wait for its first day, or check the clocks of both sides."},
	{"client-cert-wrong-usage", "The certificate's extended key usage does not include client authentication. Have it issued again with clientAuth."},
	{"client-cert-weak", "The certificate's key or signature is weaker than the server takes. Have it issued again with RSA 2048 or ECDSA P-256 and SHA-256."},
	{"client-cert-revoked", "The server says that the certificate is revoked. Use a new one."},
	{"client-cert-untrusted", "The server can build no chain from the certificate to an authority that it trusts. Send the intermediate certificates too, or have the server's operator add the authority."},
	{"client-key-mismatch", "The private key does not belong to the certificate. Extract both again from one file."},
	{"client-cert-rejected", "The server refused the certificate without a reason that can be told from here: it may be revoked, untrusted, not on an allowlist, or fail a policy. Ask the server's operator for its log at this time."},
	{"renegotiation-required", "The server asks for the certificate only after it has seen the path. Allow renegotiation for this host (TLS 1.2, HTTP/1.1), or have the operator demand the certificate for the whole host."},
	{"post-handshake-auth-required", "The server asks for the certificate only after it has seen the path, by TLS 1.3's post-handshake authentication, which Go does not have. Cap the version at TLS 1.2 and allow renegotiation, or have the operator demand the certificate for the whole host."},
	{"server-cert-expired", "The server's certificate has expired. Its operator must renew it; if it has not, check this machine's clock."},
	{"server-cert-not-yet-valid", "The server's certificate is not valid yet. Check this machine's clock, or tell its operator."},
	{"server-name-mismatch", "The server's certificate is for other names. Use one of them in the URL, or check where the name leads."},
	{"server-cert-self-signed", "The server's certificate is signed by itself. If it is the right one, add it as self-signed certificate."},
	{"server-cert-untrusted", "The server's certificate leads to an authority that is not trusted here. If it is the right one, add that authority's certificate."},
	{"server-intermediate-missing", "The server sent its own certificate alone and its issuer is not known here. Its operator should send the intermediate certificates; until then, add the issuer's certificate."},
	{"server-cert-weak", "The server's certificate is too weak to be verified. Its operator must replace it."},
	{"server-cert-revoked", "The server's certificate is revoked. Its operator must replace it."},
	{"plain-http-on-tls-port", "The server speaks plain HTTP on this port. Use http:// or another port."},
	{"tls-on-plain-port", "The server speaks TLS on this port. Use https://."},
	{"not-tls", "The peer does not speak TLS. Check host and port."},
	{"protocol-version", "The two sides have no TLS version in common. TLS 1.2 is the least that is offered here."},
	{"no-common-cipher", "The two sides have no cipher suite, group or signature in common. Its operator must offer current ones."},
	{"sni-required", "The server knows no host of this name, or needs one and was called by address. Use the host's name in the URL."},
	{"alpn-mismatch", "The two sides have no HTTP version in common. Allow both HTTP/1.1 and HTTP/2."},
	{"misdirected", "The server does not answer for this host on this connection. Do not override Host without the URL's host."},
	{"closed-in-handshake", "The peer ended the connection during the handshake. It may be no TLS server, a firewall, a load balancer without a backend, or one that expects the PROXY protocol."},
	{"timeout-in-handshake", "The peer stopped answering during the handshake. A firewall may be dropping the packets, or the server is overloaded."},
	{"proxy-refused", "The proxy refused to open the tunnel. Check that it allows this host and port."},
	{"proxy-auth-required", "The proxy demands authentication. Configure its user and password."},
	{"proxy-client-cert-required", "The proxy demands a client certificate of its own. Configure the proxy's identity."},
}

var adviceOf = func() map[string]string {
	m := make(map[string]string, len(Causes))
	for _, c := range Causes {
		m[c.Name] = c.Advice
	}
	return m
}()

// explain says what was seen, in words, and what to do.
func explain(s *Signals, cause string) (seen, advice string) {
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	switch {
	case s.ProxyStatus != 0:
		add("the proxy answered %d", s.ProxyStatus)
	case s.ProxyAuth:
		add("the SOCKS proxy did not accept the credentials")
	case s.ProxyRequested && s.ProxyFailed && s.Verify == VerifyNone:
		add("the proxy asked for a client certificate")
	case s.ProxyRefused:
		add("the SOCKS proxy refused the tunnel")
	case s.Verify != VerifyNone && len(s.Chain) > 0:
		c := s.Chain[0]
		add("the %s's certificate is %q, issued by %q, valid %s to %s", s.verified(), c.Subject, c.Issuer, day(c.NotBefore), day(c.NotAfter))
		if seen := s.whyRefused(); seen != "" {
			add("%s", seen)
		}
	case s.Requested:
		from := ""
		if len(s.Authority) > 0 {
			from = " from one of " + list(s.Authority)
		}
		add("the server asked for a client certificate%s", from)
	case s.HandshakeDone && s.HTTPS:
		add("the server asked for no client certificate")
	}
	switch {
	case s.Presented != nil:
		l := s.Presented
		add("%q was presented, issued by %q, valid %s to %s", l.Subject, l.Issuer, day(l.NotBefore), day(l.NotAfter))
		for _, fault := range s.faults(*l) {
			add("it %s", fault)
		}
	case len(s.Withheld) > 0 && s.Requested:
		for _, w := range s.Withheld {
			add("%q, issued by %q, was withheld (%s)", w.Leaf.Subject, w.Leaf.Issuer, w.Reason)
		}
	case s.Requested && len(s.Configured) == 0:
		add("none is configured")
	}
	switch {
	case s.Verify != VerifyNone: // the end was ours
	case s.AlertBy == Peer:
		add("the peer sent alert %d (%s)", s.Alert, AlertName(s.Alert))
	case s.AlertBy == Ourselves:
		add("we sent alert %d (%s)", s.Alert, AlertName(s.Alert))
	case s.Status != 0:
		add("the answer was %d", s.Status)
	case s.End == EndClosed:
		add("the peer closed the connection %s", s.when())
	case s.End == EndReset:
		add("the peer reset the connection %s", s.when())
	case s.End == EndTimeout:
		add("nothing more came %s", s.when())
	}
	switch {
	case cause == "protocol-version" && s.AlertBy != Peer && oldHello(s.First):
		add("the server chose %s", [...]string{"SSL 3.0", "TLS 1.0", "TLS 1.1"}[s.First[hello+1]])
	case s.Verify == VerifyNone && cause == "server-cert-untrusted":
		add("the server's certificate was taken, and what came after it could not be")
	case s.LeftTLS != nil:
		add("what came after the handshake began with %q, and is not TLS", s.LeftTLS)
	case cause == "not-tls" && speaksTLS(s.First):
		add("it began TLS, and what it sent could not be taken")
	case cause == "sni-required" && s.warned(unrecognizedName):
		add("it had warned of the name (alert %d)", unrecognizedName)
	}
	if !s.HandshakeDone && s.PeerSpoke && (cause == "not-tls" || cause == "plain-http-on-tls-port") || cause == "tls-on-plain-port" && speaksTLS(s.First) {
		add("its first bytes were %q", s.First[:min(len(s.First), 32)])
	}
	advice = s.advice(cause)
	if s.OfProxy {
		advice = strings.ReplaceAll(advice, "The server", "The proxy")
	}
	return strings.Join(parts, "; "), advice
}

// whyRefused says what is wrong with the server's certificate beside what it is.
func (s *Signals) whyRefused() string {
	switch s.Verify {
	case VerifyName:
		switch {
		case s.nameless():
			return fmt.Sprintf("it names no host, and so not %q: a common name does not count", s.Host)
		case s.misspelt():
			return fmt.Sprintf("it has %q as a host's name and not as an address", s.Host)
		}
		return fmt.Sprintf("it names %s and not %q", list(s.Chain[0].Names), s.Host)
	case VerifyExpired, VerifyNotYetValid:
		if c := s.Culprit; c != nil {
			return fmt.Sprintf("the certificate of %q, %s, is valid %s to %s, and by this machine's clock it is %s",
				c.Subject, s.whence(), day(c.NotBefore), day(c.NotAfter), day(s.Now))
		}
		return "by this machine's clock it is " + day(s.Now)
	case VerifyStaleList:
		return "a revocation list of its authorities is out of date"
	case VerifyPin:
		return "its key is none of those that are pinned"
	case VerifyUsage:
		return "it is not for server authentication"
	case VerifyForbidden:
		if s.Culprit != nil {
			return fmt.Sprintf("%q, %s, may not have it issued", s.Culprit.Subject, s.whence())
		}
		return "an authority above it may not issue it"
	case VerifyCritical:
		return "it has a critical extension that is not understood here"
	case VerifyUnknownAuthority:
		switch {
		case s.byNone():
			return "its issuer came with it, and may issue none"
		case s.Namesake != "":
			return fmt.Sprintf("an authority of the name %q is trusted here, and has another key", s.Namesake)
		case s.unjoined():
			return "what came with it is not its issuer's"
		case len(s.Chain) > 1:
			return fmt.Sprintf("what came with it leads to %q", s.leadsTo())
		}
	}
	return ""
}

// whence says where the authority is from that a refusal is about.
func (s *Signals) whence() string {
	if s.Ours {
		return "which is trusted here"
	}
	return "which came with it"
}

// adviceOfVerify is about refusals of ours for which a cause's advice is too wide.
var adviceOfVerify = [...]string{
	VerifyStaleList: "Replace the revocation list by the authority's newest one; until then nobody knows whether the certificate is revoked.",
	VerifyPin:       "The server's key is not one of those that are pinned. If its operator has replaced it, pin the new one; else somebody stands between.",
	VerifyUsage:     "The server's certificate was issued for another use. Its operator must have it issued again with serverAuth in its extended key usage.",
	VerifyForbidden: "The server's certificate comes from an authority that may not issue it, for its name or at all. Its operator must have it issued by another; check where the name leads.",
	VerifyCritical:  "The server's certificate demands something that is not understood here. Its operator must have it issued without that extension.",
	VerifyOther:     "The server's certificate breaks a rule for chains of certificates, which the error names. Its operator must replace it.",
}

// verified says whose certificate was verified.
func (s *Signals) verified() string {
	if s.OfProxy {
		return "proxy"
	}
	return "server"
}

// faults are what can be seen to be wrong with a certificate, the cause or not.
func (s *Signals) faults(l Leaf) (list []string) {
	add := func(is bool, fault string) {
		if is {
			list = append(list, fault)
		}
	}
	add(s.expired(l), "has expired by "+day(s.Now))
	add(s.notYetValid(l), "is not valid yet on "+day(s.Now))
	add(notForClients(l), "is not for client authentication")
	add(weak(l), "has "+l.Weak)
	add(s.unlisted(l) && l.ChainLength == 1 && !l.SelfSigned, "came alone, and the server does not list its issuer")
	return list
}

// advice puts first what is likeliest to help in this case.
func (s *Signals) advice(cause string) string {
	advice := adviceOf[cause]
	switch own := adviceOfVerify[s.Verify]; {
	case own != "":
		return own
	case s.Verify == VerifyExpired && s.Culprit != nil && s.Ours:
		return "The certificate of an authority that is trusted here has expired. Put the authority's current one in its place; if it has none, the server's operator must have its own issued by another."
	case s.Verify == VerifyExpired && s.Culprit != nil:
		return "The certificate of an authority that the server sends along has expired. Its operator must send the authority's current one; if it has not expired, check this machine's clock."
	case s.Verify == VerifyNotYetValid && s.Culprit != nil:
		return "The certificate of an authority above the server's is not valid yet. Check this machine's clock, or tell the server's operator."
	case s.Verify == VerifyName && s.misspelt():
		return "The server's certificate has the address as a name. Its operator must have it issued again, with the address as IP address among the subject's alternative names."
	case s.Verify == VerifyName && s.nameless():
		return "The server's certificate names no host. Its operator must have it issued again, with the host's name as subject alternative name."
	case s.Verify == VerifyUnknownAuthority && s.byNone():
		return "The server's certificate was issued by one that is no authority's. Do not add that: ask the server's operator."
	case s.Namesake != "" && cause != "server-cert-weak":
		return "The authority has a new key, or somebody else uses its name. Get its current certificate from the server's operator, and add it in the place of the old one."
	case s.Verify == VerifyUnknownAuthority && s.unjoined():
		return "The server sent certificates that do not join: the issuer's is not among them. Its operator should send the right ones; until then, add the issuer's certificate."
	}
	switch {
	case s.Verify == VerifyNone && cause == "server-cert-untrusted":
		return "The server's handshake does not fit its certificate. Its operator should check that certificate and private key belong together; if they do, something between changes what is sent."
	case cause == "not-tls" && speaksTLS(s.First):
		return "The peer begins TLS and breaks its rules, in the way that the error names: a defect of the server, or of something between. Check host and port, and ask its operator."
	}
	refused := s.Presented
	if cause == "client-cert-withheld" && len(s.Withheld) > 0 {
		refused = &s.Withheld[0].Leaf
	}
	switch cause {
	case "client-cert-untrusted", "client-cert-withheld", "client-cert-rejected":
		if refused != nil && refused.ChainLength == 1 && !refused.SelfSigned && s.unlisted(*refused) {
			return "Add the intermediate certificate of " + fmt.Sprintf("%q", refused.Issuer) + " to the chain first. " + advice
		}
		if cause == "client-cert-untrusted" && refused != nil && refused.Listed {
			return "The server lists an authority of the certificate's issuer by name, and builds no chain to it: that authority has another key (a new one, or somebody uses its name), or the chain is longer than the server allows. Have the server's operator compare the authority's certificate with the one that issued yours."
		}
	}
	return advice
}

// when says how far the exchange had come.
func (s *Signals) when() string {
	switch {
	case s.unsaid():
		return "after our end of the handshake, and nothing has shown that the server's came"
	case s.HandshakeDone && s.Requested:
		return "after the handshake"
	case s.HandshakeDone:
		return "without an answer"
	case s.PeerSpoke:
		return "during the handshake"
	}
	return "before it said anything"
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// list names at most five.
func list(names []string) string {
	const most = 5
	quoted := make([]string, 0, most)
	for _, n := range names[:min(len(names), most)] {
		quoted = append(quoted, fmt.Sprintf("%q", n))
	}
	s := strings.Join(quoted, ", ")
	if more := len(names) - most; more > 0 {
		s += fmt.Sprintf(" and %d more", more)
	}
	return s
}

// AlertName is the name of a TLS alert in the registry of RFC 8446, section 6.
func AlertName(n uint8) string {
	if int(n) < len(alertNames) && alertNames[n] != "" {
		return alertNames[n]
	}
	return "unknown"
}

var alertNames = [...]string{
	10: "unexpected_message", 20: "bad_record_mac", 22: "record_overflow", 40: "handshake_failure",
	42: "bad_certificate", 43: "unsupported_certificate", 44: "certificate_revoked",
	45: "certificate_expired", 46: "certificate_unknown", 47: "illegal_parameter", 48: "unknown_ca",
	49: "access_denied", 50: "decode_error", 51: "decrypt_error", 70: "protocol_version",
	71: "insufficient_security", 80: "internal_error", 86: "inappropriate_fallback",
	90: "user_canceled", 100: "no_renegotiation", 109: "missing_extension",
	110: "unsupported_extension", 112: "unrecognized_name", 116: "certificate_required",
	120: "no_application_protocol",
}
