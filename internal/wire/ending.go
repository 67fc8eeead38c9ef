package wire

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
)

// What errors of net/http, crypto/tls and the system say about how a connection
// ended, where they have no type for it.

// IsCut says whether the connection ended without a word.
func IsCut(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe) ||
		errors.Is(err, errNoTrailer()) || isAny(err, brokenConnection)
}

// IsLost says whether it was neither side that ended the connection.
func IsLost(err error) bool { return isAny(err, lostConnection) }

// brokenConnection is what a system says of a connection that was one: the peer
// ended it, does not acknowledge any more, or cannot be reached any more.
var brokenConnection = append([]syscall.Errno{syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNABORTED}, lostConnection...)

// lostConnection are those of them that neither side causes.
var lostConnection = []syscall.Errno{syscall.ETIMEDOUT, syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.ENETDOWN, syscall.ENETRESET}

// exhausted is what a system says where it has no more of something.
var exhausted = []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM}

func isAny(err error, list []syscall.Errno) bool {
	return slices.ContainsFunc(list, func(errno syscall.Errno) bool { return errors.Is(err, errno) })
}

// IsTimeout says whether a deadline ended a call, the system's among them.
func IsTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// IsWrite says whether it was a write to the connection that failed. What fits in
// net/http's buffer counts as sent before it is written.
func IsWrite(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "write"
}

// IsExhausted says whether this machine has no more descriptors, ports or
// memory.
func IsExhausted(err error) bool {
	return isAny(err, exhausted) || errors.Is(err, syscall.EADDRNOTAVAIL) && !isBind(err)
}

// isBind says whether it was the local address, and not a free port, that was
// lacking.
func isBind(err error) bool {
	var call *os.SyscallError
	return errors.As(err, &call) && call.Syscall == "bind"
}

// errNoTrailer is what net/http says where a chunked body ends before its
// trailer does. It has no name there, so it is asked for.
var errNoTrailer = sync.OnceValue(func() error {
	const cut = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
	resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(cut)), nil)
	if err == nil {
		_, err = io.Copy(io.Discard, resp.Body)
	}
	return err
})

// mostWords is how much is told of what net/http says of a malformed answer: its
// own words and about 64 of the server's octets, which it quotes.
const mostWords = 140

// briefError is an error whose text is cut.
type briefError struct{ error }

func (e briefError) Error() string { return e.error.Error()[:mostWords] + "…" }
func (e briefError) Unwrap() error { return e.error }

// Briefly keeps a server from filling logs by what is quoted of it.
func Briefly(err error) error {
	if len(err.Error()) <= mostWords {
		return err
	}
	return briefError{err}
}
