package mtlshttp

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"net/http"
	"slices"
	"time"

	"github.com/mtlshttp/mtlshttp/internal/certificate"
	"github.com/mtlshttp/mtlshttp/internal/wire"
)

// expiryWarning is how long before its end a certificate is warned about.
const expiryWarning = 30 * 24 * time.Hour

// Receipt says what a TLS connection did: what the server asked for, what was
// presented, who the server is and who trusts it. Where no handshake came about,
// it has no version. A hop without TLS, or without a try to connect, has none.
// One is shared by the requests of a connection, and not to be modified.
type Receipt struct {
	TLSVersion        string                   `json:"tlsVersion"` // "1.2", "1.3"
	CipherSuite       string                   `json:"cipherSuite"`
	ALPN              string                   `json:"alpn"`
	Resumed           bool                     `json:"resumed"`
	Reused            bool                     `json:"reused"` // the connection had served before
	ClientCertificate ClientCertificateReceipt `json:"clientCertificate"`
	Server            ServerReceipt            `json:"server"`
	// Proxy is the host and port of the proxy that the connection went
	// through; IgnoredProxy that of one which the environment names and
	// which was not used, since proxies are configured.
	Proxy        string `json:"proxy,omitempty"`
	IgnoredProxy string `json:"ignoredProxy,omitempty"`
	// Relaxations are all that loosens verification: "unverified", ….
	Relaxations []string  `json:"relaxations"`
	Warnings    []Warning `json:"warnings"`
}

// ClientCertificateReceipt says what was asked for and what was sent. On a
// resumed connection it is what the first handshake had shown.
type ClientCertificateReceipt struct {
	Requested     bool                  `json:"requested"`
	AcceptableCAs []string              `json:"acceptableCAs"` // as the server lists them, RFC 4514
	Presented     *CertificateFacts     `json:"presented"`     // nil: none
	Withheld      []WithheldCertificate `json:"withheld"`
}

// WithheldCertificate was at hand and was not sent. Reasons:
// authority-not-listed, no-common-signature-scheme, another-was-chosen,
// other-origin.
type WithheldCertificate struct {
	Subject string `json:"subject"`
	SHA256  string `json:"sha256"`
	Reason  string `json:"reason"`
}

// ServerReceipt says who the server is.
type ServerReceipt struct {
	Chain []CertificateFacts `json:"chain"` // as the server sent it
	// TrustedBy is system, added, pin or unverified; empty where no server
	// certificate was accepted.
	TrustedBy string `json:"trustedBy"`
}

// CertificateFacts says whose a certificate is and until when.
type CertificateFacts struct {
	Subject  string    `json:"subject"`
	Issuer   string    `json:"issuer"`
	SHA256   string    `json:"sha256"`
	NotAfter time.Time `json:"notAfter"`
}

// Warning is something that worked and may not for long. Codes: anonymous
// client-cert-expiring server-cert-expiring chain-incomplete weak-key
// wrong-usage client-cert-not-requested.
type Warning struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// ReceiptOf returns the receipt of a response that came through a client of
// Executor.Client, nil for any other and for one without TLS.
func ReceiptOf(resp *http.Response) *Receipt {
	if resp == nil || resp.Request == nil {
		return nil
	}
	if h := hopOf(resp.Request.Context()); h != nil {
		return h.receipt
	}
	return nil
}

func lastReceipt(hops []Hop) *Receipt {
	if len(hops) == 0 {
		return nil
	}
	return hops[len(hops)-1].Receipt
}

// receiptOf is the receipt of a request that was answered. What the handshake
// showed is told once for a connection and shared by the receipts of all its
// requests.
func (p *plan) receiptOf(record *wire.Record, reused bool) *Receipt {
	if record == nil {
		return nil
	}
	told := record.Tell(func(f wire.Facts) any {
		first := p.newReceipt(f, false)
		if first == nil {
			return [2]*Receipt{}
		}
		later := *first
		later.Reused = true
		return [2]*Receipt{first, &later}
	}).([2]*Receipt)
	if reused {
		return told[1]
	}
	return told[0]
}

// newReceipt tells a connection's record as the documents do.
func (p *plan) newReceipt(f wire.Facts, reused bool) *Receipt {
	if !f.TLS {
		return nil
	}
	state, trust := f.State, p.trustAt(f.Host, f.Port)
	now := p.clock()
	r := &Receipt{
		TLSVersion: versionName(state.Version), ALPN: state.NegotiatedProtocol,
		Resumed: state.DidResume, Reused: reused,
		ClientCertificate: ClientCertificateReceipt{Requested: f.Requested, AcceptableCAs: names(f.AcceptableCAs), Withheld: []WithheldCertificate{}},
		Server:            ServerReceipt{Chain: []CertificateFacts{}},
		Relaxations:       trust.verify.relaxations(), Warnings: []Warning{},
	}
	r.Proxy = f.Proxy
	if r.Proxy == "" && p.executor.Proxy == nil {
		r.IgnoredProxy = p.executor.ignored(f.Host, f.Port)
	}
	if state.CipherSuite != 0 {
		r.CipherSuite = tls.CipherSuiteName(state.CipherSuite)
	}
	if r.TLSVersion == "" {
		r.TLSVersion = versionName(f.RequestVersion)
	}
	for _, c := range serverChain(f) {
		r.Server.Chain = append(r.Server.Chain, factsOf(c))
	}
	if len(state.PeerCertificates) > 0 && unverified(f.HandshakeErr) == nil {
		r.Server.TrustedBy = trust.trustedBy(state)
	}
	if f.Presented != nil {
		facts := factsOf(f.Presented.Certificate.Leaf)
		r.ClientCertificate.Presented = &facts
	}
	for _, w := range f.Withheld {
		leaf := w.Identity.Certificate.Leaf
		r.ClientCertificate.Withheld = append(r.ClientCertificate.Withheld,
			WithheldCertificate{leaf.Subject.String(), fingerprint(leaf.Raw), string(w.Reason)})
	}
	r.warn(p, f, now)
	return r
}

func (r *Receipt) warn(p *plan, f wire.Facts, now time.Time) {
	add := func(code, message string) { r.Warnings = append(r.Warnings, Warning{code, message}) }
	if id := f.Presented; id != nil {
		leaf := id.Certificate.Leaf
		if expiring(leaf, now) {
			add("client-cert-expiring", "the client certificate ends on "+leaf.NotAfter.UTC().Format(time.DateOnly))
		}
		if !certificate.AllowsUse(leaf, x509.ExtKeyUsageClientAuth) {
			add("wrong-usage", "the client certificate's extended key usage does not include client authentication")
		}
		if why := certificate.Weakness(leaf); why != "" {
			add("weak-key", "the client certificate has "+why)
		}
		if len(id.Certificate.Certificate) == 1 && !certificate.SelfSigned(leaf) && len(f.AcceptableCAs) > 0 && !certificate.Listed(f.AcceptableCAs, leaf) {
			add("chain-incomplete", "the client certificate is sent alone and the server does not list its issuer: an intermediate may be missing")
		}
	}
	if chain := serverChain(f); len(chain) > 0 && expiring(chain[0], now) {
		add("server-cert-expiring", "the server's certificate ends on "+chain[0].NotAfter.UTC().Format(time.DateOnly))
	}
	if f.Stage == wire.StageReady && len(f.Allowed) > 0 {
		switch {
		case !f.Requested:
			add("client-cert-not-requested", "a client certificate is configured and the server never asked for one")
		case f.Presented == nil:
			add("anonymous", "a client certificate is configured, the server asked, and nothing was sent")
		}
	}
}

func serverChain(f wire.Facts) []*x509.Certificate {
	if len(f.State.PeerCertificates) > 0 {
		return f.State.PeerCertificates
	}
	return unverified(f.HandshakeErr)
}

// trustedBy says who vouched for the server.
func (t *trust) trustedBy(state tls.ConnectionState) string {
	chains := state.VerifiedChains
	switch {
	case t.verify.Off:
		return "unverified"
	case len(t.verify.Pins) > 0:
		return "pin"
	case t.verify.byHand():
		// It has passed; only whose root it was is asked again.
		anyName := *t
		anyName.verify = Verify{SkipName: true, AllowExpired: t.verify.AllowExpired}
		config, _, err := t.config()
		if err != nil {
			return "unverified"
		}
		if chains, err = anyName.chains("", state, config.RootCAs); err != nil {
			return "unverified"
		}
	}
	if len(chains) == 0 {
		return "unverified"
	}
	chain := chains[0]
	if anchor := chain[len(chain)-1]; slices.ContainsFunc(t.added, anchor.Equal) {
		return "added"
	}
	return "system"
}

func factsOf(c *x509.Certificate) CertificateFacts {
	return CertificateFacts{c.Subject.String(), c.Issuer.String(), fingerprint(c.Raw), c.NotAfter.UTC()}
}

func versionName(v uint16) string {
	switch v {
	case tls.VersionTLS10:
		return "1.0"
	case tls.VersionTLS11:
		return "1.1"
	case tls.VersionTLS12:
		return "1.2"
	case tls.VersionTLS13:
		return "1.3"
	}
	return ""
}

// names renders DER names; one that cannot be read is left out.
func names(ders [][]byte) []string {
	out := []string{}
	for _, der := range ders {
		var rdn pkix.RDNSequence
		if rest, err := asn1.Unmarshal(der, &rdn); err == nil && len(rest) == 0 {
			out = append(out, rdn.String())
		}
	}
	return out
}

func expiring(c *x509.Certificate, now time.Time) bool {
	return c.NotAfter.Before(now.Add(expiryWarning))
}
