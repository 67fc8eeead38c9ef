package keyfile

import (
	"math/big"
	"strconv"
	"strings"
)

// derOID is the encoding of a dotted OBJECT IDENTIFIER of ours.
func derOID(dotted string) []byte {
	var arcs []uint64
	for part := range strings.SplitSeq(dotted, ".") {
		arc, _ := strconv.ParseUint(part, 10, 64)
		arcs = append(arcs, arc)
	}
	body := []byte{}
	for i, arc := range arcs[1:] {
		if i == 0 {
			arc += 40 * arcs[0]
		}
		octets := []byte{byte(arc & 0x7f)}
		for arc >>= 7; arc > 0; arc >>= 7 {
			octets = append([]byte{byte(arc&0x7f) | 0x80}, octets...)
		}
		body = append(body, octets...)
	}
	return der(tagOID, body)
}

// der encodes one value in DER, its contents given in parts.
func der(tag byte, parts ...[]byte) []byte {
	length := 0
	for _, part := range parts {
		length += len(part)
	}
	out := make([]byte, 0, length+6)
	out = append(out, tag)
	switch {
	case length < 0x80:
		out = append(out, byte(length))
	case length < 0x100:
		out = append(out, 0x81, byte(length))
	case length < 0x10000:
		out = append(out, 0x82, byte(length>>8), byte(length))
	default:
		out = append(out, 0x84, byte(length>>24), byte(length>>16), byte(length>>8), byte(length))
	}
	for _, part := range parts {
		out = append(out, part...)
	}
	return out
}

// derInteger encodes n, which is not negative.
func derInteger(n *big.Int) []byte {
	b := n.Bytes()
	if len(b) == 0 || b[0]&0x80 != 0 {
		b = append([]byte{0}, b...)
	}
	return der(tagInteger, b)
}

func derBits(b []byte) []byte { return der(tagBitString, []byte{0}, b) }

// derIntegers encodes numbers that are not negative, big-endian; nil is zero.
func derIntegers(numbers ...[]byte) (encoded [][]byte) {
	for _, number := range numbers {
		encoded = append(encoded, derInteger(new(big.Int).SetBytes(number)))
	}
	return encoded
}

// rsaOf is RSAPrivateKey (RFC 8017, appendix A.1.2) of n, e, d, p and q, without
// what follows from them.
func rsaOf(numbers ...[]byte) []byte {
	numbers = append(append([][]byte{nil}, numbers...), nil, nil, nil)
	return der(tagSequence, derIntegers(numbers...)...)
}
