// Package enginetest is what the tests of the workflow engines' examples have in
// common: a service that does each order once by its key, the files that a worker
// is configured by, workers that are processes and can be killed, and a search
// for secrets in what an engine has stored.
package enginetest

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/examples/internal/step"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// Secrets that only workers know, and what comes back.
const (
	filePassword    = "canary-password-of-the-p12"
	token           = "Bearer canary-bearer-token"
	accountPassword = "canary-password-of-the-account"
	cookie          = "canary-session-cookie"
	answer          = "canary-of-the-answer"
)

// Customer is the name in the client's certificate.
const Customer = "the bank's customer"

// World is a service that demands client certificates, and a worker's files.
type World struct {
	Service *mtlstest.Server
	Keys    *step.Keyring
	Dir     string // with the files; its folder store is for bodies
	// Known are secrets that only workers know, by what they are; Carried is
	// what goes from one request to the next.
	Known, Carried map[string][]byte
}

// NewWorld makes one.
func NewWorld(t testing.TB, handle http.Handler) *World {
	t.Helper()
	w := &World{Dir: t.TempDir(), Service: mtlstest.NewServer(t, handle)}
	p12, key := client(t, w.Service.CA)
	sealing := make([]byte, 32)
	_, _ = rand.Read(sealing) // which never fails
	keyring := []byte(`{"current": "2026", "keys": {"2026": "` + base64.StdEncoding.EncodeToString(sealing) + `"}}`)
	var err error
	if w.Keys, err = step.ReadKeyring(keyring); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"client.p12":      p12,
		"ca.pem":          w.Service.CA.PEM(),
		"keychain.json":   []byte(`{"bank": {"file": "client.p12", "password": "` + filePassword + `"}, "ca": {"ca": "ca.pem"}}`),
		"keyring.json":    keyring,
		"secrets/token":   []byte(token + "\n"),
		"secrets/account": []byte(accountPassword + "\n"),
		"store/.keep":     nil,
	} {
		name = filepath.Join(w.Dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w.Known = map[string][]byte{
		"the file's password": []byte(filePassword), "the token": []byte(token), "the account's password": []byte(accountPassword),
		"the private key": key, "the sealing key": sealing,
	}
	w.Carried = map[string][]byte{"the cookie": []byte(cookie), "the answer": []byte(answer)}
	return w
}

// client is a client's file, and its private key.
func client(t testing.TB, ca *mtlstest.CA) (p12, key []byte) {
	t.Helper()
	id, err := ca.Issue(mtlstest.Client{Name: Customer})
	if err != nil {
		t.Fatal(err)
	}
	if p12, err = id.PKCS12(filePassword); err != nil {
		t.Fatal(err)
	}
	_, text, err := id.PEM()
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if key, err = parsed.(*ecdsa.PrivateKey).Bytes(); err != nil {
		t.Fatal(err)
	}
	return p12, key
}

// Step is a request as somebody makes it who knows names alone.
func (w *World) Step(t testing.TB, method, path string) step.Step {
	t.Helper()
	s, err := step.New(&mtlshttp.Request{Method: method, URL: w.Service.URL + path, Credentials: "bank", ShareCookies: true, StatusErrors: true,
		Parse: true, RequireClientCertificate: true, Roots: mtlshttp.Roots{Name: "ca", Only: true}})
	if err != nil {
		t.Fatal(err)
	}
	s.Secrets = map[string]string{"X-Token": "token"}
	s.Auth = &step.Auth{User: "customer", Password: "account"}
	return s
}

// Flags are those of a worker's program that say where its files are.
func (w *World) Flags() []string {
	return []string{"-egress", "any", "-keychain", filepath.Join(w.Dir, "keychain.json"), "-seal", filepath.Join(w.Dir, "keyring.json"),
		"-secrets", filepath.Join(w.Dir, "secrets"), "-store", filepath.Join(w.Dir, "store")}
}
