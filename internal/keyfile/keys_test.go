package keyfile

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKeyForms(t *testing.T) {
	for name, s := range samples() {
		forms := map[string][]byte{"pkcs8": s.pkcs8()}
		label := "PRIVATE KEY"
		switch key := s.key.(type) {
		case *rsa.PrivateKey:
			forms["pkcs1"], label = x509.MarshalPKCS1PrivateKey(key), "RSA PRIVATE KEY"
		case *ecdsa.PrivateKey:
			forms["sec1"], label = must(x509.MarshalECPrivateKey(key)), "EC PRIVATE KEY"
		}
		want := sha256.Sum256(must(x509.MarshalPKIXPublicKey(s.key.Public())))
		for format, content := range forms {
			for _, file := range [][]byte{content, armour(label, content)} {
				inv, err := Extract(context.Background(), file, Options{})
				require.NoError(t, err, name)
				require.Equal(t, format, inv.Format)
				require.Equal(t, want, inv.Keys[0].SPKISHA256)
				require.Equal(t, s.key, inv.Keys[0].Private)
				_, err = inv.Identity()
				require.ErrorIs(t, err, NoCertificate)
			}
		}
	}
}

// x509.EncryptPEMBlock is deprecated because nobody should encrypt like this;
// people have files that were.
func TestTraditionalEncryption(t *testing.T) {
	s := samples()["rsa"]
	plain := x509.MarshalPKCS1PrivateKey(s.key.(*rsa.PrivateKey))
	for _, c := range []x509.PEMCipher{x509.PEMCipherDES, x509.PEMCipher3DES, x509.PEMCipherAES128, x509.PEMCipherAES192, x509.PEMCipherAES256} {
		//lint:ignore SA1019 the test writes what old programs wrote
		block, err := x509.EncryptPEMBlock(bytes.NewReader(bytes.Repeat([]byte{7}, 64)), "RSA PRIVATE KEY", plain, []byte("pw"), c) //nolint:staticcheck // see above
		require.NoError(t, err)
		file := pem.EncodeToMemory(block)
		for _, form := range [][]byte{file, lines(file, "\r\n"), lines(file, "\r"), lines(file, `\n`), lines(file, " "), lines(append([]byte("  "), file...), "\n  ")} {
			mustOpen(t, s, append(bytes.Clone(form), append([]byte("\n"), bundle(s)...)...), Options{Password: []byte("pw")})
		}
		_, err = Extract(context.Background(), file, Options{Password: []byte("wrong")})
		require.ErrorIs(t, err, WrongPassword)
		_, err = Extract(context.Background(), file, Options{})
		require.ErrorIs(t, err, PasswordRequired)
	}
	headed := func(info string, content []byte) []byte {
		return bytes.Replace(armour("RSA PRIVATE KEY", content), []byte("-----\n"), []byte("-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: "+info+"\n\n"), 1)
	}
	for _, name := range []string{"SEED-CBC", "CAMELLIA-128-CTR"} {
		_, err := Extract(context.Background(), headed(name+",0011223344556677", plain), Options{Password: []byte("pw")})
		require.ErrorIs(t, err, UnsupportedAlgorithm)
		require.ErrorContains(t, err, name)
	}
	iv := bytes.Repeat([]byte{7}, 16)
	counted := bytes.Clone(plain)
	cipher.NewCTR(must(aes.NewCipher(bytesToKey([]byte("pw"), iv[:8], 24))), iv).XORKeyStream(counted, plain)
	file := headed("AES-192-CTR,"+hex.EncodeToString(iv), counted)
	mustOpen(t, s, append(bytes.Clone(file), bundle(s)...), Options{Password: []byte("pw")})
	_, err := Extract(context.Background(), file, Options{Password: []byte("wrong")})
	require.ErrorIs(t, err, WrongPassword)
	for info, want := range map[string]Kind{"AES-192-CTR,0707070707070707": Corrupt, "?,0707070707070707": Corrupt} {
		_, err := Extract(context.Background(), headed(info, counted), Options{Password: []byte("pw")})
		require.ErrorIs(t, err, want, info)
	}
}

// explicit makes an EC key with its parameters spelt out.
func explicitKey(compressed bool) []byte {
	c := otherCurve("1.3.132.0.10")
	base := append([]byte{4}, append(c.gx.Bytes(), c.gy.Bytes()...)...)
	if compressed {
		base = append([]byte{2 | byte(c.gy.Bit(0))}, c.gx.Bytes()...)
	}
	params := der(tagSequence, derInteger(big.NewInt(1)),
		der(tagSequence, derOID("1.2.840.10045.1.1"), derInteger(c.p)),
		der(tagSequence, der(tagOctetString, c.a.FillBytes(make([]byte, 32))), der(tagOctetString, c.b.FillBytes(make([]byte, 32)))),
		der(tagOctetString, base), derInteger(c.n), derInteger(big.NewInt(1)))
	return der(tagSequence, derInteger(big.NewInt(1)), der(tagOctetString, []byte{5}), der(tagContext0, params))
}

func TestKeysThatGoCannotUse(t *testing.T) {
	named := func(oid string) []byte {
		return der(tagSequence, derInteger(big.NewInt(1)), der(tagOctetString, []byte{5}), der(tagContext0, derOID(oid)))
	}
	pkcs8 := func(oid string, params []byte, private []byte) []byte {
		return der(tagSequence, derInteger(new(big.Int)), der(tagSequence, derOID(oid), params), der(tagOctetString, private))
	}
	p, q, g := big.NewInt(0).Sub(new(big.Int).Lsh(big.NewInt(1), 127), big.NewInt(1)), big.NewInt(7), big.NewInt(3)
	for want, file := range map[string][]byte{
		"EC secp256k1":       named("1.3.132.0.10"),
		"EC brainpoolP256r1": named("1.3.36.3.3.2.8.1.1.7"),
		"EC P-192":           named("1.2.840.10045.3.1.1"),
		"EC SM2":             named("1.2.156.10197.1.301"),
		"EC explicit":        explicitKey(false),
		"X25519":             pkcs8(oidX25519, nil, der(tagOctetString, bytes.Repeat([]byte{8}, 32))),
		"X448":               pkcs8(oidX448, nil, der(tagOctetString, bytes.Repeat([]byte{8}, 56))),
		"Ed448":              pkcs8(oidEd448, nil, der(tagOctetString, bytes.Repeat([]byte{8}, 57))),
		"DSA 127":            pkcs8(oidDSA, der(tagSequence, derInteger(p), derInteger(q), derInteger(g)), derInteger(big.NewInt(5))),
		"DH 127":             pkcs8(oidDH, der(tagSequence, derInteger(p), derInteger(g)), derInteger(big.NewInt(5))),
		"RSA-PSS 2048":       pkcs8(oidRSAPSS, nil, x509.MarshalPKCS1PrivateKey(samples()["rsa"].key.(*rsa.PrivateKey))),
	} {
		t.Run(want, func(t *testing.T) {
			inv, err := Extract(context.Background(), file, Options{})
			require.NoError(t, err)
			require.Equal(t, want, inv.Keys[0].String())
			require.Nil(t, inv.Keys[0].Private)
		})
	}
	one, err := Extract(context.Background(), explicitKey(false), Options{})
	require.NoError(t, err)
	other, err := Extract(context.Background(), explicitKey(true), Options{})
	require.NoError(t, err)
	require.Equal(t, one.Keys[0].SPKISHA256, other.Keys[0].SPKISHA256, "a compressed base point is the same curve")

	_, err = Extract(context.Background(), pkcs8("2.16.840.1.101.3.4.3.17", nil, make([]byte, 32)), Options{})
	require.ErrorIs(t, err, UnsupportedKey)
	require.ErrorContains(t, err, "ML-DSA-44 (2.16.840.1.101.3.4.3.17)")
}

// A prime whose roots take long: p-1 has 620 twos. No test waits for one; the
// number of curves is what would take minutes.
func TestNoRootsAreTakenOnAMadeUpCurve(t *testing.T) {
	p := new(big.Int).Lsh(big.NewInt(1), 620)
	for k := int64(1); ; k += 2 {
		if candidate := new(big.Int).Add(new(big.Int).Mul(p, big.NewInt(k)), big.NewInt(1)); candidate.ProbablyPrime(0) {
			p = candidate
			break
		}
	}
	x := append([]byte{2}, big.NewInt(5).FillBytes(make([]byte, (p.BitLen()+7)/8))...)
	params := der(tagSequence, derInteger(big.NewInt(1)), der(tagSequence, derOID("1.2.840.10045.1.1"), derInteger(p)),
		der(tagSequence, der(tagOctetString, []byte{0}), der(tagOctetString, []byte{7})), der(tagOctetString, x), derInteger(big.NewInt(7)))
	c, err := explicitCurve(must(whole(params)))
	require.NoError(t, err)
	require.Nil(t, c)

	_, err = Extract(context.Background(), der(tagSequence, derInteger(big.NewInt(1)), der(tagOctetString, []byte{5}), der(tagContext0, params)), Options{})
	require.ErrorIs(t, err, UnsupportedKey, describe(err))
	name, bits := describeCurve(must(whole(params)))
	require.Equal(t, "explicit", name)
	require.Equal(t, p.BitLen(), bits)
	for _, known := range goCurves {
		require.True(t, hasFastRoots(known.Params().P))
	}
}

// The base point times the order plus one is the base point, on each curve.
func TestCurveParameters(t *testing.T) {
	for _, known := range otherCurves {
		oid, c := known.name, otherCurve(known.name)
		x, y := c.point(append([]byte{4}, append(c.gx.FillBytes(make([]byte, c.size())), c.gy.FillBytes(make([]byte, c.size()))...)...))
		require.NotNil(t, x, oid)
		require.Zero(t, y.Cmp(c.gy))
		require.True(t, c.p.ProbablyPrime(20) && c.n.ProbablyPrime(20))
		last := c.public(new(big.Int).Sub(c.n, big.NewInt(1))) // -G
		require.Equal(t, c.gx.FillBytes(make([]byte, c.size())), last[1:1+c.size()], oid)
		require.Nil(t, c.public(c.n))
		require.Nil(t, c.public(new(big.Int)))
	}
}

func TestInconsistentKeysAreCorrupt(t *testing.T) {
	rsaKey := samples()["rsa"].key.(*rsa.PrivateKey)
	numbers := func(n, e, d, p, q *big.Int) []byte {
		parts := [][]byte{derInteger(new(big.Int)), derInteger(n), derInteger(e), derInteger(d), derInteger(p), derInteger(q)}
		for range 3 {
			parts = append(parts, derInteger(big.NewInt(1)))
		}
		return der(tagSequence, parts...)
	}
	n, e, d, p, q := rsaKey.N, big.NewInt(int64(rsaKey.E)), rsaKey.D, rsaKey.Primes[0], rsaKey.Primes[1]
	next := func(n *big.Int) *big.Int { return new(big.Int).Add(n, big.NewInt(2)) }
	for name, file := range map[string][]byte{
		"modulus": numbers(next(n), e, d, p, q), "exponent": numbers(n, next(e), d, p, q), "private": numbers(n, e, next(d), p, q),
		"prime": numbers(n, e, d, next(p), q), "zero": numbers(new(big.Int), e, d, p, q),
	} {
		_, err := Extract(context.Background(), file, Options{})
		require.ErrorIs(t, err, Corrupt, name)
	}
	inv, err := Extract(context.Background(), numbers(n, e, d, new(big.Int), new(big.Int)), Options{})
	require.NoError(t, err, "primes may be left out")
	require.NotNil(t, inv.Keys)

	ec := must(x509.MarshalECPrivateKey(samples()["p256"].key.(*ecdsa.PrivateKey)))
	ec[len(ec)-1]++
	_, err = Extract(context.Background(), ec, Options{})
	require.ErrorIs(t, err, Corrupt)
}

func TestNothingPrintsSecrets(t *testing.T) {
	o := Options{Password: []byte("hunter2"), KeyPassword: []byte("hunter3")}
	for name, secrets := range map[string][]string{
		//lint:ignore SA1019 the number as %v shows it
		"p256":    {samples()["p256"].key.(*ecdsa.PrivateKey).D.String()},
		"ed25519": {fmt.Sprint([]byte(samples()["ed25519"].key.(ed25519.PrivateKey)))[1:20]},
	} {
		s := samples()[name]
		inv, err := Extract(context.Background(), append(armour("PRIVATE KEY", s.pkcs8()), bundle(s)...), o)
		require.NoError(t, err)
		var logged bytes.Buffer
		slog.New(slog.NewTextHandler(&logged, nil)).Info("x", "key", inv.Keys[0], "value", *inv.Keys[0], "inventory", inv, "options", o)
		slog.New(slog.NewJSONHandler(&logged, nil)).Info("x", "key", inv.Keys[0], "value", *inv.Keys[0], "inventory", inv, "options", o)
		text := logged.String()
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x"} {
			text += fmt.Sprintf(verb+verb+verb+verb+verb, inv.Keys[0], *inv.Keys[0], *inv.Identities[0], inv, o)
		}
		asJSON, err := json.Marshal([]any{inv, *inv.Keys[0]})
		require.NoError(t, err)
		text += string(asJSON)
		for _, secret := range append(secrets, "hunter", fmt.Sprintf("%x", "hunter"), fmt.Sprint([]byte("hunter2"))) {
			require.NotContains(t, text, secret)
		}
	}
	_, err := json.Marshal(o)
	require.Error(t, err)
}

// A key in BER has the public key that its certificate has.
func TestLongLengthsAreOfTheFileAlone(t *testing.T) {
	s := samples()["p256"]
	oid := derOID("1.2.840.10045.3.1.7")
	long := append([]byte{tagOID, 0x82, 0, byte(len(oid) - 2)}, oid[2:]...)
	private := der(tagSequence, []byte{tagInteger, 1, 1}, der(tagOctetString, must(s.key.(*ecdsa.PrivateKey).Bytes())))
	file := der(tagSequence, []byte{tagInteger, 1, 0}, der(tagSequence, derOID(oidEC), long), der(tagOctetString, private))
	mustOpen(t, s, append(armour("PRIVATE KEY", file), bundle(s)...), Options{})
	k, err := parsePKCS8(testBudget(), file)
	require.NoError(t, err)
	spki, err := x509.MarshalPKIXPublicKey(s.key.Public())
	require.NoError(t, err)
	require.Equal(t, sha256.Sum256(spki), k.SPKISHA256)
}
