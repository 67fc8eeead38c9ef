package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/workloadapi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
)

// startServer starts a server of the trust domain, verified by its address,
// that says which SVID it saw.
func startServer(t *testing.T, d *domain) *httptest.Server {
	t.Helper()
	c, key := d.sign(t, &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	clients := x509.NewCertPool()
	clients.AddCert(d.certificate)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		leaf := r.TLS.PeerCertificates[0]
		fmt.Fprintf(w, "%s, serial %s", leaf.URIs[0], leaf.SerialNumber)
	}))
	srv.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients,
		Certificates: []tls.Certificate{{Certificate: [][]byte{c.Raw}, PrivateKey: key}}}
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return srv
}

// A renewed SVID is presented from the next request on.
func TestSVIDAsCredential(t *testing.T) {
	d := newDomain(t)
	srv := startServer(t, d)
	api, address := startWorkloadAPI(t)
	api.svids <- d.svid(t, 41)
	x509Source, err := workloadapi.NewX509Source(t.Context(), workloadapi.WithClientOptions(workloadapi.WithAddr(address)))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, x509Source.Close()) })
	executor := &mtlshttp.Executor{Credentials: source{x509Source, x509Source}}
	t.Cleanup(func() { assert.NoError(t, executor.Close()) })
	request := &mtlshttp.Request{URL: srv.URL, Credentials: svidName, Roots: mtlshttp.Roots{Name: "example.test", Only: true}}
	client, err := executor.Client(t.Context(), request)
	require.NoError(t, err)

	resp, err := executor.Do(t.Context(), request)
	require.NoError(t, err)
	assert.Equal(t, id+", serial 41", resp.Data)

	updated := x509Source.Updated()
	api.svids <- d.svid(t, 42)
	select {
	case <-updated:
	case <-time.After(10 * time.Second):
		t.Fatal("the renewed SVID did not arrive")
	}
	resp, err = executor.Do(t.Context(), request)
	require.NoError(t, err)
	assert.Equal(t, id+", serial 42", resp.Data)
	answer, err := client.Get(srv.URL)
	require.NoError(t, err)
	defer answer.Body.Close()
	var body bytes.Buffer
	_, err = body.ReadFrom(answer.Body)
	require.NoError(t, err)
	assert.Equal(t, id+", serial 42", body.String(), "a client that was handed out before")

	for _, faulty := range []*mtlshttp.Request{
		{URL: srv.URL, Credentials: "another"},
		{URL: srv.URL, Credentials: svidName, Roots: mtlshttp.Roots{Name: "elsewhere.test"}},
	} {
		_, err = executor.Do(t.Context(), faulty)
		assert.ErrorIs(t, err, mtlshttp.KindConfig)
	}
}

func TestRun(t *testing.T) {
	d := newDomain(t)
	srv := startServer(t, d)
	api, address := startWorkloadAPI(t)
	api.svids <- d.svid(t, 7)
	var out, diagnostics bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"-socket", address, "-trust-domain", "example.test", srv.URL}, &out, &diagnostics))
	var bundle struct{ Data string }
	require.NoError(t, json.Unmarshal(out.Bytes(), &bundle))
	assert.Equal(t, id+", serial 7", bundle.Data)

	out.Reset()
	assert.Error(t, run(t.Context(), []string{"-socket", "", srv.URL}, &out, &diagnostics))
	assert.Contains(t, diagnostics.String(), "usage: spiffe")
	assert.ErrorContains(t, run(t.Context(), []string{"-socket", address, "-wait", "100ms", srv.URL}, &out, &diagnostics), "no SVID from")
	assert.Empty(t, out.String())
}
