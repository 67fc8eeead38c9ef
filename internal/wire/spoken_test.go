package wire

import (
	"crypto/tls"
	"testing"

	"github.com/stretchr/testify/assert"
)

func recordOf(kind byte, length int) []byte {
	return append([]byte{kind, 3, 3, byte(length >> 8), byte(length)}, make([]byte, length)...)
}

func TestSpoken(t *testing.T) {
	const handshake, alert, data = 22, 21, 23
	join := func(records ...[]byte) (all []byte) {
		for _, r := range records {
			all = append(all, r...)
		}
		return all
	}
	shake := join(recordOf(handshake, 90), recordOf(20, 1), recordOf(data, 900), recordOf(data, 300))
	for name, c := range map[string]struct {
		version        uint16
		before, after  []byte
		tickets        int
		untold, spoken bool
	}{
		"nothing":                {tls.VersionTLS13, shake, nil, 0, false, false},
		"tickets":                {tls.VersionTLS13, shake, join(recordOf(data, 230), recordOf(data, 230)), 2, false, false},
		"tickets in one record":  {tls.VersionTLS13, shake, recordOf(data, 480), 2, false, false},
		"a close_notify":         {tls.VersionTLS13, shake, join(recordOf(data, 230), recordOf(data, 19)), 1, false, false},
		"SETTINGS":               {tls.VersionTLS13, shake, recordOf(data, 26), 0, false, true},
		"tickets and SETTINGS":   {tls.VersionTLS13, shake, join(recordOf(data, 230), recordOf(data, 44)), 1, false, true},
		"nobody counts tickets":  {tls.VersionTLS13, shake, recordOf(data, 230), 0, true, false},
		"TLS 1.2, nothing":       {tls.VersionTLS12, join(recordOf(handshake, 900), recordOf(20, 1), recordOf(handshake, 40)), recordOf(alert, 26), 0, false, false},
		"TLS 1.2, with Finished": {tls.VersionTLS12, join(recordOf(handshake, 40), recordOf(data, 50)), nil, 0, true, true},
	} {
		for _, size := range []int{1, 2, 7, 1 << 20} {
			s := spoken{told: !c.untold, tickets: c.tickets}
			in := func(p []byte) {
				for len(p) > 0 {
					n := min(size, len(p))
					s.received(p[:n])
					p = p[n:]
				}
			}
			in(c.before)
			s.shaken = s.records
			in(c.after)
			assert.Equal(t, c.spoken, s.http(c.version), "%s, %d at a time", name, size)
		}
	}
}
