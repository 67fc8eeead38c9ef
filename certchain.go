package mtlshttp

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"github.com/mtlshttp/mtlshttp/internal/keyfile"
)

// WithSigner joins the file's certificates with a key that is kept elsewhere,
// in a token or a key service. Reasons of its errors: no-certificate, and
// key-mismatch where none of the certificates is the key's.
func (i *Inventory) WithSigner(signer crypto.Signer) (*Credential, error) {
	if signer == nil {
		return nil, fault(KindConfig, "", string(keyfile.NoKey), "there is no key")
	}
	if _, err := i.Roots(); err != nil {
		return nil, err
	}
	public, ok := signer.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok {
		return nil, fault(KindConfig, "", string(keyfile.UnsupportedKey), "TLS has no use for a key of type %T", signer.Public())
	}
	found := i.content()
	leaf := found.Leaf(func(c *keyfile.Certificate) bool { return c.Parsed != nil && public.Equal(c.Parsed.PublicKey) })
	if leaf == nil {
		return nil, fault(KindConfig, "", string(keyfile.KeyMismatch), "the key belongs to none of the %d certificates, the first of which is %q",
			len(found.Certificates), found.Certificates[0].Subject)
	}
	return NewCredential(signer, usableChain(leaf, found.Chain(leaf))...)
}

// chain is the file's first end-entity certificate with the chain above it, or
// nil where the file has no certificate that can be used.
func (i *Inventory) chain() []*x509.Certificate {
	found := i.content()
	usable := func(c *keyfile.Certificate) bool { return c.Parsed != nil }
	leaf := slices.IndexFunc(found.Certificates, func(c *keyfile.Certificate) bool { return usable(c) && !c.Parsed.IsCA })
	if leaf < 0 {
		leaf = slices.IndexFunc(found.Certificates, usable)
	}
	if leaf < 0 {
		return nil
	}
	return usableChain(found.Certificates[leaf], found.Chain(found.Certificates[leaf]))
}

// usableChain is a certificate with its issuers behind it, those that
// crypto/x509 takes.
func usableChain(leaf *keyfile.Certificate, issuers []*keyfile.Certificate) []*x509.Certificate {
	chain := []*x509.Certificate{leaf.Parsed}
	for _, c := range issuers {
		if c.Parsed != nil {
			chain = append(chain, c.Parsed)
		}
	}
	return chain
}

// maxCertificateWarnings bounds what is said about one file.
const maxCertificateWarnings = 16

// certificateWarnings says what will keep a file's end-entity certificates from
// being accepted, or may.
func certificateWarnings(found *keyfile.Inventory, now time.Time) []string {
	var warnings []string
	warn := func(format string, args ...any) { warnings = append(warnings, fmt.Sprintf(format, args...)) }
	for _, c := range found.Certificates {
		if c.Parsed == nil || c.Parsed.IsCA || len(warnings) >= maxCertificateWarnings {
			continue
		}
		switch {
		case now.After(c.NotAfter):
			warn("the certificate %q expired on %s", c.Subject, c.NotAfter.UTC().Format(time.DateOnly))
		case now.Before(c.NotBefore):
			warn("the certificate %q is valid from %s on", c.Subject, c.NotBefore.UTC().Format(time.RFC3339))
		}
		// Whoever says where its issuer can be had expects that others lack it.
		if len(c.Parsed.IssuingCertificateURL) > 0 && len(found.Chain(c)) == 0 {
			warn("the certificate %q is without its issuer %q; add it, since others cannot verify the one without the other", c.Subject, c.Issuer)
		}
	}
	return warnings
}
