package diagnosis

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"slices"
	"time"

	"github.com/mtlshttp/mtlshttp/internal/certificate"
	"github.com/mtlshttp/mtlshttp/internal/revocation"
)

// Refused notes the certificates that the server sent and what an error says
// about them; trusted are authorities that were given to verify them by.
func (s *Signals) Refused(err error, chain, trusted []*x509.Certificate) {
	for i, c := range chain {
		if !slices.ContainsFunc(chain[:i], c.Equal) { // some servers send their own twice
			s.Chain = append(s.Chain, serverCertificate(c))
		}
	}
	var invalid x509.CertificateInvalidError
	if errors.As(err, &invalid) && len(chain) > 0 && !chain[0].Equal(invalid.Cert) {
		culprit := serverCertificate(invalid.Cert)
		s.Culprit = &culprit
		s.Ours = slices.ContainsFunc(trusted, invalid.Cert.Equal) || !slices.ContainsFunc(chain, invalid.Cert.Equal)
	}
	var name x509.HostnameError
	if errors.As(err, &name) {
		s.Host = name.Host // the proxy's, or one to be verified in its place
	}
	s.Verify = VerifyFaultOf(err, s.Now)
	if c := certificate.Namesake(trusted, chain); c != nil && s.Verify == VerifyUnknownAuthority {
		s.Namesake = c.Subject.String()
	}
}

// VerifyFaultOf says what the verification of a server's certificate found at a
// time.
func VerifyFaultOf(err error, now time.Time) VerifyFault {
	var verify *tls.CertificateVerificationError
	if !errors.As(err, &verify) {
		return VerifyNone
	}
	var (
		invalid   x509.CertificateInvalidError
		name      x509.HostnameError
		authority x509.UnknownAuthorityError
		insecure  x509.InsecureAlgorithmError
		critical  x509.UnhandledCriticalExtension
	)
	switch err := verify.Err; {
	case errors.As(err, &invalid):
		return ofInvalid(invalid, now)
	case errors.As(err, &critical):
		return VerifyCritical
	case errors.As(err, &name):
		return VerifyName
	case errors.Is(err, revocation.ErrRevoked):
		return VerifyRevoked
	case errors.Is(err, revocation.ErrStale):
		return VerifyStaleList
	case errors.Is(err, certificate.ErrPin):
		return VerifyPin
	case errors.As(err, &insecure):
		return VerifyWeak
	case errors.As(err, &authority):
		return VerifyUnknownAuthority
	}
	return VerifyOther
}

func ofInvalid(err x509.CertificateInvalidError, now time.Time) VerifyFault {
	switch err.Reason {
	case x509.Expired:
		if now.Before(err.Cert.NotBefore) {
			return VerifyNotYetValid
		}
		return VerifyExpired
	case x509.IncompatibleUsage:
		if certificate.AllowsUse(err.Cert, x509.ExtKeyUsageServerAuth) {
			return VerifyForbidden // it is not the certificate that is for another use
		}
		return VerifyUsage
	case x509.NotAuthorizedToSign, x509.TooManyIntermediates, x509.CANotAuthorizedForThisName, x509.CANotAuthorizedForExtKeyUsage:
		return VerifyForbidden
	}
	return VerifyOther
}

func serverCertificate(c *x509.Certificate) ServerCertificate {
	return ServerCertificate{Subject: c.Subject.String(), Issuer: c.Issuer.String(), NotBefore: c.NotBefore, NotAfter: c.NotAfter,
		SelfSigned: certificate.SelfSigned(c), Authority: certificate.MayIssue(c), Weak: certificate.Weakness(c), Names: certificate.Names(c)}
}

// LeafOf describes a client certificate, and how it stands to a list of
// authorities' names, as DER.
func LeafOf(c *tls.Certificate, authorities [][]byte) Leaf {
	leaf := c.Leaf
	return Leaf{Subject: leaf.Subject.String(), Issuer: leaf.Issuer.String(), NotBefore: leaf.NotBefore, NotAfter: leaf.NotAfter,
		SelfSigned: certificate.SelfSigned(leaf), ClientAuth: certificate.AllowsUse(leaf, x509.ExtKeyUsageClientAuth),
		Weak: certificate.Weakness(leaf), OutdatedHash: certificate.OutdatedHash(leaf), ChainLength: len(c.Certificate),
		Listed: len(authorities) > 0 && slices.ContainsFunc(c.Certificate, func(der []byte) bool {
			c, err := x509.ParseCertificate(der)
			return err == nil && certificate.Listed(authorities, c)
		})}
}
