package keyfile

import (
	"bytes"
	"crypto/des"
	"crypto/md5"
	"crypto/sha1"
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"
)

// The Java keystores of sun.security.provider and com.sun.crypto.provider. They
// differ in their magic number, in how they encrypt private keys, and in that
// only JCEKS has secret keys.
const (
	magicJKS   = "\xfe\xed\xfe\xed"
	magicJCEKS = "\xce\xce\xce\xce"

	oidJKSKey   = "1.3.6.1.4.1.42.2.17.1.1"
	oidJCEKSKey = "1.3.6.1.4.1.42.2.19.1"

	entryKey         = 1
	entryCertificate = 2
	entrySecretKey   = 3
)

// jksEntry is one entry of a Java keystore.
type jksEntry struct {
	kind         uint32
	alias        string
	key          []byte // EncryptedPrivateKeyInfo
	certificates [][]byte
}

// javaKeystore reads a JKS or JCEKS file: its structure, then its integrity,
// which also says whether the password is right, then its keys.
func (x *extraction) javaKeystore(b []byte) error {
	format := "jks"
	if bytes.HasPrefix(b, []byte(magicJCEKS)) {
		format = "jceks"
	}
	x.named(format)
	if len(b) < 12+sha1.Size {
		return x.part(corrupt("Java keystore", errShort))
	}
	content, digest := b[:len(b)-sha1.Size], b[len(b)-sha1.Size:]
	r := &octetReader{rest: content[4:]}
	version, count := r.uint32(), r.uint32()
	if version != 1 && version != 2 {
		return x.part(fault(UnsupportedFormat, "a Java keystore of version %d, where 1 and 2 are known", version))
	}
	var entries []jksEntry
	for range count {
		if err := x.object(); err != nil {
			return err
		}
		entries = append(entries, readEntry(r, version))
		if r.err != nil {
			return x.part(corrupt("Java keystore", r.err))
		}
	}
	if len(r.rest) > 0 {
		return x.part(corrupt("Java keystore", fmt.Errorf("%d octets follow its entries", len(r.rest))))
	}
	if err := x.keystoreIntegrity(content, digest); err != nil {
		return x.part(err)
	}
	for i, entry := range entries {
		if err := x.keystoreEntry(entry, fmt.Sprint(format, i)); err != nil {
			return err
		}
	}
	return nil
}

func readEntry(r *octetReader, version uint32) jksEntry {
	e := jksEntry{kind: r.uint32()}
	e.alias = strings.ToValidUTF8(string(r.take(r.uint16())), "�")
	r.take(8) // date of creation
	certificates := uint32(1)
	switch e.kind {
	case entryKey:
		e.key = r.blob()
		certificates = r.uint32()
	case entryCertificate:
	case entrySecretKey:
		skipJavaObject(r)
		return e
	default:
		if r.err == nil {
			r.err = fmt.Errorf("an entry of the unknown kind %d", e.kind)
		}
		return e
	}
	for ; certificates > 0 && r.err == nil; certificates-- {
		if version == 2 {
			r.take(r.uint16()) // type, always X.509
		}
		e.certificates = append(e.certificates, r.blob())
	}
	return e
}

// keystoreIntegrity checks the keyed digest over a keystore. Java reads a
// keystore without a password, then unchecked, and so do we.
func (x *extraction) keystoreIntegrity(content, digest []byte) error {
	for _, pw := range passwords(x.options.Password) {
		h := sha1.New()
		h.Write(unterminated(pw.bmp))
		h.Write([]byte("Mighty Aphrodite"))
		h.Write(content)
		if subtle.ConstantTimeCompare(h.Sum(nil), digest) == 1 {
			return nil
		}
	}
	if len(x.options.Password) == 0 {
		x.warn("not-authenticated", "the keystore was read without its password, so that nothing shows whether it was changed on the way")
		return nil
	}
	return fault(WrongPassword, "the password does not fit the Java keystore, or the file is damaged")
}

// unterminated is a UTF-16 password without its terminator.
func unterminated(bmp []byte) []byte { return bmp[:max(0, len(bmp)-2)] }

func (x *extraction) keystoreEntry(e jksEntry, id string) error {
	switch e.kind {
	case entrySecretKey:
		x.warn("secret-key-skipped", "the entry %q is a secret key, which TLS does not use", e.alias)
		return x.note("a secret key, which TLS does not use")
	case entryKey:
		k, err := x.keystoreKey(e)
		if err != nil {
			if err := x.part(err); err != nil {
				return err
			}
			break
		}
		k.Alias, k.entry = e.alias, id
		if err := x.addKey(k, nil); err != nil {
			return err
		}
	}
	for i, raw := range e.certificates {
		c, err := newCertificate(raw)
		if err == nil && i == 0 {
			c.Alias, c.entry = e.alias, id
			c.TrustAnchor = c.TrustAnchor || e.kind == entryCertificate
		}
		if err := x.addCertificate(c, err); err != nil {
			return err
		}
	}
	return nil
}

// keystoreKey decrypts the private key of an entry, which may have a password
// of its own.
func (x *extraction) keystoreKey(e jksEntry) (*Key, error) {
	what := fmt.Sprintf("the private key %q is encrypted", e.alias)
	f := sequenceOf(e.key)
	alg, ciphertext := f.algorithm(), f.octets()
	if f.err != nil {
		return nil, corrupt("key of the Java keystore", f.err)
	}
	decrypt := func(pw password) ([]byte, error) {
		switch alg.oid {
		case oidJKSKey:
			return decryptJKS(unterminated(pw.bmp), ciphertext)
		case oidJCEKSKey:
			return decryptJCEKS(&x.budget, alg, pw.utf8, ciphertext)
		}
		return decryptPBE(&x.budget, alg, ciphertext, pw)
	}
	parse := func(plain []byte) (*Key, error) { return parsePKCS8(&x.budget, plain) }
	k, err := openKey(&x.budget, alg.ofBMP(), x.keyPasswords(), what, decrypt, parse)
	if kindOf(err) == WrongPassword && x.options.KeyPassword == nil {
		return nil, fault(WrongPassword, "the private key %q has a password of its own, other than the keystore's; give it as the key's password", e.alias)
	}
	return k, err
}

// decryptJKS undoes sun.security.provider.KeyProtector: a key stream of SHA-1
// over the password and the digest before, and a digest of the plain key.
func decryptJKS(password, data []byte) ([]byte, error) {
	if len(data) < 2*sha1.Size {
		return nil, corrupt("key of the Java keystore", errShort)
	}
	digest, check := data[:sha1.Size], data[len(data)-sha1.Size:]
	plain := bytes.Clone(data[sha1.Size : len(data)-sha1.Size])
	for rest := plain; len(rest) > 0; {
		digest = sha1Of(password, digest)
		n := subtle.XORBytes(rest, rest, digest)
		rest = rest[n:]
	}
	if subtle.ConstantTimeCompare(sha1Of(password, plain), check) != 1 {
		return nil, errDecrypt
	}
	return plain, nil
}

func sha1Of(parts ...[]byte) []byte {
	h := sha1.New()
	for _, part := range parts {
		h.Write(part)
	}
	return h.Sum(nil)
}

// decryptJCEKS undoes PBEWithMD5AndTripleDES of com.sun.crypto.provider, which
// is not the PBES1 of that name: MD5 runs over each half of the salt apart.
func decryptJCEKS(b *budget, alg algorithm, password, data []byte) ([]byte, error) {
	salt, rounds, err := saltAndRounds(alg)
	if err == nil && len(salt) != 8 {
		err = errors.New("a salt that is not 8 octets")
	}
	if err != nil {
		return nil, corrupt("key of the Java keystore", err)
	}
	if err := b.spend(2 * int64(rounds)); err != nil {
		return nil, err
	}
	var derived []byte
	for _, half := range [][]byte{salt[:4], salt[4:]} {
		for i := range rounds {
			if err := b.alive(i); err != nil {
				return nil, err
			}
			h := md5.New()
			h.Write(half)
			h.Write(password)
			half = h.Sum(nil)
		}
		derived = append(derived, half...)
	}
	block, err := des.NewTripleDESCipher(derived[:24])
	if err != nil {
		return nil, err
	}
	plain, err := decryptCBC(block, derived[24:], data)
	if err != nil && err != errDecrypt {
		err = corrupt("key of the Java keystore", err)
	}
	return plain, err
}
