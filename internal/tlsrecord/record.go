package tlsrecord

// The content types of a record (RFC 8446, section 5.1).
const (
	TypeChangeCipherSpec byte = 20
	TypeAlert            byte = 21
	TypeHandshake        byte = 22
	TypeApplicationData  byte = 23
)

// HeaderLength is that of a record's header: type, version, length.
const HeaderLength = 5

const (
	versionTLS12 = 0x0303 // in every record of TLS 1.2 and 1.3
	levelFatal   = 2
)

// Plain is an unprotected record. The message must be shorter than 16 KiB.
func Plain(kind byte, message []byte) []byte { return append(header(kind, len(message)), message...) }

// FatalAlert is the message of an alert that ends the connection.
func FatalAlert(number uint8) []byte { return []byte{levelFatal, number} }

// HelloRequest is the message by which a server asks for a new handshake, in
// TLS 1.2 (RFC 5246, section 7.4.1.1).
func HelloRequest() []byte { return []byte{0, 0, 0, 0} }

func header(kind byte, length int) []byte {
	return []byte{kind, versionTLS12 >> 8, versionTLS12 & 0xff, byte(length >> 8), byte(length)}
}

// ServerRandom finds the random of a ServerHello in the first bytes that a
// server writes (RFC 8446, section 4.1.3).
func ServerRandom(first []byte) (random [32]byte, ok bool) {
	const at = HeaderLength + 4 + 2 // the message's type and length, the version
	const serverHello = 2
	if len(first) < at+len(random) || first[0] != TypeHandshake || first[HeaderLength] != serverHello {
		return random, false
	}
	return [32]byte(first[at:]), true
}

// Each calls f with the type of each record in a write of whole records, as
// crypto/tls makes them.
func Each(write []byte, f func(kind byte)) {
	for len(write) >= HeaderLength {
		f(write[0])
		length := HeaderLength + int(write[3])<<8 + int(write[4])
		write = write[min(length, len(write)):]
	}
}
