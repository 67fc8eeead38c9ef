package mtlshttp_test

import (
	"crypto/tls"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// The keys that say who to be and whom to trust, by name and as text.
func TestIdentityAndTrustOfADocument(t *testing.T) {
	srv := mtlstest.NewServer(t, whoami)
	keychain := new(mtlshttp.Keychain)
	keychain.Add("bank", srv.Issue(t, mtlstest.Client{Name: "alice"}))
	keychain.Add("eu1", srv.Issue(t, mtlstest.Client{Name: "platform"}))
	keychain.AddRoots("roots", srv.CA.Roots().Certificates...)
	session := &mtlshttp.Session{Executor: newExecutor(t), Credentials: keychain, Platform: "eu1"}
	s := site{t, srv.URL, session}
	pem, err := json.Marshal(string(srv.CA.PEM()))
	require.NoError(t, err)
	const parse = `"parseResponse": true, `
	for members, want := range map[string]struct{ client, trustedBy string }{
		`"credentials": "bank", "ca": "roots"`:                  {"alice", "added"},
		`"credentials": "bank", "ca": ` + string(pem):           {"alice", "added"},
		`"credentials": "bank", "ca": "roots", "caOnly": true`:  {"alice", "added"},
		`"useMtls": true, "ca": "roots"`:                        {"platform", "added"},
		`"useMtls": true, "credentials": "bank", "ca": "roots"`: {"alice", "added"}, // both fit: its own
		`"credentials": "bank", "rejectUnauthorized": false`:    {"alice", "unverified"},
	} {
		resp, err := s.send("/", parse+members)
		require.NoError(t, err, members)
		assert.Equal(t, want.client, resp.Data.(map[string]any)["client"], members)
		assert.Equal(t, want.trustedBy, resp.Receipt.Server.TrustedBy, members)
		assert.Equal(t, want.trustedBy == "unverified", len(resp.Receipt.Relaxations) > 0, members)
	}
	for members, field := range map[string]string{
		`"credentials": "nobody", "ca": "roots"`: "credentials", `"credentials": "roots"`: "credentials",
		`"ca": "nobody"`: "ca", `"ca": "bank"`: "ca", `"caOnly": true`: "caOnly",
	} {
		_, err := s.send("/", members)
		fault := failureOf(t, err)
		assert.Equal(t, field, fault.Field, members)
		assert.Equal(t, mtlshttp.KindConfig, fault.Kind, members)
		assert.Empty(t, fault.Hops, "nothing was dialed")
	}
	_, err = s.send("/", `"credentials": "bank"`)
	assert.Equal(t, mtlshttp.KindTLSServerCert, failureOf(t, err).Kind, "the system does not know the authority")

	expired, err := srv.CA.Issue(mtlstest.Client{Expired: true})
	require.NoError(t, err)
	expired.Credential.AllowExpired = false
	keychain.Add("eu0", expired.Credential)
	_, err = site{t, srv.URL, &mtlshttp.Session{Executor: session.Executor, Credentials: keychain, Platform: "eu0"}}.send("/", `"useMtls": true`)
	assert.Equal(t, "useMtls", failureOf(t, err).Field, "%v", err)

	for name, session := range map[string]*mtlshttp.Session{
		"no platform":      {Executor: session.Executor, Credentials: keychain},
		"unknown platform": {Executor: session.Executor, Credentials: keychain, Platform: "us9"},
		"no keychain":      {Executor: session.Executor, Platform: "eu1"},
	} {
		_, err := site{t, srv.URL, session}.send("/", `"useMtls": true`)
		fault := failureOf(t, err)
		assert.Equal(t, "useMtls", fault.Field, name)
		assert.Equal(t, "no-credential", fault.Reason, name)
	}
}

func TestProtocolOfADocument(t *testing.T) {
	ca, err := mtlstest.NewCA()
	require.NoError(t, err)
	config, err := ca.ServerConfig()
	require.NoError(t, err)
	config.ClientAuth = tls.NoClientCert
	keychain := new(mtlshttp.Keychain)
	keychain.AddRoots("roots", ca.Roots().Certificates...)
	s := site{t, startServer(t, config, whoami), &mtlshttp.Session{Executor: newExecutor(t), Credentials: keychain}}
	for members, want := range map[string][2]string{
		``:                              {"1.3", "HTTP/2.0"},
		`"protocol": {"http": 1}`:       {"1.3", "HTTP/1.1"},
		`"protocol": {"maxTls": "1.2"}`: {"1.2", "HTTP/2.0"},
		`"protocol": {"minTls": 1.3, "http": "2"}`: {"1.3", "HTTP/2.0"},
	} {
		all := `"ca": "roots", "parseResponse": true`
		if members != "" {
			all += ", " + members
		}
		resp, err := s.send("/", all)
		require.NoError(t, err, members)
		assert.Equal(t, want, [2]string{resp.Receipt.TLSVersion, resp.Data.(map[string]any)["proto"].(string)}, members)
	}
}

// A key that is long is not compared with all others.
