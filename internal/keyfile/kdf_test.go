package keyfile

import (
	stdpbkdf2 "crypto/pbkdf2"
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/scrypt"
)

func unhex(t *testing.T, digits string) []byte {
	t.Helper()
	b, err := hex.DecodeString(digits)
	require.NoError(t, err)
	return b
}

func TestPBKDF2AgreesWithTheStandardLibrary(t *testing.T) {
	for _, size := range []int{1, 32, 33, 100} {
		for _, rounds := range []int{1, 2, 1500} {
			want, err := stdpbkdf2.Key(sha256.New, "password", []byte("salt"), rounds, size)
			require.NoError(t, err)
			got, err := pbkdf2(testBudget(), sha256.New, []byte("password"), []byte("salt"), rounds, size)
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
	}
}

func TestScryptAgreesWithXCrypto(t *testing.T) {
	for _, p := range [][3]int{{2, 1, 1}, {16, 1, 1}, {64, 8, 2}, {1024, 8, 16}, {32, 3, 3}} {
		want, err := scrypt.Key([]byte("password"), []byte("NaCl"), p[0], p[1], p[2], 64)
		require.NoError(t, err)
		got, err := scryptKey(testBudget(), sha256.New, []byte("password"), []byte("NaCl"), p[0], p[1], p[2], 64)
		require.NoError(t, err)
		require.Equal(t, want, got, p)
	}
}

func TestScryptRefusesImpossibleParameters(t *testing.T) {
	for _, p := range [][3]int{{0, 1, 1}, {1, 1, 1}, {3, 1, 1}, {16, 0, 1}, {16, 1, 0}, {16, 1 << 20, 1 << 20}} {
		_, err := scryptKey(testBudget(), sha256.New, nil, nil, p[0], p[1], p[2], 32)
		require.Error(t, err, p)
	}
	for _, p := range [][3]int{{1 << 30, 1024, 1}, {1 << 24, 8, 1}, {2, 1, 1 << 24}, {1 << 20, 8, 100}} {
		_, err := scryptKey(testBudget(), sha256.New, nil, nil, p[0], p[1], p[2], 32)
		require.ErrorIs(t, err, KDFCost, p)
	}
}

// The vectors are those of RFC 2268 section 5.
func TestRC2(t *testing.T) {
	for _, v := range []struct {
		bits               int
		key, plain, cipher string
	}{
		{63, "0000000000000000", "0000000000000000", "ebb773f993278eff"},
		{64, "ffffffffffffffff", "ffffffffffffffff", "278b27e42e2f0d49"},
		{64, "3000000000000000", "1000000000000001", "30649edf9be7d2c2"},
		{64, "88", "0000000000000000", "61a8a244adacccf0"},
		{64, "88bca90e90875a", "0000000000000000", "6ccf4308974c267f"},
		{64, "88bca90e90875a7f0f79c384627bafb2", "0000000000000000", "1a807d272bbe5db1"},
		{128, "88bca90e90875a7f0f79c384627bafb2", "0000000000000000", "2269552ab0f85ca6"},
	} {
		c := newRC2(unhex(t, v.key), v.bits)
		out := make([]byte, 8)
		c.Encrypt(out, unhex(t, v.plain))
		require.Equal(t, v.cipher, hex.EncodeToString(out))
		c.Decrypt(out, out)
		require.Equal(t, v.plain, hex.EncodeToString(out))
	}
}

// The vectors are those of RFC 8032 section 7.4 and RFC 7748 section 6.2.
func TestCurve448(t *testing.T) {
	seed := unhex(t, "6c82a562cb808d10d632be89c8513ebf6c929f34ddfa8c9f63c9960ef6e348a3528c8a3fcc2f044e39a3fc5b94492f8f032e7549a20098f95b")
	require.Equal(t, "5fd7449b59b461fd2ce787ec616ad46a1da1342485a70e1f8a0ea75d80e96778edf124769b46c7061bd6783df1e50f6cd1fa1abeafe8256180",
		hex.EncodeToString(ed448Public(seed)))
	scalar := unhex(t, "9a8f4925d1519f5775cf46b04b5800d4ee9ee8bae8bc5565d498c28dd9c9baf574a9419744897391006382a6f127ab1d9ac2d8c0a598726b")
	require.Equal(t, "9b08f7cc31b7e3e67d22d5aea121074a273bd2b83de09c63faa73d2c22c5d9bbc836647241d953d40c5b12da88120d53177f80e532c41fa0",
		hex.EncodeToString(x448Public(scalar)))
	require.Nil(t, ed448Public(seed[1:]))
	require.Nil(t, x448Public(scalar[1:]))
}
