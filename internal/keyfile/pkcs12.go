package keyfile

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The bags of a PKCS #12 file (RFC 7292 4.2), and their attributes.
const (
	oidKeyBag          = "1.2.840.113549.1.12.10.1.1"
	oidShroudedKeyBag  = "1.2.840.113549.1.12.10.1.2"
	oidCertBag         = "1.2.840.113549.1.12.10.1.3"
	oidCRLBag          = "1.2.840.113549.1.12.10.1.4"
	oidSecretBag       = "1.2.840.113549.1.12.10.1.5"
	oidSafeContentsBag = "1.2.840.113549.1.12.10.1.6"

	oidX509Certificate = "1.2.840.113549.1.9.22.1"
	oidFriendlyName    = "1.2.840.113549.1.9.20"
	oidLocalKeyID      = "1.2.840.113549.1.9.21"
	oidTrustedKeyUsage = "2.16.840.1.113894.746875.1.1" // Java's mark of a trusted certificate
)

// pkcs12File is a PFX (RFC 7292 4) while it is being read.
type pkcs12File struct {
	*extraction
	given         [][]byte   // the passwords to try, each on everything
	passwords     []password // their readings; once the MAC has said which fits, that one first
	authenticated bool       // the MAC fits, so that nothing is damaged
}

// pkcs12 reads a PFX: first its MAC, which also says whether the password is
// right, then its safes.
func (x *extraction) pkcs12(pfx value) error {
	if err := x.enter(); err != nil {
		return err
	}
	defer x.leave()
	p := &pkcs12File{extraction: x, given: [][]byte{x.options.Password}}
	if x.options.KeyPassword != nil {
		p.given = append(p.given, x.options.KeyPassword)
	}
	for _, text := range p.given {
		p.passwords = append(p.passwords, passwords(text)...)
	}
	f := pfx.fields()
	f.integer()
	info := f.sequence()
	oid := info.oid()
	if f.err == nil && oid == oidSignedData {
		return x.part(fault(UnsupportedFormat, "a PKCS #12 file in public-key integrity mode (signed, not protected by a password); export it anew with a password"))
	}
	wrapped := info.expect(tagContext0)
	if err := errors.Join(f.err, info.err); err != nil {
		return x.part(corrupt("PKCS #12", err))
	}
	content, err := wrapped.fields().onlyOctets()
	if err != nil {
		return x.part(corrupt("PKCS #12", err))
	}
	if f.more() {
		err = p.verifyMAC(f.sequence(), content)
	} else {
		err = p.withoutMAC()
	}
	if err != nil {
		return x.part(err)
	}
	safes := sequenceOf(content)
	for safes.more() {
		if err := p.safe(safes.sequence()); err != nil {
			if err := x.part(err); err != nil {
				return err
			}
		}
	}
	if safes.err != nil {
		return x.part(corrupt("PKCS #12", safes.err))
	}
	return nil
}

func (p *pkcs12File) withoutMAC() error {
	if !p.options.AllowNoMAC {
		return fault(UnsupportedFormat, "a PKCS #12 file without a MAC, so that nothing shows whether it was changed on the way; "+
			"allow that (AllowNoMAC) or export it anew: openssl pkcs12 -in FILE -nodes | openssl pkcs12 -export -out new.p12")
	}
	p.warn("not-authenticated", "the PKCS #12 file has no MAC, so that nothing shows whether it was changed on the way")
	return nil
}

// safe reads one ContentInfo of the AuthenticatedSafe.
func (p *pkcs12File) safe(info *fields) error {
	oid := info.oid()
	wrapped := info.expect(tagContext0)
	if info.err != nil {
		return corrupt("PKCS #12", info.err)
	}
	inner := wrapped.fields()
	switch oid {
	case oidData:
		octets, err := inner.onlyOctets()
		if err != nil {
			return corrupt("PKCS #12", err)
		}
		return p.bags(octets)
	case oidEncryptedData:
		plain, err := p.encryptedSafe(inner.sequence())
		if err != nil {
			return err
		}
		return p.bags(plain)
	case oidEnvelopedData:
		return fault(UnsupportedFormat, "a PKCS #12 safe that is encrypted to a public key; export the file anew with a password")
	}
	return corrupt("PKCS #12", fmt.Errorf("a safe of the type %s", describeOID(oid)))
}

// encryptedSafe decrypts EncryptedData (RFC 2315 13).
func (p *pkcs12File) encryptedSafe(f *fields) ([]byte, error) {
	f.count()
	content := f.sequence()
	content.oid()
	alg := content.algorithm()
	if err := errors.Join(f.err, content.err); err != nil {
		return nil, corrupt("PKCS #12", err)
	}
	v := content.next() // [0] IMPLICIT OCTET STRING
	ciphertext, err := v.octets()
	if err = errors.Join(content.err, err); err != nil {
		return nil, corrupt("PKCS #12", err)
	}
	return p.decrypt(alg, ciphertext, "certificates")
}

// shroudedKey decrypts EncryptedPrivateKeyInfo (RFC 5958 3).
func (p *pkcs12File) shroudedKey(f *fields, what string) ([]byte, error) {
	alg, ciphertext := f.algorithm(), f.octets()
	if f.err != nil {
		return nil, corrupt("encrypted key of the PKCS #12 file", f.err)
	}
	return p.decrypt(alg, ciphertext, what)
}

// decrypt tries the readings of the passwords. What is not a SEQUENCE after it
// had the wrong one.
func (p *pkcs12File) decrypt(alg algorithm, ciphertext []byte, what string) (plain []byte, err error) {
	fits, err := p.oneOf(p.alternatives(), alg.ofBMP(), func(pw password) (bool, error) {
		plain, err = decryptPBE(&p.budget, alg, ciphertext, pw)
		if err == errDecrypt {
			return false, nil
		}
		return isSequence(plain), err
	})
	if err == nil && !fits {
		err = p.undecryptable(what)
	}
	return plain, err
}

// alternatives are the readings of the passwords for decryption. Some writers
// use another than for the MAC: no password where the MAC has the empty one, one
// of its own for the key or for all that is encrypted, and NSS once the UTF-16
// form where PBES2 wants UTF-8.
func (p *pkcs12File) alternatives() []password {
	all := slices.Clone(p.passwords)
	widest := p.passwords
	if p.authenticated {
		widest = widest[:1]
	}
	for _, pw := range widest {
		all = append(all, password{utf8: pw.bmp, bmp: pw.bmp})
	}
	return all
}

// isSequence reports whether octets begin with a SEQUENCE, isWhole whether they
// are one.
func isSequence(b []byte) bool {
	v, _, err := readValue(b)
	return err == nil && v.tag == tagSequence
}

func isWhole(b []byte) bool {
	v, err := whole(b)
	return err == nil && v.tag == tagSequence
}

// undecryptable is the fault where no reading of a password decrypts.
func (p *pkcs12File) undecryptable(what string) *Error {
	e := refusedPassword(p.given, "the PKCS #12 file is encrypted")
	if !p.authenticated {
		return e
	}
	e.Message = "another password than that of the PKCS #12 file encrypts its " + what + "; give it as the key's password"
	return e
}

// bags reads SafeContents (RFC 7292 4.2).
func (p *pkcs12File) bags(octets []byte) error {
	list := sequenceOf(octets)
	for list.more() {
		if err := p.bag(list.sequence()); err != nil {
			return err
		}
	}
	if list.err != nil {
		return corrupt("PKCS #12", list.err)
	}
	return nil
}

func (p *pkcs12File) bag(f *fields) error {
	oid := f.oid()
	wrapped := f.expect(tagContext0)
	if f.err != nil {
		return corrupt("PKCS #12", f.err)
	}
	if err := p.object(); err != nil {
		return err
	}
	attributes := bagAttributesOf(f)
	inner := wrapped.fields()
	switch oid {
	case oidKeyBag, oidShroudedKeyBag:
		k, err := p.bagKey(oid, inner.next().raw, attributes.friendlyName)
		if err != nil {
			return p.part(err)
		}
		k.Alias, k.entry = attributes.friendlyName, attributes.localKeyID
		return p.addKey(k, nil)
	case oidCertBag:
		c, err := bagCertificate(inner.sequence())
		if err != nil || c == nil {
			return p.part(err)
		}
		c.Alias, c.entry = attributes.friendlyName, attributes.localKeyID
		c.TrustAnchor = c.TrustAnchor || attributes.trusted
		return p.addCertificate(c, nil)
	case oidCRLBag:
		return p.note("a certificate revocation list")
	case oidSecretBag:
		return p.note("a secret key, which TLS does not use")
	case oidSafeContentsBag:
		if err := p.enter(); err != nil {
			return err
		}
		defer p.leave()
		return p.bags(inner.next().raw)
	}
	return p.note("a bag of the type " + oid)
}

// bagKey reads a KeyBag or PKCS8ShroudedKeyBag.
func (p *pkcs12File) bagKey(oid string, raw []byte, name string) (*Key, error) {
	if oid == oidKeyBag {
		return parsePKCS8(&p.budget, raw)
	}
	what := "private key"
	if name != "" {
		what = fmt.Sprintf("private key %q", name)
	}
	plain, err := p.shroudedKey(sequenceOf(raw), what)
	if err != nil {
		return nil, err
	}
	return parsePKCS8(&p.budget, plain)
}

// bagCertificate reads a CertBag; nil without error for the one other kind,
// SDSI certificates.
func bagCertificate(f *fields) (*Certificate, error) {
	oid := f.oid()
	wrapped := f.expect(tagContext0)
	if f.err != nil {
		return nil, corrupt("certificate of the PKCS #12 file", f.err)
	}
	if oid != oidX509Certificate {
		return nil, fault(UnsupportedFormat, "a certificate of the type %s, which is not X.509", oid)
	}
	octets, err := wrapped.fields().onlyOctets()
	if err != nil {
		return nil, corrupt("certificate of the PKCS #12 file", err)
	}
	return newCertificate(octets)
}

// pkcs12Attributes are the attributes of a bag that we use.
type pkcs12Attributes struct {
	friendlyName, localKeyID string
	trusted                  bool
}

// bagAttributesOf reads the bag's SET of attributes. A damaged one names
// nothing, which is no reason to refuse the bag.
func bagAttributesOf(f *fields) (a pkcs12Attributes) {
	set, there := f.optional(tagSet)
	if !there {
		return a
	}
	for list := set.fields(); list.more(); {
		attribute := list.sequence()
		oid := attribute.oid()
		first := attribute.expect(tagSet).fields().next()
		switch oid {
		case oidFriendlyName:
			if text, ok := directoryString(first); ok {
				a.friendlyName = strings.TrimRight(text, "\x00")
			}
		case oidLocalKeyID:
			a.localKeyID = string(first.body)
		case oidTrustedKeyUsage:
			a.trusted = true
		}
	}
	return a
}
