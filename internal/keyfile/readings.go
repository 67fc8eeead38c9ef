package keyfile

import (
	"bytes"
	"io"
	"mime/quotedprintable"
	"net/url"
	"strings"
)

// armoured finds the PEM blocks of a text that may have been through something:
// the first reading in which every block decodes, else the first with blocks.
func armoured(text []byte) []block {
	var first []block
	for _, reading := range readings {
		reread := reading(text)
		if reread == nil {
			continue
		}
		blocks := scanPEM(reread)
		if len(blocks) == 0 {
			continue
		}
		if intact(blocks) {
			return blocks
		}
		if first == nil {
			first = blocks
		}
	}
	return first
}

func intact(blocks []block) bool {
	for _, b := range blocks {
		if b.err != nil {
			return false
		}
	}
	return true
}

// readings undo what happens to PEM on its way, each giving nil where its kind
// of damage does not show.
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

// escapes are those of JSON, YAML, properties files and shells, also doubled.
var escapes = strings.NewReplacer(`\\r\\n`, "\n", `\\n`, "\n", `\\r`, "\n", `\r\n`, "\n", `\n`, "\n", `\r`, "\n", `\t`, " ",
	`\/`, "/", `\u000a`, "\n", `\u000d`, "", `\u003d`, "=", `\u002b`, "+", `\u002B`, "+", `\u002f`, "/", `\u002F`, "/",
	`\=`, "=", `\:`, ":", `\+`, "+", "\\\n", "\n", `\"`, "", "\\", "", "`n", "\n", "\" +\n", "\n", "\" .\n", "\n", "' +\n", "\n", "' .\n", "\n")

func unescaped(text []byte) []byte {
	if !bytes.ContainsAny(text, "\\`") {
		return nil
	}
	return []byte(escapes.Replace(string(text)))
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
	"\u201c", "", "\u201d", "", "\u2018", "", "\u2019", "", "\u2028", "\n", "\u2029", "\n", "\u0085", "\n", "&#13;", "", "&nbsp;", " ", "<br>", "\n", "<br/>", "\n", "\x00", "")

func typewritten(text []byte) []byte {
	plain := typography.Replace(string(text))
	if plain == string(text) {
		return nil
	}
	return []byte(plain)
}

// plusRestored rebuilds base64 on one line whose plus signs and line ends both
// became spaces, from the lines having had 64 characters.
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
		if len(body) < 2 || bytes.Contains(body, []byte("\n")) {
			return nil
		}
		for i := 1; i < len(body)-1; i++ {
			if body[i] == ' ' && i%65 != 0 {
				body[i] = '+'
			}
		}
		from = end.end
	}
}
