package mtlshttp_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// Every hop that tried TLS has a receipt, the one that nobody answered too: it
// says which proxy of the environment was not used. One without TLS has none.
func TestReceiptOfEveryHop(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://user:secret@proxy.invalid:3128")
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer plain.Close()
	srv := mtlstest.NewServer(t, http.RedirectHandler(plain.URL, http.StatusFound))
	e := newExecutor(t)
	r := srv.Request("/")
	r.Redirect.AllowDowngrade = true
	resp, err := e.Do(t.Context(), r)
	require.NoError(t, err)
	require.Len(t, resp.Hops, 2)
	assert.Equal(t, "proxy.invalid:3128", resp.Hops[0].Receipt.IgnoredProxy)
	assert.Nil(t, resp.Hops[1].Receipt)
	assert.Nil(t, resp.Receipt)

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	_, err = e.Do(t.Context(), &mtlshttp.Request{URL: "https://" + listener.Addr().String(), Verify: mtlshttp.Verify{SkipName: true}})
	f := failureOf(t, err)
	assert.Equal(t, mtlshttp.KindConnect, f.Kind)
	require.NotNil(t, f.Receipt())
	assert.Equal(t, "proxy.invalid:3128", f.Receipt().IgnoredProxy)
	assert.Empty(t, f.Receipt().TLSVersion)
	assert.Equal(t, []string{"name-skipped"}, f.Receipt().Relaxations)
	assert.Empty(t, f.Receipt().Server.Chain)

	r = srv.Request("/")
	r.Verify.Pins = []string{strings.Repeat("00", 32)}
	_, err = e.Do(t.Context(), r)
	f = failureOf(t, err)
	assert.Equal(t, "pin", f.Reason)
	assert.Empty(t, f.Receipt().Server.TrustedBy, "nobody does")
	assert.NotEmpty(t, f.Receipt().Server.Chain)
	assert.Contains(t, f.Diagnosis.Advice, "pinned")
}

// Where a client certificate is required nothing goes over plain HTTP, which
// never asks for one: not at first, not after a redirect, not by a client.
func TestRequireClientCertificateRefusesPlainHTTP(t *testing.T) {
	var got atomic.Int64
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { got.Add(1) }))
	defer plain.Close()
	srv := mtlstest.NewServer(t, http.RedirectHandler(plain.URL, http.StatusFound))
	e := newExecutor(t)
	r := srv.Request("/")
	r.RequireClientCertificate, r.Redirect.AllowDowngrade = true, true
	_, err := e.Do(t.Context(), r)
	assert.Equal(t, mtlshttp.KindTLSClientCert, failureOf(t, err).Kind, "%v", err)

	client, err := e.Client(t.Context(), r)
	require.NoError(t, err)
	_, err = client.Get(plain.URL)
	assert.Error(t, err)

	direct := *r
	direct.URL = plain.URL
	_, err = e.Do(t.Context(), &direct)
	f := failureOf(t, err)
	assert.Equal(t, mtlshttp.KindConfig, f.Kind)
	assert.Equal(t, "requireClientCertificate", f.Field)
	assert.Zero(t, got.Load())
}

// A probe takes nothing for accepted that was not presented.
func TestProbeOfAServerThatDoesNotAsk(t *testing.T) {
	ca, err := mtlstest.NewCA()
	require.NoError(t, err)
	config, err := ca.ServerConfig()
	require.NoError(t, err)
	config.ClientAuth = 0
	url := startServer(t, config, whoami)
	id, err := ca.Issue(mtlstest.Client{})
	require.NoError(t, err)
	e := newExecutor(t)
	result, err := e.Probe(t.Context(), &mtlshttp.Request{URL: url, Identity: id.Credential, Roots: ca.Roots()})
	require.NoError(t, err)
	assert.Equal(t, "unknown", result.Accepted)
	assert.True(t, hasWarning(result.Receipt, "client-cert-not-requested"))
	result, err = e.Probe(t.Context(), &mtlshttp.Request{URL: url, Roots: ca.Roots()})
	require.NoError(t, err)
	assert.Equal(t, "yes", result.Accepted)
}
