package handshakes_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/realserver"
	"github.com/mtlshttp/mtlshttp/internal/slack"
	"github.com/mtlshttp/mtlshttp/internal/testca"
)

// TLS-03: whatever a request can set that changes what a connection means gives
// it a connection of its own, and the same again shares it.
func TestEverySettingHasItsOwnConnection(t *testing.T) {
	srv := startNameServer(t, 0)
	alice := srv.Credential(t, "alice")
	stranger, err := testca.New(testca.Options{})
	require.NoError(t, err)
	list, err := srv.CA.RevocationList()
	require.NoError(t, err)
	conn, err := tls.Dial("tcp", strings.TrimPrefix(srv.URL, "https://"), &tls.Config{RootCAs: srv.CA.Pool()})
	require.NoError(t, err)
	pin := sha256.Sum256(conn.ConnectionState().PeerCertificates[0].RawSubjectPublicKeyInfo)
	require.NoError(t, conn.Close())
	bob, picky, anonymous := srv.Credential(t, "bob"), *alice, *alice
	picky.OnlyIfAcceptable, anonymous.AllowAnonymous = true, true

	changes := map[string]func(*mtlshttp.Request){
		"nothing":              func(*mtlshttp.Request) {},
		"another identity":     func(r *mtlshttp.Request) { r.Identity = bob },
		"no identity":          func(r *mtlshttp.Request) { r.Identity = nil },
		"only if acceptable":   func(r *mtlshttp.Request) { r.Identity = &picky },
		"anonymous allowed":    func(r *mtlshttp.Request) { r.Identity = &anonymous },
		"certificate required": func(r *mtlshttp.Request) { r.RequireClientCertificate = true },
		"another root": func(r *mtlshttp.Request) {
			r.Roots.Certificates = append(r.Roots.Certificates[:1:1], stranger.Certificate)
		},
		"the system's roots": func(r *mtlshttp.Request) { r.Roots.Only = false },
		"a revocation list":  func(r *mtlshttp.Request) { r.Roots.CRLs = [][]byte{list} },
		"verification off":   func(r *mtlshttp.Request) { r.Verify.Off = true },
		"a pin":              func(r *mtlshttp.Request) { r.Verify.Pins = []string{hex.EncodeToString(pin[:])} },
		"a name":             func(r *mtlshttp.Request) { r.Verify.Name = "127.0.0.1" },
		"any name":           func(r *mtlshttp.Request) { r.Verify.SkipName = true },
		"expired allowed":    func(r *mtlshttp.Request) { r.Verify.AllowExpired = true },
		"TLS 1.3 at least":   func(r *mtlshttp.Request) { r.Protocol.MinTLS = tls.VersionTLS13 },
		"TLS 1.2 at most":    func(r *mtlshttp.Request) { r.Protocol.MaxTLS = tls.VersionTLS12 },
		"HTTP/1.1 alone":     func(r *mtlshttp.Request) { r.Protocol.HTTP = 1 },
		"HTTP/2 alone":       func(r *mtlshttp.Request) { r.Protocol.HTTP = 2 },
		"renegotiation":      func(r *mtlshttp.Request) { r.Protocol.Renegotiate = true },
		"another spelling of one": func(r *mtlshttp.Request) {
			r.Verify.Pins = []string{"sha256/" + strings.ToUpper(hex.EncodeToString(pin[:]))}
		},
	}
	e := newExecutor(t)
	for name, change := range changes {
		for range 2 {
			r := &mtlshttp.Request{URL: srv.URL + "/", Identity: alice, Roots: srv.Roots()}
			change(r)
			_, err := e.Do(t.Context(), r)
			require.NoError(t, err, name)
		}
	}
	handshakes := srv.Handshakes.Load() - 1 // the look at the pin
	fmt.Printf("settings: %d of them on %d connections\n", len(changes)-1, handshakes)
	assert.EqualValues(t, len(changes)-1, handshakes) // the pin is one, however it is spelt
}

// TLS-04: a connection that was not verified serves no request that verifies.
func TestAnUnverifiedConnectionServesNobodyElse(t *testing.T) {
	srv := startNameServer(t, 0)
	e := newExecutor(t)
	r := &mtlshttp.Request{URL: srv.URL + "/", Verify: mtlshttp.Verify{Off: true}}
	for range 3 {
		resp, err := e.Do(t.Context(), r)
		require.NoError(t, err)
		assert.Equal(t, "unverified", resp.Receipt.Server.TrustedBy)
		_, err = e.Do(t.Context(), &mtlshttp.Request{URL: srv.URL + "/"})
		assert.Equal(t, mtlshttp.KindTLSServerCert, failureOf(t, err).Kind)
	}
}

// TLS-07: a server that requires a certificate, and none is configured: the
// same error, every time.
func TestMissingCertificateIsNamedEveryTime(t *testing.T) {
	b := newBench(t)
	tries := scale(200, 25)
	for _, p := range protocols() {
		config := b.server("", realserver.DemandRequire)
		config.HTTP2 = true
		srv := realserver.Start(t, realserver.Go, config)
		e := newExecutor(t)
		for method, body := range map[string]mtlshttp.Body{"GET": {}, "POST": mtlshttp.Raw("text/plain", largeUpload[:1<<20])} {
			named := 0
			for range tries {
				_, err := e.Do(t.Context(), &mtlshttp.Request{Method: method, URL: srv.URL + "/", Roots: b.roots(), Protocol: p, Body: body})
				if f := failureOf(t, err); f.Kind == mtlshttp.KindTLSClientCert && f.Reason == "required" {
					named++
				} else {
					t.Log(err)
				}
			}
			fmt.Printf("no certificate, %s, HTTP/%d, %s: named in %d of %d\n", tls.VersionName(p.MinTLS), p.HTTP, method, named, tries)
			assert.Equal(t, tries, named)
		}
	}
}

// TLS-18: a handshake that stalls ends with the request's time.
func TestStalledHandshakeEndsInTime(t *testing.T) {
	b := newBench(t)
	for _, kind := range []realserver.Kind{realserver.PeerStallOnAccept, realserver.PeerStallAfterClientHello, realserver.PeerStallAfterServerHello} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			srv := realserver.Start(t, kind, b.server("", realserver.DemandRequire))
			begun := time.Now()
			_, err := mtlshttp.Do(t.Context(), &mtlshttp.Request{URL: srv.URL + "/", Roots: b.roots(), Timeout: 2 * time.Second})
			f := failureOf(t, err)
			assert.Less(t, time.Since(begun), 10*time.Second) // that it is prompt is measured in a bubble
			assert.Equal(t, mtlshttp.KindTimeout, f.Kind)
			assert.Equal(t, mtlshttp.Phase("tls"), f.Phase)
			assert.ErrorIs(t, err, context.DeadlineExceeded)
		})
	}
}

// TLS-21: certificates are judged by the executor's clock, and what it says is
// in the diagnosis.
func TestClockJudgesCertificates(t *testing.T) {
	srv := startNameServer(t, 0)
	for years, cause := range map[int]string{-10: "server-cert-not-yet-valid", 0: "", 10: "server-cert-expired"} {
		now := time.Now().AddDate(years, 0, 0)
		e := &mtlshttp.Executor{Clock: func() time.Time { return now }}
		_, err := e.Do(t.Context(), &mtlshttp.Request{URL: srv.URL + "/", Roots: srv.Roots()})
		if cause == "" {
			assert.NoError(t, err)
		} else {
			f := failureOf(t, err)
			assert.Equal(t, mtlshttp.KindTLSServerCert, f.Kind)
			assert.Equal(t, cause, f.Diagnosis.Cause)
			assert.Contains(t, f.Diagnosis.Seen, now.UTC().Format(time.DateOnly))
		}
		require.NoError(t, e.Close())
	}
}

// TLS-23: what is sent as server name and what the certificate must be for: a
// trailing dot is neither, an address is not sent, a name is sent in ASCII.
func TestServerNames(t *testing.T) {
	ca, err := testca.New(testca.Options{})
	require.NoError(t, err)
	pair, err := ca.Issue(testca.Leaf{DNSNames: []string{"a.test", "xn--bcher-kva.test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	require.NoError(t, err)
	var mu sync.Mutex
	asked := "?"
	url := startServer(t, &tls.Config{Certificates: []tls.Certificate{pair.TLS()}, GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		mu.Lock()
		defer mu.Unlock()
		asked = h.ServerName
		return nil, nil
	}}, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	addr := strings.TrimPrefix(url, "https://")
	for host, sent := range map[string]string{"a.test": "a.test", "a.test.": "a.test", "A.TEST": "a.test", "bücher.test": "xn--bcher-kva.test", "127.0.0.1": ""} {
		e := &mtlshttp.Executor{Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, addr)
		}}
		_, err := e.Do(t.Context(), &mtlshttp.Request{URL: "https://" + host + "/", Roots: mtlshttp.Roots{PEM: string(ca.PEM()), Only: true}})
		assert.NoError(t, err, host)
		mu.Lock()
		assert.Equal(t, sent, asked, host)
		mu.Unlock()
		require.NoError(t, e.Close())
	}
}

// TLS-16: what a server sends as its chain is bounded in time and in size.
func TestHugeServerChains(t *testing.T) {
	ca, err := testca.New(testca.Options{})
	require.NoError(t, err)
	leaf := testca.Leaf{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	deep := ca
	for range 100 {
		deep, err = deep.Intermediate(testca.Options{})
		require.NoError(t, err)
	}
	large := leaf
	large.Template = func(c *x509.Certificate) {
		c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Value: make([]byte, 1<<20)}}
	}
	many := testca.Leaf{Template: func(c *x509.Certificate) {
		for i := range 10_000 {
			c.DNSNames = append(c.DNSNames, fmt.Sprintf("name-%d.test", i))
		}
	}}
	long := func(bits int) testca.Leaf {
		l := leaf
		l.Signer = longKey(t, bits)
		return l
	}
	for name, issue := range map[string]func() (*testca.Pair, error){
		"100 intermediates":  func() (*testca.Pair, error) { return deep.Issue(leaf) },
		"1 MiB":              func() (*testca.Pair, error) { return ca.Issue(large) },
		"10,000 other names": func() (*testca.Pair, error) { return ca.Issue(many) },
		"RSA 8192":           func() (*testca.Pair, error) { return ca.Issue(long(8192)) },
		"RSA 16384":          func() (*testca.Pair, error) { return ca.Issue(long(16384)) },
	} {
		pair, err := issue()
		require.NoError(t, err)
		url := startServer(t, &tls.Config{Certificates: []tls.Certificate{pair.TLS()}}, http.NotFoundHandler())
		begun := time.Now()
		_, err = mtlshttp.Do(t.Context(), &mtlshttp.Request{URL: url, Roots: mtlshttp.Roots{PEM: string(ca.PEM()), Only: true}})
		assert.Less(t, time.Since(begun), slack.For(2*time.Second), name)
		if err != nil {
			f := failureOf(t, err)
			assert.Contains(t, []mtlshttp.Kind{mtlshttp.KindTLSServerCert, mtlshttp.KindTLSHandshake}, f.Kind, name)
			assert.Less(t, len(err.Error()), 1000, name)
			if f.Diagnosis != nil {
				assert.Less(t, len(f.Diagnosis.Seen), 2000, name)
			}
		}
		if name != "100 intermediates" {
			assert.Error(t, err, name)
		}
	}
}

// rubbish is a key of which there is only the public half: nobody needs minutes
// to make it, and what it signs is wrong.
type rubbish struct{ public *rsa.PublicKey }

func (r rubbish) Public() crypto.PublicKey { return r.public }
func (r rubbish) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return bytes.Repeat([]byte{1}, r.public.Size()), nil
}

func longKey(t *testing.T, bits int) crypto.Signer {
	modulus := make([]byte, bits/8)
	_, err := rand.Read(modulus)
	require.NoError(t, err)
	modulus[0] |= 0x80
	modulus[len(modulus)-1] |= 1
	return rubbish{&rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: 65537}}
}

// TLS-10: what cannot work is refused before anything is sent; what servers may
// judge differently is warned about; a chain in a file is put in order.
func TestCredentialsThatAreNotQuiteRight(t *testing.T) {
	ca, err := testca.New(testca.Options{})
	require.NoError(t, err)
	sub, err := ca.Intermediate(testca.Options{CommonName: "upper"})
	require.NoError(t, err)
	deep, err := sub.Intermediate(testca.Options{CommonName: "lower"})
	require.NoError(t, err)
	day := 24 * time.Hour
	issue := func(l testca.Leaf) *testca.Pair {
		pair, err := deep.Issue(l)
		require.NoError(t, err)
		return pair
	}
	client := issue(testca.Leaf{CommonName: "client", Usages: testca.ClientAuth, NotAfter: time.Now().Add(365 * day)})
	file := func(pair *testca.Pair, certificates ...*x509.Certificate) []byte {
		key, err := pair.KeyPEM()
		require.NoError(t, err)
		for _, c := range certificates {
			key = append(key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
		}
		return key
	}
	credential := func(data []byte) (*mtlshttp.Credential, error) {
		inventory, err := mtlshttp.Extract(t.Context(), data, nil)
		if err != nil {
			return nil, err
		}
		return inventory.Credential()
	}
	e := newExecutor(t)
	check := func(c *mtlshttp.Credential) (codes []string, err error) {
		warnings, err := e.Check(t.Context(), &mtlshttp.Request{URL: "https://a.invalid/", Identity: c})
		for _, w := range warnings {
			codes = append(codes, w.Code)
		}
		return codes, err
	}

	_, err = credential(file(client, deep.Certificate))
	assert.Equal(t, "config key-mismatch", string(failureOf(t, err).Kind)+" "+failureOf(t, err).Reason)
	_, err = mtlshttp.NewCredential(issue(testca.Leaf{}).Key, client.Certificate)
	assert.Equal(t, "config key-mismatch", string(failureOf(t, err).Kind)+" "+failureOf(t, err).Reason)

	for reason, l := range map[string]testca.Leaf{"expired": {NotAfter: time.Now().Add(-day)}, "not-yet-valid": {NotBefore: time.Now().Add(day)}} {
		pair := issue(l)
		c, err := mtlshttp.NewCredential(pair.Key, append([]*x509.Certificate{pair.Certificate}, pair.Chain...)...)
		require.NoError(t, err)
		_, err = check(c)
		assert.Equal(t, "config "+reason, string(failureOf(t, err).Kind)+" "+failureOf(t, err).Reason)
		c.AllowExpired = true
		codes, err := check(c)
		assert.NoError(t, err)
		assert.Equal(t, []string{"client-cert-" + reason}, codes)
	}

	authority, err := mtlshttp.NewCredential(deep.Key, deep.Certificate, sub.Certificate)
	require.NoError(t, err)
	codes, err := check(authority)
	assert.NoError(t, err)
	assert.Contains(t, codes, "certificate-authority")

	alone, err := mtlshttp.NewCredential(client.Key, client.Certificate)
	require.NoError(t, err)
	codes, err = check(alone)
	assert.NoError(t, err)
	assert.Equal(t, []string{"chain-incomplete"}, codes)

	jumbled, err := mtlshttp.NewCredential(client.Key, client.Certificate, sub.Certificate, deep.Certificate)
	require.NoError(t, err)
	codes, err = check(jumbled)
	assert.NoError(t, err)
	assert.Contains(t, codes, "not-its-issuer")

	sorted, err := credential(file(client, ca.Certificate, sub.Certificate, client.Certificate, ca.Certificate, deep.Certificate))
	require.NoError(t, err)
	codes, err = check(sorted)
	assert.NoError(t, err)
	assert.Empty(t, codes)
	var sent []*x509.Certificate
	server, err := ca.Issue(testca.Leaf{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	require.NoError(t, err)
	url := startServer(t, &tls.Config{Certificates: []tls.Certificate{server.TLS()}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ca.Pool()},
		http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { sent = r.TLS.PeerCertificates }))
	_, err = e.Do(t.Context(), &mtlshttp.Request{URL: url, Identity: sorted, Roots: mtlshttp.Roots{Certificates: []*x509.Certificate{ca.Certificate}}})
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(sent), 3)
	for i, want := range []*x509.Certificate{client.Certificate, deep.Certificate, sub.Certificate} {
		assert.True(t, want.Equal(sent[i]), "%d: %s", i, sent[i].Subject)
	}
	assert.LessOrEqual(t, len(sent), 4, "nothing twice")
}
