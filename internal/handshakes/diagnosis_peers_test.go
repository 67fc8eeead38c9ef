package handshakes_test

import (
	"crypto/tls"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/realserver"
)

// quietus are the causes that can be told of a peer by the moment at which it
// goes, where the client was asked for nothing.
var quietus = map[realserver.Kind]string{
	realserver.PeerCloseOnAccept:         "closed-in-handshake",
	realserver.PeerResetOnAccept:         "closed-in-handshake",
	realserver.PeerCloseAfterClientHello: "closed-in-handshake",
	realserver.PeerResetAfterClientHello: "closed-in-handshake",
	realserver.PeerStallOnAccept:         "timeout-in-handshake",
	realserver.PeerStallAfterClientHello: "timeout-in-handshake",
	realserver.PeerStallAfterServerHello: "timeout-in-handshake",
	realserver.PeerPlainHTTP:             "plain-http-on-tls-port",
	realserver.PeerBanner:                "not-tls",
	realserver.PeerGarbage:               "not-tls",
	realserver.PeerGarbageRecord:         "not-tls",
	realserver.PeerDemandAfterHandshake:  "post-handshake-auth-required",
}

// hints are the causes of alerts that come before a certificate is spoken of.
var hints = map[uint8]string{
	40: "no-common-cipher", 70: "protocol-version", 71: "no-common-cipher", 80: "closed-in-handshake",
	112: "sni-required", 120: "alpn-mismatch",
}

// verdicts are the causes of alerts about a certificate with which nothing that
// can be seen is wrong; the peers that send them lie.
var verdicts = map[uint8][]string{
	40: {"client-cert-rejected"}, 42: {"client-cert-rejected"}, 43: {"client-cert-rejected"}, 46: {"client-cert-rejected"},
	49: {"client-cert-rejected"}, 80: {"client-cert-rejected"}, 116: {"client-cert-rejected"},
	44: {"client-cert-revoked"}, 45: {"client-cert-expired", "client-cert-rejected"}, 48: {"client-cert-untrusted"},
	51: {"client-key-mismatch", "client-cert-rejected"},
}

// peerRow is a peer, who calls it, and which causes are right; none: TLS has
// nothing to do with it, and a failure without a diagnosis is right.
type peerRow struct {
	setup
	credential *mtlshttp.Credential
	truth      []string
}

func (b *bench) peers() []peerRow {
	var rows []peerRow
	valid, expired := b.situations[1].credential, b.situations[5].credential
	for _, p := range protocols() {
		add := func(kind realserver.Kind, demand realserver.Demand, alert uint8, c *mtlshttp.Credential, truth ...string) {
			rows = b.addPeer(rows, p, kind, demand, alert, c, truth)
		}
		for _, kind := range realserver.PeerKinds() {
			if cause, ok := quietus[kind]; ok {
				add(kind, realserver.DemandNone, 0, valid, cause)
			}
		}
		for alert, cause := range hints {
			add(realserver.PeerAlertAfterClientHello, realserver.DemandNone, alert, nil, cause)
		}
		for alert, causes := range verdicts {
			add(realserver.PeerAlertAfterClientCertificate, realserver.DemandRequire, alert, valid, causes...)
			if alert != 51 { // a signature that nobody made
				add(realserver.PeerAlertAfterClientCertificate, realserver.DemandOptional, alert, nil, "client-cert-missing")
			}
		}
		for _, kind := range []realserver.Kind{realserver.PeerCloseAfterClientCertificate, realserver.PeerResetAfterClientCertificate,
			realserver.PeerCloseAfterHandshake, realserver.PeerNotifyAfterHandshake, realserver.PeerResetAfterHandshake,
			realserver.PeerCloseAfterRequest, realserver.PeerResetAfterRequest} {
			add(kind, realserver.DemandRequire, 0, valid, "client-cert-rejected")
			add(kind, realserver.DemandRequire, 0, expired, "client-cert-expired", "client-cert-rejected")
			add(kind, realserver.DemandOptional, 0, nil, "client-cert-missing")
		}
		if p.MinTLS == tls.VersionTLS13 { // before, it is a handshake like others
			add(realserver.PeerStallAfterClientCertificate, realserver.DemandRequire, 0, valid, "timeout-in-handshake")
		}
		if p.MinTLS == tls.VersionTLS12 {
			add(realserver.PeerStallAfterClientCertificate, realserver.DemandRequire, 0, valid, "timeout-in-handshake")
			if p.HTTP == 1 { // HTTP/2 forbids it (RFC 9113, section 9.2.1)
				add(realserver.PeerRenegotiate, realserver.DemandNone, 0, valid, "renegotiation-required")
			}
		}
	}
	return rows
}

// addPeer adds a row, if the peer can be so.
func (b *bench) addPeer(rows []peerRow, p mtlshttp.Protocol, kind realserver.Kind, demand realserver.Demand, alert uint8,
	c *mtlshttp.Credential, truth []string) []peerRow {
	config := b.server("", demand)
	config.MinVersion, config.MaxVersion, config.HTTP2, config.Alert = p.MinTLS, p.MaxTLS, p.HTTP == 2, alert
	if kind.Check(config) == nil {
		rows = append(rows, peerRow{setup{kind, config, "", p}, c, truth})
	}
	return rows
}

// patience is a request's time: all of it is lost on a peer that stalls, and of none
// other does a slow machine need it.
func patience(kind realserver.Kind) time.Duration {
	if kind.Stalls() {
		return 3 * time.Second
	}
	return 30 * time.Second
}

// runPeer calls a peer once. One that resets before connect has returned is a
// matter of TCP.
func (b *bench) runPeer(t *testing.T, p peerRow, into *ledger) {
	srv := realserver.Start(t, p.kind, p.config)
	r := &mtlshttp.Request{URL: srv.URL + "/", Identity: p.credential, Roots: b.roots(), Protocol: p.protocol, Timeout: patience(p.kind)}
	out := ask(t.Context(), p.String(), r, p.truth, false)
	if p.kind == realserver.PeerResetOnAccept && out.err != nil && out.err.Kind == mtlshttp.KindConnect {
		return
	}
	into.add(out)
}

// judgeSilence holds peers that end the connection without a word to causes
// that are not sure.
func judgeSilence(t *testing.T, rows []row) {
	for _, r := range rows {
		silent := slices.Contains(r.truth, "client-cert-rejected") && r.diagnosis != nil && !r.alerted()
		if silent && r.sure() {
			t.Errorf("a guess at high confidence: %v", r)
		}
	}
}

// Where TLS has done its work, nothing of it is blamed.
func TestNoDiagnosisWhereTLSIsNotTheCause(t *testing.T) {
	b := newBench(t)
	for _, kind := range []realserver.Kind{realserver.PeerStallAfterHandshake, realserver.PeerStallInHeaders, realserver.PeerStallInBody,
		realserver.PeerCloseAfterRequest, realserver.PeerResetAfterRequest} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			t.Run(fmt.Sprintf("%s, %s", kind, tls.VersionName(version)), func(t *testing.T) {
				t.Parallel()
				config := b.server("", realserver.DemandNone)
				config.MinVersion, config.MaxVersion = version, version
				srv := realserver.Start(t, kind, config)
				r := &mtlshttp.Request{URL: srv.URL + "/", Roots: b.roots(), Timeout: patience(kind)}
				out := ask(t.Context(), string(kind), r, nil, false)
				if out.err == nil || out.diagnosis != nil {
					t.Errorf("%v", out)
				}
			})
		}
	}
}
