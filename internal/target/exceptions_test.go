package target

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestExceptions(t *testing.T) {
	for text, hosts := range map[string]map[[2]string]bool{
		"*":           {{"a.test", "443"}: true},
		"a.test":      {{"a.test", "443"}: true, {"A.TEST.", "80"}: true, {"b.a.test", "443"}: true, {"ba.test", "443"}: false},
		".a.test":     {{"a.test", "443"}: true, {"b.a.test", "443"}: true},
		"*.a.test":    {{"a.test", "443"}: false, {"b.a.test", "443"}: true},
		"a.test:8443": {{"a.test", "8443"}: true, {"a.test", "443"}: false},
		"10.0.0.0/8":  {{"10.1.2.3", "443"}: true, {"::ffff:10.1.2.3", "443"}: true, {"11.1.2.3", "443"}: false, {"a.test", "443"}: false},
		"[::1]:443":   {{"::1", "443"}: true, {"::1", "80"}: false},
		" 127.0.0.1 ": {{"127.0.0.1", "1"}: true},
	} {
		direct, ok := Exceptions([]string{"other.test", text})
		require.True(t, ok, text)
		for at, want := range hosts {
			assert.Equal(t, want, direct(at[0], at[1]), "%s: %v", text, at)
		}
	}
	for _, text := range []string{"", ":443", "*a.test"} {
		_, ok := Exceptions([]string{text})
		assert.False(t, ok, text)
	}
	direct, ok := Exceptions(nil)
	require.True(t, ok)
	assert.False(t, direct("a.test", "443"))
}
