package mtlshttp_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

func TestReadKeychain(t *testing.T) {
	alice := issue(t, newCA(t), mtlstest.Client{Name: "alice"})
	dir := t.TempDir()
	write(t, dir, map[string][]byte{"c.pem": alice.certificate, "k.pem": alice.key, "a.p12": alice.p12, "ca.pem": alice.ca,
		"tls.crt": alice.certificate, "tls.key": alice.key, "password": []byte("secret\n")})
	t.Setenv("TEST_P12", base64.StdEncoding.EncodeToString(alice.p12))
	k, err := mtlshttp.ReadKeychain([]byte(`{
		"file": {"file": "a.p12", "password": "secret", "origins": ["*.bank.example"]},
		"pair": {"certificate": "c.pem", "privateKey": "k.pem"},
		"mounted": {"dir": "."},
		"variable": {"fileEnv": "TEST_P12", "passwordFile": "password"},
		"public": {"certificate": "c.pem"},
		"roots": {"ca": "ca.pem"},
		"eu": {"platform": {"current": "file", "next": "pair", "nextFor": ["api.bank.example"]}}
	}`), dir)
	require.NoError(t, err)
	assert.Equal(t, []string{"eu", "file", "mounted", "pair", "public", "roots", "variable"}, k.Names())
	for _, name := range []string{"file", "pair", "mounted", "variable", "eu"} {
		c, err := k.Credential(t.Context(), name)
		require.NoError(t, err, name)
		assert.Equal(t, "alice", c.Leaf().Subject.CommonName, name)
	}
	_, err = k.Roots(t.Context(), "roots")
	require.NoError(t, err)
	_, err = k.Credential(t.Context(), "public")
	assert.Equal(t, "no-key", failureOf(t, err).Reason)

	for _, document := range []string{
		`[]`, `{"a": {}}`, `{"a": {"privateKey": "hunter2"}}`, `{"a": {"file": "x", "pasword": "hunter2"}}`,
		`{"a": {"file": 1, "password": "hunter2"}}`, `{"a": {"platform": {}}}`, `{"a": {"platform": {"current": "b"}, "file": "x"}}`,
		`{"a": {"platform": {"current": "b", "nextFor": ["x"]}}}`, `{"a": {"platform": {"current": "a"}}}`,
		`{"a": {"platform": {"current": "b", "next": "c", "nextFor": ["*"]}}}`, `{"a": {"platform": {"Current": "b"}}}`,
		`{"a": {"FILE": "x"}}`, `{"a": {"file": "x", "onlyifacceptable": true}}`, `{"a": null}`, `{"a": {"password": hunter2}}`,
	} {
		_, err := mtlshttp.ReadKeychain([]byte(document), dir)
		f := failureOf(t, err)
		assert.Equal(t, mtlshttp.KindConfig, f.Kind, document)
		assert.NotContains(t, fmt.Sprintf("%v %+v", err, err), "hunter2")
	}
}

// What is there twice, or beside what stands for the same, is a mistake that
// would let one of them win in silence.
func TestReadKeychainRefusesDoubles(t *testing.T) {
	for document, field := range map[string]string{
		`{"a": {"file": "x"}, "a": {"file": "hunter2"}}`:                       "keychain.a",
		`{"a": {"file": "x", "alias": "hunter2", "alias": "y"}}`:               "keychain.a.alias",
		`{"a": {"platform": {"current": "b", "current": "hunter2"}}}`:          "keychain.a.platform.current",
		`{"a": {"file": "x", "password": "hunter2", "passwordEnv": "X"}}`:      "keychain.a",
		`{"a": {"file": "x", "password": "", "passwordFile": "x"}}`:            "keychain.a",
		`{"a": {"file": "x", "certificate": "c.pem", "privateKey": "k.pem"}}`:  "keychain.a",
		`{"a": {"file": "x", "privateKey": "k.pem"}}`:                          "keychain.a",
		`{"a": {"certificate": "c.pem", "certificateEnv": "C", "file": null}}`: "keychain.a",
	} {
		_, err := mtlshttp.ReadKeychain([]byte(document), "")
		f := failureOf(t, err)
		assert.Equal(t, mtlshttp.KindConfig, f.Kind, document)
		assert.Equal(t, field, f.Field, document)
		assert.NotContains(t, err.Error(), "hunter2")
	}
	k, err := mtlshttp.ReadKeychain([]byte("\ufeff"+`{"b": {"certificate": "c.pem", "privateKey": "k.pem", "file": "", "ca": "roots.pem", "passwordEnv": null}, "a": {"dir": "x"}}`), "")
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "b"}, k.Names())
}

// The keychains of the operators' guide are ones.
func TestRotationGuide(t *testing.T) {
	guide, err := os.ReadFile("docs/rotation.md")
	require.NoError(t, err)
	blocks := strings.Split(string(guide), "```json\n")[1:]
	require.NotEmpty(t, blocks)
	for _, block := range blocks {
		document, _, _ := strings.Cut(block, "```")
		k, err := mtlshttp.ReadKeychain([]byte(document), "")
		require.NoError(t, err, document)
		assert.NotEmpty(t, k.Names())
	}
}
