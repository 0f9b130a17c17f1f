package livestatus

import (
	"errors"
	"fmt"
	"net"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"belvedere/internal/lql"
)

// pieceSize is how many bytes are sent at a time, and the room a piece of an
// answer begins with.
const pieceSize = 128 << 10

// errBroken is an answer that could not be encoded.
var errBroken = errors.New("livestatus: an answer could not be encoded")

// answer sends an answer. A header needs the length first, so all of it is
// encoded and kept, as long as there is room; else encoded once to measure it
// and once more to send it.
func (s *Server) answer(c net.Conn, p *lql.Pieces, fixed bool) error {
	until := time.Now().Add(s.o.AnswerTimeout)
	if p.N == 1 {
		return s.short(c, p, until, fixed)
	}
	var used atomic.Int64 // nanoseconds of encoding
	if !fixed {
		return s.stream(c, p, until, &used)
	}
	kept, length, err := s.measure(p, &used)
	if err != nil {
		return err
	}
	defer s.release(kept)
	if err := s.writeUntil(c, until, lql.AppendFixed16(nil, 200, length)); err != nil {
		return err
	}
	if kept == nil {
		return s.stream(c, p, until, &used)
	}
	p.Append = nil // what it was read from is not needed any more
	for i := range kept {
		err := s.writeUntil(c, until, *kept[i])
		s.release(kept[i : i+1])
		if err != nil {
			return err
		}
	}
	return nil
}

// short sends an answer of one piece.
func (s *Server) short(c net.Conn, p *lql.Pieces, until time.Time, fixed bool) error {
	const headSize = 16
	b := s.buffer()
	defer s.recycle(b)
	if !fixed {
		*b = p.Append(*b, 0)
		return s.writeUntil(c, until, *b)
	}
	*b = p.Append((*b)[:headSize], 0)
	lql.AppendFixed16((*b)[:0], 200, len(*b)-headSize)
	return s.writeUntil(c, until, *b)
}

// buffer returns room for a piece.
func (s *Server) buffer() *[]byte {
	if b, ok := s.room.Get().(*[]byte); ok {
		return b
	}
	b := make([]byte, 0, pieceSize)
	return &b
}

// recycle takes room back, unless it is unusually large.
func (s *Server) recycle(b *[]byte) {
	if cap(*b) <= 4*pieceSize {
		*b = (*b)[:0]
		s.room.Put(b)
	}
}

// release gives back kept pieces; it may be called twice.
func (s *Server) release(kept []*[]byte) {
	for i, b := range kept {
		if b != nil {
			s.held.Add(-int64(len(*b)))
			s.recycle(b)
			kept[i] = nil
		}
	}
}

// measure encodes all pieces. It keeps them if there is room for them all, and
// returns nil otherwise.
func (s *Server) measure(p *lql.Pieces, used *atomic.Int64) (kept []*[]byte, length int, err error) {
	kept = make([]*[]byte, p.N)
	var total atomic.Int64
	var full atomic.Bool
	err = s.parallel(p.N, used, func(i int) {
		b := s.buffer()
		*b = p.Append(*b, i)
		n := int64(len(*b))
		total.Add(n)
		if full.Load() {
			s.recycle(b)
			return
		}
		kept[i] = b
		if s.held.Add(n) > int64(s.o.HoldBytes) {
			full.Store(true)
		}
	})
	if full.Load() || err != nil {
		s.release(kept)
		kept = nil
	}
	return kept, int(total.Load()), err
}

// parallel calls fn for 0 to n-1 on as many goroutines as there are processors,
// each call in a turn of the answer that has used so much time.
func (s *Server) parallel(n int, used *atomic.Int64, fn func(i int)) error {
	var next atomic.Int64
	var broken atomic.Bool
	work := func() {
		defer func() {
			if p := recover(); p != nil {
				broken.Store(true)
				s.o.Log.Error("panic while answering Livestatus", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			}
		}()
		for i := int(next.Add(1)) - 1; i < n && !broken.Load(); i = int(next.Add(1)) - 1 {
			s.turns.spend(used, func() { fn(i) })
		}
	}
	var group sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) - 1 {
		group.Go(work)
	}
	work()
	group.Wait()
	if broken.Load() {
		return errBroken
	}
	return nil
}

// streamed is how many pieces are encoded at a time while others are sent.
const streamed = 8

// stream encodes and sends pieces at the same time.
func (s *Server) stream(c net.Conn, p *lql.Pieces, until time.Time, used *atomic.Int64) error {
	if most := time.Now().Add(s.o.HeldTimeout); until.After(most) {
		until = most
	}
	encode := func(from int) (batch []*[]byte, err error) {
		batch = make([]*[]byte, min(streamed, p.N-from))
		err = s.parallel(len(batch), used, func(i int) {
			batch[i] = s.buffer()
			*batch[i] = p.Append(*batch[i], from+i)
		})
		return batch, err
	}
	batch, err := encode(0)
	for from := 0; err == nil; {
		from += len(batch)
		var next []*[]byte
		var failed error
		var group sync.WaitGroup
		if from < p.N {
			group.Go(func() { next, failed = encode(from) })
		}
		for _, b := range batch {
			if err == nil {
				err = s.writeUntil(c, until, *b)
			}
			s.recycle(b)
		}
		group.Wait()
		if err != nil || from >= p.N {
			return err
		}
		batch, err = next, failed
	}
	return err
}

// write sends a short answer.
func (s *Server) write(c net.Conn, parts ...[]byte) error {
	return s.writeUntil(c, time.Now().Add(s.o.AnswerTimeout), parts...)
}

// writeUntil sends bytes in pieces, each of which must be taken in
// WriteTimeout, and all of them until the time given.
func (s *Server) writeUntil(c net.Conn, until time.Time, parts ...[]byte) error {
	if len(parts) == 2 && len(parts[1]) < pieceSize {
		parts = [][]byte{append(parts[0], parts[1]...)}
	}
	for _, b := range parts {
		for len(b) > 0 {
			piece := time.Now().Add(s.o.WriteTimeout)
			if piece.After(until) {
				piece = until
			}
			c.SetWriteDeadline(piece)
			n, err := c.Write(b[:min(len(b), pieceSize)])
			if err != nil {
				return err
			}
			b = b[n:]
		}
	}
	return nil
}
