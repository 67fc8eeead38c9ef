package canaries

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTwelveSecrets(t *testing.T) {
	assert.Len(t, Secrets(), 12)
	seen := map[string]bool{}
	for what, secret := range Secrets() {
		assert.False(t, seen[secret], what)
		seen[secret] = true
		assert.GreaterOrEqual(t, len(secret), 16, what)
	}
}

// Each secret is found in each way in which something may print it.
func TestScanFindsWhatIsPlanted(t *testing.T) {
	assert.Empty(t, Scan([]byte("=== RUN TestNothing\nok\n")))
	for what, secret := range Secrets() {
		document, err := json.Marshal(map[string]any{"octets": []byte("some text before it: " + secret)})
		require.NoError(t, err)
		for _, printed := range []string{
			secret, "key=" + url.QueryEscape(secret) + "&b", fmt.Sprintf("%q", secret), fmt.Sprintf("%+q", secret), fmt.Sprintf("%x", secret), fmt.Sprintf("%X", secret),
			fmt.Sprintf("% x", secret), fmt.Sprint([]byte(secret)), fmt.Sprintf("%#v", []byte(secret)), fmt.Sprintf("%d", []byte(secret)),
			"Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("u:"+secret)), "Basic " + base64.StdEncoding.EncodeToString([]byte("user:"+secret)),
			base64.RawURLEncoding.EncodeToString([]byte("x" + secret + "y")), string(document), wide(secret),
		} {
			if what == "PEM key" && strings.HasPrefix(printed, "key=") {
				continue // no key is in a query
			}
			hits := Scan([]byte("a line\nand\t" + printed + " another\n"))
			if assert.Len(t, hits, 1, "%s: %q", what, printed) {
				assert.Equal(t, Hit{what, 2}, hits[0])
			}
		}
	}
}

func TestScanFindsTheKeyInItsFiles(t *testing.T) {
	der, err := x509.MarshalPKCS8PrivateKey(ed25519.NewKeyFromSeed(Seed))
	require.NoError(t, err)
	block := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	for _, printed := range [][]byte{der, block, []byte(strings.ReplaceAll(string(block), "\n", `\n`))} {
		hits := Scan(printed)
		require.Len(t, hits, 1)
		assert.Equal(t, "PEM key", hits[0].Secret)
	}
}

func TestScanFindsWords(t *testing.T) {
	assert.Len(t, Scan([]byte("http://u:hunter2@a.test/?t=kestrel-4711")), 2)
}
