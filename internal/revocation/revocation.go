// Package revocation judges a verified chain by revocation lists (RFC 5280,
// section 5) and by the answer that a server staples to its handshake (RFC 6066,
// section 8). It asks nobody.
package revocation

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ocsp"
)

// The verdicts.
var (
	ErrRevoked = errors.New("the server's certificate is revoked")
	ErrStale   = errors.New("a revocation list is out of date")
)

// Parse reads the lists of a file, PEM or DER.
func Parse(file []byte) (lists []*x509.RevocationList, err error) {
	ders := [][]byte{file}
	if block, rest := pem.Decode(file); block != nil {
		for ders = nil; block != nil; block, rest = pem.Decode(rest) {
			ders = append(ders, block.Bytes)
		}
	}
	for _, der := range ders {
		list, err := x509.ParseRevocationList(der)
		if err != nil {
			return nil, err
		}
		lists = append(lists, list)
	}
	return lists, nil
}

// Check asks, for each certificate of a chain but its root, the lists that its
// issuer signed, and for the first one the stapled answer, nil: there is none.
// One that is not its issuer's counts for nothing.
func Check(chain []*x509.Certificate, lists []*x509.RevocationList, stapled []byte, now time.Time) error {
	if len(stapled) > 0 && len(chain) > 1 {
		answer, err := ocsp.ParseResponseForCert(stapled, chain[0], chain[1])
		if err == nil && answer.Status == ocsp.Revoked {
			return ErrRevoked
		}
	}
	stale := false
	for i := range len(chain) - 1 {
		for _, list := range newest(lists, chain[i+1]) {
			if names(list, chain[i]) {
				return ErrRevoked
			}
			stale = stale || !list.NextUpdate.IsZero() && now.After(list.NextUpdate)
		}
	}
	if stale {
		return ErrStale
	}
	return nil
}

// newest are the lists that an issuer signed, without those that a later one of
// the same scope replaces: who appends to a file leaves the old ones in it.
func newest(lists []*x509.RevocationList, issuer *x509.Certificate) []*x509.RevocationList {
	of := make(map[string]*x509.RevocationList) // by scope
	for _, list := range lists {
		if list.CheckSignatureFrom(issuer) != nil {
			continue // another authority's
		}
		scope := scopeOf(list)
		if have := of[scope]; have == nil || list.ThisUpdate.After(have.ThisUpdate) {
			of[scope] = list
		}
	}
	return slices.Collect(maps.Values(of))
}

// Of RFC 5280, sections 5.2.4, 5.2.5, 5.3.1 and 5.3.3.
var (
	deltaIndicator    = asn1.ObjectIdentifier{2, 5, 29, 27}
	distributionPoint = asn1.ObjectIdentifier{2, 5, 29, 28}
	certificateIssuer = asn1.ObjectIdentifier{2, 5, 29, 29}
)

const (
	removeFromCRL = 8
	directoryName = 4 // of the choices of GeneralName
)

// scopeOf tells lists apart that do not replace each other: of parts of what an
// issuer has issued, and changes to one.
func scopeOf(list *x509.RevocationList) string {
	var scope strings.Builder
	for _, extension := range list.Extensions {
		if extension.Id.Equal(distributionPoint) || extension.Id.Equal(deltaIndicator) {
			fmt.Fprintf(&scope, "%v %x ", extension.Id, extension.Value)
		}
	}
	return scope.String()
}

// names says whether a list has an entry for a certificate of its issuer's. An
// entry may be of another issuer, and so are those after it, until one says
// otherwise (RFC 5280, section 5.3.3).
func names(list *x509.RevocationList, c *x509.Certificate) bool {
	others := false
	for _, entry := range list.RevokedCertificateEntries {
		if issuers := issuersOf(entry); issuers != nil {
			others = !slices.ContainsFunc(issuers, func(name []byte) bool { return bytes.Equal(name, c.RawIssuer) })
		}
		if !others && entry.SerialNumber.Cmp(c.SerialNumber) == 0 && entry.ReasonCode != removeFromCRL {
			return true
		}
	}
	return false
}

// issuersOf are the names of the issuer that an entry brings; nil: none.
func issuersOf(entry x509.RevocationListEntry) (issuers [][]byte) {
	for _, extension := range entry.Extensions {
		var names []asn1.RawValue
		if !extension.Id.Equal(certificateIssuer) {
			continue
		}
		if _, err := asn1.Unmarshal(extension.Value, &names); err != nil {
			return nil
		}
		for _, name := range names {
			if name.Class == asn1.ClassContextSpecific && name.Tag == directoryName {
				issuers = append(issuers, name.Bytes)
			}
		}
	}
	return issuers
}
