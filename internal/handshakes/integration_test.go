package handshakes_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/realserver"
	"github.com/mtlshttp/mtlshttp/internal/testca"
)

// testbed is an authority with a certificate for a server on loopback.
type testbed struct {
	ca     *testca.CA
	config realserver.Config
}

func newTestbed(t *testing.T) testbed {
	ca, err := testca.New(testca.Options{CommonName: "testbed CA"})
	require.NoError(t, err)
	server, err := ca.Issue(testca.Leaf{CommonName: "localhost", DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	require.NoError(t, err)
	key, err := server.KeyPEM()
	require.NoError(t, err)
	return testbed{ca, realserver.Config{Certificate: server.CertificatePEM(), Key: key, ClientCAs: ca.PEM(), Demand: realserver.DemandRequire}}
}

func (b testbed) roots() mtlshttp.Roots {
	return mtlshttp.Roots{Certificates: []*x509.Certificate{b.ca.Certificate}, Only: true}
}

// p12 is a client's file as the real openssl writes it.
func (b testbed) p12(t *testing.T, name, password string) []byte {
	pair, err := b.ca.Issue(testca.Leaf{CommonName: name, Usages: testca.ClientAuth})
	require.NoError(t, err)
	key, err := pair.KeyPEM()
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "pair.pem"), append(key, pair.CertificatePEM()...), 0o600))
	file := filepath.Join(dir, "client.p12")
	out, err := exec.Command("openssl", "pkcs12", "-export", "-in", filepath.Join(dir, "pair.pem"), "-out", file, "-passout", "pass:"+password).CombinedOutput()
	require.NoError(t, err, "%s", out)
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	return data
}

func (b testbed) credential(t *testing.T, name string) *mtlshttp.Credential {
	inventory, err := mtlshttp.Extract(t.Context(), b.p12(t, name, "secret"), &mtlshttp.ExtractOptions{Password: []byte("secret")})
	require.NoError(t, err)
	credential, err := inventory.Credential()
	require.NoError(t, err)
	return credential
}

// The main job against real nginx: a P12 that openssl wrote is let in, and
// nginx's own log names its subject; without it the bundle is nginx's 400, and
// receipt and diagnosis say why.
func TestIntegrationNginx(t *testing.T) {
	bed := newTestbed(t)
	srv := realserver.Start(t, realserver.Nginx, bed.config)
	alice := bed.credential(t, "alice of nginx")
	for version, protocol := range map[string]mtlshttp.Protocol{"TLS 1.2": {MaxTLS: tls.VersionTLS12}, "TLS 1.3": {MinTLS: tls.VersionTLS13}} {
		t.Run(version, func(t *testing.T) {
			e := newExecutor(t)
			r := &mtlshttp.Request{URL: srv.URL + "/", Identity: alice, Roots: bed.roots(), Protocol: protocol}
			resp, err := e.Do(t.Context(), r)
			require.NoError(t, err)
			assert.Equal(t, 200, resp.StatusCode)
			assert.Equal(t, "CN=alice of nginx", resp.Receipt.ClientCertificate.Presented.Subject)
			srv.WaitLog(t, "CN=alice of nginx")

			r.Identity = nil
			resp, err = e.Do(t.Context(), r)
			require.NoError(t, err)
			assert.Equal(t, 400, resp.StatusCode)
			assert.True(t, resp.Receipt.ClientCertificate.Requested)
			assert.Nil(t, resp.Receipt.ClientCertificate.Presented)
			require.NotNil(t, resp.Diagnosis)
			assert.Equal(t, "client-cert-missing", resp.Diagnosis.Cause)
			assert.Equal(t, "high", resp.Diagnosis.Confidence)
		})
	}
}

// openssl s_server refuses by alert, and in TLS 1.3 only after the handshake:
// every try names the cause.
func TestIntegrationOpenSSLNamesTheCauseEveryTime(t *testing.T) {
	bed := newTestbed(t)
	srv := realserver.Start(t, realserver.OpenSSL, bed.config)
	alice := bed.credential(t, "alice of openssl")
	const tries = 200
	for version, protocol := range map[string]mtlshttp.Protocol{"TLS 1.2": {MaxTLS: tls.VersionTLS12}, "TLS 1.3": {MinTLS: tls.VersionTLS13}} {
		t.Run(version, func(t *testing.T) {
			e := newExecutor(t)
			r := &mtlshttp.Request{URL: srv.URL + "/", Identity: alice, Roots: bed.roots(), Protocol: protocol}
			resp, err := e.Do(t.Context(), r)
			require.NoError(t, err)
			assert.Equal(t, 200, resp.StatusCode)

			r.Identity = nil
			named := 0
			for range tries {
				_, err := e.Do(t.Context(), r)
				f := failureOf(t, err)
				if f.Diagnosis != nil && f.Diagnosis.Cause == "client-cert-missing" && f.Kind == mtlshttp.KindTLSClientCert {
					named++
				} else {
					t.Log(err)
				}
			}
			fmt.Printf("openssl s_server, %s: client-cert-missing named in %d of %d\n", version, named, tries)
			assert.Equal(t, tries, named)
		})
	}
}
