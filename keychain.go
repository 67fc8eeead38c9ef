package mtlshttp

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/mtlshttp/mtlshttp/internal/keyfile"
)

// maxCredentialFile bounds what is read of one credential file.
const maxCredentialFile = 1 << 20

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

// Keychain holds credentials and roots by name, in memory or in files, which
// are read when they are first asked for and again when they have changed. The
// zero value is empty and ready. It is safe for concurrent use and implements
// CredentialSource and RootSource.
type Keychain struct {
	mu      sync.Mutex
	entries map[string]*keychainEntry
}

// CredentialFiles says where a credential is and how it may be used. Its JSON
// form is an entry of a keychain document.
type CredentialFiles struct {
	File        string // key and certificate in one file, of any format; or
	Certificate string // the certificate with its chain, and
	PrivateKey  string // its key; or
	CA          string // certificates to trust

	Password    []byte // nil: none; empty: the empty password
	PasswordEnv string // the environment variable that holds it
	KeyPassword []byte // nil: Password
	Alias       string // which of several

	// See Credential.
	Origins          []string
	OnlyIfAcceptable bool
	AllowAnonymous   bool
	AllowExpired     bool
}

type keychainEntry struct {
	mu         sync.Mutex
	files      *CredentialFiles // nil: in memory
	dir        string
	credential *Credential
	roots      []*x509.Certificate
	stamps     []fileStamp
}

// fileStamp tells one state of a file from another without reading it.
type fileStamp struct {
	size     int64
	modified time.Time
}

// Add keeps a credential under a name; one of that name gives way.
func (k *Keychain) Add(name string, c *Credential) { k.put(name, &keychainEntry{credential: c}) }

// AddRoots keeps trusted certificates under a name; one of that name gives way.
func (k *Keychain) AddRoots(name string, roots ...*x509.Certificate) {
	k.put(name, &keychainEntry{roots: roots})
}

// AddFiles keeps under a name a credential, or roots, that are in files. Paths
// are relative to the working directory. What is wrong with them is said when
// they are asked for.
func (k *Keychain) AddFiles(name string, f CredentialFiles) {
	k.put(name, &keychainEntry{files: f.clone()})
}

func (k *Keychain) put(name string, e *keychainEntry) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.entries == nil {
		k.entries = make(map[string]*keychainEntry)
	}
	k.entries[name] = e
}

// Names lists what the keychain holds, sorted.
func (k *Keychain) Names() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Sorted(maps.Keys(k.entries))
}

func (k *Keychain) entry(name string) (*keychainEntry, *Error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if e, ok := k.entries[name]; ok {
		return e, nil
	}
	return nil, fault(KindConfig, "credentials", string(keyfile.NoCredential), "the keychain has no %q", name)
}

// Credential returns the credential of a name. Errors are of kind config, with
// the reasons of Extract and Inventory.Credential.
func (k *Keychain) Credential(ctx context.Context, name string) (*Credential, error) {
	e, missing := k.entry(name)
	if missing != nil {
		return nil, missing
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.load(ctx); err != nil {
		return nil, err
	}
	if e.credential == nil {
		return nil, fault(KindConfig, "credentials", string(keyfile.NoKey), "%q in the keychain are authorities to trust, not a credential", name)
	}
	return e.credential, nil
}

// Roots returns the authorities of a name: an entry of certificates, or those
// that stand beside a credential.
func (k *Keychain) Roots(ctx context.Context, name string) ([]*x509.Certificate, error) {
	e, missing := k.entry(name)
	if missing != nil {
		missing.Field = "ca"
		return nil, missing
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.load(ctx); err != nil {
		return nil, err
	}
	if len(e.roots) == 0 {
		return nil, fault(KindConfig, "ca", string(keyfile.NoCertificate), "%q in the keychain holds no authority to trust", name)
	}
	return e.roots, nil
}

// load reads the entry's files where that has not been done since they
// changed. A state that cannot be read leaves the last good one in force.
func (e *keychainEntry) load(ctx context.Context) error {
	if e.files == nil {
		return nil
	}
	stamps, err := e.files.stamps(e.dir)
	loaded := e.credential != nil || e.roots != nil
	if err == nil && loaded && slices.Equal(stamps, e.stamps) {
		return nil
	}
	if err == nil {
		err = e.read(ctx)
	}
	if err != nil {
		if loaded {
			return nil
		}
		return err
	}
	e.stamps = stamps
	return nil
}

func (e *keychainEntry) read(ctx context.Context) error {
	f := e.files
	if f.CA != "" {
		data, err := readFile(e.dir, f.CA)
		if err != nil {
			return err
		}
		inv, err := Extract(ctx, data, f.options())
		if err != nil {
			return err
		}
		e.roots, err = inv.Roots()
		return err
	}
	inv, err := f.extract(ctx, e.dir)
	if err != nil {
		return err
	}
	var alias []string
	if f.Alias != "" {
		alias = []string{f.Alias}
	}
	c, err := inv.Credential(alias...)
	if err != nil {
		return err
	}
	c.Origins, c.OnlyIfAcceptable, c.AllowAnonymous, c.AllowExpired = f.Origins, f.OnlyIfAcceptable, f.AllowAnonymous, f.AllowExpired
	e.credential = c
	return nil
}

func (f *CredentialFiles) extract(ctx context.Context, dir string) (*Inventory, error) {
	if f.File != "" {
		data, err := readFile(dir, f.File)
		if err != nil {
			return nil, err
		}
		return Extract(ctx, data, f.options())
	}
	if f.Certificate == "" || f.PrivateKey == "" {
		return nil, fault(KindConfig, "keychain", string(keyfile.NoCredential), "an entry names a file, or a certificate and a private key, or a ca")
	}
	certificate, err := readFile(dir, f.Certificate)
	if err != nil {
		return nil, err
	}
	key, err := readFile(dir, f.PrivateKey)
	if err != nil {
		return nil, err
	}
	return ExtractPair(ctx, certificate, key, f.options())
}

// options are made anew each time, since Extract wipes them.
func (f *CredentialFiles) options() *ExtractOptions {
	o := &ExtractOptions{Password: bytes.Clone(f.Password), KeyPassword: bytes.Clone(f.KeyPassword)}
	if f.PasswordEnv != "" {
		if value, ok := os.LookupEnv(f.PasswordEnv); ok {
			o.Password = []byte(value)
		}
	}
	return o
}

func (f *CredentialFiles) names() []string {
	var names []string
	for _, n := range []string{f.File, f.Certificate, f.PrivateKey, f.CA} {
		if n != "" {
			names = append(names, n)
		}
	}
	return names
}

func (f *CredentialFiles) stamps(dir string) ([]fileStamp, error) {
	var stamps []fileStamp
	for _, name := range f.names() {
		info, err := os.Stat(resolvePath(dir, name))
		if err != nil {
			return nil, fileFault(name, err)
		}
		stamps = append(stamps, fileStamp{info.Size(), info.ModTime()})
	}
	return stamps, nil
}

func (f CredentialFiles) clone() *CredentialFiles {
	f.Password, f.KeyPassword = bytes.Clone(f.Password), bytes.Clone(f.KeyPassword)
	f.Origins = slices.Clone(f.Origins)
	return &f
}

// String names the files and no password.
func (f CredentialFiles) String() string { return fmt.Sprintf("credential in %q", f.names()) }

// Format renders String for every verb.
func (f CredentialFiles) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, f.String()) }

func resolvePath(dir, name string) string {
	if dir == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(dir, name)
}

// readFile reads a regular file of at most maxCredentialFile bytes; a pipe or
// device could block for ever.
func readFile(dir, name string) ([]byte, error) {
	path := resolvePath(dir, name)
	info, err := os.Stat(path)
	if err != nil {
		return nil, fileFault(name, err)
	}
	if !info.Mode().IsRegular() {
		return nil, fault(KindConfig, "keychain", "file", "%q is not a regular file", name)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fileFault(name, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxCredentialFile+1))
	if err != nil {
		return nil, fileFault(name, err)
	}
	if len(data) > maxCredentialFile {
		return nil, fault(KindLimit, "keychain", "credential-file", "%q is larger than %d bytes", name, maxCredentialFile)
	}
	return data, nil
}

func fileFault(name string, err error) *Error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return fault(KindConfig, "keychain", "file", "%q: %w", name, err)
}

// ReadKeychain makes a keychain from a document: an object of entries by name,
// {"file", "password" or "passwordEnv"}, {"certificate", "privateKey",
// "keyPassword"} or {"ca"}, with optional "alias", "origins",
// "onlyIfAcceptable", "allowAnonymous" and "allowExpired". Paths are relative
// to dir. Such a document holds passwords: it is a secret.
func ReadKeychain(document []byte, dir string) (*Keychain, error) {
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(document, &entries); err != nil {
		return nil, fault(KindConfig, "keychain", "json", "the keychain is not an object of entries by name")
	}
	k := new(Keychain)
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		files, err := readEntry(entries[name])
		if err != nil {
			return nil, fault(KindConfig, "keychain."+name, "json", "%w", err)
		}
		k.put(name, &keychainEntry{files: files, dir: dir})
	}
	return k, nil
}

var errEntry = errors.New("an entry has file, or certificate and privateKey, or ca; password or passwordEnv; keyPassword; alias; " +
	"origins; onlyIfAcceptable; allowAnonymous; allowExpired")

func readEntry(document json.RawMessage) (*CredentialFiles, error) {
	var e struct {
		File, Certificate, PrivateKey, CA, PasswordEnv, Alias string
		Password, KeyPassword                                 *string
		Origins                                               []string
		OnlyIfAcceptable, AllowAnonymous, AllowExpired        bool
	}
	d := json.NewDecoder(bytes.NewReader(document))
	d.DisallowUnknownFields()
	if d.Decode(&e) != nil {
		return nil, errEntry // its own text could quote a password
	}
	f := &CredentialFiles{File: e.File, Certificate: e.Certificate, PrivateKey: e.PrivateKey, CA: e.CA,
		PasswordEnv: e.PasswordEnv, Alias: e.Alias, Origins: e.Origins, OnlyIfAcceptable: e.OnlyIfAcceptable,
		AllowAnonymous: e.AllowAnonymous, AllowExpired: e.AllowExpired}
	if e.Password != nil {
		f.Password = []byte(*e.Password)
	}
	if e.KeyPassword != nil {
		f.KeyPassword = []byte(*e.KeyPassword)
	}
	if len(f.names()) == 0 || (f.PrivateKey == "") != (f.Certificate == "") {
		return nil, errEntry
	}
	return f, nil
}
