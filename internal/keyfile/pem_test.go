package keyfile

import (
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestScanPEM(t *testing.T) {
	text := "begin\nEND of it\n---- BEGIN KEY ----\nAAAA\n---- END KEY ----\n-----BEGIN-----\n" +
		"-----BEGIN new key-----\nKey: a\nOther: b \\\n c\n\nBBBB\n-----END new key-----\n-----BEGIN CRL-----\nCCCC\n-----BEGIN CMS-----DD-----END CMS-----"
	blocks := scanPEM([]byte(text))
	require.Len(t, blocks, 4)
	require.Equal(t, "KEY", blocks[0].label)
	require.Equal(t, []byte{0, 0, 0}, blocks[0].der)
	require.Equal(t, "NEW KEY", blocks[1].label)
	require.Equal(t, map[string]string{"Key": "a", "Other": "b  c"}, blocks[1].headers)
	require.Error(t, blocks[2].err, "it has no END line")
	require.Equal(t, "CMS", blocks[3].label)
	require.Len(t, blocks[3].der, 1)
	require.Empty(t, scanPEM([]byte(strings.Repeat("-----BEGIN ", 100))))
}

// What stands where a label should is the key itself, where dashes were lost.
func TestNoKeyIsToldAsALabel(t *testing.T) {
	s := samples()["ed25519"]
	key := base64.StdEncoding.EncodeToString(s.pkcs8())
	for _, text := range []string{
		"-----BEGIN PRIVATE KEY " + key + " -----END PRIVATE KEY-----",
		"-----BEGIN PRIVATE KEY--" + key + "-----END PRIVATE KEY-----",
		"-----BEGIN PRIVATE KEY--" + key + "-----END",
		"-----BEGIN KEY--" + key + "-----END KEY-----",
		"-----BEGIN " + key + "-----\nAAAA\n-----END KEY-----",
		"-----BEGIN " + key + "-----\nAAA*\n-----END KEY-----",
		"-----BEGIN PGP " + key + "-----\nAAAA\n-----END KEY-----",
		"-----BEGIN KEY--" + key + "-----END KEY-----\n" + string(bundle(s)),
	} {
		inv, err := Extract(context.Background(), []byte(text), Options{})
		if err == nil {
			text, _ := json.Marshal(inv.Warnings)
			err = errors.New(string(text))
		}
		require.NotContains(t, strings.ToUpper(err.Error()), strings.ToUpper(key[20:30]))
	}
	for _, between := range []string{" ", "--", "-", " - "} {
		inv, err := Extract(context.Background(), []byte("-----BEGIN PRIVATE KEY"+between+key+" -----END PRIVATE KEY-----"), Options{})
		require.NoError(t, err)
		require.Len(t, inv.Keys, 1)
	}
}

// The headers of an encrypted key go through what its base64 goes through.
func TestWhatHappensToEncryptedKeys(t *testing.T) {
	good := specimens()["traditional"]
	for name, text := range map[string][]byte{
		"as it is":     good,
		"quoted mail":  lines(append([]byte("> "), good...), "\n> "),
		"C":            []byte("char key[] =\n\"" + string(lines(good, "\\n\"\n\"")) + "\";\n"),
		"Java":         []byte("String key = \"" + string(lines(good, "\\n\" +\n  \"")) + "\";\n"),
		"form":         []byte("key=" + url.QueryEscape(string(good))),
		"form, partly": replaced(good, " ", "+", "\n", "%0A", "+", "%2B"),
		"lower case":   replaced(good, "Proc-Type", "proc-type", "DEK-Info", "dek-info"),
		"one line":     lines(good, " "),
	} {
		t.Run(name, func(t *testing.T) {
			inv, err := Extract(context.Background(), text, Options{Password: []byte("x")})
			require.NoError(t, err)
			require.Len(t, inv.Keys, 1)
			_, err = Extract(context.Background(), text, Options{Password: []byte("y")})
			require.ErrorIs(t, err, WrongPassword, describe(err))
		})
	}
}

// What looks like a frame and is base64 is content.
func TestFrames(t *testing.T) {
	for body, want := range map[string]string{
		"\nAAAA\nAAAA":               "\nAAAA\nAAAA",
		" AAAA\nAAAA\nAA":            " AAAA\nAAAA\nAA",
		"\n> AAAA\n> BBBB\n> ":       "AAAA\nBBBB\n",
		"\n> AAAA\n>\n\n> BBBB\n> ":  "AAAA\n\n\nBBBB\n",
		"\n> AAAA\nBBBB\n> ":         "\n> AAAA\nBBBB\n> ",
		"</p>\n<p>AAAA</p>\n<p>":     "AAAA\n",
		"</p>\n<p>AAAA\n<p>":         "</p>\n<p>AAAA\n<p>",
		`\n"` + "\n\"AAAA\\n\"\n \"": "AAAA\n",
		"":                           "",
		"AAAA":                       "AAAA",
	} {
		require.Equal(t, strings.Fields(want), strings.Fields(string(unframed([]byte(body), nil))), "%q", body)
	}
}

func TestAHeaderOfManyLinesIsReadOnce(t *testing.T) {
	const header = 500_000
	body := []byte("X: a\\\n" + strings.Repeat("AAAAAAAA\\\n", header/10) + "A\n\nAAAA\n")
	allocated := testing.AllocsPerRun(1, func() {
		headers, der, err := decodeBody(body)
		require.NoError(t, err)
		require.Len(t, headers["X"], 2+header/10*8)
		require.Len(t, der, 3)
	})
	require.Less(t, allocated, 1000.0)
}

func TestCurveFromItsOwnBlock(t *testing.T) {
	s := samples()["p256"]
	key := s.key.(*ecdsa.PrivateKey)
	full := sequenceOf(must(x509.MarshalECPrivateKey(key)))
	version, private := full.next(), full.next()
	bare := der(tagSequence, version.raw, private.raw)
	_, err := Extract(context.Background(), armour("EC PRIVATE KEY", bare), Options{})
	require.ErrorIs(t, err, Corrupt)
	require.ErrorContains(t, err, "EC PARAMETERS")

	file := append(armour("EC PARAMETERS", derOID("1.2.840.10045.3.1.7")), armour("EC PRIVATE KEY", bare)...)
	mustOpen(t, s, append(file, bundle(s)...), Options{})
}

func TestTrustedCertificatesCarryMore(t *testing.T) {
	s := samples()["p256"]
	auxiliary := der(tagSequence, der(tagUTF8String, []byte("alias")))
	inv, err := Extract(context.Background(), armour("TRUSTED CERTIFICATE", append(append([]byte{}, s.leaf...), auxiliary...)), Options{})
	require.NoError(t, err)
	require.Equal(t, s.leaf, inv.Certificates[0].Raw)
	require.True(t, inv.Certificates[0].TrustAnchor)
}

func TestCertificatesPutTogether(t *testing.T) {
	s := samples()["p256"]
	inv, err := Extract(context.Background(), append(append([]byte{}, s.leaf...), s.top...), Options{})
	require.NoError(t, err)
	require.Len(t, inv.Certificates, 2)
	require.False(t, inv.Certificates[0].TrustAnchor)
	require.True(t, inv.Certificates[1].TrustAnchor)
}

func TestShapes(t *testing.T) {
	number := derInteger(big.NewInt(65537))
	modulus := derInteger(new(big.Int).Lsh(big1, 2047))
	algorithm := der(tagSequence, derOID(oidRSA), der(tagNull))
	signed := func(inner ...[]byte) []byte {
		return der(tagSequence, der(tagSequence, inner...), algorithm, derBits(make([]byte, 8)))
	}
	name, date := der(tagSequence), der(tagUTCTime, []byte("200101000000Z"))
	for want, content := range map[shape][]byte{
		shapeCertificate:    samples()["p256"].leaf,
		shapeRequest:        signed(derInteger(big0), name, algorithm, der(tagContext0)),
		shapeCRL:            signed(derInteger(big1), algorithm, name, date, date),
		shapePublicKey:      keyInfo(algorithm, nil),
		shapePKCS1Public:    der(tagSequence, modulus, number),
		shapeDHParameters:   der(tagSequence, modulus, derInteger(big2)),
		shapeDSAParameters:  der(tagSequence, modulus, number, modulus),
		shapePKCS8:          samples()["p256"].pkcs8(),
		shapeEncryptedPKCS8: der(tagSequence, algorithm, der(tagOctetString)),
		shapePKCS7:          pkcs7Of(),
		shapeCurve:          derOID("1.3.132.0.10"),
		shapeBCFKS:          der(tagSequence, der(tagSequence, algorithm, der(tagOctetString)), der(tagSequence)),
		shapeUnknown:        der(tagSequence, der(tagUTF8String)),
	} {
		require.Equal(t, want, shapeOf(must(whole(content))), "%x", content[:min(len(content), 20)])
	}
}

var big0, big1, big2 = big.NewInt(0), big.NewInt(1), big.NewInt(2)
