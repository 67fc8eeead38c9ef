package cookiejar

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestPlaceOf(t *testing.T) {
	for address, want := range map[string]place{
		"http://A.Test":              {scheme: "http", port: "80", host: "a.test", path: "/"},
		"HTTPS://a.test.:8443/P%2fQ": {scheme: "https", port: "8443", host: "a.test.", path: "/P%2fQ", secure: true},
		"http://127.0.0.9/x?y":       {scheme: "http", port: "80", host: "127.0.0.9", address: true, path: "/x"},
		"https://[0:0::0:1]/":        {scheme: "https", port: "443", host: "::1", address: true, path: "/", secure: true},
	} {
		got, ok := placeOf(mustURL(t, address))
		assert.True(t, ok, address)
		assert.Equal(t, want, got, address)
	}
}

func TestHostsHaveTheLengthOfNames(t *testing.T) {
	assert.True(t, isHost(strings.Repeat("a.", 127)))
	assert.False(t, isHost(strings.Repeat("a.", 127)+"a"))
}

func TestOriginAndLoopback(t *testing.T) {
	for address, want := range map[string]struct {
		origin   string
		loopback bool
	}{
		"http://A.Test":          {"http://a.test:80", false},
		"https://[::1]:1/":       {"https://[::1]:1", true},
		"http://127.9.9.9/":      {"http://127.9.9.9:80", true},
		"http://[::ffff:7f00:1]": {"http://[::ffff:127.0.0.1]:80", true},
		"http://128.0.0.1/":      {"http://128.0.0.1:80", false},
		"http://dev.LOCALHOST./": {"http://dev.localhost.:80", true},
		"http://notlocalhost/":   {"http://notlocalhost:80", false},
		"http://localhost.a.de/": {"http://localhost.a.de:80", false},
	} {
		at, ok := placeOf(mustURL(t, address))
		assert.True(t, ok, address)
		assert.Equal(t, want.origin, at.origin())
		assert.Equal(t, want.loopback, at.loopback(), address)
	}
	nowhere := place{host: "a.test"}
	assert.Empty(t, nowhere.origin())
}

func TestPlaceOfTakesThePathAsItIsSent(t *testing.T) {
	u := &url.URL{Scheme: "http", Host: "a.test", Path: "/a b/c", RawPath: "/a%20b%2Fc"}
	got, ok := placeOf(u)
	assert.True(t, ok)
	assert.Equal(t, u.RequestURI(), got.path)
}

func TestDomainMatch(t *testing.T) {
	for _, c := range []struct {
		host, domain string
		address      bool
		want         bool
	}{
		{"a.test", "a.test", false, true},
		{"www.a.test", "a.test", false, true},
		{"wwwa.test", "a.test", false, false},
		{"a.test", "www.a.test", false, false},
		{"a.test.", "a.test", false, false},
		{"a.test", "a.test.", false, false},
		{"www.a.test.", "a.test.", false, true},
		{"10.0.0.1", "10.0.0.1", true, true},
		{"10.0.0.1", "0.0.1", true, false},
		{"a.test", "", false, false},
		{".a.test", "a.test", false, true},
	} {
		assert.Equal(t, c.want, domainMatch(c.host, c.address, c.domain), "%+v", c)
	}
}

func TestPathMatch(t *testing.T) {
	for _, c := range []struct {
		path, cookie string
		want         bool
	}{
		{"/", "/", true},
		{"/foo", "/", true},
		{"/foo", "/foo", true},
		{"/foo/", "/foo", true},
		{"/foo/bar", "/foo", true},
		{"/foobar", "/foo", false},
		{"/foo", "/foo/", false},
		{"/foo/bar", "/foo/", true},
		{"/Foo", "/foo", false},
		{"/foo%2fbar", "/foo", false},
		{"/foo%2fbar", "/foo%2Fbar", false},
		{"/f%6fo", "/foo", false},
	} {
		assert.Equal(t, c.want, pathMatch(c.path, c.cookie), "%+v", c)
	}
}

func TestDefaultPath(t *testing.T) {
	for path, want := range map[string]string{
		"": "/", "/": "/", "/a": "/", "/a/": "/a", "/a/b": "/a", "/a/b/": "/a/b", "//a": "/", "a": "/",
	} {
		assert.Equal(t, want, defaultPath(path), path)
	}
}

func TestFoldingIsOfASCIIAlone(t *testing.T) {
	assert.Equal(t, "@az[abcÄſ\xff", lower("@AZ[AbCÄſ\xff"))
	assert.True(t, equalFold("SeCure", "secure"))
	assert.False(t, equalFold("ſecure", "secure"))
	assert.False(t, equalFold("[", "{"))
}
