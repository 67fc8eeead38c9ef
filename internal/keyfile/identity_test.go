package keyfile

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPairsOfFiles(t *testing.T) {
	s, other := samples()["p256"], samples()["rsa"]
	key, locked := armour("PRIVATE KEY", s.pkcs8()), armour("ENCRYPTED PRIVATE KEY", testSchemes()[0].pkcs8(s, []byte("x")))
	ctx := context.Background()
	for _, pair := range [][2][]byte{{bundle(s), key}, {key, bundle(s)}, {s.leaf, s.pkcs8()}, {s.pkcs8(), s.leaf},
		{append(bundle(s), key...), key}, {pkcs7Of(s.leaf, s.top), key}} {
		inv, err := ExtractPair(ctx, pair[0], pair[1], Options{})
		require.NoError(t, err)
		identity, err := inv.Identity()
		require.NoError(t, err)
		require.Equal(t, s.leaf, identity.Leaf.Raw)
	}
	inv, err := ExtractPair(ctx, bundle(s), locked, Options{KeyPassword: []byte("x")})
	require.NoError(t, err)
	require.Len(t, inv.Identities, 1)

	_, err = ExtractPair(ctx, bundle(s), locked, Options{Password: []byte("y")})
	require.ErrorIs(t, err, WrongPassword)
	require.ErrorContains(t, err, "key file: ")

	inv, err = ExtractPair(ctx, bundle(s), armour("PRIVATE KEY", other.pkcs8()), Options{})
	require.NoError(t, err)
	_, err = inv.Identity()
	require.ErrorIs(t, err, KeyMismatch)
	require.ErrorContains(t, err, "key RSA 2048")
	require.ErrorContains(t, err, `certificate "CN=client p256" for a key EC P-256`)

	inv, err = ExtractPair(ctx, bundle(s), []byte("<html>"), Options{})
	require.NoError(t, err)
	_, err = inv.Identity()
	require.ErrorIs(t, err, NoKey)
	require.ErrorContains(t, err, "key file: this looks like HTML")
}

func TestLeafOfSeveral(t *testing.T) {
	key, authority := newECKey(elliptic.P256()), newECKey(elliptic.P256())
	top := issue("Authority", authority, nil, nil, true)
	selfSigned := issue("client", key, nil, nil, false)
	issued := issue("client", key, top, authority, false)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	for _, order := range [][][]byte{{selfSigned.Raw, issued.Raw, top.Raw}, {top.Raw, issued.Raw, selfSigned.Raw}} {
		file := armour("PRIVATE KEY", pkcs8)
		for _, raw := range order {
			file = append(file, armour("CERTIFICATE", raw)...)
		}
		inv, err := Extract(context.Background(), file, Options{})
		require.NoError(t, err)
		require.Len(t, inv.Certificates, 3)
		identity, err := inv.Identity()
		require.NoError(t, err)
		require.Equal(t, issued.Raw, identity.Leaf.Raw, "the issued certificate, not the temporary one")
		require.Len(t, identity.Chain, 1)
	}
}

func TestIssuersOfOneName(t *testing.T) {
	oldKey, newKey, client := newECKey(elliptic.P256()), newECKey(elliptic.P256()), newECKey(elliptic.P256())
	oldRoot, newRoot := issue("Root", oldKey, nil, nil, true), issue("Root", newKey, nil, nil, true)
	leaf := issue("client", client, oldRoot, oldKey, false)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(client)
	require.NoError(t, err)
	file := armour("PRIVATE KEY", pkcs8)
	for _, c := range []*x509.Certificate{newRoot, oldRoot, leaf} {
		file = append(file, armour("CERTIFICATE", c.Raw)...)
	}
	inv, err := Extract(context.Background(), file, Options{})
	require.NoError(t, err)
	require.Equal(t, oldRoot.Raw, inv.Identities[0].Chain[0].Raw)
	require.Len(t, inv.Identities[0].Chain, 1)
}

// A certificate that crypto/x509 refuses: its serial number is negative.
func TestRefusedCertificatesAreKept(t *testing.T) {
	s := samples()["p256"]
	v := must(whole(s.leaf))
	f := v.fields()
	tbs := f.next().fields()
	version := tbs.next()
	tbs.next()
	odd := der(tagSequence, der(tagSequence, version.raw, der(tagInteger, []byte{0xff}), tbs.rest), f.rest)
	_, err := x509.ParseCertificate(odd)
	require.Error(t, err)

	inv, err := Extract(context.Background(), append(armour("PRIVATE KEY", s.pkcs8()), armour("CERTIFICATE", odd)...), Options{})
	require.NoError(t, err)
	c := inv.Certificates[0]
	require.Equal(t, odd, c.Raw)
	require.Nil(t, c.Parsed)
	require.Error(t, c.ParseError)
	require.Equal(t, "CN=client p256", c.Subject)
	require.Equal(t, "CN=Issuing CA", c.Issuer)
	require.Equal(t, "2049-01-02T03:04:05Z", c.NotAfter.Format("2006-01-02T15:04:05Z07:00"))
	require.Equal(t, "certificate-unreadable", inv.Warnings[0].Code)
	require.Len(t, inv.Identities, 1)
}

func TestBrokenPartsAreWarnings(t *testing.T) {
	s := samples()["p256"]
	broken := []byte("-----BEGIN CERTIFICATE-----\nMII*\n-----END CERTIFICATE-----\n")
	inv := mustOpen(t, s, append(append(broken, armour("PRIVATE KEY", s.pkcs8())...), bundle(s)...), Options{})
	require.Equal(t, "part-unreadable", inv.Warnings[0].Code)

	// The broken key explains why there is none.
	inv, err := Extract(context.Background(), append(armour("PRIVATE KEY", s.pkcs8()[:20]), bundle(s)...), Options{})
	require.NoError(t, err)
	_, err = inv.Identity()
	require.ErrorIs(t, err, NoKey)
	require.ErrorIs(t, err, Corrupt)
}

func TestAliasesOfOpenSSLText(t *testing.T) {
	s := samples()["p256"]
	attributes := []byte("Bag Attributes\n    friendlyName: the name\n    localKeyID: 01 02\nsubject=x\n")
	file := append(append([]byte{}, attributes...), armour("PRIVATE KEY", s.pkcs8())...)
	file = append(append(file, attributes...), armour("CERTIFICATE", s.leaf)...)
	inv, err := Extract(context.Background(), append(file, bundle(s)...), Options{})
	require.NoError(t, err)
	require.Equal(t, "the name", inv.Identities[0].Alias)
}

func TestDistinguishedNames(t *testing.T) {
	pair := func(oid string, tag byte, text string) []byte {
		return der(tagSet, der(tagSequence, derOID(oid), der(tag, []byte(text))))
	}
	for want, name := range map[string][]byte{
		"":                    der(tagSequence),
		"CN=b,O=a":            der(tagSequence, pair("2.5.4.10", tagUTF8String, "a"), pair("2.5.4.3", tagPrintableString, "b")),
		`CN=\#a\, \"b\"\+c\ `: der(tagSequence, pair("2.5.4.3", tagUTF8String, `#a, "b"+c `)),
		"CN=Zürich":           der(tagSequence, pair("2.5.4.3", tagTeletexString, "Z\xfcrich")),
		"CN=日":                der(tagSequence, pair("2.5.4.3", tagBMPString, "\x65\xe5")),
		"emailAddress=a@b":    der(tagSequence, pair("1.2.840.113549.1.9.1", tagIA5String, "a@b")),
		"1.2.3=#0c0161":       der(tagSequence, pair("1.2.3", tagUTF8String, "a")),
		"CN=#030200ff":        der(tagSequence, pair("2.5.4.3", tagBitString, "\x00\xff")),
		`CN=a\0a`:             der(tagSequence, pair("2.5.4.3", tagUTF8String, "a\n")),
		"CN=a+OU=b":           der(tagSequence, der(tagSet, der(tagSequence, derOID("2.5.4.3"), der(tagUTF8String, []byte("a"))), der(tagSequence, derOID("2.5.4.11"), der(tagUTF8String, []byte("b"))))),
		"C=CH":                der(tagSequence, pair("2.5.4.6", tagPrintableString, "CH")),
		"CN=\U0001f600":       der(tagSequence, pair("2.5.4.3", tagUniversalString, "\x00\x01\xf6\x00")),
	} {
		got, err := distinguishedName(must(whole(name)))
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

// An authority that changed its key issued itself a certificate, by the old key
// for the new one (RFC 5280, section 6.1), without key identifiers.
func TestChainGoesOnPastASelfIssuedAuthority(t *testing.T) {
	keys := make([]*ecdsa.PrivateKey, 3) // old, new, the leaf's
	for i := range keys {
		var err error
		keys[i], err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		require.NoError(t, err)
	}
	name := pkix.Name{CommonName: "authority"}
	issue := func(serial int64, subject pkix.Name, authority bool, key, issuer *ecdsa.PrivateKey) []byte {
		template := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: subject, NotBefore: time.Unix(0, 0), NotAfter: time.Unix(4e9, 0),
			IsCA: authority, BasicConstraintsValid: authority}
		parent := *template
		parent.Subject = name
		der, err := x509.CreateCertificate(rand.Reader, template, &parent, key.Public(), issuer)
		require.NoError(t, err)
		return der
	}
	root, turned := issue(1, name, true, keys[0], keys[0]), issue(2, name, true, keys[1], keys[0])
	leaf := issue(3, pkix.Name{CommonName: "client"}, false, keys[2], keys[1])
	key, err := x509.MarshalPKCS8PrivateKey(keys[2])
	require.NoError(t, err)
	var selfSigned []bool
	for _, der := range [][]byte{root, turned} {
		c, err := newCertificate(der)
		require.NoError(t, err)
		signsItself, err := c.signsItself(testBudget())
		require.NoError(t, err)
		selfSigned = append(selfSigned, signsItself)
	}
	assert.Equal(t, []bool{true, false}, selfSigned)

	file := append(armour("PRIVATE KEY", key), armour("CERTIFICATE", root)...)
	file = append(append(file, armour("CERTIFICATE", turned)...), armour("CERTIFICATE", leaf)...)
	inv, err := Extract(t.Context(), file, Options{})
	require.NoError(t, err)
	require.Len(t, inv.Identities, 1)
	require.Len(t, inv.Identities[0].Chain, 2)
	assert.Equal(t, [][]byte{turned, root}, [][]byte{inv.Identities[0].Chain[0].Raw, inv.Identities[0].Chain[1].Raw})
}
