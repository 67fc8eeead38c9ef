package mtlshttp_test

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ocsp"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/testca"
)

// verified is a server whose certificate is as a test wants it.
type verified struct {
	ca   *testca.CA
	pair *testca.Pair
	url  string
}

func startVerified(t *testing.T, leaf testca.Leaf, change func(verified, *tls.Certificate)) verified {
	ca, err := testca.New(testca.Options{CommonName: "verifying CA"})
	require.NoError(t, err)
	pair, err := ca.Issue(leaf)
	require.NoError(t, err)
	v := verified{ca: ca, pair: pair}
	certificate := pair.TLS()
	if change != nil {
		change(v, &certificate)
	}
	v.url = startServer(t, &tls.Config{Certificates: []tls.Certificate{certificate}}, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	return v
}

func (v verified) request(verify mtlshttp.Verify) *mtlshttp.Request {
	return &mtlshttp.Request{URL: v.url, Verify: verify, Roots: mtlshttp.Roots{Certificates: []*x509.Certificate{v.ca.Certificate}}}
}

var loopback = []net.IP{net.IPv4(127, 0, 0, 1)}

// TLS-11: what loosens verification does so for one request, and is told.
func TestLadderOfVerification(t *testing.T) {
	good := startVerified(t, testca.Leaf{IPAddresses: loopback}, nil)
	named := startVerified(t, testca.Leaf{DNSNames: []string{"other.test"}}, nil)
	expired := startVerified(t, testca.Leaf{IPAddresses: loopback, NotAfter: time.Now().Add(-time.Hour)}, nil)
	sum := sha256.Sum256(named.pair.Certificate.RawSubjectPublicKeyInfo)
	wrong := sha256.Sum256(nil)
	cases := []struct {
		name        string
		server      verified
		verify      mtlshttp.Verify
		strangers   bool // no root is given
		trustedBy   string
		relaxations []string
		cause       string
	}{
		{"full", good, mtlshttp.Verify{}, false, "added", nil, ""},
		{"full, stranger", good, mtlshttp.Verify{}, true, "", nil, "server-intermediate-missing"},
		{"full, wrong name", named, mtlshttp.Verify{}, false, "", nil, "server-name-mismatch"},
		{"full, expired", expired, mtlshttp.Verify{}, false, "", nil, "server-cert-expired"},
		{"pin in hex", named, mtlshttp.Verify{Pins: []string{hex.EncodeToString(sum[:])}}, true, "pin", []string{"pinned-key"}, ""},
		{"pin in base64", named, mtlshttp.Verify{Pins: []string{"sha256//" + base64.StdEncoding.EncodeToString(sum[:])}}, true, "pin", []string{"pinned-key"}, ""},
		{"wrong pin", named, mtlshttp.Verify{Pins: []string{hex.EncodeToString(wrong[:])}}, false, "", []string{"pinned-key"}, "server-cert-untrusted"},
		{"any name", named, mtlshttp.Verify{SkipName: true}, false, "added", []string{"name-skipped"}, ""},
		{"any name, stranger", named, mtlshttp.Verify{SkipName: true}, true, "", []string{"name-skipped"}, "server-intermediate-missing"},
		{"name given", named, mtlshttp.Verify{Name: "other.test"}, false, "added", []string{"name-given"}, ""},
		{"another name given", named, mtlshttp.Verify{Name: "third.test"}, false, "", []string{"name-given"}, "server-name-mismatch"},
		{"expired allowed", expired, mtlshttp.Verify{AllowExpired: true}, false, "added", []string{"expired-allowed"}, ""},
		{"expired allowed, wrong name", named, mtlshttp.Verify{AllowExpired: true}, false, "", []string{"expired-allowed"}, "server-name-mismatch"},
		{"off", named, mtlshttp.Verify{Off: true}, true, "unverified", []string{"unverified"}, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := c.server.request(c.verify)
			if c.strangers {
				r.Roots = mtlshttp.Roots{}
			}
			resp, err := newExecutor(t).Do(t.Context(), r)
			if c.cause == "" {
				require.NoError(t, err)
				assert.Equal(t, c.trustedBy, resp.Receipt.Server.TrustedBy)
				assert.ElementsMatch(t, c.relaxations, resp.Receipt.Relaxations)
				return
			}
			f := failureOf(t, err)
			assert.Equal(t, mtlshttp.KindTLSServerCert, f.Kind, "%v", err)
			require.NotNil(t, f.Diagnosis)
			assert.Equal(t, c.cause, f.Diagnosis.Cause, "%v", err)
			assert.ElementsMatch(t, c.relaxations, f.Receipt().Relaxations)
		})
	}
}

// A certificate whose authority is trusted, and that breaks another rule, is told
// by that rule: nobody is sent to add an authority that is there.
func TestServerCertificatesThatBreakARule(t *testing.T) {
	root, err := testca.New(testca.Options{CommonName: "trusted"})
	require.NoError(t, err)
	constrained, err := root.Intermediate(testca.Options{Template: func(c *x509.Certificate) {
		c.PermittedDNSDomainsCritical, c.PermittedDNSDomains = true, []string{"elsewhere.test"}
	}})
	require.NoError(t, err)
	short, err := root.Intermediate(testca.Options{CommonName: "short", Template: func(c *x509.Certificate) { c.MaxPathLenZero = true }})
	require.NoError(t, err)
	below, err := short.Intermediate(testca.Options{CommonName: "below"})
	require.NoError(t, err)
	gone := time.Now().Add(-time.Minute)
	expired, err := root.Intermediate(testca.Options{CommonName: "old", NotAfter: gone})
	require.NoError(t, err)
	early, err := root.Intermediate(testca.Options{CommonName: "early", NotBefore: time.Now().Add(time.Hour)})
	require.NoError(t, err)
	clientsOnly, err := root.Intermediate(testca.Options{Template: func(c *x509.Certificate) {
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	}})
	require.NoError(t, err)
	oldRoot, err := testca.New(testca.Options{CommonName: "old root", NotAfter: gone})
	require.NoError(t, err)
	namesake, err := testca.New(testca.Options{CommonName: "trusted"})
	require.NoError(t, err)
	left, err := root.Intermediate(testca.Options{CommonName: "left"})
	require.NoError(t, err)
	right, err := root.Intermediate(testca.Options{CommonName: "right"})
	require.NoError(t, err)
	noAuthority, err := root.Intermediate(testca.Options{Template: func(c *x509.Certificate) {
		c.IsCA, c.KeyUsage = false, x509.KeyUsageDigitalSignature
	}})
	require.NoError(t, err)
	named := testca.Leaf{DNSNames: []string{"bank.test"}}
	with := func(change func(*x509.Certificate)) testca.Leaf {
		l := named
		l.Template = change
		return l
	}
	critical := pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 3, 4, 5}, Critical: true, Value: []byte{5, 0}}
	for name, c := range map[string]struct {
		ca           *testca.CA
		leaf         testca.Leaf
		cause        string
		seen, advice string
		change       func(*mtlshttp.Request, *testca.Pair)
	}{
		"for clients": {root, with(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }),
			"server-cert-untrusted", "it is not for server authentication", "serverAuth", nil},
		"a critical extension": {root, with(func(c *x509.Certificate) { c.ExtraExtensions = append(c.ExtraExtensions, critical) }),
			"server-cert-untrusted", "a critical extension", "without that extension", nil},
		"names that its authority may not give": {constrained, named, "server-cert-untrusted", "may not issue it", "issued by another", nil},
		"too far below its authority":           {below, named, "server-cert-untrusted", `"CN=short", which came with it, may not have it issued`, "issued by another", nil},
		"issued by a leaf":                      {noAuthority, named, "server-cert-untrusted", "may issue none", "Do not add that", nil},
		"no name but a common one": {root, testca.Leaf{CommonName: "bank.test"},
			"server-name-mismatch", `it names no host, and so not "bank.test"`, "subject alternative name", nil},
		"an authority that has expired": {expired, named, "server-cert-expired", `the certificate of "CN=old", which came with it, is valid`, "sends along has expired", nil},
		"an authority of tomorrow":      {early, named, "server-cert-not-yet-valid", `"CN=early", which came with it`, "above the server's", nil},
		"an authority for clients":      {clientsOnly, named, "server-cert-untrusted", "an authority above it may not issue it", "issued by another", nil},
		"a trusted one that has expired": {oldRoot, named, "server-cert-expired", `the certificate of "CN=old root", which is trusted here`, "in its place",
			func(r *mtlshttp.Request, _ *testca.Pair) {
				r.Roots.Certificates = []*x509.Certificate{oldRoot.Certificate}
			}},
		"an address among the names": {root, testca.Leaf{DNSNames: []string{"127.0.0.1"}}, "server-name-mismatch", "as a host's name and not as an address", "as IP address",
			func(r *mtlshttp.Request, _ *testca.Pair) { r.Verify = mtlshttp.Verify{} }},
		"another of the same name": {namesake, named, "server-cert-untrusted", `"CN=trusted" is trusted here, and has another key`, "has a new key", nil},
		"another's intermediate": {left, named, "server-intermediate-missing", "what came with it is not its issuer's", "do not join",
			func(_ *mtlshttp.Request, pair *testca.Pair) { pair.Chain = []*x509.Certificate{right.Certificate} }},
	} {
		pair, err := c.ca.Issue(c.leaf)
		require.NoError(t, err)
		r := &mtlshttp.Request{Verify: mtlshttp.Verify{Name: "bank.test"}, Roots: mtlshttp.Roots{Certificates: []*x509.Certificate{root.Certificate}}}
		if c.change != nil {
			c.change(r, pair)
		}
		r.URL = startServer(t, &tls.Config{Certificates: []tls.Certificate{pair.TLS()}}, http.NotFoundHandler())
		_, err = newExecutor(t).Do(t.Context(), r)
		f := failureOf(t, err)
		assert.Equal(t, mtlshttp.KindTLSServerCert, f.Kind, name)
		if assert.NotNil(t, f.Diagnosis, name) {
			assert.Equal(t, c.cause, f.Diagnosis.Cause, "%s: %v", name, err)
			assert.Contains(t, f.Diagnosis.Seen, c.seen, "%s: %v", name, err)
			assert.Contains(t, f.Diagnosis.Advice, c.advice, "%s: %v", name, err)
		}
	}
}

// TLS-12: the certificate itself, given as root, vouches for itself.
func TestLeafAsRoot(t *testing.T) {
	s := startVerified(t, testca.Leaf{IPAddresses: loopback}, nil)
	r := &mtlshttp.Request{URL: s.url, Roots: mtlshttp.Roots{Certificates: []*x509.Certificate{s.pair.Certificate}, Only: true}}
	resp, err := newExecutor(t).Do(t.Context(), r)
	require.NoError(t, err)
	assert.Equal(t, "added", resp.Receipt.Server.TrustedBy)
}

func TestRevocation(t *testing.T) {
	s := startVerified(t, testca.Leaf{IPAddresses: loopback, NotAfter: time.Now().Add(72 * time.Hour)}, nil)
	revoking, err := s.ca.RevocationList(s.pair.Certificate)
	require.NoError(t, err)
	empty, err := s.ca.RevocationList()
	require.NoError(t, err)
	stranger, err := testca.New(testca.Options{})
	require.NoError(t, err)
	others, err := stranger.RevocationList(s.pair.Certificate)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		list   []byte
		reason string
		clock  time.Time
	}{
		"revoked": {revoking, "revoked", time.Now()}, "not revoked": {empty, "", time.Now()}, "another's list": {others, "", time.Now()},
		"out of date": {empty, "revocation-list-expired", time.Now().Add(48 * time.Hour)},
	} {
		t.Run(name, func(t *testing.T) {
			e := &mtlshttp.Executor{Clock: func() time.Time { return c.clock }}
			defer e.Close()
			r := s.request(mtlshttp.Verify{})
			r.Roots.CRLs = [][]byte{c.list}
			_, err := e.Do(t.Context(), r)
			if c.reason == "" {
				require.NoError(t, err)
				return
			}
			f := failureOf(t, err)
			assert.Equal(t, mtlshttp.KindTLSServerCert, f.Kind)
			assert.Equal(t, c.reason, f.Reason, "%v", err)
		})
	}
	r := s.request(mtlshttp.Verify{})
	r.Roots.CRLs = [][]byte{[]byte("no list")}
	assert.Equal(t, "crl[0]", failureOf(t, r.Validate()).Field)
}

func TestStapledAnswer(t *testing.T) {
	for status, cause := range map[int]string{ocsp.Good: "", ocsp.Revoked: "server-cert-revoked"} {
		s := startVerified(t, testca.Leaf{IPAddresses: loopback}, func(v verified, c *tls.Certificate) {
			answer, err := ocsp.CreateResponse(v.ca.Certificate, v.ca.Certificate, ocsp.Response{Status: status, SerialNumber: c.Leaf.SerialNumber,
				ThisUpdate: time.Now(), NextUpdate: time.Now().Add(time.Hour), RevokedAt: time.Now()}, v.ca.Key)
			require.NoError(t, err)
			c.OCSPStaple = answer
		})
		_, err := newExecutor(t).Do(t.Context(), s.request(mtlshttp.Verify{}))
		if cause == "" {
			require.NoError(t, err)
			continue
		}
		assert.Equal(t, cause, failureOf(t, err).Diagnosis.Cause, "%v", err)
	}
}

func TestVerifyContradictions(t *testing.T) {
	for name, v := range map[string]mtlshttp.Verify{"off and pinned": {Off: true, Pins: []string{"x"}}, "name and none": {Name: "a", SkipName: true},
		"no sum": {Pins: []string{"abcd"}}} {
		r := &mtlshttp.Request{URL: "https://a.test", Verify: v}
		assert.Error(t, r.Validate(), name)
	}
}
