package keyfile

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// minimalToken is the least length of base64 or hexadecimal text that is looked
// into: shorter than the shortest key.
const minimalToken = 48

// armourless finds base64 and hexadecimal without PEM lines around it: the
// whole text, what follows ";base64,", or the tokens of a text such as a YAML
// secret. It gives only what decodes to something we know.
func (x *extraction) armourless(text []byte) [][]byte {
	trimmed := bytes.Trim(bytes.TrimSpace(text), "\"'`")
	if _, encoded, isDataURL := bytes.Cut(trimmed, []byte(";base64,")); isDataURL {
		encoded, _, _ = bytes.Cut(encoded, []byte(`"`))
		if unescaped, err := url.PathUnescape(string(encoded)); err == nil {
			encoded = []byte(unescaped)
		}
		trimmed = encoded
	}
	for _, candidate := range [][]byte{trimmed, unescaped(trimmed)} {
		if decoded, ok := decodeToken(candidate); ok && x.promising(decoded) {
			return [][]byte{decoded}
		}
	}
	return x.parts(text)
}

// parts are what is encoded in the tokens of a text, in the reading in which
// there is the most.
func (x *extraction) parts(text []byte) (most [][]byte) {
	if text = bytes.TrimSpace(text); len(text) < minimalToken {
		return nil
	}
	for _, reading := range readings {
		var parts [][]byte
		for _, token := range tokens(reading(text)) {
			if x.ctx.Err() != nil {
				return nil
			}
			if decoded, ok := decodeToken(token); ok && worthwhile(decoded) {
				parts = append(parts, decoded)
			}
		}
		if len(parts) > len(most) {
			most = parts
		}
	}
	return append(most, octetLists(text)...)
}

// octetLists are what lists of numbers in a text hold, each in decimal or in
// hexadecimal with 0x or \x, as in program texts and JSON.
func octetLists(text []byte) (lists [][]byte) {
	text = bytes.ReplaceAll(text, []byte(`\x`), []byte(" 0x"))
	for _, list := range bytes.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("[]{}()", r) }) {
		var octets []byte
		for _, word := range bytes.FieldsFunc(list, func(r rune) bool { return strings.ContainsRune(" \t\n,\"'", r) }) {
			n, err := strconv.ParseInt(string(word), 0, 16)
			if err != nil || n < -128 || n > 255 {
				octets = nil
				break
			}
			octets = append(octets, byte(n)) // Java's are signed
		}
		if recognizable(octets) {
			lists = append(lists, octets)
		}
	}
	return lists
}

// tokens are the words of a text that could be base64. A word that begins a
// line may belong to a long one before it; where more stands on its line, it
// ends that, and both are given, with it and without.
func tokens(text []byte) (all [][]byte) {
	var token []byte
	for len(text) > 0 {
		var line []byte
		line, text, _ = bytes.Cut(text, []byte("\n"))
		words := bytes.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" \t\f\"'`:,;&|{}[]()<>", r) })
		if len(words) == 0 {
			continue
		}
		begins := bytes.HasPrefix(bytes.TrimLeft(line, " \t\"'"), words[0])
		alone := begins && len(words) == 1 && len(words[0]) == len(bytes.Trim(line, " \t\"',"))
		continues := begins && len(token) >= 32 && !bytes.HasSuffix(token, []byte("=")) && isBase64(words[0])
		if continues && alone {
			token = append(token, words[0]...)
			continue
		}
		if continues && len(words) == 1 {
			words = append(words, nil) // which ends it
		}
		for i, word := range words {
			next := bytes.Clone(assigned(word))
			if continues && i == 0 {
				next = slices.Concat(token, word)
			}
			if len(token) >= minimalToken {
				all = append(all, token)
			}
			token = next
		}
	}
	return append(all, token)
}

// assigned is the value in NAME=VALUE, or the word itself.
func assigned(word []byte) []byte {
	if at := bytes.IndexByte(bytes.TrimRight(word, "="), '='); at >= 0 {
		return word[at+1:]
	}
	return word
}

// worthwhile reports whether decoded text is a format we know, or holds PEM.
func worthwhile(decoded []byte) bool {
	return recognizable(decoded) || bytes.Contains(plainText(decoded), []byte("BEGIN"))
}

// promising reports whether the decoded whole of a text is a format we know,
// damaged or encoded once more perhaps.
func (x *extraction) promising(decoded []byte) bool {
	return worthwhile(decoded) || decoded[0] == tagSequence || isText(decoded) && len(x.armourless(decoded)) > 0
}

// decodeToken decodes hexadecimal, or base64 of either alphabet. What follows
// base64 on lines of its own, such as the end of a part of a mail, may be of
// its alphabet: it is decoded with it, to be left alone by who reads that.
func decodeToken(token []byte) ([]byte, bool) {
	if len(token) < minimalToken {
		return nil, false
	}
	clean := bytes.Map(func(r rune) rune {
		switch {
		case r <= ' ' || r == ':':
			return -1
		case r == '-':
			return '+'
		case r == '_':
			return '/'
		}
		return r
	}, token)
	clean = bytes.TrimPrefix(bytes.TrimPrefix(clean, []byte("0x")), []byte(`\x`))
	decoded := make([]byte, len(clean))
	if n, err := hex.Decode(decoded, clean); err == nil {
		return decoded[:n], n > 0
	}
	if bytes.ContainsAny(token, ":") {
		return nil, false
	}
	clean = bytes.TrimRight(clean, "=")
	if len(clean)%4 == 1 {
		clean = clean[:len(clean)-1]
	}
	n, err := base64.RawStdEncoding.Decode(decoded, clean)
	return decoded[:n], err == nil && n > 0
}
