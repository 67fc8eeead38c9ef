// Package revocation judges a verified chain by revocation lists (RFC 5280,
// section 5) and by the answer that a server staples to its handshake (RFC 6066,
// section 8). It asks nobody.
package revocation

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
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
	for i := range len(chain) - 1 {
		for _, list := range lists {
			if list.CheckSignatureFrom(chain[i+1]) != nil {
				continue // another authority's
			}
			if !list.NextUpdate.IsZero() && now.After(list.NextUpdate) {
				return ErrStale
			}
			if names(list, chain[i]) {
				return ErrRevoked
			}
		}
	}
	return nil
}

func names(list *x509.RevocationList, c *x509.Certificate) bool {
	for _, entry := range list.RevokedCertificateEntries {
		if entry.SerialNumber.Cmp(c.SerialNumber) == 0 {
			return true
		}
	}
	return false
}
