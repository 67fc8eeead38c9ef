package testca

import (
	"crypto"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/url"
	"slices"
	"time"
)

// Usage is what a leaf may be used for (extended key usage, RFC 5280 section
// 4.2.1.12). The zero value is both, client and server.
type Usage int

// The usages.
const (
	BothAuth   Usage = iota // clientAuth and serverAuth
	ClientAuth              // clientAuth alone
	ServerAuth              // serverAuth alone: a wrong usage for a client
	NoUsage                 // no extension at all, which verifiers read as any usage
	OtherUsage              // emailProtection alone: wrong for both
)

func (u Usage) extended() []x509.ExtKeyUsage {
	switch u {
	case BothAuth:
		return []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}
	case ClientAuth:
		return []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	case ServerAuth:
		return []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	case OtherUsage:
		return []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}
	}
	return nil
}

// Leaf describes an end-entity certificate. The zero value is usable: a valid
// one without any subject alternative name.
type Leaf struct {
	CommonName  string // empty: "test"
	DNSNames    []string
	IPAddresses []net.IP
	URIs        []*url.URL
	Emails      []string
	// NotBefore and NotAfter bound the validity; zero: an hour ago, a day from
	// now. Where one alone is set and lies beyond the other's default, the
	// other moves: NotAfter in the past is enough for an expired certificate.
	NotBefore, NotAfter time.Time
	Usages              Usage
	// Key is the type of its key; Signer, where set, is the key itself, which
	// may be one of a hardware token or one that other leaves have too.
	Key    KeyType
	Signer crypto.Signer
	// Signature is how the issuer signs it.
	Signature Signature
	// Template, where set, may change the certificate before it is signed.
	Template func(*x509.Certificate)
}

// Issue makes a certificate and, unless the leaf brings one, its key.
func (ca *CA) Issue(l Leaf) (*Pair, error) { return newPair(ca, ca.clock, l) }

// SelfSigned makes a certificate that no authority vouches for. A nil clock is
// time.Now.
func SelfSigned(l Leaf, clock func() time.Time) (*Pair, error) {
	if clock == nil {
		clock = time.Now
	}
	return newPair(nil, clock, l)
}

func newPair(issuer *CA, clock func() time.Time, l Leaf) (*Pair, error) {
	name := l.CommonName
	if name == "" {
		name = "test"
	}
	template, err := newTemplate(name, l.NotBefore, l.NotAfter, clock, leafLifetime)
	if err != nil {
		return nil, err
	}
	template.DNSNames = l.DNSNames
	template.IPAddresses = l.IPAddresses
	template.URIs = l.URIs
	template.EmailAddresses = l.Emails
	template.ExtKeyUsage = l.Usages.extended()
	template.KeyUsage = x509.KeyUsageDigitalSignature
	key := l.Signer
	if key == nil {
		if key, err = NewKey(l.Key); err != nil {
			return nil, err
		}
	}
	if _, isRSA := key.Public().(*rsa.PublicKey); isRSA { // TLS 1.2 key transport needs it
		template.KeyUsage |= x509.KeyUsageKeyEncipherment
	}
	if l.Template != nil {
		l.Template(template)
	}
	cert, key, err := sign(issuer, template, l.Key, key, l.Signature)
	if err != nil {
		return nil, err
	}
	pair := &Pair{Certificate: cert, Key: key}
	if issuer != nil {
		pair.Chain = slices.Clone(issuer.chain)
	}
	return pair, nil
}

// Pair is a certificate with its key and the intermediates above it.
type Pair struct {
	Certificate *x509.Certificate
	Key         crypto.Signer
	// Chain holds the intermediates, the leaf's issuer first, the root left
	// out; empty for a leaf of a root.
	Chain []*x509.Certificate
}

// WithoutChain is the pair without its intermediates: the server that forgot
// to send them, the client whose file lacks them.
func (p *Pair) WithoutChain() *Pair {
	return &Pair{Certificate: p.Certificate, Key: p.Key}
}

// TLS is the pair as crypto/tls takes it, intermediates included.
func (p *Pair) TLS() tls.Certificate {
	c := tls.Certificate{Certificate: [][]byte{p.Certificate.Raw}, PrivateKey: p.Key, Leaf: p.Certificate}
	for _, cert := range p.Chain {
		c.Certificate = append(c.Certificate, cert.Raw)
	}
	return c
}
