package keyfile

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// The readings of a password are not the file's: it is within the limit where
// one derivation is.
func TestReadingsCostOnce(t *testing.T) {
	s := samples()["p256"]
	limits := Limits{Iterations: 1000}
	for _, scheme := range testSchemes() {
		if scheme.name == "PBES2 scrypt" {
			continue
		}
		file := scheme.pkcs8(s, []byte("secret"))
		b := &budget{ctx: context.Background(), limits: limits}
		_, err := parseEncryptedPKCS8(b, file, [][]byte{[]byte("secret")})
		require.NoError(t, err)
		// What the key itself costs is spent once it is open.
		limits := Limits{Iterations: b.rounds - 500}
		for _, c := range []struct {
			given []byte
			want  Kind
		}{{nil, PasswordRequired}, {[]byte("p\u00e4"), WrongPassword}} {
			_, err := Extract(context.Background(), file, Options{Password: c.given, KeyPassword: c.given, Limits: limits})
			require.ErrorIs(t, err, c.want, "%s: %v", scheme.name, err)
		}
		limits.Iterations--
		_, err = Extract(context.Background(), file, Options{Password: []byte("p\u00e4"), Limits: limits})
		require.ErrorIs(t, err, KDFCost, scheme.name)
	}
}
