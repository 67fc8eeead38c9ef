package realserver

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp/internal/tlsrecord"
)

// outcome is what one exchange of plain crypto/tls came to.
type outcome struct {
	shook    bool // the client's handshake ended well
	asked    bool
	err      error // of the handshake, the write or the read, whichever came first
	received string
	alerted  bool // the last record that came was an alert
}

// recorded keeps the bytes read from a connection.
type recorded struct {
	net.Conn
	read []byte
}

func (c *recorded) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.read = append(c.read, b[:n]...)
	return n, err
}

// endsInAlert looks at the last record. An encrypted one of TLS 1.3 shows what
// it holds by its length alone: two bytes, a type and a tag of sixteen.
func (c *recorded) endsInAlert() bool {
	alert := false
	for b := c.read; len(b) >= tlsrecord.HeaderLength; {
		length := int(binary.BigEndian.Uint16(b[3:]))
		alert = b[0] == tlsrecord.TypeAlert || b[0] == tlsrecord.TypeApplicationData && length == 19
		b = b[min(len(b), tlsrecord.HeaderLength+length):]
	}
	return alert
}

func (o outcome) timedOut() bool {
	var timeout net.Error
	return errors.As(o.err, &timeout) && timeout.Timeout()
}

func (o outcome) reset() bool { return errors.Is(o.err, syscall.ECONNRESET) }

// alert is the number of the alert in the error: crypto/tls keeps its type to
// itself, and its text is that of tls.AlertError.
func (o outcome) alert(number uint8) bool {
	var operation *net.OpError
	return errors.As(o.err, &operation) && operation.Op == "remote error" &&
		operation.Err.Error() == tls.AlertError(number).Error()
}

// talk shakes hands, sends a request and reads what comes, as an HTTP/1.1
// client would.
func talk(t *testing.T, w *world, s *Server, version uint16) (o outcome) {
	t.Helper()
	patience := 20 * time.Second
	if s.Kind.Stalls() { // which costs all of it
		patience = 2 * time.Second
	}
	dialed, err := net.Dial("tcp", s.Addr)
	if err != nil { // reset before connect returned
		o.err = err
		return o
	}
	raw := &recorded{Conn: dialed}
	defer func() { o.alerted = raw.endsInAlert() }()
	defer raw.Close()
	require.NoError(t, raw.SetDeadline(time.Now().Add(patience)))
	conn := tls.Client(raw, &tls.Config{
		RootCAs: w.ca.Pool(), ServerName: "localhost", MinVersion: version, MaxVersion: version,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			o.asked = true
			cert := w.client.TLS()
			return &cert, nil
		},
	})
	if o.err = conn.Handshake(); o.err != nil {
		return o
	}
	o.shook = true
	if _, o.err = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"); o.err != nil {
		return o
	}
	var content []byte
	content, o.err = io.ReadAll(conn)
	o.received = string(content)
	return o
}

func TestPeers(t *testing.T) {
	w := newWorld(t)
	const number = 45 // certificate_expired
	expect := map[Kind]func(t *testing.T, o outcome){
		PeerCloseOnAccept: func(t *testing.T, o outcome) { assert.False(t, o.shook); assert.Error(t, o.err) },
		PeerResetOnAccept: func(t *testing.T, o outcome) {
			assert.False(t, o.shook)
			assert.True(t, o.reset() || errors.Is(o.err, syscall.EPIPE), "%v", o.err)
		},
		PeerStallOnAccept:         func(t *testing.T, o outcome) { assert.False(t, o.shook); assert.True(t, o.timedOut()) },
		PeerCloseAfterClientHello: func(t *testing.T, o outcome) { assert.False(t, o.shook); assert.ErrorIs(t, o.err, io.EOF) },
		PeerResetAfterClientHello: func(t *testing.T, o outcome) { assert.False(t, o.shook); assert.True(t, o.reset()) },
		PeerAlertAfterClientHello: func(t *testing.T, o outcome) { assert.False(t, o.asked); assert.True(t, o.alert(number)) },
		PeerStallAfterClientHello: func(t *testing.T, o outcome) { assert.False(t, o.shook); assert.True(t, o.timedOut()) },
		PeerStallAfterServerHello: func(t *testing.T, o outcome) {
			assert.False(t, o.shook)
			assert.False(t, o.asked)
			assert.True(t, o.timedOut())
		},

		PeerCloseAfterClientCertificate: func(t *testing.T, o outcome) { assert.True(t, o.asked); assertEnd(t, o) },
		PeerResetAfterClientCertificate: func(t *testing.T, o outcome) { assert.True(t, o.asked); assert.True(t, o.reset()) },
		PeerAlertAfterClientCertificate: func(t *testing.T, o outcome) { assert.True(t, o.asked); assert.True(t, o.alert(number)) },
		PeerStallAfterClientCertificate: func(t *testing.T, o outcome) { assert.True(t, o.asked); assert.True(t, o.timedOut()) },

		PeerCloseAfterHandshake: func(t *testing.T, o outcome) { assert.True(t, o.shook); assertEnd(t, o) },
		PeerNotifyAfterHandshake: func(t *testing.T, o outcome) {
			assert.True(t, o.shook)
			assert.NoError(t, o.err)
			assert.True(t, o.alerted)
		},
		PeerResetAfterHandshake: func(t *testing.T, o outcome) { assert.True(t, o.shook); assert.Error(t, o.err) },
		PeerStallAfterHandshake: func(t *testing.T, o outcome) { assert.True(t, o.shook); assert.True(t, o.timedOut()) },
		PeerDemandAfterHandshake: func(t *testing.T, o outcome) {
			assert.True(t, o.shook)
			var local *net.OpError
			require.ErrorAs(t, o.err, &local)
			assert.Equal(t, "local error", local.Op) // unexpected_message, sent by us
		},
		PeerKeyUpdates:        assertWeGiveUp,
		PeerTickets:           assertWeGiveUp,
		PeerRenegotiate:       assertWeGiveUp, // no_renegotiation
		PeerCloseAfterRequest: func(t *testing.T, o outcome) { assert.True(t, o.shook); assertEnd(t, o) },
		PeerResetAfterRequest: func(t *testing.T, o outcome) { assert.True(t, o.shook); assert.True(t, o.reset()) },
		PeerStallInHeaders: func(t *testing.T, o outcome) {
			assert.True(t, o.timedOut())
			assert.Equal(t, "HTTP/1.1 200 OK\r\nContent-Type: te", o.received)
		},
		PeerStallInBody: func(t *testing.T, o outcome) {
			assert.True(t, o.timedOut())
			assert.Contains(t, o.received, "\r\n\r\nthe beginning")
		},
		PeerPlainHTTP:     func(t *testing.T, o outcome) { assertNoTLS(t, o, "HTTP/") },
		PeerBanner:        func(t *testing.T, o outcome) { assertNoTLS(t, o, "SSH-2") },
		PeerGarbage:       func(t *testing.T, o outcome) { assertNoTLS(t, o, "\xde\xad\xbe\xef\x00") },
		PeerGarbageRecord: func(t *testing.T, o outcome) { assert.False(t, o.shook); assert.False(t, o.timedOut()) },
	}
	for _, kind := range PeerKinds() {
		for _, version := range versions() {
			t.Run(string(kind)+"/"+tls.VersionName(version), func(t *testing.T) {
				t.Parallel() // those that stall only wait
				c := w.config(t, DemandOptional)
				c.Alert = number
				c.MaxVersion = version
				if unsupported(t, kind, c) {
					assert.Contains(t, []Kind{PeerDemandAfterHandshake, PeerKeyUpdates, PeerTickets, PeerRenegotiate}, kind)
					return
				}
				s := Start(t, kind, c)
				o := talk(t, w, s, version)
				t.Logf("%+v", o)
				require.Contains(t, expect, kind)
				expect[kind](t, o)
			})
		}
	}
	assert.Len(t, expect, len(peers))
}

// assertEnd asserts that the stream ended without a word: in the handshake that
// is an error, after it crypto/tls lets it pass as the end.
func assertEnd(t *testing.T, o outcome) {
	assert.False(t, o.alerted)
	assert.Empty(t, o.received)
	if !o.shook {
		assert.ErrorIs(t, o.err, io.EOF)
		return
	}
	assert.NoError(t, o.err)
}

// assertWeGiveUp asserts that the client ended the connection with an alert of
// its own, after the handshake. Its write may meet the end first.
func assertWeGiveUp(t *testing.T, o outcome) {
	assert.True(t, o.shook)
	assert.Error(t, o.err)
	assert.False(t, o.timedOut(), "%v", o.err)
	assert.Empty(t, o.received)
}

func assertNoTLS(t *testing.T, o outcome, first string) {
	var header tls.RecordHeaderError
	require.ErrorAs(t, o.err, &header)
	assert.Equal(t, first, string(header.RecordHeader[:]))
}

// Every number that the protocol has arrives as it was chosen, on both
// versions: on TLS 1.3 under encryption.
func TestPeerAlertNumbers(t *testing.T) {
	w := newWorld(t)
	for _, version := range versions() {
		for _, number := range []uint8{40, 42, 43, 44, 45, 46, 48, 49, 51, 80, 116} {
			c := w.config(t, DemandRequire)
			c.Alert = number
			s := Start(t, PeerAlertAfterClientCertificate, c)
			o := talk(t, w, s, version)
			assert.True(t, o.alert(number), "%d: %v", number, o.err)
			assert.Equal(t, version == tls.VersionTLS13, o.shook)
		}
	}
}

func TestPeerCountsApplicationBytes(t *testing.T) {
	w := newWorld(t)
	s := Start(t, PeerStallAfterHandshake, w.config(t, DemandOptional))
	o := talk(t, w, s, tls.VersionTLS13)
	assert.True(t, o.shook)
	assert.EqualValues(t, len("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), s.ApplicationBytes())
	s.WaitLog(t, "client-one")
}

func TestPeerWaitsBeforeItActs(t *testing.T) {
	w := newWorld(t)
	c := w.config(t, DemandNone)
	c.Delay = 50 * time.Millisecond
	s := Start(t, PeerCloseAfterHandshake, c)
	began := time.Now()
	o := talk(t, w, s, tls.VersionTLS13)
	assert.True(t, o.shook)
	assert.False(t, o.asked)
	assert.GreaterOrEqual(t, time.Since(began), c.Delay)
}
