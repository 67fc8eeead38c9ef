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
func ParsePin(text string) (Pin, bool) {
	text = strings.TrimSpace(text)
	for _, prefix := range []string{"", "sha256/", "sha256//"} {
		// A sum in base64 may begin with the slash that ends a prefix: only its
		// length says whose it is.
		sum, found := strings.CutPrefix(text, prefix)
		for _, decode := range []func(string) ([]byte, error){hex.DecodeString, base64.StdEncoding.DecodeString} {
			if raw, err := decode(sum); found && err == nil && len(raw) == sha256.Size {
				return Pin(raw), true
			}
		}
	}
	return Pin{}, false
}
