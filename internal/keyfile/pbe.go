package keyfile

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/hmac"
	"crypto/md5"
	"crypto/rc4"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"hash"
)

// errDecrypt is a decryption that gave no valid padding: a wrong password, or
// damage. The caller knows which of them it can be.
var errDecrypt = errors.New("the decrypted data has no valid padding")

// algorithm is an AlgorithmIdentifier (RFC 5280 4.1.1.2).
type algorithm struct {
	oid    string
	params value // zero where there are none
	raw    []byte
}

func (f *fields) algorithm() algorithm {
	v := f.expect(tagSequence)
	if f.err != nil {
		return algorithm{}
	}
	inner := v.fields()
	a := algorithm{oid: inner.oid(), raw: v.raw}
	if inner.more() {
		a.params = inner.next()
	}
	f.err = inner.err
	return a
}

func (a algorithm) fields() *fields {
	if a.params.tag != tagSequence {
		return &fields{err: fmt.Errorf("ASN.1: %s has no parameters", algorithmName(a.oid))}
	}
	return a.params.fields()
}

// unsupported is the error for an algorithm that we do not have.
func unsupported(purpose, oid string) *Error {
	return &Error{Kind: UnsupportedAlgorithm, OID: oid, Message: fmt.Sprintf(
		"%s %s is not supported", purpose, describeOID(oid))}
}

// decryptPBE decrypts what a PBES1, PBES2 or PKCS #12 scheme encrypted. Its
// errors are *Error of kind unsupported-algorithm, corrupt or kdf-cost,
// errDecrypt, and the context's.
func decryptPBE(b *budget, alg algorithm, ciphertext []byte, pw password) ([]byte, error) {
	var plain []byte
	var err error
	pbes1, isPBES1 := pbes1Schemes.find(alg.oid)
	pkcs12, isPKCS12 := pkcs12Schemes.find(alg.oid)
	switch {
	case alg.oid == oidPBES2:
		plain, err = decryptPBES2(b, alg, ciphertext, pw)
	case isPBES1:
		plain, err = decryptPBES1(b, pbes1, alg, ciphertext, pw)
	case isPKCS12:
		plain, err = decryptPKCS12(b, pkcs12, alg, ciphertext, pw)
	default:
		return nil, unsupported("the encryption", alg.oid)
	}
	var typed *Error
	if err != nil && err != errDecrypt && !errors.As(err, &typed) && b.ctx.Err() == nil {
		return nil, corrupt("description of the encryption", err)
	}
	return plain, err
}

// ofBMP says that the algorithm derives its keys from the UTF-16 form of passwords.
func (a algorithm) ofBMP() bool {
	_, is := pkcs12Schemes.find(a.oid)
	return is || a.oid == oidJKSKey
}

// saltAndRounds reads PBEParameter (RFC 8018 A.3, RFC 7292 C).
func saltAndRounds(alg algorithm) (salt []byte, rounds int, err error) {
	f := alg.fields()
	salt, rounds = f.octets(), f.count()
	if f.err == nil && rounds == 0 {
		f.err = errors.New("an iteration count of 0")
	}
	return salt, rounds, f.err
}

// pbes1Scheme is one of RFC 8018 A.3: PBKDF1, its first 8 octets the key, the
// next 8 the IV.
type pbes1Scheme struct {
	hash  func() hash.Hash
	block func(key []byte) (cipher.Block, error)
}

var pbes1Schemes = table[pbes1Scheme]{
	{"1.2.840.113549.1.5.3", pbes1Scheme{md5.New, des.NewCipher}},
	{"1.2.840.113549.1.5.6", pbes1Scheme{md5.New, rc2Of64Bits}},
	{"1.2.840.113549.1.5.10", pbes1Scheme{sha1.New, des.NewCipher}},
	{"1.2.840.113549.1.5.11", pbes1Scheme{sha1.New, rc2Of64Bits}},
}

func rc2Of64Bits(key []byte) (cipher.Block, error) { return newRC2(key, 64), nil }

func decryptPBES1(b *budget, scheme pbes1Scheme, alg algorithm, ciphertext []byte, pw password) ([]byte, error) {
	salt, rounds, err := saltAndRounds(alg)
	if err != nil {
		return nil, err
	}
	key, err := pbkdf1(b, scheme.hash, pw.utf8, salt, rounds, 16)
	if err != nil {
		return nil, err
	}
	block, err := scheme.block(key[:8])
	if err != nil {
		return nil, err
	}
	return decryptCBC(block, key[8:], ciphertext)
}

// pkcs12Scheme is one of RFC 7292 C; all use SHA-1.
type pkcs12Scheme struct {
	keySize int
	block   func(key []byte) (cipher.Block, error) // nil: RC4
}

var pkcs12Schemes = table[pkcs12Scheme]{
	{"1.2.840.113549.1.12.1.1", pkcs12Scheme{keySize: 16}},
	{"1.2.840.113549.1.12.1.2", pkcs12Scheme{keySize: 5}},
	{"1.2.840.113549.1.12.1.3", pkcs12Scheme{24, des.NewTripleDESCipher}},
	{"1.2.840.113549.1.12.1.4", pkcs12Scheme{16, tripleDESOfTwoKeys}},
	{"1.2.840.113549.1.12.1.5", pkcs12Scheme{16, func(key []byte) (cipher.Block, error) { return newRC2(key, 128), nil }}},
	{"1.2.840.113549.1.12.1.6", pkcs12Scheme{5, func(key []byte) (cipher.Block, error) { return newRC2(key, 40), nil }}},
}

func tripleDESOfTwoKeys(key []byte) (cipher.Block, error) {
	return des.NewTripleDESCipher(append(bytes.Clone(key), key[:8]...))
}

func decryptPKCS12(b *budget, scheme pkcs12Scheme, alg algorithm, ciphertext []byte, pw password) ([]byte, error) {
	salt, rounds, err := saltAndRounds(alg)
	if err != nil {
		return nil, err
	}
	key, err := pkcs12KDF(b, sha1.New, forKey, pw.bmp, salt, rounds, scheme.keySize)
	if err != nil {
		return nil, err
	}
	if scheme.block == nil {
		stream, err := rc4.NewCipher(key)
		if err != nil {
			return nil, err
		}
		plain := make([]byte, len(ciphertext))
		stream.XORKeyStream(plain, ciphertext)
		return plain, nil
	}
	block, err := scheme.block(key)
	if err != nil {
		return nil, err
	}
	iv, err := pkcs12KDF(b, sha1.New, forIV, pw.bmp, salt, rounds, block.BlockSize())
	if err != nil {
		return nil, err
	}
	return decryptCBC(block, iv, ciphertext)
}

// decryptPBES2 is RFC 8018 6.2 and A.4.
func decryptPBES2(b *budget, alg algorithm, ciphertext []byte, pw password) ([]byte, error) {
	f := alg.fields()
	derivation, encryption := f.algorithm(), f.algorithm()
	if f.err != nil {
		return nil, f.err
	}
	c, err := pbes2Encryption(encryption)
	if err != nil {
		return nil, err
	}
	key, err := deriveKey(b, derivation, pw.utf8, c.keySize)
	if err != nil {
		return nil, err
	}
	block, err := c.block(key)
	if err != nil {
		return nil, err
	}
	return decryptCBC(block, c.iv, ciphertext)
}

// cbcCipher is an encryption scheme of PBES2 (RFC 8018 B.2), all in CBC mode.
type cbcCipher struct {
	keySize int // 0: as long as the derivation says
	block   func(key []byte) (cipher.Block, error)
	iv      []byte
}

func pbes2Encryption(alg algorithm) (c cbcCipher, err error) {
	size := 8
	switch alg.oid {
	case oidAES128CBC, oidAES192CBC, oidAES256CBC:
		c.keySize, c.block, size = map[string]int{oidAES128CBC: 16, oidAES192CBC: 24, oidAES256CBC: 32}[alg.oid], aes.NewCipher, 16
	case "1.2.840.113549.3.7":
		c.keySize, c.block = 24, des.NewTripleDESCipher
	case "1.3.14.3.2.7":
		c.keySize, c.block = 8, des.NewCipher
	case "1.2.840.113549.3.2":
		return rc2Encryption(alg)
	default:
		return c, unsupported("the cipher", alg.oid)
	}
	if alg.params.tag != tagOctetString || len(alg.params.body) != size {
		return c, fmt.Errorf("%s without an initialisation vector of %d octets", algorithmName(alg.oid), size)
	}
	c.iv = alg.params.body
	return c, nil
}

// rc2Encryption reads RC2-CBC-Parameter (RFC 8018 B.2.3), whose version stands
// for the effective key length by a table of RFC 2268 section 6.
func rc2Encryption(alg algorithm) (c cbcCipher, err error) {
	effective := 32
	if alg.params.tag == tagOctetString {
		c.iv = alg.params.body
	} else {
		f := alg.fields()
		if f.peek() == tagInteger {
			version := f.count()
			bits, known := map[int]int{160: 40, 120: 64, 58: 128}[version]
			if !known && f.err == nil {
				return c, &Error{Kind: UnsupportedAlgorithm, OID: alg.oid,
					Message: fmt.Sprintf("RC2 with the effective key length of version %d is not supported", version)}
			}
			effective = bits
		}
		if c.iv = f.octets(); f.err != nil {
			return c, f.err
		}
	}
	if len(c.iv) != 8 {
		return c, errors.New("RC2-CBC without an initialisation vector of 8 octets")
	}
	c.block = func(key []byte) (cipher.Block, error) {
		if len(key) == 0 || len(key) > 128 {
			return nil, fmt.Errorf("an RC2 key of %d octets", len(key))
		}
		return newRC2(key, effective), nil
	}
	return c, nil
}

// deriveKey runs the key derivation function of PBES2 or PBMAC1 (RFC 8018 A.2,
// RFC 7914 7). A size of 0 means what the function's own keyLength says, and
// 16 octets where it says nothing.
func deriveKey(b *budget, alg algorithm, pw []byte, size int) ([]byte, error) {
	switch alg.oid {
	case oidPBKDF2:
		f := alg.fields()
		salt, rounds := f.octets(), f.count()
		size, err := keyLength(f, size)
		if err != nil {
			return nil, err
		}
		prf := sha1.New
		if f.more() {
			oid := f.algorithm().oid
			if prf, _ = hmacHashes.find(oid); prf == nil && f.err == nil {
				return nil, unsupported("the pseudo-random function", oid)
			}
		}
		if f.err == nil && rounds == 0 {
			f.err = errors.New("an iteration count of 0")
		}
		if f.err != nil {
			return nil, f.err
		}
		return pbkdf2(b, prf, pw, salt, rounds, size)
	case oidScrypt:
		f := alg.fields()
		salt, n, r, p := f.octets(), f.count(), f.count(), f.count()
		size, err := keyLength(f, size)
		if err != nil {
			return nil, err
		}
		return scryptKey(b, sha256.New, pw, salt, n, r, p, size)
	}
	return nil, unsupported("the key derivation", alg.oid)
}

// keyLength reads an optional keyLength, which must agree with what the cipher
// needs, where that is fixed.
func keyLength(f *fields, need int) (int, error) {
	declared := 0
	if f.peek() == tagInteger {
		declared = f.count()
	}
	switch {
	case f.err != nil:
		return 0, f.err
	case declared == 0 && need == 0:
		return 16, nil
	case declared == 0:
		return need, nil
	case need != 0 && declared != need, declared > 128:
		return 0, fmt.Errorf("a derived key of %d octets does not fit the cipher", declared)
	}
	return declared, nil
}

// decryptCBC decrypts and takes off the padding of RFC 8018 6.1.1.
func decryptCBC(block cipher.Block, iv, ciphertext []byte) ([]byte, error) {
	size := block.BlockSize()
	if len(iv) != size {
		return nil, errors.New("an initialisation vector of the wrong size")
	}
	if len(ciphertext) == 0 || len(ciphertext)%size != 0 {
		return nil, errors.New("the encrypted data is not whole blocks")
	}
	plain := make([]byte, len(ciphertext))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, ciphertext)
	pad := int(plain[len(plain)-1])
	if pad == 0 || pad > size {
		return nil, errDecrypt
	}
	for _, octet := range plain[len(plain)-pad:] {
		if int(octet) != pad {
			return nil, errDecrypt
		}
	}
	return plain[:len(plain)-pad], nil
}

// verifyPBMAC1 is RFC 9579: PBKDF2 for the key, an HMAC over the content.
func verifyPBMAC1(b *budget, alg algorithm, content, mac []byte, pw password) (bool, error) {
	f := alg.fields()
	derivation, scheme := f.algorithm(), f.algorithm()
	if f.err != nil {
		return false, corrupt("description of the MAC", f.err)
	}
	newHash, known := hmacHashes.find(scheme.oid)
	if !known {
		return false, unsupported("the MAC", scheme.oid)
	}
	if derivation.oid != oidPBKDF2 {
		return false, unsupported("the key derivation of the MAC", derivation.oid)
	}
	size, err := declaredKeyLength(derivation)
	if err != nil {
		return false, corrupt("description of the MAC", err)
	}
	key, err := deriveKey(b, derivation, pw.utf8, size)
	if err != nil {
		return false, err
	}
	h := hmac.New(newHash, key)
	h.Write(content)
	return subtle.ConstantTimeCompare(h.Sum(nil), mac) == 1, nil
}

// declaredKeyLength is PBKDF2's keyLength, which PBMAC1 must state (RFC 9579 5)
// and which below 20 octets would let anyone forge the MAC.
func declaredKeyLength(pbkdf2 algorithm) (int, error) {
	f := pbkdf2.fields()
	f.octets()
	f.count()
	if f.peek() != tagInteger {
		return 0, errors.New("PBMAC1 without the length of its key")
	}
	size := f.count()
	if f.err == nil && (size < 20 || size > 128) {
		f.err = fmt.Errorf("PBMAC1 with a key of %d octets", size)
	}
	return size, f.err
}
