package mtlshttp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"slices"
	"strings"
	"time"

	"github.com/mtlshttp/mtlshttp/internal/certificate"
	"github.com/mtlshttp/mtlshttp/internal/wire"
)

// Check says what can be said of a request without a network: the error is what
// Do would refuse it for before anything is sent; the warnings are what a server
// may refuse, or what contradicts itself. Codes are those of a receipt, and:
// client-cert-expired and client-cert-not-yet-valid (it is sent all the same),
// certificate-authority, self-signed, wildcard, not-its-issuer (the chain does
// not fit together), not-trusted-here (the certificate leads to none of the
// request's own roots), unverified, plain-http, contradiction (of options).
func (e *Executor) Check(ctx context.Context, r *Request) ([]Warning, error) {
	return (&Session{Executor: e}).Check(ctx, r)
}

// Check is Executor.Check with the session's platform identity and names.
func (s *Session) Check(ctx context.Context, r *Request) ([]Warning, error) {
	p, err := s.plan(ctx, r)
	if err != nil {
		return nil, err
	}
	defer p.call.end()
	warnings := []Warning{}
	add := func(code, message string) { warnings = append(warnings, Warning{code, message}) }
	if p.origin.Scheme == "http" && len(p.identities) > 0 {
		add("plain-http", "a client certificate is configured, and http never asks for one")
	}
	if r.Verify.Off {
		add("unverified", "the server may be anyone: its certificate is not verified")
	}
	p.contradictions(add)
	for _, b := range p.identities {
		checkIdentity(b.identity, p.trust.added, p.clock(), add)
	}
	return warnings, nil
}

// contradictions are options of which one makes another useless.
func (p *plan) contradictions(add func(code, message string)) {
	r := p.request
	for _, c := range []struct {
		is      bool
		message string
	}{
		{r.Verify.Off && (len(p.trust.added) > 0 || len(p.trust.lists) > 0), "authorities or revocation lists are given, and nothing is verified by them"},
		{len(r.Verify.Pins) > 0 && (len(p.trust.added) > 0 || len(p.trust.lists) > 0), "authorities or revocation lists are given, and a pinned key is verified by itself"},
		{r.Protocol.Renegotiate && len(p.identities) == 0, "renegotiation is for a client certificate, and none is configured"},
		{len(r.Origins) > 0 && len(p.identities) == 0, "origins are for a client certificate, and none is configured"},
		{r.RequireClientCertificate && slices.ContainsFunc(p.identities, func(b boundIdentity) bool { return b.identity.AllowAnonymous }),
			"a credential may be left out, and a client certificate is required"},
	} {
		if c.is {
			add("contradiction", c.message)
		}
	}
}

func checkIdentity(id *wire.Identity, roots []*x509.Certificate, now time.Time, add func(code, message string)) {
	leaf := id.Certificate.Leaf
	name := printable(leaf.Subject.String())
	switch {
	case now.After(leaf.NotAfter):
		add("client-cert-expired", "the client certificate "+name+" expired on "+leaf.NotAfter.UTC().Format(time.DateOnly)+" and is sent all the same")
	case now.Before(leaf.NotBefore):
		add("client-cert-not-yet-valid", "the client certificate "+name+" is valid from "+leaf.NotBefore.UTC().Format(time.DateOnly)+" on and is sent all the same")
	case expiring(leaf, now):
		add("client-cert-expiring", "the client certificate "+name+" ends on "+leaf.NotAfter.UTC().Format(time.DateOnly))
	}
	if leaf.IsCA {
		add("certificate-authority", name+" is the certificate of an authority, not of a client: many servers refuse it")
	}
	if !certificate.AllowsUse(leaf, x509.ExtKeyUsageClientAuth) {
		add("wrong-usage", "the extended key usage of "+name+" does not include client authentication")
	}
	if why := certificate.Weakness(leaf); why != "" {
		add("weak-key", name+" has "+why)
	}
	for _, dns := range leaf.DNSNames {
		if strings.HasPrefix(dns, "*.") {
			add("wildcard", name+" is a wildcard certificate ("+printable(dns)+"): whoever has it is any of these names")
			break
		}
	}
	chain := parsed(id.Certificate)
	switch {
	case certificate.SelfSigned(leaf):
		add("self-signed", name+" is signed by itself: the server must know the certificate itself")
	case len(chain) == 1:
		add("chain-incomplete", name+" comes without its issuer's certificate: a server that does not have it cannot build a chain")
	}
	for i := 1; i < len(chain); i++ {
		if chain[i-1].CheckSignatureFrom(chain[i]) != nil {
			add("not-its-issuer", printable(chain[i].Subject.String()+" did not sign "+chain[i-1].Subject.String()))
		}
	}
	if len(roots) > 0 && !leadsTo(chain, roots, now) {
		add("not-trusted-here", name+" leads to none of the authorities that the request adds; a server of theirs may refuse it")
	}
}

func parsed(c tls.Certificate) []*x509.Certificate {
	var chain []*x509.Certificate
	for _, der := range c.Certificate {
		if cert, err := x509.ParseCertificate(der); err == nil {
			chain = append(chain, cert)
		}
	}
	return chain
}

func leadsTo(chain, roots []*x509.Certificate, now time.Time) bool {
	if len(chain) == 0 {
		return false
	}
	o := x509.VerifyOptions{Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(),
		CurrentTime: within(now, chain[0]), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}
	for _, c := range roots {
		o.Roots.AddCert(c)
	}
	for _, c := range chain[1:] {
		o.Intermediates.AddCert(c)
	}
	_, err := chain[0].Verify(o)
	return err == nil
}

// TLSConfig is the request's TLS configuration alone, for clients that are not
// HTTP, bound to the one host of its URL: the identity may be shown to whoever
// is dialed with it, so dial no other. It is refused where verification is off,
// and where RequireClientCertificate is asked for, which it cannot keep. Session
// tickets are not kept.
func (e *Executor) TLSConfig(ctx context.Context, r *Request) (*tls.Config, error) {
	p, perr := (&Session{Executor: e}).plan(ctx, r)
	if perr != nil {
		return nil, perr
	}
	defer p.call.end()
	if p.origin.Scheme != "https" {
		return nil, fault(KindURL, "url", "scheme", "a TLS configuration needs https")
	}
	if r.Verify.Off {
		return nil, fault(KindConfig, "rejectUnauthorized", "unverified", "without verification the identity could be shown to anyone")
	}
	if r.RequireClientCertificate {
		return nil, fault(KindConfig, "requireClientCertificate", "unsupported", "a bare TLS configuration cannot see to it")
	}
	ids, err := p.present(&p.call, p.origin, nil)
	if err != nil {
		return nil, asError(err)
	}
	transport, err := p.transport(p.origin, ids.allowed, nil)
	if err != nil {
		return nil, p.refuse(err)
	}
	return transport.Config(p.origin.Host, p.origin.Port), nil
}
