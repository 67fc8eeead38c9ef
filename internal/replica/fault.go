package replica

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"slices"
	"time"

	"github.com/mtlshttp/mtlshttp/internal/certificate"
)

// fault is what a server finds wrong with what a client presented.
type fault int

const (
	none fault = iota
	missing
	untrusted // no chain leads to an authority
	tooDeep
	wrongUsage
	weak
	unlisted  // there is no revocation list of its issuer
	staleList // there is one that has ended
	revoked
	expired
	notYetValid
	notAllowed // it is not on the list of exact certificates
	refused    // whatever it is
)

// examination says what a server looks at.
type examination struct {
	byGo       bool // as x509.Certificate.Verify does; the rest is not asked
	rootsOnly  bool // a trusted authority must be a root, which signed itself
	usage      bool
	minRSA     int  // bits; zero: any
	noSHA1     bool // signatures by it are weak
	needsLists bool // where there are revocation lists, there must be one of each issuer
	firstList  bool // of several lists in one file it reads the first
	depth      int  // intermediates by default; zero: any number
}

const longestChain = 10 // certificates; it bounds the search

// find examines a client's certificates, the leaf first.
func (e *examination) find(c *Config, sent []*x509.Certificate) fault {
	if len(sent) == 0 {
		return missing
	}
	now := c.Clock()
	if e.byGo {
		if f := verifyAsGo(c, sent, now); f != none {
			return f
		}
	} else if f := e.verify(c, sent, now); f != none {
		return f
	}
	if c.Allowed != nil && !c.Allowed(sent[0]) {
		return notAllowed
	}
	return none
}

// verify goes by the order in which OpenSSL looks at a chain: how it is built,
// its length, usages, strength, revocation, and from its top down the dates.
func (e *examination) verify(c *Config, sent []*x509.Certificate, now time.Time) fault {
	chain := e.chain(c.ClientCAs, sent)
	if chain == nil {
		return untrusted
	}
	below := chain[:len(chain)-1] // of the authority
	if len(chain)-2 > e.allowedDepth(c) {
		return tooDeep
	}
	if e.usage && slices.ContainsFunc(below, notForClients) {
		return wrongUsage
	}
	if slices.ContainsFunc(chain, e.weakKey) || e.noSHA1 && slices.ContainsFunc(below, signedBySHA1) {
		return weak
	}
	if f := e.revocation(c, chain, now); f != none {
		return f
	}
	for _, cert := range slices.Backward(chain) {
		if f := dates(cert, now); f != none {
			return f
		}
	}
	return none
}

func (e *examination) allowedDepth(c *Config) int {
	switch {
	case c.Depth > 0:
		return c.Depth
	case c.Depth == NoIntermediates:
		return 0
	case e.depth != 0:
		return max(e.depth, 0)
	}
	return longestChain
}

// chain leads from the leaf to an authority; nil: there is none.
func (e *examination) chain(trusted, sent []*x509.Certificate) []*x509.Certificate {
	chain := sent[:1:1]
	for len(chain) < longestChain {
		last := chain[len(chain)-1]
		if slices.ContainsFunc(trusted, last.Equal) && (!e.rootsOnly || certificate.SelfSigned(last)) {
			return chain
		}
		if certificate.SelfSigned(last) {
			return nil
		}
		issued := func(c *x509.Certificate) bool { return issuerOf(c, last) }
		if i := slices.IndexFunc(trusted, issued); i >= 0 {
			chain = append(chain, trusted[i])
		} else if i := slices.IndexFunc(sent[1:], issued); i >= 0 {
			chain = append(chain, sent[1+i])
		} else {
			return nil
		}
	}
	return nil
}

// issuerOf reports whether a is an authority that issued b.
func issuerOf(a, b *x509.Certificate) bool {
	return a.IsCA && bytes.Equal(a.RawSubject, b.RawIssuer) && certificate.Signed(a, b)
}

func notForClients(c *x509.Certificate) bool {
	return !certificate.AllowsUse(c, x509.ExtKeyUsageClientAuth)
}

func (e *examination) weakKey(c *x509.Certificate) bool {
	key, ok := c.PublicKey.(*rsa.PublicKey)
	return ok && key.N.BitLen() < e.minRSA
}

func signedBySHA1(c *x509.Certificate) bool {
	switch c.SignatureAlgorithm {
	case x509.SHA1WithRSA, x509.ECDSAWithSHA1, x509.DSAWithSHA1:
		return true
	}
	return false
}

func dates(c *x509.Certificate, now time.Time) fault {
	switch {
	case now.Before(c.NotBefore):
		return notYetValid
	case now.After(c.NotAfter):
		return expired
	}
	return none
}

// revocation asks the lists about every certificate below the authority.
func (e *examination) revocation(c *Config, chain []*x509.Certificate, now time.Time) fault {
	if c.Lists == nil {
		return none
	}
	lists := c.Lists
	if e.firstList {
		lists = lists[:min(1, len(lists))]
	}
	for i, cert := range chain[:len(chain)-1] {
		issuer := chain[i+1]
		at := slices.IndexFunc(lists, func(l *x509.RevocationList) bool {
			return bytes.Equal(l.RawIssuer, issuer.RawSubject) && l.CheckSignatureFrom(issuer) == nil
		})
		switch {
		case at < 0 && e.needsLists:
			return unlisted
		case at < 0:
			continue
		case e.needsLists && now.After(lists[at].NextUpdate):
			return staleList
		}
		for _, entry := range lists[at].RevokedCertificateEntries {
			if entry.SerialNumber.Cmp(cert.SerialNumber) == 0 {
				return revoked
			}
		}
	}
	return none
}

// verifyAsGo is what tls.RequireAndVerifyClientCert does, and, where there are
// revocation lists or a depth, what a VerifyConnection beside it would.
func verifyAsGo(c *Config, sent []*x509.Certificate, now time.Time) fault {
	o := x509.VerifyOptions{Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(), CurrentTime: now,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	for _, cert := range c.ClientCAs {
		o.Roots.AddCert(cert)
	}
	for _, cert := range sent[1:] {
		o.Intermediates.AddCert(cert)
	}
	chains, err := sent[0].Verify(o)
	if err != nil {
		if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
			return untrusted
		}
		if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
			return expired
		}
		return wrongUsage
	}
	e := examination{}
	if len(chains[0])-2 > e.allowedDepth(c) {
		return tooDeep
	}
	return e.revocation(c, chains[0], now)
}
