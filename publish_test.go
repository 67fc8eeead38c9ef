package mtlshttp_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

func TestReport(t *testing.T) {
	alice := issue(t, newCA(t), mtlstest.Client{Name: "alice, of \"Ö\"", Intermediate: true})
	leaf := alice.credential.Leaf()
	r := alice.credential.Report()
	assert.Equal(t, `CN=alice\, of \"Ö\"`, r.Subject)
	assert.Equal(t, "CN=mtlstest intermediate CA", r.Issuer)
	assert.Equal(t, leaf.SerialNumber.String(), r.SerialDec)
	serial, err := hex.DecodeString(r.Serial)
	require.NoError(t, err)
	assert.Equal(t, leaf.SerialNumber.Bytes(), serial)
	assert.Len(t, r.SHA1, 40)
	sum, err := hex.DecodeString(r.SHA256)
	require.NoError(t, err)
	assert.Equal(t, base64.RawURLEncoding.EncodeToString(sum), r.X5TS256)
	assert.Equal(t, "EC P-256", r.PublicKey)
	require.Len(t, r.Chain, 1)
	assert.Equal(t, r.Issuer, r.Chain[0].Subject)
	assert.Equal(t, string(alice.certificate), r.PEM)
	assert.Equal(t, "UTC", r.NotAfter.Location().String())
	text := r.String()
	for _, part := range []string{r.Subject, r.Serial, r.SerialDec, r.SHA1, r.SHA256, r.X5TS256, r.PEM, r.NotAfter.Format("2006-01-02 15:04:05") + " UTC"} {
		assert.Contains(t, text, part)
	}
	assert.Nil(t, new(mtlshttp.Credential).Report())
}

// What openssl says of the same certificate, where it is there.
func TestReportAsOpenSSLSaysIt(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil && os.Getenv("MTLSHTTP_INTEGRATION") == "" {
		if os.Getenv("MTLSHTTP_INTEGRATION") != "" {
			t.Fatal("openssl is not installed")
		}
		t.Skip("openssl is not installed")
	}
	require.NoError(t, err)
	alice := issue(t, newCA(t), mtlstest.Client{Name: "alice"})
	dir := t.TempDir()
	write(t, dir, map[string][]byte{"c.pem": alice.certificate})
	out, err := exec.Command(openssl, "x509", "-in", filepath.Join(dir, "c.pem"), "-noout", "-nameopt", "rfc2253",
		"-subject", "-issuer", "-serial", "-fingerprint", "-sha1").Output()
	require.NoError(t, err)
	said := strings.ReplaceAll(strings.ToLower(string(out)), ":", "")
	r := alice.credential.Report()
	for _, part := range []string{"subject=" + r.Subject, "issuer=" + r.Issuer, "serial=" + r.Serial, "fingerprint=" + r.SHA1} {
		assert.Contains(t, said, strings.ToLower(part))
	}
}

func ExampleCredential_Report() {
	_, file, _, stop := bank()
	defer stop()
	credential := must(must(mtlshttp.Extract(context.Background(), file, &mtlshttp.ExtractOptions{Password: []byte("secret")})).Credential())
	report := credential.Report()
	fmt.Println(report.Subject, "issued by", report.Issuer, "for a key of", report.PublicKey)
	fmt.Println(len(report.SHA1), len(report.SHA256), len(report.X5TS256))
	// Output:
	// CN=alice issued by CN=mtlstest CA for a key of EC P-256
	// 40 64 43
}
