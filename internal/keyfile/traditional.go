package keyfile

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"encoding/hex"
	"errors"
	"strings"

	//lint:ignore SA1019 old OpenSSL keys are encrypted with it
	"golang.org/x/crypto/blowfish"
)

// dekCipher is a cipher of a DEK-Info header (RFC 1421 4.6.1.3), by OpenSSL's
// names.
type dekCipher struct {
	keySize int
	block   func(key []byte) (cipher.Block, error)
}

var dekCiphers = table[dekCipher]{
	{"DES-CBC", dekCipher{8, des.NewCipher}},
	{"DES-EDE3-CBC", dekCipher{24, des.NewTripleDESCipher}},
	{"DES-EDE-CBC", dekCipher{16, tripleDESOfTwoKeys}},
	{"AES-128-CBC", dekCipher{16, aes.NewCipher}},
	{"AES-192-CBC", dekCipher{24, aes.NewCipher}},
	{"AES-256-CBC", dekCipher{32, aes.NewCipher}},
	{"RC2-CBC", dekCipher{16, func(key []byte) (cipher.Block, error) { return newRC2(key, 128), nil }}},
	{"RC2-64-CBC", dekCipher{8, rc2Of64Bits}},
	{"RC2-40-CBC", dekCipher{5, func(key []byte) (cipher.Block, error) { return newRC2(key, 40), nil }}},
	{"BF-CBC", dekCipher{16, func(key []byte) (cipher.Block, error) { return blowfish.NewCipher(key) }}},
}

// traditional reads a PKCS #1, SEC 1 or DSA key that OpenSSL encrypted under
// RFC 1421 headers: Proc-Type: 4,ENCRYPTED and DEK-Info. The key comes from the
// password by EVP_BytesToKey with MD5, salted with the IV.
func (x *extraction) traditional(found block) (*Key, error) {
	what := labelNames[found.label]
	name, ivHex, _ := strings.Cut(found.headers["DEK-Info"], ",")
	if name == "" {
		return nil, corrupt(what, errors.New("it is encrypted, and has no DEK-Info header that says how"))
	}
	name = strings.ToUpper(strings.TrimSpace(name))
	algorithm, mode := name, ""
	if at := strings.LastIndexByte(name, '-'); at >= 0 {
		algorithm, mode = name[:at], name[at:]
	}
	counts := mode == "-CTR" && strings.HasPrefix(name, "AES-") // with the keys of its other mode
	if counts {
		mode = "-CBC"
	}
	c, known := dekCiphers.find(algorithm + mode)
	if !known {
		switch mode[:min(4, len(mode))] {
		case "-CBC", "-CFB", "-OFB", "-CTR", "-ECB":
		default:
			return nil, corrupt(what, errors.New("its DEK-Info header names no cipher"))
		}
		return nil, fault(UnsupportedAlgorithm,
			"the key is encrypted with %s, which is not supported", name)
	}
	iv, err := hex.DecodeString(strings.TrimSpace(ivHex))
	if err != nil || len(iv) < 8 {
		return nil, corrupt(what, errors.New("the initialisation vector in its DEK-Info header is damaged"))
	}
	if counts && len(iv) != aes.BlockSize {
		return nil, corrupt(what, errors.New("an initialisation vector of the wrong size"))
	}
	decrypt := func(pw password) ([]byte, error) {
		block, err := c.block(bytesToKey(pw.utf8, iv[:8], c.keySize))
		if err != nil {
			return nil, err
		}
		if counts {
			plain := make([]byte, len(found.der))
			cipher.NewCTR(block, iv).XORKeyStream(plain, found.der)
			return plain, nil
		}
		plain, err := decryptCBC(block, iv, found.der)
		if err != nil && err != errDecrypt {
			err = corrupt(what, err)
		}
		return plain, err
	}
	parse := func(plain []byte) (*Key, error) {
		v, err := whole(plain)
		if err != nil {
			return nil, corrupt(what, err)
		}
		switch shapeOf(v) {
		case shapePKCS1:
			return parsePKCS1(&x.budget, plain)
		case shapeSEC1:
			return parseSEC1(&x.budget, plain, x.curve)
		case shapeDSA:
			return parseDSA(&x.budget, plain)
		case shapePKCS8:
			return parsePKCS8(&x.budget, plain)
		}
		return nil, corrupt(what, errors.New("its structure is not that of a key"))
	}
	return openKey(&x.budget, false, x.keyPasswords(), "the private key is encrypted", decrypt, parse)
}
