package keyfile

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"iter"
	"net/url"
	"strings"
)

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
// line may belong to a long one before it; where more stands on its line, it
// ends that, and both are given, with it and without.
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
			if begins && len(token) >= 32 && !bytes.HasSuffix(token, []byte("=")) && isBase64(words[0]) {
				if !alone && !yield(token) {
					return
				}
				token = append(token, words[0]...)
				if alone {
					continue
				}
				words[0] = nil // the next, which ends this one
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
