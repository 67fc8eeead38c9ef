package keyfile

import (
	"encoding/binary"
	"errors"
)

var errShort = errors.New("it ends in the middle of a field")

// octetReader reads the big-endian, length-prefixed fields of Java keystores
// and of OpenSSH keys. The first fault sticks.
type octetReader struct {
	rest []byte
	err  error
}

func (r *octetReader) take(n int) []byte {
	if r.err == nil && (n < 0 || n > len(r.rest)) {
		r.err = errShort
	}
	if r.err != nil {
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *octetReader) octet() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *octetReader) uint16() int {
	if b := r.take(2); b != nil {
		return int(binary.BigEndian.Uint16(b))
	}
	return 0
}

func (r *octetReader) uint32() uint32 {
	if b := r.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

// blob reads 32 bits of length and as many octets.
func (r *octetReader) blob() []byte {
	n := r.uint32()
	if r.err == nil && uint64(n) > uint64(len(r.rest)) {
		r.err = errShort
	}
	return r.take(int(n))
}

// blobs reads several.
func (r *octetReader) blobs(n int) [][]byte {
	list := make([][]byte, n)
	for i := range list {
		list[i] = r.blob()
	}
	return list
}
