package testca

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLeafNames(t *testing.T) {
	ca, err := New(Options{})
	require.NoError(t, err)
	id, err := url.Parse("spiffe://a.test/client")
	require.NoError(t, err)
	leaf, err := ca.Issue(Leaf{
		CommonName: "a", DNSNames: []string{"a.test", "*.b.test"}, Emails: []string{"a@a.test"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}, URIs: []*url.URL{id},
	})
	require.NoError(t, err)
	for _, host := range []string{"a.test", "x.b.test", "127.0.0.1", "::1"} {
		assert.NoError(t, leaf.Certificate.VerifyHostname(host), host)
	}
	assert.Error(t, leaf.Certificate.VerifyHostname("b.test"))
	assert.Equal(t, id.String(), leaf.Certificate.URIs[0].String())
	assert.Equal(t, []string{"a@a.test"}, leaf.Certificate.EmailAddresses)
}

func TestLeafUsages(t *testing.T) {
	ca, err := New(Options{})
	require.NoError(t, err)
	for usage, want := range map[Usage]struct{ client, server bool }{
		BothAuth: {true, true}, ClientAuth: {true, false}, ServerAuth: {false, true},
		NoUsage: {true, true}, OtherUsage: {false, false},
	} {
		leaf, err := ca.Issue(Leaf{Usages: usage})
		require.NoError(t, err)
		assert.Equal(t, want.client, verify(ca, leaf, time.Now(), x509.ExtKeyUsageClientAuth) == nil, usage)
		assert.Equal(t, want.server, verify(ca, leaf, time.Now(), x509.ExtKeyUsageServerAuth) == nil, usage)
	}
	none, err := ca.Issue(Leaf{Usages: NoUsage})
	require.NoError(t, err)
	assert.Empty(t, none.Certificate.ExtKeyUsage)
}

func TestLeafValidity(t *testing.T) {
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	ca, err := New(Options{Clock: func() time.Time { return now }})
	require.NoError(t, err)
	for name, c := range map[string]struct {
		leaf  Leaf
		valid bool
	}{
		"default":            {Leaf{}, true},
		"expired":            {Leaf{NotAfter: now.Add(-2 * time.Hour)}, false},
		"expired a year ago": {Leaf{NotAfter: now.AddDate(-1, 0, 0)}, false},
		"not yet valid":      {Leaf{NotBefore: now.AddDate(0, 0, 2)}, false},
		"both":               {Leaf{NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(1, 0, 0)}, true},
	} {
		leaf, err := ca.Issue(c.leaf)
		require.NoError(t, err, name)
		assert.True(t, leaf.Certificate.NotBefore.Before(leaf.Certificate.NotAfter), name)
		got := now.After(leaf.Certificate.NotBefore) && now.Before(leaf.Certificate.NotAfter)
		assert.Equal(t, c.valid, got, name)
	}
}

func TestSelfSigned(t *testing.T) {
	pair, err := SelfSigned(Leaf{DNSNames: []string{"a.test"}}, nil)
	require.NoError(t, err)
	assert.NoError(t, pair.Certificate.CheckSignature(pair.Certificate.SignatureAlgorithm, pair.Certificate.RawTBSCertificate, pair.Certificate.Signature))
	assert.Equal(t, pair.Certificate.RawSubject, pair.Certificate.RawIssuer)
	assert.Empty(t, pair.Chain)
}

func TestSharedSigner(t *testing.T) {
	ca, err := New(Options{})
	require.NoError(t, err)
	key, err := NewKey(ECDSAP384)
	require.NoError(t, err)
	a, err := ca.Issue(Leaf{Signer: key})
	require.NoError(t, err)
	b, err := ca.Issue(Leaf{Signer: key})
	require.NoError(t, err)
	assert.Same(t, a.Key, b.Key)
	assert.Equal(t, a.Certificate.RawSubjectPublicKeyInfo, b.Certificate.RawSubjectPublicKeyInfo)
}

func TestHandshake(t *testing.T) {
	root, err := New(Options{})
	require.NoError(t, err)
	ca, err := root.Intermediate(Options{})
	require.NoError(t, err)
	server, err := ca.Issue(Leaf{DNSNames: []string{"a.test"}, Usages: ServerAuth})
	require.NoError(t, err)
	client, err := ca.Issue(Leaf{CommonName: "client", Usages: ClientAuth})
	require.NoError(t, err)

	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	served := tls.Server(far, &tls.Config{Certificates: []tls.Certificate{server.TLS()}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: root.Pool()})
	done := make(chan error, 1)
	go func() {
		err := served.Handshake()
		if err == nil {
			_, err = served.Write([]byte{1})
		}
		done <- err
	}()
	dialed := tls.Client(near, &tls.Config{ServerName: "a.test", RootCAs: root.Pool(), Certificates: []tls.Certificate{client.TLS()}})
	require.NoError(t, dialed.Handshake())
	_, err = dialed.Read(make([]byte, 1))
	require.NoError(t, err)
	require.NoError(t, <-done)
	assert.Equal(t, "client", served.ConnectionState().PeerCertificates[0].Subject.CommonName)
}
