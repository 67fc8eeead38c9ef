package mtlshttp

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/mtlshttp/mtlshttp/internal/certificate"
	"github.com/mtlshttp/mtlshttp/internal/revocation"
)

// Verify loosens how a server's certificate is verified, step by step. Every
// step stands in the receipt's relaxations. The zero value loosens nothing:
// chain to a trusted root, name, dates, and revocation where lists are given.
type Verify struct {
	// Off verifies nothing: the peer may be anyone. TLS 1.2 stays the least.
	// It goes with no other field.
	Off bool
	// Pins are SHA-256 sums of public keys (SubjectPublicKeyInfo), in hex or
	// base64. The server's own must be one of them; it vouches instead of
	// chain and name. Dates are still judged.
	Pins []string
	// Name is what the certificate must be for instead of the URL's host,
	// which stays the server name that is sent. It is for the URL's own
	// origin: what a redirect leads to must have the name it goes by.
	Name string
	// SkipName takes a certificate of any name that a trusted root vouches
	// for.
	SkipName bool
	// AllowExpired does not judge the dates of the server's certificate.
	AllowExpired bool
}

var errNoPeerCert = errors.New("the server sent no certificate")

func (v Verify) fault() *Error {
	if v.Off && (len(v.Pins) > 0 || v.Name != "" || v.SkipName || v.AllowExpired) {
		return fault(KindConfig, "verify", "ambiguous", "verification is off, and something is to be verified")
	}
	if v.Name != "" && v.SkipName {
		return fault(KindConfig, "verify", "ambiguous", "a name is given, and names are to be skipped")
	}
	for i, text := range v.Pins {
		if _, ok := certificate.ParsePin(text); !ok {
			return fault(KindConfig, "verify", "pin", "pin %d is no SHA-256 sum in hex or base64", i)
		}
	}
	return nil
}

// relaxations lists what is loosened, as receipts have it.
func (v Verify) relaxations() []string {
	list := []string{}
	add := func(set bool, name string) {
		if set {
			list = append(list, name)
		}
	}
	add(v.Off, "unverified")
	add(len(v.Pins) > 0, "pinned-key")
	add(v.Name != "", "name-given")
	add(v.SkipName, "name-skipped")
	add(v.AllowExpired, "expired-allowed")
	return list
}

func (v Verify) appendKey(key []byte) []byte {
	key = append(key, boolByte(v.Off), boolByte(v.SkipName), boolByte(v.AllowExpired))
	key = appendUint(key, uint64(len(v.Name)), uint64(len(v.Pins)))
	key = append(key, v.Name...)
	for _, text := range v.Pins {
		pin, _ := certificate.ParsePin(text)
		key = append(key, pin[:]...)
	}
	return key
}

// byHand says whether crypto/tls's own verification, which takes chain, name
// and dates together, gives way to the same in steps.
func (v Verify) byHand() bool {
	return len(v.Pins) > 0 || v.Name != "" || v.SkipName || v.AllowExpired
}

// check is what crypto/tls's verification leaves to us; see wire.Setting.
func (t *trust) check(roots *x509.CertPool) func(host string, state tls.ConnectionState) error {
	if t.verify.Off {
		return nil
	}
	return func(host string, state tls.ConnectionState) error {
		chains, err := state.VerifiedChains, error(nil)
		if t.verify.byHand() {
			chains, err = t.chains(host, state, roots)
		}
		if err == nil {
			err = t.revoked(state, chains)
		}
		if err != nil {
			return &tls.CertificateVerificationError{UnverifiedCertificates: state.PeerCertificates, Err: err}
		}
		return nil
	}
}

// chains verifies by the steps of the ladder. A pinned key has no chain.
func (t *trust) chains(host string, state tls.ConnectionState, roots *x509.CertPool) ([][]*x509.Certificate, error) {
	if len(state.PeerCertificates) == 0 {
		return nil, errNoPeerCert
	}
	leaf, now := state.PeerCertificates[0], t.clock()
	if len(t.verify.Pins) > 0 {
		return nil, t.pinned(leaf, now)
	}
	o := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool(), CurrentTime: now, DNSName: host}
	switch {
	case t.verify.SkipName:
		o.DNSName = ""
	case t.verify.Name != "":
		o.DNSName = t.verify.Name
	}
	if t.verify.AllowExpired {
		o.CurrentTime = within(now, leaf)
	}
	for _, c := range state.PeerCertificates[1:] {
		o.Intermediates.AddCert(c)
	}
	return leaf.Verify(o)
}

// within is the moment of a certificate's validity that is nearest to now.
func within(now time.Time, c *x509.Certificate) time.Time {
	switch {
	case now.After(c.NotAfter):
		return c.NotAfter
	case now.Before(c.NotBefore):
		return c.NotBefore
	}
	return now
}

func (t *trust) pinned(leaf *x509.Certificate, now time.Time) error {
	sum := certificate.PinOf(leaf)
	if !slices.ContainsFunc(t.verify.Pins, func(text string) bool { pin, _ := certificate.ParsePin(text); return pin == sum }) {
		return certificate.ErrPin
	}
	if !t.verify.AllowExpired && within(now, leaf) != now {
		return x509.CertificateInvalidError{Cert: leaf, Reason: x509.Expired}
	}
	return nil
}

// revoked asks the lists beside the roots, and the stapled answer where the
// server sent one.
func (t *trust) revoked(state tls.ConnectionState, chains [][]*x509.Certificate) error {
	if len(chains) == 0 {
		return nil
	}
	return revocation.Check(chains[0], t.lists, state.OCSPResponse, t.clock())
}

func parseLists(files [][]byte) ([]*x509.RevocationList, *Error) {
	var lists []*x509.RevocationList
	for i, data := range files {
		found, err := revocation.Parse(data)
		if err != nil {
			return nil, fault(KindConfig, fmt.Sprintf("crl[%d]", i), "corrupt", "not a revocation list: %w", err)
		}
		lists = append(lists, found...)
	}
	return lists, nil
}
