package keyfile

import (
	"context"
	"errors"
	"fmt"
)

// Kind says why no credential came out of a file. A Kind is itself an error,
// so that errors.Is(err, WrongPassword) asks for it.
type Kind string

// The kinds of an [Error].
const (
	// WrongPassword: a password was given and does not fit. Where a format
	// cannot tell that from damage, the message says so.
	WrongPassword Kind = "wrong-password"
	// PasswordRequired: the file is encrypted, and no password was given or
	// the empty one does not fit.
	PasswordRequired Kind = "password-required"
	// UnsupportedAlgorithm: an encryption, derivation or MAC we do not have.
	UnsupportedAlgorithm Kind = "unsupported-algorithm"
	// UnsupportedKey: a key whose public half we cannot compute.
	UnsupportedKey Kind = "unsupported-key"
	// UnsupportedFormat: a credential file of a kind we know but do not read,
	// or do not accept as it stands.
	UnsupportedFormat Kind = "unsupported-format"
	// NoCredential: the file was read, and holds neither key nor certificate.
	NoCredential Kind = "no-credential"
	// NoKey: an identity was asked for, and there are certificates only.
	NoKey Kind = "no-key"
	// NoCertificate: an identity was asked for, and there are keys only.
	NoCertificate Kind = "no-certificate"
	// KeyMismatch: keys and certificates, but no pair of them.
	KeyMismatch Kind = "key-mismatch"
	// Ambiguous: several identities and no choice, or no such alias.
	Ambiguous Kind = "ambiguous"
	// Corrupt: the format is known and its content is damaged.
	Corrupt Kind = "corrupt"
	// KDFCost: the declared cost of a key derivation passes the limits.
	KDFCost Kind = "kdf-cost"
	// Unrecognized: not a credential file of any kind we know.
	Unrecognized Kind = "unrecognized"
	// Empty: no content but white space.
	Empty Kind = "empty"
	// TooLarge: the size, nesting or number of objects passes the limits.
	TooLarge Kind = "limit"
)

// Error makes a Kind a target of errors.Is.
func (k Kind) Error() string { return string(k) }

// Error is why a file, or a part of it, gave no credential. It never holds a
// password or key material.
type Error struct {
	Kind    Kind
	Message string // for a person: what was found, what is missing, what to do
	Format  string // the format at fault, as in Inventory.Format; may be empty
	OID     string // the algorithm at fault, dotted; may be empty
	Err     error  // the cause below, if any
}

func (e *Error) Error() string { return e.Message }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is this error's Kind.
func (e *Error) Is(target error) bool {
	kind, ok := target.(Kind)
	return ok && kind == e.Kind
}

func fault(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// corrupt is damage in a part of a file, with its cause.
func corrupt(what string, err error) *Error {
	return &Error{Kind: Corrupt, Message: "the " + what + " is damaged: " + err.Error(), Err: err}
}

// kindOf is the kind of an error of this package, or "".
func kindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return ""
}

// ends reports whether an error ends the whole extraction, whatever else the
// file may hold: the caller gave up, or a limit was passed.
func ends(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	kind := kindOf(err)
	return kind == KDFCost || kind == TooLarge
}
