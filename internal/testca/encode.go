package testca

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"

	"software.sslmate.com/src/go-pkcs12"
)

// CertificatePEM is the leaf, then its intermediates, as CERTIFICATE blocks
// (RFC 7468).
func (p *Pair) CertificatePEM() []byte {
	return certificatesPEM(append([]*x509.Certificate{p.Certificate}, p.Chain...)...)
}

// CertificateDER is the leaf alone.
func (p *Pair) CertificateDER() []byte { return bytes.Clone(p.Certificate.Raw) }

// KeyDER is the key as unencrypted PKCS #8 (RFC 5958). It is an error for a
// key that lives elsewhere, such as in a token.
func (p *Pair) KeyDER() ([]byte, error) { return x509.MarshalPKCS8PrivateKey(p.Key) }

// KeyPEM is KeyDER as a PRIVATE KEY block.
func (p *Pair) KeyPEM() ([]byte, error) {
	der, err := p.KeyDER()
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// Profile chooses the algorithms of a PKCS #12 file.
type Profile string

// The profiles. The zero value is Modern.
const (
	Modern Profile = ""       // AES-256-CBC, PBKDF2, HMAC-SHA-256: what OpenSSL 3 writes
	Legacy Profile = "legacy" // 3DES and HMAC-SHA-1: what Windows wrote before 2019
	RC2    Profile = "rc2"    // certificates under 40-bit RC2: OpenSSL 1 and older keytool
	PBMAC1 Profile = "pbmac1" // Modern with the MAC of RFC 9579
)

func (p Profile) encoder() (*pkcs12.Encoder, error) {
	switch p {
	case Modern:
		return pkcs12.Modern2023, nil
	case Legacy:
		return pkcs12.LegacyDES, nil
	case RC2:
		return pkcs12.LegacyRC2, nil
	case PBMAC1:
		return pkcs12.Modern2026, nil
	}
	return nil, fmt.Errorf("testca: PKCS #12 profile %q is not known", string(p))
}

// PKCS12 is the pair with its intermediates as a PKCS #12 file (RFC 7292) under
// the password. An empty password is the empty one; the file is encrypted all
// the same.
func (p *Pair) PKCS12(password string, profile Profile) ([]byte, error) {
	encoder, err := profile.encoder()
	if err != nil {
		return nil, err
	}
	return encoder.Encode(p.Key, p.Certificate, p.Chain, password)
}

// PKCS12 is the authority's certificate, without a key, as a trust store.
func (ca *CA) PKCS12(password string, profile Profile) ([]byte, error) {
	encoder, err := profile.encoder()
	if err != nil {
		return nil, err
	}
	return encoder.EncodeTrustStore([]*x509.Certificate{ca.Certificate}, password)
}

func certificatesPEM(certs ...*x509.Certificate) []byte {
	var b bytes.Buffer
	for _, cert := range certs {
		b.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}))
	}
	return b.Bytes()
}
