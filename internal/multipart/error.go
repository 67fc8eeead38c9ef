package multipart

import "fmt"

// Reason says why parts make no body.
type Reason string

const (
	// TooMany: there are more than MaxParts.
	TooMany Reason = "parts"
	// TooLong: a part's header is longer than MaxHeader.
	TooLong Reason = "part-header"
	// BadName: a name has a control character other than tab, CR and LF.
	BadName Reason = "name"
	// BadContentType: a content type has a control character.
	BadContentType Reason = "content-type"
)

// Error tells which part is at fault, and why. It holds nothing of the part.
type Error struct {
	Reason Reason
	Index  int // of the part, from 0
	Detail string
}

// Error returns a sentence.
func (e *Error) Error() string { return e.Detail }

// PartError tells that a file could not be opened or read.
type PartError struct {
	Index int // of the part, from 0
	Err   error
}

// Error describes the fault.
func (e *PartError) Error() string { return fmt.Sprintf("part %d of the form: %v", e.Index, e.Err) }

// Unwrap returns the cause.
func (e *PartError) Unwrap() error { return e.Err }
