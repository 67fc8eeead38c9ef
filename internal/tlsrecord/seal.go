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

// Suites are the cipher suites of TLS 1.2 under which a Sealer can write, for
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

// Sealer protects the records of a server's side, one after another.
type Sealer struct {
	how    suite
	tls12  bool
	secret []byte // of TLS 1.3
	aead   cipher.AEAD
	iv     []byte
	number uint64 // of the next record
}

// Sealer13 begins with the first record under the server's application traffic
// secret (RFC 8446, section 7.3). Its error is ErrNotAgreed, or that the suite is
// not known.
func (s *Secrets) Sealer13(suiteID uint16) (*Sealer, error) {
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
	sealer := &Sealer{how: how}
	return sealer, sealer.use(secret)
}

// use derives a key and an IV.
func (s *Sealer) use(secret []byte) error {
	key, err := expandLabel(s.how.hash, secret, "key", s.how.key)
	if err != nil {
		return err
	}
	if s.iv, err = expandLabel(s.how.hash, secret, "iv", nonceLength); err != nil {
		return err
	}
	s.secret, s.number = secret, 0
	s.aead, err = s.how.aead(key)
	return err
}

// Update goes on as after a KeyUpdate of TLS 1.3 (RFC 8446, section 7.2).
func (s *Sealer) Update() error {
	next, err := expandLabel(s.how.hash, s.secret, "traffic upd", s.how.hash().Size())
	if err != nil {
		return err
	}
	return s.use(next)
}

// Sealer12 begins with the first record under the server's keys of TLS 1.2,
// which crypto/tls has written: its Finished (RFC 5246, section 6.3). Its error is
// ErrNotAgreed, or that the suite is none of Suites.
func (s *Secrets) Sealer12(suiteID uint16, serverRandom [32]byte) (*Sealer, error) {
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
	sealer := &Sealer{how: how, tls12: true, iv: block[2*how.key+ivLength:]}
	sealer.aead, err = how.aead(block[how.key : 2*how.key]) // after the client's
	return sealer, err
}

// Skip leaves out records that crypto/tls has written.
func (s *Sealer) Skip(records uint64) { s.number += records }

// Seal protects the next record (RFC 8446, section 5.2; RFC 5246, section
// 6.2.3.3).
func (s *Sealer) Seal(kind byte, message []byte) []byte {
	number := s.number
	s.number++
	if !s.tls12 {
		inner := append(append([]byte(nil), message...), kind)
		head := header(TypeApplicationData, len(inner)+s.aead.Overhead())
		return append(head, s.aead.Seal(nil, numbered(s.iv, number), inner, head)...)
	}
	counter := binary.BigEndian.AppendUint64(nil, number)
	additional := append(append([]byte(nil), counter...), header(kind, len(message))...)
	if s.how.xor {
		return Plain(kind, s.aead.Seal(nil, numbered(s.iv, number), message, additional))
	}
	nonce := append(append([]byte(nil), s.iv...), counter...) // its explicit part is the number
	return Plain(kind, s.aead.Seal(counter, nonce, message, additional))
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
