package keyfile

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"io"
	"iter"
	"mime/quotedprintable"
	"net/url"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// content reads what may be binary or text of any kind.
func (x *extraction) content(b []byte) error {
	if err := x.enter(); err != nil {
		return err
	}
	defer x.leave()
	if len(bytes.Trim(b, " \t\r\n\x00")) == 0 {
		return x.part(fault(Empty, "the file is empty"))
	}
	if recognizable(b) || isLongSequence(b) {
		return x.binary(b)
	}
	text := plainText(b)
	if keys := jsonKeys(text); len(keys) > 0 {
		return x.jwk(keys)
	}
	if blocks := armoured(text); len(blocks) > 0 {
		return x.pem(blocks)
	}
	if beginsJSONKey(text) { // its base64 by itself would be half of it
		return x.part(unrecognized(b, text))
	}
	decoded := armourless(text)
	for _, part := range decoded {
		if err := x.content(part); err != nil {
			return err
		}
	}
	if len(decoded) > 0 {
		return nil
	}
	return x.part(unrecognized(b, text))
}

// binary reads a file of a binary format.
func (x *extraction) binary(b []byte) error {
	if isJavaKeystore(b) {
		return x.javaKeystore(b)
	}
	return x.asn1(b, "")
}

// recognizable reports whether octets are a binary format that we know.
func recognizable(b []byte) bool {
	return isJavaKeystore(b) || len(b) > 1 && b[0] == tagSequence && shapeOfBytes(b) != shapeUnknown
}

// isLongSequence reports whether octets begin as a SEQUENCE of 128 octets or
// more, which no text does.
func isLongSequence(b []byte) bool {
	return len(b) > 1 && b[0] == tagSequence && b[1] >= 0x80 && b[1] <= 0x84
}

func isJavaKeystore(b []byte) bool {
	return bytes.HasPrefix(b, []byte(magicJKS)) || bytes.HasPrefix(b, []byte(magicJCEKS))
}

// plainText gives text in UTF-8 (or whatever one-octet charset it has) with
// lines that end in LF: without byte order mark, from UTF-16, without the zeros
// that C programs leave at the ends.
func plainText(b []byte) []byte {
	if order := utf16Order(b); order != nil {
		units := make([]uint16, len(b)/2)
		for i := range units {
			units[i] = order.Uint16(b[2*i:])
		}
		b = []byte(string(utf16.Decode(units)))
	}
	b = bytes.Trim(bytes.TrimPrefix(b, []byte("\ufeff")), "\x00")
	b = bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))
	return bytes.ReplaceAll(b, []byte("\r"), []byte("\n"))
}

// utf16Order is the octet order of UTF-16, nil where it is none: by its byte
// order mark, or by every other octet being zero.
func utf16Order(b []byte) binary.ByteOrder {
	if len(b) < 4 {
		return nil
	}
	switch {
	case b[0] == 0xfe && b[1] == 0xff:
		return binary.BigEndian
	case b[0] == 0xff && b[1] == 0xfe:
		return binary.LittleEndian
	}
	var zeros [2]int
	sample := b[:min(len(b), 512)&^1]
	for i, octet := range sample {
		if octet == 0 {
			zeros[i%2]++
		}
	}
	switch most := len(sample) * 2 / 5; {
	case zeros[0] > most && zeros[1] < 8:
		return binary.BigEndian
	case zeros[1] > most && zeros[0] < 8:
		return binary.LittleEndian
	}
	return nil
}

// isText reports whether a person could have typed this.
func isText(b []byte) bool {
	for _, r := range string(b) {
		if r < ' ' && r != '\n' && r != '\t' && r != '\f' || r == utf8.RuneError {
			return false
		}
	}
	return true
}

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

// minimalToken is the least length of base64 or hexadecimal text that is looked
// into: shorter than the shortest key.
const minimalToken = 48

// armourless finds base64 and hexadecimal without PEM lines around it: the
// whole text, what follows ";base64,", or the tokens of a text such as a YAML
// secret. It gives only what decodes to something we know.
func armourless(text []byte) [][]byte {
	trimmed := bytes.Trim(bytes.TrimSpace(text), "\"'`")
	if _, encoded, isDataURL := bytes.Cut(trimmed, []byte(";base64,")); isDataURL {
		encoded, _, _ = bytes.Cut(encoded, []byte(`"`))
		if unescaped, err := url.PathUnescape(string(encoded)); err == nil {
			encoded = []byte(unescaped)
		}
		trimmed = encoded
	}
	for _, candidate := range [][]byte{trimmed, unescaped(trimmed)} {
		if decoded, ok := decodeToken(candidate); ok && promising(decoded) {
			return [][]byte{decoded}
		}
	}
	var parts [][]byte
	for token := range tokens(text) {
		if decoded, ok := decodeToken(token); ok && (recognizable(decoded) || bytes.Contains(decoded, []byte("BEGIN "))) {
			parts = append(parts, decoded)
		}
	}
	return parts
}

// tokens are the words of a text that could be base64. A word that begins a
// line may belong to a long one before it; where more stands on its line, both
// are given, with it and without.
func tokens(text []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		var token []byte
		for line := range bytes.SplitSeq(text, []byte("\n")) {
			words := bytes.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" \t\f\"'`:,;|{}[]()<>", r) })
			if len(words) == 0 {
				continue
			}
			begins := bytes.HasPrefix(bytes.TrimLeft(line, " \t\"'"), words[0])
			alone := begins && len(words) == 1 && len(words[0]) == len(bytes.Trim(line, " \t\"',"))
			continues := begins && len(token) >= 32 && !bytes.HasSuffix(token, []byte("=")) && len(assigned(words[0])) == len(words[0])
			if continues {
				if !alone && !yield(token) {
					return
				}
				token = append(token, words[0]...)
				words = words[1:]
			}
			if continues && alone {
				continue
			}
			for _, word := range words {
				if !yield(token) {
					return
				}
				token = bytes.Clone(assigned(word))
			}
		}
		yield(token)
	}
}

// assigned is the value in NAME=VALUE, or the word itself.
func assigned(word []byte) []byte {
	if at := bytes.IndexByte(bytes.TrimRight(word, "="), '='); at >= 0 {
		return word[at+1:]
	}
	return word
}

// promising reports whether decoded text is a format we know, damaged or
// encoded once more perhaps.
func promising(decoded []byte) bool {
	return recognizable(decoded) || decoded[0] == tagSequence || bytes.Contains(decoded, []byte("BEGIN ")) ||
		isText(decoded) && len(armourless(decoded)) > 0
}

func decodeToken(token []byte) ([]byte, bool) {
	if len(token) < minimalToken {
		return nil, false
	}
	clean := bytes.Map(func(r rune) rune {
		if r <= ' ' || r == ':' {
			return -1
		}
		return r
	}, token)
	clean = bytes.TrimPrefix(clean, []byte("0x"))
	decoded := make([]byte, len(clean))
	if n, err := hex.Decode(decoded, clean); err == nil {
		return decoded[:n], n > 0
	}
	if bytes.ContainsAny(token, ":") {
		return nil, false
	}
	alphabet := base64.RawStdEncoding
	if bytes.ContainsAny(clean, "-_") {
		alphabet = base64.RawURLEncoding
	}
	n, err := alphabet.Decode(decoded, bytes.TrimRight(clean, "="))
	return decoded[:n], err == nil && n > 0
}
