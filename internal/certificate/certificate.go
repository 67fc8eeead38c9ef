// Package certificate says what can be seen of an X.509 certificate (RFC 5280)
// without asking anybody, and without trusting it.
package certificate

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"slices"
)

// SelfSigned says whether a certificate is its own issuer, by name and by
// signature.
func SelfSigned(c *x509.Certificate) bool {
	return bytes.Equal(c.RawSubject, c.RawIssuer) && Signed(c, c)
}

// Signed says whether a certificate's key signed another, whether it may or not.
// Other than x509.Certificate.CheckSignatureFrom it knows SHA-1.
func Signed(issuer, c *x509.Certificate) bool {
	return issuer.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil
}

// AllowsUse says whether the extended key usage, where there is one, includes one
// (section 4.2.1.12).
func AllowsUse(c *x509.Certificate, usage x509.ExtKeyUsage) bool {
	if len(c.ExtKeyUsage) == 0 && len(c.UnknownExtKeyUsage) == 0 {
		return true
	}
	return slices.Contains(c.ExtKeyUsage, usage) || slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageAny)
}

// MayIssue says whether it is an authority's that may sign others (sections
// 4.2.1.3 and 4.2.1.9).
func MayIssue(c *x509.Certificate) bool {
	return c.IsCA && (c.KeyUsage == 0 || c.KeyUsage&x509.KeyUsageCertSign != 0)
}

// Weakness says what peers may find too weak about it; empty: nothing.
func Weakness(c *x509.Certificate) string {
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() < 2048 {
			return "an RSA key of less than 2048 bits"
		}
	case *ecdsa.PublicKey:
		if key.Curve.Params().BitSize < 256 {
			return "an elliptic curve of less than 256 bits"
		}
	}
	if OutdatedHash(c) {
		return "a signature with an outdated hash"
	}
	return ""
}

// OutdatedHash says whether its issuer signed with SHA-1 or older.
func OutdatedHash(c *x509.Certificate) bool {
	switch c.SignatureAlgorithm {
	case x509.MD2WithRSA, x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1:
		return true
	}
	return false
}

// Names are the names of hosts and the addresses that it is for.
func Names(c *x509.Certificate) []string {
	list := slices.Clone(c.DNSNames)
	for _, ip := range c.IPAddresses {
		list = append(list, ip.String())
	}
	return list
}

// Listed says whether a list of names, as DER, has its issuer's.
func Listed(names [][]byte, c *x509.Certificate) bool {
	return slices.ContainsFunc(names, func(der []byte) bool { return bytes.Equal(der, c.RawIssuer) })
}

// Namesake finds an authority that has the name of one that issued a certificate of
// a chain, and another key; nil: there is none.
func Namesake(authorities, chain []*x509.Certificate) *x509.Certificate {
	i := slices.IndexFunc(authorities, func(a *x509.Certificate) bool {
		return slices.ContainsFunc(chain, func(c *x509.Certificate) bool {
			return bytes.Equal(a.RawSubject, c.RawIssuer) && !Signed(a, c)
		})
	})
	if i < 0 {
		return nil
	}
	return authorities[i]
}
