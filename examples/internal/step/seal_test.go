package step_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp/examples/internal/step"
)

func keyring(t *testing.T, current string, names ...string) *step.Keyring {
	t.Helper()
	var keys []string
	for _, name := range names {
		keys = append(keys, fmt.Sprintf("%q: %q", name, base64.StdEncoding.EncodeToString([]byte(strings.Repeat(name[:1], 32)))))
	}
	k, err := step.ReadKeyring(fmt.Appendf(nil, `{"current": %q, "keys": {%s}}`, current, strings.Join(keys, ",")))
	require.NoError(t, err)
	return k
}

func TestSeal(t *testing.T) {
	old := keyring(t, "a-2025", "a-2025")
	name, sealed := old.Seal([]byte("cookie"), "run 1")
	_, again := old.Seal([]byte("cookie"), "run 1")
	assert.NotEqual(t, sealed, again)
	assert.NotContains(t, string(sealed), "cookie")

	both := keyring(t, "b-2026", "a-2025", "b-2026")
	plain, err := both.Open(name, sealed, "run 1")
	require.NoError(t, err, "a key that is no longer the current one")
	assert.Equal(t, "cookie", string(plain))

	for _, open := range []func() ([]byte, error){
		func() ([]byte, error) { return both.Open(name, sealed, "run 2") },
		func() ([]byte, error) { return both.Open("b-2026", sealed, "run 1") },
		func() ([]byte, error) { return both.Open("c", sealed, "run 1") },
		func() ([]byte, error) { return both.Open(name, sealed[:len(sealed)-1], "run 1") },
		func() ([]byte, error) { return both.Open(name, nil, "run 1") },
	} {
		_, err := open()
		assert.Error(t, err)
	}
}

func TestFaultyKeyrings(t *testing.T) {
	for _, document := range []string{
		``, `{}`, `{"current": "a"}`, `{"current": "a", "keys": {"a": "Y2FuYXJ5"}}`, `{"current": "a", "keys": {"a": "canary!"}}`,
	} {
		_, err := step.ReadKeyring([]byte(document))
		require.Error(t, err, document)
		assert.NotContains(t, err.Error(), "canary")
	}
}
