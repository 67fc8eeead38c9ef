package target

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestResolve(t *testing.T) {
	base, err := Parse("http://a.test:81/b/c/d;p?q#old", Options{})
	require.NoError(t, err)
	// The table of RFC 3986, section 5.4, then what servers send.
	cases := []struct{ location, want string }{
		{"g", "http://a.test:81/b/c/g"}, {"./g", "http://a.test:81/b/c/g"}, {"g/", "http://a.test:81/b/c/g/"},
		{"/g", "http://a.test:81/g"}, {"//g", "http://g/"}, {"?y", "http://a.test:81/b/c/d;p?y"},
		{"g?y", "http://a.test:81/b/c/g?y"}, {"#s", "http://a.test:81/b/c/d;p?q"}, {";x", "http://a.test:81/b/c/;x"},
		{".", "http://a.test:81/b/c/"}, {"..", "http://a.test:81/b/"}, {"../g", "http://a.test:81/b/g"},
		{"../..", "http://a.test:81/"}, {"../../../g", "http://a.test:81/g"}, {"/./g", "http://a.test:81/g"},
		{"/../g", "http://a.test:81/g"}, {"g.", "http://a.test:81/b/c/g."}, {"..g", "http://a.test:81/b/c/..g"},
		{"./g/.", "http://a.test:81/b/c/g/"}, {"g/../h", "http://a.test:81/b/c/h"},
		{"g?y/../x", "http://a.test:81/b/c/g?y/../x"},
		{"https://b.test", "https://b.test/"}, {"HTTPS://B.test:8443/x", "https://b.test:8443/x"},
		{"https://b.test/a/./b/../c", "https://b.test/a/c"}, {"http://b.test//x//y", "http://b.test//x//y"},
		{" /a b\t", "http://a.test:81/a%20b"}, {"/a\tb", "http://a.test:81/a%09b"},
		{"/p/\xc3\xbc/\xfc", "http://a.test:81/p/%C3%BC/%FC"}, {"/%zz?%zz", "http://a.test:81/%25zz?%zz"},
		{`\back\slash?x\y`, "http://a.test:81/back/slash?x%5Cy"}, {`\\b.test\x`, "http://b.test/x"},
		{"//bücher.test/", "http://xn--bcher-kva.test/"}, {"/a?", "http://a.test:81/a?"},
		{"http://2130706433/", "http://127.0.0.1/"},
	}
	for _, c := range cases {
		got, err := Resolve(base.URL(), c.location, 0)
		require.NoError(t, err, "%q", c.location)
		assert.Equal(t, c.want, got.Origin().String()+got.RequestURI(), "%q", c.location)
	}
}

func TestResolveFragment(t *testing.T) {
	base, err := Parse("http://a.test/p#old", Options{})
	require.NoError(t, err)
	for location, want := range map[string]string{"/x": "old", "/x#new": "new", "/x#": ""} {
		got, err := Resolve(base.URL(), location, 0)
		require.NoError(t, err)
		assert.Equal(t, want, got.Fragment(), location)
	}
}

func TestResolveRefuses(t *testing.T) {
	base := &url.URL{Scheme: "https", Host: "a.test", Path: "/"}
	cases := []struct {
		location string
		want     Reason
	}{
		{"", Empty}, {" \t", Empty},
		{"ftp://b.test/", Scheme}, {"javascript:alert(1)", Scheme}, {"data:text/plain,x", Scheme}, {"file:///etc/passwd", Scheme},
		{"gopher://b.test/", Scheme}, {"unix:/run/x", Scheme},
		{"http://u:p@b.test/", Credentials}, {"//u@a.test/", Credentials}, {"https://u:p@[bad/?t=s", Credentials},
		{"http:foo", Location}, {"http:///nohost", Location}, {"https:", Location}, {"https://[bad/", Location},
		{"http://unix:/tmp/socket:/x", Location}, {"https://b.test:0/", Location}, {"https://b.test:99999/", Location},
		{`https://b.test\@c.test/`, Location}, {`/\b.test/`, Location}, {"/a\nb", Location}, {"/a\x00b", Location},
		{"https://exa mple.test/", Location}, {"https://a%2etest/", Location},
		{"/" + strings.Repeat("x", 64<<10), TooLong}, {"/" + strings.Repeat("\xff", 30<<10), TooLong},
	}
	for _, c := range cases {
		_, err := Resolve(base, c.location, 0)
		var e *Error
		require.ErrorAs(t, err, &e, "%.80q", c.location)
		assert.Equal(t, c.want, e.Reason, "%.80q", c.location)
	}
	got, err := Resolve(base, "/"+strings.Repeat("x", 8<<10), 0)
	require.NoError(t, err)
	assert.Len(t, got.RequestURI(), 8<<10+1)
}

func FuzzResolve(f *testing.F) {
	f.Add("/dir/start?q=1", "../x?y#z")
	f.Add("//a//b", `\\c.test\d`)
	f.Add("/", "https://b.test:444/%2e%2e/.//..")
	f.Fuzz(func(t *testing.T, from, location string) {
		base, err := Parse("http://a.test/"+from, Options{})
		if err != nil {
			return
		}
		got, err := Resolve(base.URL(), location, 0)
		if err != nil {
			var e *Error
			require.ErrorAs(t, err, &e)
			return
		}
		u := got.URL()
		require.Equal(t, got.RequestURI(), u.RequestURI())
		// net/http reads the Location once more, and must come out there. It
		// removes the dot segments that a reference without path inherits.
		again, err := base.URL().Parse(u.String())
		require.NoError(t, err)
		require.Equal(t, OriginOf(u), OriginOf(again))
		require.Equal(t, u.RawQuery, again.RawQuery)
		require.Equal(t, removeDotSegments(got.Path()), again.EscapedPath())
	})
}
