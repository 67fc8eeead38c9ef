package mtlshttp_test

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

func TestKeychainSources(t *testing.T) {
	alice := issue(t, newCA(t), mtlstest.Client{Name: "alice"})
	signer := alice.credential // its key is asked for by the certificate below
	dir := t.TempDir()
	write(t, dir, map[string][]byte{"c.pem": alice.certificate, "k.pem": alice.key, "a.p12": alice.p12, "password": []byte("secret\r\n"),
		"tls.crt": alice.certificate, "tls.key": alice.key, "ca.crt": alice.ca})
	t.Setenv("TEST_PASSWORD", "secret")
	t.Setenv("TEST_CERTIFICATE", strings.ReplaceAll(string(alice.certificate), "\n", `\n`))
	t.Setenv("TEST_KEY", string(alice.key))
	t.Setenv("TEST_P12", base64.StdEncoding.EncodeToString(alice.p12))
	mapped := fstest.MapFS{"secret/tls.crt": {Data: alice.certificate}, "secret/tls.key": {Data: alice.key}, "a.p12": {Data: alice.p12}}
	at := func(name string) string { return filepath.Join(dir, name) }
	key := keyOf(t, alice)

	for name, f := range map[string]mtlshttp.CredentialFiles{
		"one file":            {File: at("a.p12"), Password: []byte("secret")},
		"password in the env": {File: at("a.p12"), PasswordEnv: "TEST_PASSWORD"},
		"password in a file":  {Dir: dir, File: "a.p12", PasswordFile: "password"},
		"pair":                {Certificate: at("c.pem"), PrivateKey: at("k.pem")},
		"pair, swapped":       {Certificate: at("k.pem"), PrivateKey: at("c.pem")},
		"directory":           {Dir: dir},
		"environment":         {CertificateEnv: "TEST_CERTIFICATE", PrivateKeyEnv: "TEST_KEY"},
		"base64 in the env":   {FileEnv: "TEST_P12", PasswordEnv: "TEST_PASSWORD"},
		"file and env":        {Certificate: at("c.pem"), PrivateKeyEnv: "TEST_KEY"},
		"fs.FS":               {FS: mapped, Dir: "secret"},
		"fs.FS, one file":     {FS: mapped, File: "a.p12", Password: []byte("secret")},
		"signer": {Certificate: at("c.pem"), Signer: func(_ context.Context, leaf *x509.Certificate) (crypto.Signer, error) {
			if !leaf.Equal(signer.Leaf()) {
				return nil, errors.New("another certificate")
			}
			return key, nil
		}},
	} {
		t.Run(name, func(t *testing.T) {
			f.Origins, f.AllowAnonymous = []string{"b.test"}, true
			k := new(mtlshttp.Keychain)
			k.AddFiles("a", f)
			for range 2 { // the second from what is in force
				c, err := k.Credential(t.Context(), "a")
				require.NoError(t, err)
				assert.True(t, c.Leaf().Equal(alice.credential.Leaf()))
				assert.Equal(t, []string{"b.test"}, c.Origins)
				assert.True(t, c.AllowAnonymous)
			}
		})
	}
}

// keyOf opens the key, as one that is kept elsewhere would be.
func keyOf(t testing.TB, f files) crypto.Signer {
	t.Helper()
	block, _ := pem.Decode(f.key)
	require.NotNil(t, block)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	require.NoError(t, err)
	return key.(crypto.Signer)
}

func TestKeychainDirectoryHasRootsBesideTheCredential(t *testing.T) {
	ca := newCA(t)
	alice := issue(t, ca, mtlstest.Client{Name: "alice"})
	dir := t.TempDir()
	write(t, dir, map[string][]byte{"ca.crt": alice.ca})
	k := new(mtlshttp.Keychain)
	k.AddFiles("a", mtlshttp.CredentialFiles{Dir: dir})

	roots, err := k.Roots(t.Context(), "a")
	require.NoError(t, err)
	require.Len(t, roots, 1)
	assert.True(t, roots[0].Equal(ca.Roots().Certificates[0]))
	_, err = k.Credential(t.Context(), "a")
	assert.Equal(t, "no-key", failureOf(t, err).Reason, "roots alone are no credential")

	write(t, dir, map[string][]byte{"tls.crt": alice.certificate, "tls.key": alice.key})
	assert.Equal(t, "alice", nameOf(t, k))
	roots, err = k.Roots(t.Context(), "a")
	require.NoError(t, err)
	assert.Len(t, roots, 1)
}

func TestKeychainFaults(t *testing.T) {
	ca := newCA(t)
	alice, bob := issue(t, ca, mtlstest.Client{Name: "alice"}), issue(t, ca, mtlstest.Client{Name: "bob"})
	dir := t.TempDir()
	write(t, dir, map[string][]byte{"c.pem": alice.certificate, "k.pem": alice.key, "bob.pem": bob.key, "a.p12": alice.p12})
	require.NoError(t, os.WriteFile(filepath.Join(dir, "huge.pem"), make([]byte, 1<<20+1), 0o600))
	broken := errors.New("the token is locked")
	for name, c := range map[string]struct {
		files  mtlshttp.CredentialFiles
		reason string
	}{
		"public alone":      {mtlshttp.CredentialFiles{Dir: dir, Certificate: "c.pem"}, "no-key"},
		"key alone":         {mtlshttp.CredentialFiles{Dir: dir, PrivateKey: "k.pem"}, "no-certificate"},
		"another's key":     {mtlshttp.CredentialFiles{Dir: dir, Certificate: "c.pem", PrivateKey: "bob.pem"}, "key-mismatch"},
		"wrong password":    {mtlshttp.CredentialFiles{Dir: dir, File: "a.p12", Password: []byte("wrong")}, "wrong-password"},
		"no such file":      {mtlshttp.CredentialFiles{Dir: dir, File: "b.p12"}, "file"},
		"a directory":       {mtlshttp.CredentialFiles{File: dir}, "file"},
		"too large":         {mtlshttp.CredentialFiles{Dir: dir, File: "huge.pem"}, "credential-file"},
		"nothing mounted":   {mtlshttp.CredentialFiles{Dir: filepath.Join(dir, "empty")}, "no-credential"},
		"nothing named":     {mtlshttp.CredentialFiles{}, "no-credential"},
		"variable not set":  {mtlshttp.CredentialFiles{FileEnv: "TEST_IS_NOT_SET"}, "environment"},
		"signer of another": {mtlshttp.CredentialFiles{Dir: dir, Certificate: "c.pem", Signer: signerOf(keyOf(t, bob), nil)}, "key-mismatch"},
		"signer fails":      {mtlshttp.CredentialFiles{Dir: dir, Certificate: "c.pem", Signer: signerOf(nil, broken)}, "no-credential"},
		"signer has none":   {mtlshttp.CredentialFiles{Dir: dir, Certificate: "c.pem", Signer: signerOf(nil, nil)}, "no-key"},
	} {
		t.Run(name, func(t *testing.T) {
			k := new(mtlshttp.Keychain)
			k.AddFiles("a", c.files)
			for range 2 {
				_, err := k.Credential(t.Context(), "a")
				assert.Equal(t, c.reason, failureOf(t, err).Reason, "%v", err)
			}
		})
	}
}

func signerOf(s crypto.Signer, err error) func(context.Context, *x509.Certificate) (crypto.Signer, error) {
	return func(context.Context, *x509.Certificate) (crypto.Signer, error) { return s, err }
}

// No rendering shows a password or a variable's value.
func TestKeychainRenderingsHoldNoSecret(t *testing.T) {
	t.Setenv("TEST_SECRET", "hunter2")
	f := mtlshttp.CredentialFiles{File: "a.p12", Password: []byte("hunter2"), KeyPassword: []byte("hunter2"), PrivateKeyEnv: "TEST_SECRET"}
	k := &mtlshttp.Keychain{OnError: func(string, error) {}}
	k.AddFiles("a", f)
	k.AddFiles("b", mtlshttp.CredentialFiles{FileEnv: "TEST_SECRET"})
	_, err := k.Credential(t.Context(), "b")
	require.Error(t, err)
	for _, v := range []any{f, &f, k, err} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			text := fmt.Sprintf(verb, v)
			assert.NotContains(t, text, "hunter2", verb)
			assert.NotContains(t, text, fmt.Sprintf("%x", "hunter2"), verb)
			assert.NotContains(t, text, "104 117 110 116", verb)
		}
	}
	_, err = f.MarshalJSON()
	assert.Error(t, err)
}
