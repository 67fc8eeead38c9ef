package mtlshttp

import (
	"fmt"
	"time"

	"github.com/mtlshttp/mtlshttp/internal/wire"
)

// Limits bound what one request may cost. A zero field means its default; the
// error of kind limit names the one that was passed. All sizes are in bytes
// and hold after decoding.
type Limits struct {
	Body         int64         // decoded body in memory; 64 MiB
	Stream       int64         // decoded body into a writer, a file or a stream; 16 GiB
	HeaderBytes  int64         // a header section, of a response or a request; 1 MiB
	HeaderFields int           // its fields; 5,000
	Ratio        int64         // decoded bytes to encoded ones, past the first MiB; no limit
	Codings      int           // content codings one over the other; 5
	Window       int64         // what a br or zstd decoder keeps to refer to; 8 MiB
	Depth        int           // nesting of JSON and XML; 512
	Nodes        int           // values of JSON, nodes of XML; 1,000,000
	URL          int           // length of a URL; 64 KiB
	Dial         time.Duration // a connection with its handshake; 30 s, never past the request's deadline
}

func (l Limits) withDefaults() Limits {
	setDefault(&l.Body, 64<<20)
	setDefault(&l.Stream, 16<<30)
	setDefault(&l.HeaderBytes, 1<<20)
	setDefault(&l.HeaderFields, 5000)
	setDefault(&l.Codings, 5)
	setDefault(&l.Window, 8<<20)
	setDefault(&l.Depth, 512)
	setDefault(&l.Nodes, 1_000_000)
	setDefault(&l.URL, 64<<10)
	setDefault(&l.Dial, 30*time.Second)
	return l
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// limitExceeded is the cause of errors of kind limit.
type limitExceeded struct {
	what  string
	limit int64
	got   int64 // how far it got; not above the limit: that is not known
}

func (e *limitExceeded) Error() string {
	s := fmt.Sprintf("more than the limit of %d (%s)", e.limit, e.what)
	if e.got > e.limit {
		s += fmt.Sprintf(": %d", e.got)
	}
	return s
}

// headersTooLarge says whether net/http gave up a header section for its size.
// Over HTTP/1.1 it says so in words alone, and has then received as much as the
// limit. Over HTTP/2 its error is known, save where it did not even decode what
// came, or gave up interim responses for their sum: a new connection on which an
// eighth of the limit was received is then taken for a sign, since what is
// counted is the text of the fields without their compression.
func (p *plan) headersTooLarge(err error, progress wire.Progress, facts wire.Facts) bool {
	switch {
	case !progress.HasConn || wire.IsCut(err) || wire.IsTimeout(err) || wire.IsReset(err):
		return false
	case facts.State.NegotiatedProtocol != "h2":
		return progress.Received >= p.limits.HeaderBytes
	}
	return wire.HeaderListTooLarge(err) || !progress.Reused && progress.Received >= p.limits.HeaderBytes/8
}
