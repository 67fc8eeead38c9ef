package content

import (
	"bufio"
	"io"
	"strings"
	"sync"
)

// Accept is the value of Accept-Encoding: what NewReader decodes.
func Accept() string { return "gzip, deflate, br, zstd" }

// layer undoes one coding. It is used again for another body after reset, and
// then holds nothing of the body before.
type layer interface {
	io.Reader
	reset(src io.Reader, window int64)
}

var gzipPool = &sync.Pool{New: func() any { return newGzipLayer() }}

// pools has the decoders of every known coding.
var pools = map[string]*sync.Pool{
	"gzip":    gzipPool,
	"x-gzip":  gzipPool,
	"deflate": {New: func() any { return newDeflateLayer() }},
	"br":      {New: func() any { return newBrotliLayer() }},
	"zstd":    {New: func() any { return newZstdLayer() }},
}

// codings splits the values of Content-Encoding into names, without parameters
// and identity.
func codings(values []string, limit int) ([]string, error) {
	var names []string
	for _, value := range values {
		for element := range strings.SplitSeq(value, ",") {
			name, _, _ := strings.Cut(element, ";")
			name = strings.ToLower(strings.Trim(name, " \t"))
			if name == "" || name == "identity" {
				continue
			}
			if len(names) == limit {
				return nil, tooManyLayers(limit)
			}
			names = append(names, printable(name))
		}
	}
	return names, nil
}

// maxName is how much of an unknown coding's name is repeated.
const maxName = 64

// printable makes a name from the wire fit for messages.
func printable(name string) string {
	name = name[:min(len(name), maxName)]
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r >= 0x7f {
			return '?'
		}
		return r
	}, name)
}

// input is a layer's view of its source: what the decoders need to read byte by
// byte, and to look ahead.
type input struct{ *bufio.Reader }

func newInput() input { return input{bufio.NewReaderSize(nothing{}, 4<<10)} }

// more returns nil if something follows and io.EOF if nothing does.
func (in input) more() error {
	_, err := in.Peek(1)
	return err
}

// finish is the verdict on a stream that reached its end: io.EOF if that is the
// end of the source too.
func (in input) finish() error {
	if err := in.more(); err != nil {
		return err
	}
	return errTrailing
}
