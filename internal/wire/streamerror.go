package wire

import (
	"errors"
	"fmt"
)

// StreamError is an HTTP/2 stream error of net/http, whose own type is
// unexported: its As method fills any struct of the same fields.
type StreamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

// Error names the stream and the code of RFC 9113, section 7.
func (e StreamError) Error() string { return fmt.Sprintf("stream %d: code %d", e.StreamID, e.Code) }

// http11Required is an error code of RFC 9113, section 7.
const http11Required = 0xd

// HTTP11Required says whether the server reset an HTTP/2 stream since it
// answers this request over HTTP/1.1 alone.
func HTTP11Required(err error) bool {
	var e StreamError
	return errors.As(err, &e) && e.Code == http11Required
}

// IsReset says whether the server gave a stream up in the middle.
func IsReset(err error) bool {
	const protocolError = 1 // ours, of a server that breaks the rules
	var e StreamError
	return errors.As(err, &e) && e.Code != protocolError
}
