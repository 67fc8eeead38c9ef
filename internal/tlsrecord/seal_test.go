package tlsrecord

import (
	"context"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/mtlshttp/mtlshttp/internal/testca"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// refused is what a server says that ends every handshake by an alert of its
// own.
var errRefused = errors.New("refused")

// serve is a server of one connection, which calls act where the client's
// certificate would be looked at, and after the handshake.
func serve(t *testing.T, change func(*tls.Config), during, after func(*Secrets, *tls.Conn, *tap) error) (string, *testca.CA) {
	t.Helper()
	ca, err := testca.New(testca.Options{})
	require.NoError(t, err)
	pair, err := ca.Issue(testca.Leaf{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		raw, err := listener.Accept()
		if err != nil {
			return
		}
		defer raw.Close()
		_ = raw.SetDeadline(time.Now().Add(10 * time.Second))
		secrets, wire := new(Secrets), &tap{Conn: raw}
		config := &tls.Config{Certificates: []tls.Certificate{pair.TLS()}, ClientAuth: tls.RequestClientCert, KeyLogWriter: secrets}
		change(config)
		var conn *tls.Conn
		if during != nil {
			config.VerifyConnection = func(state tls.ConnectionState) error {
				wire.suite = state.CipherSuite
				if err := during(secrets, conn, wire); err != nil {
					t.Error(err)
				}
				return errRefused
			}
		}
		conn = tls.Server(wire, config)
		if err := conn.Handshake(); err != nil {
			_, _ = io.Copy(io.Discard, raw)
			return
		}
		wire.suite = conn.ConnectionState().CipherSuite
		if after != nil {
			if err := after(secrets, conn, wire); err != nil {
				t.Error(err)
			}
			_, _ = io.Copy(io.Discard, raw)
		}
	}()
	t.Cleanup(func() {
		listener.Close()
		<-done
	})
	return listener.Addr().String(), ca
}

// tap notes the server's random.
type tap struct {
	net.Conn
	suite  uint16
	random [32]byte
	found  bool
}

func (t *tap) Write(b []byte) (int, error) {
	if !t.found {
		t.random, t.found = ServerRandom(b)
	}
	return t.Conn.Write(b)
}

func sayAlert(number uint8) func(*Secrets, *tls.Conn, *tap) error {
	return func(s *Secrets, _ *tls.Conn, wire *tap) error {
		record := Plain(TypeAlert, FatalAlert(number))
		if s.Agreed() {
			sealer, err := s.Sealer13(wire.suite)
			if err != nil {
				return err
			}
			record = sealer.Seal(TypeAlert, FatalAlert(number))
		}
		_, err := wire.Conn.Write(record)
		return err
	}
}

func TestAlertOfAnyNumber(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, number := range []uint8{42, 46, 49, 116, 200} {
			addr, ca := serve(t, func(c *tls.Config) { c.MaxVersion = version }, sayAlert(number), nil)
			conn, err := tls.Dial("tcp", addr, &tls.Config{RootCAs: ca.Pool()})
			if err == nil { // TLS 1.3: the client has finished before
				_, err = conn.Read(make([]byte, 1))
				conn.Close()
			}
			var op *net.OpError
			require.ErrorAs(t, err, &op)
			assert.Equal(t, "remote error", op.Op)
			assert.Equal(t, fmt.Sprint(tls.AlertError(number)), op.Err.Error())
		}
	}
}

// The client takes the record only if keys, nonce, count and additional data
// are right, and answers with the alert that refuses a new handshake.
func TestHelloRequestUnderEverySuite(t *testing.T) {
	for _, id := range Suites() {
		rsa := id == tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 || id == tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 ||
			id == tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
		addr, ca := serve(t, func(c *tls.Config) {
			c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{id}
			if rsa {
				other, err := testca.New(testca.Options{})
				if err == nil {
					var pair *testca.Pair
					if pair, err = other.Issue(testca.Leaf{Key: testca.RSA2048}); err == nil {
						c.Certificates = []tls.Certificate{pair.TLS()}
					}
				}
				if err != nil {
					t.Error(err)
				}
			}
		}, nil, func(s *Secrets, conn *tls.Conn, wire *tap) error {
			if _, err := conn.Write([]byte("first")); err != nil { // number 1, after Finished
				return err
			}
			sealer, err := s.Sealer12(wire.suite, wire.random)
			if err != nil {
				return err
			}
			sealer.Skip(2)
			_, err = wire.Conn.Write(sealer.Seal(TypeHandshake, HelloRequest()))
			return err
		})
		conn, err := tls.Dial("tcp", addr, &tls.Config{RootCAs: ca.Pool(), InsecureSkipVerify: rsa})
		require.NoError(t, err)
		buffer := make([]byte, 16)
		n, err := conn.Read(buffer)
		require.NoError(t, err)
		assert.Equal(t, "first", string(buffer[:n]))
		_, err = conn.Read(buffer)
		assert.ErrorContains(t, err, "local error: tls: no renegotiation", tls.CipherSuiteName(id))
		conn.Close()
	}
}

// A client reads what follows a KeyUpdate only under the keys that follow.
func TestUpdate(t *testing.T) {
	addr, ca := serve(t, func(c *tls.Config) { c.SessionTicketsDisabled = true }, nil, func(s *Secrets, _ *tls.Conn, wire *tap) error {
		sealer, err := s.Sealer13(wire.suite)
		if err != nil {
			return err
		}
		records := sealer.Seal(TypeHandshake, []byte{24, 0, 0, 1, 0})
		if err := sealer.Update(); err != nil {
			return err
		}
		records = append(records, sealer.Seal(TypeApplicationData, []byte("one "))...)
		records = append(records, sealer.Seal(TypeApplicationData, []byte("two"))...)
		_, err = wire.Conn.Write(append(records, sealer.Seal(TypeAlert, []byte{1, 0})...))
		return err
	})
	conn, err := tls.Dial("tcp", addr, &tls.Config{RootCAs: ca.Pool()})
	require.NoError(t, err)
	defer conn.Close()
	got, err := io.ReadAll(conn)
	require.NoError(t, err)
	assert.Equal(t, "one two", string(got))
}

// RFC 8448, section 3: the server's application keys.
func TestExpandLabel(t *testing.T) {
	secret, err := hex.DecodeString("a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643")
	require.NoError(t, err)
	key, err := expandLabel(aes128.hash, secret, "key", 16)
	require.NoError(t, err)
	assert.Equal(t, "9f02283b6c9c07efc26bb9f2ac92e356", hex.EncodeToString(key))
	iv, err := expandLabel(aes128.hash, secret, "iv", 12)
	require.NoError(t, err)
	assert.Equal(t, "cf782b88dd83549aadf1e984", hex.EncodeToString(iv))
}

func TestNumbered(t *testing.T) {
	iv := []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	assert.Equal(t, iv, numbered(iv, 0))
	assert.Equal(t, []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 ^ 1, 12 ^ 2}, numbered(iv, 0x102))
	assert.Equal(t, byte(12), iv[11], "the IV stays as it is")
}

// crypto/tls lets nobody choose the suite of TLS 1.3; OpenSSL's client does.
func TestIntegrationAlertUnderEverySuite(t *testing.T) {
	if os.Getenv("MTLSHTTP_INTEGRATION") == "" {
		t.Skip("integration: set MTLSHTTP_INTEGRATION=1")
	}
	for _, name := range []string{"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"} {
		addr, _ := serve(t, func(*tls.Config) {}, sayAlert(46), nil)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		out, _ := exec.CommandContext(ctx, "openssl", "s_client", "-connect", addr, "-tls1_3", "-ciphersuites", name, "-ign_eof").CombinedOutput()
		cancel()
		assert.Contains(t, string(out), "SSL alert number 46", name)
	}
}

func TestWhatCannotBeSealed(t *testing.T) {
	var s Secrets
	_, err := s.Sealer13(tls.TLS_AES_128_GCM_SHA256)
	assert.ErrorIs(t, err, ErrNotAgreed)
	_, err = s.Sealer12(tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, [32]byte{})
	assert.ErrorIs(t, err, ErrNotAgreed)
	_, err = s.Sealer12(tls.TLS_RSA_WITH_AES_128_CBC_SHA, [32]byte{})
	assert.ErrorContains(t, err, "TLS_RSA_WITH_AES_128_CBC_SHA")
}
