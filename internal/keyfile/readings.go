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

// without is a text with a line in the place of each block; the content of one
// that has no end stays.
func without(text []byte, blocks []block) []byte {
	var around []byte
	from := 0
	for _, b := range blocks {
		around = append(append(around, text[from:b.start]...), '\n')
		from = b.end
	}
	return append(around, text[from:]...)
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

// unescaped undoes the escapes of JSON, YAML, properties files, shells and
// program texts, also doubled.
func unescaped(text []byte) []byte {
	if !bytes.ContainsAny(text, "\\`") {
		return nil
	}
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		mark := text[i]
		for mark == '\\' && i+1 < len(text) && text[i+1] == '\\' {
			i++
		}
		if mark != '\\' && mark != '`' || i+1 == len(text) {
			out = append(out, mark)
			continue
		}
		c, length := escape(text[i+1:])
		switch {
		case mark == '\\' && length > 0:
			out = append(out, c...)
			i += length
		case mark == '`' && c == "\n": // PowerShell
			out = append(out, c...)
			i++
		case mark == '`':
			out = append(out, mark)
		}
	}
	return out
}

// escape is what the text behind a backslash stands for, and its length; none
// where the backslash is only to be dropped.
func escape(text []byte) (string, int) {
	number := func(from, digits, base int) (string, int) {
		if n, err := strconv.ParseUint(string(text[from:min(from+digits, len(text))]), base, 16); err == nil && n < utf8.RuneSelf {
			return string(rune(n)), from + digits
		}
		return "", 0
	}
	switch text[0] {
	case 'n', 'r':
		return "\n", 1
	case 't':
		return " ", 1
	case '"':
		return "", 1
	case 'u':
		return number(1, 4, 16)
	case 'x':
		return number(1, 2, 16)
	case '0':
		return number(0, 3, 8)
	}
	return "", 0
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
	"\u201c", "", "\u201d", "", "\u2018", "", "\u2019", "", "\u2028", "\n", "\u2029", "\n", "\u0085", "\n", "&nbsp;", " ", "\x00", "")

func typewritten(text []byte) []byte {
	plain := typography.Replace(string(withoutMarkup(text)))
	if plain == string(text) {
		return nil
	}
	return []byte(plain)
}

// withoutMarkup makes lines of the tags of HTML and XML, and signs of what their
// numbers stand for.
func withoutMarkup(text []byte) []byte {
	const longest = 200
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		rest := text[i:min(i+longest, len(text))]
		switch {
		case bytes.HasPrefix(rest, []byte("&#")):
			if end := bytes.IndexByte(rest[:min(10, len(rest))], ';'); end > 0 {
				digits, base := string(rest[2:end]), 10
				if hex, isHex := strings.CutPrefix(strings.ToLower(digits), "x"); isHex {
					digits, base = hex, 16
				}
				if n, err := strconv.ParseUint(digits, base, 21); err == nil {
					out = utf8.AppendRune(out, rune(n))
					i += end
					continue
				}
			}
		case len(rest) > 1 && rest[0] == '<' && (rest[1] == '/' || rest[1]|0x20 >= 'a' && rest[1]|0x20 <= 'z'):
			if end := bytes.IndexByte(rest, '>'); end > 0 {
				out = append(out, '\n')
				i += end
				continue
			}
		}
		out = append(out, text[i])
	}
	return bytes.ReplaceAll(out, []byte("\r"), nil)
}

// plusRestored rebuilds base64 whose plus signs became spaces. Where line ends
// became spaces too, it goes by the lines having had 64 characters.
func plusRestored(text []byte) []byte {
	out := bytes.Clone(text)
	for from := 0; ; {
		begin, ok := findMarker(out, from, "BEGIN")
		if !ok {
			return out
		}
		end, ok := findMarker(out, begin.end, "END")
		if !ok {
			return out
		}
		body := out[begin.end:end.start]
		oneLine := !bytes.Contains(body, []byte("\n"))
		for line := range bytes.SplitSeq(body, []byte("\n")) {
			isHeader := bytes.Contains(line, []byte(":"))
			for i := range line {
				lost := !oneLine && !isHeader || oneLine && i > 0 && i < len(line)-1 && i%65 != 0
				if line[i] == ' ' && lost {
					line[i] = '+'
				}
			}
		}
		from = end.end
	}
}
