package keyfile

import (
	"crypto/hmac"
	"crypto/subtle"
	"errors"
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
	var fitting password
	fits, err := p.oneOf(p.passwords, alg.oid != oidPBMAC1, func(pw password) (bool, error) {
		fitting = pw
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
		p.passwords, p.authenticated = append([]password{fitting}, p.passwords...), true
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
	switch some, all := p.opens(content); {
	case all:
		return fault(WrongPassword, "the password decrypts the PKCS #12 file and does not fit its MAC: the file was changed, "+
			"or its MAC has another password; give that as the password, and this one as the key's")
	case some:
		return fault(WrongPassword, "the password fits a part of the PKCS #12 file alone; give that of the rest as the password, and this one as the key's")
	}
	return fault(WrongPassword, "the password does not fit the PKCS #12 file, or the file is damaged")
}

// opens says whether a password decrypts some, or all, of what is encrypted
// first: a safe, and a key.
func (p *pkcs12File) opens(content []byte) (some, all bool) {
	var seen [2]bool
	all = true
	for safes := sequenceOf(content); safes.more(); {
		info := safes.sequence()
		oid := info.oid()
		inner := info.expect(tagContext0).fields()
		var plain []byte
		var err error
		if oid == oidEncryptedData {
			if seen[0] {
				continue
			}
			seen[0] = true
			plain, err = p.encryptedSafe(inner.sequence())
		} else {
			octets, _ := inner.onlyOctets()
			bag := sequenceOf(octets).sequence()
			if bag.oid() != oidShroudedKeyBag || seen[1] {
				continue
			}
			seen[1] = true
			plain, err = p.shroudedKey(bag.expect(tagContext0).fields().sequence(), "")
		}
		fits := err == nil && isWhole(plain)
		some, all = some || fits, all && fits
	}
	return some, some && all
}
