package testca

import (
	"crypto/x509"
	"math/big"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func verify(ca *CA, p *Pair, at time.Time, usage x509.ExtKeyUsage) error {
	intermediates := x509.NewCertPool()
	for _, c := range p.Chain {
		intermediates.AddCert(c)
	}
	_, err := p.Certificate.Verify(x509.VerifyOptions{
		Roots: ca.Pool(), Intermediates: intermediates, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{usage},
	})
	return err
}

func TestRootIssues(t *testing.T) {
	ca, err := New(Options{})
	require.NoError(t, err)
	assert.Equal(t, "Test Root CA", ca.Certificate.Subject.CommonName)
	assert.Same(t, ca.Certificate, ca.Root())

	leaf, err := ca.Issue(Leaf{CommonName: "client"})
	require.NoError(t, err)
	assert.Empty(t, leaf.Chain)
	assert.NoError(t, verify(ca, leaf, time.Now(), x509.ExtKeyUsageClientAuth))
	assert.NoError(t, verify(ca, leaf, time.Now(), x509.ExtKeyUsageServerAuth))

	other, err := New(Options{})
	require.NoError(t, err)
	assert.Error(t, verify(other, leaf, time.Now(), x509.ExtKeyUsageClientAuth), "another CA of the same name is not this one")
}

func TestChainIsLeafFirstWithoutRoot(t *testing.T) {
	root, err := New(Options{})
	require.NoError(t, err)
	upper, err := root.Intermediate(Options{CommonName: "upper"})
	require.NoError(t, err)
	lower, err := upper.Intermediate(Options{CommonName: "lower"})
	require.NoError(t, err)
	leaf, err := lower.Issue(Leaf{})
	require.NoError(t, err)

	require.Len(t, leaf.Chain, 2)
	assert.Equal(t, "lower", leaf.Chain[0].Subject.CommonName)
	assert.Equal(t, "upper", leaf.Chain[1].Subject.CommonName)
	assert.Same(t, root.Certificate, lower.Root())
	assert.NoError(t, verify(lower, leaf, time.Now(), x509.ExtKeyUsageClientAuth))
	assert.Error(t, verify(root, leaf.WithoutChain(), time.Now(), x509.ExtKeyUsageClientAuth))
	assert.Len(t, leaf.TLS().Certificate, 3)
	assert.Len(t, leaf.WithoutChain().TLS().Certificate, 1)
	assert.Len(t, leaf.Chain, 2, "WithoutChain leaves the pair as it was")
}

func TestRevocationList(t *testing.T) {
	ca, err := New(Options{})
	require.NoError(t, err)
	leaf, err := ca.Issue(Leaf{})
	require.NoError(t, err)

	der, err := ca.RevocationList(leaf.Certificate)
	require.NoError(t, err)
	list, err := x509.ParseRevocationList(der)
	require.NoError(t, err)
	require.NoError(t, list.CheckSignatureFrom(ca.Certificate))
	require.Len(t, list.RevokedCertificateEntries, 1)
	assert.Zero(t, list.RevokedCertificateEntries[0].SerialNumber.Cmp(leaf.Certificate.SerialNumber))

	der, err = ca.RevocationList()
	require.NoError(t, err)
	empty, err := x509.ParseRevocationList(der)
	require.NoError(t, err)
	assert.Empty(t, empty.RevokedCertificateEntries)
	assert.Positive(t, empty.Number.Cmp(list.Number), "a later list has a greater number")
}

func TestClock(t *testing.T) {
	then := time.Date(2031, 3, 4, 5, 6, 7, 0, time.UTC)
	ca, err := New(Options{Clock: func() time.Time { return then }})
	require.NoError(t, err)
	lower, err := ca.Intermediate(Options{})
	require.NoError(t, err)
	leaf, err := lower.Issue(Leaf{})
	require.NoError(t, err)
	assert.Equal(t, then.Add(-time.Hour), leaf.Certificate.NotBefore)
	assert.Equal(t, then.Add(24*time.Hour), leaf.Certificate.NotAfter)
	assert.NoError(t, verify(lower, leaf, then, x509.ExtKeyUsageClientAuth))

	synctest.Test(t, func(t *testing.T) {
		ca, err := New(Options{})
		require.NoError(t, err)
		assert.Equal(t, 2000, ca.Certificate.NotAfter.AddDate(-10, 0, 3).Year(), "the bubble's clock")
		leaf, err := ca.Issue(Leaf{})
		require.NoError(t, err)
		assert.NoError(t, verify(ca, leaf, time.Now(), x509.ExtKeyUsageClientAuth))
		time.Sleep(25 * time.Hour)
		assert.Error(t, verify(ca, leaf, time.Now(), x509.ExtKeyUsageClientAuth), "expired a day later")
	})
}

func TestTemplateHasTheLastWord(t *testing.T) {
	ca, err := New(Options{Template: func(c *x509.Certificate) { c.SerialNumber = big.NewInt(7) }})
	require.NoError(t, err)
	assert.Zero(t, ca.Certificate.SerialNumber.Cmp(big.NewInt(7)))
	leaf, err := ca.Issue(Leaf{Template: func(c *x509.Certificate) { c.CRLDistributionPoints = []string{"http://a.test/crl"} }})
	require.NoError(t, err)
	assert.Equal(t, []string{"http://a.test/crl"}, leaf.Certificate.CRLDistributionPoints)
}

func TestSerialNumbersDiffer(t *testing.T) {
	ca, err := New(Options{})
	require.NoError(t, err)
	seen := map[string]bool{}
	for range 20 {
		leaf, err := ca.Issue(Leaf{})
		require.NoError(t, err)
		seen[leaf.Certificate.SerialNumber.String()] = true
	}
	assert.Len(t, seen, 20)
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		if _, err := New(Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
