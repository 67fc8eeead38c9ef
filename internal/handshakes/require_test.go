package handshakes_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/realserver"
	"github.com/mtlshttp/mtlshttp/mtlstest"
)

// listening records every byte of application data that clients send, and asks
// for certificates as it is told; it answers over HTTP/1.1, once a connection.
type listening struct {
	config atomic.Pointer[tls.Config]
	bytes  atomic.Int64
	url    string
}

func startListening(t *testing.T, first *tls.Config) *listening {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &listening{url: "https://" + listener.Addr().String() + "/"}
	s.config.Store(first)
	var running sync.WaitGroup
	running.Go(func() {
		for {
			raw, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() { s.serve(raw) })
		}
	})
	t.Cleanup(func() { _ = listener.Close(); running.Wait() })
	return s
}

func (s *listening) serve(raw net.Conn) {
	defer raw.Close()
	_ = raw.SetDeadline(time.Now().Add(5 * time.Second))
	conn := tls.Server(raw, s.config.Load())
	buffer := make([]byte, 4096)
	n, err := conn.Read(buffer)
	s.bytes.Add(int64(n))
	if err != nil {
		return
	}
	_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
	_ = conn.CloseWrite()
}

// Where a client certificate is required, not one byte of HTTP leaves to a server
// that has ceased to ask: not on an old connection, not by a session that it
// would resume.
func TestRequiredCertificateOverSessions(t *testing.T) {
	ca, err := mtlstest.NewCA()
	require.NoError(t, err)
	id, err := ca.Issue(mtlstest.Client{})
	require.NoError(t, err)
	asks, err := ca.ServerConfig()
	require.NoError(t, err)
	keys := [32]byte{1}
	asks.SetSessionTicketKeys([][32]byte{keys}) // so that one server's sessions are the other's
	silent := asks.Clone()
	silent.ClientAuth = tls.NoClientCert
	silent.SetSessionTicketKeys([][32]byte{keys})
	refused := func(t *testing.T, err error) {
		f := failureOf(t, err)
		assert.Equal(t, mtlshttp.KindTLSClientCert, f.Kind)
		require.NotNil(t, f.Diagnosis)
		assert.Equal(t, "client-cert-not-requested certain", f.Diagnosis.Cause+" "+f.Diagnosis.Confidence)
		assert.False(t, f.Retryable)
	}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			e := newExecutor(t)
			s := startListening(t, asks)
			r := &mtlshttp.Request{URL: s.url, Identity: id.Credential, Roots: ca.Roots(), Protocol: mtlshttp.Protocol{MinTLS: version, MaxTLS: version, HTTP: 1}}
			loose := *r
			r.RequireClientCertificate = true
			for range 3 {
				_, err := e.Do(t.Context(), r)
				require.NoError(t, err)
				_, err = e.Do(t.Context(), &loose) // earns a session
				require.NoError(t, err)
			}
			s.config.Store(silent)
			_, err := e.Do(t.Context(), &loose)
			require.NoError(t, err)
			sent := s.bytes.Load()
			for range 3 {
				_, err := e.Do(t.Context(), r)
				refused(t, err)
			}
			assert.Equal(t, sent, s.bytes.Load())
		})
	}
}

// The alert that refuses a certificate is named through a tunnel as it is
// without, while a large body is on its way, too.
func TestAlertsAreNamedThroughAProxy(t *testing.T) {
	b := newBench(t)
	ca, err := mtlstest.NewCA()
	require.NoError(t, err)
	secure, err := ca.ServerConfig()
	require.NoError(t, err)
	secure.ClientAuth = tls.NoClientCert
	tries := scale(100, 10)
	for name, proxy := range map[string]*mtlshttp.Proxy{
		"http":  {URL: startProxy(t, nil).URL},
		"https": {URL: startProxy(t, secure).URL, Roots: ca.Roots()},
	} {
		for _, p := range protocols() {
			if p.MinTLS != tls.VersionTLS13 {
				continue
			}
			for _, delay := range []time.Duration{0, 30 * time.Millisecond} {
				config := b.server("", realserver.DemandRequire)
				config.MinVersion, config.MaxVersion, config.HTTP2, config.Alert, config.Delay = p.MinTLS, p.MaxTLS, p.HTTP == 2, 48, delay
				srv := realserver.Start(t, realserver.PeerAlertAfterClientCertificate, config)
				e := withProxy(t, proxy)
				named := 0
				for range tries {
					_, err := e.Do(t.Context(), &mtlshttp.Request{Method: "POST", URL: srv.URL + "/", Identity: b.situations[1].credential, Roots: b.roots(),
						Protocol: p, Body: mtlshttp.Raw("application/octet-stream", largeUpload)})
					var f *mtlshttp.Error
					if errors.As(err, &f) && f.Diagnosis != nil && f.Diagnosis.Cause == "client-cert-untrusted" {
						named++
					} else {
						t.Log(err)
					}
				}
				fmt.Printf("upload of 2 MiB through an %s proxy, HTTP/%d, alert after %v: named in %d of %d\n", name, p.HTTP, delay, named, tries)
				assert.GreaterOrEqual(t, named, tries-tries/100)
			}
		}
	}
}
