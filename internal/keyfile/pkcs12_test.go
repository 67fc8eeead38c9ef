package keyfile

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"math/big"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"software.sslmate.com/src/go-pkcs12"
)

func TestEverySchemeInPKCS12(t *testing.T) {
	s := samples()["p256"]
	password := []byte("pässwörd 😀")
	mac := testMAC("2.16.840.1.101.3.4.2.1", bmpFromUTF8(password))
	for _, scheme := range testSchemes() {
		t.Run(scheme.name, func(t *testing.T) {
			file := scheme.pkcs12(s, password, mac)
			inv := mustOpen(t, s, file, Options{Password: password})
			require.Equal(t, "pkcs12", inv.Format)
			require.Equal(t, "the alias", inv.Identities[0].Alias)
			require.Len(t, inv.Certificates, 3)

			ber := indefinite(must(whole(file)), 3)
			require.NotEqual(t, file, ber)
			mustOpen(t, s, ber, Options{Password: password})
			mustOpen(t, s, append(slices.Clone(file), "\r\n\x1a"...), Options{Password: password})

			_, err := Extract(context.Background(), file, Options{Password: []byte("another")})
			require.ErrorIs(t, err, WrongPassword)
			_, err = Extract(context.Background(), file, Options{})
			require.ErrorIs(t, err, PasswordRequired)
		})
	}
}

func TestEveryMAC(t *testing.T) {
	s := samples()["p256"]
	password := []byte("secret")
	scheme := testSchemes()[0]
	for _, row := range digestHashes {
		oid := row.name
		mustOpen(t, s, scheme.pkcs12(s, password, testMAC(oid, bmpFromUTF8(password))), Options{Password: password})
	}
	for _, row := range hmacHashes {
		oid := row.name
		mustOpen(t, s, scheme.pkcs12(s, password, testPBMAC1(oid, password, 32)), Options{Password: password})
	}
	_, err := Extract(context.Background(), scheme.pkcs12(s, password, testPBMAC1("1.2.840.113549.2.9", password, 19)), Options{Password: password})
	require.ErrorIs(t, err, Corrupt, "a MAC with a short key can be forged")
}

func TestEmptyPasswordIsNotNoPassword(t *testing.T) {
	s := samples()["p256"]
	for _, scheme := range testSchemes() {
		for name, bmp := range map[string][]byte{"empty": {0, 0}, "none": {}} {
			file := scheme.pkcs12(s, nil, testMAC("1.3.14.3.2.26", bmp))
			for _, given := range [][]byte{nil, {}} {
				t.Run(fmt.Sprint(scheme.name, name, given == nil), func(t *testing.T) {
					mustOpen(t, s, file, Options{Password: given})
				})
			}
			_, err := Extract(context.Background(), file, Options{Password: []byte("x")})
			require.ErrorIs(t, err, WrongPassword)
		}
	}
}

func TestOldReadingOfPasswords(t *testing.T) {
	s := samples()["p256"]
	password := []byte("pässwörd")
	// OpenSSL before 1.1 widened each octet, also those of UTF-8.
	file := testSchemes()[0].pkcs12(s, password, testMAC("1.3.14.3.2.26", widened(password)))
	mustOpen(t, s, file, Options{Password: password})
	latin := []byte("p\xe4ssw\xf6rd")
	mustOpen(t, s, testSchemes()[0].pkcs12(s, latin, testMAC("1.3.14.3.2.26", widened(latin))), Options{Password: latin})
	for _, scheme := range testSchemes() {
		file := append(armour("ENCRYPTED PRIVATE KEY", scheme.pkcs8(s, latin)), bundle(s)...)
		mustOpen(t, s, file, Options{Password: password})
	}
}

func TestNoMACOnlyOnRequest(t *testing.T) {
	s := samples()["p256"]
	file := testSchemes()[0].pkcs12(s, []byte("x"), nil)
	_, err := Extract(context.Background(), file, Options{Password: []byte("x")})
	require.ErrorIs(t, err, UnsupportedFormat)
	require.ErrorContains(t, err, "AllowNoMAC")
	inv := mustOpen(t, s, file, Options{Password: []byte("x"), AllowNoMAC: true})
	require.Equal(t, "not-authenticated", inv.Warnings[0].Code)
	_, err = Extract(context.Background(), file, Options{Password: []byte("y"), AllowNoMAC: true})
	require.ErrorIs(t, err, WrongPassword)
}

func TestDamageIsToldFromAWrongPassword(t *testing.T) {
	s := samples()["p256"]
	password := []byte("secret")
	file := testSchemes()[0].pkcs12(s, password, testMAC("1.3.14.3.2.26", bmpFromUTF8(password)))
	file[len(file)-20]++ // within the salt or the digest of the MAC
	_, err := Extract(context.Background(), file, Options{Password: password})
	require.ErrorContains(t, err, "the file was changed")
	_, err = Extract(context.Background(), file, Options{Password: []byte("another")})
	require.ErrorContains(t, err, "the password does not fit")
	require.ErrorIs(t, err, WrongPassword, describe(err))
}

// What another encoder writes.
func TestGoPKCS12(t *testing.T) {
	for name, s := range samples() {
		if name == "p224" {
			continue
		}
		leaf, authority, top := must(x509.ParseCertificate(s.leaf)), must(x509.ParseCertificate(s.authority)), must(x509.ParseCertificate(s.top))
		for profile, encoder := range map[string]*pkcs12.Encoder{
			"modern": pkcs12.Modern2023, "3des": pkcs12.LegacyDES, "rc2": pkcs12.LegacyRC2,
			"rounds": pkcs12.Modern2023.WithIterations(7),
		} {
			for _, password := range []string{"", "s3cret", "pässwörd 日本"} {
				t.Run(fmt.Sprint(name, profile, password), func(t *testing.T) {
					file, err := encoder.WithRand(rand.Reader).Encode(s.key, leaf, []*x509.Certificate{top, authority}, password)
					require.NoError(t, err)
					mustOpen(t, s, file, Options{Password: []byte(password)})
				})
			}
		}
		file, err := pkcs12.Modern2023.EncodeTrustStore([]*x509.Certificate{top, authority}, "x")
		require.NoError(t, err)
		inv, err := Extract(context.Background(), file, Options{Password: []byte("x")})
		require.NoError(t, err)
		require.Len(t, inv.Certificates, 2)
		require.True(t, inv.Certificates[0].TrustAnchor && inv.Certificates[1].TrustAnchor)
		_, err = inv.Identity()
		require.ErrorIs(t, err, NoKey)
	}
}

func TestOneUnreadableSafe(t *testing.T) {
	s := samples()["p256"]
	safe := func(oid string, content []byte) []byte {
		return der(tagSequence, derOID(oid), der(tagContext0, content))
	}
	bag := func(oid string, content []byte) []byte {
		return der(tagSequence, derOID(oid), der(tagContext0, content))
	}
	camellia := safe(oidEncryptedData, der(tagSequence, derInteger(big.NewInt(0)), der(tagSequence, derOID(oidData),
		der(tagSequence, derOID("1.2.392.200011.61.1.1.1.4")), der(classContext, make([]byte, 16)))))
	key := safe(oidData, der(tagOctetString, der(tagSequence, bag(oidKeyBag, s.pkcs8()))))
	certificate := safe(oidData, der(tagOctetString, der(tagSequence, bag(oidCertBag,
		der(tagSequence, derOID(oidX509Certificate), der(tagContext0, der(tagOctetString, s.leaf)))))))
	file := func(safes ...[]byte) []byte {
		content := der(tagSequence, safes...)
		return der(tagSequence, derInteger(big3), safe(oidData, der(tagOctetString, content)),
			testMAC("1.3.14.3.2.26", bmpFromUTF8([]byte("x")))(content))
	}
	open := func(file []byte) (*Inventory, error) {
		return Extract(context.Background(), file, Options{Password: []byte("x")})
	}
	for _, lacking := range [][]byte{file(camellia, key), file(key, camellia), file(camellia, certificate), file(certificate, camellia)} {
		_, err := open(lacking)
		require.ErrorIs(t, err, UnsupportedAlgorithm)
		require.ErrorContains(t, err, "Camellia-256-CBC")
	}
	inv, err := open(file(camellia, key, certificate))
	require.NoError(t, err)
	require.Len(t, inv.Identities, 1)
	require.Equal(t, "part-unreadable", inv.Warnings[0].Code)
}
