package target

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseHost(t *testing.T) {
	cases := []struct{ url, host, hostPort, origin string }{
		{"HTTP://A.Test/", "a.test", "a.test", "http://a.test"},
		{"http://a.test:80/", "a.test", "a.test", "http://a.test"},
		{"https://a.test:80/", "a.test", "a.test:80", "https://a.test:80"},
		{"https://a.test.:8443/", "a.test.", "a.test.:8443", "https://a.test:8443"},
		{"http://bücher.test/", "xn--bcher-kva.test", "xn--bcher-kva.test", "http://xn--bcher-kva.test"},
		{"http://BÜCHER.test/", "xn--bcher-kva.test", "xn--bcher-kva.test", "http://xn--bcher-kva.test"},
		{"http://xn--bcher-kva.test/", "xn--bcher-kva.test", "xn--bcher-kva.test", "http://xn--bcher-kva.test"},
		{"http://my_host-1/", "my_host-1", "my_host-1", "http://my_host-1"},
		{"http://[0:0::1]:81/", "0:0::1", "[0:0::1]:81", "http://[::1]:81"},
		{"http://[::FFFF:127.0.0.1]/", "::ffff:127.0.0.1", "[::ffff:127.0.0.1]", "http://[::ffff:127.0.0.1]"},
		{"http://127.1/", "127.0.0.1", "127.0.0.1", "http://127.0.0.1"},
		{"http://2130706433/", "127.0.0.1", "127.0.0.1", "http://127.0.0.1"},
		{"http://0x7F.1/", "127.0.0.1", "127.0.0.1", "http://127.0.0.1"},
		{"http://017700000001/", "127.0.0.1", "127.0.0.1", "http://127.0.0.1"},
		{"http://①②⑦.⓪.⓪.①/", "127.0.0.1", "127.0.0.1", "http://127.0.0.1"},
		{"http://127。0。0。1/", "127.0.0.1", "127.0.0.1", "http://127.0.0.1"},
		{"http://ⓛocalhost/", "localhost", "localhost", "http://localhost"},
		{"http://0/", "0.0.0.0", "0.0.0.0", "http://0.0.0.0"},
		{"http://127.0.0.1./", "127.0.0.1", "127.0.0.1", "http://127.0.0.1"},
	}
	for _, c := range cases {
		got, err := Parse(c.url, Options{})
		require.NoError(t, err, c.url)
		assert.Equal(t, c.host, got.Host, c.url)
		assert.Equal(t, c.hostPort, got.HostPort(), c.url)
		assert.Equal(t, c.hostPort, got.URL().Host, c.url)
		assert.Equal(t, c.origin, got.Origin().String(), c.url)
		assert.Equal(t, got.Origin(), OriginOf(got.URL()), c.url)
	}
}

func TestParseIPv4(t *testing.T) {
	good := map[string]string{"127.0.0.1": "127.0.0.1", "0": "0.0.0.0", "1.2": "1.0.0.2", "1.2.3": "1.2.0.3", "1.65535": "1.0.255.255",
		"0x7f000001": "127.0.0.1", "0x": "0.0.0.0", "0177.0.0.01": "127.0.0.1", "4294967295": "255.255.255.255", "0xff.0xffffff": "255.255.255.255"}
	for text, want := range good {
		addr, ok := parseIPv4(text)
		assert.True(t, ok, text)
		assert.Equal(t, want, addr.String(), text)
	}
	for _, text := range []string{"", "1.2.3.4.5", "256.0.0.1", "1.2.3.256", "1.2.65536", "4294967296", "0x100000000", "08", "0xg", "1..2", "-1", "+1", "1_0"} {
		_, ok := parseIPv4(text)
		assert.False(t, ok, text)
	}
}
