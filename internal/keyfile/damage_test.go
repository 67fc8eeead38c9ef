package keyfile

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
)

// specimens are one file of each format, all opened by the password "x".
func specimens() map[string][]byte {
	s, pw := samples()["p256"], []byte("x")
	pbes2 := slices.IndexFunc(testSchemes(), func(scheme testScheme) bool { return scheme.name == "PBES2 aes128" })
	scheme := testSchemes()[pbes2]
	mac := testMAC("2.16.840.1.101.3.4.2.1", bmpFromUTF8(pw))
	p12 := scheme.pkcs12(s, pw, mac)
	openssh := pem.EncodeToMemory(must(ssh.MarshalPrivateKeyWithPassphrase(s.key, "", pw)))
	//lint:ignore SA1019 the test writes what old programs wrote
	traditional := pem.EncodeToMemory(must(x509.EncryptPEMBlock(bytes.NewReader(make([]byte, 64)), "RSA PRIVATE KEY", //nolint:staticcheck // a format to read
		x509.MarshalPKCS1PrivateKey(samples()["rsa"].key.(*rsa.PrivateKey)), pw, x509.PEMCipherAES128)))
	return map[string][]byte{
		"pkcs12":          p12,
		"pkcs12 ber":      indefinite(must(whole(p12)), 3),
		"pkcs12 pbmac1":   scheme.pkcs12(s, pw, testPBMAC1("1.2.840.113549.2.9", pw, 32)),
		"pem":             append(armour("PRIVATE KEY", s.pkcs8()), bundle(s)...),
		"pkcs8":           s.pkcs8(),
		"pkcs8 encrypted": scheme.pkcs8(s, pw),
		"pkcs1":           x509.MarshalPKCS1PrivateKey(samples()["rsa"].key.(*rsa.PrivateKey)),
		"traditional":     traditional,
		"certificate":     s.leaf,
		"pkcs7":           pkcs7Of(s.leaf, s.authority, s.top),
		"jks":             testStore(false, pw, pw),
		"jceks":           testStore(true, pw, pw),
		"openssh":         openssh,
		"jwk":             must(json.Marshal(jwkOf(s.key, s.leaf, s.authority))),
		"jwk of octets":   must(json.Marshal(jwkOf(samples()["ed25519"].key))),
		"base64":          []byte("KEY=" + string(bytes.ReplaceAll(armour("x", p12), []byte("\n"), nil))),
	}
}

// known are the keys and leaves that may come out of a specimen.
func known(key crypto.PublicKey) bool {
	for _, s := range samples() {
		if s.key.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(key) {
			return true
		}
	}
	return false
}

// harmless checks what came out of a damaged specimen: an error of a kind, or
// nothing that is not in the file as it was made. Certificates have no
// protection of their own: where the chain is there, damage shows as a warning.
func harmless(t *testing.T, name string, file []byte) {
	t.Helper()
	start := time.Now()
	inv, err := Extract(context.Background(), file, Options{Password: []byte("x"), Limits: Limits{Iterations: 500_000, ScryptMemory: 1 << 20}})
	require.Less(t, time.Since(start), 30*time.Second)
	if err != nil {
		require.NotEmpty(t, kindOf(err), "%v", err)
		return
	}
	for _, k := range inv.Keys {
		if k.Private != nil {
			require.True(t, known(k.Private.Public()), name)
		}
	}
	authenticated := slices.Contains([]string{"pkcs12", "pkcs12 ber", "pkcs12 pbmac1", "jks", "jceks", "base64"}, name)
	for _, identity := range inv.Identities {
		require.Equal(t, identity.Key.public.id, identity.Leaf.public.id)
	}
	for _, c := range inv.Certificates {
		original := slices.ContainsFunc([]string{"p256", "rsa"}, func(of string) bool {
			s := samples()[of]
			return bytes.Equal(c.Raw, s.leaf) || bytes.Equal(c.Raw, s.authority) || bytes.Equal(c.Raw, s.top)
		})
		require.True(t, original || !authenticated, name)
	}
}

func TestTruncation(t *testing.T) {
	for name, file := range specimens() {
		t.Run(name, func(t *testing.T) {
			harmless(t, name, file)
			for n := range file {
				harmless(t, name, file[:n])
				if name != "pem" && name != "openssh" && name != "traditional" && name != "base64" {
					_, err := Extract(context.Background(), file[:n], Options{Password: []byte("x"), Limits: Limits{Iterations: 500_000}})
					require.Error(t, err, "%d of %d octets", n, len(file))
				}
			}
		})
	}
}

func TestFlips(t *testing.T) {
	for name, file := range specimens() {
		t.Run(name, func(t *testing.T) {
			for i := range file {
				for _, mask := range []byte{0x01, 0x80, 0xff} {
					damaged := bytes.Clone(file)
					damaged[i] ^= mask
					harmless(t, name, damaged)
				}
			}
		})
	}
}

func TestDamageInAChainIsWarnedOf(t *testing.T) {
	s := samples()["p256"]
	leaf := bytes.Clone(s.leaf)
	at := bytes.Index(leaf, []byte("client p256"))
	leaf[at]++
	file := append(armour("PRIVATE KEY", s.pkcs8()), armour("CERTIFICATE", leaf)...)
	file = append(append(file, armour("CERTIFICATE", s.authority)...), armour("CERTIFICATE", s.top)...)
	inv, err := Extract(context.Background(), file, Options{})
	require.NoError(t, err)
	require.Len(t, inv.Warnings, 1)
	require.Equal(t, "signature-invalid", inv.Warnings[0].Code)
}

// Costs beyond the limits are refused before they are paid.
func TestHostileCosts(t *testing.T) {
	number := func(n int64) []byte { return derInteger(big.NewInt(n)) }
	salt := der(tagOctetString, testSalt)
	aes := der(tagSequence, derOID(oidAES256CBC), der(tagOctetString, make([]byte, 16)))
	encrypted := func(oid string, params ...[]byte) []byte {
		return der(tagSequence, der(tagSequence, derOID(oid), der(tagSequence, params...)), der(tagOctetString, make([]byte, 64)))
	}
	pbes2 := func(kdf string, params ...[]byte) []byte {
		return encrypted(oidPBES2, der(tagSequence, derOID(kdf), der(tagSequence, params...)), aes)
	}
	s := samples()["p256"]
	mac := func(rounds int64) func([]byte) []byte {
		return func([]byte) []byte {
			return der(tagSequence, der(tagSequence, der(tagSequence, derOID("1.3.14.3.2.26"), der(tagNull)), der(tagOctetString, make([]byte, 20))), salt, number(rounds))
		}
	}
	many := []byte{}
	for range 400 {
		many = append(many, armour("ENCRYPTED PRIVATE KEY", pbes2(oidPBKDF2, salt, number(100_000)))...)
	}
	bcrypt := func(rounds byte) []byte {
		block := append([]byte(openSSHMagic), "\x00\x00\x00\x0aaes256-ctr\x00\x00\x00\x06bcrypt\x00\x00\x00\x18\x00\x00\x00\x10saltsaltsaltsalt"...)
		block = append(block, rounds, 0, 0, 16)
		return armour("OPENSSH PRIVATE KEY", append(block, 0, 0, 0, 0, 0, 0, 0, 0))
	}
	for name, c := range map[string]struct {
		file []byte
		kind Kind
	}{
		"PBKDF2, 20 million rounds":    {pbes2(oidPBKDF2, salt, number(20_000_000)), KDFCost},
		"PBKDF2, 2^31-1 rounds":        {pbes2(oidPBKDF2, salt, number(1<<31-1)), KDFCost},
		"PBKDF2, 2^40 rounds":          {pbes2(oidPBKDF2, salt, number(1<<40)), Corrupt},
		"PBKDF2, negative rounds":      {pbes2(oidPBKDF2, salt, der(tagInteger, []byte{0xff})), Corrupt},
		"PBKDF2, no rounds":            {pbes2(oidPBKDF2, salt, number(0)), Corrupt},
		"PBKDF2, huge key":             {pbes2(oidPBKDF2, salt, number(1), number(1<<31-1)), Corrupt},
		"PBES1":                        {encrypted("1.2.840.113549.1.5.3", salt, number(1<<31-1)), KDFCost},
		"PKCS #12 scheme":              {encrypted("1.2.840.113549.1.12.1.3", salt, number(1<<31-1)), KDFCost},
		"scrypt, N of 2^30, r of 1024": {pbes2(oidScrypt, salt, number(1<<30), number(1024), number(1)), KDFCost},
		"scrypt, r of 2^30":            {pbes2(oidScrypt, salt, number(2), number(1<<30), number(1)), Corrupt},
		"scrypt, p of 2^24":            {pbes2(oidScrypt, salt, number(2), number(8), number(1<<24)), KDFCost},
		"scrypt, long":                 {pbes2(oidScrypt, salt, number(1<<19), number(8), number(16)), KDFCost},
		"MAC":                          {testSchemes()[0].pkcs12(s, []byte("x"), mac(1<<31-1)), KDFCost},
		"OpenSSH":                      {bcrypt(1), KDFCost},
		"OpenSSH, 2^31 rounds":         {bcrypt(0x80), KDFCost},
		"nested":                       {bytes.Repeat([]byte{0x30, 0x80}, 1<<19), TooLarge},
		"large":                        {make([]byte, 10<<20), TooLarge},
		"deep armour":                  {armour("CERTIFICATE", bytes.Repeat([]byte{0x24, 0x80}, 1000)), Corrupt},
	} {
		t.Run(name, func(t *testing.T) {
			took := time.Hour
			for range 3 { // the machine may be busy with something else
				start := time.Now()
				_, err := Extract(context.Background(), c.file, Options{Password: []byte("x")})
				took = min(took, time.Since(start))
				require.ErrorIs(t, err, c.kind, describe(err))
			}
			require.Less(t, took, 10*time.Second)
		})
	}
	_, err := Extract(context.Background(), many, Options{Password: []byte("x"), Limits: Limits{Iterations: 1_000_000}})
	require.ErrorIs(t, err, KDFCost, "the limit is for all derivations of a file together")
}
