package realserver

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
)

// floodMessages is how many messages a peer sends that floods.
const floodMessages = 10_000

// keyUpdates sends KeyUpdates without end (RFC 8446 section 4.6.3): each costs
// the client a derivation of keys.
func (x *exchange) keyUpdates() error {
	suite := x.tls.ConnectionState().CipherSuite
	secret, _ := x.keys.serverTrafficSecret()
	s, err := newSealer(suite, secret)
	for range floodMessages {
		if err != nil {
			return err
		}
		if _, err = x.conn.Write(s.seal(typeHandshake, []byte{msgKeyUpdate, 0, 0, 1, 0})); err != nil {
			return err
		}
		s, err = s.updated(suite)
	}
	return x.receive(-1)
}

// tickets sends session tickets without end (RFC 8446 section 4.6.1).
func (x *exchange) tickets() error {
	secret, _ := x.keys.serverTrafficSecret()
	s, err := newSealer(x.tls.ConnectionState().CipherSuite, secret)
	if err != nil {
		return err
	}
	ticket := []byte{
		msgNewSessionTicket, 0, 0, 19, // type, length
		0, 0, 14, 16, 0, 0, 0, 0, // an hour, no offset of the age
		1, 0, // nonce
		0, 5, 't', 'i', 'c', 'k', 't',
		0, 0, // extensions
	}
	for range floodMessages {
		if _, err := x.conn.Write(s.seal(typeHandshake, ticket)); err != nil {
			return err
		}
	}
	return x.receive(-1)
}

// renegotiate asks the client to begin a new handshake (RFC 5246 section
// 7.4.1.1). The server's Finished was its first protected record.
func (x *exchange) renegotiate() error {
	if err := x.receive(1); err != nil {
		return err
	}
	s, err := x.sealer12()
	if err != nil {
		return err
	}
	s.sequence = 1
	if _, err := x.conn.Write(s.seal12(typeHandshake, []byte{msgHelloRequest, 0, 0, 0})); err != nil {
		return err
	}
	return x.receive(-1)
}

var errNoServerRandom = errors.New("the server's hello was not seen")

// sealer12 derives the keys of the server's records in TLS 1.2 with AES-128-GCM
// and SHA-256 (RFC 5246 section 6.3, RFC 5288).
func (x *exchange) sealer12() (*sealer, error) {
	switch suite := x.tls.ConnectionState().CipherSuite; suite {
	case tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256:
	default:
		return nil, fmt.Errorf("no record can be written for %s", tls.CipherSuiteName(suite))
	}
	if len(x.hello.random) == 0 {
		return nil, errNoServerRandom
	}
	x.keys.mu.Lock()
	defer x.keys.mu.Unlock()
	// Two keys of 16 bytes and two salts of 4, the client's first.
	block := prf12(x.keys.master, "key expansion", append(append([]byte(nil), x.hello.random...), x.keys.clientRandom...), 40)
	aead, err := newGCM(block[16:32])
	return &sealer{aead: aead, iv: block[36:40]}, err
}

// seal12 protects the next record of TLS 1.2; the explicit part of the nonce is
// the sequence number.
func (s *sealer) seal12(kind byte, message []byte) []byte {
	number := make([]byte, 8)
	for i := range number {
		number[i] = byte(s.sequence >> (56 - 8*i))
	}
	s.sequence++
	additional := append(append([]byte(nil), number...), record(kind, message)[:recordHeader]...)
	nonce := append(append([]byte(nil), s.iv...), number...)
	return record(kind, append(number, s.aead.Seal(nil, nonce, message, additional)...))
}

// prf12 is TLS 1.2's pseudorandom function with SHA-256 (RFC 5246 section 5).
func prf12(secret []byte, label string, seed []byte, length int) []byte {
	sum := func(data ...[]byte) []byte {
		mac := hmac.New(sha256.New, secret)
		for _, d := range data {
			mac.Write(d)
		}
		return mac.Sum(nil)
	}
	seed = append([]byte(label), seed...)
	var out []byte
	for a := sum(seed); len(out) < length; a = sum(a) {
		out = append(out, sum(a, seed)...)
	}
	return out[:length]
}

// helloConn keeps the random value of the server's hello, which is the first
// that it writes.
type helloConn struct {
	net.Conn
	random []byte
}

func (c *helloConn) Write(b []byte) (int, error) {
	const at = recordHeader + 4 + 2 // after the message's header and its version
	if c.random == nil && len(b) >= at+32 && b[0] == typeHandshake {
		c.random = append([]byte(nil), b[at:at+32]...)
	}
	return c.Conn.Write(b)
}
