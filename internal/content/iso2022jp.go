package content

import "unicode/utf8"

// jpMode is what the bytes of ISO-2022-JP stand for until the next escape.
type jpMode byte

const (
	jpASCII jpMode = iota
	jpRoman
	jpKatakana
	jpTwoBytes
)

var jpEscapes = map[string]jpMode{"(B": jpASCII, "(J": jpRoman, "(I": jpKatakana, "$@": jpTwoBytes, "$B": jpTwoBytes}

// decodeISO2022JP follows section 12.2.1 of the Encoding Standard.
func decodeISO2022JP(dst, src []byte, w *watch) (text []byte, malformed bool) {
	mode := jpASCII
	// Two escapes with nothing between them are an error: they could hide that
	// the text was put together from pieces.
	output := false
	fail := func() {
		dst, malformed = append(dst, replacementChar...), true
	}
	for i := 0; i < len(src) && !w.over(len(src)-i); {
		if src[i] == 0x1b {
			next, ok := jpEscapes[string(src[i+1:min(i+3, len(src))])]
			i++
			if !ok {
				output = false
				fail()
				continue
			}
			i += 2
			mode = next
			if output {
				fail()
			}
			output = true
			continue
		}
		r, size := jpChar(src[i:], mode)
		i += size
		output = false
		if r == utf8.RuneError {
			fail()
			continue
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst, malformed
}

func jpChar(src []byte, mode jpMode) (rune, int) {
	c := src[0]
	switch mode {
	case jpTwoBytes:
		return jpPair(src)
	case jpKatakana:
		if 0x21 <= c && c <= 0x5f {
			return rune(c) - 0x21 + 0xff61, 1
		}
		return utf8.RuneError, 1
	}
	switch {
	case c >= utf8.RuneSelf || c == 0x0e || c == 0x0f:
		return utf8.RuneError, 1
	case mode == jpRoman && c == '\\':
		return '¥', 1
	case mode == jpRoman && c == '~':
		return '‾', 1
	}
	return rune(c), 1
}

func jpPair(src []byte) (rune, int) {
	switch {
	case src[0] < 0x21 || src[0] > 0x7e || len(src) < 2 || src[1] == 0x1b:
		return utf8.RuneError, 1
	case src[1] < 0x21 || src[1] > 0x7e:
		return utf8.RuneError, 2
	}
	return jis0208.index().at(int(src[0]-0x21)*94 + int(src[1]-0x21)), 2
}
