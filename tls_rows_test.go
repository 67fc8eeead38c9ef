package mtlshttp_test

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
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
	"github.com/mtlshttp/mtlshttp/internal/testca"
)

// TLS-03: whatever a request can set that changes what a connection means gives
// it a connection of its own, and the same again shares it.
func TestEverySettingHasItsOwnConnection(t *testing.T) {
	srv := startNameServer(t, 0)
	alice := srv.credential(t, "alice")
	stranger, err := testca.New(testca.Options{})
	require.NoError(t, err)
	list, err := srv.ca.RevocationList()
	require.NoError(t, err)
	conn, err := tls.Dial("tcp", strings.TrimPrefix(srv.url, "https://"), &tls.Config{RootCAs: srv.ca.Pool()})
	require.NoError(t, err)
	pin := sha256.Sum256(conn.ConnectionState().PeerCertificates[0].RawSubjectPublicKeyInfo)
	require.NoError(t, conn.Close())
	bob, picky, anonymous := srv.credential(t, "bob"), *alice, *alice
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
			r := &mtlshttp.Request{URL: srv.url + "/", Identity: alice, Roots: srv.roots()}
			change(r)
			_, err := e.Do(t.Context(), r)
			require.NoError(t, err, name)
		}
	}
	handshakes := srv.handshakes.Load() - 1 // the look at the pin
	fmt.Printf("settings: %d of them on %d connections\n", len(changes)-1, handshakes)
	assert.EqualValues(t, len(changes)-1, handshakes) // the pin is one, however it is spelt
}

// TLS-04: a connection that was not verified serves no request that verifies.
func TestAnUnverifiedConnectionServesNobodyElse(t *testing.T) {
	srv := startNameServer(t, 0)
	e := newExecutor(t)
	r := &mtlshttp.Request{URL: srv.url + "/", Verify: mtlshttp.Verify{Off: true}}
	for range 3 {
		resp, err := e.Do(t.Context(), r)
		require.NoError(t, err)
		assert.Equal(t, "unverified", resp.Receipt.Server.TrustedBy)
		_, err = e.Do(t.Context(), &mtlshttp.Request{URL: srv.url + "/"})
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
			_, err := mtlshttp.Do(t.Context(), &mtlshttp.Request{URL: srv.URL + "/", Roots: b.roots(), Timeout: time.Second})
			f := failureOf(t, err)
			assert.Less(t, time.Since(begun), 1250*time.Millisecond)
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
		_, err := e.Do(t.Context(), &mtlshttp.Request{URL: srv.url + "/", Roots: srv.roots()})
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
	for name, issue := range map[string]func() (*testca.Pair, error){
		"100 intermediates": func() (*testca.Pair, error) { return deep.Issue(leaf) },
		"1 MiB":             func() (*testca.Pair, error) { return ca.Issue(large) },
	} {
		pair, err := issue()
		require.NoError(t, err)
		url := startServer(t, &tls.Config{Certificates: []tls.Certificate{pair.TLS()}}, http.NotFoundHandler())
		begun := time.Now()
		_, err = mtlshttp.Do(t.Context(), &mtlshttp.Request{URL: url, Roots: mtlshttp.Roots{PEM: string(ca.PEM()), Only: true}})
		assert.Less(t, time.Since(begun), 2*time.Second, name)
		if err != nil {
			assert.Contains(t, []mtlshttp.Kind{mtlshttp.KindTLSServerCert, mtlshttp.KindTLSHandshake}, failureOf(t, err).Kind, name)
		}
		if name == "1 MiB" {
			assert.Error(t, err)
		}
	}
}
