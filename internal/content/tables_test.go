package content

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"flag"
	"os"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

var update = flag.Bool("update", false, "write the tables anew")

// TestTables compares every code point of the tables with that of the library.
func TestTables(t *testing.T) {
	pair := func(p, columns int, gap, after byte) (lead, trail byte) {
		lead, trail = byte(p/columns), byte(p%columns)
		if trail < 0x3f {
			return lead, trail + gap
		}
		return lead, trail + after
	}
	for _, c := range []struct {
		file string
		have *table
		want index
	}{
		{"single", &singles, singlesOf(t)},
		{"jis0208", &jis0208, tabulate(japanese.ShiftJIS, 11104, func(p int) []byte {
			lead, trail := pair(p, 188, 0x40, 0x41)
			if lead < 0x1f {
				return []byte{lead + 0x81, trail}
			}
			return []byte{lead + 0xc1, trail}
		})},
		{"jis0212", &jis0212, tabulate(japanese.EUCJP, 94*94, func(p int) []byte {
			return []byte{0x8f, byte(p/94) + 0xa1, byte(p%94) + 0xa1}
		})},
		{"euc-kr", &euckrIndex, tabulate(korean.EUCKR, 126*190, func(p int) []byte {
			return []byte{byte(p/190) + 0x81, byte(p%190) + 0x41}
		})},
		{"gbk", &gbkIndex, tabulate(simplifiedchinese.GB18030, 126*190, func(p int) []byte {
			lead, trail := pair(p, 190, 0x40, 0x41)
			return []byte{lead + 0x81, trail}
		})},
		{"gb18030", &gb18030Ranges, tabulate(simplifiedchinese.GB18030, 39420, func(p int) []byte {
			return []byte{byte(p/12600) + 0x81, byte(p/1260%10) + 0x30, byte(p/10%126) + 0x81, byte(p%10) + 0x30}
		})},
		{"big5", &big5Index, tabulate(traditionalchinese.Big5, 126*157, func(p int) []byte {
			lead, trail := pair(p, 157, 0x40, 0x62)
			return []byte{lead + 0x81, trail}
		})},
	} {
		t.Run(c.file, func(t *testing.T) {
			if *update {
				require.NoError(t, os.WriteFile("tables/"+c.file, pack(t, c.want), 0o644))
				return
			}
			assert.Equal(t, c.want, c.have.index())
		})
	}
}

// tabulate asks the library for the code point of each pointer, whose bytes the
// function gives.
func tabulate(e encoding.Encoding, n int, bytes func(pointer int) []byte) index {
	x := make(index, n)
	d := e.NewDecoder()
	var dst [16]byte
	for pointer := range x {
		d.Reset()
		size, _, err := d.Transform(dst[:], bytes(pointer), true)
		r, width := utf8.DecodeRune(dst[:size])
		if err == nil && width == size && r != utf8.RuneError {
			x[pointer] = r
		}
	}
	return x
}

func singlesOf(t *testing.T) (x index) {
	library := map[string]*charmap.Charmap{
		"ibm866": charmap.CodePage866, "iso-8859-2": charmap.ISO8859_2, "iso-8859-3": charmap.ISO8859_3,
		"iso-8859-4": charmap.ISO8859_4, "iso-8859-5": charmap.ISO8859_5, "iso-8859-6": charmap.ISO8859_6,
		"iso-8859-7": charmap.ISO8859_7, "iso-8859-8": charmap.ISO8859_8, "iso-8859-10": charmap.ISO8859_10,
		"iso-8859-13": charmap.ISO8859_13, "iso-8859-14": charmap.ISO8859_14, "iso-8859-15": charmap.ISO8859_15,
		"iso-8859-16": charmap.ISO8859_16, "koi8-r": charmap.KOI8R, "koi8-u": charmap.KOI8U,
		"macintosh": charmap.Macintosh, "windows-874": charmap.Windows874, "windows-1250": charmap.Windows1250,
		"windows-1251": charmap.Windows1251, windows1252Name: charmap.Windows1252, "windows-1253": charmap.Windows1253,
		"windows-1254": charmap.Windows1254, "windows-1255": charmap.Windows1255, "windows-1256": charmap.Windows1256,
		"windows-1257": charmap.Windows1257, "windows-1258": charmap.Windows1258, "x-mac-cyrillic": charmap.MacintoshCyrillic,
	}
	require.Len(t, singleNames, len(library))
	for _, name := range singleNames {
		require.Contains(t, library, name)
		for c := 0x80; c <= 0xff; c++ {
			r := library[name].DecodeByte(byte(c))
			if r == utf8.RuneError {
				r = 0
			}
			x = append(x, r)
		}
	}
	return x
}

func pack(t *testing.T, x index) []byte {
	var differences []byte
	last := rune(0)
	for _, r := range x {
		differences, last = binary.AppendVarint(differences, int64(r-last)), r
	}
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestCompression)
	require.NoError(t, err)
	_, err = w.Write(differences)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return packed.Bytes()
}
