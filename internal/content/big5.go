package content

import "unicode/utf8"

func decodeBig5(dst, src []byte, w *watch) ([]byte, bool) {
	x := big5Index.index()
	return multi(dst, src, w, func(src []byte) (rune, int) {
		lead := src[0]
		if lead == 0x80 || lead == 0xff || len(src) < 2 {
			return utf8.RuneError, 1
		}
		trail := src[1]
		pointer := -1
		switch {
		case 0x40 <= trail && trail <= 0x7e:
			pointer = int(lead-0x81)*157 + int(trail-0x40)
		case 0xa1 <= trail && trail <= 0xfe:
			pointer = int(lead-0x81)*157 + int(trail-0x62)
		}
		switch pointer {
		case 1133:
			return capitalMacron, 2
		case 1135:
			return capitalCaron, 2
		case 1164:
			return smallMacron, 2
		case 1166:
			return smallCaron, 2
		}
		if r := x.at(pointer); r != utf8.RuneError {
			return r, 2
		}
		return broken(trail)
	})
}

// Four pointers of Big5 are a letter with two marks, which Unicode has only as
// two characters. The decoder passes them on as these, which are no characters.
const (
	capitalMacron = utf8.MaxRune + 1 + iota
	capitalCaron
	smallMacron
	smallCaron
)

// compose returns the two characters that r stands for, or 0 as the second.
func compose(r rune) (first, second rune) {
	switch r {
	case capitalMacron:
		return 0xca, 0x304
	case capitalCaron:
		return 0xca, 0x30c
	case smallMacron:
		return 0xea, 0x304
	case smallCaron:
		return 0xea, 0x30c
	}
	return r, 0
}
