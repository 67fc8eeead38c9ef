package replica

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Name names the server that is replicated.
type Name string

// The servers.
const (
	Go      Name = "go" // net/http
	Nginx   Name = "nginx"
	Apache  Name = "apache"
	HAProxy Name = "haproxy"
	OpenSSL Name = "openssl" // s_server
	Stunnel Name = "stunnel"
	Node    Name = "node"
	Java    Name = "java"   // com.sun.net.httpserver.HttpsServer
	GnuTLS  Name = "gnutls" // gnutls-serv
)

// Names are all, sorted.
func Names() []Name { return slices.Sorted(maps.Keys(servers)) }

// Demand says what a server wants of its clients.
type Demand string

// The demands.
const (
	DemandNone     Demand = ""
	DemandOptional Demand = "optional" // asks, goes on without
	DemandRequire  Demand = "require"
	DemandPerPath  Demand = "per-path" // requires one below Config.Path only
)

// NoIntermediates as Config.Depth takes only clients that a trusted authority
// signed itself.
const NoIntermediates = -1

// Config describes a server.
type Config struct {
	Like Name // empty: Go
	// Certificate is the server's.
	Certificate tls.Certificate
	// ClientCAs are the authorities that clients are verified against;
	// Advertised are those that are named to them, nil: the ClientCAs. Nginx
	// and HAProxy trust what they name.
	ClientCAs, Advertised []*x509.Certificate
	Demand                Demand
	Path                  string // of DemandPerPath: what it begins with
	// MinVersion and MaxVersion are of crypto/tls; zero: TLS 1.2, TLS 1.3.
	MinVersion, MaxVersion uint16
	// HTTP2 offers it, where the server can.
	HTTP2 bool
	// Lists are revocation lists. Nil: none is checked; else OpenSSL's and
	// Java's need one of each issuer.
	Lists []*x509.RevocationList
	// Depth is the number of intermediates that are allowed; zero: the
	// server's default.
	Depth int
	// Allowed says which valid certificates are let in; nil: every one.
	Allowed func(*x509.Certificate) bool
	// Refusal is what every client's certificate gets; nil: what it deserves.
	Refusal *Refusal
	// Stall is where the server stops; empty: nowhere.
	Stall Stage
	// Clock says what time it is; nil: time.Now.
	Clock func() time.Time
}

// Refusal is one way to refuse: the first that is set. The zero value ends the
// connection without a word.
type Refusal struct {
	Alert  uint8
	Status int // of HTTP
	Reset  bool
}

// Stage is a moment of an exchange.
type Stage string

// The stages.
const (
	StageHello       Stage = "hello"       // before the server said anything
	StageCertificate Stage = "certificate" // when the client's was read, or that it has none
	StageHeaders     Stage = "headers"     // when the request was read
	StageBody        Stage = "body"        // in the middle of the answer's body
)

// check reports what cannot be, as the program could not be configured so.
func (c *Config) check() error {
	m, ok := servers[c.Like]
	switch {
	case !ok:
		return fmt.Errorf("no server is known by the name %q; there are %q", c.Like, Names())
	case c.Demand == DemandPerPath && m.noPath:
		return fmt.Errorf("%s demands no certificate by path", c.Like)
	case c.MaxVersion < c.MinVersion || c.MinVersion < tls.VersionTLS12:
		return fmt.Errorf("the versions of TLS must be 1.2, 1.3 or both")
	}
	return nil
}

func (c *Config) withDefaults() {
	if c.Like == "" {
		c.Like = Go
	}
	if c.MinVersion == 0 {
		c.MinVersion = tls.VersionTLS12
	}
	if c.MaxVersion == 0 {
		c.MaxVersion = tls.VersionTLS13
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
}

// asItDoes makes of the configuration what the server would.
func (c *Config) asItDoes(m *manners) {
	if c.Advertised == nil {
		c.Advertised = c.ClientCAs
	} else if m.trustsAdvertised {
		c.ClientCAs = slices.Concat(c.ClientCAs, c.Advertised)
	}
	c.HTTP2 = c.HTTP2 && m.http2
}
