package content

import (
	"errors"
	"io"
	"sync"
)

const (
	// believed is how much of an announced length gets memory before that much
	// came.
	believed = 1 << 20
	// keptBeyond is how much of a body beyond its limit is kept.
	keptBeyond = 1 << 20
)

// ReadAll reads a body into memory. announced is what Content-Length says, or
// less than 1 where it says nothing; a body that has it is read into one buffer.
// The memory it takes while it reads is the body's size and no more, so that
// what stops at a limit stops near it. Where err is not nil, data is what could
// be decoded before; of a body beyond its limit only the first 1 MiB.
func ReadAll(r *Reader, announced int64) (data []byte, err error) {
	if announced > 0 && len(r.applied) == 0 { // else it is the encoded length
		data, err = readKnown(r, announced)
	}
	if err == nil {
		data, err = readOn(r, data)
	}
	if err == io.EOF {
		return data, nil
	}
	return data[:kept(int64(len(data)), err)], err
}

// kept is how much stays of what was read before an error.
func kept(n int64, err error) int64 {
	if _, beyond := errors.AsType[*LimitError](err); beyond {
		return min(n, keptBeyond)
	}
	return n
}

// readKnown reads as many bytes as were announced, and the end after them where
// it is there.
func readKnown(r *Reader, announced int64) (data []byte, err error) {
	data, err = fill(r, make([]byte, 0, min(announced, believed)+1))
	if err == nil && announced > believed {
		data, err = fill(r, append(make([]byte, 0, announced+1), data...))
	}
	return data, err
}

// readOn reads the rest of a body, however long it is, and joins it to what came
// before.
func readOn(r *Reader, before []byte) (data []byte, err error) {
	var rest []part
	total := int64(len(before))
	for err == nil {
		p := part{room: pieces.Get().(*piece)}
		p.content, err = fill(r, p.room[:0])
		rest = append(rest, p)
		total += int64(len(p.content))
	}
	total = kept(total, err)
	data = append(make([]byte, 0, total), before[:min(int64(len(before)), total)]...)
	for i, p := range rest {
		data = append(data, p.content[:min(int64(len(p.content)), total-int64(len(data)))]...)
		if i < mostPieces {
			p.giveBack()
		}
	}
	return data, err
}

// fill reads until there is no room.
func fill(r io.Reader, data []byte) ([]byte, error) {
	for len(data) < cap(data) {
		n, err := r.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		if err != nil {
			return data, err
		}
	}
	return data, nil
}

// piece is memory for a part of a body, and for another's after that.
type piece [32 << 10]byte

var pieces = sync.Pool{New: func() any { return new(piece) }}

// mostPieces is how many pieces of one body are kept for the next ones.
const mostPieces = 32

// part is what a piece holds.
type part struct {
	room    *piece
	content []byte // of room
}

// giveBack keeps the memory for another body, and nothing of this one in it.
func (p part) giveBack() {
	clear(p.content)
	pieces.Put(p.room)
}
