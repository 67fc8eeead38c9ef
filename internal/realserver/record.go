package realserver

import (
	"encoding/binary"
	"io"

	"github.com/mtlshttp/mtlshttp/internal/tlsrecord"
)

// crypto/tls chooses its alerts itself and sends no message that it does not
// need. A peer that says something else writes the records itself.

// The types of messages (RFC 8446 section 4) and of an extension in one.
const (
	msgNewSessionTicket    = 4
	msgCertificateRequest  = 13
	msgKeyUpdate           = 24
	extSignatureAlgorithms = 13
)

// plainAlert is a fatal alert before any key is agreed.
func plainAlert(number uint8) []byte {
	return tlsrecord.Plain(tlsrecord.TypeAlert, tlsrecord.FatalAlert(number))
}

// readRecord reads one TLS record, such as a client's hello, and drops it.
func readRecord(r io.Reader) error {
	var header [tlsrecord.HeaderLength]byte
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
	if !x.secrets.Agreed() {
		return x.say(plainAlert(number))
	}
	s, err := x.secrets.Sealer13(x.suite)
	if err != nil {
		return err
	}
	return x.say(s.Seal(tlsrecord.TypeAlert, tlsrecord.FatalAlert(number)))
}

// demand asks for a certificate after the handshake (RFC 8446 section 4.6.2),
// which is forbidden, since the client did not offer post_handshake_auth.
func (x *exchange) demand() error {
	request := []byte{
		msgCertificateRequest, 0, 0, 14, // type, length
		1, 7, // certificate_request_context
		0, 10, // extensions
		0, extSignatureAlgorithms, 0, 6, 0, 4, 4, 3, 8, 4, // ecdsa_secp256r1_sha256, rsa_pss_rsae_sha256
	}
	s, err := x.secrets.Sealer13(x.tls.ConnectionState().CipherSuite)
	if err != nil {
		return err
	}
	if _, err := x.conn.Write(s.Seal(tlsrecord.TypeHandshake, request)); err != nil {
		return err
	}
	return x.receive(-1)
}
