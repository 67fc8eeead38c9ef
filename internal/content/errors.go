package content

import (
	"errors"
	"fmt"
	"io"
	"strconv"
)

// Reason says what is wrong with a coding.
type Reason string

const (
	// ReasonTruncated: the stream ends before its end.
	ReasonTruncated Reason = "truncated"
	// ReasonCorrupt: the stream breaks its format or its checksum.
	ReasonCorrupt Reason = "corrupt"
	// ReasonTrailingData: the stream is whole, and something follows it.
	ReasonTrailingData Reason = "trailing-data"
	// ReasonTooManyLayers: more codings lie over each other than are allowed.
	ReasonTooManyLayers Reason = "too-many-layers"
)

// CodingError says that a content coding could not be undone.
type CodingError struct {
	Coding string // the one at fault, as in Applied; empty for too many
	Reason Reason
	Err    error // what the decoder said; may be nil
}

func (e *CodingError) Error() string {
	s := "content coding"
	if e.Coding != "" {
		s += " " + e.Coding
	}
	s += ": " + string(e.Reason)
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *CodingError) Unwrap() error { return e.Err }

// What a LimitError can be about.
const (
	LimitBody    = "body"    // bytes after decoding
	LimitRatio   = "ratio"   // decoded to encoded bytes
	LimitWindow  = "window"  // bytes that a decoder has to keep
	LimitMembers = "members" // empty gzip members
	LimitMemory  = "memory"  // bytes that many bodies share, see Reader.Share
)

// LimitError says that a body goes beyond a limit.
type LimitError struct {
	What  string // one of the Limit constants
	Limit int64
	Got   int64 // how far it got, at least; 0 where that is not known
}

func (e *LimitError) Error() string {
	s := "limit of " + strconv.FormatInt(e.Limit, 10) + " passed: " + e.What
	if e.Got > 0 {
		s += ", " + strconv.FormatInt(e.Got, 10) + " and more"
	}
	return s
}

// errTrailing is what a layer reports when something follows its stream.
var errTrailing = errors.New("more bytes after the end of the stream")

// coded gives a decoder's error its type.
func coded(name string, err error) error {
	if limit, ok := errors.AsType[*LimitError](err); ok {
		return limit
	}
	switch {
	case errors.Is(err, errTrailing):
		return &CodingError{Coding: name, Reason: ReasonTrailingData}
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return &CodingError{Coding: name, Reason: ReasonTruncated}
	}
	return &CodingError{Coding: name, Reason: ReasonCorrupt, Err: err}
}

func tooManyLayers(limit int) error {
	return &CodingError{Reason: ReasonTooManyLayers, Err: fmt.Errorf("more than %d", limit)}
}
