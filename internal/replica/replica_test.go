package replica

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/mtlshttp/mtlshttp/internal/testca"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is an authority with a server and clients.
type world struct {
	ca, below                                   *testca.CA
	server                                      *testca.Pair
	valid, expired, future, usage, stray, small *testca.Pair
	deep                                        *testca.Pair
}

func newWorld(t testing.TB) *world {
	t.Helper()
	authority := func(o testca.Options) *testca.CA {
		ca, err := testca.New(o)
		require.NoError(t, err)
		return ca
	}
	issue := func(ca *testca.CA, l testca.Leaf) *testca.Pair {
		pair, err := ca.Issue(l)
		require.NoError(t, err)
		return pair
	}
	w := &world{ca: authority(testca.Options{CommonName: "Root"})}
	var err error
	w.below, err = w.ca.Intermediate(testca.Options{})
	require.NoError(t, err)
	w.server = issue(w.ca, testca.Leaf{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	w.valid = issue(w.ca, testca.Leaf{Usages: testca.ClientAuth})
	w.expired = issue(w.ca, testca.Leaf{NotAfter: time.Now().Add(-time.Hour)})
	w.future = issue(w.ca, testca.Leaf{NotBefore: time.Now().Add(time.Hour)})
	w.usage = issue(w.ca, testca.Leaf{Usages: testca.ServerAuth})
	w.small = issue(w.ca, testca.Leaf{Key: testca.RSA1024})
	w.stray = issue(authority(testca.Options{CommonName: "Other"}), testca.Leaf{})
	w.deep = issue(w.below, testca.Leaf{})
	return w
}

// start starts a replica that demands what c says.
func (w *world) start(t testing.TB, c Config) *httptest.Server {
	t.Helper()
	c.Certificate, c.ClientCAs = w.server.TLS(), []*x509.Certificate{w.ca.Certificate}
	r, err := New(c)
	require.NoError(t, err)
	srv := httptest.NewUnstartedServer(r.Handler(http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
		fmt.Fprintf(rw, "%d certificates", len(req.TLS.PeerCertificates))
	})))
	srv.Listener, srv.TLS, srv.EnableHTTP2 = r.Listener(srv.Listener), r.TLS(), r.HTTP2()
	srv.Config.ConnContext, srv.Config.TLSNextProto = r.ConnContext, r.TLSNextProto()
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	t.Cleanup(func() {
		r.Close()
		srv.Close()
	})
	return srv
}

// outcome is what a client gets: a status with the beginning of its body, an
// alert, or the way in which the connection ended.
func (w *world) get(t testing.TB, url string, pair *testca.Pair, version uint16, http2 bool) string {
	t.Helper()
	config := &tls.Config{RootCAs: w.ca.Pool(), MinVersion: version, MaxVersion: version}
	if pair != nil {
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			cert := pair.TLS()
			return &cert, nil
		}
	}
	var reset atomic.Bool
	transport := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: http2,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, address)
			return resetConn{conn, &reset}, err
		}}
	defer transport.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	require.NoError(t, err)
	resp, err := transport.RoundTrip(req)
	if err == nil {
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return fmt.Sprintf("%d %s", resp.StatusCode, body)
	}
	var op *net.OpError
	switch {
	case errors.As(err, &op) && op.Op == "remote error":
		return "alert: " + strings.TrimPrefix(op.Err.Error(), "tls: ")
	case errors.Is(err, syscall.ECONNRESET), reset.Load() && errors.Is(err, syscall.EPIPE):
		return "reset"
	case errors.Is(err, io.EOF), strings.Contains(err.Error(), "server closed"), errors.Is(err, syscall.EPIPE):
		return "closed"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	}
	return err.Error()
}

// resetConn notes a reset. Of one, a system tells whichever call comes first, and
// the others that the pipe is broken.
type resetConn struct {
	net.Conn
	reset *atomic.Bool
}

func (c resetConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	return n, c.note(err)
}

func (c resetConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	return n, c.note(err)
}

func (c resetConn) note(err error) error {
	if errors.Is(err, syscall.ECONNRESET) {
		c.reset.Store(true)
	}
	return err
}

// both calls over TLS 1.2 and 1.3; both must agree.
func (w *world) both(t testing.TB, url string, pair *testca.Pair) string {
	t.Helper()
	one, two := w.get(t, url, pair, tls.VersionTLS12, false), w.get(t, url, pair, tls.VersionTLS13, false)
	assert.Equal(t, one, two)
	return one
}

// The whole of it is held against the programs by the root's TestReplicas.
func TestHowEachRefuses(t *testing.T) {
	w := newWorld(t)
	for name, want := range map[Name]struct{ missing12, missing13, stray, expired, future, usage, small, deep string }{
		Nginx: {"400 No required", "400 No required", "400 The SSL", "400 The SSL", "400 The SSL", "400 The SSL", "400 The SSL", "200"},
		Apache: {"alert: handshake failure", "alert: certificate required", "alert: unknown certificate authority",
			"alert: expired certificate", "alert: bad certificate", "alert: unsupported certificate", "alert: bad certificate", "alert: internal error"},
		HAProxy: {"alert: handshake failure", "alert: certificate required", "alert: unknown certificate authority",
			"alert: expired certificate", "alert: bad certificate", "alert: unsupported certificate", "alert: bad certificate", "200"},
		Node:   {"alert: handshake failure", "alert: certificate required", "closed", "closed", "closed", "closed", "200", "200"},
		Java:   {"closed", "closed", "closed", "closed", "closed", "closed", "200", "200"},
		GnuTLS: {"alert: error decoding message", "alert: certificate required", "alert: access denied", "alert: access denied", "alert: access denied", "200", "200", "200"},
		Go: {"alert: handshake failure", "alert: certificate required", "alert: unknown certificate authority",
			"alert: expired certificate", "alert: expired certificate", "alert: bad certificate", "200", "200"},
	} {
		t.Run(string(name), func(t *testing.T) {
			url := w.start(t, Config{Like: name, Demand: DemandRequire}).URL
			is := func(want, got string) {
				t.Helper()
				if len(want) > 3 && want[0] == '4' {
					assert.True(t, strings.HasPrefix(got, want[:3]), "%s", got)
					want = want[4:]
				}
				assert.Contains(t, got, want)
			}
			is(want.missing12, w.get(t, url, nil, tls.VersionTLS12, false))
			is(want.missing13, w.get(t, url, nil, tls.VersionTLS13, false))
			is(want.stray, w.both(t, url, w.stray))
			is(want.expired, w.both(t, url, w.expired))
			is(want.future, w.both(t, url, w.future))
			is(want.usage, w.both(t, url, w.usage))
			is(want.small, w.both(t, url, w.small))
			is(want.deep, w.both(t, url, w.deep))
			is("200 1 certificates", w.both(t, url, w.valid))
		})
	}
}

func TestDemands(t *testing.T) {
	w := newWorld(t)
	for _, name := range Names() {
		optional := w.start(t, Config{Like: name, Demand: DemandOptional}).URL
		assert.Equal(t, "200 0 certificates", w.both(t, optional, nil), "%s", name)
		assert.Equal(t, "200 1 certificates", w.both(t, optional, w.valid), "%s", name)
		none := w.start(t, Config{Like: name}).URL
		assert.Equal(t, "200 0 certificates", w.both(t, none, w.stray), "%s", name)
		if servers[name].noPath || name == Apache {
			continue
		}
		path := w.start(t, Config{Like: name, Demand: DemandPerPath, Path: "/private"}).URL
		assert.Equal(t, "200 0 certificates", w.both(t, path+"/public", nil), "%s", name)
		assert.Contains(t, w.both(t, path+"/private/x", nil), "403", "%s", name)
		assert.Equal(t, "200 1 certificates", w.both(t, path+"/private/x", w.valid), "%s", name)
	}
}

func TestApacheAsksAnew(t *testing.T) {
	w := newWorld(t)
	url := w.start(t, Config{Like: Apache, Demand: DemandPerPath, Path: "/private", HTTP2: true}).URL
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		assert.Contains(t, w.get(t, url+"/private", w.valid, version, true), "HTTP_1_1_REQUIRED")
		assert.Equal(t, "200 0 certificates", w.get(t, url+"/", w.valid, version, true))
		assert.Equal(t, "200 0 certificates", w.get(t, url+"/", w.valid, version, false))
	}
	assert.Contains(t, w.get(t, url+"/private", w.valid, tls.VersionTLS12, false), "no renegotiation")
	assert.Contains(t, w.get(t, url+"/private", w.valid, tls.VersionTLS13, false), "Cannot perform Post-Handshake Authentication")
}

func TestRefusals(t *testing.T) {
	w := newWorld(t)
	for want, refusal := range map[string]Refusal{
		"alert: access denied": {Alert: 49}, "451 ": {Status: 451}, "reset": {Reset: true}, "closed": {},
	} {
		url := w.start(t, Config{Demand: DemandRequire, Refusal: &refusal}).URL
		assert.Contains(t, w.both(t, url, w.valid), want)
	}
}

func TestAllowed(t *testing.T) {
	w := newWorld(t)
	allowed := w.valid.Certificate.Equal
	for name, want := range map[Name]string{Nginx: "403 ", Go: "alert: bad certificate", GnuTLS: "alert: access denied"} {
		url := w.start(t, Config{Like: name, Demand: DemandRequire, Allowed: allowed}).URL
		assert.Contains(t, w.both(t, url, w.valid), "200")
		assert.Contains(t, w.both(t, url, w.deep), want, "%s", name)
	}
}

func TestRevocation(t *testing.T) {
	w := newWorld(t)
	list := func(ca *testca.CA, revoked ...*x509.Certificate) *x509.RevocationList {
		der, err := ca.RevocationList(revoked...)
		require.NoError(t, err)
		l, err := x509.ParseRevocationList(der)
		require.NoError(t, err)
		return l
	}
	root, below := list(w.ca, w.valid.Certificate), list(w.below)
	both := w.start(t, Config{Like: HAProxy, Demand: DemandRequire, Lists: []*x509.RevocationList{root, below}}).URL
	assert.Equal(t, "alert: revoked certificate", w.both(t, both, w.valid))
	assert.Contains(t, w.both(t, both, w.deep), "200")
	one := w.start(t, Config{Like: HAProxy, Demand: DemandRequire, Lists: []*x509.RevocationList{root}}).URL
	assert.Equal(t, "alert: unknown certificate authority", w.both(t, one, w.deep), "no list of its issuer")
	stale := w.start(t, Config{Like: HAProxy, Demand: DemandRequire, Lists: []*x509.RevocationList{root, below},
		Clock: func() time.Time { return time.Now().Add(25 * time.Hour) }}).URL
	assert.Equal(t, "alert: expired certificate", w.both(t, stale, w.deep), "the list has ended")
	first := w.start(t, Config{Like: OpenSSL, Demand: DemandRequire, Lists: []*x509.RevocationList{root, below}}).URL
	assert.Equal(t, "alert: unknown certificate authority", w.both(t, first, w.deep), "s_server reads the first list")
	lenient := w.start(t, Config{Like: Go, Demand: DemandRequire, Lists: []*x509.RevocationList{root}}).URL
	assert.Contains(t, w.both(t, lenient, w.deep), "200")
	assert.Equal(t, "alert: bad certificate", w.both(t, lenient, w.valid))
}

func TestStalls(t *testing.T) {
	w := newWorld(t)
	for _, stage := range []Stage{StageHello, StageCertificate, StageHeaders, StageBody} {
		srv := w.start(t, Config{Demand: DemandRequire, Stall: stage})
		config := &tls.Config{RootCAs: w.ca.Pool(), Certificates: []tls.Certificate{w.valid.TLS()}}
		client := http.Client{Transport: &http.Transport{TLSClientConfig: config}, Timeout: 2 * time.Second}
		resp, err := client.Get(srv.URL)
		if stage == StageBody {
			require.NoError(t, err)
			body, readErr := io.ReadAll(resp.Body)
			resp.Body.Close()
			assert.Equal(t, "the beginning", string(body))
			err = readErr
		}
		var timeout net.Error
		require.ErrorAs(t, err, &timeout, "%s", stage)
		assert.True(t, timeout.Timeout(), "%s: %v", stage, err)
		client.CloseIdleConnections()
	}
}

func TestPlainHTTP(t *testing.T) {
	w := newWorld(t)
	for name, want := range map[Name]string{
		Nginx: "400 ", Apache: "400 ", Go: "400 ", HAProxy: "closed", Node: "closed", Java: "closed", OpenSSL: "closed",
		Stunnel: "reset", GnuTLS: `malformed HTTP response "\x15\x03\x03\x00\x02\x02"`,
	} {
		srv := w.start(t, Config{Like: name, Demand: DemandRequire})
		assert.Contains(t, w.get(t, "http://"+srv.Listener.Addr().String(), nil, tls.VersionTLS13, false), want, "%s", name)
	}
}

func TestVersionsThatNobodySpeaks(t *testing.T) {
	w := newWorld(t)
	for name, want := range map[Name]string{Nginx: "protocol version not supported", Java: "closed", GnuTLS: "handshake failure"} {
		url := w.start(t, Config{Like: name, MaxVersion: tls.VersionTLS12}).URL
		assert.Contains(t, w.get(t, url, w.valid, tls.VersionTLS13, false), want, "%s", name)
	}
	url := w.start(t, Config{Like: GnuTLS, MinVersion: tls.VersionTLS13}).URL
	assert.Contains(t, w.get(t, url, w.valid, tls.VersionTLS12, false), "protocol version not supported")
}

func TestWhatCannotBe(t *testing.T) {
	for _, c := range []Config{
		{Like: "iis", HTTP2: true}, {Like: OpenSSL, Demand: DemandPerPath}, {MinVersion: tls.VersionTLS13, MaxVersion: tls.VersionTLS12},
		{MinVersion: tls.VersionTLS10},
	} {
		_, err := New(c)
		assert.Error(t, err, "%+v", c)
	}
}

func BenchmarkHandshake(b *testing.B) {
	w := newWorld(b)
	srv := w.start(b, Config{Like: Nginx, Demand: DemandRequire})
	for b.Loop() {
		w.get(b, srv.URL, w.valid, tls.VersionTLS13, false)
	}
}
