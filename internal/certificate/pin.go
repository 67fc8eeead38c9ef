package certificate

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
)

// ErrPin: a certificate's key is none of those that are pinned.
var ErrPin = errors.New("the server's key is not one of those that are pinned")

// Pin is the SHA-256 sum of a public key, as SubjectPublicKeyInfo (RFC 7469,
// section 2.4).
type Pin [sha256.Size]byte

// PinOf is the sum of a certificate's key.
func PinOf(c *x509.Certificate) Pin { return sha256.Sum256(c.RawSubjectPublicKeyInfo) }

// ParsePin reads a sum in hex, or in base64 as curl and HPKP write it.
func ParsePin(text string) (pin Pin, ok bool) {
	text = strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(text), "sha256//"), "sha256/")
	raw, err := hex.DecodeString(text)
	if err != nil {
		raw, err = base64.StdEncoding.DecodeString(text)
	}
	return pin, err == nil && copy(pin[:], raw) == len(raw) && len(raw) == len(pin)
}
