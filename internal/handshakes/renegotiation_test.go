package handshakes_test

import (
	"crypto/tls"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/realserver"
)

// A real Apache that demands the certificate for one directory: it is let in by
// renegotiation where that is allowed, and named where it is not.
func TestIntegrationApachePerDirectory(t *testing.T) {
	if os.Getenv("MTLSHTTP_INTEGRATION") == "" {
		t.Skip("integration: set MTLSHTTP_INTEGRATION=1")
	}
	b := newBench(t)
	config := b.server("", realserver.DemandPerPath)
	config.MinVersion, config.MaxVersion, config.HTTP2 = tls.VersionTLS12, tls.VersionTLS13, true
	srv := realserver.Start(t, realserver.Apache, config)
	client := b.situations[1].credential
	request := func(path string) *mtlshttp.Request {
		return &mtlshttp.Request{URL: srv.URL + path, Identity: client, Roots: b.roots(), Protocol: mtlshttp.Protocol{Renegotiate: true}}
	}
	t.Run("allowed", func(t *testing.T) {
		e := newExecutor(t)
		// A page that needs none first: what the connection had shown is not
		// all that it shows.
		resp, err := e.Do(t.Context(), request("/"))
		require.NoError(t, err)
		assert.Nil(t, resp.Receipt.ClientCertificate.Presented)
		assert.True(t, hasWarning(resp.Receipt, "client-cert-not-requested"))
		for range 3 {
			resp, err := e.Do(t.Context(), request(realserver.ProtectedPath))
			require.NoError(t, err)
			assert.Equal(t, 200, resp.StatusCode)
			assert.Nil(t, resp.Diagnosis)
			assert.True(t, resp.Receipt.Reused)
			assert.Equal(t, "1.2", resp.Receipt.TLSVersion)
			assert.True(t, resp.Receipt.ClientCertificate.Requested)
			require.NotNil(t, resp.Receipt.ClientCertificate.Presented)
			assert.Equal(t, "CN=client", resp.Receipt.ClientCertificate.Presented.Subject)
			assert.False(t, hasWarning(resp.Receipt, "client-cert-not-requested"))
		}
		seen := srv.Requests()
		assert.Equal(t, []string{"", "CN=client", "CN=client", "CN=client"}, []string{seen[0].Subject, seen[1].Subject, seen[2].Subject, seen[3].Subject})

		post := request(realserver.ProtectedPath)
		post.Method, post.Body = "POST", mtlshttp.Text("text/plain", "payment")
		resp, err = newExecutor(t).Do(t.Context(), post)
		require.NoError(t, err)
		assert.Equal(t, 200, resp.StatusCode)
		seen = srv.Requests()
		assert.Equal(t, realserver.Request{Method: "POST", Path: realserver.ProtectedPath, Subject: "CN=client", Body: 7}, seen[len(seen)-1])
	})
	for name, p := range map[string]struct {
		protocol mtlshttp.Protocol
		cause    string
	}{
		"TLS 1.2":                       {mtlshttp.Protocol{MaxTLS: tls.VersionTLS12, HTTP: 1}, "renegotiation-required"},
		"TLS 1.2, either HTTP":          {mtlshttp.Protocol{MaxTLS: tls.VersionTLS12}, "renegotiation-required"},
		"TLS 1.3":                       {mtlshttp.Protocol{HTTP: 1}, "post-handshake-auth-required"},
		"nothing said: HTTP/2 at first": {mtlshttp.Protocol{}, "post-handshake-auth-required"},
	} {
		t.Run("not allowed, "+name, func(t *testing.T) {
			r := request(realserver.ProtectedPath)
			r.Protocol = p.protocol
			out := ask(t.Context(), name, r, []string{p.cause}, false)
			require.NotNil(t, out.diagnosis, "%v", out)
			assert.Equal(t, p.cause+" certain", out.diagnosis.Cause+" "+out.diagnosis.Confidence, "%v", out)
		})
	}
	t.Run("allowed, with none to show", func(t *testing.T) {
		r := request(realserver.ProtectedPath)
		r.Identity = nil
		out := ask(t.Context(), "none", r, nil, false)
		require.NotNil(t, out.diagnosis, "%v", out)
		assert.Equal(t, "client-cert-missing", out.diagnosis.Cause, "%v", out)
	})
}
