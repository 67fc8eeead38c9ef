package keyfile

import (
	"unicode/utf16"
	"unicode/utf8"
)

// password is one reading of what the caller gave, in the two encodings that
// formats derive keys from.
type password struct {
	utf8 []byte
	bmp  []byte // UTF-16BE with a terminating zero (RFC 7292 B.1); for "no password" nothing at all
}

// passwords are the readings of one given password, the likely one first.
// Beyond the BMP OpenSSL and Java write surrogates. Text that is not ASCII was
// widened octet by octet before OpenSSL 1.1, and what is not UTF-8 still is; and
// the terminals of that time gave it in Latin-1.
// The empty password is told from no password only by its terminator, and
// files are made with either.
func passwords(given []byte) []password {
	if len(given) == 0 {
		return []password{{given, []byte{0, 0}}, {given, nil}}
	}
	var all []password
	ascii := true
	for _, octet := range given {
		ascii = ascii && octet < 0x80
	}
	if utf8.Valid(given) {
		all = append(all, password{given, bmpFromUTF8(given)})
	}
	if ascii {
		return all
	}
	all = append(all, password{given, widened(given)})
	if latin, ok := inLatin1(given); ok {
		all = append(all, password{latin, widened(latin)})
	}
	return all
}

// inLatin1 is UTF-8 text in Latin-1, if it can be.
func inLatin1(text []byte) ([]byte, bool) {
	var out []byte
	for _, r := range string(text) {
		if r > 0xff {
			return nil, false
		}
		out = append(out, byte(r))
	}
	return out, utf8.Valid(text)
}

func bmpFromUTF8(text []byte) []byte {
	var out []byte
	for _, unit := range utf16.Encode([]rune(string(text))) {
		out = append(out, byte(unit>>8), byte(unit))
	}
	return append(out, 0, 0)
}

func widened(text []byte) []byte {
	out := make([]byte, 0, 2*len(text)+2)
	for _, octet := range text {
		out = append(out, 0, octet)
	}
	return append(out, 0, 0)
}
