package testca

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"software.sslmate.com/src/go-pkcs12"
)

func chained(t *testing.T, kind KeyType) (*CA, *Pair) {
	t.Helper()
	root, err := New(Options{})
	require.NoError(t, err)
	ca, err := root.Intermediate(Options{})
	require.NoError(t, err)
	pair, err := ca.Issue(Leaf{Key: kind})
	require.NoError(t, err)
	return ca, pair
}

func TestPEM(t *testing.T) {
	for _, kind := range []KeyType{ECDSAP256, Ed25519, RSA2048} {
		ca, pair := chained(t, kind)
		key, err := pair.KeyPEM()
		require.NoError(t, err)
		loaded, err := tls.X509KeyPair(pair.CertificatePEM(), key)
		require.NoError(t, err)
		assert.Equal(t, pair.TLS().Certificate, loaded.Certificate)
		assert.True(t, pair.Key.(interface{ Equal(crypto.PrivateKey) bool }).Equal(loaded.PrivateKey))
		pool := x509.NewCertPool()
		assert.True(t, pool.AppendCertsFromPEM(ca.PEM()))
	}
}

func TestDER(t *testing.T) {
	_, pair := chained(t, ECDSAP256)
	cert, err := x509.ParseCertificate(pair.CertificateDER())
	require.NoError(t, err)
	assert.True(t, cert.Equal(pair.Certificate))
	der, err := pair.KeyDER()
	require.NoError(t, err)
	key, err := x509.ParsePKCS8PrivateKey(der)
	require.NoError(t, err)
	assert.True(t, pair.Key.(interface{ Equal(crypto.PrivateKey) bool }).Equal(key))
}

func TestKeyElsewhere(t *testing.T) {
	_, pair := chained(t, ECDSAP256)
	pair.Key = struct{ crypto.Signer }{pair.Key}
	_, err := pair.KeyDER()
	assert.Error(t, err)
	_, err = pair.KeyPEM()
	assert.Error(t, err)
	_, err = pair.PKCS12("secret", Modern)
	assert.Error(t, err)
}

func TestPKCS12(t *testing.T) {
	for _, profile := range []Profile{Modern, Legacy, RC2, PBMAC1} {
		ca, pair := chained(t, ECDSAP256)
		for _, password := range []string{"secret", "", "pässwörd"} {
			file, err := pair.PKCS12(password, profile)
			require.NoError(t, err, profile)
			key, leaf, chain, err := pkcs12.DecodeChain(file, password)
			require.NoError(t, err, profile)
			assert.True(t, pair.Key.(interface{ Equal(crypto.PrivateKey) bool }).Equal(key))
			assert.True(t, leaf.Equal(pair.Certificate))
			require.Len(t, chain, 1)
			assert.True(t, chain[0].Equal(ca.Certificate))
			_, _, _, err = pkcs12.DecodeChain(file, "wrong")
			assert.Error(t, err)
		}
		store, err := ca.PKCS12("secret", profile)
		require.NoError(t, err)
		certs, err := pkcs12.DecodeTrustStore(store, "secret")
		require.NoError(t, err)
		require.Len(t, certs, 1)
		assert.True(t, certs[0].Equal(ca.Certificate))
	}
	ca, pair := chained(t, ECDSAP256)
	_, err := pair.PKCS12("", "other")
	assert.Error(t, err)
	_, err = ca.PKCS12("", "other")
	assert.Error(t, err)
}

func TestOpenSSLReadsPKCS12(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		if os.Getenv("MTLSHTTP_INTEGRATION") != "" {
			t.Fatal("openssl is not installed")
		}
		t.Skip("openssl is not installed")
	}
	_, pair := chained(t, RSA2048)
	file, err := pair.PKCS12("secret", Modern)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "client.p12")
	require.NoError(t, os.WriteFile(path, file, 0o600))
	out, err := exec.Command(openssl, "pkcs12", "-in", path, "-passin", "pass:secret", "-nodes").Output()
	require.NoError(t, err)
	loaded, err := tls.X509KeyPair(out, out)
	require.NoError(t, err)
	assert.Len(t, loaded.Certificate, 2)
}
