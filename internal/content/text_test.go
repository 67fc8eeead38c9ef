package content

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/htmlindex"
)

func TestLabels(t *testing.T) {
	labels := 0
	for i := range charsets {
		for label := range strings.FieldsSeq(charsets[i].labels) {
			if strings.HasSuffix(label, "utf-7") || strings.HasSuffix(label, "utf7") {
				continue
			}
			labels++
			e, err := htmlindex.Get(label)
			require.NoError(t, err, label)
			if name, err := htmlindex.Name(e); err == nil { // some of x/text's have no name
				assert.Equal(t, name, charsets[i].name, label)
			}
			assert.Same(t, &charsets[i], lookup(" \t"+strings.ToUpper(label)+"\r\n"))
		}
	}
	assert.Equal(t, 228, labels, "the standard has 228 labels")
	for _, label := range []string{"", "utf-32", "utf_8", "utf-8x", "ebcdic", strings.Repeat("a", 1000), "ütf-8"} {
		assert.Nil(t, lookup(label), label)
	}
}

// PAR-10: charsets that are not known, or never decoded.
func TestPAR10Charsets(t *testing.T) {
	for _, c := range []struct {
		charset, body, text, name string
		warning                   Warning
	}{
		{"utf-8", "é", "é", "utf-8", ""},
		{"UTF8", "\xe9", "\ufffd", "utf-8", WarnMalformed},
		{"iso-8859-1", "\xe9\x80", "é€", "windows-1252", ""},
		{"windows-1253", "\xaa", "\ufffd", "windows-1253", WarnMalformed},
		{"koi8-u", "\xc1", "а", "koi8-u", ""},
		{"utf-16", "a\x00", "a", "utf-16le", ""},
		{"utf-16be", "\x00a\xd8\x3d\xde\x00", "a😀", "utf-16be", ""},
		{"utf-16le", "\x3d\xd8a\x00b", "\ufffda\ufffd", "utf-16le", WarnMalformed},
		{"x-user-defined", "a\x80\xff", "a\uf780\uf7ff", "x-user-defined", ""},
		{"hz-gb-2312", "~{abc~}", "\ufffd", "replacement", WarnReplacement},
		{"iso-2022-kr", "abc", "\ufffd", "replacement", WarnReplacement},
		{"utf-7", "+ADw-script+AD4-", "\ufffd", "replacement", WarnReplacement},
		{"utf-7", "", "", "replacement", WarnReplacement},
		{"utf-32", "a\x00\x00\x00", "a\x00\x00\x00", "", WarnUnknownCharset},
		{"made-up", "\xe9\xff", "\xe9\xff", "", WarnUnknownCharset},
		{"made-up", "plain é", "plain é", "utf-8", WarnUnknownCharset},
		{"", "plain é", "plain é", "utf-8", ""},
		{"", "\xe9", "é", "windows-1252", WarnGuessed},
		{"", "", "", "utf-8", ""},
	} {
		contentType := "text/plain"
		if c.charset != "" {
			contentType += "; charset=" + c.charset
		}
		got := Decode([]byte(c.body), contentType, Text)
		assert.Equal(t, c.text, string(got.Text), "%s %q", c.charset, c.body)
		assert.Equal(t, c.name, got.Charset, "%s %q", c.charset, c.body)
		assert.Equal(t, c.warning, got.Warning, "%s %q", c.charset, c.body)
	}
	assert.Equal(t, "made?up", Decode([]byte("\xff"), "text/plain; charset=\"made\x01up\"", Text).Label)
}

// PAR-08: of mark, header and declaration the first counts (RFC 7303).
func TestPAR08MarkBeforeHeaderBeforeDeclaration(t *testing.T) {
	utf16le := func(s string) string {
		var b strings.Builder
		for _, c := range []byte(s) {
			b.WriteByte(c)
			b.WriteByte(0)
		}
		return b.String()
	}
	for name, c := range map[string]struct {
		kind                       Kind
		contentType, body, charset string
	}{
		"mark wins over header":        {XML, "text/xml; charset=iso-8859-1", "\ufeff<a>é</a>", "utf-8"},
		"UTF-16 mark wins":             {XML, "text/xml; charset=utf-8", "\xff\xfe" + utf16le(`<?xml version="1.0" encoding="utf-8"?><a/>`), "utf-16le"},
		"header wins over declaration": {XML, "text/xml; charset=iso-8859-1", `<?xml version="1.0" encoding="koi8-r"?><a>` + "\xe9</a>", "windows-1252"},
		"declaration":                  {XML, "text/xml", `<?xml version='1.0' encoding = 'Shift_JIS' ?><a>` + "\x82\xa0</a>", "shift_jis"},
		"declaration alone":            {XML, "", `<?xml version="1.0" encoding="iso-8859-2"?><a/>`, "iso-8859-2"},
		"unknown declaration":          {XML, "", `<?xml version="1.0" encoding="ebcdic"?><a/>`, "utf-8"},
		"declared UTF-16 is not":       {XML, "", `<?xml version="1.0" encoding="utf-16"?><a/>`, "utf-8"},
		"UTF-16 without a mark":        {XML, "", utf16le(`<?xml version="1.0"?><a/>`), "utf-16le"},
		"XML by default":               {XML, "", `<a/>`, "utf-8"},
		"JSON by default":              {JSON, "application/json", `{"a":"é"}`, "utf-8"},
		"JSON in Latin-1":              {JSON, "application/json; charset=ISO-8859-1", "[\"\xe9\"]", "windows-1252"},
		"JSON in UTF-16":               {JSON, "application/json", utf16le(`{"a":1}`), "utf-16le"},
		"quoted charset":               {Text, `text/plain; a="b;charset=koi8-r"; charset="utf-8"`, "é", "utf-8"},
		"single quotes":                {Text, `text/plain; charset='koi8-r'`, "\xc1", "koi8-r"},
		"meta charset":                 {HTML, "text/html", `<!doctype html><html><head><meta charset=windows-1251>`, "windows-1251"},
		"meta pragma":                  {HTML, "text/html", `<meta content="text/html; charset=euc-jp" http-equiv=Content-Type>`, "euc-jp"},
		"meta without pragma":          {HTML, "text/html", `<meta content="text/html; charset=euc-jp">`, "utf-8"},
		"meta in a comment":            {HTML, "text/html", `<!-- <meta charset=koi8-r> --><meta charset="big5">`, "big5"},
		"meta in an attribute":         {HTML, "text/html", `<p title="<meta charset=koi8-r>"><meta/charset='gbk'>`, "gbk"},
		"meta says UTF-16":             {HTML, "text/html", `<meta charset=utf-16>`, "utf-8"},
		"meta says user-defined":       {HTML, "text/html", `<meta charset=x-user-defined>`, "windows-1252"},
		"meta too late":                {HTML, "text/html", strings.Repeat(" ", 1024) + `<meta charset=koi8-r>`, "utf-8"},
		"page with XML declaration":    {HTML, "", `<?xml version="1.0" encoding="koi8-r"?><html>`, "koi8-r"},
		"text declares nothing":        {Text, "text/plain", `<meta charset=koi8-r>`, "utf-8"},
		"unknown header, known meta":   {HTML, "text/html; charset=wrong", `<meta charset=koi8-r>`, "koi8-r"},
	} {
		assert.Equal(t, c.charset, Decode([]byte(c.body), c.contentType, c.kind).Charset, name)
	}
	assert.Equal(t, "<a>é</a>", string(Decode([]byte("\ufeff<a>é</a>"), "", XML).Text))
	assert.Equal(t, `<?xml version="1.0"?><a/>`, string(Decode([]byte(utf16le(`<?xml version="1.0"?><a/>`)), "", XML).Text))
	broken := Decode([]byte("<a>\xff</a>"), "", XML)
	assert.Equal(t, Decoded{Text: []byte("<a>\xff</a>"), Charset: "utf-8", Warning: WarnMalformed}, broken)
}

func TestBrokenPairsDoNotSwallowASCII(t *testing.T) {
	for _, label := range []string{"big5", "gbk", "gb18030", "shift_jis", "euc-jp", "euc-kr"} {
		got := Decode([]byte("\"\x81\"\x85\"<\xa0>"), "text/plain; charset="+label, Text)
		assert.Equal(t, 4-1, strings.Count(string(got.Text), `"`), label)
		assert.Contains(t, string(got.Text), "<", label)
		assert.True(t, strings.HasSuffix(string(got.Text), ">"), label)
		assert.Equal(t, WarnMalformed, got.Warning)
	}
}

func TestMultibyteEdges(t *testing.T) {
	for _, c := range []struct{ label, body, want string }{
		{"big5", "\x88\x62\x88\xa5", "Ê̄ê̌"},
		{"big5", "\xa4", "\ufffd"},
		{"gb18030", "\x80\x81\x30\x81\x30\x84\x31\xa4\x37\x90\x30\x81\x30", "€\u0080\ufffd\U00010000"},
		{"gb18030", "\x81\x30", "\ufffd"},
		{"gb18030", "\x81\x30\x81", "\ufffd"},
		{"gb18030", "\x81\x30\x20x", "\ufffd0 x"},
		{"gb18030", "\x81\x35\xf4\x37", "\ue7c7"},
		{"gb18030", "\xe3\x32\x9a\x36", "\ufffd2\ufffd"},
		{"euc-jp", "\x8e\xb1\x8f\xb0\xa1\xa4\xa2", "ｱ丂あ"},
		{"euc-jp", "\x8f\xa1a\x8e\xff", "\ufffda\ufffd"},
		{"shift_jis", "\xb1\x82\xa0\xf0\x40\x80", "ｱあ\ue000\u0080"},
		{"iso-2022-jp", "a\x1b$B$\"\x1b(Bb\x1b(J\\~\x1b(I1", "aあb¥‾ｱ"},
		{"iso-2022-jp", "\x1b(B\x1b(Jx", "\ufffdx"},
		{"iso-2022-jp", "\x1bx\x1b$", "\ufffdx\ufffd$"},
		{"iso-2022-jp", "\x1b$B$", "\ufffd"},
		{"iso-2022-jp", "\x1b$B$\x1b(Ba\xff\x0e", "\ufffda\ufffd\ufffd"},
		{"utf-8", "\xf0\x90\x80a\xc0\x80\xed\xa0\x80\xf8", "\ufffda\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd"},
		{"utf-8", "\xe2\x82", "\ufffd"},
	} {
		got := Decode([]byte(c.body), "text/plain; charset="+c.label, Text)
		assert.Equal(t, c.want, string(got.Text), "%s %x", c.label, c.body)
	}
}

func FuzzDecode(f *testing.F) {
	for i := range charsets {
		f.Add([]byte("a\x81@\xff\x1b$B\x00<meta charset=x>"), "text/html; charset="+charsets[i].name)
	}
	f.Add([]byte(`<meta http-equiv=content-type content="charset=İcharset=big5">`), "")
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		kind, _ := Classify(contentType, body)
		got := Decode(body, contentType, kind)
		require.LessOrEqual(t, len(got.Text), 3*len(body)+3)
		if got.Charset != "" && !(kind == XML && got.Warning == WarnMalformed) {
			require.Equal(t, strings.ToValidUTF8(string(got.Text), "?"), string(got.Text))
		}
	})
}

func TestDecodeEndsWithItsContext(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	body := bytes.Repeat([]byte{0x81, 0x81}, 4*askEvery)
	for _, name := range []string{"utf-8", "utf-16", "iso-2022-jp", "shift_jis", "euc-jp", "euc-kr", "gb18030", "big5", "windows-1252"} {
		whole := DecodeWhile(t.Context(), body, "text/plain; charset="+name, Text).Text
		part := DecodeWhile(ended, body, "text/plain; charset="+name, Text).Text
		assert.Less(t, len(part), len(whole)/2, name)
	}
}
