package testca

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestKeyTypes(t *testing.T) {
	ca, err := New(Options{})
	require.NoError(t, err)
	bits := func(p *Pair) int {
		switch k := p.Key.Public().(type) {
		case *rsa.PublicKey:
			return k.N.BitLen()
		case *ecdsa.PublicKey:
			return k.Curve.Params().BitSize
		case ed25519.PublicKey:
			return 8 * len(k)
		}
		return 0
	}
	for kind, want := range map[KeyType]int{
		ECDSAP256: 256, ECDSAP384: 384, ECDSAP521: 521, Ed25519: 256, RSA1024: 1024, RSA2048: 2048,
	} {
		leaf, err := ca.Issue(Leaf{Key: kind})
		require.NoError(t, err, kind)
		assert.Equal(t, want, bits(leaf), kind)
		assert.NoError(t, verify(ca, leaf, time.Now(), x509.ExtKeyUsageClientAuth), kind)
		_, isRSA := leaf.Key.(*rsa.PrivateKey)
		assert.Equal(t, isRSA, leaf.Certificate.KeyUsage&x509.KeyUsageKeyEncipherment != 0, kind)
	}
	_, err = ca.Issue(Leaf{Key: "dsa"})
	assert.ErrorContains(t, err, `"dsa"`)
	_, err = New(Options{Key: "dsa"})
	assert.Error(t, err)
}

func TestSignatures(t *testing.T) {
	rsaKey, err := NewKey(RSA2048)
	require.NoError(t, err)
	rsaCA, err := New(Options{Signer: rsaKey})
	require.NoError(t, err)
	ecdsaCA, err := New(Options{})
	require.NoError(t, err)
	edCA, err := New(Options{Key: Ed25519})
	require.NoError(t, err)

	for _, c := range []struct {
		ca   *CA
		how  Signature
		want x509.SignatureAlgorithm
	}{
		{rsaCA, SignatureDefault, x509.SHA256WithRSA},
		{rsaCA, SignatureSHA1, x509.SHA1WithRSA},
		{rsaCA, SignaturePSS, x509.SHA256WithRSAPSS},
		{ecdsaCA, SignatureDefault, x509.ECDSAWithSHA256},
		{ecdsaCA, SignatureSHA1, x509.ECDSAWithSHA1},
		{edCA, SignatureDefault, x509.PureEd25519},
	} {
		leaf, err := c.ca.Issue(Leaf{Signature: c.how})
		require.NoError(t, err)
		assert.Equal(t, c.want, leaf.Certificate.SignatureAlgorithm)
		accepted := verify(c.ca, leaf, time.Now(), x509.ExtKeyUsageClientAuth) == nil
		assert.Equal(t, c.how != SignatureSHA1, accepted, "SHA-1, and it alone, is refused by a verifier")
	}
	for _, how := range []Signature{SignatureSHA1, SignaturePSS, "md5"} {
		_, err := edCA.Issue(Leaf{Signature: how})
		assert.Error(t, err, how)
	}
	_, err = ecdsaCA.Issue(Leaf{Signature: SignaturePSS})
	assert.Error(t, err)
}
