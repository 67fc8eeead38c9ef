package mtlstest_test

import (
	"crypto/tls"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// by is what becomes of a request to a path by a client; nil: by nobody.
func by(t *testing.T, srv *mtlstest.Server, c *mtlshttp.Credential, path string) string {
	t.Helper()
	r := srv.Request(path)
	r.Identity, r.Timeout = c, 20*time.Second
	return outcome(t, srv.Executor(), r)
}

func TestLike(t *testing.T) {
	for server, want := range map[string]struct{ missing, expired string }{
		"nginx":   {"400 client-cert-missing", "400 client-cert-expired"},
		"apache":  {"tls-client-cert client-cert-missing", "tls-client-cert client-cert-expired"},
		"haproxy": {"tls-client-cert client-cert-missing", "tls-client-cert client-cert-expired"},
		"node":    {"tls-client-cert client-cert-missing", "tls-client-cert client-cert-expired"},
		"java":    {"tls-client-cert client-cert-missing", "tls-client-cert client-cert-expired"},
		"openssl": {"tls-client-cert client-cert-missing", "tls-client-cert client-cert-expired"},
		"stunnel": {"tls-client-cert client-cert-missing", "tls-client-cert client-cert-expired"},
		"gnutls":  {"tls-client-cert client-cert-missing", "tls-client-cert client-cert-expired"},
		"go":      {"tls-client-cert client-cert-missing", "tls-client-cert client-cert-expired"},
	} {
		srv := mtlstest.NewServer(t, nil, mtlstest.Like(server))
		assert.Equal(t, "client", by(t, srv, srv.Credential, "/"), server)
		assert.Equal(t, want.missing, by(t, srv, nil, "/"), server)
		assert.Equal(t, want.expired, by(t, srv, srv.Issue(t, mtlstest.Client{Expired: true}), "/"), server)
	}
}

func TestDemands(t *testing.T) {
	optional := mtlstest.NewServer(t, nil, mtlstest.Optional())
	assert.Equal(t, "nobody", by(t, optional, nil, "/"))
	assert.Equal(t, "client", by(t, optional, optional.Credential, "/"))
	assert.Equal(t, "tls-client-cert client-cert-expired", by(t, optional, optional.Issue(t, mtlstest.Client{Expired: true}), "/"))
	protected := mtlstest.NewServer(t, nil, mtlstest.Like("nginx"), mtlstest.Protect("/payments"))
	assert.Equal(t, "nobody", by(t, protected, nil, "/"))
	assert.Equal(t, "403 client-cert-missing", by(t, protected, nil, "/payments/7"))
	assert.Equal(t, "client", by(t, protected, protected.Credential, "/payments/7"))
}

func TestAllowlist(t *testing.T) {
	ca, err := mtlstest.NewCA()
	require.NoError(t, err)
	alice, err := ca.Issue(mtlstest.Client{Name: "alice"})
	require.NoError(t, err)
	for server, denied := range map[string]string{"nginx": "403 client-cert-rejected", "go": "tls-client-cert client-cert-rejected"} {
		srv := mtlstest.NewServer(t, nil, mtlstest.By(ca), mtlstest.Like(server), mtlstest.Allow(alice.Credential))
		assert.Equal(t, "alice", by(t, srv, alice.Credential, "/"))
		bob := srv.Issue(t, mtlstest.Client{Name: "bob"})
		assert.Contains(t, by(t, srv, bob, "/"), denied[:3], "valid, and not on the list of %s", server)
		srv.Allow(bob)
		bob = srv.Issue(t, mtlstest.Client{Name: "bob"})
		assert.Contains(t, by(t, srv, bob, "/"), denied[:3], "the very certificate, not its name")
		srv.Allow(bob)
		assert.Equal(t, "bob", by(t, srv, bob, "/"))
	}
	closed := mtlstest.NewServer(t, nil, mtlstest.Allow())
	assert.Equal(t, "tls-client-cert client-cert-rejected", by(t, closed, closed.Credential, "/"), "a list of nobody")
	open := mtlstest.NewServer(t, nil)
	open.Allow(alice.Credential)
	assert.Equal(t, "client", by(t, open, open.Credential, "/"), "without the option there is no list")
}

func TestRevoke(t *testing.T) {
	ca, err := mtlstest.NewCA()
	require.NoError(t, err)
	var revoked []*mtlshttp.Credential
	for _, c := range []mtlstest.Client{{}, {Intermediate: true}} {
		id, err := ca.Issue(c)
		require.NoError(t, err)
		revoked = append(revoked, id.Credential)
	}
	srv := mtlstest.NewServer(t, nil, mtlstest.By(ca), mtlstest.Like("haproxy"), mtlstest.Revoke(revoked...))
	for _, c := range revoked {
		assert.Equal(t, "tls-client-cert client-cert-revoked", by(t, srv, c, "/"))
	}
	assert.Equal(t, "client", by(t, srv, srv.Credential, "/"))
	assert.Equal(t, "client", by(t, srv, srv.Issue(t, mtlstest.Client{Intermediate: true}), "/"))
}

func TestRefuse(t *testing.T) {
	for _, c := range []struct {
		how  mtlstest.Refusal
		want string
	}{
		{mtlstest.Refusal{}, "tls-client-cert client-cert-rejected"},
		{mtlstest.Refusal{Reset: true}, "tls-client-cert client-cert-rejected"},
		{mtlstest.Refusal{Alert: 44}, "tls-client-cert client-cert-revoked"},
		{mtlstest.Refusal{Status: 451}, "451"},
	} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			srv := mtlstest.NewServer(t, nil, mtlstest.Refuse(c.how), mtlstest.Versions(version, version))
			assert.Equal(t, c.want, by(t, srv, srv.Credential, "/"), "%+v", c.how)
		}
	}
}

func TestRefuseNobodyToo(t *testing.T) {
	srv := mtlstest.NewServer(t, nil, mtlstest.Optional(), mtlstest.Refuse(mtlstest.Refusal{Status: 403}))
	assert.Equal(t, "403 client-cert-missing", by(t, srv, nil, "/"))
}

func TestDepthAndNames(t *testing.T) {
	flat := mtlstest.NewServer(t, nil, mtlstest.Depth(0))
	assert.Equal(t, "client", by(t, flat, flat.Credential, "/"))
	assert.Equal(t, "tls-client-cert client-cert-rejected", by(t, flat, flat.Issue(t, mtlstest.Client{Intermediate: true}), "/"))
	one := mtlstest.NewServer(t, nil, mtlstest.Depth(1))
	assert.Equal(t, "client", by(t, one, one.Issue(t, mtlstest.Client{Intermediate: true}), "/"))

	other, err := mtlstest.NewCA()
	require.NoError(t, err)
	named := mtlstest.NewServer(t, nil, mtlstest.Names(other))
	resp, err := named.Executor().Do(t.Context(), named.Request("/"))
	require.NoError(t, err)
	assert.Len(t, resp.Receipt.ClientCertificate.AcceptableCAs, 1)
	nobody := mtlstest.NewServer(t, nil, mtlstest.Names())
	resp, err = nobody.Executor().Do(t.Context(), nobody.Request("/"))
	require.NoError(t, err)
	assert.Empty(t, resp.Receipt.ClientCertificate.AcceptableCAs)
}

func TestVersionsAndProtocols(t *testing.T) {
	old := mtlstest.NewServer(t, nil, mtlstest.Versions(tls.VersionTLS12, tls.VersionTLS12), mtlstest.HTTP1())
	resp, err := old.Executor().Do(t.Context(), old.Request("/"))
	require.NoError(t, err)
	assert.Equal(t, "1.2 http/1.1", resp.Receipt.TLSVersion+" "+resp.Receipt.ALPN)
	modern := mtlstest.NewServer(t, nil)
	resp, err = modern.Executor().Do(t.Context(), modern.Request("/"))
	require.NoError(t, err)
	assert.Equal(t, "1.3 h2", resp.Receipt.TLSVersion+" "+resp.Receipt.ALPN)
}

func TestHosts(t *testing.T) {
	srv := mtlstest.NewServer(t, nil, mtlstest.Hosts("elsewhere.test"))
	assert.Equal(t, "tls-server-cert server-name-mismatch", by(t, srv, srv.Credential, "/"))
}
