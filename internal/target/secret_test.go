package target

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSecretHeader(t *testing.T) {
	for _, name := range []string{"Authorization", "Cookie", "Set-Cookie", "X-Api-Key", "X_API_KEY", "X-Auth", "X-Session-Id", "Auth-Pin",
		"Key", "X-Key", "Fastly-Key", "X-App-Key", "X-Appkey", "X-Subscription-Key", "X-Admin-Key", "X-User-Key", "X-Consumer-Key",
		"X-Signing-Key", "X-License-Key", "X_Master_Key", "X-Pass", "X-Passcode", "X-Wsse", "X-Ssl-Client-Key", "Ocp-Apim-Subscription-Key",
		"X-Amz-Server-Side-Encryption-Customer-Key", "X-Cache-Api-Key", "Public-Secret-Key", "Cache-Key-Signing-Key", "Client-Secret-Key"} {
		for _, spelled := range []string{name, strings.ToUpper(name), strings.ToLower(name)} {
			assert.True(t, SecretHeader(spelled, nil), spelled)
		}
	}
	for _, name := range []string{"", "Accept", "Content-Type", "Idempotency-Key", "X-Author", "X-Spin", "Host", "Sec-Websocket-Key",
		"Sec-WebSocket-Key", "X-Idempotency-Key", "Surrogate-Key", "Cache-Key", "X_Cache_Key", "Partition-Key", "Routing-Key", "Public-Key",
		"X-Ordering-Key", "Shard-Key", "Sort-Key", "Keys", "Keep-Alive", "Key3", "X-Monkey", "Keyword", "X-Bypass", "Compass", "Passed", "X-Passenger"} {
		assert.False(t, SecretHeader(name, nil), name)
		assert.True(t, SecretHeader(name, []string{strings.ToUpper(name)}), name)
	}
}
