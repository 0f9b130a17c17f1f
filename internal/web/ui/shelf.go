package ui

import (
	"bytes"
	"context"
	"hash/maphash"
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/a-h/templ"
)

// shelfBytes bounds the HTML that a shelf keeps: so much in any case, and so
// much for each open page. What was not asked for within shelfFor to twice that
// is forgotten whatever its size.
const (
	shelfBytes = 32 << 20
	shelfPage  = 128 << 10
	shelfFor   = 20 * time.Second
)

// A Shelf keeps parts of blocks, such as the rows of lists, as they were drawn
// a moment ago, so that a block of which little changed is not drawn anew from
// the ground. A part is found by the sum of everything that it depends on.
// What was not asked for in a while is forgotten. Safe for concurrent use. Make
// it with [NewShelf].
type Shelf struct {
	seeds [2]maphash.Seed // unknown to anybody, so that no two texts can be made up with the same sum

	mu    sync.Mutex
	young map[sum]string
	old   map[sum]string // asked for before young was begun
	bytes int            // of young
	began time.Time      // of young
	pages int            // open
}

type sum [2]uint64

// NewShelf returns an empty shelf.
func NewShelf() *Shelf {
	return &Shelf{seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, young: map[sum]string{}}
}

// Clear forgets everything.
func (s *Shelf) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.young, s.old, s.bytes = map[sum]string{}, nil, 0
}

// Open notes how many pages are open whose parts are kept.
func (s *Shelf) Open(pages int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pages = pages
}

func (s *Shelf) sum(b []byte) sum {
	return sum{maphash.Bytes(s.seeds[0], b), maphash.Bytes(s.seeds[1], b)}
}

// get returns what is kept.
func (s *Shelf) get(key sum) (html string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if html, ok = s.young[key]; ok {
		return html, true
	}
	if html, ok = s.old[key]; ok {
		s.put(key, html)
	}
	return html, ok
}

// put keeps html; s.mu must be held.
func (s *Shelf) put(key sum, html string) {
	const beside = 100 // bytes an entry takes besides its text
	now := time.Now()
	if s.bytes += len(html) + beside; s.bytes > (shelfBytes+s.pages*shelfPage)/2 || now.Sub(s.began) > shelfFor {
		s.old, s.young, s.bytes, s.began = s.young, map[sum]string{}, len(html)+beside, now
	}
	s.young[key] = html
}

// Shelved is where the parts of one drawing are kept: on a shelf, apart from
// those of drawings for people who see something else or see it another way.
// The zero value keeps nothing.
type Shelved struct {
	Shelf *Shelf
	// Look says for whom it is drawn: their rights, language, settings. Parts
	// are shared among equal looks only.
	Look string
}

// keys has room for the text that a sum is made of.
var keys = sync.Pool{New: func() any { return new([]byte) }}

// Keep draws part, or what it was before when everything was the same that it
// depends on. That is the look, the day in the person's zone, and what depends
// appends to a text of bytes: it must name all else, in a form in which
// different things are different texts. Only drawings that leave out what
// changes by itself are kept, see Environment.Still.
func Keep(depends func(ctx context.Context, b []byte) []byte, part templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		e := Env(ctx)
		shelf := e.Shelved.Shelf
		if shelf == nil || !e.Still {
			return part.Render(ctx, w)
		}
		buf := keys.Get().(*[]byte)
		day := e.Now.In(Zone(ctx))
		b := strconv.AppendInt(append((*buf)[:0], e.Shelved.Look...), int64(day.Year()*1000+day.YearDay()), 10)
		b = depends(ctx, append(b, 0))
		key := shelf.sum(b)
		*buf = b
		keys.Put(buf)
		if html, ok := shelf.get(key); ok {
			_, err := io.WriteString(w, html)
			return err
		}
		var out bytes.Buffer
		if err := part.Render(ctx, &out); err != nil {
			return err
		}
		html := out.String()
		shelf.mu.Lock()
		shelf.put(key, html)
		shelf.mu.Unlock()
		_, err := io.WriteString(w, html)
		return err
	})
}

// AppendText appends s to what a part depends on.
func AppendText(b []byte, s string) []byte {
	return append(append(strconv.AppendInt(b, int64(len(s)), 36), ':'), s...)
}
