package mtlshttp

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"runtime"
	"slices"
	"sync"
	"time"
	"weak"

	"github.com/mtlshttp/mtlshttp/internal/keyfile"
	"github.com/mtlshttp/mtlshttp/internal/target"
	"github.com/mtlshttp/mtlshttp/internal/wire"
)

const (
	versionTLS12 = tls.VersionTLS12
	versionTLS13 = tls.VersionTLS13
)

// trust is what a request verifies a server by: the roots and toggles of its
// document, resolved.
type trust struct {
	verify   Verify
	protocol Protocol
	only     bool
	added    []*x509.Certificate
	lists    []*x509.RevocationList
	clock    func() time.Time
}

// systemRoots is read once: on some systems it takes a while.
var systemRoots = sync.OnceValues(x509.SystemCertPool)

func newTrust(r *Request, added []*x509.Certificate, lists []*x509.RevocationList, clock func() time.Time) trust {
	return trust{verify: r.Verify, protocol: r.Protocol, only: r.Roots.Only, added: added, lists: lists, clock: clock}
}

// appendKey adds what tells one trust from another, by content.
func (t *trust) appendKey(key []byte) []byte {
	key = t.verify.appendKey(key)
	key = append(key, boolByte(t.only), byte(t.protocol.HTTP), boolByte(t.protocol.Renegotiate))
	key = appendUint(key, uint64(t.protocol.MinTLS), uint64(t.protocol.MaxTLS), uint64(len(t.added)), uint64(len(t.lists)))
	for _, c := range t.added {
		sum := sha256.Sum256(c.Raw)
		key = append(key, sum[:]...)
	}
	for _, l := range t.lists {
		sum := sha256.Sum256(l.Raw)
		key = append(key, sum[:]...)
	}
	return key
}

// rootsBySum are the added roots that something still uses, by content.
var rootsBySum sync.Map // [sha256.Size]byte to weak.Pointer[x509.Certificate]

// sameRoot returns the one copy of a root that all transports share: requests
// parse their own, and session tickets would keep them all.
func sameRoot(c *x509.Certificate) *x509.Certificate {
	sum, mine := sha256.Sum256(c.Raw), weak.Make(c)
	for {
		found, ok := rootsBySum.LoadOrStore(sum, mine)
		if !ok {
			runtime.AddCleanup(c, func(sum [sha256.Size]byte) { rootsBySum.CompareAndDelete(sum, mine) }, sum)
			return c
		}
		if first := found.(weak.Pointer[x509.Certificate]).Value(); first != nil {
			return first
		}
		rootsBySum.CompareAndDelete(sum, found)
	}
}

// config is the part of a TLS configuration that has no identity in it, and
// what is to be verified beside it; see wire.Setting.
func (t *trust) config() (*tls.Config, func(string, tls.ConnectionState) error, error) {
	c := &tls.Config{
		MinVersion:         max(t.protocol.MinTLS, versionTLS12),
		MaxVersion:         t.protocol.MaxTLS,
		Time:               t.clock,
		InsecureSkipVerify: t.verify.Off || t.verify.byHand(),
	}
	switch {
	case t.only:
		c.RootCAs = x509.NewCertPool()
	case len(t.added) > 0:
		system, err := systemRoots()
		if err != nil {
			return nil, nil, &Error{Kind: KindResource, Reason: "system-roots", Phase: phaseResolve, Type: typeName(KindResource, 0), Err: err}
		}
		c.RootCAs = system.Clone()
	}
	for _, cert := range t.added {
		c.RootCAs.AddCert(sameRoot(cert))
	}
	if t.protocol.Renegotiate {
		c.Renegotiation = tls.RenegotiateOnceAsClient
		c.MaxVersion = versionTLS12
	}
	return c, t.check(c.RootCAs), nil
}

// trustAt is what a server is verified by: Verify.Name is for the request's own
// origin alone.
func (p *plan) trustAt(host, port string) *trust {
	if p.trust.verify.Name == "" || host == p.origin.Host && port == p.origin.Port {
		return &p.trust
	}
	t := p.trust
	t.verify.Name = ""
	return &t
}

// transport returns the one for connections to an origin that may show some
// identities, and must not show others.
func (p *plan) transport(o target.Origin, allowed, refused []*wire.Identity) (*wire.Transport, error) {
	t := p.trustAt(o.Host, o.Port)
	key := p.settingKey(t, allowed, refused)
	if p.apart {
		return p.executor.pool.Apart(p.setting(t, key, allowed, refused))
	}
	return p.executor.pool.TransportOf(key, func() *wire.Setting { return p.setting(t, key, allowed, refused) })
}

// setting is what a connection to one origin has: the trust, and the
// identities that the origin rule lets it show. It outlives the plan, and keeps
// nothing else of it.
func (p *plan) setting(from *trust, key wire.Key, allowed, refused []*wire.Identity) *wire.Setting {
	t := *from
	return &wire.Setting{
		Key: key,
		TLS: t.config, Identities: slices.Clone(allowed), Refused: slices.Clone(refused),
		Required:  p.request.RequireClientCertificate,
		HTTP1Only: p.request.Protocol.HTTP == 1 || p.request.Protocol.Renegotiate, HTTP2Only: p.request.Protocol.HTTP == 2,
		HeaderBytes: p.limits.HeaderBytes,
	}
}

// settingKey covers all of a setting by content, so that equal settings share
// and others never do.
func (p *plan) settingKey(t *trust, allowed, refused []*wire.Identity) wire.Key {
	var room [512]byte
	key := t.appendKey(room[:0])
	key = append(key, boolByte(p.request.RequireClientCertificate))
	key = appendUint(key, uint64(p.limits.HeaderBytes), uint64(len(allowed)))
	for _, id := range allowed {
		key = appendIdentity(key, id)
	}
	for _, id := range refused {
		key = appendIdentity(key, id)
	}
	return sha256.Sum256(key)
}

func appendIdentity(key []byte, id *wire.Identity) []byte {
	key = append(key, id.Fingerprint[:]...)
	return append(key, boolByte(id.OnlyIfAcceptable), boolByte(id.AllowAnonymous))
}

func appendUint(key []byte, values ...uint64) []byte {
	for _, v := range values {
		key = binary.BigEndian.AppendUint64(key, v)
	}
	return key
}

func boolByte(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// resolveRoots finds the certificates that the request adds to the system's.
func resolveRoots(ctx context.Context, r Roots, source CredentialSource) ([]*x509.Certificate, error) {
	roots := r.Certificates
	if r.PEM != "" {
		parsed, err := parseRoots(r.PEM)
		if err != nil {
			return nil, err
		}
		roots = append(roots[:len(roots):len(roots)], parsed...)
	}
	if r.Name != "" {
		rs, ok := source.(RootSource)
		if !ok {
			return nil, fault(KindConfig, "ca", string(keyfile.NoCertificate), "there is no keychain to find %q in", r.Name)
		}
		named, err := rs.Roots(ctx, r.Name)
		if err != nil {
			return nil, credentialError("ca", err)
		}
		roots = append(roots[:len(roots):len(roots)], named...)
	}
	if r.Only && len(roots) == 0 {
		return nil, fault(KindConfig, "caOnly", string(keyfile.NoCertificate), "no authority is left to trust")
	}
	return roots, nil
}

// parseRoots reads the self-signed certificate of the document: text with one
// or more certificates, however it was pasted.
func parseRoots(text string) ([]*x509.Certificate, *Error) {
	inv, err := Extract(context.Background(), []byte(text), nil)
	if err == nil {
		var roots []*x509.Certificate
		if roots, err = inv.Roots(); err == nil {
			return roots, nil
		}
	}
	e := *asError(err)
	e.Field, e.Phase = "ca", phaseValidate
	return nil, &e
}

// credentialError is an error of a caller's CredentialSource.
func credentialError(field string, err error) *Error {
	return resolveError(field, string(keyfile.NoCredential), err)
}

// resolveError is an error of what a caller gave to resolve names. What is no
// *Error has the reason.
func resolveError(field, reason string, err error) *Error {
	if e := asError(err); e != nil {
		copied := *e
		if copied.Field == "" || copied.Field == "credentials" && field != "" {
			copied.Field = field // a keychain does not know which key asked
		}
		copied.Phase = phaseResolve
		return &copied
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		kind := KindCanceled
		if errors.Is(err, context.DeadlineExceeded) {
			kind = KindTimeout
		}
		return &Error{Kind: kind, Phase: phaseResolve, Type: typeName(kind, 0), Err: err}
	}
	e := fault(KindConfig, field, reason, "%w", err)
	e.Phase = phaseResolve
	return e
}
