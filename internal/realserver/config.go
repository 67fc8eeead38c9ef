package realserver

import (
	"crypto/tls"
	"fmt"
	"time"
)

// Kind names a server.
type Kind string

// The programs, and Go's own server.
const (
	Nginx   Kind = "nginx"
	Apache  Kind = "apache"
	HAProxy Kind = "haproxy"
	OpenSSL Kind = "openssl" // s_server, one connection at a time
	Stunnel Kind = "stunnel"
	GnuTLS  Kind = "gnutls" // gnutls-serv
	Node    Kind = "node"
	JDK     Kind = "jdk" // com.sun.net.httpserver.HttpsServer
	Go      Kind = "go"  // net/http, inside the test process
)

// Kinds lists the servers that behave.
func Kinds() []Kind {
	return []Kind{Nginx, Apache, HAProxy, OpenSSL, Stunnel, GnuTLS, Node, JDK, Go}
}

// Demand says what a server wants of its clients.
type Demand string

// The demands. The zero value asks for nothing.
const (
	DemandNone     Demand = ""
	DemandOptional Demand = "optional" // asks, goes on without
	DemandRequire  Demand = "require"
	DemandPerPath  Demand = "per-path" // requires one below ProtectedPath only
)

// ProtectedPath is what DemandPerPath protects.
const ProtectedPath = "/protected/"

// NoIntermediates as Depth takes only clients that a trusted authority signed
// itself.
const NoIntermediates = -1

// Config describes a server. Only its certificate and key must be given.
type Config struct {
	// Certificate is the server's in PEM: the leaf, then the intermediates
	// that it sends. Key is its key, PEM, of any form that Go reads.
	Certificate, Key []byte
	// ClientCAs are the authorities, PEM, that clients are verified against.
	ClientCAs []byte
	// AdvertisedCAs are those that the server names when it asks. Nil: the
	// ClientCAs. Empty and not nil: it names none. With nginx and HAProxy what
	// is advertised is trusted too.
	AdvertisedCAs []byte
	Demand        Demand
	// MinVersion and MaxVersion are of crypto/tls; zero: TLS 1.2, TLS 1.3.
	MinVersion, MaxVersion uint16
	// HTTP2 offers h2 beside http/1.1. Without, some offer http/1.1 by ALPN
	// and some do no ALPN at all.
	HTTP2 bool
	// CRL is a revocation list in PEM, checked for every certificate below the
	// root, so it must hold a list of each issuer. Nil: none is checked.
	CRL []byte
	// Depth is the number of intermediates allowed above a client's
	// certificate. Zero: the server's default, which is none for Apache, 1 for
	// nginx, and more than anybody has elsewhere.
	Depth int
	// PinLeaf takes only the very certificates that ClientCAs holds
	// (stunnel's verifyPeer, which also advertises their subjects).
	PinLeaf bool
	// Host is the host in the server's URL; empty: 127.0.0.1, where the
	// client sends no server name. The server listens on 127.0.0.1 anyway.
	Host string

	// Alert is the number (RFC 8446 section 6) that the alerting peers send.
	Alert uint8
	// Delay is how long a peer waits before it misbehaves.
	Delay time.Duration
}

func (c Config) withDefaults() Config {
	if c.MinVersion == 0 {
		c.MinVersion = tls.VersionTLS12
	}
	if c.MaxVersion == 0 {
		c.MaxVersion = tls.VersionTLS13
	}
	if c.Host == "" {
		c.Host = "127.0.0.1"
	}
	if c.AdvertisedCAs == nil {
		c.AdvertisedCAs = c.ClientCAs
	}
	return c
}

// verifies reports whether the server looks at certificates at all.
func (c Config) verifies() bool { return c.Demand != DemandNone }

// depth is Depth as a count of intermediates, and whether one was set.
func (c Config) depth() (int, bool) { return max(c.Depth, 0), c.Depth != 0 }

// versionNames are the versions between the two bounds, by the name that a
// server's configuration gives them.
func (c Config) versionNames(name func(minor int) string) []string {
	var names []string
	for v := c.MinVersion; v <= c.MaxVersion; v++ {
		names = append(names, name(int(v-tls.VersionTLS10)))
	}
	return names
}

func tlsv1dot(minor int) string { return fmt.Sprintf("TLSv1.%d", minor) }
