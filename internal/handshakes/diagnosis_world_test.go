package handshakes_test

import (
	"crypto/x509"
	"encoding/pem"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/realserver"
	"github.com/mtlshttp/mtlshttp/internal/testca"
)

// situation is what a client comes with, and what is wrong with it by the way
// it was made.
type situation struct {
	name       string
	credential *mtlshttp.Credential // nil: none
	// truth are the causes that name what is wrong, empty: nothing. Where
	// hidden is set the client cannot see it, and a server that gives no reason
	// leaves client-cert-rejected.
	truth  []string
	hidden bool
	// lenient: some servers take it, so an answer is no mistake.
	lenient bool
	// unlisted: its authority is on no server's list, and it is withheld then.
	withheld bool
	revoked  bool // it matters only to a server that has the list
	deep     bool // it comes with an intermediate, which depth limits may refuse
}

// troubled is a server's certificate and the cause that names what is wrong
// with it; empty: nothing.
type troubled struct {
	cause            string
	certificate, key []byte
}

// bench holds the certificates of the suite, made once.
type bench struct {
	root, sub  *testca.CA
	clientCAs  []byte // what servers trust and list
	advertised []byte // what some list instead
	crls       []byte
	situations []situation
	paired     []situation // those with two faults
	servers    map[string]troubled
}

const yesterday = -24 * time.Hour

func newBench(t testing.TB) *bench {
	authority := func(name string, key testca.KeyType) *testca.CA {
		ca, err := testca.New(testca.Options{CommonName: name, Key: key})
		require.NoError(t, err)
		return ca
	}
	b := &bench{root: authority("Bench Root", testca.RSA2048), servers: map[string]troubled{}}
	var err error
	b.sub, err = b.root.Intermediate(testca.Options{CommonName: "Bench Intermediate"})
	require.NoError(t, err)
	b.clientCAs, b.advertised = b.root.PEM(), authority("Advertised Root", "").PEM()
	other, impostor := authority("Other Root", testca.RSA2048), authority("Bench Root", testca.RSA2048)

	issue := func(ca *testca.CA, l testca.Leaf) *testca.Pair {
		if l.CommonName == "" {
			l.CommonName = "client"
		}
		pair, err := ca.Issue(l)
		require.NoError(t, err)
		return pair
	}
	client := func(pair *testca.Pair) *mtlshttp.Credential {
		c, err := mtlshttp.NewCredential(pair.Key, slices.Concat([]*x509.Certificate{pair.Certificate}, pair.Chain)...)
		require.NoError(t, err)
		c.AllowExpired = true
		return c
	}
	past, future := time.Now().Add(yesterday), time.Now().Add(-yesterday)
	revoked := issue(b.root, testca.Leaf{CommonName: "revoked", Usages: testca.ClientAuth})
	rejected := "client-cert-rejected"
	lone, err := testca.SelfSigned(testca.Leaf{CommonName: "lone"}, nil)
	require.NoError(t, err)
	picky := func(allowAnonymous bool) *mtlshttp.Credential {
		c := client(issue(other, testca.Leaf{Usages: testca.ClientAuth}))
		c.OnlyIfAcceptable, c.AllowAnonymous = true, allowAnonymous
		return c
	}
	b.situations = []situation{
		{name: "no credential", truth: []string{"client-cert-missing"}},
		{name: "valid", credential: client(issue(b.root, testca.Leaf{Usages: testca.ClientAuth}))},
		{name: "valid, RSA", credential: client(issue(b.root, testca.Leaf{Usages: testca.ClientAuth, Key: testca.RSA2048}))},
		{name: "valid, without usages", credential: client(issue(b.root, testca.Leaf{Usages: testca.NoUsage}))},
		{name: "valid, with its intermediate", credential: client(issue(b.sub, testca.Leaf{Usages: testca.ClientAuth})), deep: true,
			truth: []string{"client-cert-untrusted"}, hidden: true},
		{name: "expired", credential: client(issue(b.root, testca.Leaf{NotAfter: past})), truth: []string{"client-cert-expired"}},
		{name: "not yet valid", credential: client(issue(b.root, testca.Leaf{NotBefore: future})), truth: []string{"client-cert-not-yet-valid"}},
		{name: "wrong usage", credential: client(issue(b.root, testca.Leaf{Usages: testca.ServerAuth})), truth: []string{"client-cert-wrong-usage"}, lenient: true},
		{name: "RSA 1024", credential: client(issue(b.root, testca.Leaf{Key: testca.RSA1024})), truth: []string{"client-cert-weak"}, hidden: true, lenient: true},
		{name: "SHA-1", credential: client(issue(b.root, testca.Leaf{Signature: testca.SignatureSHA1})), truth: []string{"client-cert-weak"}, hidden: true, lenient: true},
		{name: "other authority", credential: client(issue(other, testca.Leaf{})), truth: []string{"client-cert-untrusted"}, hidden: true},
		{name: "authority of the same name", credential: client(issue(impostor, testca.Leaf{})), truth: []string{"client-cert-untrusted"}, hidden: true},
		{name: "missing intermediate", credential: client(issue(b.sub, testca.Leaf{}).WithoutChain()), truth: []string{"client-cert-untrusted"}, hidden: true},
		{name: "self-signed", credential: client(lone), truth: []string{"client-cert-untrusted"}, hidden: true},
		{name: "revoked", credential: client(revoked), truth: []string{"client-cert-revoked"}, hidden: true, revoked: true},
		{name: "expired, other authority", credential: client(issue(other, testca.Leaf{NotAfter: past})),
			truth: []string{"client-cert-expired", "client-cert-untrusted"}},
		{name: "wrong usage, other authority", credential: client(issue(other, testca.Leaf{Usages: testca.ServerAuth})),
			truth: []string{"client-cert-wrong-usage", "client-cert-untrusted"}},
		{name: "expired, RSA 1024", credential: client(issue(b.root, testca.Leaf{NotAfter: past, Key: testca.RSA1024})),
			truth: []string{"client-cert-expired", "client-cert-weak"}},
		{name: "only if acceptable", credential: picky(false), truth: []string{"client-cert-withheld"}, withheld: true},
		{name: "only if acceptable, else anonymous", credential: picky(true), truth: []string{"client-cert-withheld"}, withheld: true},
	}
	stale := testca.Leaf{CommonName: "revoked", NotAfter: past}
	unfit := testca.Leaf{CommonName: "revoked", Usages: testca.ServerAuth}
	small := testca.Leaf{CommonName: "revoked", Key: testca.RSA1024}
	ofOther := issue(other, testca.Leaf{Key: testca.RSA1024})
	loneAndSmall, err := testca.SelfSigned(testca.Leaf{CommonName: "lone", Key: testca.RSA1024}, nil)
	require.NoError(t, err)
	loneAndStale, err := testca.SelfSigned(testca.Leaf{CommonName: "lone", NotAfter: past}, nil)
	require.NoError(t, err)
	revokedStale, revokedUnfit, revokedSmall := issue(b.root, stale), issue(b.root, unfit), issue(b.root, small)
	b.paired = []situation{
		{name: "expired, revoked", credential: client(revokedStale), truth: []string{"client-cert-expired", "client-cert-revoked"}, revoked: true},
		{name: "wrong usage, revoked", credential: client(revokedUnfit), truth: []string{"client-cert-wrong-usage", "client-cert-revoked"}, hidden: true, revoked: true},
		{name: "RSA 1024, revoked", credential: client(revokedSmall), truth: []string{"client-cert-weak", "client-cert-revoked"}, hidden: true, revoked: true},
		{name: "RSA 1024, other authority", credential: client(ofOther), truth: []string{"client-cert-weak", "client-cert-untrusted"}, hidden: true},
		{name: "RSA 1024, self-signed", credential: client(loneAndSmall), truth: []string{"client-cert-weak", "client-cert-untrusted"}, hidden: true},
		{name: "expired, self-signed", credential: client(loneAndStale), truth: []string{"client-cert-expired", "client-cert-untrusted"}},
		{name: "RSA 1024, missing intermediate", credential: client(issue(b.sub, testca.Leaf{Key: testca.RSA1024}).WithoutChain()),
			truth: []string{"client-cert-weak", "client-cert-untrusted"}, hidden: true},
		{name: "not yet valid, wrong usage", credential: client(issue(b.root, testca.Leaf{NotBefore: future, Usages: testca.ServerAuth})),
			truth: []string{"client-cert-not-yet-valid", "client-cert-wrong-usage"}},
	}
	for _, list := range [][]situation{b.situations, b.paired} {
		for i := range list {
			if s := &list[i]; s.hidden {
				s.truth = append(s.truth, rejected)
			}
		}
	}
	for _, list := range []struct { // OpenSSL's s_server and Node.js read the first alone
		ca      *testca.CA
		revoked []*x509.Certificate
	}{{b.root, []*x509.Certificate{revoked.Certificate, revokedStale.Certificate, revokedUnfit.Certificate, revokedSmall.Certificate}}, {b.sub, nil}} {
		der, err := list.ca.RevocationList(list.revoked...)
		require.NoError(t, err)
		b.crls = append(b.crls, pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der})...)
	}

	serve := func(cause string, pair *testca.Pair) {
		key, err := pair.KeyPEM()
		require.NoError(t, err)
		b.servers[cause] = troubled{cause, pair.CertificatePEM(), key}
	}
	named := func(change func(*testca.Leaf)) testca.Leaf {
		l := testca.Leaf{CommonName: "localhost", DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, Key: testca.RSA2048}
		if change != nil {
			change(&l)
		}
		return l
	}
	serve("", issue(b.root, named(nil)))
	serve("server-cert-expired", issue(b.root, named(func(l *testca.Leaf) { l.NotAfter = past })))
	serve("server-cert-not-yet-valid", issue(b.root, named(func(l *testca.Leaf) { l.NotBefore = future })))
	serve("server-name-mismatch", issue(b.root, named(func(l *testca.Leaf) { l.DNSNames, l.IPAddresses = []string{"elsewhere.test"}, nil })))
	serve("server-cert-untrusted", issue(belowOf(t, other), named(nil)))
	serve("server-intermediate-missing", issue(b.sub, named(nil)).WithoutChain())
	self, err := testca.SelfSigned(named(nil), nil)
	require.NoError(t, err)
	serve("server-cert-self-signed", self)
	elsewhere := func(l *testca.Leaf) { l.DNSNames, l.IPAddresses = []string{"elsewhere.test"}, nil }
	serve("server-cert-expired+server-name-mismatch", issue(b.root, named(func(l *testca.Leaf) { l.NotAfter = past; elsewhere(l) })))
	serve("server-cert-untrusted+server-cert-expired", issue(belowOf(t, other), named(func(l *testca.Leaf) { l.NotAfter = past })))
	serve("server-cert-untrusted+server-name-mismatch", issue(belowOf(t, other), named(elsewhere)))
	return b
}

func belowOf(t testing.TB, ca *testca.CA) *testca.CA {
	sub, err := ca.Intermediate(testca.Options{CommonName: "Other Intermediate"})
	require.NoError(t, err)
	return sub
}

func (b *bench) roots() mtlshttp.Roots {
	return mtlshttp.Roots{Certificates: []*x509.Certificate{b.root.Certificate}, Only: true}
}

// server is a configuration that demands what is said, with a certificate in
// which cause is wrong.
func (b *bench) server(cause string, demand realserver.Demand) realserver.Config {
	s := b.servers[cause]
	return realserver.Config{Certificate: s.certificate, Key: s.key, ClientCAs: b.clientCAs, Demand: demand}
}
