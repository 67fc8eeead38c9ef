package content

import (
	"sync"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
)

// single is the decoder of an encoding of one byte a character.
func single(m *charmap.Charmap) func(dst, src []byte) ([]byte, bool) {
	return func(dst, src []byte) ([]byte, bool) {
		malformed := false
		for len(src) > 0 {
			if n := asciiPrefix(src); n > 0 {
				dst, src = append(dst, src[:n]...), src[n:]
				continue
			}
			r := m.DecodeByte(src[0])
			malformed = malformed || r == utf8.RuneError
			dst, src = utf8.AppendRune(dst, r), src[1:]
		}
		return dst, malformed
	}
}

// multi decodes an encoding whose characters have several bytes. next reads the
// one that starts at src[0], which is not ASCII, and says how many bytes it
// took; utf8.RuneError stands for none.
//
// The tables are those of x/text. The rules around them are the Encoding
// Standard's, which x/text follows only in part: a broken pair must not swallow
// an ASCII byte, since that byte may be a quote or a bracket.
func multi(dst, src []byte, next func(src []byte) (rune, int)) ([]byte, bool) {
	malformed := false
	for len(src) > 0 {
		if n := asciiPrefix(src); n > 0 {
			dst, src = append(dst, src[:n]...), src[n:]
			continue
		}
		r, size := next(src)
		malformed = malformed || r == utf8.RuneError
		if first, second := compose(r); second != 0 {
			dst, r = utf8.AppendRune(dst, first), second
		}
		dst, src = utf8.AppendRune(dst, r), src[size:]
	}
	return dst, malformed
}

func asciiPrefix(src []byte) int {
	for i, c := range src {
		if c >= utf8.RuneSelf {
			return i
		}
	}
	return len(src)
}

// broken is the answer to a pair that stands for nothing.
func broken(trail byte) (rune, int) {
	if trail < utf8.RuneSelf {
		return utf8.RuneError, 1
	}
	return utf8.RuneError, 2
}

// index maps the pointers of the Encoding Standard to code points; 0 is none.
type index []rune

func (x index) at(pointer int) rune {
	if pointer < 0 || pointer >= len(x) || x[pointer] == 0 {
		return utf8.RuneError
	}
	return x[pointer]
}

// tabulate asks x/text for the code point of each pointer, whose bytes the
// function gives, when the index is first needed.
func tabulate(e encoding.Encoding, n int, bytes func(pointer int) []byte) func() index {
	return sync.OnceValue(func() index {
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
	})
}
