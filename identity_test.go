package mtlshttp_test

import (
	"crypto/tls"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// Two credentials to one host share neither a connection nor a TLS session,
// and each shares its own.
func TestIdentitiesNeverShare(t *testing.T) {
	srv := mtlstest.NewServer(t, whoami)
	names := []string{"alice", "bob", "carol"}
	credentials := map[string]*mtlshttp.Credential{}
	for _, n := range names {
		credentials[n] = srv.Issue(t, mtlstest.Client{Name: n})
	}
	for version, protocol := range versions {
		t.Run(version, func(t *testing.T) {
			e := newExecutor(t)
			for i := range 60 {
				n := names[i%len(names)]
				r := srv.Request("/")
				r.Identity, r.Protocol, r.Parse = credentials[n], protocol, true
				resp, err := e.Do(t.Context(), r)
				require.NoError(t, err)
				require.Equal(t, n, resp.Data.(map[string]any)["client"])
				require.Equal(t, "CN="+n, resp.Receipt.ClientCertificate.Presented.Subject)
				require.Equal(t, i >= len(names), resp.Receipt.Reused, "request %d", i)
			}
		})
	}
}

// A connection that is made anew resumes its own identity's session, and the
// receipt still says who was presented.
func TestResumptionKeepsTheIdentity(t *testing.T) {
	close := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		whoami(w, r)
	})
	srv := mtlstest.NewServer(t, close)
	alice, bob := srv.Issue(t, mtlstest.Client{Name: "alice"}), srv.Issue(t, mtlstest.Client{Name: "bob"})
	for _, version := range []string{"TLS 1.2, HTTP/1.1", "TLS 1.3, HTTP/1.1"} {
		t.Run(version, func(t *testing.T) {
			e := newExecutor(t)
			resumed := 0
			for i := range 20 {
				r := srv.Request("/")
				r.Parse, r.Protocol, r.Identity = true, versions[version], alice
				want := "alice"
				if i%2 == 1 {
					r.Identity, want = bob, "bob"
				}
				resp, err := e.Do(t.Context(), r)
				require.NoError(t, err)
				data := resp.Data.(map[string]any)
				require.Equal(t, want, data["client"])
				require.Equal(t, data["resumed"], resp.Receipt.Resumed)
				require.NotNil(t, resp.Receipt.ClientCertificate.Presented)
				require.Equal(t, "CN="+want, resp.Receipt.ClientCertificate.Presented.Subject)
				require.False(t, resp.Receipt.Reused)
				if resp.Receipt.Resumed {
					resumed++
				}
			}
			assert.GreaterOrEqual(t, resumed, 16)
		})
	}
}

// other is a second server, on another port and so another origin, that asks
// for a certificate and says whether it got one.
func other(t *testing.T, ca *mtlstest.CA) (url string, got func() []*http.Request) {
	var mu sync.Mutex
	var seen []*http.Request
	srv, err := ca.Start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, r)
	}))
	require.NoError(t, err)
	srv.TLS.ClientAuth = tls.RequestClientCert
	t.Cleanup(srv.Close)
	return srv.URL, func() []*http.Request {
		mu.Lock()
		defer mu.Unlock()
		return seen
	}
}

func TestRedirectToAnotherOriginGoesWithoutIdentityAndSecrets(t *testing.T) {
	ca, err := mtlstest.NewCA()
	require.NoError(t, err)
	there, got := other(t, ca)
	srv, err := ca.Start(http.RedirectHandler(there+"/landed", http.StatusFound))
	require.NoError(t, err)
	defer srv.Close()
	id, err := ca.Issue(mtlstest.Client{Name: "alice"})
	require.NoError(t, err)
	r := &mtlshttp.Request{URL: srv.URL + "/start?token=SECRET", Identity: id.Credential, Roots: ca.Roots(),
		Auth:   &mtlshttp.BasicAuth{User: "u", Password: "p"},
		Secret: []string{"X-Mine"},
		Headers: []mtlshttp.Header{{Name: "X-Mine", Value: "1"}, {Name: "X-Api-Key", Value: "2"}, {Name: "Cookie", Value: "a=b"},
			{Name: "X-Harmless", Value: "3"}}}
	e := newExecutor(t)
	for range 3 {
		resp, err := e.Do(t.Context(), r)
		require.NoError(t, err)
		require.Len(t, resp.Hops, 2)
		assert.NotNil(t, resp.Hops[0].Receipt.ClientCertificate.Presented)
		last := resp.Hops[1].Receipt.ClientCertificate
		assert.True(t, last.Requested)
		assert.Nil(t, last.Presented)
		require.Len(t, last.Withheld, 1)
		assert.Equal(t, "other-origin", last.Withheld[0].Reason)
		assert.Equal(t, there+"/landed", resp.URL)
	}
	for _, req := range got() {
		assert.Empty(t, req.TLS.PeerCertificates)
		for _, name := range []string{"Authorization", "Cookie", "X-Mine", "X-Api-Key"} {
			assert.Empty(t, req.Header.Values(name), name)
		}
		assert.Equal(t, "3", req.Header.Get("X-Harmless"))
		assert.Equal(t, srv.URL+"/", req.Header.Get("Referer"))
	}
	assert.Len(t, got(), 3)
}

func TestOriginsThatAreNamedGetTheIdentity(t *testing.T) {
	ca, err := mtlstest.NewCA()
	require.NoError(t, err)
	there, got := other(t, ca)
	srv, err := ca.Start(http.RedirectHandler(there, http.StatusFound))
	require.NoError(t, err)
	defer srv.Close()
	id, err := ca.Issue(mtlstest.Client{Name: "alice"})
	require.NoError(t, err)
	r := &mtlshttp.Request{URL: srv.URL, Identity: id.Credential, Roots: ca.Roots(), Origins: []string{there}}
	_, err = newExecutor(t).Do(t.Context(), r)
	require.NoError(t, err)
	id.Credential.Origins = []string{there}
	r.Origins = nil
	_, err = newExecutor(t).Do(t.Context(), r)
	require.NoError(t, err)
	require.Len(t, got(), 2)
	for _, req := range got() {
		require.Len(t, req.TLS.PeerCertificates, 1)
	}
}

func TestClientIsBoundToItsOrigin(t *testing.T) {
	ca, err := mtlstest.NewCA()
	require.NoError(t, err)
	there, got := other(t, ca)
	srv, err := ca.Start(whoami)
	require.NoError(t, err)
	defer srv.Close()
	id, err := ca.Issue(mtlstest.Client{Name: "alice"})
	require.NoError(t, err)
	client, err := newExecutor(t).Client(t.Context(), &mtlshttp.Request{URL: srv.URL, Identity: id.Credential, Roots: ca.Roots(),
		Headers: []mtlshttp.Header{{Name: "X-Tenant", Value: "7"}}, Auth: &mtlshttp.BasicAuth{User: "u", Password: "p"}})
	require.NoError(t, err)
	resp, err := client.Get(srv.URL + "/any/path")
	require.NoError(t, err)
	receipt := mtlshttp.ReceiptOf(resp)
	require.NoError(t, resp.Body.Close())
	require.NotNil(t, receipt)
	assert.Equal(t, "CN=alice", receipt.ClientCertificate.Presented.Subject)
	resp, err = client.Get(there)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Len(t, got(), 1)
	assert.Empty(t, got()[0].TLS.PeerCertificates)
	assert.Empty(t, got()[0].Header.Values("X-Tenant"))
	assert.Empty(t, got()[0].Header.Values("Authorization"))
}

func TestRequireClientCertificate(t *testing.T) {
	ca, err := mtlstest.NewCA()
	require.NoError(t, err)
	url, got := other(t, ca)
	id, err := ca.Issue(mtlstest.Client{})
	require.NoError(t, err)
	plain := &mtlshttp.Request{URL: url, Identity: id.Credential, Roots: ca.Roots(), RequireClientCertificate: true}
	e := newExecutor(t)
	resp, err := e.Do(t.Context(), plain)
	require.NoError(t, err)
	assert.NotNil(t, resp.Receipt.ClientCertificate.Presented)
	require.Len(t, got(), 1)

	config, err := ca.ServerConfig()
	require.NoError(t, err)
	config.ClientAuth = tls.NoClientCert
	never := startServer(t, config, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request arrived") }))
	plain.URL = never
	_, err = e.Do(t.Context(), plain)
	f := failureOf(t, err)
	assert.Equal(t, mtlshttp.KindTLSClientCert, f.Kind)
	assert.Equal(t, "client-cert-not-requested", f.Diagnosis.Cause)
}
