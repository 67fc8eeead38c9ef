package mtlshttp

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/mtlshttp/mtlshttp/internal/keyfile"
	"github.com/mtlshttp/mtlshttp/internal/wire"
)

// ExtractOptions are the passwords of a credential file.
type ExtractOptions struct {
	// Password opens the file. Nil: none was given; empty: the empty
	// password. Both slices are wiped when Extract returns.
	Password []byte
	// KeyPassword opens the key inside, where it is another; nil: Password.
	KeyPassword []byte
	// AllowNoMAC opens a PKCS #12 file without an integrity check, which
	// anybody may have altered.
	AllowNoMAC bool
}

// Inventory is what a credential file holds.
type Inventory struct {
	// Format is how the file was read: pkcs12, pem, …
	Format       string
	Keys         []KeyInfo
	Certificates []CertificateInfo
	Identities   []IdentityInfo
	Warnings     []string

	found *keyfile.Inventory
}

// KeyInfo says what a private key is; the key itself stays inside.
type KeyInfo struct {
	Type       string `json:"type"`            // RSA, RSA-PSS, EC, Ed25519, … as OpenSSL names them
	Bits       int    `json:"bits,omitempty"`  // RSA and DSA: of the modulus
	Curve      string `json:"curve,omitempty"` // EC
	SPKISHA256 string `json:"spkiSha256"`      // of the public key's SubjectPublicKeyInfo, hex
}

// CertificateInfo says whose a certificate is.
type CertificateInfo struct {
	Subject   string    `json:"subject"`
	Issuer    string    `json:"issuer"`
	SHA256    string    `json:"sha256"` // of the DER, hex
	NotBefore time.Time `json:"notBefore"`
	NotAfter  time.Time `json:"notAfter"`
}

// IdentityInfo is a key with the certificate that belongs to it.
type IdentityInfo struct {
	Alias         string   `json:"alias"`
	LeafSHA256    string   `json:"leafSha256"`
	KeySPKISHA256 string   `json:"keySpkiSha256"`
	ChainSHA256   []string `json:"chainSha256"` // after the leaf, in order
}

// extractions remembers what was opened, by content and password together, so
// that a second look costs no key derivation. It holds no password, and no file
// above rememberedFile bytes: large ones are trust stores, cheap to open.
var extractions keyfile.Cache

const rememberedFile = 128 << 10

// Extract opens a credential file, whose format it finds from the content, and
// says what is inside. Errors are of kind config with a reason: wrong-password
// password-required unsupported-algorithm unsupported-key unsupported-format
// no-credential corrupt kdf-cost unrecognized empty; or timeout or canceled
// when the context ends inside a long key derivation. (Fusion: Extract)
//
// The last 256 files of up to 128 KiB are remembered by content and password,
// and open again without the cost of their key derivation.
func Extract(ctx context.Context, file []byte, o *ExtractOptions) (*Inventory, error) {
	if o == nil {
		o = new(ExtractOptions)
	}
	defer clear(o.Password)
	defer clear(o.KeyPassword)
	open := extractions.Extract
	if len(file) > rememberedFile {
		open = keyfile.Extract
	}
	found, err := open(ctx, file, keyfile.Options{
		Password: o.Password, KeyPassword: o.KeyPassword, AllowNoMAC: o.AllowNoMAC,
	})
	if err != nil {
		return nil, extractionError(ctx, err)
	}
	return newInventory(found), nil
}

// ExtractPair opens a certificate and a key that are in two files, given in
// either order. A key that is not the certificate's is reason key-mismatch.
func ExtractPair(ctx context.Context, certificate, key []byte, o *ExtractOptions) (*Inventory, error) {
	if o == nil {
		o = new(ExtractOptions)
	}
	defer clear(o.Password)
	defer clear(o.KeyPassword)
	open := extractions.ExtractPair
	if len(certificate)+len(key) > rememberedFile {
		open = keyfile.ExtractPair
	}
	found, err := open(ctx, certificate, key, keyfile.Options{
		Password: o.Password, KeyPassword: o.KeyPassword, AllowNoMAC: o.AllowNoMAC,
	})
	if err != nil {
		return nil, extractionError(ctx, err)
	}
	return newInventory(found), nil
}

func extractionError(ctx context.Context, err error) *Error {
	if e := interrupted(ctx, phaseResolve); e != nil {
		return e
	}
	e := fault(KindConfig, "", string(keyfile.Corrupt), "%w", err)
	var ke *keyfile.Error
	if errors.As(err, &ke) {
		e.Reason = string(ke.Kind)
	}
	e.Phase = phaseResolve
	return e
}

func newInventory(found *keyfile.Inventory) *Inventory {
	inv := &Inventory{Format: found.Format, found: found}
	for _, k := range found.Keys {
		inv.Keys = append(inv.Keys, KeyInfo{k.Type, k.Bits, k.Curve, hex.EncodeToString(k.SPKISHA256[:])})
	}
	for _, c := range found.Certificates {
		inv.Certificates = append(inv.Certificates, CertificateInfo{c.Subject, c.Issuer, fingerprint(c.Raw), c.NotBefore, c.NotAfter})
	}
	for _, id := range found.Identities {
		info := IdentityInfo{Alias: id.Alias, LeafSHA256: fingerprint(id.Leaf.Raw),
			KeySPKISHA256: hex.EncodeToString(id.Key.SPKISHA256[:]), ChainSHA256: []string{}}
		for _, c := range id.Chain {
			info.ChainSHA256 = append(info.ChainSHA256, fingerprint(c.Raw))
		}
		inv.Identities = append(inv.Identities, info)
	}
	for _, w := range found.Warnings {
		inv.Warnings = append(inv.Warnings, w.Message)
	}
	inv.Warnings = append(inv.Warnings, certificateWarnings(found, time.Now())...)
	return inv
}

// content is what was found; in a zero Inventory, nothing.
func (i *Inventory) content() *keyfile.Inventory {
	if i.found == nil {
		return new(keyfile.Inventory)
	}
	return i.found
}

func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

// Credential returns the one identity of the file, or the one of an alias or of
// a leaf's SHA-256 (hex). Reasons of its errors: no-key, no-certificate,
// key-mismatch, no-credential, ambiguous (several, and no alias chooses),
// unsupported-key, unsupported-format.
func (i *Inventory) Credential(alias ...string) (*Credential, error) {
	candidates := i.content().Identities
	if len(alias) > 0 {
		candidates = slices.DeleteFunc(slices.Clone(candidates), func(id *keyfile.Identity) bool {
			return !slices.Contains(alias, id.Alias) && !slices.Contains(alias, fingerprint(id.Leaf.Raw))
		})
	}
	switch {
	case len(candidates) > 1:
		return nil, fault(KindConfig, "", string(keyfile.Ambiguous), "the file holds %d identities, choose one: %s",
			len(candidates), strings.Join(aliases(candidates), ", "))
	case len(candidates) == 0 && len(i.content().Identities) > 0:
		return nil, fault(KindConfig, "", string(keyfile.NoCredential), "the file has no identity %q; it has %s",
			strings.Join(alias, ", "), strings.Join(aliases(i.content().Identities), ", "))
	case len(candidates) == 0:
		return nil, i.missing()
	}
	id := candidates[0]
	if id.Leaf.Parsed == nil {
		return nil, fault(KindConfig, "", string(keyfile.UnsupportedFormat), "the certificate cannot be used: %w", id.Leaf.ParseError)
	}
	if id.Key.Private == nil {
		return nil, fault(KindConfig, "", string(keyfile.UnsupportedKey), "TLS has no use for a key of type %s %s", id.Key.Type, id.Key.Curve)
	}
	return NewCredential(id.Key.Private, usableChain(id.Leaf, id.Chain)...)
}

// missing says why a file without identities has none.
func (i *Inventory) missing() *Error {
	switch keys, certificates := len(i.Keys), len(i.Certificates); {
	case keys == 0 && certificates == 0:
		return fault(KindConfig, "", string(keyfile.NoCredential), "the file holds neither key nor certificate")
	case keys == 0:
		return fault(KindConfig, "", string(keyfile.NoKey), "the file holds %d certificates and no private key", certificates)
	case certificates == 0:
		return fault(KindConfig, "", string(keyfile.NoCertificate), "the file holds a private key and no certificate")
	}
	return fault(KindConfig, "", string(keyfile.KeyMismatch), "no key belongs to a certificate: key %s…, certificate %q",
		i.Keys[0].SPKISHA256[:16], i.Certificates[0].Subject)
}

func aliases(ids []*keyfile.Identity) []string {
	names := make([]string, len(ids))
	for i, id := range ids {
		if names[i] = fmt.Sprintf("%q", id.Alias); id.Alias == "" {
			names[i] = fingerprint(id.Leaf.Raw)
		}
	}
	return names
}

// Roots returns the file's certificates, to be trusted as authorities.
func (i *Inventory) Roots() ([]*x509.Certificate, error) {
	var roots []*x509.Certificate
	for _, c := range i.content().Certificates {
		if c.Parsed != nil {
			roots = append(roots, c.Parsed)
		}
	}
	if len(roots) == 0 {
		return nil, fault(KindConfig, "ca", string(keyfile.NoCertificate), "the file holds no certificate that can be used")
	}
	return roots, nil
}

// Credential is a client certificate with its key. No rendering of it prints
// more than its subject and fingerprint.
//
// Its exported fields may be set before its first use, not after.
type Credential struct {
	// Origins are further origins that it may be presented to, beside that
	// of the request's URL: https://host:port, host, *.suffix.
	Origins []string
	// OnlyIfAcceptable withholds it from a server whose list of authorities
	// names none of its own: an error of kind tls-client-cert.
	OnlyIfAcceptable bool
	// AllowAnonymous goes on without it when it is withheld.
	AllowAnonymous bool
	// AllowExpired sends it although it has expired or is not valid yet.
	AllowExpired bool

	certificate tls.Certificate
	leaf        *x509.Certificate
	parsed      []*x509.Certificate // the leaf first
	sum         [sha256.Size]byte
	plain       *wire.Identity // what it is to a connection, without the conditions above
}

// NewCredential joins a signer with its certificate and the chain above it. A
// signer that is not the certificate's is reason key-mismatch.
func NewCredential(signer crypto.Signer, chain ...*x509.Certificate) (*Credential, error) {
	if signer == nil {
		return nil, fault(KindConfig, "", string(keyfile.NoKey), "there is no key")
	}
	if len(chain) == 0 || chain[0] == nil {
		return nil, fault(KindConfig, "", string(keyfile.NoCertificate), "there is no certificate")
	}
	leaf := chain[0]
	public, ok := leaf.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	if !ok {
		return nil, fault(KindConfig, "", string(keyfile.UnsupportedKey), "TLS has no use for the certificate's key")
	}
	if !public.Equal(signer.Public()) {
		return nil, fault(KindConfig, "", string(keyfile.KeyMismatch), "the key does not belong to the certificate %q", leaf.Subject.String())
	}
	c := &Credential{leaf: leaf, parsed: slices.Clone(chain), certificate: tls.Certificate{PrivateKey: signer, Leaf: leaf}}
	hash := sha256.New()
	for _, cert := range chain {
		c.certificate.Certificate = append(c.certificate.Certificate, cert.Raw)
		sum := sha256.Sum256(cert.Raw)
		hash.Write(sum[:])
	}
	hash.Sum(c.sum[:0])
	c.plain = &wire.Identity{Certificate: c.certificate, Fingerprint: c.sum}
	return c, nil
}

// Leaf returns the client's own certificate.
func (c *Credential) Leaf() *x509.Certificate { return c.leaf }

// chain is the leaf and what was given above it.
func (c *Credential) chain() []*x509.Certificate {
	if c == nil {
		return nil
	}
	return c.parsed
}

// String names the credential by subject and fingerprint.
func (c *Credential) String() string {
	if c == nil || c.leaf == nil {
		return "no credential"
	}
	return fmt.Sprintf("%s (sha256 %s…)", printable(c.leaf.Subject.String()), fingerprint(c.leaf.Raw)[:16])
}

// Format renders String for every verb, so that none shows the key.
func (c Credential) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(c.String())) }

// LogValue is String.
func (c Credential) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalJSON fails: key material is in no document.
func (c Credential) MarshalJSON() ([]byte, error) {
	return nil, fault(KindConfig, "identity", "not-serialisable", "a credential cannot be written; name it in a keychain")
}

// usable refuses what cannot work, before anything is sent.
func (c *Credential) usable(now time.Time) *Error {
	switch {
	case c.leaf == nil:
		return fault(KindConfig, "credentials", string(keyfile.NoCredential), "the credential is empty; make one with Extract or NewCredential")
	case c.AllowExpired:
		return nil
	case now.After(c.leaf.NotAfter):
		return fault(KindConfig, "credentials", "expired", "the certificate %q expired on %s", c.leaf.Subject.String(), c.leaf.NotAfter.UTC().Format(time.DateOnly))
	case now.Before(c.leaf.NotBefore):
		return fault(KindConfig, "credentials", "not-yet-valid", "the certificate %q is valid from %s on", c.leaf.Subject.String(), c.leaf.NotBefore.UTC().Format(time.RFC3339))
	}
	return nil
}

func (c *Credential) identity() *wire.Identity {
	if c.plain != nil && !c.OnlyIfAcceptable && !c.AllowAnonymous {
		return c.plain
	}
	return &wire.Identity{Certificate: c.certificate, Fingerprint: c.sum,
		OnlyIfAcceptable: c.OnlyIfAcceptable, AllowAnonymous: c.AllowAnonymous}
}
