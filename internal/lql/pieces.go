package lql

import "context"

// Pieces are an answer that is encoded part by part, each when it is asked
// for: a large one is never in memory as a whole unless somebody keeps it.
// Until it is dropped it holds what it is read from.
type Pieces struct {
	// N is how many pieces there are, at least one.
	N int
	// Append appends piece i. It is safe for any number of goroutines at once,
	// and gives the same bytes every time.
	Append func(dst []byte, i int) []byte
}

// A Streamer is a [Querier] that encodes answers without making a Result
// first. The encoding is that of e; errors are those of Query. Where the format
// does not show it, rows beyond the last one answered need not be counted.
type Streamer interface {
	Stream(ctx context.Context, q *Query, e Encoder) (*Pieces, error)
}

// pieceCells is about how many values make a piece, minPiece and maxPiece
// bound its rows.
const (
	pieceCells = 8192
	minPiece   = 64
	maxPiece   = 2048
)

// PieceRows returns how many rows of so many columns make a piece of an answer:
// about as much as fits the nearer caches of a processor.
func PieceRows(columns int) int {
	return min(maxPiece, max(minPiece, pieceCells/max(1, columns)))
}

// Pieces returns the whole answer, encoded in parts.
func (e Encoder) Pieces(r *Result) *Pieces {
	rows := PieceRows(len(r.Vectors))
	return e.PiecesOf(r, rows, func(dst []byte, from, to int) []byte { return e.AppendRows(dst, r, from, to) })
}

// PiecesOf returns an answer in parts of at most size rows: head and tail are
// those of r, whose rows are appended by the function given.
func (e Encoder) PiecesOf(r *Result, size int, rows func(dst []byte, from, to int) []byte) *Pieces {
	n := max(1, (r.Rows+size-1)/size)
	return &Pieces{N: n, Append: func(dst []byte, i int) []byte {
		if i == 0 {
			dst = e.AppendHead(dst, r)
		}
		dst = rows(dst, i*size, min(r.Rows, (i+1)*size))
		if i == n-1 {
			dst = e.AppendTail(dst, r)
		}
		return dst
	}}
}
