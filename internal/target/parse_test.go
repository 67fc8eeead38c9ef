package target

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseRequestTarget(t *testing.T) {
	cases := []struct{ url, want string }{
		{"http://a.test", "/"},
		{"http://a.test?x=1", "/?x=1"},
		{"http://a.test#f", "/"},
		{"http://a.test/p?", "/p?"},
		{"http://a.test/p#?x", "/p"},
		{"http://a.test/p?a=/b?c#d?e", "/p?a=/b?c"},
		{"  http://a.test/p\r\n", "/p"},
		{"\ufeffhttp://a.test/p\u00a0", "/p"},
		{"http://a.test/a/../b/./c", "/a/../b/./c"},
		{"http://a.test//a//b", "//a//b"},
		{"http://a.test/a%2fb%2Fc", "/a%2fb%2Fc"},
		{"http://a.test/[a];v=1,2!$&'()*+=:@~", "/[a];v=1,2!$&%27()*+=:@~"},
		{"http://a.test/a b\tc", "/a%20b%09c"},
		{"http://a.test/{}|^`<>\"", "/%7B%7D%7C%5E%60%3C%3E%22"},
		{`http://a.test/a\b?c\d`, "/a/b?c%5Cd"},
		{"http://a.test/ü/日?ü=日", "/%C3%BC/%E6%97%A5?%C3%BC=%E6%97%A5"},
		{"http://a.test/\x7f", "/%7F"},
		{"http://a.test/%zz%4?%zz=%", "/%25zz%254?%zz=%"},
		{"http://a.test/?a[0]=b'c\"&d|e", "/?a[0]=b%27c%22&d%7Ce"},
	}
	for _, c := range cases {
		got, err := Parse(c.url, Options{})
		require.NoError(t, err, c.url)
		assert.Equal(t, c.want, got.RequestURI(), c.url)
		assert.Equal(t, "GET "+c.want+" HTTP/1.1\r\nHost: a.test\r\n", written(t, got), c.url)
	}
}

func TestParseUserInfo(t *testing.T) {
	cases := []struct{ url, user, password string }{
		{"http://user@a.test/", "user", ""},
		{"http://:pass@a.test/", "", "pass"},
		{"http://us%40er:p%3Aa%2Fss@a.test/", "us@er", "p:a/ss"},
		{"http://u:a@b@a.test/", "u", "a@b"},
		{"http://u:a:b@a.test/", "u", "a:b"},
		{"http://%C3%BC:日@a.test/", "ü", "日"},
		{"http://good.com@127.0.0.1/", "good.com", ""},
	}
	for _, c := range cases {
		got, err := Parse(c.url, Options{})
		require.NoError(t, err, c.url)
		password, _ := got.User.Password()
		assert.Equal(t, c.user, got.User.Username(), c.url)
		assert.Equal(t, c.password, password, c.url)
		assert.Nil(t, got.URL().User, c.url)
	}
	got, err := Parse("http://@a.test/", Options{})
	require.NoError(t, err)
	assert.Nil(t, got.User)
}

func TestParseRefuses(t *testing.T) {
	long := strings.Repeat("x", DefaultMaxLength)
	cases := []struct {
		url  string
		want Reason
	}{
		{"", Missing}, {" \n", Missing},
		{"/p", Relative}, {"a.test/p", Relative}, {"//a.test/p", Relative}, {"?x", Relative},
		{"127.0.0.1:80/p", Scheme}, {"localhost:80/p", Scheme}, {"ftp://a.test/", Scheme}, {"file:///etc/passwd", Scheme},
		{"unix:/x", Scheme}, {"javascript:alert(1)", Scheme}, {"mailto:a@b.test", Scheme},
		{"http:", MissingHost}, {"http:/127.0.0.1/", MissingHost}, {"http:127.0.0.1/", MissingHost},
		{"http:///p", MissingHost}, {"http://:80/", MissingHost}, {"http://u@/", MissingHost}, {"http://?x", MissingHost},
		{`http:\\a.test\`, MissingHost},
		{"http://exa mple.test/", Host}, {"http://a..test/", Host}, {"http://.a.test/", Host}, {"http://./", Host},
		{"http://a%2ecom/", Host}, {"http://a.com%00.b/", Host}, {`http://a.com\@b/`, Host}, {`http://a.com\p`, Host},
		{"http://a.test;x/", Host}, {"http://a'b/", Host}, {"http://a\tb/", Host}, {"http://a\x7fb/", Host},
		{"http://xn--abc-/", Host}, {"http://xn--/", Host}, {"http://a\xff.test/", Host}, {"http://℀.test/", Host},
		{"http://xn--" + strings.Repeat("a", 60_000) + "/", Host}, {"http://" + strings.Repeat("ü", 20_000) + "/", Host},
		{"http://[::1/", Host}, {"http://[::1]x/", Host}, {"http://[a.test]/", Host}, {"http://[127.0.0.1]/", Host},
		{"http://[fe80::1%25eth0]/", Host}, {"http://[]/", Host},
		{"http://256.1.1.1/", Host}, {"http://1.2.3.4.5/", Host}, {"http://0x100000000/", Host}, {"http://a.0x1/", Host},
		{"http://" + strings.Repeat("a", 64) + ".test/", Host}, {"http://" + strings.Repeat("a.", 127) + "a/", Host},
		{"http://unix:/tmp/socket:/x", Port}, {"http://a.test:/", Port}, {"http://a.test:0/", Port},
		{"http://a.test:99999/", Port}, {"http://a.test:65536/", Port}, {"http://a.test:080/", Port},
		{"http://a.test:-1/", Port}, {"http://a.test:abc/", Port}, {"http://a.test:80:80/", Port}, {"http://::1/", MissingHost},
		{"http://us%zz:p@a.test/", UserInfo}, {"http://%ff@a.test/", UserInfo}, {"http://a%0d%0ab@a.test/", UserInfo},
		{"http://a.test/a\nb", Control}, {"http://a.test/a\rb", Control}, {"http://a.test/\x00", Control},
		{"http://a.test/?\x1b", Control}, {"http://a.test\n/", Control},
		{"http://a.test/" + long, TooLong}, {"http://a.test/" + strings.Repeat("ü", 20_000), TooLong},
	}
	for _, c := range cases {
		_, err := Parse(c.url, Options{})
		var e *Error
		require.ErrorAs(t, err, &e, "%.80q", c.url)
		assert.Equal(t, c.want, e.Reason, "%.80q", c.url)
		assert.NotContains(t, e.Error(), "a.test", "an error echoes nothing of the URL")
	}
	_, err := Parse("http://a.test/", Options{MaxLength: 13})
	var e *Error
	require.True(t, errors.As(err, &e))
	assert.Equal(t, TooLong, e.Reason)
}

func FuzzParse(f *testing.F) {
	f.Add("http://u:p@a.test:8080/a b?c=d#e", false)
	f.Add("https://[::1]/%zz//..?%", true)
	f.Add("http://①②⑦.0x1/\\", false)
	f.Fuzz(func(t *testing.T, text string, escape bool) {
		got, err := Parse(text, Options{Escape: escape})
		if err != nil {
			var e *Error
			require.ErrorAs(t, err, &e)
			return
		}
		u := got.URL()
		require.Equal(t, "GET "+got.RequestURI()+" HTTP/1.1\r\nHost: "+got.HostPort()+"\r\n", written(t, got))
		require.Equal(t, got.Origin(), OriginOf(u))
		require.False(t, strings.ContainsFunc(u.String(), func(r rune) bool { return r <= ' ' || r >= 0x7f }))
		_, err = http.NewRequest(http.MethodGet, u.String(), nil)
		require.NoError(t, err)
		again, err := Parse(u.String(), Options{Escape: escape})
		require.NoError(t, err, "what Parse writes, it reads")
		require.Equal(t, got.RequestURI(), again.RequestURI())
		require.Equal(t, got.Origin(), again.Origin())
	})
}
