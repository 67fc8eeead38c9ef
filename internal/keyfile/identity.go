package keyfile

import (
	"fmt"
	"slices"
	"strings"
)

// Identity is a private key with its certificate.
type Identity struct {
	Alias string // the name of the entry; may be empty
	Key   *Key
	Leaf  *Certificate
	Chain []*Certificate // after the leaf, each the issuer of the one before, as far as the file goes

	aliases []string // of all entries that hold this key and leaf
}

// Inventory is what a file holds.
type Inventory struct {
	// Format is pem (certificates, or several blocks of any kind), der (a
	// certificate), pkcs12, pkcs8, pkcs1, sec1, dsa, pkcs7, openssh, jwk, jks
	// or jceks, in PEM or base64 or not.
	Format       string
	Keys         []*Key         // each key once
	Certificates []*Certificate // each once, in the order of the file
	Identities   []*Identity
	Warnings     []Warning

	problem *Error // why a part of the file gave nothing; explains a missing key or certificate
}

// Warning is something to know about a file that was read all the same.
type Warning struct {
	Code    string // certificate-unreadable, part-unreadable, signature-invalid, not-authenticated, secret-key-skipped
	Message string
}

// Identity picks the one identity, or the one of an alias. Its error is of
// kind no-key, no-certificate, key-mismatch or ambiguous, or what is wrong
// with the part of the file that should have held it.
func (inv *Inventory) Identity(alias ...string) (*Identity, error) {
	if len(alias) > 0 && len(inv.Identities) > 0 {
		for _, equal := range []func(a, b string) bool{func(a, b string) bool { return a == b }, strings.EqualFold} {
			for _, identity := range inv.Identities {
				if slices.ContainsFunc(identity.aliases, func(have string) bool { return equal(have, alias[0]) }) {
					return identity, nil
				}
			}
		}
		return nil, fault(Ambiguous, "no identity of the name %q; there are: %s", alias[0], inv.listIdentities())
	}
	switch {
	case len(inv.Identities) == 1:
		return inv.Identities[0], nil
	case len(inv.Identities) > 1:
		return nil, fault(Ambiguous, "%d identities, and no choice between them: %s", len(inv.Identities), inv.listIdentities())
	case len(inv.Keys) == 0:
		return nil, inv.missing(NoKey, "%s, and no private key; give the key's file too, or export both: openssl pkcs12 -export -inkey KEY -in CERTIFICATE", counted(len(inv.Certificates), "certificate"))
	case len(inv.Certificates) == 0:
		return nil, inv.missing(NoCertificate, "%s (%s), and no certificate; give the certificate's file too", counted(len(inv.Keys), "private key"), inv.Keys[0])
	}
	return nil, fault(KeyMismatch, "the key does not belong to the certificate: %s", inv.listMismatch())
}

func (inv *Inventory) missing(kind Kind, format string, args ...any) *Error {
	e := fault(kind, format, args...)
	if inv.problem != nil {
		e.Message += "; besides, " + inv.problem.Message
		e.Err = inv.problem
	}
	return e
}

func (inv *Inventory) listIdentities() string {
	var names []string
	for _, identity := range inv.Identities {
		names = append(names, fmt.Sprintf("%q (%s)", identity.Alias, identity.Leaf.Subject))
	}
	return abbreviated(names)
}

func (inv *Inventory) listMismatch() string {
	var keys, certificates []string
	for _, k := range inv.Keys {
		keys = append(keys, fmt.Sprintf("key %s with the public key SHA-256 %x", k, k.SPKISHA256[:8]))
	}
	for _, c := range inv.Certificates {
		certificates = append(certificates, fmt.Sprintf("certificate %q for a key %s", c.Subject, c.public))
	}
	return abbreviated(keys) + "; " + abbreviated(certificates)
}

// abbreviated lists the first few.
func abbreviated(names []string) string {
	if more := len(names) - 8; more > 0 {
		names = append(slices.Clone(names[:8]), fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ", ")
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// match makes the identities: for each key the certificate that has its
// public key, then the issuers that the file holds.
func (inv *Inventory) match(b *budget, keys []*Key, certificates []*Certificate) error {
	issuers := inv.issuers(b)
	leaves := map[string][]*Certificate{}
	for _, c := range certificates {
		leaves[c.public.id] = append(leaves[c.public.id], c)
	}
	seen := map[string]*Identity{}
	for _, k := range keys {
		candidates := leaves[k.public.id]
		if len(candidates) == 0 {
			continue
		}
		leaf := slices.MaxFunc(candidates, func(a, b *Certificate) int { return compareLeaves(k, a, b) })
		alias := firstOf(k.Alias, leaf.Alias)
		id := k.public.id + string(leaf.SHA256[:])
		if same := seen[id]; same != nil {
			same.Alias = firstOf(same.Alias, alias)
			same.aliases = append(same.aliases, alias)
			continue
		}
		chain, err := issuers.chain(leaf)
		if err != nil {
			return err
		}
		seen[id] = &Identity{Alias: alias, Key: k, Leaf: leaf, Chain: chain, aliases: []string{alias}}
		inv.Identities = append(inv.Identities, seen[id])
		if err := inv.checkSignatures(issuers, seen[id]); err != nil {
			return err
		}
	}
	return nil
}

// Leaf picks, of the certificates of a key that is kept elsewhere, the one that
// would be its leaf if it were in the file; nil: there is none.
func (inv *Inventory) Leaf(belongs func(*Certificate) bool) *Certificate {
	candidates := slices.DeleteFunc(slices.Clone(inv.Certificates), func(c *Certificate) bool { return !belongs(c) })
	if len(candidates) == 0 {
		return nil
	}
	return slices.MaxFunc(candidates, func(a, b *Certificate) int { return compareLeaves(new(Key), a, b) })
}

// compareLeaves orders the certificates of one key: the one of the key's own
// entry, one that is not self-signed, one for an end entity, the one valid
// longest; of equals the first in the file.
func compareLeaves(k *Key, a, b *Certificate) int {
	score := func(c *Certificate) int {
		return flag(k.entry != "" && c.entry == k.entry)<<2 | flag(!c.selfSigned)<<1 | flag(!c.authority)
	}
	if difference := score(a) - score(b); difference != 0 {
		return difference
	}
	return a.NotAfter.Compare(b.NotAfter)
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

func firstOf(names ...string) string {
	for _, name := range names {
		if name != "" {
			return name
		}
	}
	return ""
}
