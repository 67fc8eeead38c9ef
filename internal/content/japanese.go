package content

import "unicode/utf8"

// halfwidth is where the katakana of one byte, 0xA1 to 0xDF, begin.
const halfwidth = 0xff61 - 0xa1

func decodeShiftJIS(dst, src []byte, w *watch) ([]byte, bool) {
	x := jis0208.index()
	return multi(dst, src, w, func(src []byte) (rune, int) {
		lead, offset := src[0], byte(0x81)
		switch {
		case lead == 0x80:
			return 0x80, 1
		case 0xa1 <= lead && lead <= 0xdf:
			return rune(lead) + halfwidth, 1
		case lead == 0xa0 || lead > 0xfc || len(src) < 2:
			return utf8.RuneError, 1
		case lead >= 0xe0:
			offset = 0xc1
		}
		trail := src[1]
		pointer := -1
		switch {
		case 0x40 <= trail && trail <= 0x7e:
			pointer = int(lead-offset)*188 + int(trail-0x40)
		case 0x80 <= trail && trail <= 0xfc:
			pointer = int(lead-offset)*188 + int(trail-0x41)
		}
		// What users may define is private use, in order.
		if 8836 <= pointer && pointer <= 10715 {
			return 0xe000 - 8836 + rune(pointer), 2
		}
		if r := x.at(pointer); r != utf8.RuneError {
			return r, 2
		}
		return broken(trail)
	})
}

func decodeEUCJP(dst, src []byte, w *watch) ([]byte, bool) {
	return multi(dst, src, w, func(src []byte) (rune, int) {
		lead := src[0]
		if lead != 0x8e && lead != 0x8f && (lead < 0xa1 || lead == 0xff) || len(src) < 2 {
			return utf8.RuneError, 1
		}
		trail := src[1]
		switch {
		case trail < 0xa1 || trail == 0xff:
			return broken(trail)
		case lead == 0x8e && trail <= 0xdf:
			return rune(trail) + halfwidth, 2
		case lead == 0x8e:
			return utf8.RuneError, 2
		case lead == 0x8f:
			return threeBytes(src)
		}
		return jis0208.index().at(int(lead-0xa1)*94 + int(trail-0xa1)), 2
	})
}

// threeBytes reads a character of JIS X 0212, whose first two bytes are good.
func threeBytes(src []byte) (rune, int) {
	switch {
	case len(src) < 3 || src[2] < utf8.RuneSelf:
		return utf8.RuneError, 2
	case src[2] < 0xa1 || src[2] == 0xff:
		return utf8.RuneError, 3
	}
	return jis0212.index().at(int(src[1]-0xa1)*94 + int(src[2]-0xa1)), 3
}

func decodeEUCKR(dst, src []byte, w *watch) ([]byte, bool) {
	x := euckrIndex.index()
	return multi(dst, src, w, func(src []byte) (rune, int) {
		lead := src[0]
		if lead == 0x80 || lead == 0xff || len(src) < 2 {
			return utf8.RuneError, 1
		}
		trail := src[1]
		pointer := -1
		if 0x41 <= trail && trail <= 0xfe {
			pointer = int(lead-0x81)*190 + int(trail-0x41)
		}
		if r := x.at(pointer); r != utf8.RuneError {
			return r, 2
		}
		return broken(trail)
	})
}
