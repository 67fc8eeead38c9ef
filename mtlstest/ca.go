package mtlstest

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
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

	// NotBefore and NotAfter bound its validity; zero: an hour ago, and
	// Lifetime from now, zero: 90 days.
	NotBefore, NotAfter time.Time
	Lifetime            time.Duration
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
		leaf.NotAfter = now.Add(cmp.Or(c.Lifetime, lifetime))
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
	certificate, err := ca.serverCertificate(hosts)
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		Certificates: []tls.Certificate{certificate},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    ca.root.Pool(),
		MinVersion:   tls.VersionTLS12,
		NextProtos:   []string{"h2", "http/1.1"},
	}, nil
}

// serverCertificate is valid as long as the authority, so that in a test of
// years the server's is not what ends.
func (ca *CA) serverCertificate(hosts []string) (tls.Certificate, error) {
	leaf := testca.Leaf{CommonName: "server", Usages: testca.ServerAuth, NotAfter: ca.root.Certificate.NotAfter}
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
		return tls.Certificate{}, err
	}
	return pair.TLS(), nil
}

// Start starts a plain httptest.Server with ServerConfig, whose TLS may be
// changed before its first connection; Serve takes options instead. The caller
// closes it. It logs nothing: refused handshakes are what it is for.
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
