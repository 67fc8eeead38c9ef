package content

import (
	"errors"
	"io"
)

const (
	firstPiece = 512
	// largestPiece is by how much a body's memory grows at once, how much is
	// believed of an announced length before that much came, and how much of a
	// body beyond the limit is kept.
	largestPiece = 1 << 20
)

// ReadAll reads a body into memory. announced is what Content-Length says, or
// less than 1 where it says nothing; a body that has it is read into one buffer.
// The memory it takes while it reads is the body's size and no more, so that
// what stops at a limit stops near it. Where err is not nil, data is what could
// be decoded before; of a body beyond its limit only the first 1 MiB.
func ReadAll(r *Reader, announced int64) (data []byte, err error) {
	if len(r.applied) > 0 {
		announced = 0 // it is the encoded length
	}
	var pieces [][]byte
	piece := make([]byte, 0, pieceSize(0, announced))
	total := int64(0)
	for {
		if len(piece) == cap(piece) {
			pieces = append(pieces, piece)
			piece = make([]byte, 0, pieceSize(total, announced))
		}
		var n int
		n, err = r.Read(piece[len(piece):cap(piece)])
		piece = piece[:len(piece)+n]
		total += int64(n)
		if err != nil {
			break
		}
	}
	if err == io.EOF {
		err = nil
	} else if _, beyond := errors.AsType[*LimitError](err); beyond {
		total = min(total, largestPiece)
	}
	if len(pieces) == 0 {
		return piece[:total], err
	}
	data = make([]byte, 0, total)
	for _, p := range append(pieces, piece) {
		data = append(data, p[:min(int64(len(p)), total-int64(len(data)))]...)
	}
	return data, err
}

// pieceSize is the size of the next buffer once total bytes are there. The byte
// more than what is announced is where the end shows.
func pieceSize(total, announced int64) int64 {
	switch left := announced - total; {
	case left > largestPiece && total >= largestPiece:
		return left + 1
	case left > 0:
		return min(left+1, largestPiece)
	}
	return min(max(total, firstPiece), largestPiece)
}
