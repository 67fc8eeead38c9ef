package keyfile

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

// content reads what may be binary or text of any kind, or several of these put
// together.
func (x *extraction) content(b []byte) error {
	if err := x.enter(); err != nil {
		return err
	}
	defer x.leave()
	if len(bytes.Trim(b, " \t\r\n\x00")) == 0 {
		return x.part(fault(Empty, "the file is empty"))
	}
	if isJavaKeystore(b) {
		return x.javaKeystore(b)
	}
	for more := true; more; _, more = findMarker(b, 0, "BEGIN") {
		text, octets := apart(b)
		if len(text) > 0 {
			if err := x.text(text); err != nil {
				return err
			}
		}
		if len(octets) == 0 {
			return nil
		}
		var err error
		if b, err = x.values(octets, ""); err != nil {
			return err
		}
	}
	return nil
}

// apart is the text that a file begins with, and the octets of a binary format
// behind it: at once, or behind a PEM block.
func apart(b []byte) (text, octets []byte) {
	const space = " \t\r\n"
	if start := bytes.TrimLeft(bytes.TrimPrefix(b, []byte("\ufeff")), space); recognizable(start) || isLongSequence(start) {
		return nil, start
	}
	for from := 0; ; {
		begin, _ := findMarker(b, from, "BEGIN")
		end, ok := findMarker(b, begin.end, "END")
		if begin.end == 0 || !ok {
			return b, nil
		}
		// Of indefinite length, it would be read to its end to recognize it.
		if octets = bytes.TrimLeft(b[end.end:], space); isLongSequence(octets) && octets[1] > 0x80 && recognizable(octets) {
			return b[:end.end], octets
		}
		from = end.end
	}
}

// text reads text of any kind.
func (x *extraction) text(b []byte) error {
	text := plainText(b)
	if keys := jsonKeys(text); len(keys) > 0 {
		return x.jwk(keys)
	}
	var decoded [][]byte
	if blocks, around := armoured(text); len(blocks) > 0 {
		if err := x.pem(blocks); err != nil {
			return err
		}
		decoded = x.parts(around)
	} else if beginsJSONKey(text) { // its base64 by itself would be half of it
		return x.part(unrecognized(b, text))
	} else if decoded = x.armourless(text); len(decoded) == 0 {
		return x.part(unrecognized(b, text))
	}
	for _, part := range decoded {
		if err := x.content(part); err != nil {
			return err
		}
	}
	return nil
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
