package keyfile

import (
	"bytes"
	"math/big"
)

// shape is what a DER or BER value turns out to be, by its structure alone:
// labels and file names lie.
type shape int

const (
	shapeUnknown shape = iota
	shapeCertificate
	shapeRequest
	shapeCRL
	shapePublicKey
	shapePKCS1Public
	shapePKCS8
	shapeEncryptedPKCS8
	shapePKCS1
	shapeSEC1
	shapeDSA
	shapeDHParameters
	shapeDSAParameters
	shapeCurve
	shapePKCS12
	shapePKCS7
	shapeBCFKS
)

// shapeOf classifies a value.
func shapeOf(v value) shape {
	if v.tag == tagOID {
		return shapeCurve
	}
	if v.tag != tagSequence {
		return shapeUnknown
	}
	members := memberTags(v, 11)
	is := func(tags ...byte) bool { return bytes.HasPrefix(members, tags) }
	first := v.fields().next()
	switch {
	case is(tagOID):
		return shapePKCS7
	case is(tagSequence, tagSequence, tagBitString):
		return signedShape(first)
	case is(tagSequence) && bytes.HasPrefix(memberTags(first, 2), []byte{tagContext0, tagInteger}):
		return shapeCertificate // of which the rest is damaged
	case is(tagSequence, tagBitString):
		return shapePublicKey
	case is(tagSequence, tagOctetString), is(tagSequence, tagOctetString|bitConstructed):
		return shapeEncryptedPKCS8
	case is(tagSequence, tagSequence):
		if bytes.HasPrefix(memberTags(first, 2), []byte{tagSequence, tagOctetString}) {
			return shapeBCFKS
		}
	case is(tagInteger, tagSequence, tagOctetString), is(tagInteger, tagSequence, tagOctetString|bitConstructed):
		return shapePKCS8
	case is(tagInteger, tagSequence):
		if f := v.fields(); f.integer().Cmp(big3) == 0 && f.sequence().peek() == tagOID {
			return shapePKCS12
		}
		return curveOrUnknown(v)
	case is(tagInteger, tagOctetString):
		return shapeSEC1
	}
	if n := leadingIntegers(members); n > 0 {
		switch {
		case n >= 9:
			return shapePKCS1
		case n == 6:
			return shapeDSA
		case n == 2 && len(members) == 2:
			return twoIntegers(v)
		case n == 3:
			return shapeDSAParameters
		}
	}
	return shapeUnknown
}

// curveOrUnknown tells explicit curve parameters, INTEGER 1 and a field, from
// the unknown.
func curveOrUnknown(v value) shape {
	f := v.fields()
	f.integer()
	if field := f.sequence(); field.oid() == "1.2.840.10045.1.1" || field.err == nil && f.peek() == tagSequence {
		return shapeCurve
	}
	return shapeUnknown
}

// signedShape tells the structures that are signed alike: certificates,
// requests (RFC 2986) and CRLs.
func signedShape(inner value) shape {
	tags := memberTags(inner, 6)
	is := func(start ...byte) bool { return bytes.HasPrefix(tags, start) }
	switch {
	case is(tagContext0, tagInteger), is(tagInteger, tagSequence, tagSequence, tagSequence, tagSequence):
		return shapeCertificate
	case is(tagInteger, tagSequence, tagSequence, tagContext0), len(tags) == 3 && is(tagInteger, tagSequence, tagSequence):
		return shapeRequest
	case is(tagSequence, tagSequence, tagUTCTime), is(tagInteger, tagSequence, tagSequence, tagUTCTime),
		is(tagSequence, tagSequence, tagGeneralizedTime), is(tagInteger, tagSequence, tagSequence, tagGeneralizedTime):
		return shapeCRL
	}
	return shapeCertificate // a damaged one, as it has no other shape
}

// twoIntegers tells an RSA public key from DH parameters: both are a large odd
// number and a small one, which as an exponent is 3 or above 5, and as a
// generator 2 or 5, or as large as the first.
func twoIntegers(v value) shape {
	f := v.fields()
	_, second := f.integer(), f.integer()
	if second.BitLen() > 64 || second.BitLen() <= 3 && second.Cmp(big3) != 0 {
		return shapeDHParameters
	}
	return shapePKCS1Public
}

// memberTags are the identifier octets of the first members, as far as they
// can be read.
func memberTags(v value, most int) []byte {
	var tags []byte
	for f := v.fields(); f.more() && len(tags) < most; {
		if member := f.next(); f.err == nil {
			tags = append(tags, member.tag)
		}
	}
	return tags
}

func leadingIntegers(tags []byte) int {
	for i, tag := range tags {
		if tag != tagInteger {
			return i
		}
	}
	return len(tags)
}

var big3 = big.NewInt(3)

// asn1 reads the values of a binary format. Octets behind the first that are no
// further value are left alone.
func (x *extraction) asn1(b []byte, label string) error {
	_, err := x.values(b, label)
	return err
}

// values reads all values that follow each other in b, as those of files do that
// were put together with cat. It gives what is behind them.
func (x *extraction) values(b []byte, label string) (rest []byte, err error) {
	v, rest, err := readValue(b)
	if err != nil {
		return nil, x.part(corrupt(firstOf(labelNames[label], "file"), err))
	}
	if err := x.value(v, label); err != nil {
		return nil, err
	}
	for label == "" {
		next := bytes.TrimLeft(rest, " \t\r\n")
		if len(next) == 0 || next[0] != tagSequence {
			break
		}
		v, after, err := readValue(next)
		if err != nil {
			break
		}
		if shape := shapeOf(v); shape == shapeUnknown || shape == shapePKCS7 {
			break
		}
		if err := x.value(v, label); err != nil {
			return nil, err
		}
		rest = after
	}
	return rest, nil
}

// value reads one value by its shape. The label is that of its PEM block.
func (x *extraction) value(v value, label string) error {
	switch shapeOf(v) {
	case shapeCertificate:
		x.named("der")
		c, err := newCertificate(v.raw)
		if err == nil {
			c.TrustAnchor = c.TrustAnchor || label == "TRUSTED CERTIFICATE"
		}
		return x.addCertificate(c, err)
	case shapePKCS8:
		x.named("pkcs8")
		return x.addKey(parsePKCS8(&x.budget, v.raw))
	case shapeEncryptedPKCS8:
		x.named("pkcs8")
		return x.addKey(parseEncryptedPKCS8(&x.budget, v.raw, x.keyPasswords()))
	case shapePKCS1:
		x.named("pkcs1")
		return x.addKey(parsePKCS1(&x.budget, v.raw))
	case shapeSEC1:
		x.named("sec1")
		return x.addKey(parseSEC1(&x.budget, v.raw, x.curve))
	case shapeDSA:
		x.named("dsa")
		return x.addKey(parseDSA(&x.budget, v.raw))
	case shapePKCS12:
		x.named("pkcs12")
		return x.pkcs12(v)
	case shapePKCS7:
		x.named("pkcs7")
		return x.pkcs7(v)
	case shapeCurve:
		x.curve = v
		return x.note("parameters of an elliptic curve")
	case shapePublicKey:
		if public, err := parsePublicKey(v.raw); err == nil {
			return x.note("a public key (" + public.String() + "), where the private key is needed")
		}
		return x.note("a public key, where the private key is needed")
	case shapePKCS1Public:
		return x.note("an RSA public key, where the private key is needed")
	case shapeRequest:
		return x.note("a certificate request, which the authority answers with the certificate")
	case shapeCRL:
		return x.note("a certificate revocation list")
	case shapeDHParameters:
		return x.note("Diffie-Hellman parameters")
	case shapeDSAParameters:
		return x.note("DSA parameters")
	case shapeBCFKS:
		return x.part(&Error{Kind: UnsupportedFormat, Format: "bcfks", Message: "a Bouncy Castle FIPS keystore (BCFKS); " + convertKeystore("BCFKS")})
	}
	return x.part(unrecognizedASN1(v, label))
}

func unrecognizedASN1(v value, label string) *Error {
	switch {
	case labelNames[label] != "":
		return fault(Corrupt, "the %s is damaged: its structure is not that of one", labelNames[label])
	case label != "":
		return fault(UnsupportedFormat, "a PEM block %q, which is no format for keys or certificates that we know", label)
	}
	if f := v.fields(); v.tag == tagSequence && f.more() {
		f.next()
		if f.err != nil {
			return corrupt("file", f.err)
		}
	}
	return fault(Unrecognized, "ASN.1 data that is no key, certificate or keystore")
}

func convertKeystore(kind string) string {
	return "convert it: keytool -importkeystore -srckeystore FILE -srcstoretype " + kind +
		" -providerpath bcprov.jar -provider org.bouncycastle.jce.provider.BouncyCastleProvider -destkeystore new.p12 -deststoretype PKCS12"
}
