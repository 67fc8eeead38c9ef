// Package filestate reads files and environment variables that belong together
// as one state of them, and tells cheaply whether that state has changed.
package filestate

import (
	"fmt"
	"io/fs"
)

// MaxFile bounds what is read of one file.
const MaxFile = 1 << 20

// Part is one of the things that belong together; without a name there is none.
type Part struct {
	Name     string // of the file or variable
	Env      bool
	Optional bool // a file that may be missing
}

// Set is where its parts are found.
type Set struct {
	FS    fs.FS // nil: this machine's file system
	Dir   string
	Parts []Part
}

// Reason says why a part cannot be read.
type Reason string

// The reasons of errors.
const (
	Environment Reason = "environment" // a variable is not set
	File        Reason = "file"
	TooLarge    Reason = "credential-file" // larger than MaxFile
)

// Error is a part that cannot be read. It names the part and shows nothing of
// it.
type Error struct {
	Reason Reason
	Err    error
}

// Error returns the cause's text.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

func faulty(reason Reason, format string, args ...any) error {
	return &Error{reason, fmt.Errorf(format, args...)}
}

// String names the parts.
func (s Set) String() string {
	var names []string
	for _, p := range s.Parts {
		if p.Name != "" {
			names = append(names, p.Name)
		}
	}
	if s.Dir != "" {
		return fmt.Sprintf("%q of %q", names, s.Dir)
	}
	return fmt.Sprintf("%q", names)
}

func (s Set) place() place { return place{s.FS, s.Dir} }

// Stamps tells the state that the parts are in now.
func (s Set) Stamps() []Stamp { return s.place().stamps(s.Parts) }

// Read takes one look at the parts: what they hold, nil for one that is not
// there. The stamps are nil where something changed meanwhile.
func (s Set) Read() ([][]byte, []Stamp, error) {
	from := s.place().version()
	before := from.stamps(s.Parts)
	data := make([][]byte, len(s.Parts))
	var err error
	for i, p := range s.Parts {
		if data[i], err = from.read(p); err != nil {
			break
		}
	}
	if !Same(before, from.stamps(s.Parts)) || s.place().version().dir != from.dir {
		return nil, nil, nil
	}
	return data, before, err
}
