package handshakes_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/realserver"
	"github.com/mtlshttp/mtlshttp/internal/slack"
	"github.com/mtlshttp/mtlshttp/internal/testca"
)

// TLS-05: a session that was earned under one set of roots is not resumed under
// another, whatever the caller does to the slice that it gave.
func TestRootsThatChangeEndTheSession(t *testing.T) {
	srv := startNameServer(t, 1) // every answer ends its connection
	stranger, err := testca.New(testca.Options{})
	require.NoError(t, err)
	for _, p := range protocols() {
		e := newExecutor(t)
		roots := []*x509.Certificate{srv.CA.Certificate}
		r := &mtlshttp.Request{URL: srv.URL + "/", Roots: mtlshttp.Roots{Certificates: roots, Only: true}, Protocol: p,
			Headers: []mtlshttp.Header{{Name: "Connection", Value: "close"}}}
		resumed := false
		for range 3 {
			resp, err := e.Do(t.Context(), r)
			require.NoError(t, err)
			resumed = resumed || resp.Receipt.Resumed
		}
		assert.True(t, resumed, "nothing would be shown")
		roots[0] = stranger.Certificate
		_, err := e.Do(t.Context(), r)
		f := failureOf(t, err)
		assert.Equal(t, mtlshttp.KindTLSServerCert, f.Kind)
		assert.False(t, f.Receipt().Resumed)
		roots[0] = srv.CA.Certificate
		_, err = e.Do(t.Context(), r)
		assert.NoError(t, err)
	}
}

// TLS-06: two names with one certificate and one address: HTTP/2 may coalesce
// them (RFC 9113, section 9.1.1), and does not here, for any identities.
func TestNoCoalescingOverNames(t *testing.T) {
	ca, err := testca.New(testca.Options{})
	require.NoError(t, err)
	pair, err := ca.Issue(testca.Leaf{DNSNames: []string{"a.test", "b.test"}})
	require.NoError(t, err)
	url := startServer(t, &tls.Config{Certificates: []tls.Certificate{pair.TLS()}, ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: ca.Pool()},
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.TLS.ServerName != strings.TrimSuffix(r.Host, ":443") {
				w.WriteHeader(http.StatusMisdirectedRequest)
			} else if len(r.TLS.PeerCertificates) > 0 {
				_, _ = io.WriteString(w, r.TLS.PeerCertificates[0].Subject.CommonName)
			}
		}))
	var dialed atomic.Int64
	e := &mtlshttp.Executor{Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		dialed.Add(1)
		return (&net.Dialer{}).DialContext(ctx, network, strings.TrimPrefix(url, "https://"))
	}}
	defer e.Close()
	credential := func(name string) *mtlshttp.Credential {
		client, err := ca.Issue(testca.Leaf{CommonName: name})
		require.NoError(t, err)
		c, err := mtlshttp.NewCredential(client.Key, client.Certificate)
		require.NoError(t, err)
		return c
	}
	alice, bob := credential("alice"), credential("bob")
	for range 2 {
		for _, c := range []struct {
			host, name string
			identity   *mtlshttp.Credential
		}{{"a.test", "alice", alice}, {"b.test", "bob", bob}, {"b.test", "alice", alice}, {"a.test", "", nil}} {
			resp, err := e.Do(t.Context(), &mtlshttp.Request{URL: "https://" + c.host + "/", Identity: c.identity,
				Roots: mtlshttp.Roots{Certificates: []*x509.Certificate{ca.Certificate}, Only: true}})
			require.NoError(t, err)
			assert.Equal(t, 200, resp.StatusCode)
			assert.Equal(t, "h2", resp.Receipt.ALPN)
			assert.Equal(t, c.name, string(resp.Bytes()))
		}
	}
	assert.EqualValues(t, 4, dialed.Load())
}

// rewriter changes what a server writes before its records are protected.
type rewriter struct {
	net.Conn
	change func(message []byte)
}

func (c *rewriter) Write(b []byte) (int, error) {
	out := bytes.Clone(b)
	for rest := out; len(rest) >= 5; {
		length := 5 + int(rest[3])<<8 + int(rest[4])
		if length > len(rest) {
			break
		}
		if rest[0] == 22 && c.change != nil { // a handshake record, not protected yet
			c.change(rest[5:length])
		}
		rest = rest[length:]
	}
	return c.Conn.Write(out)
}

// startHandshaker makes handshakes and nothing after them. Of TLS 1.2, whose
// messages are in the clear, it may change what it says.
func startHandshaker(t *testing.T, config *tls.Config, change func(message []byte)) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var running sync.WaitGroup
	running.Go(func() {
		for {
			raw, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer raw.Close()
				_ = raw.SetDeadline(time.Now().Add(10 * time.Second))
				_ = tls.Server(&rewriter{raw, change}, config).Handshake()
			})
		}
	})
	t.Cleanup(func() { _ = listener.Close(); running.Wait() })
	return "https://" + listener.Addr().String() + "/"
}

// TLS-09: a server that takes no signature which the client's key can make, and
// one that lists none of its authorities: it is known before a request, and
// nothing is sent unless that was allowed.
func TestNothingFitsTheServersRequest(t *testing.T) {
	b := newBench(t)
	server, err := b.root.Issue(testca.Leaf{CommonName: "localhost", IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	require.NoError(t, err)
	var answered atomic.Int64
	handler := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { answered.Add(1) })
	config := func(version uint16) *tls.Config {
		return &tls.Config{Certificates: []tls.Certificate{server.TLS()}, ClientAuth: tls.RequestClientCert, ClientCAs: b.root.Pool(), MaxVersion: version}
	}
	const request = 13 // a list of types, then one of schemes (RFC 5246, section 7.4.4)
	onlyRSA := func(m []byte) {
		if m[0] != request {
			return
		}
		at := 4 + 1 + int(m[4])
		for i := range int(m[at])<<8 | int(m[at+1]) {
			m[at+2+i] = []byte{4, 1}[i%2] // rsa_pkcs1_sha256
		}
	}
	stranger, err := testca.New(testca.Options{})
	require.NoError(t, err)
	small, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader) // TLS 1.3 has no scheme for it
	require.NoError(t, err)
	unfit := func(ca *testca.CA, key crypto.Signer) *mtlshttp.Credential {
		pair, err := ca.Issue(testca.Leaf{CommonName: "client", Signer: key})
		require.NoError(t, err)
		c, err := mtlshttp.NewCredential(pair.Key, pair.Certificate)
		require.NoError(t, err)
		return c
	}
	other := unfit(stranger, nil)
	other.OnlyIfAcceptable = true
	for _, c := range []struct {
		name, url, reason string
		credential        *mtlshttp.Credential
		anonymous         bool // can be allowed
	}{
		{"scheme, TLS 1.2", startHandshaker(t, config(tls.VersionTLS12), onlyRSA), "no-common-signature-scheme", unfit(b.root, nil), false},
		{"scheme, TLS 1.3", startServer(t, config(tls.VersionTLS13), handler), "no-common-signature-scheme", unfit(b.root, small), true},
		{"authority, TLS 1.2", startServer(t, config(tls.VersionTLS12), handler), "authority-not-listed", other, true},
		{"authority, TLS 1.3", startServer(t, config(tls.VersionTLS13), handler), "authority-not-listed", other, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			answered.Store(0)
			r := &mtlshttp.Request{Method: "POST", URL: c.url, Roots: b.roots(), Identity: c.credential, Body: mtlshttp.Text("text/plain", "body")}
			_, err := newExecutor(t).Do(t.Context(), r)
			f := failureOf(t, err)
			assert.Equal(t, mtlshttp.KindTLSClientCert, f.Kind)
			assert.Equal(t, "no-match", f.Reason)
			require.NotNil(t, f.Diagnosis)
			assert.Equal(t, "client-cert-withheld certain", f.Diagnosis.Cause+" "+f.Diagnosis.Confidence)
			assert.Equal(t, c.reason, f.Receipt().ClientCertificate.Withheld[0].Reason)
			assert.Zero(t, answered.Load(), "a request was sent")
			if !c.anonymous {
				return
			}
			allowed := *c.credential
			allowed.AllowAnonymous = true
			r.Identity = &allowed
			resp, err := newExecutor(t).Do(t.Context(), r)
			require.NoError(t, err)
			assert.Nil(t, resp.Receipt.ClientCertificate.Presented)
			assert.True(t, hasWarning(resp.Receipt, "anonymous"))
		})
	}
}

// TLS-17: a peer that goes on without end after the handshake, or begins it
// anew, is left at once.
func TestFloodsAfterTheHandshake(t *testing.T) {
	b := newBench(t)
	for kind, version := range map[realserver.Kind]uint16{realserver.PeerKeyUpdates: tls.VersionTLS13, realserver.PeerTickets: tls.VersionTLS13,
		realserver.PeerRenegotiate: tls.VersionTLS12} {
		t.Run(string(kind), func(t *testing.T) {
			config := b.server("", realserver.DemandNone)
			config.MaxVersion = version
			srv := realserver.Start(t, kind, config)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			begun := time.Now()
			_, err := newExecutor(t).Do(t.Context(), &mtlshttp.Request{URL: srv.URL + "/", Roots: b.roots(), Timeout: 10 * time.Second})
			runtime.ReadMemStats(&after)
			f := failureOf(t, err)
			assert.Less(t, time.Since(begun), slack.For(2*time.Second))
			assert.Less(t, after.HeapAlloc, before.HeapAlloc+16<<20)
			assert.Contains(t, []mtlshttp.Kind{mtlshttp.KindTLSHandshake, mtlshttp.KindProtocol, mtlshttp.KindWrite}, f.Kind, "%v", err)
			if kind == realserver.PeerRenegotiate {
				require.NotNil(t, f.Diagnosis, "%v", err)
				assert.Equal(t, "renegotiation-required certain", f.Diagnosis.Cause+" "+f.Diagnosis.Confidence)
			}
		})
	}
}

// TLS-20: a server that chooses an application protocol which was not offered,
// and one that has none in common; what the first says is not repeated raw.
func TestApplicationProtocols(t *testing.T) {
	b := newBench(t)
	server, err := b.root.Issue(testca.Leaf{CommonName: "localhost", IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	require.NoError(t, err)
	const hostile = "\x1b["
	unknown := startHandshaker(t, &tls.Config{Certificates: []tls.Certificate{server.TLS()}, NextProtos: []string{"h2"}, MaxVersion: tls.VersionTLS12}, func(m []byte) {
		if m[0] == 2 { // ServerHello
			copy(m[bytes.Index(m, []byte("\x02h2"))+1:], hostile)
		}
	})
	_, err = newExecutor(t).Do(t.Context(), &mtlshttp.Request{URL: unknown, Roots: b.roots()})
	f := failureOf(t, err)
	assert.Equal(t, mtlshttp.KindTLSHandshake, f.Kind)
	assert.NotContains(t, err.Error()+fmt.Sprintf("%+v %v", f, f.Diagnosis), hostile)

	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		none := startHandshaker(t, &tls.Config{Certificates: []tls.Certificate{server.TLS()}, NextProtos: []string{"mqtt"}, MaxVersion: version}, nil)
		_, err = newExecutor(t).Do(t.Context(), &mtlshttp.Request{URL: none, Roots: b.roots()})
		f = failureOf(t, err)
		assert.Equal(t, mtlshttp.KindTLSHandshake, f.Kind)
		require.NotNil(t, f.Diagnosis)
		assert.Equal(t, "alpn-mismatch certain", f.Diagnosis.Cause+" "+f.Diagnosis.Confidence)
	}
}
