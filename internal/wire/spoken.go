package wire

import "crypto/tls"

// Of records (RFC 8446, section 5): the length of the header, content types, the
// first octet of the version, and the length of an alert as TLS 1.3 protects one,
// which is two octets, the content type and the cipher's tag.
const (
	recordHeader    = 5
	alertRecord     = 21
	handshakeRecord = 22
	dataRecord      = 23
	tlsMajor        = 3
	protectedAlert  = 2 + 1 + 16
)

// spoken counts the records of application data that a peer sends. In TLS 1.3
// the rest of its handshake looks like that, and so do its session tickets,
// which crypto/tls tells of; what is left is what HTTP says.
type spoken struct {
	header  [recordHeader]byte // type, version, length
	have    int                // of the header
	left    int                // of the record's body
	records int
	shaken  int // of them, when the handshake was done
	tickets int
	told    bool // crypto/tls tells of tickets
	alert   bool // one came, or what looks like it
}

func (s *spoken) received(p []byte) {
	for len(p) > 0 {
		if s.left > 0 {
			n := min(s.left, len(p))
			s.left, p = s.left-n, p[n:]
			continue
		}
		n := copy(s.header[s.have:], p)
		s.have, p = s.have+n, p[n:]
		if s.have < len(s.header) {
			return
		}
		s.have, s.left = 0, int(s.header[3])<<8|int(s.header[4])
		switch kind := s.header[0]; {
		case kind == alertRecord, kind == dataRecord && s.left == protectedAlert:
			s.alert = true
		case kind == dataRecord:
			s.records++
		}
	}
}

// http says whether any of it was HTTP. Tickets that come in one record hide
// one.
func (s *spoken) http(version uint16) bool {
	if version < tls.VersionTLS13 {
		return s.records > 0
	}
	return s.told && s.records-s.shaken > s.tickets
}
