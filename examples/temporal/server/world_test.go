//go:build temporalserver

package server

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/server/temporaltest"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/examples/internal/step"
	"github.com/mtlshttp/mtlshttp/examples/temporal/httpactivity"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// What must be in no history. The first four are in files that only workers read.
const (
	canaryFile    = "canary-password-of-the-p12"
	canaryToken   = "canary-bearer-token"
	canaryAccount = "canary-password-of-the-account"
	canaryCookie  = "canary-session-cookie"
	canaryAnswer  = "canary-of-the-answer"
)

const queue = "requests"

// world is a Temporal server, a service that demands client certificates, and the
// files that a worker is configured by.
type world struct {
	temporal *temporaltest.TestServer
	client   client.Client
	service  *mtlstest.Server
	keys     *step.Keyring
	key      []byte // the client's private key
	sealing  []byte // the key of the history
	dir      string
}

func newWorld(t *testing.T, handle http.Handler) *world {
	t.Helper()
	w := &world{dir: t.TempDir(), service: mtlstest.NewServer(t, handle)}
	id, err := w.service.CA.Issue(mtlstest.Client{Name: "the bank's customer"})
	require.NoError(t, err)
	p12, err := id.PKCS12(canaryFile)
	require.NoError(t, err)
	_, pemKey, err := id.PEM()
	require.NoError(t, err)
	block, _ := pem.Decode(pemKey)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	require.NoError(t, err)
	w.key, err = key.(*ecdsa.PrivateKey).Bytes()
	require.NoError(t, err)
	w.sealing = make([]byte, 32)
	_, err = rand.Read(w.sealing)
	require.NoError(t, err)
	keyring := []byte(`{"current": "2026", "keys": {"2026": "` + base64.StdEncoding.EncodeToString(w.sealing) + `"}}`)
	w.keys, err = step.ReadKeyring(keyring)
	require.NoError(t, err)
	for name, content := range map[string][]byte{
		"client.p12":       p12,
		"ca.pem":           w.service.CA.PEM(),
		"keychain.json":    []byte(`{"bank": {"file": "client.p12", "password": "` + canaryFile + `"}, "ca": {"ca": "ca.pem"}}`),
		"keyring.json":     keyring,
		"secrets/token":    []byte("Bearer " + canaryToken + "\n"),
		"secrets/account":  []byte(canaryAccount + "\n"),
		"store/.gitignore": nil,
	} {
		name = filepath.Join(w.dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o700))
		require.NoError(t, os.WriteFile(name, content, 0o600))
	}
	w.temporal = temporaltest.NewServer(temporaltest.WithT(t))
	data, failures := httpactivity.Converters(w.keys)
	w.client = w.temporal.NewClientWithOptions(client.Options{DataConverter: data, FailureConverter: failures})
	return w
}

// step is a request as a client makes it: with names.
func (w *world) step(t *testing.T, method, path string) step.Step {
	t.Helper()
	s, err := step.New(&mtlshttp.Request{Method: method, URL: w.service.URL + path, Credentials: "bank", ShareCookies: true, StatusErrors: true,
		Parse: true, RequireClientCertificate: true, Roots: mtlshttp.Roots{Name: "ca", Only: true}})
	require.NoError(t, err)
	s.Secrets = map[string]string{"X-Token": "token"}
	s.Auth = &step.Auth{User: "customer", Password: "account"}
	return s
}

// buildWorker builds the example's own program.
func buildWorker(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "worker")
	out, err := exec.Command("go", "build", "-o", program, "github.com/mtlshttp/mtlshttp/examples/temporal").CombinedOutput()
	require.NoError(t, err, "%s", out)
	return program
}

// process is a worker of its own.
type process struct {
	*exec.Cmd
	said  bytes.Buffer
	ended chan struct{}
}

// startWorker starts the program as a worker, and ends it with the test.
func (w *world) startWorker(t *testing.T, program string) *process {
	t.Helper()
	p := &process{ended: make(chan struct{})}
	p.Cmd = exec.Command(program, "-address", w.temporal.GetFrontendHostPort(), "-namespace", w.temporal.GetDefaultNamespace(),
		"-queue", queue, "-egress", "any", "-keychain", filepath.Join(w.dir, "keychain.json"), "-seal", filepath.Join(w.dir, "keyring.json"),
		"-secrets", filepath.Join(w.dir, "secrets"), "-store", filepath.Join(w.dir, "store"))
	p.Stdout, p.Stderr = &p.said, &p.said
	require.NoError(t, p.Start())
	go func() {
		_ = p.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("worker %d said:\n%s", p.Process.Pid, p.said.String())
		}
		for _, canary := range []string{canaryFile, canaryToken, canaryAccount, canaryCookie} {
			assert.NotContains(t, p.said.String(), canary)
		}
	})
	return p
}

// kill ends the process by its id, as a machine that is lost, and waits for it.
func (p *process) kill() {
	_ = p.Process.Kill()
	<-p.ended
}

func dataOf(t *testing.T, bundle json.RawMessage, v any) {
	t.Helper()
	var b struct{ Data json.RawMessage }
	require.NoError(t, json.Unmarshal(bundle, &b))
	require.NoError(t, json.Unmarshal(b.Data, v), "%s", bundle)
}
