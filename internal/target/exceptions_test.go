package target

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestExceptions(t *testing.T) {
	for text, hosts := range map[string]map[[2]string]bool{
		"*":                   {{"a.test", "443"}: true},
		"a.test":              {{"a.test", "443"}: true, {"A.TEST.", "80"}: true, {"b.a.test", "443"}: true, {"ba.test", "443"}: false},
		".a.test":             {{"a.test", "443"}: true, {"b.a.test", "443"}: true},
		"*.a.test":            {{"a.test", "443"}: false, {"b.a.test", "443"}: true},
		"a.test:8443":         {{"a.test", "8443"}: true, {"a.test", "443"}: false},
		"10.0.0.0/8":          {{"10.1.2.3", "443"}: true, {"::ffff:10.1.2.3", "443"}: true, {"11.1.2.3", "443"}: false, {"a.test", "443"}: false},
		"[::1]:443":           {{"::1", "443"}: true, {"::1", "80"}: false},
		" 127.0.0.1 ":         {{"127.0.0.1", "1"}: true},
		"bücher.test":         {{"xn--bcher-kva.test", "443"}: true, {"BÜCHER.test", "443"}: true, {"b.bücher.test.", "443"}: true, {"bucher.test", "443"}: false},
		"xn--bcher-kva.test":  {{"bücher.test", "443"}: true, {"xn--bcher-kva.test", "443"}: true},
		"*.Bücher.test.":      {{"a.xn--bcher-kva.test", "443"}: true, {"xn--bcher-kva.test", "443"}: false},
		"corp.test.":          {{"corp.test", "443"}: true, {"corp.test.", "443"}: true, {"a.corp.test", "443"}: true, {"xcorp.test", "443"}: false},
		"corp.test.:443":      {{"corp.test", "443"}: true, {"corp.test", "80"}: false},
		"::1":                 {{"0:0::1", "443"}: true, {"::1", "443"}: true, {"::2", "443"}: false, {"0.0.0.1", "443"}: false},
		"[0:0::1]":            {{"::1", "443"}: true, {"[::1]", "443"}: true},
		"::ffff:7f00:1":       {{"127.0.0.1", "443"}: true, {"::ffff:127.0.0.1", "443"}: true},
		"127.0.0.1:80":        {{"::ffff:7f00:1", "80"}: true, {"127.1", "80"}: true, {"a.127.0.0.1", "80"}: false, {"127.0.0.1", "81"}: false},
		"::ffff:10.0.0.0/104": {{"10.1.2.3", "443"}: true, {"::ffff:a01:203", "443"}: true, {"11.1.2.3", "443"}: false},
		"10.0.0.0/8:443":      {{"10.1.2.3", "443"}: true, {"10.1.2.3", "80"}: false},
		".0.0.1":              {{"127.0.0.1", "443"}: false},
		"no name":             {{"a.test", "443"}: false, {"", "443"}: false},
	} {
		direct, ok := Exceptions([]string{"other.test", text})
		require.True(t, ok, text)
		for at, want := range hosts {
			assert.Equal(t, want, direct(at[0], at[1]), "%s: %v", text, at)
		}
	}
	for _, text := range []string{"", ":443", "*a.test", ".", "*."} {
		_, ok := Exceptions([]string{text})
		assert.False(t, ok, text)
	}
	direct, ok := Exceptions(nil)
	require.True(t, ok)
	assert.False(t, direct("a.test", "443"))
}
