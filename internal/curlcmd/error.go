package curlcmd

import "fmt"

// Reason says why a command line was not taken.
type Reason string

// The reasons.
const (
	Syntax        Reason = "syntax"         // a quote is never closed
	NotCurl       Reason = "not-curl"       // another program's command
	UnknownOption Reason = "unknown-option" // no option of curl
	Ambiguous     Reason = "ambiguous"      // the beginning of several options
	Argument      Reason = "argument"       // an option without its argument, or with a wrong one
	Unsupported   Reason = "unsupported"    // would change what is sent, and cannot be said in a document
	URL           Reason = "url"            // none, several, or not http(s)
	Conflict      Reason = "conflict"       // two options that exclude each other
	FileNeeded    Reason = "file"           // a file that cannot be read here
	TooLong       Reason = "too-long"
)

// Error says what of a command line cannot be taken. It names options and
// files, never values.
type Error struct {
	Reason Reason
	Option string // --data, -X, …; empty where none is at fault
	Detail string
	Err    error // of a file, else nil
}

func (e *Error) Error() string {
	if e.Option != "" {
		return "curl: " + e.Option + ": " + e.Detail
	}
	return "curl: " + e.Detail
}

func (e *Error) Unwrap() error { return e.Err }

func fail(reason Reason, option, format string, args ...any) *Error {
	return &Error{Reason: reason, Option: option, Detail: fmt.Sprintf(format, args...)}
}

// Note says what of a command line is not in the document. Its text never holds
// a value.
type Note struct {
	Option string `json:"option"` // empty where it is about the line
	Text   string `json:"text"`
}

func (n Note) String() string {
	if n.Option == "" {
		return n.Text
	}
	return n.Option + ": " + n.Text
}

// Secret is a password. Every rendering but its conversion to string hides it.
type Secret string

const hidden = "***"

func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return hidden
}

// GoString hides it from %#v.
func (s Secret) GoString() string { return fmt.Sprintf("%q", s.String()) }

// MarshalText hides it from JSON.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
