package certificate

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"math/big"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp/internal/testca"
)

func TestIssuers(t *testing.T) {
	root, err := testca.New(testca.Options{CommonName: "root"})
	require.NoError(t, err)
	other, err := testca.New(testca.Options{CommonName: "root"})
	require.NoError(t, err)
	leaf, err := root.Issue(testca.Leaf{DNSNames: []string{"a.test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	require.NoError(t, err)

	assert.True(t, SelfSigned(root.Certificate))
	assert.False(t, SelfSigned(leaf.Certificate))
	assert.True(t, Signed(root.Certificate, leaf.Certificate))
	assert.False(t, Signed(other.Certificate, leaf.Certificate))
	assert.True(t, MayIssue(root.Certificate))
	assert.False(t, MayIssue(leaf.Certificate))
	assert.False(t, MayIssue(&x509.Certificate{IsCA: true, KeyUsage: x509.KeyUsageCRLSign}))
	assert.True(t, MayIssue(&x509.Certificate{IsCA: true}))
	assert.Equal(t, []string{"a.test", "127.0.0.1"}, Names(leaf.Certificate))

	assert.True(t, Listed([][]byte{{1}, root.Certificate.RawSubject}, leaf.Certificate))
	assert.False(t, Listed([][]byte{leaf.Certificate.RawSubject}, leaf.Certificate))

	chain := []*x509.Certificate{leaf.Certificate}
	assert.Nil(t, Namesake([]*x509.Certificate{root.Certificate}, chain))
	assert.Equal(t, other.Certificate, Namesake([]*x509.Certificate{root.Certificate, other.Certificate}, chain))
	assert.Nil(t, Namesake(nil, chain))
	once, err := testca.SelfSigned(testca.Leaf{CommonName: "renewed"}, nil)
	require.NoError(t, err)
	again, err := testca.SelfSigned(testca.Leaf{CommonName: "renewed", Signer: once.Key}, nil)
	require.NoError(t, err)
	assert.Nil(t, Namesake([]*x509.Certificate{once.Certificate}, []*x509.Certificate{again.Certificate}), "it has the same key")
}

func TestUses(t *testing.T) {
	const client, server = x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth
	for _, c := range []struct {
		certificate *x509.Certificate
		want        bool
	}{
		{&x509.Certificate{}, true},
		{&x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{server, client}}, true},
		{&x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}, true},
		{&x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{server}}, false},
		{&x509.Certificate{UnknownExtKeyUsage: []asn1.ObjectIdentifier{{1, 2, 3}}}, false},
	} {
		assert.Equal(t, c.want, AllowsUse(c.certificate, client), "%v", c.certificate.ExtKeyUsage)
	}
}

func TestWeakness(t *testing.T) {
	modulus := func(bits uint) *rsa.PublicKey { return &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), bits-1)} }
	for _, c := range []struct {
		certificate *x509.Certificate
		want        string
	}{
		{&x509.Certificate{PublicKey: modulus(2048)}, ""},
		{&x509.Certificate{PublicKey: modulus(2047)}, "RSA"},
		{&x509.Certificate{PublicKey: &ecdsa.PublicKey{Curve: elliptic.P224()}}, "elliptic curve"},
		{&x509.Certificate{PublicKey: &ecdsa.PublicKey{Curve: elliptic.P256()}}, ""},
		{&x509.Certificate{PublicKey: modulus(3072), SignatureAlgorithm: x509.SHA1WithRSA}, "hash"},
		{&x509.Certificate{SignatureAlgorithm: x509.SHA256WithRSA}, ""},
	} {
		if c.want == "" {
			assert.Empty(t, Weakness(c.certificate))
			continue
		}
		assert.Contains(t, Weakness(c.certificate), c.want)
	}
}

func TestPins(t *testing.T) {
	root, err := testca.New(testca.Options{})
	require.NoError(t, err)
	letters := sha256.Sum256([]byte("a sum"))
	slashes := Pin(bytes.Repeat([]byte{0xff}, sha256.Size)) // its base64 begins with "//"
	prefixed, err := base64.StdEncoding.DecodeString("sha256/" + strings.Repeat("A", 36) + "=")
	require.NoError(t, err)
	for _, sum := range []Pin{PinOf(root.Certificate), letters, slashes, Pin(prefixed)} {
		encoded := base64.StdEncoding.EncodeToString(sum[:])
		for _, text := range []string{hex.EncodeToString(sum[:]), strings.ToUpper(hex.EncodeToString(sum[:])), "sha256/" + hex.EncodeToString(sum[:]),
			encoded, "sha256//" + encoded, " sha256/" + encoded + "\n"} {
			pin, ok := ParsePin(text)
			assert.True(t, ok, text)
			assert.Equal(t, sum, pin, text)
		}
		for _, text := range []string{"", "00", "zz", "/" + encoded, "sha256///" + encoded, hex.EncodeToString(sum[:31]), hex.EncodeToString(append(sum[:], 0))} {
			_, ok := ParsePin(text)
			assert.False(t, ok, text)
		}
	}
}
