// Package mtlstest makes mutual TLS in unit tests short: a CA, client
// credentials of every sort, good and bad, and an httptest.Server that demands
// them, all in memory.
//
//	srv := mtlstest.NewServer(t, handler)
//	resp, err := mtlshttp.Do(ctx, srv.Request("/path"))
//
// The server demands a client certificate from its own CA. Request carries a
// valid one; Issue makes others:
//
//	r := srv.Request("/path")
//	r.Identity = srv.Issue(t, mtlstest.Client{Expired: true})
//
// What needs no test, such as a demonstration, starts with NewCA.
package mtlstest

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/testca"
)

// lifetime is how long what is issued is valid: beyond the warning about a
// certificate that ends soon.
const lifetime = 90 * 24 * time.Hour

// CA is an authority that vouches for servers and clients. It is safe for
// concurrent use.
type CA struct {
	root     *testca.CA
	below    *testca.CA
	stranger *testca.CA
}

// NewCA makes an authority.
func NewCA() (*CA, error) {
	root, err := testca.New(testca.Options{CommonName: "mtlstest CA"})
	if err != nil {
		return nil, err
	}
	below, err := root.Intermediate(testca.Options{CommonName: "mtlstest intermediate CA"})
	if err != nil {
		return nil, err
	}
	stranger, err := testca.New(testca.Options{CommonName: "stranger CA"})
	if err != nil {
		return nil, err
	}
	return &CA{root, below, stranger}, nil
}

// Roots trusts the authority, and nothing else.
func (ca *CA) Roots() mtlshttp.Roots {
	return mtlshttp.Roots{Certificates: []*x509.Certificate{ca.root.Certificate}, Only: true}
}

// PEM is the authority's certificate.
func (ca *CA) PEM() []byte { return ca.root.PEM() }

// Client says what a client's certificate is like. The zero value is valid.
type Client struct {
	Name string // of the subject; empty: "client"

	Expired     bool // it ended yesterday
	NotYetValid bool // it begins tomorrow
	WrongUsage  bool // it is for servers
	Stranger    bool // another authority signed it
	Weak        bool // its key is RSA of 1024 bits

	// Intermediate signs it by an authority below the CA, whose certificate
	// is sent along; OmitIntermediate leaves that out.
	Intermediate, OmitIntermediate bool

	// NotBefore and NotAfter bound its validity; zero: an hour ago, 90 days
	// from now.
	NotBefore, NotAfter time.Time
}

// Identity is a client's certificate with its key, in every form.
type Identity struct {
	Credential *mtlshttp.Credential

	pair *testca.Pair
}

// PKCS12 is the identity as a file under a password, as OpenSSL 3 writes it.
func (id *Identity) PKCS12(password string) ([]byte, error) {
	return id.pair.PKCS12(password, testca.Modern)
}

// PEM is the identity as text: the certificate with its chain, and the key in
// PKCS #8.
func (id *Identity) PEM() (certificate, key []byte, err error) {
	key, err = id.pair.KeyPEM()
	return id.pair.CertificatePEM(), key, err
}

// Issue makes a client's identity. One that has expired or is not valid yet has
// AllowExpired set, so that it is sent.
func (ca *CA) Issue(c Client) (*Identity, error) {
	leaf := testca.Leaf{CommonName: c.Name, Usages: testca.ClientAuth, NotBefore: c.NotBefore, NotAfter: c.NotAfter}
	if c.Name == "" {
		leaf.CommonName = "client"
	}
	now := time.Now()
	if leaf.NotAfter.IsZero() {
		leaf.NotAfter = now.Add(lifetime)
	}
	if c.Expired {
		leaf.NotAfter = now.Add(-24 * time.Hour)
	}
	if c.NotYetValid {
		leaf.NotBefore = now.Add(24 * time.Hour)
	}
	if c.WrongUsage {
		leaf.Usages = testca.ServerAuth
	}
	if c.Weak {
		leaf.Key = testca.RSA1024
	}
	issuer := ca.root
	switch {
	case c.Stranger:
		issuer = ca.stranger
	case c.Intermediate || c.OmitIntermediate:
		issuer = ca.below
	}
	pair, err := issuer.Issue(leaf)
	if err != nil {
		return nil, err
	}
	if c.OmitIntermediate {
		pair = pair.WithoutChain()
	}
	credential, err := mtlshttp.NewCredential(pair.Key, append([]*x509.Certificate{pair.Certificate}, pair.Chain...)...)
	if err != nil {
		return nil, err
	}
	credential.AllowExpired = c.Expired || c.NotYetValid
	return &Identity{credential, pair}, nil
}

// ServerConfig is a TLS configuration for a server with a certificate of the
// authority for the hosts (names or addresses; none: localhost and the loopback
// addresses), which demands a client certificate of the authority.
func (ca *CA) ServerConfig(hosts ...string) (*tls.Config, error) {
	leaf := testca.Leaf{CommonName: "server", Usages: testca.ServerAuth, NotAfter: time.Now().Add(lifetime)}
	if len(hosts) == 0 {
		hosts = []string{"localhost", "127.0.0.1", "::1"}
	}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			leaf.IPAddresses = append(leaf.IPAddresses, ip)
		} else {
			leaf.DNSNames = append(leaf.DNSNames, h)
		}
	}
	pair, err := ca.root.Issue(leaf)
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		Certificates: []tls.Certificate{pair.TLS()},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    ca.root.Pool(),
		MinVersion:   tls.VersionTLS12,
		NextProtos:   []string{"h2", "http/1.1"},
	}, nil
}

// Start starts a server that demands a client certificate of the authority. The
// caller closes it. It logs nothing: refused handshakes are what it is for.
func (ca *CA) Start(handler http.Handler) (*httptest.Server, error) {
	config, err := ca.ServerConfig()
	if err != nil {
		return nil, err
	}
	srv := httptest.NewUnstartedServer(handler)
	srv.TLS = config
	srv.EnableHTTP2 = true
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	return srv, nil
}

// Server is a started test server that demands client certificates.
type Server struct {
	*httptest.Server
	CA *CA
	// Credential is a valid client's.
	Credential *mtlshttp.Credential
}

// NewServer starts a server that demands a client certificate, and closes it
// when the test ends. It fails the test where it cannot.
func NewServer(t testing.TB, handler http.Handler) *Server {
	t.Helper()
	ca, err := NewCA()
	if err != nil {
		t.Fatal("mtlstest: ", err)
	}
	srv, err := ca.Start(handler)
	if err != nil {
		t.Fatal("mtlstest: ", err)
	}
	t.Cleanup(srv.Close)
	s := &Server{Server: srv, CA: ca}
	s.Credential = s.Issue(t, Client{})
	return s
}

// Request is a GET of a path on the server, with the valid credential and the
// server's authority.
func (s *Server) Request(path string) *mtlshttp.Request {
	return &mtlshttp.Request{URL: s.URL + "/" + strings.TrimPrefix(path, "/"), Identity: s.Credential, Roots: s.CA.Roots()}
}

// Issue makes another client's credential.
func (s *Server) Issue(t testing.TB, c Client) *mtlshttp.Credential {
	t.Helper()
	id, err := s.CA.Issue(c)
	if err != nil {
		t.Fatal("mtlstest: ", err)
	}
	return id.Credential
}
