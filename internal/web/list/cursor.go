package list

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strings"

	"belvedere/internal/lql"
	"belvedere/internal/web/status"
)

const (
	// maxCursor bounds a cursor in an address, in bytes before encoding. Rows
	// whose keys are longer are paged by number.
	maxCursor = 3000
	// maxSorted is by how many bytes of a text or list rows are sorted before the
	// key of the list decides, so that each of them has a cursor.
	maxSorted = 200
)

// A Cursor is a place in a list: in which step of the order a row is, and its
// sort values, the key that ends each order included. Rows that come and go
// before it move nothing. Nil is no place.
type Cursor struct {
	Step  int
	Place lql.Place
}

var errCursor = errors.New("list: no cursor")

// ReadCursor reads a cursor of an order with so many keys.
func ReadCursor(s string, keys int) (*Cursor, error) {
	if len(s) > 2*maxCursor {
		return nil, errCursor
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return nil, errCursor
	}
	step, w := binary.Uvarint(b)
	if w <= 0 || step > math.MaxInt32 {
		return nil, errCursor
	}
	c, b := &Cursor{Step: int(step)}, b[w:]
	for len(b) > 0 {
		n, w := binary.Uvarint(b)
		if w <= 0 || n > uint64(len(b)-w) {
			return nil, errCursor
		}
		c.Place, b = append(c.Place, string(b[w:w+int(n)])), b[w+int(n):]
	}
	if len(c.Place) != keys {
		return nil, errCursor
	}
	return c, nil
}

// String writes a cursor for an address, "" for no place and for one that is
// too long.
func (c *Cursor) String() string {
	if c == nil {
		return ""
	}
	b := binary.AppendUvarint(nil, uint64(c.Step))
	for _, key := range c.Place {
		b = append(binary.AppendUvarint(b, uint64(len(key))), key...)
	}
	if len(b) > maxCursor {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// keys returns the sort keys of the order in force, with the key that makes it
// total.
func (q Request) keys() []lql.Sort {
	c, _ := q.List.Column(q.Sort)
	var out []lql.Sort
	seen := map[string]bool{}
	add := func(spelling string, flip bool) {
		name, desc := strings.CutPrefix(spelling, "-")
		if seen[name] {
			return
		}
		seen[name] = true
		k := lql.Sort{Desc: desc != flip}
		k.Column, k.Arg, _ = strings.Cut(name, " ")
		if !slices.Contains(q.List.Key, name) {
			k.Prefix = maxSorted
		}
		out = append(out, k)
	}
	for _, s := range c.Sort {
		add(s, q.Desc)
	}
	for _, k := range q.List.Key {
		add(k, false)
	}
	return out
}

// placeOf returns the cursor of a row.
func placeOf(step int, keys []lql.Sort, c status.Cells, row int) *Cursor {
	out := &Cursor{Step: step}
	for _, k := range keys {
		out.Place = append(out.Place, k.Key(c.Vector(k.Column), row))
	}
	return out
}

// reversed returns the opposite order.
func reversed(keys []lql.Sort) []lql.Sort {
	out := make([]lql.Sort, len(keys))
	for i, k := range keys {
		k.Desc = !k.Desc
		out[i] = k
	}
	return out
}
