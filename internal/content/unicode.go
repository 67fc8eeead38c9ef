package content

import (
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

const replacementChar = "\uFFFD"

// decodeUTF8 replaces what is not UTF-8, one U+FFFD for each longest start of a
// character that breaks off, as the Encoding Standard does.
func decodeUTF8(dst, src []byte, w *watch) ([]byte, bool) {
	malformed := false
	for len(src) > 0 && !w.over(len(src)) {
		n := validPrefix(src)
		dst = append(dst, src[:n]...)
		if src = src[n:]; len(src) > 0 {
			dst, malformed = append(dst, replacementChar...), true
			src = src[brokenPrefix(src):]
		}
	}
	return dst, malformed
}

func validPrefix(src []byte) int {
	for i := 0; i < len(src); {
		if src[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRune(src[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(src)
}

// brokenPrefix is the length of the longest start of src that could begin a
// character; src begins with none that is whole.
func brokenPrefix(src []byte) int {
	need, low, high := 0, byte(0x80), byte(0xbf)
	switch c := src[0]; {
	case 0xc2 <= c && c <= 0xdf:
		need = 1
	case 0xe0 <= c && c <= 0xef:
		need = 2
		if c == 0xe0 {
			low = 0xa0
		} else if c == 0xed {
			high = 0x9f
		}
	case 0xf0 <= c && c <= 0xf4:
		need = 3
		if c == 0xf0 {
			low = 0x90
		} else if c == 0xf4 {
			high = 0x8f
		}
	}
	n := 1
	for n <= need && n < len(src) && low <= src[n] && src[n] <= high {
		low, high = 0x80, 0xbf
		n++
	}
	return n
}

func decodeUTF16BE(dst, src []byte, w *watch) ([]byte, bool) {
	return decodeUTF16(dst, src, w, binary.BigEndian)
}
func decodeUTF16LE(dst, src []byte, w *watch) ([]byte, bool) {
	return decodeUTF16(dst, src, w, binary.LittleEndian)
}

func decodeUTF16(dst, src []byte, w *watch, order binary.ByteOrder) ([]byte, bool) {
	malformed := false
	for ; len(src) >= 2 && !w.over(len(src)); src = src[2:] {
		r := rune(order.Uint16(src))
		if utf16.IsSurrogate(r) {
			low := rune(0)
			if len(src) >= 4 {
				low = rune(order.Uint16(src[2:]))
			}
			if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
				malformed = true
			} else {
				src = src[2:]
			}
		}
		dst = utf8.AppendRune(dst, r)
	}
	if len(src) > 0 {
		return append(dst, replacementChar...), true
	}
	return dst, malformed
}

// decodeReplacement never shows text: it stands for encodings in which the same
// bytes can be harmless to one reader and markup to another.
func decodeReplacement(dst, src []byte, _ *watch) ([]byte, bool) {
	if len(src) == 0 {
		return dst, false
	}
	return append(dst, replacementChar...), true
}

// decodeUserDefined puts the upper half of the bytes where a program finds them.
func decodeUserDefined(dst, src []byte, _ *watch) ([]byte, bool) {
	for _, c := range src {
		if c < utf8.RuneSelf {
			dst = append(dst, c)
		} else {
			dst = utf8.AppendRune(dst, 0xf780+rune(c-0x80))
		}
	}
	return dst, false
}
