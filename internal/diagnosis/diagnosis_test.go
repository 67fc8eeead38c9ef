package diagnosis

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var now = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// leaf is a client certificate that nothing is wrong with.
func leaf(change func(*Leaf)) *Leaf {
	l := &Leaf{Subject: "CN=alice", Issuer: "CN=ca", NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(1, 0, 0), ClientAuth: true, ChainLength: 1}
	if change != nil {
		change(l)
	}
	return l
}

// asked is an https exchange in which the server asked for a certificate.
func asked(change func(*Signals)) Signals {
	s := Signals{Now: now, HTTPS: true, Host: "a.test", Connected: true, PeerSpoke: true, HandshakeDone: true, Requested: true,
		First: []byte{22, 3, 3}}
	change(&s)
	return s
}

func TestRules(t *testing.T) {
	cases := []struct {
		name       string
		signals    Signals
		cause      string
		confidence string
	}{
		{"1: withheld for its authority, alert", asked(func(s *Signals) {
			s.Configured = []Leaf{*leaf(nil)}
			s.Withheld = []Withheld{{*leaf(nil), ByAuthority}}
			s.AlertBy, s.Alert = Peer, certRequired
		}), "client-cert-withheld", Certain},
		{"1: we gave up", asked(func(s *Signals) { s.GaveUp = true }), "client-cert-withheld", Certain},
		{"3: nothing configured, certificate_required", asked(func(s *Signals) { s.AlertBy, s.Alert = Peer, certRequired }), "client-cert-missing", Certain},
		{"3: nothing configured, handshake_failure", asked(func(s *Signals) { s.AlertBy, s.Alert = Peer, handshakeFailure }), "client-cert-missing", High},
		{"3: nothing configured, 400 that says so", asked(func(s *Signals) {
			s.Status, s.Body = 400, []byte("<h1>No required SSL certificate was sent</h1>")
		}), "client-cert-missing", High},
		{"3: nothing configured, 403", asked(func(s *Signals) { s.Status = 403 }), "client-cert-missing", Medium},
		{"4: never asked, 403", Signals{Now: now, HTTPS: true, HandshakeDone: true, Configured: []Leaf{*leaf(nil)}, Status: 403}, "client-cert-not-requested", Low},
		{"5: renegotiation", Signals{HTTPS: true, HandshakeDone: true, AlertBy: Ourselves, Alert: noRenegotiation}, "renegotiation-required", Certain},
		{"7: post-handshake authentication", Signals{HTTPS: true, HandshakeDone: true, Status: 403,
			Body: []byte("Reason: Cannot perform Post-Handshake Authentication.")}, "post-handshake-auth-required", Certain},
		{"9: expired", asked(func(s *Signals) {
			s.Presented = leaf(func(l *Leaf) { l.NotAfter = now.AddDate(0, 0, -1) })
			s.AlertBy, s.Alert = Peer, badCertificate
		}), "client-cert-expired", High},
		{"9: not yet valid", asked(func(s *Signals) {
			s.Presented = leaf(func(l *Leaf) { l.NotBefore = now.AddDate(0, 0, 1) })
			s.AlertBy, s.Alert = Peer, certificateExpired
		}), "client-cert-not-yet-valid", High},
		{"10: wrong usage", asked(func(s *Signals) {
			s.Presented = leaf(func(l *Leaf) { l.ClientAuth = false })
			s.AlertBy, s.Alert = Peer, unsupportedCert
		}), "client-cert-wrong-usage", High},
		{"12: weak", asked(func(s *Signals) {
			s.Presented = leaf(func(l *Leaf) { l.Weak = "an RSA key of 1024 bits" })
			s.AlertBy, s.Alert = Peer, badCertificate
		}), "client-cert-weak", High},
		{"13: revoked", asked(func(s *Signals) { s.Presented = leaf(nil); s.AlertBy, s.Alert = Peer, certificateRevoked }), "client-cert-revoked", High},
		{"14: unknown CA", asked(func(s *Signals) { s.Presented = leaf(nil); s.AlertBy, s.Alert = Peer, unknownCA }), "client-cert-untrusted", High},
		{"16: sent, then closed without a word", asked(func(s *Signals) { s.Presented = leaf(nil); s.End = EndClosed }), "client-cert-rejected", Low},
		{"16: nothing sent, then closed", asked(func(s *Signals) { s.End = EndClosed }), "client-cert-missing", Medium},
		{"16: nothing sent, then reset", asked(func(s *Signals) { s.End = EndReset }), "client-cert-missing", Medium},
		{"17: closed before a word", Signals{HTTPS: true, Connected: true, End: EndClosed}, "closed-in-handshake", Certain},
		{"18: protocol version", Signals{HTTPS: true, Connected: true, PeerSpoke: true, First: []byte{21, 3}, AlertBy: Peer, Alert: protocolVersion}, "protocol-version", Certain},
		{"18: no common cipher", Signals{HTTPS: true, Connected: true, PeerSpoke: true, First: []byte{21, 3}, AlertBy: Peer, Alert: handshakeFailure}, "no-common-cipher", Medium},
		{"19: unrecognized name", Signals{HTTPS: true, Connected: true, PeerSpoke: true, First: []byte{21, 3}, AlertBy: Peer, Alert: unrecognizedName}, "sni-required", High},
		{"20: ALPN", Signals{HTTPS: true, Connected: true, PeerSpoke: true, First: []byte{21, 3}, AlertBy: Peer, Alert: noAppProtocol}, "alpn-mismatch", Certain},
		{"21: misdirected", Signals{HTTPS: true, HandshakeDone: true, Status: 421}, "misdirected", High},
		{"22: expired server", Signals{HTTPS: true, Verify: VerifyExpired}, "server-cert-expired", Certain},
		{"22: self-signed", Signals{HTTPS: true, Verify: VerifyUnknownAuthority, Chain: []ServerCertificate{{SelfSigned: true}}}, "server-cert-self-signed", High},
		{"22: intermediate missing", Signals{HTTPS: true, Verify: VerifyUnknownAuthority, Chain: []ServerCertificate{{}}}, "server-intermediate-missing", Medium},
		{"22: unknown root", Signals{HTTPS: true, Verify: VerifyUnknownAuthority, Chain: []ServerCertificate{{}, {}}}, "server-cert-untrusted", High},
		{"23: plain HTTP", Signals{HTTPS: true, Connected: true, PeerSpoke: true, First: []byte("HTTP/1.1 400 Bad Request")}, "plain-http-on-tls-port", Certain},
		{"23: SSH", Signals{HTTPS: true, Connected: true, PeerSpoke: true, First: []byte("SSH-2.0-x")}, "not-tls", Certain},
		{"24: TLS on a plain port", Signals{Connected: true, PeerSpoke: true, First: []byte{21, 3, 1}}, "tls-on-plain-port", Certain},
		{"24: nginx says so", Signals{Status: 400, Body: []byte("The plain HTTP request was sent to HTTPS port")}, "tls-on-plain-port", Certain},
		{"25: proxy refuses", Signals{HTTPS: true, ProxyStatus: 403}, "proxy-refused", Certain},
		{"25: proxy wants a password", Signals{HTTPS: true, ProxyStatus: 407}, "proxy-auth-required", Certain},
		{"12: weak, and nginx's verification failed", asked(func(s *Signals) {
			s.Presented = leaf(func(l *Leaf) { l.Weak, l.Listed = "an RSA key of 1024 bits", true })
			s.Status, s.Body = 400, []byte("<h1>The SSL certificate error</h1>")
		}), "client-cert-weak", High},
		{"15: self-signed, and nginx's verification failed", asked(func(s *Signals) {
			s.Authority = []string{"CN=root"}
			s.Presented = leaf(func(l *Leaf) { l.SelfSigned = true })
			s.Status, s.Body = 400, []byte("<h1>The SSL certificate error</h1>")
		}), "client-cert-untrusted", High},
		{"15: unlisted, and nginx's verification failed", asked(func(s *Signals) {
			s.Authority = []string{"CN=root"} // which may not be all that it trusts
			s.Presented = leaf(nil)
			s.Status, s.Body = 400, []byte("<h1>The SSL certificate error</h1>")
		}), "client-cert-untrusted", Medium},
		{"a page quotes OpenSSL: untrusted", asked(func(s *Signals) {
			s.Presented = leaf(nil)
			s.Status, s.Body = 401, []byte(`{"error":"UNABLE_TO_VERIFY_LEAF_SIGNATURE"}`)
		}), "client-cert-untrusted", High},
		{"a page quotes OpenSSL: revoked", asked(func(s *Signals) {
			s.Presented = leaf(nil)
			s.Status, s.Body = 403, []byte("certificate revoked")
		}), "client-cert-revoked", High},
		{"a page quotes OpenSSL: weak", asked(func(s *Signals) {
			s.Presented = leaf(func(l *Leaf) { l.Weak = "an RSA key of 1024 bits" })
			s.Status, s.Body = 403, []byte("EE certificate key too weak")
		}), "client-cert-weak", High},
		{"3: nothing configured, a 403 that asks for it", asked(func(s *Signals) {
			s.Status, s.Body = 403, []byte("A valid client certificate is required")
		}), "client-cert-missing", High},
		{"a stall after our end of TLS 1.3", asked(func(s *Signals) {
			s.Version, s.Presented, s.Mute, s.End = versionTLS13, leaf(nil), true, EndTimeout
		}), "timeout-in-handshake", Low},
		{"a stall after our end of TLS 1.3, HTTP/2", asked(func(s *Signals) {
			s.Version, s.Presented, s.Mute, s.HTTP2, s.End = versionTLS13, leaf(nil), true, true, EndTimeout
		}), "timeout-in-handshake", Medium},
		{"stalled handshake", Signals{HTTPS: true, Connected: true, End: EndTimeout}, "timeout-in-handshake", Certain},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := Diagnose(c.signals)
			require.NotNil(t, d)
			assert.Equal(t, c.cause, d.Cause)
			assert.Equal(t, c.confidence, d.Confidence)
			assert.NotEmpty(t, d.Advice)
		})
	}
}

func TestHealthyExchangesHaveNoDiagnosis(t *testing.T) {
	for name, s := range map[string]Signals{
		"200":                         asked(func(s *Signals) { s.Presented = leaf(nil); s.Status = 200 }),
		"404":                         asked(func(s *Signals) { s.Presented = leaf(nil); s.Status = 404 }),
		"500":                         asked(func(s *Signals) { s.Presented = leaf(nil); s.Status = 500 }),
		"403 without TLS":             {Status: 403},
		"401, none at all":            {HTTPS: true, HandshakeDone: true, Status: 401},
		"canceled by us":              asked(func(s *Signals) { s.Presented = leaf(nil); s.End = EndCanceled }),
		"a slow answer over TLS 1.3":  asked(func(s *Signals) { s.Version, s.Presented, s.End = versionTLS13, leaf(nil), EndTimeout }),
		"a slow answer, never asked":  {HTTPS: true, HandshakeDone: true, Version: versionTLS13, Mute: true, End: EndTimeout},
		"a page about something else": asked(func(s *Signals) { s.Status, s.Body = 502, []byte("upstream: self-signed certificate") }),
		"an end after SETTINGS":       asked(func(s *Signals) { s.Presented, s.Spoke, s.End = leaf(nil), true, EndClosed }),
		"timeout when served":         asked(func(s *Signals) { s.Presented = leaf(nil); s.End = EndTimeout }),
	} {
		assert.Nil(t, Diagnose(s), name)
	}
}

// Every cause of the table has its advice, and every advice a rule.
func TestEveryCauseIsExplained(t *testing.T) {
	used := map[string]bool{}
	for _, r := range rules {
		used[r.cause] = true
		assert.NotEmpty(t, adviceOf[r.cause], r.cause)
	}
	for _, c := range Causes {
		assert.True(t, used[c.Name], c.Name)
	}
}

// A peer that says nothing gets no guess at high confidence about a
// certificate that was sent.
func TestSilenceIsNeverSure(t *testing.T) {
	for _, end := range []End{EndClosed, EndReset} {
		d := Diagnose(asked(func(s *Signals) { s.Presented = leaf(nil); s.End = end }))
		require.NotNil(t, d)
		assert.Equal(t, Low, d.Confidence)
	}
}

// What is seen and what is advised name the particulars of a case.
func TestExplanation(t *testing.T) {
	d := Diagnose(asked(func(s *Signals) {
		s.Authority = []string{"CN=root"}
		s.Presented = leaf(func(l *Leaf) { l.Issuer = "CN=intermediate"; l.NotAfter = now.AddDate(0, 0, -1) })
		s.AlertBy, s.Alert = Peer, unknownCA
	}))
	require.NotNil(t, d)
	assert.Equal(t, "client-cert-expired", d.Cause)
	assert.Contains(t, d.Seen, "it has expired by 2026-06-01")
	assert.Contains(t, d.Seen, "it came alone, and the server does not list its issuer")

	d = Diagnose(asked(func(s *Signals) {
		s.Authority = []string{"CN=root"}
		s.Presented = leaf(func(l *Leaf) { l.Issuer = "CN=intermediate" })
		s.AlertBy, s.Alert = Peer, unknownCA
	}))
	require.NotNil(t, d)
	assert.Equal(t, "client-cert-untrusted", d.Cause)
	assert.Contains(t, d.Advice, `Add the intermediate certificate of "CN=intermediate"`)

	d = Diagnose(asked(func(s *Signals) {
		s.Authority = []string{"CN=root"}
		s.Presented = leaf(func(l *Leaf) { l.Issuer, l.Listed = "CN=root", true })
		s.AlertBy, s.Alert = Peer, unknownCA
	}))
	require.NotNil(t, d)
	assert.Equal(t, "client-cert-untrusted", d.Cause)
	assert.Contains(t, d.Advice, "another key")
}

// Two faults at once: the cause is one that is there, and surely so only where
// it was seen.
func TestTwoFaults(t *testing.T) {
	sent := func(end func(*Signals), change func(*Leaf)) Signals {
		return asked(func(s *Signals) { s.Presented = leaf(change); s.Authority = []string{"CN=root"}; end(s) })
	}
	by := func(alert uint8) func(*Signals) { return func(s *Signals) { s.AlertBy, s.Alert = Peer, alert } }
	expired := func(l *Leaf) { l.NotAfter = now.AddDate(0, 0, -1) }
	weakServerOnly := func(l *Leaf) { l.Weak = "an RSA key of less than 2048 bits" }
	for _, c := range []struct {
		name              string
		signals           Signals
		cause, confidence string
	}{
		{"expired, unknown authority", sent(by(unknownCA), expired), "client-cert-expired", High},
		{"expired, silence", sent(func(s *Signals) { s.End = EndClosed }, expired), "client-cert-expired", Medium},
		{"weak, revoked", sent(by(certificateRevoked), weakServerOnly), "client-cert-revoked", High},
		{"weak, unknown authority", sent(by(unknownCA), weakServerOnly), "client-cert-untrusted", High},
		{"wrong usage, unknown authority", sent(by(unknownCA), func(l *Leaf) { l.ClientAuth = false }), "client-cert-untrusted", High},
		{"SHA-1, authority listed", sent(by(unknownCA), func(l *Leaf) { l.OutdatedHash, l.Listed = true, true }), "client-cert-weak", High},
		{"SHA-1, authority not listed", sent(by(unknownCA), func(l *Leaf) { l.OutdatedHash = true }), "client-cert-untrusted", Medium},
		{"nothing to see, not listed, no reason", sent(by(certificateUnknown), nil), "client-cert-untrusted", Medium},
		{"server's name and no certificate", Signals{HTTPS: true, Requested: true, Verify: VerifyName}, "server-name-mismatch", Certain},
		{"server expired and unknown", Signals{HTTPS: true, Verify: VerifyExpired, Chain: []ServerCertificate{{SelfSigned: true}}}, "server-cert-expired", Certain},
	} {
		d := Diagnose(c.signals)
		require.NotNil(t, d, c.name)
		assert.Equal(t, c.cause+" "+c.confidence, d.Cause+" "+d.Confidence, c.name)
	}
}

func TestFirstBytes(t *testing.T) {
	for _, first := range [][]byte{{21, 3, 1, 0, 2}, {22, 3, 3, 0, 60, 2}, {22, 3, 1}} {
		assert.True(t, speaksTLS(first), "%v", first)
	}
	for _, first := range [][]byte{nil, {22}, {22, 3, 3, 0, 8, 0xff}, []byte("HTTP/1.1"), []byte("SSH-2.0"), {0x80, 3, 0, 0, 1}, {23, 3, 3}} {
		assert.False(t, speaksTLS(first), "%v", first)
	}
	hello := func(minor byte) []byte { return []byte{22, 3, 0, 0, 40, 2, 0, 0, 36, 3, minor} }
	assert.True(t, oldHello(hello(0)))
	assert.True(t, oldHello(hello(2)))
	assert.False(t, oldHello(hello(3)))
	assert.False(t, oldHello(hello(1)[:8]))
}

// Statuses: what is said of certificates counts, and an API's own 401 or 403
// does not.
func TestStatuses(t *testing.T) {
	presented := func(change func(*Signals)) Signals {
		return asked(func(s *Signals) { s.Presented = leaf(nil); change(s) })
	}
	for name, c := range map[string]struct {
		signals Signals
		cause   string
	}{
		"403 of an API":             {presented(func(s *Signals) { s.Status = 403 }), ""},
		"403 about the certificate": {presented(func(s *Signals) { s.Status, s.Body = 403, []byte("invalid certificate") }), "client-cert-rejected"},
		"495":                       {presented(func(s *Signals) { s.Status = 495 }), "client-cert-rejected"},
		"413 of an API":             {presented(func(s *Signals) { s.Status, s.BodyBytes = 413, 1<<20 }), ""},
		"413 of Apache per path": {Signals{HTTPS: true, HandshakeDone: true, Version: versionTLS12, Status: 413, Server: "Apache/2.4.57",
			BodyBytes: 1 << 20}, "renegotiation-required"},
		"421":                    {presented(func(s *Signals) { s.Status = 421 }), "misdirected"},
		"cut on one used before": {presented(func(s *Signals) { s.Reused, s.End = true, EndClosed }), ""},
		"cut amid an answer":     {presented(func(s *Signals) { s.Answered, s.End = true, EndClosed }), ""},
		"cut after a long while": {presented(func(s *Signals) { s.Lingered, s.End = true, EndReset }), ""},
		"alert amid an answer":   {presented(func(s *Signals) { s.Answered, s.AlertBy, s.Alert = true, Peer, internalError }), ""},
		"HTTP/1.1 needed":        {Signals{HTTPS: true, HandshakeDone: true, HTTP11Needed: true}, "renegotiation-required"},
		"an alert of ours":       {Signals{HTTPS: true, Connected: true, PeerSpoke: true, First: []byte{22, 3, 3, 0, 0}, AlertBy: Ourselves, Alert: 10}, "not-tls"},
		"a key that is another's": {Signals{HTTPS: true, Connected: true, PeerSpoke: true, First: []byte{22, 3, 3, 0, 90, 2}, End: EndOurselves,
			Chain: []ServerCertificate{{Subject: "CN=a"}}}, "server-cert-untrusted"},
		"TLS left after the handshake": {presented(func(s *Signals) { s.LeftTLS, s.End = []byte("HTTP/"), EndClosed }), "not-tls"},
		"a warning of the name, and an end": {Signals{HTTPS: true, Connected: true, PeerSpoke: true, First: []byte{21, 3, 1, 0, 2, 1, 112},
			End: EndReset}, "sni-required"},
		"another warning, and an end": {Signals{HTTPS: true, Connected: true, PeerSpoke: true, First: []byte{21, 3, 1, 0, 2, 1, 90},
			End: EndReset}, "closed-in-handshake"},
		"reset of a plain one": {Signals{Connected: true, RequestSent: true, End: EndReset}, "tls-on-plain-port"},
	} {
		d := Diagnose(c.signals)
		if c.cause == "" {
			assert.Nil(t, d, name)
			continue
		}
		if assert.NotNil(t, d, name) {
			assert.Equal(t, c.cause, d.Cause, name)
		}
	}
}

// What we refuse for a reason of our own has advice of its own.
func TestOwnRefusals(t *testing.T) {
	for fault, words := range map[VerifyFault][2]string{
		VerifyStaleList: {"revocation list", "revocation list"}, VerifyPin: {"pinned", "pinned"},
		VerifyUsage: {"not for server authentication", "serverAuth"}, VerifyForbidden: {"may not issue it", "may not issue it"},
		VerifyCritical: {"critical extension", "without that extension"}, VerifyOther: {"", "which the error names"},
	} {
		d := Diagnose(Signals{HTTPS: true, Verify: fault, Chain: []ServerCertificate{{Subject: "CN=a"}}})
		require.NotNil(t, d)
		assert.Equal(t, "server-cert-untrusted", d.Cause)
		assert.Contains(t, d.Seen, words[0])
		assert.Contains(t, d.Advice, words[1])
	}
}
