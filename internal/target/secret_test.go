package target

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSecretHeader(t *testing.T) {
	for _, name := range []string{"Authorization", "Cookie", "Set-Cookie", "X-Api-Key", "X_API_KEY", "X-Auth", "X-Session-Id", "Auth-Pin"} {
		for _, spelled := range []string{name, strings.ToUpper(name), strings.ToLower(name)} {
			assert.True(t, SecretHeader(spelled, nil), spelled)
		}
	}
	for _, name := range []string{"", "Accept", "Content-Type", "Idempotency-Key", "X-Author", "X-Spin", "Host", "Sec-Websocket-Key"} {
		assert.False(t, SecretHeader(name, nil), name)
		assert.True(t, SecretHeader(name, []string{strings.ToUpper(name)}), name)
	}
}
