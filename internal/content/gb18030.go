package content

import "unicode/utf8"

// decodeGB18030 is the decoder of gbk too.
func decodeGB18030(dst, src []byte, w *watch) ([]byte, bool) {
	x := gbkIndex.index()
	return multi(dst, src, w, func(src []byte) (rune, int) {
		lead := src[0]
		switch {
		case lead == 0x80:
			return '€', 1
		case lead == 0xff || len(src) < 2:
			return utf8.RuneError, 1
		}
		trail := src[1]
		pointer := -1
		switch {
		case 0x30 <= trail && trail <= 0x39:
			return fourBytes(src)
		case 0x40 <= trail && trail <= 0x7e:
			pointer = int(lead-0x81)*190 + int(trail-0x40)
		case 0x80 <= trail && trail <= 0xfe:
			pointer = int(lead-0x81)*190 + int(trail-0x41)
		}
		if r := x.at(pointer); r != utf8.RuneError {
			return r, 2
		}
		if r := gbkAddition(lead, trail); r != utf8.RuneError {
			return r, 2
		}
		return broken(trail)
	})
}

// fourBytes reads the long form of GB 18030. Cut off by the end it is one error;
// broken otherwise, all but its first byte is read again.
func fourBytes(src []byte) (rune, int) {
	if len(src) > 2 && (src[2] < 0x81 || src[2] > 0xfe) || len(src) > 3 && (src[3] < 0x30 || src[3] > 0x39) {
		return utf8.RuneError, 1
	}
	if len(src) < 4 {
		return utf8.RuneError, len(src)
	}
	pointer := ((int(src[0]-0x81)*10+int(src[1]-0x30))*126+int(src[2]-0x81))*10 + int(src[3]-0x30)
	const supplementary = 189000
	switch {
	case pointer == 7457:
		return 0xe7c7, 4
	case pointer == 39417: // U+FFFD itself
		return utf8.RuneError, 4
	case pointer >= supplementary && pointer < supplementary+0x100000:
		return rune(pointer-supplementary) + 0x10000, 4
	}
	if r := gb18030Ranges.index().at(pointer); r != utf8.RuneError {
		return r, 4
	}
	return utf8.RuneError, 1
}

// gbkAddition gives the pairs that GB 18030 has and the table of x/text has not:
// the three areas for users, the places that were free, which both go to private
// use in order, and what GB 18030-2005 and -2022 put there since.
func gbkAddition(lead, trail byte) rune {
	row, column := rune(lead), rune(trail)
	for _, run := range gbkRuns {
		if first := rune(run.first & 0xff); row == rune(run.first>>8) && first <= column && column < first+rune(run.count) {
			return run.to + column - first
		}
	}
	switch {
	case 0xaa <= row && row <= 0xaf && column >= 0xa1:
		return 0xe000 + (row-0xaa)*94 + column - 0xa1
	case row >= 0xf8 && column >= 0xa1:
		return 0xe234 + (row-0xf8)*94 + column - 0xa1
	case 0xa1 <= row && row <= 0xa7 && column <= 0xa0:
		if column > 0x7f {
			column--
		}
		return 0xe4c6 + (row-0xa1)*96 + column - 0x40
	}
	return utf8.RuneError
}

// gbkRuns are pairs in a row and the first code point that they stand for.
var gbkRuns = []struct {
	first uint16
	count byte
	to    rune
}{
	{0xa2ab, 6, 0xe766}, {0xa2e4, 1, 0xe76d}, {0xa2ef, 2, 0xe76e}, {0xa2fd, 2, 0xe770},
	{0xa3a0, 1, 0x3000},
	{0xa4f4, 11, 0xe772}, {0xa5f7, 8, 0xe77d},
	{0xa6b9, 8, 0xe785}, {0xa6d9, 1, 0xfe10}, {0xa6da, 1, 0xfe12}, {0xa6db, 1, 0xfe11}, {0xa6dc, 4, 0xfe13},
	{0xa6ec, 2, 0xfe17}, {0xa6f3, 1, 0xfe19}, {0xa6f6, 9, 0xe797},
	{0xa7c2, 15, 0xe7a0}, {0xa7f2, 13, 0xe7af},
	{0xa896, 11, 0xe7bc}, {0xa8bc, 1, 0x1e3f}, {0xa8c1, 4, 0xe7c9}, {0xa8ea, 21, 0xe7cd},
	{0xa958, 1, 0xe7e2}, {0xa95b, 1, 0xe7e3}, {0xa95d, 3, 0xe7e4}, {0xa997, 13, 0xe7f4}, {0xa9f0, 15, 0xe801},
	{0xd7fa, 5, 0xe810},
	{0xfe51, 3, 0xe816}, {0xfe59, 1, 0x9fb4}, {0xfe61, 1, 0x9fb5}, {0xfe66, 2, 0x9fb6}, {0xfe6c, 1, 0xe831},
	{0xfe6d, 1, 0x9fb8}, {0xfe76, 1, 0xe83b}, {0xfe7e, 1, 0x9fb9}, {0xfe90, 1, 0x9fba}, {0xfe91, 1, 0xe855},
	{0xfea0, 1, 0x9fbb},
}
