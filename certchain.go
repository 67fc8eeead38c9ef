package mtlshttp

import (
	"bytes"
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
	certificates, err := i.Roots()
	if err != nil {
		return nil, err
	}
	public, ok := signer.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok {
		return nil, fault(KindConfig, "", string(keyfile.UnsupportedKey), "TLS has no use for a key of type %T", signer.Public())
	}
	for _, c := range certificates {
		if public.Equal(c.PublicKey) {
			return NewCredential(signer, chainOf(c, certificates)...)
		}
	}
	return nil, fault(KindConfig, "", string(keyfile.KeyMismatch), "the key belongs to none of the %d certificates, the first of which is %q",
		len(certificates), certificates[0].Subject.String())
}

// chain is the file's first end-entity certificate with the chain above it, or
// nil where the file has no certificate that can be used.
func (i *Inventory) chain() []*x509.Certificate {
	certificates, err := i.Roots()
	if err != nil {
		return nil
	}
	leaf := max(0, slices.IndexFunc(certificates, func(c *x509.Certificate) bool { return !c.IsCA }))
	return chainOf(certificates[leaf], certificates)
}

// chainOf puts a certificate's issuers behind it, as far as they are there.
func chainOf(leaf *x509.Certificate, among []*x509.Certificate) []*x509.Certificate {
	chain := []*x509.Certificate{leaf}
	for last := leaf; ; {
		next := slices.IndexFunc(among, func(c *x509.Certificate) bool {
			return issued(c, last) && !slices.ContainsFunc(chain, c.Equal)
		})
		if next < 0 {
			return chain
		}
		last = among[next]
		chain = append(chain, last)
	}
}

func issued(issuer, c *x509.Certificate) bool {
	return bytes.Equal(issuer.RawSubject, c.RawIssuer) && !issuer.Equal(c) &&
		(len(c.AuthorityKeyId) == 0 || len(issuer.SubjectKeyId) == 0 || bytes.Equal(c.AuthorityKeyId, issuer.SubjectKeyId)) &&
		issuer.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil
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
		if len(c.Parsed.IssuingCertificateURL) > 0 && !slices.ContainsFunc(found.Certificates, func(i *keyfile.Certificate) bool {
			return i.Parsed != nil && issued(i.Parsed, c.Parsed)
		}) {
			warn("the certificate %q is without its issuer %q; add it, since others cannot verify the one without the other", c.Subject, c.Issuer)
		}
	}
	return warnings
}
