package mtlshttp

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"github.com/mtlshttp/mtlshttp/internal/filestate"
	"github.com/mtlshttp/mtlshttp/internal/keyfile"
)

// CredentialFiles says where a credential is and how it may be used. Its JSON
// form is an entry of a keychain document.
//
// All parts are read as one state: files that change meanwhile are read again,
// and of a mounted Kubernetes secret all come from one version.
type CredentialFiles struct {
	// Dir is where the files are. Where no file is named they are tls.crt,
	// tls.key and ca.crt, each if it is there, as Kubernetes mounts secrets.
	Dir string
	// FS has the files; nil: this machine's file system.
	FS fs.FS

	File        string // key and certificate in one file, of any format; or
	Certificate string // the certificate with its chain, and
	PrivateKey  string // its key
	CA          string // certificates to trust, alone or beside a credential

	// Names of environment variables that hold what the files would: PEM, with
	// line breaks or \n, or base64 of any format.
	FileEnv, CertificateEnv, PrivateKeyEnv, CAEnv string

	// Signer finds the key of a certificate whose key is kept elsewhere: in a
	// token, in a key service. It is asked again for each new certificate.
	Signer func(ctx context.Context, leaf *x509.Certificate) (crypto.Signer, error)

	Password     []byte // nil: none; empty: the empty password
	PasswordEnv  string // the environment variable that holds it
	PasswordFile string // the file that holds it, a last line break aside
	KeyPassword  []byte // nil: Password
	Alias        string // which of several

	// See Credential.
	Origins          []string
	OnlyIfAcceptable bool
	AllowAnonymous   bool
	AllowExpired     bool

	root string // what Dir and the names are relative to
}

// The names of a mounted secret of type kubernetes.io/tls.
const (
	secretCertificate = "tls.crt"
	secretKey         = "tls.key"
	secretCA          = "ca.crt"
)

// parts in the order of contents.
func (f *CredentialFiles) parts() []filestate.Part {
	of := func(file, env string) filestate.Part {
		if env != "" {
			return filestate.Part{Name: env, Env: true}
		}
		return filestate.Part{Name: file}
	}
	if f.Dir != "" && !f.named() {
		return []filestate.Part{{}, {Name: secretCertificate, Optional: true}, {Name: secretKey, Optional: true},
			{Name: secretCA, Optional: true}, of(f.PasswordFile, f.PasswordEnv)}
	}
	return []filestate.Part{of(f.File, f.FileEnv), of(f.Certificate, f.CertificateEnv), of(f.PrivateKey, f.PrivateKeyEnv),
		of(f.CA, f.CAEnv), of(f.PasswordFile, f.PasswordEnv)}
}

func (f *CredentialFiles) named() bool {
	return f.File+f.Certificate+f.PrivateKey+f.CA+f.FileEnv+f.CertificateEnv+f.PrivateKeyEnv+f.CAEnv != ""
}

// contents is one state of the parts; nil: not there.
type contents struct{ file, certificate, key, ca, password []byte }

func (c *contents) wipe() {
	for _, b := range [][]byte{c.file, c.key, c.password} {
		clear(b)
	}
}

func (f *CredentialFiles) set() filestate.Set {
	s := filestate.Set{FS: f.FS, Dir: f.Dir, Parts: f.parts()}
	if f.FS == nil {
		s.Dir = filestate.Resolve(f.root, f.Dir)
	}
	return s
}

// hold makes of one state of the parts what takes the place of what they held
// before. A signer's fault may pass while the files stay as they are.
func (f *CredentialFiles) hold(ctx context.Context, parts [][]byte, before *holding) (*holding, bool, error) {
	c := &contents{parts[0], parts[1], parts[2], parts[3], parts[4]}
	defer c.wipe()
	h, err := f.open(ctx, c)
	if err == nil && h.credential == nil && before != nil && before.credential != nil {
		// As where the key's file is not there yet.
		if err = h.missing; err == nil {
			err = fault(KindConfig, "keychain", string(keyfile.NoCredential), "%s holds no credential any more", f)
		}
	}
	return h, err != nil && f.Signer != nil, err
}

// fileFault is nil for a nil error.
func fileFault(err error) error {
	var e *filestate.Error
	switch {
	case !errors.As(err, &e):
		return err
	case e.Reason == filestate.TooLarge:
		return fault(KindLimit, "keychain", string(e.Reason), "%w", e.Err)
	}
	return lacking(fault(KindConfig, "keychain", string(e.Reason), "%w", e.Err))
}

// open makes of the contents what the keychain holds.
func (f *CredentialFiles) open(ctx context.Context, c *contents) (*holding, error) {
	h := new(holding)
	if c.ca != nil {
		inv, err := Extract(ctx, c.ca, f.options(c))
		if err != nil {
			return nil, err
		}
		if h.roots, err = inv.Roots(); err != nil {
			return nil, err
		}
	}
	var inv *Inventory
	var err error
	switch {
	case c.file != nil:
		inv, err = Extract(ctx, c.file, f.options(c))
	case c.certificate != nil && c.key != nil:
		inv, err = ExtractPair(ctx, c.certificate, c.key, f.options(c))
	case c.certificate != nil:
		inv, err = Extract(ctx, c.certificate, f.options(c))
	case c.key != nil:
		return nil, fault(KindConfig, "keychain", string(keyfile.NoCertificate), "%s: there is a private key and no certificate", f)
	case c.ca != nil:
		return h, nil
	default:
		return nil, fault(KindConfig, "keychain", string(keyfile.NoCredential), "%s: there is no file, certificate or ca", f)
	}
	if err != nil {
		return nil, err
	}
	return h, f.join(ctx, inv, h)
}

// join makes the credential of an inventory, with a key that is kept elsewhere
// where the files have none.
func (f *CredentialFiles) join(ctx context.Context, inv *Inventory, h *holding) error {
	var err error
	if len(inv.Keys) == 0 {
		if h.chain = inv.chain(); h.chain == nil {
			_, err = inv.Roots()
			return err
		}
		if f.Signer == nil {
			h.missing = inv.missing()
			return nil
		}
		signer, err := f.Signer(ctx, h.chain[0])
		if err != nil {
			return credentialError("keychain", err)
		}
		if h.credential, err = inv.WithSigner(signer); err != nil {
			return err
		}
	} else {
		var alias []string
		if f.Alias != "" {
			alias = []string{f.Alias}
		}
		if h.credential, err = inv.Credential(alias...); err != nil {
			return err
		}
		h.chain = h.credential.chain()
	}
	c := h.credential
	c.Origins, c.OnlyIfAcceptable, c.AllowAnonymous, c.AllowExpired = f.Origins, f.OnlyIfAcceptable, f.AllowAnonymous, f.AllowExpired
	return nil
}

// options are made anew each time, since Extract wipes them.
func (f *CredentialFiles) options(c *contents) *ExtractOptions {
	o := &ExtractOptions{Password: bytes.Clone(f.Password), KeyPassword: bytes.Clone(f.KeyPassword)}
	if c.password != nil {
		o.Password = bytes.Clone(c.password)
		if f.PasswordFile != "" {
			o.Password = bytes.TrimSuffix(bytes.TrimSuffix(o.Password, []byte("\n")), []byte("\r"))
		}
	}
	return o
}

func (f CredentialFiles) clone() *CredentialFiles {
	f.Password, f.KeyPassword = bytes.Clone(f.Password), bytes.Clone(f.KeyPassword)
	f.Origins = slices.Clone(f.Origins)
	return &f
}

// String names files and variables and no password.
func (f CredentialFiles) String() string {
	s := filestate.Set{Dir: f.Dir, Parts: f.parts()[:4]} // all but the password's
	return "credential in " + s.String()
}

// Format renders String for every verb.
func (f CredentialFiles) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, f.String()) }

// MarshalJSON fails: passwords are in no document that this package writes.
func (f CredentialFiles) MarshalJSON() ([]byte, error) {
	return nil, fault(KindConfig, "keychain", "not-serialisable", "where a credential is may hold passwords and is not written")
}
