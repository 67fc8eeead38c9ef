package content

import "unicode/utf8"

// decodeSingle decodes an encoding of one byte a character.
func decodeSingle(name string, dst, src []byte, w *watch) ([]byte, bool) {
	x, malformed := singleIndex(name), false
	for len(src) > 0 && !w.over(len(src)) {
		if n := asciiPrefix(src); n > 0 {
			dst, src = append(dst, src[:n]...), src[n:]
			continue
		}
		r := x.at(int(src[0]) - utf8.RuneSelf)
		malformed = malformed || r == utf8.RuneError
		dst, src = utf8.AppendRune(dst, r), src[1:]
	}
	return dst, malformed
}

// multi decodes an encoding whose characters have several bytes. next reads the
// one that starts at src[0], which is not ASCII, and says how many bytes it
// took; utf8.RuneError stands for none.
//
// The tables are those of x/text. The rules around them are the Encoding
// Standard's, which x/text follows only in part: a broken pair must not swallow
// an ASCII byte, since that byte may be a quote or a bracket.
func multi(dst, src []byte, w *watch, next func(src []byte) (rune, int)) ([]byte, bool) {
	malformed := false
	for len(src) > 0 && !w.over(len(src)) {
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
