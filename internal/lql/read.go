package lql

import "io"

// Limits bound what a Reader takes.
type Limits struct {
	Line    int // bytes of a line; 0: 1 MiB
	Request int // bytes of a request; 0: 10 MiB
	Lines   int // lines of a request; 0: 10,000
}

// A Reader reads requests from a stream. It is for one goroutine.
type Reader struct{ r io.Reader }

// NewReader returns a Reader of r.
func NewReader(r io.Reader, limits Limits) *Reader { return &Reader{r: r} }

// Next returns the lines of the next request. io.EOF: no further request.
func (r *Reader) Next() (string, error) { return "", io.EOF }
