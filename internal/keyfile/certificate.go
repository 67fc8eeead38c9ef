package keyfile

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"time"
)

// Certificate is an X.509 certificate, as it lies in the file. One that
// crypto/x509 refuses is kept all the same: its facts are read here, and
// Parsed is nil.
type Certificate struct {
	Raw         []byte
	SHA256      [32]byte
	Parsed      *x509.Certificate // nil if crypto/x509 refuses it
	ParseError  error             // why it does
	Subject     string            // RFC 4514
	Issuer      string
	NotBefore   time.Time // zero where the certificate does not say it readably
	NotAfter    time.Time
	Alias       string // the name it has in the file; may be empty
	TrustAnchor bool   // marked as trusted in its keystore, or self-signed

	rawSubject, rawIssuer []byte
	public                publicKey
	authority             bool   // basic constraints say CA, or there are none
	subjectKey, issuerKey []byte // key identifiers
	selfSigned            bool
	entry                 string // joins key and certificate of one bag or keystore entry
}

// newCertificate reads a certificate from the front of b. Octets behind it,
// as TRUSTED CERTIFICATE has them, are left out of Raw.
func newCertificate(b []byte) (*Certificate, error) {
	v, _, err := readValue(b)
	if err == nil && v.tag != tagSequence {
		err = errors.New("it is not a SEQUENCE")
	}
	if err != nil {
		return nil, corrupt("certificate", err)
	}
	c := &Certificate{Raw: bytes.Clone(v.raw), SHA256: sha256.Sum256(v.raw)}
	if err := c.read(); err != nil {
		return nil, corrupt("certificate", err)
	}
	if c.Parsed, c.ParseError = x509.ParseCertificate(c.Raw); c.ParseError != nil {
		c.Parsed = nil
	}
	return c, nil
}

// read takes what identities need from Certificate and TBSCertificate (RFC
// 5280 4.1), and is content with less than crypto/x509 is: unknown
// algorithms, odd strings, negative serial numbers, extensions gone wrong.
func (c *Certificate) read() error {
	outer := sequenceOf(c.Raw)
	tbs := outer.sequence()
	outer.algorithm()
	outer.expect(tagBitString)
	if outer.err != nil {
		return outer.err
	}
	tbs.optional(tagContext0)
	tbs.integer()
	tbs.algorithm()
	issuer := tbs.expect(tagSequence)
	validity := tbs.sequence()
	notBefore, notAfter := validity.next(), validity.next()
	subject, spki := tbs.expect(tagSequence), tbs.expect(tagSequence)
	if err := errors.Join(tbs.err, validity.err); err != nil {
		return err
	}
	var err error
	if c.Issuer, err = distinguishedName(issuer); err != nil {
		return err
	}
	if c.Subject, err = distinguishedName(subject); err != nil {
		return err
	}
	c.rawIssuer, c.rawSubject = issuer.raw, subject.raw
	c.NotBefore, c.NotAfter = readTime(notBefore), readTime(notAfter)
	if c.public, err = parsePublicKey(spki.raw); err != nil {
		c.public = publicKey{kind: "unreadable"}
	}
	c.authority = true
	for tbs.more() {
		if v := tbs.next(); v.tag == classContext|bitConstructed|3 {
			c.readExtensions(v)
		}
	}
	return nil
}

// readExtensions takes CA and key identifiers, as far as they can be read.
func (c *Certificate) readExtensions(v value) {
	for list := v.fields().sequence(); list.more(); {
		extension := list.sequence()
		oid := extension.oid()
		extension.optional(tagBoolean) // critical
		content := extension.octets()
		if extension.err != nil {
			continue
		}
		switch oid {
		case "2.5.29.19":
			constraints := sequenceOf(content)
			ca, there := constraints.optional(tagBoolean)
			c.authority = constraints.err == nil && there && len(ca.body) == 1 && ca.body[0] != 0
		case "2.5.29.14":
			if id, err := whole(content); err == nil {
				c.subjectKey = id.body
			}
		case "2.5.29.35":
			if id, there := sequenceOf(content).optional(classContext); there {
				c.issuerKey = id.body
			}
		}
	}
}

// signsItself reports whether a certificate names itself as its issuer and, as
// far as that can be checked, is signed with its own key.
func (c *Certificate) signsItself(b *budget) (bool, error) {
	if !bytes.Equal(c.rawSubject, c.rawIssuer) || len(c.rawSubject) <= 2 {
		return false, nil
	}
	if c.issuerKey != nil && c.subjectKey != nil {
		return bytes.Equal(c.issuerKey, c.subjectKey), nil
	}
	if c.Parsed == nil || c.tooLarge() {
		return true, nil
	}
	if err := b.check(c.checkPrice()); err != nil {
		return false, err
	}
	// An authority that changes its key may issue itself a certificate for the
	// new one, by the old one (RFC 5280, section 6.1: self-issued).
	err := c.Parsed.CheckSignature(c.Parsed.SignatureAlgorithm, c.Parsed.RawTBSCertificate, c.Parsed.Signature)
	var insecure x509.InsecureAlgorithmError
	return err == nil || errors.Is(err, x509.ErrUnsupportedAlgorithm) || errors.As(err, &insecure), nil
}

// readTime reads UTCTime and GeneralizedTime with the liberties of older
// writers: no seconds, an offset in the place of Z.
func readTime(v value) time.Time {
	text := string(v.body)
	layouts := []string{"20060102150405Z0700", "200601021504Z0700", "20060102150405.999999999Z0700"}
	if v.tag == tagUTCTime {
		layouts = []string{"060102150405Z0700", "0601021504Z0700"}
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil {
			if v.tag == tagUTCTime && t.Year() >= 2050 { // RFC 5280 4.1.2.5.1
				t = t.AddDate(-100, 0, 0)
			}
			return t.UTC()
		}
	}
	return time.Time{}
}
