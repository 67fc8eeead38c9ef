package conformance_test

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// anyName is a keychain that has one credential under every name.
type anyName struct{ credential *mtlshttp.Credential }

func (a anyName) Credential(context.Context, string) (*mtlshttp.Credential, error) {
	return a.credential, nil
}

// Our own blueprints use mutual TLS, which no public export does. Each of their
// modules that says so is run against a server that demands a certificate.
func TestOurBlueprintsRun(t *testing.T) {
	files, err := filepath.Glob("../blueprint/testdata/*.json")
	require.NoError(t, err)
	srv := mtlstest.NewServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"client":"` + r.TLS.PeerCertificates[0].Subject.CommonName + `"}`))
	}))
	e := &mtlshttp.Executor{Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, srv.Listener.Addr().String())
	}}
	defer e.Close()
	session := &mtlshttp.Session{Executor: e, Credentials: anyName{srv.Credential}, Platform: "platform", Jar: new(mtlshttp.Jar)}
	resolve := func(context.Context, string, string) (any, error) { return "1", nil }
	scenarios, ran := 0, 0
	for _, file := range files {
		export, err := os.ReadFile(file)
		require.NoError(t, err)
		scenario, err := mtlshttp.ImportScenario(t.Context(), export, resolve)
		if err != nil {
			continue // a golden file beside them
		}
		scenarios++
		for _, m := range scenario.Modules {
			if m.Request == nil || m.Request.Credentials == "" && !m.Request.UseMutualTLS {
				continue
			}
			r := *m.Request
			// The names and authorities are other people's; the identity is what is run.
			r.Roots, r.Verify = srv.CA.Roots(), mtlshttp.Verify{SkipName: true}
			resp, err := session.Do(t.Context(), &r)
			require.NoError(t, err, "%s: %s", file, m)
			assert.Equal(t, 200, resp.StatusCode, "%s: %s", file, m)
			require.NotNil(t, resp.Receipt, "%s: %s", file, m)
			assert.NotNil(t, resp.Receipt.ClientCertificate.Presented, "%s: %s", file, m)
			ran++
		}
	}
	assert.GreaterOrEqual(t, scenarios, 12)
	assert.GreaterOrEqual(t, ran, 12)
	t.Logf("%d scenarios, %d modules with mutual TLS run", scenarios, ran)
}
