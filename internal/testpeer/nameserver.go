package testpeer

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/testca"
)

// NameServer answers with the name of who called, asks everybody, and counts
// handshakes and the ones that were resumed.
type NameServer struct {
	URL                          string
	CA                           *testca.CA
	Handshakes, Resumed, answers atomic.Int64
}

// StartNameServer starts one; after so many answers the connection is closed,
// so that sessions are resumed. Zero: never.
func StartNameServer(t testing.TB, closes int64) *NameServer {
	ca, err := testca.New(testca.Options{})
	if err != nil {
		t.Fatal(err)
	}
	pair, err := ca.Issue(testca.Leaf{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	if err != nil {
		t.Fatal(err)
	}
	s := &NameServer{CA: ca}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if closes > 0 && s.answers.Add(1)%closes == 0 {
			w.Header().Set("Connection", "close")
		}
		if len(r.TLS.PeerCertificates) > 0 {
			_, _ = io.WriteString(w, r.TLS.PeerCertificates[0].Subject.CommonName)
		}
	}))
	srv.EnableHTTP2 = true
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{pair.TLS()}, ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: ca.Pool(),
		VerifyConnection: func(state tls.ConnectionState) error {
			s.Handshakes.Add(1)
			if state.DidResume {
				s.Resumed.Add(1)
			}
			return nil
		}}
	srv.StartTLS()
	t.Cleanup(srv.Close)
	s.URL = srv.URL
	return s
}

// Credential is a client's, of the server's authority.
func (s *NameServer) Credential(t testing.TB, name string) *mtlshttp.Credential {
	pair, err := s.CA.Issue(testca.Leaf{CommonName: name, Usages: testca.ClientAuth})
	if err != nil {
		t.Fatal(err)
	}
	c, err := mtlshttp.NewCredential(pair.Key, pair.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Roots are the server's authority alone.
func (s *NameServer) Roots() mtlshttp.Roots {
	return mtlshttp.Roots{Certificates: []*x509.Certificate{s.CA.Certificate}, Only: true}
}
