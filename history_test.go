package mtlshttp_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/testca"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// shifting is a server whose TLS configuration can be replaced.
type shifting struct {
	mu     sync.Mutex
	config *tls.Config
	url    string
}

func (s *shifting) set(c *tls.Config) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.config = c
}

func startShifting(t *testing.T, first *tls.Config) *shifting {
	s := &shifting{config: first}
	outer := first.Clone()
	outer.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.config, nil
	}
	s.url = startServer(t, outer, whoami)
	return s
}

func TestAFailureSaysWhatChanged(t *testing.T) {
	ours, err := mtlstest.NewCA()
	require.NoError(t, err)
	before, err := ours.ServerConfig()
	require.NoError(t, err)
	after, err := ours.ServerConfig() // another certificate of the same CA
	require.NoError(t, err)
	strangers, err := testca.New(testca.Options{CommonName: "new authority"})
	require.NoError(t, err)
	after.ClientCAs = strangers.Pool()
	srv := startShifting(t, before)
	id, err := ours.Issue(mtlstest.Client{})
	require.NoError(t, err)
	e := newExecutor(t)
	r := &mtlshttp.Request{URL: srv.url, Identity: id.Credential, Roots: ours.Roots(), Headers: []mtlshttp.Header{{Name: "X", Value: "1"}}}
	_, err = e.Do(t.Context(), r)
	require.NoError(t, err)
	known := e.History()
	require.Len(t, known, 1)
	stored, err := json.Marshal(known)
	require.NoError(t, err)

	srv.set(after)
	again := newExecutor(t) // as after a restart
	var restored []mtlshttp.Known
	require.NoError(t, json.Unmarshal(stored, &restored))
	again.Remember(restored)
	_, err = again.Do(t.Context(), r)
	d := failureOf(t, err).Diagnosis
	require.NotNil(t, d, "%v", err)
	changed := strings.Join(d.Changed, "\n")
	assert.Contains(t, changed, `the server's certificate was replaced`)
	assert.Contains(t, changed, `lost "CN=mtlstest CA"`)
	assert.Contains(t, changed, `gained "CN=new authority"`)
}

// Whether the server asks for a certificate is known once we accept its own.
func TestAServerThatWeRefuseDidNotStopAsking(t *testing.T) {
	ca, err := mtlstest.NewCA()
	require.NoError(t, err)
	asking, err := ca.ServerConfig()
	require.NoError(t, err)
	open := asking.Clone()
	open.ClientAuth = tls.NoClientCert
	id, err := ca.Issue(mtlstest.Client{})
	require.NoError(t, err)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		srv := startShifting(t, asking)
		e := newExecutor(t)
		r := &mtlshttp.Request{URL: srv.url, Identity: id.Credential, Roots: ca.Roots(), Protocol: mtlshttp.Protocol{MinTLS: version, MaxTLS: version}}
		_, err = e.Do(t.Context(), r)
		require.NoError(t, err)
		distrusting := *r
		distrusting.Roots = mtlshttp.Roots{}
		_, err = e.Do(t.Context(), &distrusting)
		d := failureOf(t, err).Diagnosis
		require.NotNil(t, d, "%v", err)
		assert.Empty(t, d.Changed)

		refusing := open.Clone()
		refusing.MinVersion, refusing.MaxVersion = tls.VersionTLS12, tls.VersionTLS13
		srv.set(refusing)
		demanding := *r
		demanding.RequireClientCertificate = true
		_, err = e.Do(t.Context(), &demanding)
		d = failureOf(t, err).Diagnosis
		require.NotNil(t, d, "%v", err)
		assert.Contains(t, strings.Join(d.Changed, "\n"), "stopped asking")
	}
}

// A rotation, and a server that leaves out its intermediate, are changes, too.
func TestAFailureSaysWhatWasRotated(t *testing.T) {
	ca, err := testca.New(testca.Options{CommonName: "root"})
	require.NoError(t, err)
	sub, err := ca.Intermediate(testca.Options{CommonName: "between"})
	require.NoError(t, err)
	server, err := sub.Issue(testca.Leaf{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	require.NoError(t, err)
	before := &tls.Config{Certificates: []tls.Certificate{server.TLS()}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ca.Pool()}
	after := before.Clone()
	after.Certificates = []tls.Certificate{server.WithoutChain().TLS()}
	srv := startShifting(t, before)
	stranger, err := testca.New(testca.Options{CommonName: "elsewhere"})
	require.NoError(t, err)
	credential := func(ca *testca.CA, name string) *mtlshttp.Credential {
		pair, err := ca.Issue(testca.Leaf{CommonName: name})
		require.NoError(t, err)
		c, err := mtlshttp.NewCredential(pair.Key, pair.Certificate)
		require.NoError(t, err)
		return c
	}
	e := newExecutor(t)
	r := &mtlshttp.Request{URL: srv.url, Identity: credential(ca, "old"), Roots: mtlshttp.Roots{Certificates: []*x509.Certificate{ca.Certificate}, Only: true},
		Headers: []mtlshttp.Header{{Name: "Connection", Value: "close"}}}
	_, err = e.Do(t.Context(), r)
	require.NoError(t, err)

	rotated := *r
	rotated.Identity = credential(stranger, "new")
	_, err = e.Do(t.Context(), &rotated)
	assert.Contains(t, strings.Join(failureOf(t, err).Diagnosis.Changed, "\n"), `the client certificate was replaced ("CN=old" by "CN=root", now "CN=new" by "CN=elsewhere") since`)

	srv.set(after)
	rotated.Identity = credential(ca, "third")
	_, err = e.Do(t.Context(), &rotated)
	d := failureOf(t, err).Diagnosis
	assert.Equal(t, "server-intermediate-missing", d.Cause)
	assert.Contains(t, strings.Join(d.Changed, "\n"), `the server's chain lost "CN=between"`)
}

func TestHistoryIsBounded(t *testing.T) {
	e := newExecutor(t)
	var known []mtlshttp.Known
	for i := range 1500 {
		known = append(known, mtlshttp.Known{Origin: "https://a.test:" + string(rune('0'+i%10)) + time.Duration(i).String(), Receipt: new(mtlshttp.Receipt)})
	}
	e.Remember(known)
	all := e.History()
	assert.Len(t, all, 1000)
	assert.Equal(t, known[0].Origin, all[0].Origin, "the newest is kept, and first")
}

func TestRehearse(t *testing.T) {
	first, second := mtlstest.NewServer(t, whoami), mtlstest.NewServer(t, whoami)
	e := newExecutor(t)
	current := first.Credential
	r := first.Request("/")
	_, err := e.Do(t.Context(), r)
	require.NoError(t, err)
	other := second.Request("/") // a server that never saw the current one
	_, err = e.Do(t.Context(), other)
	require.NoError(t, err)

	rehearsed, err := e.Rehearse(t.Context(), current, first.Issue(t, mtlstest.Client{Name: "next"}))
	require.NoError(t, err)
	require.Len(t, rehearsed, 1)
	assert.Equal(t, first.URL, rehearsed[0].Origin)
	assert.Equal(t, "yes", rehearsed[0].Accepted)

	rehearsed, err = e.Rehearse(t.Context(), current, first.Issue(t, mtlstest.Client{Name: "next", Stranger: true}))
	require.NoError(t, err)
	require.Len(t, rehearsed, 1)
	assert.Equal(t, "no", rehearsed[0].Accepted)
	assert.Equal(t, "client-cert-untrusted", rehearsed[0].Diagnosis.Cause)
}

func TestCheckNeedsNoNetwork(t *testing.T) {
	ca, err := mtlstest.NewCA()
	require.NoError(t, err)
	issue := func(c mtlstest.Client) *mtlshttp.Credential {
		id, err := ca.Issue(c)
		require.NoError(t, err)
		return id.Credential
	}
	e := newExecutor(t)
	for name, c := range map[string]struct {
		change func(*mtlshttp.Request)
		codes  []string
	}{
		"nothing to say": {func(r *mtlshttp.Request) { r.Identity = issue(mtlstest.Client{Intermediate: true}) }, nil},
		"alone":          {func(r *mtlshttp.Request) { r.Identity = issue(mtlstest.Client{}) }, []string{"chain-incomplete"}},
		"wrong usage":    {func(r *mtlshttp.Request) { r.Identity = issue(mtlstest.Client{Intermediate: true, WrongUsage: true}) }, []string{"wrong-usage"}},
		"stranger":       {func(r *mtlshttp.Request) { r.Identity = issue(mtlstest.Client{Stranger: true}) }, []string{"chain-incomplete", "not-trusted-here"}},
		"over plain HTTP": {func(r *mtlshttp.Request) {
			r.Identity, r.URL = issue(mtlstest.Client{Intermediate: true}), "http://a.test"
		}, []string{"plain-http"}},
		"unverified":             {func(r *mtlshttp.Request) { r.Verify.Off, r.Roots = true, mtlshttp.Roots{} }, []string{"unverified"}},
		"roots that nobody uses": {func(r *mtlshttp.Request) { r.Verify.Off = true }, []string{"unverified", "contradiction"}},
		"required, and may be left out": {func(r *mtlshttp.Request) {
			r.Identity, r.RequireClientCertificate = issue(mtlstest.Client{Intermediate: true}), true
			r.Identity.AllowAnonymous = true
		}, []string{"contradiction"}},
		"renegotiation for nobody": {func(r *mtlshttp.Request) { r.Protocol.Renegotiate = true }, []string{"contradiction"}},
		"origins of nobody":        {func(r *mtlshttp.Request) { r.Origins = []string{"https://b.test"} }, []string{"contradiction"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := &mtlshttp.Request{URL: "https://a.invalid", Roots: ca.Roots()}
			c.change(r)
			warnings, err := e.Check(t.Context(), r)
			require.NoError(t, err)
			var codes []string
			for _, w := range warnings {
				codes = append(codes, w.Code)
			}
			assert.ElementsMatch(t, c.codes, codes, "%v", warnings)
		})
	}
	_, err = e.Check(t.Context(), &mtlshttp.Request{URL: "https://a.invalid", Credentials: "nobody"})
	assert.Equal(t, mtlshttp.KindConfig, failureOf(t, err).Kind)
}

func TestBareTLSConfig(t *testing.T) {
	srv := mtlstest.NewServer(t, whoami)
	e := newExecutor(t)
	config, err := e.TLSConfig(t.Context(), srv.Request("/"))
	require.NoError(t, err)
	conn, err := tls.Dial("tcp", srv.Listener.Addr().String(), config)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.Handshake())

	r := srv.Request("/")
	r.Roots = mtlshttp.Roots{}
	config, err = e.TLSConfig(t.Context(), r)
	require.NoError(t, err)
	_, err = tls.Dial("tcp", srv.Listener.Addr().String(), config)
	var verify *tls.CertificateVerificationError
	require.ErrorAs(t, err, &verify)
	var authority x509.UnknownAuthorityError
	assert.ErrorAs(t, err, &authority)

	for _, change := range []func(*mtlshttp.Request){
		func(r *mtlshttp.Request) { r.Verify.Off = true },
		func(r *mtlshttp.Request) { r.RequireClientCertificate = true },
		func(r *mtlshttp.Request) { r.URL = "http://a.test" },
	} {
		r := srv.Request("/")
		change(r)
		_, err := e.TLSConfig(t.Context(), r)
		assert.Error(t, err)
	}
}
