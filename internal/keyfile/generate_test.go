package keyfile

import (
	"bytes"
	"context"
	"crypto"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"hash"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// sample is an identity to make files of: a key, its certificate, the
// authority that issued it, and the root.
type sample struct {
	key                  crypto.Signer
	leaf, authority, top []byte
}

// samples are made once for all tests.
var samples = sync.OnceValue(func() map[string]sample {
	root, issuing := newECKey(elliptic.P256()), newECKey(elliptic.P256())
	top := issue("Root", root, nil, nil, true)
	authority := issue("Issuing CA", issuing, top, root, true)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	made := map[string]sample{}
	for name, key := range map[string]crypto.Signer{
		"rsa": rsaKey, "p256": newECKey(elliptic.P256()), "p384": newECKey(elliptic.P384()),
		"p521": newECKey(elliptic.P521()), "p224": newECKey(elliptic.P224()), "ed25519": edKey,
	} {
		leaf := issue("client "+name, key, authority, issuing, false)
		made[name] = sample{key, leaf.Raw, authority.Raw, top.Raw}
	}
	return made
})

func newECKey(curve elliptic.Curve) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

var lastSerial int64

func issue(name string, key crypto.Signer, issuer *x509.Certificate, issuerKey crypto.Signer, authority bool) *x509.Certificate {
	lastSerial++
	template := &x509.Certificate{
		SerialNumber: big.NewInt(lastSerial), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC), NotAfter: time.Date(2049, 1, 2, 3, 4, 5, 0, time.UTC),
		IsCA: authority, BasicConstraintsValid: true,
	}
	if issuer == nil {
		issuer, issuerKey = template, key
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), issuerKey)
	if err != nil {
		panic(err)
	}
	c, err := x509.ParseCertificate(raw)
	if err != nil {
		panic(err)
	}
	return c
}

func (s sample) pkcs8() []byte {
	b, err := x509.MarshalPKCS8PrivateKey(s.key)
	if err != nil {
		panic(err)
	}
	return b
}

func armour(label string, content []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: label, Bytes: content})
}

// bundle is the chain in PEM, the leaf last.
func bundle(s sample) []byte {
	return append(append(armour("CERTIFICATE", s.top), armour("CERTIFICATE", s.authority)...), armour("CERTIFICATE", s.leaf)...)
}

// mustOpen extracts a file that must give the sample's identity with its whole
// chain.
func mustOpen(t *testing.T, s sample, file []byte, o Options) *Inventory {
	t.Helper()
	inv, err := Extract(context.Background(), file, o)
	require.NoError(t, err)
	identity, err := inv.Identity()
	require.NoError(t, err)
	require.Equal(t, s.leaf, identity.Leaf.Raw)
	require.Len(t, identity.Chain, 2)
	require.Equal(t, s.authority, identity.Chain[0].Raw)
	require.Equal(t, s.top, identity.Chain[1].Raw)
	require.True(t, identity.Key.Private.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(s.key.Public()))
	return inv
}

// The scheme that encrypts, for tests: an AlgorithmIdentifier, and what it
// makes of a plain text.
type testScheme struct {
	name    string
	encrypt func(plain, password []byte) (algorithm, ciphertext []byte)
}

var testSalt = []byte("saltsalt")

const testRounds = 3

// encryptCBC pads and encrypts.
func encryptCBC(block cipher.Block, iv, plain []byte) []byte {
	pad := block.BlockSize() - len(plain)%block.BlockSize()
	padded := append(bytes.Clone(plain), bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(padded, padded)
	return padded
}

func testBudget() *budget {
	return &budget{ctx: context.Background(), limits: Limits{}.withDefaults()}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func hashOf(hashes table[func() hash.Hash], oid string) func() hash.Hash {
	h, _ := hashes.find(oid)
	return h
}

// testSchemes are all encryptions that we read.
func testSchemes() []testScheme {
	var all []testScheme
	pbeParams := der(tagSequence, der(tagOctetString, testSalt), derInteger(big.NewInt(testRounds)))
	for _, row := range pbes1Schemes {
		oid, scheme := row.name, row.of
		all = append(all, testScheme{algorithmName(oid), func(plain, password []byte) ([]byte, []byte) {
			key := must(pbkdf1(testBudget(), scheme.hash, password, testSalt, testRounds, 16))
			return der(tagSequence, derOID(oid), pbeParams), encryptCBC(must(scheme.block(key[:8])), key[8:], plain)
		}})
	}
	for _, row := range pkcs12Schemes {
		oid, scheme := row.name, row.of
		all = append(all, testScheme{algorithmName(oid), func(plain, password []byte) ([]byte, []byte) {
			bmp := passwords(password)[0].bmp
			key := must(pkcs12KDF(testBudget(), sha1.New, forKey, bmp, testSalt, testRounds, scheme.keySize))
			alg := der(tagSequence, derOID(oid), pbeParams)
			if scheme.block == nil { // RC4 is its own inverse
				pw := password
				f := (&fields{rest: alg}).algorithm()
				return alg, must(decryptPKCS12(testBudget(), scheme, f, plain, passwords(pw)[0]))
			}
			iv := must(pkcs12KDF(testBudget(), sha1.New, forIV, bmp, testSalt, testRounds, 8))
			return alg, encryptCBC(must(scheme.block(key)), iv, plain)
		}})
	}
	for _, row := range hmacHashes {
		oid, prf := row.name, row.of
		all = append(all, pbes2Scheme("pbkdf2 "+oid, pbkdf2Params(oid), der(tagSequence, derOID(oidAES256CBC), der(tagOctetString, make([]byte, 16))),
			func(password []byte, size int) []byte {
				return must(pbkdf2(testBudget(), prf, password, testSalt, testRounds, size))
			}))
	}
	sha1Key := func(password []byte, size int) []byte {
		return must(pbkdf2(testBudget(), sha1.New, password, testSalt, testRounds, size))
	}
	for name, encryption := range map[string][]byte{
		"aes128": der(tagSequence, derOID(oidAES128CBC), der(tagOctetString, make([]byte, 16))),
		"aes192": der(tagSequence, derOID(oidAES192CBC), der(tagOctetString, make([]byte, 16))),
		"3des":   der(tagSequence, derOID("1.2.840.113549.3.7"), der(tagOctetString, make([]byte, 8))),
		"des":    der(tagSequence, derOID("1.3.14.3.2.7"), der(tagOctetString, make([]byte, 8))),
		"rc2": der(tagSequence, derOID("1.2.840.113549.3.2"),
			der(tagSequence, derInteger(big.NewInt(58)), der(tagOctetString, make([]byte, 8)))),
	} {
		all = append(all, pbes2Scheme(name, pbkdf2Params(""), encryption, sha1Key))
	}
	scrypt := der(tagSequence, derOID(oidScrypt), der(tagSequence, der(tagOctetString, testSalt),
		derInteger(big.NewInt(16)), derInteger(big.NewInt(8)), derInteger(big.NewInt(1))))
	all = append(all, pbes2Scheme("scrypt", scrypt, der(tagSequence, derOID(oidAES256CBC), der(tagOctetString, make([]byte, 16))),
		func(password []byte, size int) []byte {
			return must(scryptKey(testBudget(), hashOf(hmacHashes, "1.2.840.113549.2.9"), password, testSalt, 16, 8, 1, size))
		}))
	return all
}

func pbkdf2Params(prf string) []byte {
	parts := [][]byte{der(tagOctetString, testSalt), derInteger(big.NewInt(testRounds))}
	if prf != "" {
		parts = append(parts, der(tagSequence, derOID(prf), der(tagNull)))
	}
	return der(tagSequence, derOID(oidPBKDF2), der(tagSequence, parts...))
}

func pbes2Scheme(name string, derivation, encryption []byte, derive func(password []byte, size int) []byte) testScheme {
	return testScheme{"PBES2 " + name, func(plain, password []byte) ([]byte, []byte) {
		c := must(pbes2Encryption((&fields{rest: encryption}).algorithm()))
		size := c.keySize
		if size == 0 {
			size = 16
		}
		return der(tagSequence, derOID(oidPBES2), der(tagSequence, derivation, encryption)),
			encryptCBC(must(c.block(derive(password, size))), c.iv, plain)
	}}
}

func (scheme testScheme) pkcs8(s sample, password []byte) []byte {
	alg, ciphertext := scheme.encrypt(s.pkcs8(), password)
	return der(tagSequence, alg, der(tagOctetString, ciphertext))
}

// pkcs12File builds a PFX: the key shrouded in one safe, the certificates
// encrypted in another, nested safes and bags that we do not use beside them.
func (scheme testScheme) pkcs12(s sample, password []byte, mac func(content []byte) []byte) []byte {
	localKeyID := der(tagSequence, derOID(oidLocalKeyID), der(tagSet, der(tagOctetString, []byte{1})))
	alias := bmpFromUTF8([]byte("the alias"))
	friendlyName := der(tagSequence, derOID(oidFriendlyName), der(tagSet, der(tagBMPString, alias[:len(alias)-2])))
	bag := func(oid string, content []byte, attributes ...[]byte) []byte {
		return der(tagSequence, derOID(oid), der(tagContext0, content), der(tagSet, attributes...))
	}
	certificate := func(raw []byte, attributes ...[]byte) []byte {
		return bag(oidCertBag, der(tagSequence, derOID(oidX509Certificate), der(tagContext0, der(tagOctetString, raw))), attributes...)
	}
	keys := der(tagSequence, bag(oidSafeContentsBag, der(tagSequence, bag(oidShroudedKeyBag, scheme.pkcs8(s, password), friendlyName, localKeyID))),
		bag(oidSecretBag, der(tagSequence)))
	alg, ciphertext := scheme.encrypt(der(tagSequence, certificate(s.top), certificate(s.leaf, localKeyID), certificate(s.authority)), password)
	info := func(oid string, content []byte) []byte {
		return der(tagSequence, derOID(oid), der(tagContext0, content))
	}
	content := der(tagSequence,
		info(oidEncryptedData, der(tagSequence, derInteger(new(big.Int)), der(tagSequence, derOID(oidData), alg, der(classContext, ciphertext)))),
		info(oidData, der(tagOctetString, keys)))
	parts := [][]byte{derInteger(big3), info(oidData, der(tagOctetString, content))}
	if mac != nil {
		parts = append(parts, mac(content))
	}
	return der(tagSequence, parts...)
}

// testMAC is MacData of RFC 7292.
func testMAC(oid string, bmp []byte) func(content []byte) []byte {
	return func(content []byte) []byte {
		newHash := hashOf(digestHashes, oid)
		key := must(pkcs12KDF(testBudget(), newHash, forMAC, bmp, testSalt, testRounds, newHash().Size()))
		return der(tagSequence, der(tagSequence, der(tagSequence, derOID(oid), der(tagNull)), der(tagOctetString, macOf(newHash, key, content))),
			der(tagOctetString, testSalt), derInteger(big.NewInt(testRounds)))
	}
}

func macOf(newHash func() hash.Hash, key, content []byte) []byte {
	mac := hmac.New(newHash, key)
	mac.Write(content)
	return mac.Sum(nil)
}

// testPBMAC1 is MacData of RFC 9579.
func testPBMAC1(oid string, password []byte, keySize int) func(content []byte) []byte {
	return func(content []byte) []byte {
		key := must(pbkdf2(testBudget(), hashOf(hmacHashes, oid), password, testSalt, testRounds, keySize))
		derivation := der(tagSequence, derOID(oidPBKDF2), der(tagSequence, der(tagOctetString, testSalt), derInteger(big.NewInt(testRounds)),
			derInteger(big.NewInt(int64(keySize))), der(tagSequence, derOID(oid))))
		alg := der(tagSequence, derOID(oidPBMAC1), der(tagSequence, derivation, der(tagSequence, derOID(oid))))
		return der(tagSequence, der(tagSequence, alg, der(tagOctetString, macOf(hashOf(hmacHashes, oid), key, content))),
			der(tagOctetString, []byte("NOT USED")), derInteger(big.NewInt(1)))
	}
}

// indefinite re-encodes DER as BER: constructed values with indefinite lengths,
// OCTET STRINGs in segments. Values below BIT STRINGs and certificates stay.
func indefinite(v value, depth int) []byte {
	switch {
	case v.constructed() && depth > 0:
		var inner []byte
		for f := v.fields(); f.more(); {
			inner = append(inner, indefinite(f.next(), depth-1)...)
		}
		return append(append([]byte{v.tag, 0x80}, inner...), 0, 0)
	case v.tag == tagOctetString || v.tag == classContext:
		half := len(v.body) / 2
		segments := append(der(tagOctetString, v.body[:half]), der(tagOctetString, v.body[half:])...)
		return append(append([]byte{v.tag | bitConstructed, 0x80}, segments...), 0, 0)
	}
	return v.raw
}

// pkcs7Of is a certs-only SignedData.
func pkcs7Of(certificates ...[]byte) []byte {
	return der(tagSequence, derOID(oidSignedData), der(tagContext0, der(tagSequence, derInteger(big.NewInt(1)), der(tagSet),
		der(tagSequence, derOID(oidData)), der(tagContext0, certificates...), der(tagSet))))
}

func describe(err error) string { return fmt.Sprintf("%s: %v", kindOf(err), err) }
