package content

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// PAR-13: the forms in which the header gives a name, good and broken (RFC 6266,
// RFC 8187), and what comes out.
func TestPAR13FileNameFromDisposition(t *testing.T) {
	for header, want := range map[string]string{
		``:                                      "",
		`inline`:                                "",
		`attachment`:                            "",
		`"attachment"`:                          "",
		`attachment; filename=`:                 "",
		`attachment; filename=""`:               "",
		`attachment; filename="report.html"`:    "report.html",
		`inline; filename="report.html"`:        "report.html",
		`inline; filename="Not an attachment!"`: "Not an attachment!",
		`attachment; filename=report.html`:      "report.html",
		`attachment; FILENAME="report.html"`:    "report.html",
		`ATTACHMENT; FileName = "report.html" `: "report.html",
		`attachment; filename="0000000000111111111122222222223333333333"`:   "0000000000111111111122222222223333333333",
		`attachment; filename="f\oo.html"`:                                  "foo.html",
		`attachment; filename="\"quoting\" tested.html"`:                    "_quoting_ tested.html",
		`attachment; filename="Here's a semicolon;.html"`:                   "Here's a semicolon;.html",
		`attachment; foo="bar"; filename="foo.html"`:                        "foo.html",
		`attachment; foo="\"\\";filename="foo.html"`:                        "foo.html",
		`attachment; filename=foo.html ;`:                                   "foo.html",
		`attachment; ;filename=foo`:                                         "foo",
		`attachment; filename=foo bar.html`:                                 "foo bar.html",
		`attachment; filename='foo.bar'`:                                    "'foo.bar'",
		"attachment; filename=\"foo-\xe4.html\"":                            "foo-ä.html",
		`attachment; filename="foo-ä.html"`:                                 "foo-ä.html",
		`attachment; filename="foo-%41.html"`:                               "foo-%41.html",
		`attachment; filename="50%.html"`:                                   "50%.html",
		`attachment; name="foo-%41.html"`:                                   "",
		`filename=foo.html`:                                                 "foo.html",
		`x=y; filename=foo.html`:                                            "foo.html",
		`attachment; filename="foo.html"; filename="bar.html"`:              "foo.html",
		`attachment; filename="unclosed`:                                    "unclosed",
		`attachment; filename*=iso-8859-1''foo-%E4.html`:                    "foo-ä.html",
		`attachment; filename*=UTF-8''foo-%c3%a4-%e2%82%ac.html`:            "foo-ä-€.html",
		`attachment; filename*=''foo-%c3%a4.html`:                           "",
		`attachment; filename*=UTF-8'en'foo-a%cc%88.html`:                   "foo-a\u0308.html",
		`attachment; filename*=utf-8''foo-%E4.html`:                         "",
		`attachment; filename*=UTF-8''foo-%2.html`:                          "",
		`attachment; filename*="UTF-8''foo-%41.html"`:                       "foo-A.html",
		`attachment; filename="plain.html"; filename*=UTF-8''extended.html`: "extended.html",
		`attachment; filename*=UTF-8''extended.html; filename="plain.html"`: "extended.html",
		`attachment; filename*=utf-7''x.html; filename="plain.html"`:        "plain.html",
		`attachment; filename*=UTF-8''broken-%; filename="plain.html"`:      "plain.html",
	} {
		assert.Equal(t, want, FileName(header, nil), header)
	}
}

// PAR-13: whatever the header says, the name is one safe component.
func TestPAR13FileNameIsSafe(t *testing.T) {
	for hostile, want := range map[string]string{
		`../../etc/passwd`:            "passwd",
		`..\\..\\windows\\win.ini`:    "win.ini",
		`/etc/shadow`:                 "shadow",
		`C:\\autoexec.bat`:            "autoexec.bat",
		`..`:                          "",
		`.`:                           "",
		`...`:                         "",
		`/`:                           "",
		`.bashrc`:                     "bashrc",
		"a\x00b.txt":                  "ab.txt",
		"line\r\nbreak.txt":           "linebreak.txt",
		"photo\u202Egpj.exe":          "photogpj.exe",
		"\u200bzero\ufeff.txt":        "zero.txt",
		`CON`:                         "_CON",
		`con.txt`:                     "_con.txt",
		`nul.tar.gz`:                  "_nul.tar.gz",
		`Com1.log`:                    "_Com1.log",
		`LPT9`:                        "_LPT9",
		`com10`:                       "com10",
		`console.log`:                 "console.log",
		`trailing. . `:                "trailing",
		"\u00a0.\u3000name.txt\u2003": "name.txt",
		"a\u2066b\u061c.txt":          "ab.txt",
		"\U000e0041tag.txt":           "tag.txt",
		"COM¹.txt":                    "_COM¹.txt",
		"conout$":                     "_conout$",
		"CON .txt":                    "_CON .txt",
		`stream.txt:evil`:             "stream.txt_evil",
		`a<b>c|d?e*f.txt`:             "a_b_c_d_e_f.txt",
		`~/file`:                      "file",
	} {
		assert.Equal(t, want, FileName(`attachment; filename="`+hostile+`"`, nil), "%q", hostile)
	}
	assert.Equal(t, "_CON.txt", FileName(`attachment; filename="CON`+strings.Repeat(" ", 300)+`x.txt"`, nil))
	long := FileName(`attachment; filename="`+strings.Repeat("ä", 4096)+`.tar"`, nil)
	assert.LessOrEqual(t, len(long), 255)
	assert.True(t, strings.HasSuffix(long, "ä.tar"))
	assert.True(t, utf8.ValidString(long))
}

// PAR-13: where the header gives none, the URL does.
func TestPAR13FileNameFromURL(t *testing.T) {
	for address, want := range map[string]string{
		"https://host/a/report.pdf?x=/y.exe#z": "report.pdf",
		"https://host/a/b%20c%2Fd.txt":         "d.txt",
		"https://host/%2e%2e%2f%2e%2e":         "",
		"https://host/":                        "",
		"https://host":                         "",
		"https://host/folder/":                 "",
		"https://host/%E4%B8%AD.txt":           "中.txt",
		"https://host/%ff.txt":                 "_.txt",
	} {
		u, err := url.Parse(address)
		require.NoError(t, err)
		assert.Equal(t, want, FileName("attachment", u), address)
	}
	u, err := url.Parse("https://host/from-url.txt")
	require.NoError(t, err)
	assert.Equal(t, "from-header.txt", FileName("attachment; filename=from-header.txt", u))
	assert.Equal(t, "from-url.txt", FileName("attachment; filename=..", u))
}

func FuzzFileName(f *testing.F) {
	f.Add(`attachment; filename="a\"b.txt"; filename*=UTF-8''%e2%82%ac`)
	f.Add(`filename=../../x`)
	f.Fuzz(func(t *testing.T, header string) {
		name := FileName(header, nil)
		require.LessOrEqual(t, len(name), 255)
		require.True(t, utf8.ValidString(name))
		require.False(t, strings.ContainsAny(name, "/\\\x00\r\n:"))
		require.NotContains(t, []string{".", ".."}, name)
		require.Equal(t, name, FileName(`attachment; filename="`+name+`"`, nil), "a safe name stays as it is")
	})
}
