package replica

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"slices"
	"sync"

	"github.com/mtlshttp/mtlshttp/internal/tlsrecord"
)

// Replica is a server that behaves like another, in the parts of which an
// http.Server is made: Listener under TLS, TLS, ConnContext, Handler and
// TLSNextProto. It is safe for concurrent use.
type Replica struct {
	config  Config
	manners *manners
	base    *tls.Config

	closed chan struct{}
	once   sync.Once
	mu     sync.Mutex
	open   map[*conn]bool
}

// New makes a replica; its error names what cannot be.
func New(c Config) (*Replica, error) {
	c.withDefaults()
	if err := c.check(); err != nil {
		return nil, err
	}
	c.asItDoes(servers[c.Like])
	r := &Replica{config: c, manners: servers[c.Like], closed: make(chan struct{}), open: map[*conn]bool{}}
	names := x509.NewCertPool()
	for _, cert := range c.Advertised {
		names.AddCert(cert)
	}
	r.base = &tls.Config{
		Certificates: []tls.Certificate{c.Certificate},
		MinVersion:   c.MinVersion, MaxVersion: c.MaxVersion,
		NextProtos: r.protocols(),
		ClientCAs:  names,
		Time:       c.Clock,
		// OpenSSL 3.0 has no others, and tests need none that are slower.
		CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521},
	}
	if c.Demand != DemandNone && !(r.manners.asksAnew && c.Demand == DemandPerPath) {
		r.base.ClientAuth = tls.RequestClientCert // what it is worth is ours to say
	}
	if r.manners.asksAnew && c.Demand == DemandPerPath {
		r.base.CipherSuites = tlsrecord.Suites()
	}
	return r, nil
}

func (r *Replica) protocols() []string {
	switch {
	case r.config.HTTP2:
		return []string{"h2", "http/1.1"}
	case r.manners.noProtocols:
		return nil
	}
	return []string{"http/1.1"}
}

// HTTP2 reports whether it is offered.
func (r *Replica) HTTP2() bool { return r.config.HTTP2 }

// Listener is where the server's TLS has to listen.
func (r *Replica) Listener(raw net.Listener) net.Listener { return &listener{raw, r} }

// TLS is the server's configuration, for a Listener of the same replica.
func (r *Replica) TLS() *tls.Config {
	c := r.base.Clone()
	c.GetConfigForClient = r.forClient
	return c
}

// forClient makes the configuration of one connection.
func (r *Replica) forClient(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	c, ok := hello.Conn.(*conn)
	if !ok {
		return nil, errEnded // somebody else's connection
	}
	if number, fits := r.version(hello.SupportedVersions); !fits {
		if number == 0 {
			_ = c.say(nil)
		} else {
			_ = c.say(tlsrecord.Plain(tlsrecord.TypeAlert, tlsrecord.FatalAlert(number)))
		}
		return nil, errEnded
	}
	config := r.base.Clone()
	config.KeyLogWriter = &c.secrets
	config.VerifyConnection = func(state tls.ConnectionState) error { return r.judge(c, state) }
	if r.manners.anyProtocol && !slices.ContainsFunc(config.NextProtos, func(p string) bool { return slices.Contains(hello.SupportedProtos, p) }) {
		config.NextProtos = nil
	}
	return config, nil
}

// version says whether a version is common, and which alert says that none is.
func (r *Replica) version(offered []uint16) (uint8, bool) {
	above := false
	for _, v := range offered {
		if v >= r.config.MinVersion && v <= r.config.MaxVersion {
			return 0, true
		}
		above = above || v > r.config.MaxVersion
	}
	if above {
		return r.manners.tooNew, false
	}
	return r.manners.tooOld, false
}

// judge looks at a client's certificate in the handshake.
func (r *Replica) judge(c *conn, state tls.ConnectionState) error {
	if r.config.Stall == StageCertificate {
		return c.swallow()
	}
	if r.base.ClientAuth == tls.NoClientCert {
		return nil
	}
	how, m := r.config.Refusal, r.manners
	c.found = m.examination.find(&r.config, state.PeerCertificates)
	if how != nil {
		c.found = refused
	}
	switch {
	case c.found == none, c.found == missing && r.config.Demand != DemandRequire,
		how != nil && how.Alert == 0 && how.Status != 0:
		return nil
	case how != nil && how.Alert != 0:
		return c.end(how.Alert, state)
	case how != nil && how.Reset:
		c.reset()
		return errEnded
	case how != nil:
		return c.end(0, state)
	case m.way == byPage, c.found == notAllowed && m.denies,
		m.tells && r.config.Demand != DemandRequire:
		return nil // the handler's turn
	}
	return c.end(r.alert(c.found, state.Version), state)
}

// end refuses a certificate by an alert, or without: 0.
func (c *conn) end(alert uint8, state tls.ConnectionState) error {
	var err error
	if alert == 0 {
		err = c.say(nil)
	} else {
		err = c.alert(alert, state)
	}
	if err != nil {
		return err
	}
	return errEnded
}

// alert is that for a fault; zero: silence.
func (r *Replica) alert(f fault, version uint16) uint8 {
	m := r.manners
	switch {
	case f == missing && m.missing12 == 0:
		return 0
	case f == missing && version == tls.VersionTLS13:
		return alertCertificateRequired
	case f == missing:
		return m.missing12
	case m.way == bySilence:
		return 0
	case m.examination.byGo && !sameCertificates(r.config.Advertised, r.config.ClientCAs):
		return m.alert // Go's servers verify by a hook then, whose errors are all one
	}
	if number, ok := m.alerts[f]; ok {
		return number
	}
	return m.alert
}

func sameCertificates(a, b []*x509.Certificate) bool {
	return slices.EqualFunc(a, b, (*x509.Certificate).Equal)
}

type connKey struct{}

// ConnContext is the http.Server's: it lets Handler find the connection.
func (r *Replica) ConnContext(ctx context.Context, nc net.Conn) context.Context {
	if t, ok := nc.(interface{ NetConn() net.Conn }); ok {
		nc = t.NetConn()
	}
	c, ok := nc.(*conn)
	if !ok {
		return ctx
	}
	return context.WithValue(ctx, connKey{}, c)
}

func (r *Replica) remember(c *conn) *conn {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open[c] = true
	return c
}

func (r *Replica) forget(c *conn) func() {
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.open, c)
	}
}

// Close ends what stalls, so that the http.Server can be closed. It is
// idempotent.
func (r *Replica) Close() {
	r.once.Do(func() { close(r.closed) })
	if r.config.Stall == "" {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.open {
		_ = c.Conn.Close()
	}
}
