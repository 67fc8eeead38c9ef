package keyfile

import (
	"context"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
)

// ofTwoPasswords is a PFX whose key, certificates and MAC have each the password
// given for it.
func ofTwoPasswords(s sample, key, certificates, mac string) []byte {
	scheme := testSchemes()[len(testSchemes())-1]
	info := func(oid string, content []byte) []byte {
		return der(tagSequence, derOID(oid), der(tagContext0, content))
	}
	bag := info
	var list []byte
	for _, raw := range [][]byte{s.leaf, s.authority, s.top} {
		list = append(list, bag(oidCertBag, der(tagSequence, derOID(oidX509Certificate), der(tagContext0, der(tagOctetString, raw))))...)
	}
	alg, ciphertext := scheme.encrypt(der(tagSequence, list), []byte(certificates))
	content := der(tagSequence,
		info(oidData, der(tagOctetString, der(tagSequence, bag(oidShroudedKeyBag, scheme.pkcs8(s, []byte(key)))))),
		info(oidEncryptedData, der(tagSequence, derInteger(new(big.Int)), der(tagSequence, derOID(oidData), alg, der(classContext, ciphertext)))))
	return der(tagSequence, derInteger(big3), info(oidData, der(tagOctetString, content)),
		testMAC("2.16.840.1.101.3.4.2.1", bmpFromUTF8([]byte(mac)))(content))
}

// Java gives a key its own password, and openssl pkcs12 -twopass the MAC its own.
func TestPKCS12OfTwoPasswords(t *testing.T) {
	s := samples()["p256"]
	for name, file := range map[string][]byte{
		"key":        ofTwoPasswords(s, "one", "other", "other"),
		"encryption": ofTwoPasswords(s, "one", "one", "other"),
		"all but it": ofTwoPasswords(s, "other", "one", "one"),
	} {
		for _, given := range [][2]string{{"one", "other"}, {"other", "one"}} {
			mustOpen(t, s, file, Options{Password: []byte(given[0]), KeyPassword: []byte(given[1])})
			_, err := Extract(context.Background(), file, Options{Password: []byte(given[0])})
			require.ErrorIs(t, err, WrongPassword, "%s: %s", name, describe(err))
			require.ErrorContains(t, err, "as the key's", name)
			_, err = Extract(context.Background(), file, Options{Password: []byte(given[0]), KeyPassword: []byte("third")})
			require.ErrorIs(t, err, WrongPassword, "%s: %s", name, describe(err))
		}
		_, err := Extract(context.Background(), file, Options{})
		require.ErrorIs(t, err, PasswordRequired, name)
		_, err = Extract(context.Background(), file, Options{Password: []byte("third")})
		require.ErrorIs(t, err, WrongPassword, name)
	}
	_, err := Extract(context.Background(), ofTwoPasswords(s, "one", "", ""), Options{Password: []byte{}})
	require.ErrorIs(t, err, PasswordRequired)
}
