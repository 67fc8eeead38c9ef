package keyfile

import "errors"

// pkcs7 reads ContentInfo (RFC 2315 7). Of signed data it takes the
// certificates, which is what a PKCS #7 bag from an authority is; whoever
// signed what is not looked at.
func (x *extraction) pkcs7(info value) error {
	f := info.fields()
	oid := f.oid()
	content := f.next()
	switch oid {
	case oidSignedData:
	case oidData:
		if f.err == nil {
			if octets, err := content.fields().onlyOctets(); err == nil && shapeOfBytes(octets) != shapeUnknown {
				return x.nested(octets)
			}
		}
		return x.note("PKCS #7 data without certificates")
	case "2.16.840.1.113730.2.5": // Netscape certificate sequence
		for list := content.fields().sequence(); list.more(); {
			if err := x.addCertificate(newCertificate(list.next().raw)); err != nil {
				return err
			}
		}
		return nil
	default:
		if name := algorithmNames[oid]; name != "" {
			return x.note(name + ", without certificates to read")
		}
		return x.note("a PKCS #7 content of the type " + oid)
	}
	signed := content.fields().sequence()
	signed.count()
	signed.expect(tagSet)
	signed.expect(tagSequence)
	if err := errors.Join(f.err, signed.err); err != nil {
		return x.part(corrupt("PKCS #7", err))
	}
	bag, there := signed.optional(tagContext0)
	if !there || len(bag.body) == 0 {
		return x.note("PKCS #7 signed data without a certificate")
	}
	for certificates := bag.fields(); certificates.more(); {
		v := certificates.next()
		if certificates.err != nil {
			return x.part(corrupt("PKCS #7", certificates.err))
		}
		if v.tag != tagSequence {
			continue // attribute and other certificates (RFC 5652 10.2.2)
		}
		if err := x.addCertificate(newCertificate(v.raw)); err != nil {
			return err
		}
	}
	return nil
}

// onlyOctets reads an OCTET STRING with nothing behind it.
func (f *fields) onlyOctets() ([]byte, error) {
	octets := f.octets()
	f.end()
	return octets, f.err
}

// nested reads a container within a container.
func (x *extraction) nested(octets []byte) error {
	if err := x.enter(); err != nil {
		return err
	}
	defer x.leave()
	return x.asn1(octets, "")
}
