package keyfile

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// namesakes are authorities of few names and keys, and leaves of the first.
func namesakes(names, same, leaves int) (file []byte) {
	authorities := make([]*ecdsa.PrivateKey, names+1)
	for i := range authorities {
		authorities[i] = newECKey(elliptic.P256())
	}
	name := func(i int) *x509.Certificate {
		return issue(fmt.Sprint("authority ", i), authorities[i], nil, nil, true)
	}
	for i := range names {
		for range same {
			file = append(file, issue(fmt.Sprint("authority ", i), authorities[i], name(i+1), authorities[i+1], true).Raw...)
		}
	}
	for range leaves {
		leaf := sample{key: newECKey(elliptic.P256())}
		file = append(file, leaf.pkcs8()...)
		file = append(file, issue("client", leaf.key, name(0), authorities[0], false).Raw...)
	}
	return file
}

func TestASignatureIsCheckedOnce(t *testing.T) {
	const names, same, leaves = 4, 8, 20
	x := newExtraction(context.Background(), Options{})
	require.NoError(t, x.file(namesakes(names, same, leaves)))
	inv, err := x.inventory()
	require.NoError(t, err)
	require.Len(t, inv.Identities, leaves)
	require.Len(t, inv.Identities[0].Chain, names)
	price := inv.Certificates[0].checkPrice()
	require.LessOrEqual(t, x.checks, price*(leaves*same+names*same))
	require.NotZero(t, x.checks)
}

func TestSignatureChecksAreBounded(t *testing.T) {
	file := namesakes(2, 8, 20)
	_, err := Extract(context.Background(), file, Options{Limits: Limits{Iterations: 100_000}})
	require.ErrorIs(t, err, TooLarge, describe(err))
	require.ErrorContains(t, err, "issued each other")

	ctx, cancel := context.WithCancel(context.Background())
	x := newExtraction(ctx, Options{})
	require.NoError(t, x.file(file))
	cancel()
	inv := &Inventory{Certificates: uniqueCertificates(x.certificates)}
	require.ErrorIs(t, inv.match(&x.budget, x.keys, x.certificates), context.Canceled)
}

func TestSelfIssuedCertificatesAreBounded(t *testing.T) {
	var file []byte
	for range 10 { // neither says its key's identifier
		file = append(file, issue("client", newECKey(elliptic.P256()), nil, nil, false).Raw...)
	}
	_, err := Extract(context.Background(), file, Options{Limits: Limits{Iterations: 10_000}})
	require.ErrorIs(t, err, TooLarge, describe(err))
}
