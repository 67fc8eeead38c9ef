package testca

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
)

// KeyType says which key to make. The zero value is ECDSA on P-256.
type KeyType string

// The key types. RSA keys are slow to make: 4096 bits take seconds, so a test
// that needs several certificates with one should share it, see Leaf.Signer.
const (
	ECDSAP256 KeyType = "" // the default
	ECDSAP384 KeyType = "ecdsa-p384"
	ECDSAP521 KeyType = "ecdsa-p521"
	Ed25519   KeyType = "ed25519"
	RSA1024   KeyType = "rsa-1024" // weak: what a check for short keys must find
	RSA2048   KeyType = "rsa-2048"
	RSA3072   KeyType = "rsa-3072"
	RSA4096   KeyType = "rsa-4096"
)

// NewKey makes a key. A type that is not one of the constants is an error.
func NewKey(t KeyType) (crypto.Signer, error) {
	switch t {
	case ECDSAP256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case ECDSAP384:
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case ECDSAP521:
		return ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case Ed25519:
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	case RSA1024:
		return rsa.GenerateKey(rand.Reader, 1024)
	case RSA2048:
		return rsa.GenerateKey(rand.Reader, 2048)
	case RSA3072:
		return rsa.GenerateKey(rand.Reader, 3072)
	case RSA4096:
		return rsa.GenerateKey(rand.Reader, 4096)
	}
	return nil, fmt.Errorf("testca: key type %q is not known", string(t))
}

// Signature says how an issuer signs. The zero value is what is usual for the
// issuer's key: SHA-256 with RSA PKCS #1 v1.5, ECDSA with the hash of its
// curve, Ed25519.
type Signature string

// The signatures.
const (
	SignatureDefault Signature = ""
	SignatureSHA1    Signature = "sha1" // refused by verifiers; of an RSA or ECDSA issuer
	SignaturePSS     Signature = "pss"  // RSASSA-PSS with SHA-256; of an RSA issuer
)

func (s Signature) algorithm(issuer crypto.PublicKey) (x509.SignatureAlgorithm, error) {
	_, isRSA := issuer.(*rsa.PublicKey)
	_, isECDSA := issuer.(*ecdsa.PublicKey)
	switch {
	case s == SignatureDefault:
		return x509.UnknownSignatureAlgorithm, nil // CreateCertificate chooses by the key
	case s == SignatureSHA1 && isRSA:
		return x509.SHA1WithRSA, nil
	case s == SignatureSHA1 && isECDSA:
		return x509.ECDSAWithSHA1, nil
	case s == SignaturePSS && isRSA:
		return x509.SHA256WithRSAPSS, nil
	}
	return 0, fmt.Errorf("testca: an issuer with a key of type %T cannot sign with %q", issuer, string(s))
}
