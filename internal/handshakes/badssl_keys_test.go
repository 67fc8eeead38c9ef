package handshakes_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/testca"
)

// startOpenSSL runs s_server with further arguments until the test ends.
func startOpenSSL(t *testing.T, pair *testca.Pair, args ...string) (url string) {
	if os.Getenv("MTLSHTTP_INTEGRATION") == "" {
		t.Skip("integration: set MTLSHTTP_INTEGRATION=1")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "server.pem")
	key, err := pair.KeyPEM()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, append(pair.CertificatePEM(), key...), 0o600))
	return runOpenSSL(t, append([]string{"-cert", file, "-key", file}, args...)...)
}

func runOpenSSL(t *testing.T, args ...string) (url string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := listener.Addr().String()
	require.NoError(t, listener.Close())
	cmd := exec.Command("openssl", append([]string{"s_server", "-accept", addr, "-www", "-quiet"}, args...)...)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			conn.Close()
		}
		return err == nil
	}, 10*time.Second, 10*time.Millisecond)
	return "https://" + addr + "/"
}

// TLS-15: badssl's configurations rebuilt on loopback. What is bad fails closed,
// with its kind and its cause; what is not, works.
func TestBadSSLTable(t *testing.T) {
	b := newBadSSL(t)
	weak := b.settings["wildcard-rsa1024"]
	weak.want = badVerdict{mtlshttp.KindTLSHandshake, "server-cert-weak"}
	weak.serve = func(host string, c *tls.Config) {
		b.with(b.sub, testca.Leaf{Signer: longKey(t, 512)})(host, c)
		c.MaxVersion = tls.VersionTLS12
	}
	b.settings["wildcard-rsa512"] = weak
	list, err := b.sub.RevocationList()
	require.NoError(t, err)
	rows := [][2]string{ // the host's label, and what its server includes
		{"expired", "wildcard-expired"}, {"wrong.host", "wildcard-normal"}, {"self-signed", "wildcard-self-signed"},
		{"untrusted-root", "wildcard-untrusted-root"}, {"incomplete-chain", "wildcard-incomplete-chain"},
		{"no-subject", "subdomain-no-subject"}, {"no-common-name", "subdomain-no-common-name"}, {"no-san", "subdomain-no-san"},
		{"sha1-2017", "wildcard-sha1-2017"}, {"sha1-intermediate", "wildcard-sha1-intermediate"}, {"md5", "wildcard-md5"},
		{"rsa512", "wildcard-rsa512"}, {"rsa1024", "wildcard-rsa1024"}, {"name1", "subdomain-1000-sans"}, {"name9999", "subdomain-10000-sans"},
		{"reversed-chain", "subdomain-reversed-chain"}, {"client", "client-normal"}, {"client-cert-missing", "client-cert-missing"},
		{"tls-v1-0", "tls-v1-0"}, {"tls-v1-1", "tls-v1-1"}, {"tls-v1-2", "tls-v1-2"}, {"ssl-v3", "ssl-v3"}, {"ssl-v2", "ssl-v2"},
		{"rc4", "tls-rc4"}, {"rc4-md5", "tls-rc4-md5"}, {"3des", "tls-3des"}, {"null", "tls-null"}, {"cbc", "tls-cbc"},
		{"dh480", "tls-dh480"}, {"dh512", "tls-dh512"}, {"dh1024", "tls-dh1024"}, {"dh2048", "tls-dh2048"}, {"static-rsa", "tls-static-rsa"},
	}
	for _, row := range rows {
		setting, config := b.settings[row[1]], &tls.Config{MinVersion: tls.VersionTLS10}
		host := row[0] + "." + badDomain
		b.settings["wildcard-normal"].serve(host, config)
		if setting.serve != nil {
			setting.serve(host, config)
		}
		want, old := setting.want, oldAnswers[row[1]]
		switch {
		case strings.Contains(row[0], "."):
			want = badVerdict{mtlshttp.KindTLSServerCert, "server-name-mismatch"}
		case old != nil && want == (badVerdict{}):
			want = badVerdict{mtlshttp.KindTLSHandshake, "no-common-cipher"}
		}
		got := b.call(host, config, old, list)
		fmt.Printf("badssl: %-20s %s %s\n", row[0], got.kind, got.cause)
		assert.Equal(t, want, got, row[0])
	}
}

// The settings of badssl that crypto/tls has no server for, by OpenSSL's: each
// fails closed, and a key of 8192 bits works.
func TestBadSSLByOpenSSL(t *testing.T) {
	if os.Getenv("MTLSHTTP_INTEGRATION") == "" {
		t.Skip("integration: set MTLSHTTP_INTEGRATION=1")
	}
	b := newBench(t)
	pair, err := b.root.Issue(testca.Leaf{CommonName: "localhost", IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, Key: testca.RSA2048})
	require.NoError(t, err)
	dir := t.TempDir()
	// small makes a pair that Go would not: a key of a length, signed by the
	// bench's root.
	small := func(t *testing.T, bits string) []string {
		key, request, signed, ca := filepath.Join(dir, bits+".key"), filepath.Join(dir, bits+".csr"), filepath.Join(dir, bits+".pem"), filepath.Join(dir, "ca.pem")
		root, err := (&testca.Pair{Certificate: b.root.Certificate, Key: b.root.Key}).KeyPEM()
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(ca, append(b.root.PEM(), root...), 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "ext"), []byte("subjectAltName=IP:127.0.0.1\n"), 0o600))
		for _, args := range [][]string{
			{"req", "-new", "-newkey", "rsa:" + bits, "-nodes", "-keyout", key, "-out", request, "-subj", "/CN=localhost"},
			{"x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca, "-set_serial", "7", "-days", "2", "-extfile", filepath.Join(dir, "ext"), "-out", signed},
		} {
			out, err := exec.Command("openssl", args...).CombinedOutput()
			require.NoError(t, err, "%s", out)
		}
		return []string{"-cert", signed, "-key", key}
	}
	for _, c := range []struct {
		name, bits string
		args       []string
		kind       mtlshttp.Kind
		cause      string
	}{
		{"null", "", []string{"-tls1_2", "-cipher", "NULL:@SECLEVEL=0"}, mtlshttp.KindTLSHandshake, "no-common-cipher"},
		{"dh2048", "", []string{"-tls1_2", "-cipher", "kDHE"}, mtlshttp.KindTLSHandshake, "no-common-cipher"},
		{"static-rsa", "", []string{"-tls1_2", "-cipher", "kRSA"}, mtlshttp.KindTLSHandshake, "no-common-cipher"},
		{"tls-v1-0", "", []string{"-tls1", "-cipher", "ALL:@SECLEVEL=0"}, mtlshttp.KindTLSHandshake, "protocol-version"},
		{"rsa512", "512", []string{"-tls1_2", "-cipher", "ALL:@SECLEVEL=0"}, mtlshttp.KindTLSHandshake, "server-cert-weak"},
		{"rsa8192", "8192", nil, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := c.args
			url := ""
			if c.bits != "" {
				url = runOpenSSL(t, append(small(t, c.bits), args...)...)
			} else {
				url = startOpenSSL(t, pair, args...)
			}
			out := ask(t.Context(), c.name, &mtlshttp.Request{URL: url, Roots: b.roots(), Timeout: 10 * time.Second}, nil, false)
			if c.kind == "" {
				assert.Nil(t, out.err)
				return
			}
			require.NotNil(t, out.err)
			assert.Equal(t, c.kind, out.err.Kind, "%v", out)
			require.NotNil(t, out.diagnosis, "%v", out)
			assert.Equal(t, c.cause, out.diagnosis.Cause, "%v", out)
		})
	}
}

// The same as row TLS-09 of TestNothingFitsTheServersRequest, by a real server
// that demands a certificate and lists ECDSA alone.
func TestNoCommonSignatureScheme(t *testing.T) {
	b := newBench(t)
	server, err := b.root.Issue(testca.Leaf{CommonName: "localhost", IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, Key: testca.RSA2048})
	require.NoError(t, err)
	client, err := b.root.Issue(testca.Leaf{CommonName: "client", Key: testca.Ed25519})
	require.NoError(t, err)
	trusted := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(trusted, b.root.PEM(), 0o600))
	url := startOpenSSL(t, server, "-Verify", "5", "-verify_return_error", "-CAfile", trusted, "-client_sigalgs", "ECDSA+SHA256")
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, anonymous := range []bool{false, true} {
			credential, err := mtlshttp.NewCredential(client.Key, []*x509.Certificate{client.Certificate}...)
			require.NoError(t, err)
			credential.AllowAnonymous = anonymous
			out := ask(t.Context(), tls.VersionName(version), &mtlshttp.Request{URL: url, Roots: b.roots(), Identity: credential,
				Protocol: mtlshttp.Protocol{MinTLS: version, MaxTLS: version}, Timeout: 10 * time.Second}, nil, false)
			require.NotNil(t, out.err)
			assert.Equal(t, mtlshttp.KindTLSClientCert, out.err.Kind, "%v", out)
			require.NotNil(t, out.diagnosis)
			assert.Equal(t, "client-cert-withheld", out.diagnosis.Cause)
			assert.Equal(t, "certain", out.diagnosis.Confidence)
			assert.Equal(t, "no-common-signature-scheme", out.err.Receipt().ClientCertificate.Withheld[0].Reason)
		}
	}
}
