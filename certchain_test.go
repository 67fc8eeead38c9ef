package mtlshttp_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/testca"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// What was opened once opens again without its key derivation, and nobody gets
// it without the password.
func TestExtractRemembers(t *testing.T) {
	alice := issue(t, newCA(t), mtlstest.Client{})
	file, err := pkcs12.Modern2023.WithIterations(100_000).Encode(keyOf(t, alice), alice.credential.Leaf(), nil, "secret")
	require.NoError(t, err)
	open := func(password string) (time.Duration, error) {
		begun := time.Now()
		_, err := mtlshttp.Extract(t.Context(), file, &mtlshttp.ExtractOptions{Password: []byte(password)})
		return time.Since(begun), err
	}
	first, err := open("secret")
	require.NoError(t, err)
	again := first
	for range 5 { // the machine may be busy with something else
		took, err := open("secret")
		require.NoError(t, err)
		again = min(again, took)
	}
	assert.Less(t, again, first/4)
	_, err = open("guess")
	assert.Equal(t, "wrong-password", failureOf(t, err).Reason)
}

// A key that is kept elsewhere is joined with its certificate, whichever the
// order of the file.
func TestWithSigner(t *testing.T) {
	ca := newCA(t)
	alice, bob := issue(t, ca, mtlstest.Client{Name: "alice", Intermediate: true}), issue(t, ca, mtlstest.Client{Name: "bob"})
	intermediate := alice.credential.Report().PEM[len(leafPEM(alice)):]
	public := func(parts ...string) *mtlshttp.Inventory {
		inventory, err := mtlshttp.Extract(t.Context(), []byte(strings.Join(parts, "")), nil)
		require.NoError(t, err)
		return inventory
	}
	shuffled := public(string(ca.PEM()), intermediate, string(bob.certificate), leafPEM(alice))
	c, err := shuffled.WithSigner(keyOf(t, alice))
	require.NoError(t, err)
	assert.True(t, c.Leaf().Equal(alice.credential.Leaf()))
	var chain []string
	for _, above := range c.Report().Chain {
		chain = append(chain, above.Subject)
	}
	assert.Equal(t, []string{"CN=mtlstest intermediate CA", "CN=mtlstest CA"}, chain)

	_, err = public(leafPEM(alice)).WithSigner(keyOf(t, bob))
	assert.Equal(t, "key-mismatch", failureOf(t, err).Reason)
	_, err = shuffled.WithSigner(nil)
	assert.Equal(t, "no-key", failureOf(t, err).Reason)
	_, err = public(string(alice.key)).WithSigner(keyOf(t, alice))
	assert.Equal(t, "no-certificate", failureOf(t, err).Reason)
}

// leafPEM is the certificate without its chain.
func leafPEM(f files) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: f.credential.Leaf().Raw}))
}

func TestCertificateWarnings(t *testing.T) {
	ca := newCA(t)
	warnings := func(f files) string {
		inventory, err := mtlshttp.Extract(t.Context(), f.certificate, nil)
		require.NoError(t, err)
		return strings.Join(inventory.Warnings, "\n")
	}
	assert.Empty(t, warnings(issue(t, ca, mtlstest.Client{Name: "valid"})))
	assert.Contains(t, warnings(issue(t, ca, mtlstest.Client{Name: "old", Expired: true})), `"CN=old" expired on `)
	assert.Contains(t, warnings(issue(t, ca, mtlstest.Client{Name: "new", NotYetValid: true})), `"CN=new" is valid from `)
}

// A certificate that says where its issuer can be had is expected to come with
// it.
func TestCertificateWithoutItsIssuer(t *testing.T) {
	ca, err := testca.New(testca.Options{})
	require.NoError(t, err)
	below, err := ca.Intermediate(testca.Options{CommonName: "intermediate"})
	require.NoError(t, err)
	pair, err := below.Issue(testca.Leaf{CommonName: "alice", Template: func(c *x509.Certificate) {
		c.IssuingCertificateURL = []string{"http://ca.example/intermediate.crt"}
	}})
	require.NoError(t, err)
	for pem, warnings := range map[string]int{string(pair.CertificatePEM()): 0, string(pair.WithoutChain().CertificatePEM()): 1} {
		inventory, err := mtlshttp.Extract(t.Context(), []byte(pem), nil)
		require.NoError(t, err)
		require.Len(t, inventory.Warnings, warnings)
		for _, w := range inventory.Warnings {
			assert.Contains(t, w, `"CN=alice" is without its issuer "CN=intermediate"`)
		}
	}
}

func ExampleInventory_WithSigner() {
	_, file, _, stop := bank()
	defer stop()
	ctx := context.Background()
	whole := must(must(mtlshttp.Extract(ctx, file, &mtlshttp.ExtractOptions{Password: []byte("secret")})).Credential())
	public := []byte(whole.Report().PEM)

	// The public half alone is no credential.
	inventory := must(mtlshttp.Extract(ctx, public, nil))
	_, err := inventory.Credential()
	var e *mtlshttp.Error
	fmt.Println(errors.As(err, &e), e.Reason)

	// A signer of another key, as a token has them, does not fit.
	other := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	_, err = inventory.WithSigner(other)
	fmt.Println(errors.As(err, &e), e.Reason)
	// Output:
	// true no-key
	// true key-mismatch
}
