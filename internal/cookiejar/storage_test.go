package cookiejar

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestHostEvictsTheLeastRecentlyUsed(t *testing.T) {
	b := newBrowser(t, Options{Limits: Limits{PerHost: 3}})
	b.set("https://a.test/", "a=1; Path=/a", "b=1; Path=/b", "c=1; Path=/c")
	assert.Equal(t, "a=1", b.get("https://a.test/a"))
	b.set("https://a.test/", "d=1; Path=/d")
	assert.Equal(t, "a=1", b.get("https://a.test/a"))
	assert.Empty(t, b.get("https://a.test/b"), "the one not used for longest")
	assert.Equal(t, "c=1", b.get("https://a.test/c"))
	assert.Equal(t, "d=1", b.get("https://a.test/d"))
}

func TestHostEvictsInTheOrderOfUse(t *testing.T) {
	b := newBrowser(t, Options{Limits: Limits{PerHost: 4}})
	b.set("https://a.test/", "a=1; Path=/a", "b=1; Path=/b", "c=1; Path=/c", "d=1; Path=/d")
	for _, path := range []string{"c", "a", "d", "b"} {
		b.get("https://a.test/" + path)
	}
	for i, gone := range []string{"c", "a", "d", "b"} {
		b.set("https://a.test/", fmt.Sprintf("new%d=1", i))
		for _, e := range b.Entries() {
			assert.NotEqual(t, Octets(gone), e.Name)
		}
		assert.Len(t, b.Entries(), 4)
	}
}

func TestHostEvictsSecureCookiesLast(t *testing.T) {
	b := newBrowser(t, Options{Limits: Limits{PerHost: 2}})
	b.set("https://a.test/", "s=1; Secure", "a=1", "b=1")
	assert.Equal(t, "s=1; b=1", b.get("https://a.test/"))
	b.set("https://a.test/", "t=1; Secure", "u=1; Secure")
	assert.Equal(t, "t=1; u=1", b.get("https://a.test/"))
}

func TestJarEvictsTheLeastRecentlyUsed(t *testing.T) {
	b := newBrowser(t, Options{Limits: Limits{PerJar: 3}})
	for _, host := range []string{"a", "b", "c"} {
		b.set("https://"+host+".test/", "n="+host)
	}
	b.get("https://a.test/")
	b.set("https://d.test/", "n=d")
	assert.Equal(t, "n=a", b.get("https://a.test/"))
	assert.Empty(t, b.get("https://b.test/"))
	assert.Len(t, b.Entries(), 3)
}

func TestExpiredCookiesMakeRoomFirst(t *testing.T) {
	b := newBrowser(t, Options{Limits: Limits{PerHost: 2, PerJar: 2}})
	b.set("https://a.test/", "keep=1", "short=1; Max-Age=1")
	b.now = b.now.Add(time.Second)
	b.set("https://a.test/", "new=1")
	assert.Equal(t, "keep=1; new=1", b.get("https://a.test/"))
}

func TestEmptyHomesAndNamesAreForgotten(t *testing.T) {
	b := newBrowser(t, Options{})
	for i := range 100 {
		address := fmt.Sprintf("https://h%d.test/", i)
		b.set(address, "a=1; Secure; Max-Age=5", "b=1; Secure")
		b.set(address, "b=; Max-Age=0")
	}
	b.now = b.now.Add(time.Minute)
	b.get("https://a.test/")
	assert.Empty(t, b.storage.homes)
	assert.Empty(t, b.storage.secure)
	assert.Zero(t, b.storage.recent.Len())
	assert.Zero(t, b.storage.nextExpiry)
}

func TestSecureCookieIsNotShadowed(t *testing.T) {
	for _, c := range []struct {
		secure, plain string // where each is set
		line          string
		want          Reason
	}{
		{"https://w.a.test/", "http://w.a.test/", "n=2", SecureExists},
		{"https://w.a.test/", "http://w.a.test/", "n=2; Domain=a.test", SecureExists},
		{"https://w.a.test/", "http://a.test/", "n=2", SecureExists},
		{"https://a.test/", "http://w.a.test/", "n=2", SecureExists},
		{"https://a.test/", "http://a.test/", "n=2; Path=/x/y", SecureExists},
		{"https://a.test/", "http://a.test/", "n=; Max-Age=0", SecureExists},
		{"https://a.test/x/", "http://a.test/", "n=2", ""},
		{"https://v.a.test/", "http://w.a.test/", "n=2", ""},
		{"https://a.test/", "http://a.test/", "N=2", ""},
		{"https://a.test/", "https://a.test/", "n=2", ""},
	} {
		b := newBrowser(t, Options{})
		assert.Empty(t, b.set(c.secure, "n=1; Secure"))
		var reason Reason
		for _, r := range b.set(c.plain, c.line) {
			reason = r.Reason
		}
		assert.Equal(t, c.want, reason, "%+v", c)
		assert.True(t, c.want == "" || strings.Contains(b.get(c.secure), "n=1"), "%+v", c)
	}
}
