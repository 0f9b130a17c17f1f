package icinga2

import (
	"context"
	"slices"
	"sync"

	"belvedere/internal/lql"
	"belvedere/internal/replica"
	"belvedere/internal/schema"
)

// Bounds of what a [History] keeps: the API tells nothing of what was before,
// so this is all there is.
const (
	historyMost = 50_000
	historySize = 64 << 20 // bytes, of texts and of what holds them
)

// A History keeps what a core's event stream told, the newest entries of it,
// while this program runs. The zero History is empty and ready. It is safe for
// concurrent use.
type History struct {
	mu    sync.Mutex
	rows  []replica.Row // oldest first
	bytes int           // of rows
	line  int64         // of the last one
}

// Add takes a row of table log.
func (h *History) Add(r replica.Row) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.line++ // tells those of one second apart
	if i := slices.Index(r.Columns, "lineno"); i >= 0 {
		r.Values[i] = h.line
	}
	h.rows, h.bytes = append(h.rows, r), h.bytes+sizeOf(r)
	for len(h.rows) > historyMost || h.bytes > historySize {
		h.bytes -= sizeOf(h.rows[0])
		h.rows[0] = replica.Row{}
		h.rows = h.rows[1:]
	}
}

// sizeOf is about how much memory a row takes.
func sizeOf(r replica.Row) int {
	n := 64
	for _, v := range r.Values {
		n += 32
		if s, ok := v.(string); ok {
			n += len(s)
		}
	}
	return n + 16*len(r.Columns)
}

// Query returns the columns asked for of all entries, newest first; whoever
// asks filters. It is for [replica.Options].
func (h *History) Query(_ context.Context, q *lql.Query) (*lql.Result, error) {
	res := &lql.Result{}
	def, ok := schema.Lookup("log")
	if !ok || q.Table != "log" {
		return res, nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	res.Rows = len(h.rows)
	res.Total = res.Rows
	for _, name := range q.Columns {
		v := lql.Vector{Name: name}
		c, ok := def.Column(name)
		if !ok {
			continue
		}
		switch c.Kind {
		case schema.Text:
			v.Kind = lql.Texts
		case schema.Time:
			v.Kind = lql.Times
		}
		for i := range h.rows {
			r := row(h.rows[len(h.rows)-1-i])
			if v.Kind == lql.Texts {
				s, _ := r.get(name).(string)
				v.Texts = append(v.Texts, s)
			} else {
				n, _ := r.get(name).(int64)
				v.Ints = append(v.Ints, n)
			}
		}
		res.Vectors = append(res.Vectors, v)
	}
	return res, nil
}
