package tlsrecord

import (
	"bytes"
	"encoding/hex"
	"sync"
)

// Secrets keeps what one connection agrees on, as the tls.Config's KeyLogWriter
// of that connection alone. The zero value is ready. It is safe for concurrent
// use.
type Secrets struct {
	mu                   sync.Mutex
	serverTraffic        []byte // TLS 1.3: server_application_traffic_secret_0
	clientRandom, master []byte // TLS 1.2
}

// Write takes one line of the key log (RFC 9850, section 2): a label, the
// client's random, the secret. Lines of other labels are left out.
func (s *Secrets) Write(line []byte) (int, error) {
	fields := bytes.Fields(line)
	if len(fields) != 3 {
		return len(line), nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	switch string(fields[0]) {
	case "SERVER_TRAFFIC_SECRET_0":
		s.serverTraffic, err = decode(fields[2])
	case "CLIENT_RANDOM":
		if s.clientRandom, err = decode(fields[1]); err == nil {
			s.master, err = decode(fields[2])
		}
	}
	if err != nil {
		return 0, err
	}
	return len(line), nil
}

func decode(text []byte) ([]byte, error) { return hex.AppendDecode(nil, text) }

// Agreed reports whether the server of a TLS 1.3 connection writes under its
// application traffic secret.
func (s *Secrets) Agreed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.serverTraffic != nil
}
