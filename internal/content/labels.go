package content

import (
	"context"
	"strings"
	"sync"
)

// charset is one encoding of the WHATWG Encoding Standard: its name in lower
// case, its labels, and how text in it becomes UTF-8; nil: by a table of one byte
// a character.
type charset struct {
	name, labels string
	decoder      func(dst, src []byte, w *watch) (text []byte, malformed bool)
}

func (c *charset) decode(dst, src []byte) (text []byte, malformed bool) {
	return c.decodeWhile(context.Background(), dst, src)
}

func (c *charset) decodeWhile(while context.Context, dst, src []byte) (text []byte, malformed bool) {
	w := &watch{while, len(src) - askEvery}
	if c.decoder == nil {
		return decodeSingle(strings.TrimSuffix(c.name, "-i"), dst, src, w) // iso-8859-8-i differs in direction alone
	}
	return c.decoder(dst, src, w)
}

// watch ends a decoding with its context, which it asks once for so many bytes.
type watch struct {
	while context.Context // nil: it goes on to its end
	next  int             // how many bytes are left when it asks
}

const askEvery = 64 << 10

// over says whether the decoding is to end with so many bytes left.
func (w *watch) over(left int) bool {
	if left > w.next {
		return false
	}
	w.next = left - askEvery
	return w.while != nil && w.while.Err() != nil
}

// Names that the rules of text.go ask for.
const (
	utf8Name        = "utf-8"
	utf16beName     = "utf-16be"
	utf16leName     = "utf-16le"
	windows1252Name = "windows-1252"
	userDefinedName = "x-user-defined"
	replacementName = "replacement"
)

// charsets is the table of section 4.2 of the Encoding Standard. UTF-7 is not in
// it: as in browsers it must never be decoded, since text in it can hide markup,
// and unlike there it goes to the replacement decoder, which says so.
var charsets = []charset{
	{utf8Name, "unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf-8 utf8 x-unicode20utf8", decodeUTF8},
	{"ibm866", "866 cp866 csibm866 ibm866", nil},
	{"iso-8859-2", "csisolatin2 iso-8859-2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2 latin2", nil},
	{"iso-8859-3", "csisolatin3 iso-8859-3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 l3 latin3", nil},
	{"iso-8859-4", "csisolatin4 iso-8859-4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 l4 latin4", nil},
	{"iso-8859-5", "csisolatincyrillic cyrillic iso-8859-5 iso-ir-144 iso8859-5 iso88595 iso_8859-5 iso_8859-5:1988", nil},
	{"iso-8859-6", "arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6 iso-8859-6-e iso-8859-6-i iso-ir-127 iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987", nil},
	{"iso-8859-7", "csisolatingreek ecma-118 elot_928 greek greek8 iso-8859-7 iso-ir-126 iso8859-7 iso88597 iso_8859-7 iso_8859-7:1987 sun_eu_greek", nil},
	{"iso-8859-8", "csiso88598e csisolatinhebrew hebrew iso-8859-8 iso-8859-8-e iso-ir-138 iso8859-8 iso88598 iso_8859-8 iso_8859-8:1988 visual", nil},
	{"iso-8859-8-i", "csiso88598i iso-8859-8-i logical", nil},
	{"iso-8859-10", "csisolatin6 iso-8859-10 iso-ir-157 iso8859-10 iso885910 l6 latin6", nil},
	{"iso-8859-13", "iso-8859-13 iso8859-13 iso885913", nil},
	{"iso-8859-14", "iso-8859-14 iso8859-14 iso885914", nil},
	{"iso-8859-15", "csisolatin9 iso-8859-15 iso8859-15 iso885915 iso_8859-15 l9", nil},
	{"iso-8859-16", "iso-8859-16", nil},
	{"koi8-r", "cskoi8r koi koi8 koi8-r koi8_r", nil},
	{"koi8-u", "koi8-ru koi8-u", nil},
	{"macintosh", "csmacintosh mac macintosh x-mac-roman", nil},
	{"windows-874", "dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 windows-874", nil},
	{"windows-1250", "cp1250 windows-1250 x-cp1250", nil},
	{"windows-1251", "cp1251 windows-1251 x-cp1251", nil},
	{windows1252Name, "ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 iso88591 iso_8859-1 iso_8859-1:1987 l1 latin1 us-ascii windows-1252 x-cp1252", nil},
	{"windows-1253", "cp1253 windows-1253 x-cp1253", nil},
	{"windows-1254", "cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 iso_8859-9:1989 l5 latin5 windows-1254 x-cp1254", nil},
	{"windows-1255", "cp1255 windows-1255 x-cp1255", nil},
	{"windows-1256", "cp1256 windows-1256 x-cp1256", nil},
	{"windows-1257", "cp1257 windows-1257 x-cp1257", nil},
	{"windows-1258", "cp1258 windows-1258 x-cp1258", nil},
	{"x-mac-cyrillic", "x-mac-cyrillic x-mac-ukrainian", nil},
	{"gbk", "chinese csgb2312 csiso58gb231280 gb2312 gb_2312 gb_2312-80 gbk iso-ir-58 x-gbk", decodeGB18030},
	{"gb18030", "gb18030", decodeGB18030},
	{"big5", "big5 big5-hkscs cn-big5 csbig5 x-x-big5", decodeBig5},
	{"euc-jp", "cseucpkdfmtjapanese euc-jp x-euc-jp", decodeEUCJP},
	{"iso-2022-jp", "csiso2022jp iso-2022-jp", decodeISO2022JP},
	{"shift_jis", "csshiftjis ms932 ms_kanji shift-jis shift_jis sjis windows-31j x-sjis", decodeShiftJIS},
	{"euc-kr", "cseuckr csksc56011987 euc-kr iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 windows-949", decodeEUCKR},
	{replacementName, "csiso2022kr hz-gb-2312 iso-2022-cn iso-2022-cn-ext iso-2022-kr replacement utf-7 csutf7", decodeReplacement},
	{utf16beName, "unicodefffe utf-16be", decodeUTF16BE},
	{utf16leName, "csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16 utf-16le", decodeUTF16LE},
	{userDefinedName, "x-user-defined", decodeUserDefined},
}

var byLabel = sync.OnceValue(func() map[string]*charset {
	m := make(map[string]*charset, 256)
	for i := range charsets {
		for label := range strings.FieldsSeq(charsets[i].labels) {
			m[label] = &charsets[i]
		}
	}
	return m
})

// lookup finds the charset of a label as the Encoding Standard does: without
// regard to case and to space around it. It returns nil for others.
func lookup(label string) *charset {
	label = strings.Trim(label, "\t\n\f\r ")
	if len(label) > 64 {
		return nil
	}
	return byLabel()[strings.ToLower(label)]
}
