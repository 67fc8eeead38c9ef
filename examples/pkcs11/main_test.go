package main

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/ThalesGroup/crypto11"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

const pin = "98765432"

// startToken makes a token of SoftHSM below the test's folder.
func startToken(t *testing.T) (module string, opened *token) {
	t.Helper()
	if os.Getenv("MTLSHTTP_INTEGRATION") == "" {
		t.Skip("needs SoftHSM; set MTLSHTTP_INTEGRATION=1")
	}
	dir := t.TempDir()
	configuration := filepath.Join(dir, "softhsm2.conf")
	require.NoError(t, os.WriteFile(configuration, fmt.Appendf(nil, "directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n", dir), 0o600))
	t.Setenv("SOFTHSM2_CONF", configuration)
	out, err := exec.Command("softhsm2-util", "--init-token", "--free", "--label", "test", "--pin", pin, "--so-pin", pin).CombinedOutput()
	require.NoError(t, err, "%s", out)
	paths, err := filepath.Glob("/usr/lib/*/softhsm/libsofthsm2.so")
	require.NoError(t, err)
	for _, path := range append([]string{"/usr/lib/softhsm/libsofthsm2.so"}, paths...) {
		if _, err := os.Stat(path); err == nil {
			module = path
		}
	}
	require.NotEmpty(t, module, "libsofthsm2.so")
	opened, err = openToken(module, "test", pin)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, opened.Close()) })
	return module, opened
}

// authority signs certificates for keys that it never sees.
type authority struct {
	certificate *x509.Certificate
	key         crypto.Signer
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	a := &authority{key: key}
	a.certificate = a.sign(t, "token CA", key.Public())
	return a
}

func (a *authority) sign(t *testing.T, name string, public crypto.PublicKey) *x509.Certificate {
	t.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(90 * 24 * time.Hour), BasicConstraintsValid: true, IsCA: a.certificate == nil,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	parent := a.certificate
	if parent == nil {
		parent, template.ExtKeyUsage = template, nil
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, a.key)
	require.NoError(t, err)
	c, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return c
}

func TestKeyInAToken(t *testing.T) {
	module, opened := startToken(t)
	keys := map[string]func(id, label []byte) (crypto11.Signer, error){
		"EC": func(id, label []byte) (crypto11.Signer, error) {
			return opened.GenerateECDSAKeyPairWithLabel(id, label, elliptic.P256())
		},
		"RSA": func(id, label []byte) (crypto11.Signer, error) {
			return opened.GenerateRSAKeyPairWithLabel(id, label, 2048)
		},
	}
	signers := map[string]crypto11.Signer{}
	for name, generate := range keys {
		key, err := generate([]byte(name), []byte(name))
		require.NoError(t, err)
		signers[name] = key
	}
	server, err := mtlstest.NewCA()
	require.NoError(t, err)
	config, err := server.ServerConfig()
	require.NoError(t, err)
	clients := newAuthority(t)
	config.ClientCAs.AddCert(clients.certificate)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.TLS.PeerCertificates[0].Subject.CommonName)
	}))
	srv.TLS = config
	srv.StartTLS()
	t.Cleanup(srv.Close)

	dir := t.TempDir()
	file := filepath.Join(dir, "client.pem")
	write := func(c *x509.Certificate) {
		require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}), 0o600))
	}
	keychain := new(mtlshttp.Keychain)
	keychain.AddFiles("token", mtlshttp.CredentialFiles{Certificate: file, Signer: opened.signer})
	executor := &mtlshttp.Executor{Credentials: keychain}
	t.Cleanup(func() { assert.NoError(t, executor.Close()) })

	for name, signer := range signers {
		write(clients.sign(t, name, signer.Public())) // replaces the one before
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			t.Run(fmt.Sprintf("%s, %s", name, tls.VersionName(version)), func(t *testing.T) {
				resp, err := executor.Do(t.Context(), &mtlshttp.Request{URL: srv.URL, Credentials: "token", Roots: server.Roots(),
					Protocol: mtlshttp.Protocol{MinTLS: version, MaxTLS: version}})
				require.NoError(t, err)
				assert.Equal(t, name, resp.Data)
			})
		}
	}

	t.Run("a certificate whose key is elsewhere", func(t *testing.T) {
		other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		require.NoError(t, err)
		_, err = opened.signer(t.Context(), clients.sign(t, "other", other.Public()))
		assert.ErrorContains(t, err, "none of the token's 2 keys")
	})

	t.Run("the program", func(t *testing.T) {
		t.Setenv("PKCS11_PIN", pin)
		write(clients.sign(t, "EC", signers["EC"].Public()))
		ca := filepath.Join(dir, "ca.pem")
		require.NoError(t, os.WriteFile(ca, server.PEM(), 0o600))
		var out, diagnostics bytes.Buffer
		require.NoError(t, run(t.Context(), []string{"-module", module, "-token", "test", "-certificate", file, "-ca", ca, srv.URL}, &out, &diagnostics))
		var bundle struct{ Data string }
		require.NoError(t, json.Unmarshal(out.Bytes(), &bundle))
		assert.Equal(t, "EC", bundle.Data)
		assert.Empty(t, diagnostics.String())
	})
}

func TestUsage(t *testing.T) {
	var out, diagnostics bytes.Buffer
	assert.Error(t, run(t.Context(), []string{"-token", "test"}, &out, &diagnostics))
	assert.Contains(t, diagnostics.String(), "usage: pkcs11")
	err := run(t.Context(), []string{"-module", "/is/not/there.so", "-token", "test", "-certificate", "c.pem", "https://a.test"}, &out, &diagnostics)
	assert.ErrorContains(t, err, "/is/not/there.so")
	assert.Empty(t, out.String())
}
