package keyfile

import (
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// Universal tags, and the identifier octets that carry them (X.690 8.1.2).
const (
	tagBoolean         = 0x01
	tagInteger         = 0x02
	tagBitString       = 0x03
	tagOctetString     = 0x04
	tagNull            = 0x05
	tagOID             = 0x06
	tagUTF8String      = 0x0c
	tagSequence        = 0x30
	tagSet             = 0x31
	tagNumericString   = 0x12
	tagPrintableString = 0x13
	tagTeletexString   = 0x14
	tagIA5String       = 0x16
	tagUTCTime         = 0x17
	tagGeneralizedTime = 0x18
	tagVisibleString   = 0x1a
	tagUniversalString = 0x1c
	tagBMPString       = 0x1e

	bitConstructed = 0x20
	classContext   = 0x80
	tagContext0    = classContext | bitConstructed // [0], constructed
	tagContext1    = classContext | bitConstructed | 1
)

// maxNesting bounds how deep values may lie in each other. X.509, CMS and
// PKCS #12 stay below 20; BER strings of strings add a few.
const maxNesting = 48

var errTruncated = errors.New("ASN.1: it ends in the middle of a value")

// value is one ASN.1 value as it lies in the file. It reads BER (X.690 8) and
// shows it as DER would: indefinite lengths have their end found, and strings
// that were cut in segments are joined by [value.octets]. The raw octets stay
// as they are, since signatures and fingerprints are over them.
type value struct {
	tag  byte   // the identifier octet
	body []byte // the contents, without end-of-contents
	raw  []byte // the whole encoding
}

func (v value) constructed() bool { return v.tag&bitConstructed != 0 }

// readValue reads the value at the front of b, and gives what follows it.
func readValue(b []byte) (value, []byte, error) { return readNested(b, 0) }

func readNested(b []byte, depth int) (v value, rest []byte, err error) {
	if depth > maxNesting {
		return v, nil, fault(TooLarge, "ASN.1: nested more than %d deep", maxNesting)
	}
	if len(b) < 2 {
		return v, nil, errTruncated
	}
	if b[0]&0x1f == 0x1f {
		return v, nil, errors.New("ASN.1: a tag above 30, which no credential format uses")
	}
	header, length, err := readLength(b)
	if err != nil {
		return v, nil, err
	}
	if length >= 0 {
		end := header + length
		return value{b[0], b[header:end], b[:end]}, b[end:], nil
	}
	if b[0]&bitConstructed == 0 {
		return v, nil, errors.New("ASN.1: a primitive value of indefinite length")
	}
	for inner := b[header:]; ; {
		if len(inner) < 2 {
			return v, nil, errTruncated
		}
		if inner[0] == 0 && inner[1] == 0 {
			end := len(b) - len(inner)
			return value{b[0], b[header:end], b[:end+2]}, inner[2:], nil
		}
		if _, inner, err = readNested(inner, depth+1); err != nil {
			return v, nil, err
		}
	}
}

// readLength reads the length octets (X.690 8.1.3) behind a one-octet
// identifier: the size of both, and the length of the contents, which lie
// within b; or -1 where it is indefinite.
func readLength(b []byte) (header, length int, err error) {
	first := b[1]
	switch {
	case first < 0x80:
		header, length = 2, int(first)
	case first == 0x80:
		return 2, -1, nil
	default:
		count := int(first & 0x7f)
		if len(b) < 2+count {
			return 0, 0, errTruncated
		}
		for _, octet := range b[2 : 2+count] {
			if length > len(b)>>8 {
				return 0, 0, errTruncated
			}
			length = length<<8 | int(octet)
		}
		header = 2 + count
	}
	if length > len(b)-header {
		return 0, 0, errTruncated
	}
	return header, length, nil
}

// whole reads b as one value with nothing behind it.
func whole(b []byte) (value, error) {
	v, rest, err := readValue(b)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("ASN.1: %d octets follow the value", len(rest))
	}
	return v, err
}

// octets gives the contents of a string, joining the segments of a constructed
// one (X.690 8.7.3).
func (v value) octets() ([]byte, error) { return v.join(0) }

func (v value) join(depth int) ([]byte, error) {
	if !v.constructed() {
		return v.body, nil
	}
	if depth > maxNesting {
		return nil, fault(TooLarge, "ASN.1: nested more than %d deep", maxNesting)
	}
	var all []byte
	for rest := v.body; len(rest) > 0; {
		segment, after, err := readValue(rest)
		if err != nil {
			return nil, err
		}
		part, err := segment.join(depth + 1)
		if err != nil {
			return nil, err
		}
		all, rest = append(all, part...), after
	}
	return all, nil
}

// fields reads the members of a constructed value, one after the other. The
// first fault sticks, so that a structure is read in one go and checked once.
type fields struct {
	rest []byte
	err  error
}

func (v value) fields() *fields {
	f := &fields{rest: v.body}
	if !v.constructed() {
		f.err = fmt.Errorf("ASN.1: expected a structure, found tag %#02x", v.tag)
	}
	return f
}

// sequenceOf reads b as one SEQUENCE and opens it.
func sequenceOf(b []byte) *fields {
	v, err := whole(b)
	if err == nil && v.tag != tagSequence {
		err = fmt.Errorf("ASN.1: expected a SEQUENCE, found tag %#02x", v.tag)
	}
	if err != nil {
		return &fields{err: err}
	}
	return v.fields()
}

func (f *fields) more() bool { return f.err == nil && len(f.rest) > 0 }

// peek is the identifier octet of the next member, or 0.
func (f *fields) peek() byte {
	if !f.more() {
		return 0
	}
	return f.rest[0]
}

// end makes it a fault if anything follows what was read.
func (f *fields) end() {
	if f.more() {
		f.err = fmt.Errorf("ASN.1: %d octets that do not belong there", len(f.rest))
	}
}

func (f *fields) next() value {
	if f.err != nil {
		return value{}
	}
	v, rest, err := readValue(f.rest)
	if f.rest, f.err = rest, err; err != nil {
		return value{}
	}
	return v
}

// expect reads the next member, which must have this tag. A string may be
// constructed as well (BER).
func (f *fields) expect(tag byte) value {
	v := f.next()
	if f.err == nil && v.tag != tag && (v.tag != tag|bitConstructed || tag >= 0x30) {
		f.err = fmt.Errorf("ASN.1: expected tag %#02x, found %#02x", tag, v.tag)
	}
	return v
}

// optional reads the next member if it has this tag.
func (f *fields) optional(tag byte) (value, bool) {
	if f.peek() != tag {
		return value{}, false
	}
	v := f.next()
	return v, f.err == nil
}

func (f *fields) sequence() *fields {
	v := f.expect(tagSequence)
	if f.err != nil {
		return &fields{err: f.err}
	}
	return v.fields()
}

func (f *fields) octets() []byte {
	v := f.expect(tagOctetString)
	if f.err != nil {
		return nil
	}
	var b []byte
	b, f.err = v.octets()
	return b
}

// bits reads a BIT STRING of whole octets.
func (f *fields) bits() []byte {
	v := f.expect(tagBitString)
	if f.err != nil {
		return nil
	}
	b, err := bitsOf(v)
	f.err = err
	return b
}

func bitsOf(v value) ([]byte, error) {
	b, err := v.octets()
	if err != nil {
		return nil, err
	}
	if len(b) == 0 || b[0] != 0 {
		return nil, errors.New("ASN.1: a BIT STRING that is not whole octets")
	}
	return b[1:], nil
}

func (f *fields) oid() string {
	v := f.expect(tagOID)
	if f.err != nil {
		return ""
	}
	var s string
	s, f.err = oidString(v.body)
	return s
}

func (f *fields) integer() *big.Int {
	v := f.expect(tagInteger)
	if f.err != nil {
		return new(big.Int)
	}
	n, err := integerOf(v)
	f.err = err
	return n
}

// natural reads an INTEGER that is not negative.
func (f *fields) natural() *big.Int {
	n := f.integer()
	if f.err == nil && n.Sign() < 0 {
		f.err = errors.New("ASN.1: a negative INTEGER")
	}
	return n
}

func integerOf(v value) (*big.Int, error) {
	if len(v.body) == 0 {
		return new(big.Int), errors.New("ASN.1: an INTEGER without octets")
	}
	n := new(big.Int).SetBytes(v.body)
	if v.body[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(v.body))))
	}
	return n, nil
}

// count reads an INTEGER that counts something: at least 0, at most 2^31-1.
func (f *fields) count() int {
	n := f.integer()
	if f.err != nil {
		return 0
	}
	if n.Sign() < 0 || n.BitLen() > 31 {
		f.err = errors.New("ASN.1: a count that is negative or beyond 2^31")
		return 0
	}
	return int(n.Int64())
}

// oidString writes the contents of an OBJECT IDENTIFIER in dotted form.
func oidString(body []byte) (string, error) {
	if len(body) == 0 || len(body) > 64 || body[len(body)-1]&0x80 != 0 {
		return "", errors.New("ASN.1: a damaged OBJECT IDENTIFIER")
	}
	var s strings.Builder
	var arc uint64
	first := true
	for _, octet := range body {
		if arc > 1<<56 {
			return "", errors.New("ASN.1: a damaged OBJECT IDENTIFIER")
		}
		arc = arc<<7 | uint64(octet&0x7f)
		if octet&0x80 != 0 {
			continue
		}
		if first {
			top := min(arc/40, 2)
			s.WriteString(strconv.FormatUint(top, 10))
			arc -= top * 40
			first = false
		}
		s.WriteString("." + strconv.FormatUint(arc, 10))
		arc = 0
	}
	return s.String(), nil
}
