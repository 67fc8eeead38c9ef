package mtlshttp

import (
	"context"
	"crypto/x509"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/mtlshttp/mtlshttp/internal/filestate"
	"github.com/mtlshttp/mtlshttp/internal/keyfile"
	"github.com/mtlshttp/mtlshttp/internal/target"
)

// CredentialSource finds a credential by name. An error of it is returned from
// the request as kind config, reason no-credential, unless it is an *Error
// itself. It is called for every request, from many goroutines.
type CredentialSource interface {
	Credential(ctx context.Context, name string) (*Credential, error)
}

// RootSource finds trusted authorities by name. A CredentialSource that also
// implements it resolves Request.Roots.Name.
type RootSource interface {
	Roots(ctx context.Context, name string) ([]*x509.Certificate, error)
}

// OriginSource is a CredentialSource by whom one name stands for different
// credentials at different origins, as a platform's identity does while it is
// replaced. The origin is https://host, with the port where it is not 443.
type OriginSource interface {
	CredentialFor(ctx context.Context, name, origin string) (*Credential, error)
}

func credentialFor(ctx context.Context, source CredentialSource, name, origin string) (*Credential, error) {
	if s, ok := source.(OriginSource); ok {
		return s.CredentialFor(ctx, name, origin)
	}
	return source.Credential(ctx, name)
}

// Keychain holds credentials and roots by name: in memory, in files and
// environment variables, and as platform identities in generations. Files are
// read when they are first asked for and again when they have changed. The zero
// value is empty and ready; its fields are fixed after the first use. It is
// safe for concurrent use and implements CredentialSource, RootSource and
// OriginSource.
type Keychain struct {
	// OnError is told, once, of files that have changed and cannot be used as
	// they are: half written, a key that is not the certificate's, gone. What
	// they held before stays in force, and they are tried again when they
	// change. Nil: nobody is told.
	OnError func(name string, err error)
	// Clock says what time it is, for Expiring and OnExpiring; nil: time.Now.
	Clock func() time.Time

	mu      sync.Mutex
	entries map[string]keychainEntry
}

// keychainEntry is one of: what is in memory, files, a platform identity.
type keychainEntry struct {
	memory   *holding
	files    *filestate.Kept[holding]
	platform *platform
}

// holding is what one entry holds at one moment.
type holding struct {
	credential *Credential
	missing    error               // why there is no credential
	chain      []*x509.Certificate // the leaf first; also where the key is missing
	roots      []*x509.Certificate

	once  sync.Once
	infos []CertificateInfo // see certificates
}

// Add keeps a credential under a name; one of that name gives way.
func (k *Keychain) Add(name string, c *Credential) {
	k.put(name, keychainEntry{memory: &holding{credential: c, chain: c.chain()}})
}

// AddRoots keeps trusted certificates under a name; one of that name gives way.
func (k *Keychain) AddRoots(name string, roots ...*x509.Certificate) {
	k.put(name, keychainEntry{memory: &holding{roots: roots}})
}

// AddFiles keeps under a name a credential, or roots, that are in files or
// environment variables; one of that name gives way. Paths are relative to the
// working directory. What is wrong with them is said when they are asked for.
func (k *Keychain) AddFiles(name string, f CredentialFiles) {
	k.addFiles(name, f.clone())
}

// Remove forgets a name, if it is known. Requests that have been made ready go
// on; later ones find that it is unknown, those of clients handed out too.
func (k *Keychain) Remove(name string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.entries, name)
}

func (k *Keychain) addFiles(name string, f *CredentialFiles) {
	k.put(name, keychainEntry{files: filestate.Keep(f.set(), f.hold, func(err error) {
		if k.OnError != nil {
			k.OnError(name, fileFault(err))
		}
	})})
}

func (k *Keychain) put(name string, e keychainEntry) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.entries == nil {
		k.entries = make(map[string]keychainEntry)
	}
	k.entries[name] = e
}

// Names lists what the keychain holds, sorted.
func (k *Keychain) Names() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Sorted(maps.Keys(k.entries))
}

// Format lists the names, for every verb.
func (k *Keychain) Format(s fmt.State, _ rune) { fmt.Fprintf(s, "keychain of %q", k.Names()) }

func (k *Keychain) entry(name string) (keychainEntry, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	e, ok := k.entries[name]
	return e, ok
}

// Credential returns the credential of a name, of a platform identity its
// current one. Errors are of kind config, with the reasons of Extract and
// Inventory.Credential.
func (k *Keychain) Credential(ctx context.Context, name string) (*Credential, error) {
	return k.credential(ctx, name, nil)
}

// CredentialFor returns the credential that a name stands for at an origin,
// https://host:port: of a platform identity the generation that is meant for
// it, of all else Credential.
func (k *Keychain) CredentialFor(ctx context.Context, name, origin string) (*Credential, error) {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return nil, fault(KindConfig, "credentials", "origin", "not an origin")
	}
	o := target.OriginOf(u)
	return k.credential(ctx, name, &o)
}

func (k *Keychain) credential(ctx context.Context, name string, o *target.Origin) (*Credential, error) {
	h, err := k.hold(ctx, name, o)
	switch {
	case err != nil:
		return nil, err
	case h.credential != nil:
		return h.credential, nil
	case h.missing != nil:
		return nil, h.missing
	}
	return nil, fault(KindConfig, "credentials", string(keyfile.NoKey), "%q in the keychain are authorities to trust, not a credential", name)
}

// Roots returns the authorities of a name: an entry of certificates, or those
// that stand beside a credential.
func (k *Keychain) Roots(ctx context.Context, name string) ([]*x509.Certificate, error) {
	h, err := k.hold(ctx, name, nil)
	if err != nil {
		e := *asError(err)
		e.Field = "ca"
		return nil, &e
	}
	if len(h.roots) == 0 {
		return nil, fault(KindConfig, "ca", string(keyfile.NoCertificate), "%q in the keychain holds no authority to trust", name)
	}
	return h.roots, nil
}

// hold finds what a name holds now, of a platform identity what it holds for
// an origin. Its errors are *Error.
func (k *Keychain) hold(ctx context.Context, name string, o *target.Origin) (*holding, error) {
	e, ok := k.entry(name)
	if ok && e.platform != nil {
		generation := e.platform.generation(o)
		if e, ok = k.entry(generation); ok && e.platform != nil {
			return nil, fault(KindConfig, "keychain", "platform", "the platform identity %q names %q, which is one itself", name, generation)
		}
		name = generation
	}
	switch {
	case !ok:
		return nil, fault(KindConfig, "credentials", string(keyfile.NoCredential), "the keychain has no %q", name)
	case e.files != nil:
		h, err := e.files.Get(ctx)
		if ended := interrupted(ctx, phaseResolve); err != nil && ended != nil {
			return nil, ended
		}
		return h, fileFault(err)
	}
	return e.memory, nil
}

func (k *Keychain) now() time.Time {
	if k.Clock != nil {
		return k.Clock()
	}
	return time.Now()
}
