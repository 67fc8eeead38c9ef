package realserver

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"strings"
	"sync"
)

// crypto/tls chooses its alerts itself and sends no message that it does not
// need. A peer that says something else writes the records itself, with the
// secret that the key log gives.

const (
	recordHeader = 5 // type, version, length (RFC 8446 section 5.1)

	typeAlert           = 21
	typeHandshake       = 22
	typeApplicationData = 23

	alertFatal             = 2
	msgHelloRequest        = 0
	msgNewSessionTicket    = 4
	msgCertificateRequest  = 13
	msgKeyUpdate           = 24
	extSignatureAlgorithms = 13
)

func record(kind byte, payload []byte) []byte {
	return append([]byte{kind, 3, 3, byte(len(payload) >> 8), byte(len(payload))}, payload...)
}

// plainAlert is a fatal alert before any key is agreed.
func plainAlert(number uint8) []byte { return record(typeAlert, []byte{alertFatal, number}) }

// readRecord reads one TLS record, such as a client's hello, and drops it.
func readRecord(r io.Reader) error {
	var header [recordHeader]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return err
	}
	_, err := io.CopyN(io.Discard, r, int64(binary.BigEndian.Uint16(header[3:])))
	return err
}

// alert refuses the client's certificate with the configured number. On TLS
// 1.2 the server's side is not encrypted yet; on TLS 1.3 it is, and the client
// has finished.
func (x *exchange) alert() error {
	number := x.server.config.Alert
	secret, agreed := x.keys.serverTrafficSecret()
	if !agreed {
		return x.say(plainAlert(number))
	}
	sealed, err := sealFirst(x.suite, secret, typeAlert, []byte{alertFatal, number})
	if err != nil {
		return err
	}
	return x.say(sealed)
}

// demand asks for a certificate after the handshake (RFC 8446 section 4.6.2),
// which is forbidden, since the client did not offer post_handshake_auth.
func (x *exchange) demand() error {
	secret, _ := x.keys.serverTrafficSecret()
	request := []byte{
		msgCertificateRequest, 0, 0, 14, // type, length
		1, 7, // certificate_request_context
		0, 10, // extensions
		0, extSignatureAlgorithms, 0, 6, 0, 4, 4, 3, 8, 4, // ecdsa_secp256r1_sha256, rsa_pss_rsae_sha256
	}
	sealed, err := sealFirst(x.tls.ConnectionState().CipherSuite, secret, typeHandshake, request)
	if err != nil {
		return err
	}
	if _, err := x.conn.Write(sealed); err != nil {
		return err
	}
	return x.receive(-1)
}

// keyLog keeps the secrets that a peer needs from the lines of a tls.Config's
// KeyLogWriter: that of the server's records in TLS 1.3, and in TLS 1.2 the
// master secret, with the client's random value beside it.
type keyLog struct {
	mu                   sync.Mutex
	secret               []byte
	clientRandom, master []byte
}

func (k *keyLog) Write(line []byte) (int, error) {
	fields := strings.Fields(string(line))
	if len(fields) != 3 {
		return len(line), nil
	}
	middle, err := hex.DecodeString(fields[1])
	if err != nil {
		return 0, err
	}
	last, err := hex.DecodeString(fields[2])
	if err != nil {
		return 0, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	switch fields[0] {
	case "SERVER_TRAFFIC_SECRET_0":
		k.secret = last
	case "CLIENT_RANDOM":
		k.clientRandom, k.master = middle, last
	}
	return len(line), nil
}

func (k *keyLog) serverTrafficSecret() ([]byte, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.secret, k.secret != nil
}

// sealer protects records as the server's side of a connection does.
type sealer struct {
	aead     cipher.AEAD
	iv       []byte // of TLS 1.3; in TLS 1.2 the first four bytes of the nonce
	sequence uint64
	newHash  func() hash.Hash
	secret   []byte // of TLS 1.3
}

// newSealer begins with the first record under a TLS 1.3 traffic secret (RFC
// 8446 section 7.3). The third suite, ChaCha20, is chosen only where a side has
// no AES in hardware, and is an error here.
func newSealer(suite uint16, secret []byte) (*sealer, error) {
	s := &sealer{secret: secret}
	var keyLength int
	switch suite {
	case tls.TLS_AES_128_GCM_SHA256:
		s.newHash, keyLength = sha256.New, 16
	case tls.TLS_AES_256_GCM_SHA384:
		s.newHash, keyLength = sha512.New384, 32
	default:
		return nil, fmt.Errorf("no record can be written for %s", tls.CipherSuiteName(suite))
	}
	key, err := expandLabel(s.newHash, secret, "key", keyLength)
	if err != nil {
		return nil, err
	}
	if s.iv, err = expandLabel(s.newHash, secret, "iv", 12); err != nil {
		return nil, err
	}
	s.aead, err = newGCM(key)
	return s, err
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// seal protects the next record (RFC 8446 section 5.2).
func (s *sealer) seal(kind byte, message []byte) []byte {
	inner := append(append([]byte(nil), message...), kind)
	header := record(typeApplicationData, make([]byte, len(inner)+s.aead.Overhead()))[:recordHeader]
	nonce := append([]byte(nil), s.iv...)
	for i := range 8 {
		nonce[4+i] ^= byte(s.sequence >> (56 - 8*i))
	}
	s.sequence++
	return append(header, s.aead.Seal(nil, nonce, inner, header)...)
}

// updated is what protects the records after a KeyUpdate (RFC 8446 section 7.2).
func (s *sealer) updated(suite uint16) (*sealer, error) {
	next, err := expandLabel(s.newHash, s.secret, "traffic upd", s.newHash().Size())
	if err != nil {
		return nil, err
	}
	return newSealer(suite, next)
}

// sealFirst protects the first record under a TLS 1.3 traffic secret.
func sealFirst(suite uint16, secret []byte, kind byte, message []byte) ([]byte, error) {
	s, err := newSealer(suite, secret)
	if err != nil {
		return nil, err
	}
	return s.seal(kind, message), nil
}

// expandLabel is HKDF-Expand-Label with an empty context (RFC 8446 section 7.1).
func expandLabel(newHash func() hash.Hash, secret []byte, label string, length int) ([]byte, error) {
	label = "tls13 " + label
	info := fmt.Sprintf("%s%c%s%c", []byte{byte(length >> 8), byte(length)}, len(label), label, 0)
	return hkdf.Expand(newHash, secret, info, length)
}
