package keyfile

import (
	"crypto/ecdh"
	"crypto/ed25519"
	"errors"
	"fmt"
	"math/big"
)

// parsePKCS8 reads PrivateKeyInfo or OneAsymmetricKey (RFC 5958 2).
func parsePKCS8(b *budget, octets []byte) (*Key, error) {
	f := sequenceOf(octets)
	version, alg, private := f.count(), f.algorithm(), f.octets()
	if f.err == nil && version > 1 {
		f.err = fmt.Errorf("version %d, known are 0 and 1", version)
	}
	var public []byte
	for f.more() {
		if v := f.next(); v.tag == classContext|1 { // publicKey [1] IMPLICIT BIT STRING
			public, _ = bitsOf(v) // what else it may be is for types that we do not know
		}
	}
	if f.err != nil {
		return nil, corrupt("PKCS #8 key", f.err)
	}
	switch alg.oid {
	case oidRSA:
		return rsaKey(b, private, der(tagSequence, derOID(oidRSA), der(tagNull)), true)
	case oidRSAPSS:
		return rsaKey(b, private, canonicalPSS(alg), false)
	case oidEC:
		return parseSEC1(b, private, alg.params)
	case oidDSA, oidDH, oidDHX:
		return discreteLogKey(b, alg, private)
	case oidEd25519, oidEd448, oidX25519, oidX448:
		return curveKey(b, alg.oid, private)
	}
	if len(public) > 0 {
		return newKey(keyInfo(alg.raw, public), nil)
	}
	return nil, &Error{Kind: UnsupportedKey, OID: alg.oid, Message: fmt.Sprintf(
		"a private key of the type %s, which Go's TLS cannot use", describeOID(alg.oid))}
}

// curveKey reads CurvePrivateKey (RFC 8410 7).
func curveKey(b *budget, oid string, octets []byte) (*Key, error) {
	price := int64(500)
	if oid == oidEd448 || oid == oidX448 {
		price = 50_000
	}
	if err := b.spend(price); err != nil {
		return nil, err
	}
	name := algorithmName(oid)
	v, err := whole(octets)
	if err != nil || v.tag != tagOctetString {
		return nil, corrupt(name+" key", errors.New("its private key is not an OCTET STRING"))
	}
	algorithm := der(tagSequence, derOID(oid))
	var public []byte
	switch seed := v.body; oid {
	case oidEd25519:
		if len(seed) == ed25519.SeedSize {
			key := ed25519.NewKeyFromSeed(seed)
			return newKey(keyInfo(algorithm, key.Public().(ed25519.PublicKey)), key)
		}
	case oidX25519:
		if key, err := ecdh.X25519().NewPrivateKey(seed); err == nil {
			public = key.PublicKey().Bytes()
		}
	case oidEd448:
		public = ed448Public(seed)
	case oidX448:
		public = x448Public(seed)
	}
	if public == nil {
		return nil, corrupt(name+" key", fmt.Errorf("its private key is of %d octets", len(v.body)))
	}
	return newKey(keyInfo(algorithm, public), nil)
}

// discreteLogKey reads a DSA or DH key: an INTEGER x under parameters that
// begin with p, q, g (DSA, X9.42) or p, g (PKCS #3).
func discreteLogKey(b *budget, alg algorithm, octets []byte) (*Key, error) {
	name := algorithmName(alg.oid) + " key"
	f := alg.fields()
	p, g := f.natural(), f.natural()
	switch alg.oid {
	case oidDSA:
		g = f.natural() // p, q, g
	}
	v, err := whole(octets)
	if err == nil && v.tag != tagInteger {
		err = errors.New("its private key is not a number")
	}
	if err = errors.Join(f.err, err); err != nil {
		return nil, corrupt(name, err)
	}
	x, err := integerOf(v)
	if err != nil {
		return nil, corrupt(name, err)
	}
	y, err := power(b, g, x, p)
	if err != nil {
		return nil, err
	}
	return newKey(keyInfo(alg.raw, derInteger(y)), nil)
}

// parseDSA reads OpenSSL's traditional DSA key: version, p, q, g, y, x.
func parseDSA(b *budget, octets []byte) (*Key, error) {
	f := sequenceOf(octets)
	f.count()
	p, q, g, y, x := f.natural(), f.natural(), f.natural(), f.natural(), f.natural()
	if f.end(); f.err != nil {
		return nil, corrupt("DSA key", f.err)
	}
	computed, err := power(b, g, x, p)
	if err != nil {
		return nil, err
	}
	if computed.Cmp(y) != 0 {
		return nil, corrupt("DSA key", errors.New("its public key is not that of its private key"))
	}
	params := der(tagSequence, derInteger(p), derInteger(q), derInteger(g))
	return newKey(keyInfo(der(tagSequence, derOID(oidDSA), params), derInteger(y)), nil)
}

// power is g^x mod p, for the public half of a DSA or DH key.
func power(b *budget, g, x, p *big.Int) (*big.Int, error) {
	if p.BitLen() > maxRSABits {
		return nil, fault(UnsupportedKey, "a key of %d bits is beyond the limit of %d", p.BitLen(), maxRSABits)
	}
	if p.BitLen() < 64 || p.Bit(0) == 0 || x.Sign() <= 0 || x.Cmp(p) >= 0 || g.Cmp(big.NewInt(1)) <= 0 || g.Cmp(p) >= 0 {
		return nil, corrupt("key", errors.New("its numbers are out of range"))
	}
	if err := b.spend(cubic(p.BitLen())); err != nil {
		return nil, err
	}
	return new(big.Int).Exp(g, x, p), nil
}

// parseEncryptedPKCS8 reads EncryptedPrivateKeyInfo (RFC 5958 3), with each
// reading of each password until one fits.
func parseEncryptedPKCS8(b *budget, octets []byte, given [][]byte) (*Key, error) {
	f := sequenceOf(octets)
	alg, ciphertext := f.algorithm(), f.octets()
	if f.err != nil {
		return nil, corrupt("encrypted PKCS #8 key", f.err)
	}
	decrypt := func(pw password) ([]byte, error) { return decryptPBE(b, alg, ciphertext, pw) }
	parse := func(plain []byte) (*Key, error) { return parsePKCS8(b, plain) }
	return openKey(b, alg.ofBMP(), given, "the private key is encrypted", decrypt, parse)
}

// openKey tries each reading of each password. What decrypts to nonsense had
// the wrong one, since the padding of one block in 256 is right by chance; what
// decrypts to one whole SEQUENCE had the right one, whatever is wrong in it.
func openKey(b *budget, ofBMP bool, given [][]byte, what string, decrypt func(password) ([]byte, error), parse func([]byte) (*Key, error)) (*Key, error) {
	var key *Key
	var readings []password
	for _, text := range given {
		readings = append(readings, passwords(text)...)
	}
	done, err := b.oneOf(readings, ofBMP, func(pw password) (bool, error) {
		plain, err := decrypt(pw)
		if err == errDecrypt {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		key, err = parse(plain)
		if err == nil || ends(err) || kindOf(err) != Corrupt || isWhole(plain) {
			return true, err
		}
		return false, nil
	})
	if done || err != nil {
		return key, err
	}
	return nil, refusedPassword(given, what)
}

// refusedPassword is the error where none of the given passwords fits.
func refusedPassword(given [][]byte, what string) *Error {
	for _, text := range given {
		if len(text) > 0 {
			return fault(WrongPassword, "%s, and the password does not fit", what)
		}
	}
	if len(given) > 0 && given[0] != nil {
		return fault(PasswordRequired, "%s, and not with the empty password; give its password", what)
	}
	return fault(PasswordRequired, "%s; give its password", what)
}
