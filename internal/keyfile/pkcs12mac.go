package keyfile

import (
	"crypto/hmac"
	"crypto/subtle"
	"errors"
	"slices"
)

// verifyMAC reads MacData (RFC 7292 4, RFC 9579) and puts the reading of the
// password that fits before the others.
func (p *pkcs12File) verifyMAC(f *fields, content []byte) error {
	info := f.sequence()
	alg, digest := info.algorithm(), info.octets()
	salt, rounds := f.octets(), 1
	if f.more() {
		rounds = f.count()
	}
	if err := errors.Join(info.err, f.err); err != nil {
		return corrupt("MAC of the PKCS #12 file", err)
	}
	if rounds == 0 {
		return corrupt("MAC of the PKCS #12 file", errors.New("an iteration count of 0"))
	}
	tried := 0
	fits, err := p.oneOf(p.passwords, func(pw password) (bool, error) {
		tried++
		if alg.oid == oidPBMAC1 {
			return verifyPBMAC1(&p.budget, alg, content, digest, pw)
		}
		newHash, known := digestHashes.find(alg.oid)
		if !known {
			return false, unsupported("the MAC with the hash", alg.oid)
		}
		key, err := pkcs12KDF(&p.budget, newHash, forMAC, pw.bmp, salt, rounds, newHash().Size())
		if err != nil {
			return false, err
		}
		mac := hmac.New(newHash, key)
		mac.Write(content)
		return subtle.ConstantTimeCompare(mac.Sum(nil), digest) == 1, nil
	})
	switch {
	case err != nil:
		return err
	case fits:
		fitting := p.passwords[tried-1]
		p.passwords = slices.Insert(slices.Delete(p.passwords, tried-1, tried), 0, fitting)
		p.authenticated = true
		return nil
	}
	e := refusedPassword([][]byte{p.options.Password}, "the PKCS #12 file is protected")
	if e.Kind == WrongPassword {
		return p.misfit(content)
	}
	return e
}

// misfit is the fault of a password that the MAC refuses. What the password
// decrypts tells a wrong one from that of another part; damage to what the MAC
// covers cannot be told from a MAC with a password of its own.
func (p *pkcs12File) misfit(content []byte) *Error {
	opened, closed := "", ""
	for what, fits := range p.openable(content) {
		if fits {
			opened = what
		} else {
			closed = what
		}
	}
	switch {
	case opened == "":
		return fault(WrongPassword, "the password does not fit the PKCS #12 file, or the file is damaged")
	case closed == "":
		return fault(WrongPassword, "the password decrypts the PKCS #12 file and does not fit its MAC: that has another password "+
			"(give it as the password, and this one as the key's), or the file is damaged or was changed")
	}
	return fault(WrongPassword, "the password fits the %s of the PKCS #12 file, and neither its MAC nor its %s; "+
		"give the one that fits these as the password, and this one as the key's", opened, closed)
}

// openable says, of the first encrypted certificates and the first encrypted
// key, whether a password decrypts them.
func (p *pkcs12File) openable(content []byte) map[string]bool {
	found := map[string]bool{}
	see := func(what string, decrypt func() ([]byte, error)) {
		if _, seen := found[what]; !seen {
			plain, err := decrypt()
			found[what] = err == nil && isWhole(plain)
		}
	}
	for safes := sequenceOf(content); safes.more(); {
		info := safes.sequence()
		oid := info.oid()
		inner := info.expect(tagContext0).fields()
		if oid == oidEncryptedData {
			see("certificates", func() ([]byte, error) { return p.encryptedSafe(inner.sequence()) })
			continue
		}
		octets, _ := inner.onlyOctets()
		bag := sequenceOf(octets).sequence()
		if bag.oid() == oidShroudedKeyBag {
			see("private key", func() ([]byte, error) {
				return p.shroudedKey(bag.expect(tagContext0).fields().sequence(), "private key")
			})
		}
	}
	return found
}
