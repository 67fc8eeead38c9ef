package revocation_test

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ocsp"

	"github.com/mtlshttp/mtlshttp/internal/revocation"
	"github.com/mtlshttp/mtlshttp/internal/testca"
)

var (
	now       = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	yesterday = now.AddDate(0, 0, -1)
	tomorrow  = now.AddDate(0, 0, 1)
)

// scene is a chain of a leaf, an intermediate and a root.
type scene struct {
	root, intermediate *testca.CA
	chain              []*x509.Certificate
}

func newScene(t *testing.T) scene {
	root, err := testca.New(testca.Options{})
	require.NoError(t, err)
	intermediate, err := root.Intermediate(testca.Options{})
	require.NoError(t, err)
	leaf, err := intermediate.Issue(testca.Leaf{CommonName: "leaf"})
	require.NoError(t, err)
	return scene{root, intermediate, []*x509.Certificate{leaf.Certificate, intermediate.Certificate, root.Certificate}}
}

// list is one that ca signs at a time, for a day.
func list(t *testing.T, ca *testca.CA, at time.Time, entries []x509.RevocationListEntry, extensions ...pkix.Extension) *x509.RevocationList {
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{Number: big.NewInt(at.Unix()), ThisUpdate: at,
		NextUpdate: at.AddDate(0, 0, 1).Add(time.Hour), RevokedCertificateEntries: entries, ExtraExtensions: extensions}, ca.Certificate, ca.Key)
	require.NoError(t, err)
	parsed, err := revocation.Parse(der)
	require.NoError(t, err)
	return parsed[0]
}

func entry(c *x509.Certificate, reason int) []x509.RevocationListEntry {
	return []x509.RevocationListEntry{{SerialNumber: c.SerialNumber, RevocationTime: yesterday, ReasonCode: reason}}
}

// by says of entries, by the first, that their certificates are an issuer's.
func by(t *testing.T, issuer *testca.CA, entries []x509.RevocationListEntry) []x509.RevocationListEntry {
	name := asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 4, IsCompound: true, Bytes: issuer.Certificate.RawSubject}
	value, err := asn1.Marshal([]asn1.RawValue{name})
	require.NoError(t, err)
	entries[0].ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 29}, Critical: true, Value: value}}
	return entries
}

// part names one part of what an issuer has issued (RFC 5280, section 5.2.5).
func part(name string) pkix.Extension {
	return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 28}, Critical: true, Value: []byte(name)}
}

func TestCheck(t *testing.T) {
	s := newScene(t)
	leaf, intermediate := s.chain[0], s.chain[1]
	stranger := newScene(t)
	delta := pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 27}, Critical: true, Value: []byte{2, 1, 1}}
	of := func(lists ...*x509.RevocationList) []*x509.RevocationList { return lists }
	for name, c := range map[string]struct {
		lists []*x509.RevocationList
		at    time.Time
		want  error
	}{
		"no list":                        {nil, now, nil},
		"named":                          {of(list(t, s.intermediate, now, entry(leaf, 1))), now, revocation.ErrRevoked},
		"not named":                      {of(list(t, s.intermediate, now, nil)), now, nil},
		"a name elsewhere in the chain":  {of(list(t, s.root, now, entry(intermediate, 2))), now, revocation.ErrRevoked},
		"the wrong issuer names it":      {of(list(t, s.root, now, entry(leaf, 1))), now, nil},
		"a stranger names it":            {of(list(t, stranger.intermediate, now, entry(leaf, 1))), now, nil},
		"out of date":                    {of(list(t, s.intermediate, now, nil)), tomorrow.AddDate(0, 0, 1), revocation.ErrStale},
		"named, and out of date":         {of(list(t, s.intermediate, now, entry(leaf, 1))), tomorrow.AddDate(0, 0, 1), revocation.ErrRevoked},
		"one is out of date, one names":  {of(list(t, s.intermediate, yesterday, nil), list(t, s.root, tomorrow, entry(intermediate, 1))), tomorrow.AddDate(0, 0, 1), revocation.ErrRevoked},
		"an old one that is replaced":    {of(list(t, s.intermediate, yesterday, nil), list(t, s.intermediate, tomorrow, nil)), tomorrow, nil},
		"replaced, in any order":         {of(list(t, s.intermediate, tomorrow, nil), list(t, s.intermediate, yesterday, nil)), tomorrow, nil},
		"a hold that is over":            {of(list(t, s.intermediate, yesterday, entry(leaf, 6)), list(t, s.intermediate, now, nil)), now, nil},
		"a part that is not replaced":    {of(list(t, s.intermediate, yesterday, entry(leaf, 1), part("a")), list(t, s.intermediate, now, nil, part("b"))), now, revocation.ErrRevoked},
		"a part that is out of date":     {of(list(t, s.intermediate, yesterday, nil, part("a")), list(t, s.intermediate, tomorrow, nil, part("b"))), tomorrow.Add(2 * time.Hour), revocation.ErrStale},
		"a change replaces no base":      {of(list(t, s.intermediate, yesterday, entry(leaf, 1)), list(t, s.intermediate, now, nil, delta)), now, revocation.ErrRevoked},
		"an entry of another issuer":     {of(list(t, s.intermediate, now, by(t, s.root, entry(leaf, 1)))), now, nil},
		"and those after it":             {of(list(t, s.intermediate, now, append(by(t, s.root, entry(intermediate, 1)), entry(leaf, 1)...))), now, nil},
		"until one is of this again":     {of(list(t, s.intermediate, now, append(by(t, s.root, entry(intermediate, 1)), by(t, s.intermediate, entry(leaf, 1))...))), now, revocation.ErrRevoked},
		"a change that takes a name off": {of(list(t, s.intermediate, now, entry(leaf, 8), delta)), now, nil},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.want, revocation.Check(s.chain, c.lists, nil, c.at))
		})
	}
}

func TestStapled(t *testing.T) {
	s := newScene(t)
	stranger := newScene(t)
	answer := func(by *testca.CA, status int) []byte {
		der, err := ocsp.CreateResponse(by.Certificate, by.Certificate, ocsp.Response{Status: status, SerialNumber: s.chain[0].SerialNumber,
			ThisUpdate: now, NextUpdate: tomorrow, RevokedAt: yesterday}, by.Key)
		require.NoError(t, err)
		return der
	}
	check := func(stapled []byte) error { return revocation.Check(s.chain, nil, stapled, now) }
	assert.NoError(t, check(answer(s.intermediate, ocsp.Good)))
	assert.ErrorIs(t, check(answer(s.intermediate, ocsp.Revoked)), revocation.ErrRevoked)
	assert.NoError(t, check(answer(stranger.intermediate, ocsp.Revoked)), "a stranger's word counts for nothing")
	assert.NoError(t, check([]byte("no answer")))
	assert.NoError(t, revocation.Check(s.chain[:1], nil, answer(s.intermediate, ocsp.Revoked), now), "nobody to verify it by")
}

func TestParse(t *testing.T) {
	s := newScene(t)
	a, b := list(t, s.root, now, nil), list(t, s.intermediate, now, nil)
	block := func(l *x509.RevocationList) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: l.Raw})
	}
	lists, err := revocation.Parse(append(append([]byte("two lists\n"), block(a)...), block(b)...))
	require.NoError(t, err)
	require.Len(t, lists, 2)
	assert.Equal(t, b.Raw, lists[1].Raw)
	for name, file := range map[string][]byte{
		"nothing": nil, "words": []byte("no list"), "a certificate": s.chain[0].Raw,
		"a certificate in PEM": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.chain[0].Raw}),
	} {
		_, err := revocation.Parse(file)
		assert.Error(t, err, name)
	}
}
