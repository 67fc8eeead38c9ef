package target

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOriginOf(t *testing.T) {
	same := []string{"https://a.test", "HTTPS://A.TEST:443/x?y", "https://a.test./"}
	for _, text := range same {
		u, err := url.Parse(text)
		require.NoError(t, err)
		assert.Equal(t, Origin{"https", "a.test", "443"}, OriginOf(u), text)
	}
	other := []string{"http://a.test", "https://a.test:8443", "https://b.a.test", "https://aa.test", "https://a.test.evil"}
	for _, text := range other {
		u, err := url.Parse(text)
		require.NoError(t, err)
		assert.NotEqual(t, Origin{"https", "a.test", "443"}, OriginOf(u), text)
	}
	assert.Equal(t, Origin{Scheme: "https", Host: "a b"}, OriginOf(&url.URL{Scheme: "https", Host: "a b"}))
	v6 := OriginOf(&url.URL{Scheme: "http", Host: "[0:0::1]"})
	assert.Equal(t, "http://[::1]", v6.String())
	assert.Equal(t, "[::1]:80", v6.HostPort())
}
