package testca

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"time"
)

const (
	backdate     = time.Hour // so that clocks a little behind accept what was just made
	leafLifetime = 24 * time.Hour
	caLifetime   = 10 * 365 * 24 * time.Hour
	crlLifetime  = 24 * time.Hour
)

// Options describe an authority. The zero value is usable.
type Options struct {
	// CommonName of the subject; empty: "Test Root CA" or "Test Intermediate CA".
	CommonName string
	// Key is the type of its key; Signer, where set, is the key itself.
	Key    KeyType
	Signer crypto.Signer
	// NotBefore and NotAfter bound its validity; zero: an hour ago, ten years
	// from now.
	NotBefore, NotAfter time.Time
	// Signature is how this authority's own certificate is signed.
	Signature Signature
	// Clock tells the time; nil: the issuer's, or time.Now, which inside a
	// testing/synctest bubble is the bubble's.
	Clock func() time.Time
	// Template, where set, may change the certificate before it is signed.
	Template func(*x509.Certificate)
}

// CA is an authority that issues certificates. It is safe for concurrent use.
type CA struct {
	Certificate *x509.Certificate
	Key         crypto.Signer

	chain []*x509.Certificate // what a leaf is sent with: this CA first; empty for a root
	root  *x509.Certificate
	clock func() time.Time
}

// New makes a root.
func New(o Options) (*CA, error) { return newCA(nil, o) }

// Intermediate makes an authority below ca.
func (ca *CA) Intermediate(o Options) (*CA, error) { return newCA(ca, o) }

func newCA(parent *CA, o Options) (*CA, error) {
	name := "Test Root CA"
	clock := o.Clock
	if parent != nil {
		name = "Test Intermediate CA"
		if clock == nil {
			clock = parent.clock
		}
	}
	if clock == nil {
		clock = time.Now
	}
	if o.CommonName != "" {
		name = o.CommonName
	}
	template, err := newTemplate(name, o.NotBefore, o.NotAfter, clock, caLifetime)
	if err != nil {
		return nil, err
	}
	template.IsCA = true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature
	if o.Template != nil {
		o.Template(template)
	}
	cert, key, err := sign(parent, template, o.Key, o.Signer, o.Signature)
	if err != nil {
		return nil, err
	}
	ca := &CA{Certificate: cert, Key: key, root: cert, clock: clock}
	if parent != nil {
		ca.root = parent.root
		ca.chain = append([]*x509.Certificate{cert}, parent.chain...)
	}
	return ca, nil
}

// Root is the certificate at the top: a root's own.
func (ca *CA) Root() *x509.Certificate { return ca.root }

// Pool holds the root, for tls.Config's RootCAs or ClientCAs.
func (ca *CA) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(ca.root)
	return pool
}

// PEM is the authority's certificate alone.
func (ca *CA) PEM() []byte { return certificatesPEM(ca.Certificate) }

// RevocationList is a list (RFC 5280 section 5) of the revoked certificates,
// signed by ca, DER-encoded, valid from now for a day.
func (ca *CA) RevocationList(revoked ...*x509.Certificate) ([]byte, error) {
	now := ca.clock().UTC()
	list := &x509.RevocationList{
		Number:     big.NewInt(now.UnixNano()), // later lists have greater numbers
		ThisUpdate: now,
		NextUpdate: now.Add(crlLifetime),
	}
	for _, cert := range revoked {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries, x509.RevocationListEntry{
			SerialNumber:   cert.SerialNumber,
			RevocationTime: now,
		})
	}
	return x509.CreateRevocationList(rand.Reader, list, ca.Certificate, ca.Key)
}

func newTemplate(name string, notBefore, notAfter time.Time, clock func() time.Time, lifetime time.Duration) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 126))
	if err != nil {
		return nil, err
	}
	now := clock().UTC()
	if notBefore.IsZero() {
		notBefore = now.Add(-backdate)
		if !notAfter.IsZero() && !notAfter.After(notBefore) { // expired: began before that
			notBefore = notAfter.Add(-lifetime)
		}
	}
	if notAfter.IsZero() {
		notAfter = now.Add(lifetime)
		if !notAfter.After(notBefore) { // not yet valid: ends after that
			notAfter = notBefore.Add(lifetime)
		}
	}
	return &x509.Certificate{
		SerialNumber:          serial.Add(serial, big.NewInt(1)), // never zero (RFC 5280 section 4.1.2.2)
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             notBefore,
		NotAfter:              notAfter,
		BasicConstraintsValid: true,
	}, nil
}

// sign makes the certificate that template describes; a nil issuer signs
// itself.
func sign(issuer *CA, template *x509.Certificate, kind KeyType, key crypto.Signer, how Signature) (*x509.Certificate, crypto.Signer, error) {
	if key == nil {
		var err error
		if key, err = NewKey(kind); err != nil {
			return nil, nil, err
		}
	}
	parent, signer := template, key
	if issuer != nil {
		parent, signer = issuer.Certificate, issuer.Key
	}
	algorithm, err := how.algorithm(signer.Public())
	if err != nil {
		return nil, nil, err
	}
	template.SignatureAlgorithm = algorithm
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		return nil, nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, err
	}
	return cert, key, nil
}
