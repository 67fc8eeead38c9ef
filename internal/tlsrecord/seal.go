package tlsrecord

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"

	"golang.org/x/crypto/chacha20poly1305"
)

// ErrNotAgreed: the handshake has not come to the keys that a record needs.
var ErrNotAgreed = errors.New("tlsrecord: no keys have been agreed")

const (
	nonceLength    = 12
	implicitLength = 4 // of the nonce, where AES-GCM's of TLS 1.2 (RFC 5288, section 3)
)

// suite is how a cipher suite protects records.
type suite struct {
	hash func() hash.Hash
	key  int
	aead func(key []byte) (cipher.AEAD, error)
	xor  bool // TLS 1.2: the nonce is the number xor the IV, as in TLS 1.3 (RFC 7905)
}

var (
	aes128 = suite{hash: sha256.New, key: 16, aead: gcm}
	aes256 = suite{hash: sha512.New384, key: 32, aead: gcm}
	chacha = suite{hash: sha256.New, key: chacha20poly1305.KeySize, aead: chacha20poly1305.New, xor: true}
)

var suites = map[uint16]suite{
	tls.TLS_AES_128_GCM_SHA256:                        aes128,
	tls.TLS_AES_256_GCM_SHA384:                        aes256,
	tls.TLS_CHACHA20_POLY1305_SHA256:                  chacha,
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256:       aes128,
	tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256:         aes128,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384:       aes256,
	tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384:         aes256,
	tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: chacha,
	tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256:   chacha,
}

// Suites are the cipher suites of TLS 1.2 under which Seal12 can write, for
// tls.Config.CipherSuites.
func Suites() []uint16 {
	return []uint16{
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
		tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	}
}

func suiteOf(id uint16) (suite, error) {
	s, ok := suites[id]
	if !ok {
		return suite{}, fmt.Errorf("tlsrecord: no record can be written under %s", tls.CipherSuiteName(id))
	}
	return s, nil
}

func gcm(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// Seal13 is a server's record of TLS 1.3, the number-th under its application
// traffic secret, counted from 0 (RFC 8446, sections 5.2, 5.3 and 7.3). Its
// error is ErrNotAgreed, or that the suite is none of TLS 1.3.
func (s *Secrets) Seal13(suiteID uint16, number uint64, kind byte, message []byte) ([]byte, error) {
	s.mu.Lock()
	secret := s.serverTraffic
	s.mu.Unlock()
	how, err := suiteOf(suiteID)
	if err != nil {
		return nil, err
	}
	if secret == nil {
		return nil, ErrNotAgreed
	}
	key, err := expandLabel(how.hash, secret, "key", how.key)
	if err != nil {
		return nil, err
	}
	iv, err := expandLabel(how.hash, secret, "iv", nonceLength)
	if err != nil {
		return nil, err
	}
	aead, err := how.aead(key)
	if err != nil {
		return nil, err
	}
	inner := append(append([]byte(nil), message...), kind)
	head := header(TypeApplicationData, len(inner)+aead.Overhead())
	return append(head, aead.Seal(nil, numbered(iv, number), inner, head)...), nil
}

// Seal12 is a server's record of TLS 1.2, the number-th under its keys, counted
// from 0, which is its Finished (RFC 5246, section 6.2.3.3). Its error is
// ErrNotAgreed, or that the suite is none of Suites.
func (s *Secrets) Seal12(suiteID uint16, serverRandom [32]byte, number uint64, kind byte, message []byte) ([]byte, error) {
	s.mu.Lock()
	master, clientRandom := s.master, s.clientRandom
	s.mu.Unlock()
	how, err := suiteOf(suiteID)
	if err != nil {
		return nil, err
	}
	if master == nil {
		return nil, ErrNotAgreed
	}
	ivLength := implicitLength
	if how.xor {
		ivLength = nonceLength
	}
	seed := append(append([]byte("key expansion"), serverRandom[:]...), clientRandom...)
	block := expand12(how.hash, master, seed, 2*how.key+2*ivLength)
	key := block[how.key : 2*how.key] // after the client's
	iv := block[2*how.key+ivLength:]
	aead, err := how.aead(key)
	if err != nil {
		return nil, err
	}
	counter := binary.BigEndian.AppendUint64(nil, number)
	additional := append(append([]byte(nil), counter...), header(kind, len(message))...)
	if how.xor {
		return Plain(kind, aead.Seal(nil, numbered(iv, number), message, additional)), nil
	}
	nonce := append(append([]byte(nil), iv...), counter...)
	return Plain(kind, aead.Seal(counter, nonce, message, additional)), nil
}

// numbered is the nonce of a record: the IV xor its number.
func numbered(iv []byte, number uint64) []byte {
	nonce := append([]byte(nil), iv...)
	low := nonce[len(nonce)-8:]
	binary.BigEndian.PutUint64(low, binary.BigEndian.Uint64(low)^number)
	return nonce
}

// expandLabel is HKDF-Expand-Label with an empty context (RFC 8446, section
// 7.1).
func expandLabel(newHash func() hash.Hash, secret []byte, label string, length int) ([]byte, error) {
	label = "tls13 " + label
	info := append([]byte{byte(length >> 8), byte(length), byte(len(label))}, label...)
	return hkdf.Expand(newHash, secret, string(append(info, 0)), length)
}

// expand12 is the PRF of TLS 1.2 (RFC 5246, section 5); the label is in front
// of the seed.
func expand12(newHash func() hash.Hash, secret, seed []byte, length int) []byte {
	sum := func(data ...[]byte) []byte {
		mac := hmac.New(newHash, secret)
		for _, d := range data {
			mac.Write(d)
		}
		return mac.Sum(nil)
	}
	var out []byte
	for a := sum(seed); len(out) < length; a = sum(a) {
		out = append(out, sum(a, seed)...)
	}
	return out[:length]
}
