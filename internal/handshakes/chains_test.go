package handshakes_test

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/testca"
)

// chainMaker makes chains in which all kinds of things are odd, a few at once.
type chainMaker struct {
	*rand.Rand
	keys        []crypto.Signer // so that authorities share names and keys
	root, other *testca.CA      // the second is trusted by nobody
	now         time.Time
}

func newChainMaker(t *testing.T) *chainMaker {
	m := &chainMaker{Rand: rand.New(rand.NewPCG(13, 14)), now: time.Now()}
	for range 4 {
		key, err := testca.NewKey("")
		require.NoError(t, err)
		m.keys = append(m.keys, key)
	}
	var err error
	m.root, err = testca.New(testca.Options{CommonName: "root"})
	require.NoError(t, err)
	m.other, err = testca.New(testca.Options{CommonName: "root"}) // an impostor
	require.NoError(t, err)
	return m
}

// odd is true once in n times.
func (m *chainMaker) odd(n int) bool { return m.IntN(n) == 0 }

func (m *chainMaker) names() []string {
	all := []string{"a.test", ".a.test", "b.a.test", "test", "evil.test", "x.b.a.test"}
	m.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:1+m.IntN(3)]
}

func (m *chainMaker) usages() []x509.ExtKeyUsage {
	return [][]x509.ExtKeyUsage{{x509.ExtKeyUsageServerAuth}, {x509.ExtKeyUsageClientAuth}, {x509.ExtKeyUsageAny},
		{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}, {x509.ExtKeyUsageCodeSigning}}[m.IntN(5)]
}

// authority may have constraints, limits, usages and dates that do not fit.
func (m *chainMaker) authority(t *testing.T, above *testca.CA) *testca.CA {
	n := m.IntN(3)
	made, err := above.Intermediate(testca.Options{CommonName: fmt.Sprint("intermediate ", n), Signer: m.keys[n], Template: func(c *x509.Certificate) {
		if m.odd(4) {
			c.MaxPathLen, c.MaxPathLenZero = m.IntN(2), true
		}
		if m.odd(4) {
			c.PermittedDNSDomains, c.PermittedDNSDomainsCritical = m.names(), true
		}
		if m.odd(5) {
			c.ExcludedDNSDomains = m.names()
		}
		if m.odd(6) {
			_, network, _ := net.ParseCIDR([]string{"127.0.0.0/8", "10.0.0.0/8"}[m.IntN(2)])
			c.PermittedIPRanges = []*net.IPNet{network}
		}
		if m.odd(4) {
			c.ExtKeyUsage = m.usages()
		}
		if m.odd(12) {
			c.IsCA, c.MaxPathLen, c.MaxPathLenZero = false, 0, false
		}
		if m.odd(12) {
			c.KeyUsage = x509.KeyUsageDigitalSignature
		}
		if m.odd(12) {
			c.NotAfter = m.now.Add(-time.Hour)
		}
	}})
	require.NoError(t, err)
	return made
}

// pair is a server's leaf with a chain of up to three authorities, of which
// some may be missing, doubled, out of order or of another root.
func (m *chainMaker) pair(t *testing.T) (leaf *testca.Pair, sent []*x509.Certificate) {
	above := m.root
	if m.odd(10) {
		above = m.other
	}
	for range m.IntN(4) {
		above = m.authority(t, above)
	}
	all := []string{"a.test", "b.a.test", "*.a.test", "evil.test", "A.TEST", "*.test", "a*.test"}
	m.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	leaf, err := above.Issue(testca.Leaf{CommonName: "a.test", Signer: m.keys[3], Template: func(c *x509.Certificate) {
		c.DNSNames = all[:1+m.IntN(4)]
		if m.odd(3) {
			c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
		}
		if m.odd(5) {
			c.ExtKeyUsage = m.usages()
		}
		if m.odd(8) {
			c.NotBefore, c.NotAfter = m.now.AddDate(0, -2, 0), m.now.AddDate(0, -1, 0)
		}
	}})
	require.NoError(t, err)
	sent = append(sent, leaf.Chain...)
	if m.odd(6) { // the same authorities, certified otherwise
		for range 2 {
			sent = append(sent, m.authority(t, []*testca.CA{m.root, m.other}[m.IntN(2)]).Certificate)
		}
	}
	if m.odd(3) {
		sent = append(sent, m.root.Certificate, m.other.Certificate)
		m.Shuffle(len(sent), func(i, j int) { sent[i], sent[j] = sent[j], sent[i] })
	}
	if len(sent) > 0 && m.odd(8) {
		sent = sent[1:]
	}
	return leaf, sent
}

// TLS-13 and TLS-14: chains of our own making, since x509-limbo and BetterTLS are
// not at hand: name constraints, path lengths, nested usages, dates, impostors,
// many paths. Every one is judged through a handshake as crypto/x509 judges it,
// on each step of the ladder that has a chain.
func TestGeneratedChainsAreJudgedAsByX509(t *testing.T) {
	m := newChainMaker(t)
	var serving atomic.Pointer[tls.Certificate]
	url := startServer(t, &tls.Config{SessionTicketsDisabled: true, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		return &tls.Config{SessionTicketsDisabled: true, Certificates: []tls.Certificate{*serving.Load()}}, nil
	}}, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	e := &mtlshttp.Executor{Clock: func() time.Time { return m.now }, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, strings.TrimPrefix(url, "https://"))
	}}
	defer e.Close()
	total, accepted, differ := 0, 0, 0
	for range scale(3_000, 300) {
		leaf, sent := m.pair(t)
		served := leaf.TLS()
		served.Certificate = served.Certificate[:1]
		o := x509.VerifyOptions{Roots: m.root.Pool(), Intermediates: x509.NewCertPool(), CurrentTime: m.now}
		for _, c := range sent {
			served.Certificate = append(served.Certificate, c.Raw)
			o.Intermediates.AddCert(c)
		}
		serving.Store(&served)
		o.DNSName = []string{"a.test", "b.a.test", "evil.test", "127.0.0.1"}[m.IntN(4)]
		verify, host := mtlshttp.Verify{}, o.DNSName
		switch m.IntN(5) {
		case 0:
			verify.Name, host = o.DNSName, "elsewhere.test"
		case 1:
			verify.SkipName, o.DNSName = true, ""
		case 2:
			verify.AllowExpired, o.CurrentTime = true, nearest(m.now, leaf.Certificate)
		}
		_, want := leaf.Certificate.Verify(o)
		_, err := e.Do(t.Context(), &mtlshttp.Request{URL: "https://" + host + "/", Verify: verify, Protocol: mtlshttp.Protocol{HTTP: 1},
			Headers: []mtlshttp.Header{{Name: "Connection", Value: "close"}},
			Roots:   mtlshttp.Roots{Certificates: []*x509.Certificate{m.root.Certificate}, Only: true}})
		total++
		if want == nil {
			accepted++
		}
		if (err == nil) != (want == nil) {
			differ++
			t.Errorf("%s, %+v: crypto/x509 says %v, the library %v", host, verify, want, err)
		} else if err != nil {
			f := failureOf(t, err)
			assert.Equal(t, mtlshttp.KindTLSServerCert, f.Kind, "%v", err)
		}
	}
	fmt.Printf("generated chains: %d, %d accepted, %d otherwise than by crypto/x509\n", total, accepted, differ)
	assert.Greater(t, accepted, total/8)
	assert.Less(t, accepted, total*7/8)
}

// nearest is the moment of a certificate's validity that is nearest to now.
func nearest(now time.Time, c *x509.Certificate) time.Time {
	if now.After(c.NotAfter) {
		return c.NotAfter
	}
	return now
}
