package cookiejar

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestIsPublicSuffix(t *testing.T) {
	for domain, want := range map[string]bool{
		"com": true, "co.uk": true, "co.uk.": true, "github.io": true, "test": true, "internal": true,
		"example.com": false, "example.co.uk.": false, "me.github.io": false, "a.internal": false,
		"c.mm": true, "b.c.mm": false, "www.ck": false,
	} {
		assert.Equal(t, want, isPublicSuffix(domain), domain)
	}
}

func TestMayCover(t *testing.T) {
	for _, c := range []struct {
		host, domain string
		want         bool
	}{
		{"www.example.com", "example.com", true},
		{"www.example.com", "com", false},
		{"a.co.uk.", "co.uk.", false},
		{"www.a.co.uk.", "a.co.uk.", true},
		{"x.b.c.kobe.jp", "b.c.kobe.jp", true},
		{"x.b.c.kobe.jp", "c.kobe.jp", false},
		{"x.b.c.kobe.jp", "kobe.jp", false}, // no suffix itself, yet above one
		{"x.city.kobe.jp", "city.kobe.jp", true},
		{"x.city.kobe.jp", "kobe.jp", false},
		{"x.b.c.kobe.jp.", "kobe.jp.", false},
		{"x.b.c.kobe.jp.", "b.c.kobe.jp.", true},
	} {
		assert.Equal(t, c.want, mayCover(c.host, c.domain), "%+v", c)
	}
}
