package cookiejar

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestDomainAttribute(t *testing.T) {
	for _, c := range []struct {
		address, domain string
		want            Reason
	}{
		{"https://www.a.test/", "a.test", ""},
		{"https://www.a.test/", ".a.test", ""},
		{"https://www.a.test/", "WWW.A.TEST", ""},
		{"https://www.a.test/", "b.test", ForeignDomain},
		{"https://www.a.test/", "x.www.a.test", ForeignDomain},
		{"https://www.a.test/", "a.test.", ForeignDomain},
		{"https://www.a.test/", "a.test:443", ForeignDomain},
		{"https://www.a.test/", `"a.test"`, ForeignDomain},
		{"https://www.a.test/", "ä.test", ForeignDomain},
		{"https://www.a.test/", "test", PublicSuffix},
		{"https://192.0.2.1/", "192.0.2.1", ""},
		{"https://192.0.2.1/", "2.1", ForeignDomain},
		{"https://[2001:db8::1]/", "[2001:DB8:0::1]", ""},
		{"https://[2001:db8::1]/", "2001:db8::1", ""},
		{"https://[2001:db8::1]/", "::1", ForeignDomain},
	} {
		assert.Equal(t, c.want, refused(t, c.address, "a=1; Domain="+c.domain), "%+v", c)
	}
}

func TestPublicSuffixMayHaveCookiesOfItsOwn(t *testing.T) {
	b := newBrowser(t, Options{})
	assert.Empty(t, b.set("https://github.io/", "a=1; Domain=github.io"))
	assert.Empty(t, b.set("http://localhost/", "a=1; Domain=localhost"))
	assert.Equal(t, "a=1", b.get("https://github.io/"))
	assert.Equal(t, "a=1", b.get("http://localhost:81/"))
	assert.Empty(t, b.get("https://me.github.io/"))
	for _, e := range b.Entries() {
		assert.True(t, e.HostOnly)
	}
}

func TestPrefixNeedsAPathOfItsOwn(t *testing.T) {
	assert.Equal(t, Prefix, refused(t, "https://a.test/", "__Host-a=1; Secure"))
	assert.Equal(t, Prefix, refused(t, "https://a.test/", "__Secure-=1"), "the prefix alone is one")
	assert.Equal(t, Prefix, refused(t, "https://a.test/x/y", "__Host-a=1; Secure; Path=nowhere"))
	assert.Empty(t, refused(t, "https://a.test/x/y", "__Host-a=1; Secure; Path=/"))
	assert.Empty(t, refused(t, "https://a.test/x/y", "__Host=1"), "no prefix without its dash")
}
