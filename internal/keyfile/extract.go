package keyfile

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Options are what a caller knows about a file. The zero value opens what
// needs no password.
type Options struct {
	// Password opens the file. Nil is none given; empty is the empty
	// password. Both are tried on what needs one.
	Password []byte
	// KeyPassword opens private keys that have a password of their own, as in
	// Java keystores; Password is tried as well. Nil is none.
	KeyPassword []byte
	// AllowNoMAC accepts PKCS #12 files without a MAC, which anyone on the way
	// could have changed.
	AllowNoMAC bool
	// Limits bound what the file can make us do.
	Limits Limits
}

// Format shows no password, whatever the verb.
func (o Options) Format(s fmt.State, _ rune) {
	fmt.Fprintf(s, "{AllowNoMAC:%t Limits:%d}", o.AllowNoMAC, o.Limits)
}

// MarshalJSON fails: passwords are in no document.
func (o Options) MarshalJSON() ([]byte, error) {
	return nil, errors.New("keyfile: Options hold passwords and are not for writing down")
}

// Extract reads a credential file of any format. Its error is an *[Error], or
// the context's. Neither file nor passwords are kept or changed.
func Extract(ctx context.Context, file []byte, o Options) (*Inventory, error) {
	x := newExtraction(ctx, o)
	if err := x.file(file); err != nil {
		return nil, err
	}
	return x.inventory()
}

// ExtractPair reads a certificate and its key from two files, also when they
// are given the wrong way round, and whatever else each of them holds. The
// password options are tried on both. A pair that does not match is no error
// here; [Inventory.Identity] tells.
func ExtractPair(ctx context.Context, certificateFile, keyFile []byte, o Options) (*Inventory, error) {
	x := newExtraction(ctx, o)
	for _, part := range []struct {
		name string
		file []byte
	}{{"certificate", certificateFile}, {"key", keyFile}} {
		before := len(x.problems)
		if err := x.file(part.file); err != nil {
			return nil, err
		}
		for _, problem := range x.problems[before:] {
			problem.Message = part.name + " file: " + problem.Message
		}
	}
	return x.inventory()
}

// extraction is one file, or pair of files, being read.
type extraction struct {
	budget
	options Options
	format  string

	keys         []*Key // as found, the same key perhaps under several aliases
	certificates []*Certificate
	warnings     []Warning
	problems     []*Error // parts that gave nothing
	found        []string // what is there and no credential: "a public key"
	depth        int
	curve        value // the last EC PARAMETERS
}

func newExtraction(ctx context.Context, o Options) *extraction {
	x := &extraction{options: o}
	x.budget = budget{ctx: ctx, limits: o.Limits.withDefaults()}
	return x
}

// file reads one file. Its errors end the extraction.
func (x *extraction) file(file []byte) error {
	if err := x.ctx.Err(); err != nil {
		return err
	}
	if len(file) > x.limits.FileSize {
		return fault(TooLarge, "a file of %d octets is beyond the limit of %d", len(file), x.limits.FileSize)
	}
	return x.content(file)
}

// enter bounds how deep containers lie in each other.
func (x *extraction) enter() error {
	x.depth++
	if x.depth > x.limits.Depth {
		return fault(TooLarge, "the file nests more than %d containers in each other", x.limits.Depth)
	}
	return nil
}

func (x *extraction) leave() { x.depth-- }

// named records the format, the first that is found being the outermost.
func (x *extraction) named(format string) {
	if x.format == "" {
		x.format = format
	}
}

// keyPasswords are the passwords to try on a private key.
func (x *extraction) keyPasswords() [][]byte {
	if x.options.KeyPassword != nil {
		return [][]byte{x.options.KeyPassword, x.options.Password}
	}
	return [][]byte{x.options.Password}
}

func (x *extraction) addKey(k *Key, err error) error {
	if err != nil {
		return x.part(err)
	}
	x.keys = append(x.keys, k)
	return x.object()
}

func (x *extraction) addCertificate(c *Certificate, err error) error {
	if err != nil {
		return x.part(err)
	}
	if c.selfSigned, err = c.signsItself(&x.budget); err != nil {
		return err
	}
	c.TrustAnchor = c.TrustAnchor || c.selfSigned
	x.certificates = append(x.certificates, c)
	return x.object()
}

// as reads a part of the file under a name and in an entry: what comes out and has
// none of its own gets them.
func (x *extraction) as(alias, entry string, read func() error) error {
	keys, certificates := len(x.keys), len(x.certificates)
	if err := read(); err != nil {
		return err
	}
	for _, k := range x.keys[keys:] {
		k.Alias, k.entry = firstOf(k.Alias, alias), firstOf(k.entry, entry)
	}
	for _, c := range x.certificates[certificates:] {
		c.Alias, c.entry = firstOf(c.Alias, alias), firstOf(c.entry, entry)
	}
	return nil
}

// part takes the error of a part of the file: it is noted, unless it ends the
// extraction.
func (x *extraction) part(err error) error {
	if ends(err) {
		return err
	}
	x.fail(err)
	return x.object()
}

func (x *extraction) fail(err error) {
	problem := &Error{Kind: Corrupt, Message: fmt.Sprint(err), Err: err}
	var e *Error
	if errors.As(err, &e) {
		*problem = *e
	}
	x.problems = append(x.problems, problem)
}

// note records something that is no credential.
func (x *extraction) note(what string) error {
	x.found = append(x.found, what)
	return x.object()
}

func (x *extraction) warn(code, format string, args ...any) {
	x.warnings = append(x.warnings, Warning{code, fmt.Sprintf(format, args...)})
}

// inventory closes the extraction: it is a fault where nothing was found, or
// where what is locked in the file did not come out: its keys, or all of its
// certificates. Other parts that gave nothing become warnings.
func (x *extraction) inventory() (*Inventory, error) {
	if err := x.ctx.Err(); err != nil {
		return nil, err
	}
	for _, p := range x.problems {
		switch p.Kind {
		case WrongPassword, PasswordRequired, UnsupportedKey:
			if len(x.keys) == 0 {
				return nil, x.placed(p)
			}
		case UnsupportedAlgorithm:
			if len(x.keys) == 0 || len(x.certificates) == 0 {
				return nil, x.placed(p)
			}
		}
	}
	if len(x.keys)+len(x.certificates) == 0 {
		if len(x.problems) > 0 {
			return nil, x.placed(x.problems[0])
		}
		return nil, x.placed(x.nothing())
	}
	inv := &Inventory{Format: x.format, Warnings: x.warnings}
	for _, p := range x.problems {
		inv.problem = p
		inv.Warnings = append(inv.Warnings, Warning{"part-unreadable", p.Message})
	}
	inv.Keys = uniqueKeys(x.keys)
	inv.Certificates = uniqueCertificates(x.certificates)
	for _, c := range inv.Certificates {
		if c.ParseError != nil {
			inv.Warnings = append(inv.Warnings, Warning{"certificate-unreadable",
				fmt.Sprintf("the certificate %q is kept as it is, since crypto/x509 refuses it: %v", c.Subject, c.ParseError)})
		}
	}
	if err := inv.match(&x.budget, x.keys, x.certificates); err != nil {
		return nil, err
	}
	return inv, nil
}

// conversions are the commands that give a file of each format another
// encryption.
var conversions = map[string]string{
	"pkcs12":  "openssl pkcs12 -legacy -in FILE -nodes | openssl pkcs12 -export -out new.p12",
	"pkcs8":   "openssl pkcs8 -topk8 -v2 aes-256-cbc -in FILE -out new.pem",
	"pem":     "openssl pkcs8 -topk8 -v2 aes-256-cbc -in FILE -out new.pem",
	"pkcs1":   "openssl pkey -aes256 -in FILE -out new.pem",
	"sec1":    "openssl pkey -aes256 -in FILE -out new.pem",
	"dsa":     "openssl pkey -aes256 -in FILE -out new.pem",
	"jks":     "keytool -importkeystore -srckeystore FILE -destkeystore new.p12 -deststoretype PKCS12",
	"jceks":   "keytool -importkeystore -srckeystore FILE -srcstoretype JCEKS -destkeystore new.p12 -deststoretype PKCS12",
	"openssh": "ssh-keygen -p -Z aes256-ctr -f FILE",
}

// placed completes the error of a part by the file's format and, where another
// encryption helps, by the command that gives it one.
func (x *extraction) placed(e *Error) *Error {
	placed := *e
	placed.Format = firstOf(e.Format, x.format)
	if command := conversions[placed.Format]; command != "" && e.Kind == UnsupportedAlgorithm {
		placed.Message += "; convert it: " + command
	}
	return &placed
}

// nothing is the fault of a file that was read and held no credential.
func (x *extraction) nothing() *Error {
	if len(x.found) == 0 {
		return fault(NoCredential, "the file holds neither a private key nor a certificate")
	}
	slices.Sort(x.found)
	return fault(NoCredential, "neither a private key nor a certificate; the file holds %s",
		abbreviated(slices.Compact(x.found)))
}

func uniqueKeys(all []*Key) []*Key {
	var unique []*Key
	seen := map[[32]byte]bool{}
	for _, k := range all {
		if !seen[k.SPKISHA256] {
			seen[k.SPKISHA256] = true
			unique = append(unique, k)
		}
	}
	return unique
}

// uniqueCertificates drops repetitions; what one of them says of alias and
// trust goes to the one that stays.
func uniqueCertificates(all []*Certificate) []*Certificate {
	var unique []*Certificate
	seen := map[[32]byte]*Certificate{}
	for _, c := range all {
		if first := seen[c.SHA256]; first != nil {
			first.Alias = firstOf(first.Alias, c.Alias)
			first.TrustAnchor = first.TrustAnchor || c.TrustAnchor
			continue
		}
		seen[c.SHA256] = c
		unique = append(unique, c)
	}
	return unique
}
