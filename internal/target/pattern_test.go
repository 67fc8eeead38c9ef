package target

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPattern(t *testing.T) {
	cases := []struct {
		pattern string
		yes, no []string
	}{
		{"https://api.bank.example:8443", []string{"https://API.bank.example:8443/", "https://api.bank.example.:8443"},
			[]string{"https://api.bank.example", "http://api.bank.example:8443", "https://x.api.bank.example:8443"}},
		{"api.bank.example", []string{"https://api.bank.example"},
			[]string{"http://api.bank.example", "https://api.bank.example:8443", "https://evil-api.bank.example",
				"https://api.bank.example.evil", "https://bank.example"}},
		{"API.Bank.Example.", []string{"https://api.bank.example"}, []string{"https://bank.example"}},
		{"api.bank.example:8443", []string{"https://api.bank.example:8443"}, []string{"https://api.bank.example"}},
		{"localhost:*", []string{"https://localhost", "https://localhost:1"}, []string{"http://localhost", "https://x.localhost"}},
		{"*.bank.example", []string{"https://a.bank.example", "https://a.b.bank.example", "https://A.BANK.example."},
			[]string{"https://bank.example", "https://evilbank.example", "https://a.bank.example:8443", "https://a.bank.example.evil"}},
		{"https://*.bank.example:8443/", []string{"https://a.bank.example:8443"}, []string{"https://a.bank.example"}},
		{"*.bücher.test", []string{"https://a.xn--bcher-kva.test"}, []string{"https://a.bcher.test"}},
		{"http://intranet", []string{"http://intranet"}, []string{"https://intranet"}},
		{"[::1]:8443", []string{"https://[0::1]:8443"}, []string{"https://[::2]:8443"}},
		{"127.0.0.1:*", []string{"https://127.0.0.1:9", "https://127.1:9"}, []string{"https://127.0.0.2:9"}},
	}
	for _, c := range cases {
		p, err := ParsePattern(c.pattern)
		require.NoError(t, err, c.pattern)
		for _, text := range c.yes {
			got, err := Parse(text, Options{})
			require.NoError(t, err)
			assert.True(t, p.Matches(got.Origin()), "%s %s", c.pattern, text)
		}
		for _, text := range c.no {
			got, err := Parse(text, Options{})
			require.NoError(t, err)
			assert.False(t, p.Matches(got.Origin()), "%s %s", c.pattern, text)
		}
		again, err := ParsePattern(p.String())
		require.NoError(t, err, p.String())
		assert.Equal(t, p, again)
	}
	assert.False(t, Pattern{}.Matches(Origin{}))
	p, err := ParsePattern("a.test")
	require.NoError(t, err)
	assert.True(t, p.Matches(Origin{"HTTPS", "A.Test.", ""}))
	assert.False(t, p.Matches(Origin{"", "a.test", "443"}))
}

func TestPatternRefuses(t *testing.T) {
	for _, text := range []string{"", "*", "*.", "*:443", "*.*", "a*.test", "*.*.test", "a.*.test", "ftp://a.test", "a.test/path",
		"u@a.test", "a.test?x", "a.test:0", "a.test:x", "a.test:1:*", "*.127.0.0.1", "*.[::1]", "::1", "https://", "a b", "a..test",
		"https://a.test//"} {
		_, err := ParsePattern(text)
		var e *Error
		require.ErrorAs(t, err, &e, text)
		assert.Equal(t, BadPattern, e.Reason, text)
	}
}

func FuzzPattern(f *testing.F) {
	f.Add("*.a.test:8443")
	f.Add("https://[::1]:*")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParsePattern(text)
		if err != nil {
			return
		}
		again, err := ParsePattern(p.String())
		require.NoError(t, err)
		require.Equal(t, p, again)
		if p.port != anyPort {
			require.Equal(t, !p.below, p.Matches(Origin{p.scheme, p.host, p.port}))
		}
	})
}
