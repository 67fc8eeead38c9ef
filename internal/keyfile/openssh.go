package keyfile

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/ed25519"
	"crypto/subtle"
	"errors"
	"fmt"

	"golang.org/x/crypto/chacha20"
	//lint:ignore SA1019 chacha20-poly1305@openssh.com is not the AEAD of RFC 8439
	"golang.org/x/crypto/poly1305" //nolint:staticcheck // deprecated for new protocols; this one is what it is
)

// openSSHMagic begins the format of PROTOCOL.key in OpenSSH's sources.
const openSSHMagic = "openssh-key-v1\x00"

// sshCipher is a cipher of encrypted OpenSSH keys.
type sshCipher struct {
	keySize, ivSize int
	open            func(key, iv, data, tag []byte) ([]byte, error)
}

var sshCiphers = table[sshCipher]{
	{"aes128-ctr", sshCipher{16, 16, openCTR}},
	{"aes192-ctr", sshCipher{24, 16, openCTR}},
	{"aes256-ctr", sshCipher{32, 16, openCTR}},
	{"aes128-cbc", sshCipher{16, 16, openAES}},
	{"aes192-cbc", sshCipher{24, 16, openAES}},
	{"aes256-cbc", sshCipher{32, 16, openAES}},
	{"3des-cbc", sshCipher{24, 8, openTripleDES}},
	{"aes128-gcm@openssh.com", sshCipher{16, 12, openGCM}},
	{"aes256-gcm@openssh.com", sshCipher{32, 12, openGCM}},

	{"chacha20-poly1305@openssh.com", sshCipher{64, 0, openChaCha}},
}

func openCTR(key, iv, data, _ []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	plain := make([]byte, len(data))
	cipher.NewCTR(block, iv).XORKeyStream(plain, data)
	return plain, nil
}

func openAES(key, iv, data, _ []byte) ([]byte, error) { return openCBC(aes.NewCipher, key, iv, data) }

func openTripleDES(key, iv, data, _ []byte) ([]byte, error) {
	return openCBC(des.NewTripleDESCipher, key, iv, data)
}

func openCBC(newBlock func([]byte) (cipher.Block, error), key, iv, data []byte) ([]byte, error) {
	block, err := newBlock(key)
	if err != nil {
		return nil, err
	}
	if len(data)%block.BlockSize() != 0 {
		return nil, corrupt("OpenSSH key", errors.New("the encrypted data is not whole blocks"))
	}
	plain := make([]byte, len(data))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, data)
	return plain, nil
}

func openGCM(key, iv, data, tag []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	plain, err := aead.Open(nil, iv, append(bytes.Clone(data), tag...), nil)
	if err != nil {
		return nil, errDecrypt
	}
	return plain, nil
}

// openChaCha is PROTOCOL.chacha20poly1305 of OpenSSH's sources, for a packet of
// the number 0 that has no length: the second half of the key is not used.
func openChaCha(key, _, data, tag []byte) ([]byte, error) {
	stream, err := chacha20.NewUnauthenticatedCipher(key[:32], make([]byte, chacha20.NonceSize))
	if err != nil {
		return nil, err
	}
	var macKey [32]byte
	stream.XORKeyStream(macKey[:], macKey[:])
	var mac [poly1305.TagSize]byte
	poly1305.Sum(&mac, data, &macKey)
	if subtle.ConstantTimeCompare(mac[:], tag) != 1 {
		return nil, errDecrypt
	}
	stream.SetCounter(1)
	plain := make([]byte, len(data))
	stream.XORKeyStream(plain, data)
	return plain, nil
}

// openSSH reads the content of an OPENSSH PRIVATE KEY block.
func (x *extraction) openSSH(b []byte) error {
	x.named("openssh")
	content, there := bytes.CutPrefix(b, []byte(openSSHMagic))
	if !there {
		return x.asn1(b, "OPENSSH PRIVATE KEY")
	}
	r := &octetReader{rest: content}
	cipherName, kdfName := string(r.blob()), string(r.blob())
	kdf := &octetReader{rest: r.blob()}
	count := r.uint32()
	for range count {
		r.blob() // public keys
		if err := x.object(); err != nil {
			return err
		}
		if r.err != nil {
			break
		}
	}
	private := r.blob()
	if r.err != nil {
		return x.part(corrupt("OpenSSH key", r.err))
	}
	if cipherName == "none" {
		return x.sshKeys(private, count)
	}
	c, known := sshCiphers.find(cipherName)
	salt, rounds := kdf.blob(), kdf.uint32()
	switch {
	case !known:
		return x.part(fault(UnsupportedAlgorithm, "the OpenSSH key is encrypted with %.40q, which is not supported", cipherName))
	case kdfName != "bcrypt":
		return x.part(fault(UnsupportedAlgorithm, "the OpenSSH key has the key derivation %.40q, which is not supported", kdfName))
	case kdf.err != nil:
		return x.part(corrupt("OpenSSH key", kdf.err))
	}
	for _, given := range x.keyPasswords() {
		derived, err := bcryptKey(&x.budget, given, salt, rounds, c.keySize+c.ivSize)
		if err != nil {
			return x.part(err)
		}
		plain, err := c.open(derived[:c.keySize], derived[c.keySize:], private, r.rest)
		if err == errDecrypt || err == nil && !sshChecked(plain) {
			continue
		}
		if err != nil {
			return x.part(err)
		}
		return x.sshKeys(plain, count)
	}
	return x.part(refusedPassword(x.keyPasswords(), "the OpenSSH key is encrypted"))
}

// sshChecked compares the two check numbers, by which a decryption shows that
// the password was right.
func sshChecked(plain []byte) bool {
	return len(plain) >= 8 && bytes.Equal(plain[:4], plain[4:8])
}

// sshKeys reads the private section.
func (x *extraction) sshKeys(plain []byte, count uint32) error {
	if !sshChecked(plain) {
		return x.part(corrupt("OpenSSH key", errors.New("its check numbers differ")))
	}
	r := &octetReader{rest: plain[8:]}
	for range count {
		k, err := sshKey(&x.budget, r)
		if err == nil {
			k.Alias = string(r.blob()) // the comment
		}
		if r.err != nil {
			err = corrupt("OpenSSH key", r.err)
		}
		if err != nil {
			return x.part(err)
		}
		if err := x.addKey(k, nil); err != nil {
			return err
		}
	}
	return nil
}

// sshKey reads one key, in the fields of the SSH agent's protocol.
func sshKey(b *budget, r *octetReader) (*Key, error) {
	switch kind := string(r.blob()); kind {
	case "ssh-rsa":
		v := r.blobs(6) // n, e, d, what follows from the rest, p, q
		return parsePKCS1(b, rsaOf(v[0], v[1], v[2], v[4], v[5]))
	case "ssh-dss":
		numbers := append([][]byte{nil}, r.blobs(5)...) // p, q, g, y, x
		return parseDSA(b, der(tagSequence, derIntegers(numbers...)...))
	case "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521":
		oid := map[string]string{"ecdsa-sha2-nistp256": "1.2.840.10045.3.1.7",
			"ecdsa-sha2-nistp384": "1.3.132.0.34", "ecdsa-sha2-nistp521": "1.3.132.0.35"}[kind]
		r.blob() // the curve again
		point, private := r.blob(), bytes.TrimLeft(r.blob(), "\x00")
		params, err := whole(derOID(oid))
		if err != nil || r.err != nil {
			return nil, errors.Join(err, r.err)
		}
		return ecKey(b, params, private, point)
	case "ssh-ed25519":
		public, private := r.blob(), r.blob()
		if len(private) != ed25519.PrivateKeySize || !bytes.Equal(private[32:], public) {
			return nil, corrupt("OpenSSH key", errors.New("its public key is not that of its private key"))
		}
		key, err := curveKey(b, oidEd25519, der(tagOctetString, private[:32]))
		if err == nil && !bytes.Equal(key.Private.Public().(ed25519.PublicKey), public) {
			return nil, corrupt("OpenSSH key", errors.New("its public key is not that of its private key"))
		}
		return key, err
	default:
		if r.err != nil {
			return nil, r.err
		}
		return nil, fault(UnsupportedKey, "an OpenSSH key of the type %s, which Go's TLS cannot use", fmt.Sprintf("%.40q", kind))
	}
}
