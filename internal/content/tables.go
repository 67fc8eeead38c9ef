package content

import (
	"compress/flate"
	_ "embed"
	"encoding/binary"
	"io"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// The tables are those of x/text for decoding alone, packed: its own come with
// the encoders' and stay in every program, half a megabyte that nothing reads.
// Each is the differences from one code point to the next as varints, deflated;
// the test holds them to the library's.

//go:generate go test . -run TestTables -update

var (
	//go:embed tables/single
	singlePacked string
	//go:embed tables/jis0208
	jis0208Packed string
	//go:embed tables/jis0212
	jis0212Packed string
	//go:embed tables/euc-kr
	euckrPacked string
	//go:embed tables/gbk
	gbkPacked string
	//go:embed tables/gb18030
	gb18030Packed string
	//go:embed tables/big5
	big5Packed string
)

var (
	singles       = table{packed: &singlePacked}
	jis0208       = table{packed: &jis0208Packed}
	jis0212       = table{packed: &jis0212Packed}
	euckrIndex    = table{packed: &euckrPacked}
	gbkIndex      = table{packed: &gbkPacked}
	gb18030Ranges = table{packed: &gb18030Packed}
	big5Index     = table{packed: &big5Packed}
)

// singleNames are the encodings of one byte a character, in the order of their
// table, which has 128 code points for each: those of 0x80 to 0xFF.
var singleNames = []string{
	"ibm866", "iso-8859-2", "iso-8859-3", "iso-8859-4", "iso-8859-5", "iso-8859-6", "iso-8859-7", "iso-8859-8",
	"iso-8859-10", "iso-8859-13", "iso-8859-14", "iso-8859-15", "iso-8859-16", "koi8-r", "koi8-u", "macintosh",
	"windows-874", "windows-1250", "windows-1251", windows1252Name, "windows-1253", "windows-1254", "windows-1255",
	"windows-1256", "windows-1257", "windows-1258", "x-mac-cyrillic",
}

func singleIndex(name string) index {
	first := slices.Index(singleNames, name) * 128
	return singles.index()[first : first+128]
}

// index maps the pointers of the Encoding Standard to code points; 0 is none.
type index []rune

func (x index) at(pointer int) rune {
	if pointer < 0 || pointer >= len(x) || x[pointer] == 0 {
		return utf8.RuneError
	}
	return x[pointer]
}

// table is unpacked when it is first needed.
type table struct {
	packed *string
	once   sync.Once
	x      index
}

func (t *table) index() index {
	t.once.Do(func() { t.x = unpack(*t.packed) })
	return t.x
}

func unpack(packed string) (x index) {
	differences, err := io.ReadAll(flate.NewReader(strings.NewReader(packed)))
	if err != nil {
		panic("content: a table of charsets is broken: " + err.Error())
	}
	for r := int64(0); len(differences) > 0; {
		d, n := binary.Varint(differences)
		if n <= 0 {
			panic("content: a table of charsets is broken")
		}
		r += d
		x, differences = append(x, rune(r)), differences[n:]
	}
	return slices.Clip(x)
}
