package keyfile

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"slices"

	"github.com/mtlshttp/mtlshttp/internal/certificate"
)

const (
	maxChain    = 32 // the most certificates that a chain takes
	maxIssuers  = 8  // of one name that are told apart
	checksShare = 4  // of the limit of rounds, what signature checks may cost
)

// issuers find chains among the certificates of a file.
type issuers struct {
	*budget
	subjects map[string][]*Certificate
	verdicts map[[2][32]byte]bool // who signed whom: chains have much in common
}

func (inv *Inventory) issuers(b *budget) *issuers {
	i := &issuers{budget: b, subjects: map[string][]*Certificate{}, verdicts: map[[2][32]byte]bool{}}
	for _, c := range inv.Certificates {
		i.subjects[string(c.rawSubject)] = append(i.subjects[string(c.rawSubject)], c)
	}
	return i
}

// Chain are the issuers of a certificate that the file holds, the nearest first.
func (inv *Inventory) Chain(leaf *Certificate) []*Certificate {
	// What one chain costs is within the default limits.
	chain, _ := inv.issuers(&budget{ctx: context.Background(), limits: Limits{}.withDefaults()}).chain(leaf)
	return chain
}

// chain follows the issuers from a leaf to a self-signed certificate, or as
// far as the file goes.
func (i *issuers) chain(leaf *Certificate) ([]*Certificate, error) {
	chain := []*Certificate{leaf}
	for len(chain) < maxChain && !chain[len(chain)-1].selfSigned {
		issuer, err := i.issuer(chain)
		if err != nil {
			return nil, err
		}
		if issuer == nil {
			break
		}
		chain = append(chain, issuer)
	}
	return chain[1:], nil
}

// issuer picks the next of a chain among certificates of the right name: by key
// identifier, by signature, by being an authority, by the longest validity.
func (i *issuers) issuer(chain []*Certificate) (*Certificate, error) {
	c := chain[len(chain)-1]
	var candidates []*Certificate
	for _, issuer := range i.subjects[string(c.rawIssuer)] {
		otherKey := c.issuerKey != nil && issuer.subjectKey != nil && !bytes.Equal(c.issuerKey, issuer.subjectKey)
		if !otherKey && len(candidates) < maxIssuers && !slices.Contains(chain, issuer) {
			candidates = append(candidates, issuer)
		}
	}
	if len(candidates) == 1 {
		return candidates[0], nil
	}
	var best *Certificate
	most := -1
	for _, candidate := range candidates {
		signed, err := i.signed(candidate, c)
		if err != nil {
			return nil, err
		}
		score := flag(signed)<<1 + flag(candidate.authority)
		if score > most || score == most && candidate.NotAfter.After(best.NotAfter) {
			best, most = candidate, score
		}
	}
	return best, nil
}

// signed reports whether an issuer's key verifies the signature, as far as
// crypto/x509 can tell. Too many checks are an error: without them, a chain
// might be another's.
func (i *issuers) signed(issuer, c *Certificate) (bool, error) {
	if issuer.Parsed == nil || c.Parsed == nil || issuer.tooLarge() {
		return false, nil
	}
	pair := [2][32]byte{issuer.SHA256, c.SHA256}
	verdict, known := i.verdicts[pair]
	if !known {
		if err := i.check(issuer.checkPrice()); err != nil {
			return false, err
		}
		verdict = certificate.Signed(issuer.Parsed, c.Parsed)
		i.verdicts[pair] = verdict
	}
	return verdict, nil
}

// tooLarge says whether a key takes minutes to check one signature.
func (c *Certificate) tooLarge() bool {
	key, isRSA := c.Parsed.PublicKey.(*rsa.PublicKey)
	return isRSA && key.N.BitLen() > maxRSABits
}

// checkPrice is what one signature check costs, in rounds of a key derivation.
func (c *Certificate) checkPrice() int64 {
	if key, isRSA := c.Parsed.PublicKey.(*rsa.PublicKey); isRSA {
		bits := int64(key.N.BitLen())
		return bits * bits >> 15
	}
	return 16 * cubic(max(c.public.bits, 256))
}

// check takes a signature check from the budget before it is made.
func (b *budget) check(price int64) error {
	if b.checks += price; b.checks > b.limits.Iterations/checksShare {
		return fault(TooLarge, "the file holds so many certificates that could have issued each other that to find out costs more than a quarter of the limit of %d rounds", b.limits.Iterations)
	}
	return b.ctx.Err()
}

// checkSignatures warns of certificates that the next in the chain did not
// sign, as after damage or where an authority changed its key.
func (inv *Inventory) checkSignatures(i *issuers, identity *Identity) error {
	last := identity.Leaf
	for _, issuer := range identity.Chain {
		if last.Parsed != nil && issuer.Parsed != nil && last.Parsed.SignatureAlgorithm != x509.UnknownSignatureAlgorithm {
			signed, err := i.signed(issuer, last)
			if err != nil {
				return err
			}
			if !signed {
				inv.Warnings = append(inv.Warnings, Warning{"signature-invalid", fmt.Sprintf(
					"the certificate %q is damaged, or was not issued by the %q in this file: its signature does not verify", last.Subject, issuer.Subject)})
			}
		}
		last = issuer
	}
	return nil
}
