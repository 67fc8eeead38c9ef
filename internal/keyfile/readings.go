package keyfile

import (
	"bytes"
	"io"
	"mime/quotedprintable"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// armoured finds the PEM blocks of a text that may have been through something:
// those of the reading in which the most come out whole. It gives what lies
// around them as well.
func armoured(text []byte) (blocks []block, around []byte) {
	most := -1
	for _, reading := range readings {
		reread := reading(text)
		if reread == nil {
			continue
		}
		found := scanPEM(reread)
		whole := 0
		for _, b := range found {
			whole += flag(b.isWhole())
		}
		if len(found) > 0 && whole > most {
			most, blocks, around = whole, found, reread
		}
		if most > 0 && most == len(blocks) {
			break
		}
	}
	return blocks, without(around, blocks)
}

// without is a text with line ends in the place of blocks; the content of one
// that has no end stays.
func without(text []byte, blocks []block) []byte {
	text = bytes.Clone(text)
	for _, b := range blocks {
		for i := b.start; i < b.end; i++ {
			text[i] = '\n'
		}
	}
	return text
}

// readings undo what happens to PEM and base64 on their way, each giving nil
// where its kind of damage does not show.
var readings = []func([]byte) []byte{
	func(text []byte) []byte { return text },
	unescaped,
	unquotedPrintable,
	func(text []byte) []byte { return percentDecoded(text, false) },
	func(text []byte) []byte { return percentDecoded(text, true) },
	typewritten,
	func(text []byte) []byte {
		if bare := typewritten(text); bare != nil {
			return unescaped(bare)
		}
		return nil
	},
	plusRestored,
}

// rewritten replaces what begins with a mark and a function finds, by one octet,
// or by none if that is 0.
func rewritten(text []byte, marks string, find func(text []byte) (octet byte, length int)) []byte {
	out := bytes.Clone(text)
	n := 0
	for i := 0; i < len(text); i++ {
		octet := text[i]
		if strings.IndexByte(marks, octet) >= 0 {
			if found, length := find(text[i:]); length > 0 {
				octet = found
				i += length - 1
			}
		}
		if out[n] = octet; octet != 0 {
			n++
		}
	}
	return out[:n]
}

// unescaped undoes the escapes of JSON, YAML, properties files, shells and
// program texts, also doubled.
func unescaped(text []byte) []byte {
	if !bytes.ContainsAny(text, "\\`") {
		return nil
	}
	return rewritten(text, "\\`", escape)
}

// escape is what a backslash stands for with what is behind it, or PowerShell's
// backtick. A backslash that stands for nothing is dropped.
func escape(text []byte) (octet byte, length int) {
	behind := bytes.TrimLeft(text, `\`)
	length = len(text) - len(behind)
	if len(behind) == 0 || length == 0 && text[0] != '`' {
		return 0, length
	}
	if length == 0 {
		if behind = text[1:]; len(behind) == 0 || behind[0] != 'n' && behind[0] != 'r' {
			return 0, 0
		}
		length = 1
	}
	digits, base := 0, 16
	switch behind[0] {
	case 'n', 'r':
		return '\n', length + 1
	case 't':
		return ' ', length + 1
	case '"':
		return 0, length + 1
	case 'u':
		digits = 4
	case 'x':
		digits = 2
	case '0':
		digits, base = 2, 8
	}
	if octet = number(behind[1:min(1+digits, len(behind))], base); octet > 0 {
		length += 1 + digits
	}
	return octet, length
}

// number is the sign of ASCII that has a number; 0: none has it.
func number(digits []byte, base int) byte {
	n, err := strconv.ParseUint(string(digits), base, 7)
	if err != nil {
		return 0
	}
	return byte(n)
}

func unquotedPrintable(text []byte) []byte {
	if !bytes.Contains(text, []byte("=3D")) && !bytes.Contains(text, []byte("=\n")) && !bytes.Contains(text, []byte("=20")) {
		return nil
	}
	decoded, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(text)))
	if err != nil {
		return nil
	}
	return decoded
}

// percentDecoded undoes the escaping of URLs and, if asked, that of forms,
// where a plus sign is a space.
func percentDecoded(text []byte, form bool) []byte {
	if !bytes.Contains(text, []byte("%")) && !(form && bytes.Contains(text, []byte("BEGIN+"))) {
		return nil
	}
	unescape := url.PathUnescape
	if form {
		unescape = url.QueryUnescape
	}
	decoded, err := unescape(string(text))
	if err != nil {
		return nil
	}
	return plainText([]byte(decoded))
}

// typography is what word processors and chats make of typewriter signs.
var typography = strings.NewReplacer("\u2014", "--", "\u2013", "-", "\u2012", "-", "\u2010", "-", "\u2011", "-", "\u2212", "-",
	"\u00a0", " ", "\u2007", " ", "\u202f", " ", "\u200b", "", "\u200c", "", "\u200d", "", "\u2060", "", "\ufeff", "",
	"\u201c", "", "\u201d", "", "\u2018", "", "\u2019", "", "\u2028", "\n", "\u2029", "\n", "\u0085", "\n", "&nbsp;", " ", "\r", "", "\x00", "")

func typewritten(text []byte) []byte {
	if !bytes.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf || r == '&' || r == '<' || r == 0 }) {
		return nil
	}
	plain := typography.Replace(string(rewritten(text, "&<", markup)))
	if plain == string(text) {
		return nil
	}
	return []byte(plain)
}

// markup is a line end for a tag of HTML or XML, and for a number the sign that it
// stands for.
func markup(text []byte) (octet byte, length int) {
	const longest = 200
	text = text[:min(longest, len(text))]
	if behind, isNumber := bytes.CutPrefix(text, []byte("&#")); isNumber {
		digits, _, _ := bytes.Cut(behind, []byte(";"))
		length = 3 + len(digits)
		if hex := bytes.TrimLeft(digits, "xX"); len(hex) < len(digits) {
			octet = number(hex, 16)
		} else {
			octet = number(digits, 10)
		}
		if octet == 0 {
			return 0, 0
		}
		return octet, length
	}
	if len(text) > 1 && text[0] == '<' && (text[1] == '/' || isBase64(text[1:2])) {
		return '\n', bytes.IndexByte(text, '>') + 1
	}
	return 0, 0
}

// plusRestored rebuilds base64 whose plus signs became spaces. Where line ends
// became spaces too, it goes by the lines having had 64 characters.
func plusRestored(text []byte) []byte {
	if !bytes.Contains(text, []byte("--")) {
		return nil
	}
	out := bytes.Clone(text)
	for from := 0; ; {
		begin, _ := findMarker(out, from, "BEGIN")
		end, ok := findMarker(out, begin.end, "END")
		if begin.end == 0 || !ok {
			return out
		}
		body := out[begin.end:end.start]
		oneLine := !bytes.Contains(body, []byte("\n"))
		for i, c := range body {
			lost := !oneLine && body[max(i-1, 0)] != ':' || oneLine && i < len(body)-1 && i%65 != 0
			if c == ' ' && i > 0 && lost {
				body[i] = '+'
			}
		}
		from = end.end
	}
}
