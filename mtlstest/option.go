package mtlstest

import (
	"crypto/sha256"
	"crypto/x509"
	"net"
	"slices"
	"sync"

	"github.com/mtlshttp/mtlshttp"
	"github.com/mtlshttp/mtlshttp/internal/replica"
)

// Option changes what a server wants of its clients, or how it refuses them. Of
// two that contradict each other the later one holds.
type Option func(*options)

type options struct {
	replica.Config
	ca      *CA
	hosts   []string
	network *Network
	address string
	allowed *allowlist
	revoked []*mtlshttp.Credential
	http1   bool
}

// Like makes a server refuse as another does: with its alerts, its pages, a
// reset or silence, and at the moment at which it does, over TLS 1.2 and 1.3,
// HTTP/1.1 and 2. It is one of "nginx", "apache", "haproxy", "node", "java"
// (com.sun.net.httpserver), "openssl" (s_server), "stunnel", "gnutls"
// (gnutls-serv) and "go", which is the default; starting a server like any other
// is an error. What it answers to clients that it lets in is your handler's.
//
// Every replica is held against the real server, see docs/testing.md.
func Like(server string) Option {
	return func(o *options) { o.Config.Like = replica.Name(server) }
}

// Optional asks for a certificate and goes on without; one that is not valid is
// refused all the same.
func Optional() Option {
	return func(o *options) { o.Demand = replica.DemandOptional }
}

// Protect demands a certificate for paths that begin so, and for no others. Most
// servers then ask in the handshake and answer 403; "apache" asks when it has
// read the path, which clients of TLS 1.3 and HTTP/2 cannot do, and a handshake
// that it asks for is never completed here. "openssl", "stunnel" and "gnutls"
// know no paths: with them it is an error.
func Protect(path string) Option {
	return func(o *options) { o.Demand, o.Path = replica.DemandPerPath, path }
}

// Allow lets in these very certificates, as partners do who keep them on a
// list; none given: nobody. Other valid ones get status 403, or an alert from
// servers that know no HTTP. Server.Allow adds to the list later.
func Allow(credentials ...*mtlshttp.Credential) Option {
	return func(o *options) {
		if o.allowed == nil {
			o.allowed = &allowlist{sums: make(map[[32]byte]bool)}
		}
		o.allowed.add(credentials)
	}
}

// Revoke puts credentials that the server's CA issued on its revocation lists.
func Revoke(credentials ...*mtlshttp.Credential) Option {
	return func(o *options) { o.revoked = append(o.revoked, credentials...) }
}

// Refusal is one way to refuse: the first that is set. The zero value closes the
// connection without a word.
type Refusal struct {
	Alert  uint8 // of TLS, its number
	Status int   // of HTTP, after the handshake
	Reset  bool  // the connection is reset
}

// Refuse refuses every client, whatever it presents, or that it presents
// nothing. In TLS 1.3 an alert, a reset or a close comes after the client's side
// of the handshake is done.
func Refuse(how Refusal) Option {
	return func(o *options) { r := replica.Refusal(how); o.Config.Refusal = &r }
}

// Stage is a moment of an exchange.
type Stage string

// The stages at which Stall stops.
const (
	AtHello       = Stage(replica.StageHello)       // before the server said anything
	AtCertificate = Stage(replica.StageCertificate) // when the client's was read, or that it has none
	AtHeaders     = Stage(replica.StageHeaders)     // when the request was read
	AtBody        = Stage(replica.StageBody)        // in the middle of the answer's body
)

// Stall takes what clients send and says nothing more, from a stage on, until
// they give up or the server is closed.
func Stall(at Stage) Option {
	return func(o *options) { o.Config.Stall = replica.Stage(at) }
}

// Depth is how many intermediates may stand above a client's certificate. By
// default "apache" allows none, "nginx" one, and the others more than anybody
// has. Zero allows none.
func Depth(intermediates int) Option {
	return func(o *options) {
		if o.Config.Depth = intermediates; intermediates <= 0 {
			o.Config.Depth = replica.NoIntermediates
		}
	}
}

// Names makes the server name these authorities to its clients, in the place of
// its own. "nginx" and "haproxy" then trust them, too.
func Names(authorities ...*CA) Option {
	return func(o *options) {
		o.Advertised = []*x509.Certificate{}
		for _, ca := range authorities {
			o.Advertised = append(o.Advertised, ca.root.Certificate)
		}
	}
}

// Versions bounds the versions of TLS, by the constants of crypto/tls: 1.2, 1.3,
// both by default.
func Versions(lowest, highest uint16) Option {
	return func(o *options) { o.MinVersion, o.MaxVersion = lowest, highest }
}

// HTTP1 offers no HTTP/2. "openssl", "stunnel", "gnutls" and "java" never do.
func HTTP1() Option {
	return func(o *options) { o.http1 = true }
}

// Hosts are the names and addresses in the server's certificate; by default
// localhost and the loopback addresses, or the host that it listens at on a
// Network.
func Hosts(names ...string) Option {
	return func(o *options) { o.hosts = names }
}

// By makes ca the authority of the server and of its clients, in the place of a
// new one. CA.Serve needs none.
func By(ca *CA) Option {
	return func(o *options) { o.ca = ca }
}

func newOptions(list []Option) *options {
	o := new(options)
	o.Demand = replica.DemandRequire
	for _, change := range list {
		change(o)
	}
	if o.hosts == nil && o.address != "" {
		if host, _, err := net.SplitHostPort(o.address); err == nil {
			o.hosts = []string{host}
		}
	}
	return o
}

// build makes the replica.
func (o *options) build() (*replica.Replica, error) {
	var err error
	c := o.Config
	if c.Certificate, err = o.ca.serverCertificate(o.hosts); err != nil {
		return nil, err
	}
	c.ClientCAs = []*x509.Certificate{o.ca.root.Certificate}
	c.HTTP2 = !o.http1
	if o.allowed != nil {
		c.Allowed = o.allowed.holds
	}
	if o.revoked != nil {
		if c.Lists, err = o.ca.revocationLists(o.revoked); err != nil {
			return nil, err
		}
	}
	return replica.New(c)
}

// revocationLists are those of the authority and of the one below it. They are
// valid as long as the authority: a server gets new ones all along.
func (ca *CA) revocationLists(revoked []*mtlshttp.Credential) ([]*x509.RevocationList, error) {
	var lists []*x509.RevocationList
	for _, issuer := range []interface {
		RevocationList(...*x509.Certificate) ([]byte, error)
	}{ca.root, ca.below} {
		der, err := issuer.RevocationList(leaves(revoked)...)
		if err != nil {
			return nil, err
		}
		list, err := x509.ParseRevocationList(der)
		if err != nil {
			return nil, err
		}
		list.NextUpdate = ca.root.Certificate.NotAfter
		lists = append(lists, list)
	}
	return lists, nil
}

func leaves(credentials []*mtlshttp.Credential) []*x509.Certificate {
	var list []*x509.Certificate
	for _, c := range credentials {
		list = append(list, c.Leaf())
	}
	return slices.DeleteFunc(list, func(c *x509.Certificate) bool { return c == nil })
}

// allowlist is a list of exact certificates.
type allowlist struct {
	mu   sync.Mutex
	sums map[[32]byte]bool
}

func (l *allowlist) add(credentials []*mtlshttp.Credential) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, leaf := range leaves(credentials) {
		l.sums[sha256.Sum256(leaf.Raw)] = true
	}
}

func (l *allowlist) holds(c *x509.Certificate) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sums[sha256.Sum256(c.Raw)]
}
