package list

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"belvedere/internal/lql"
	"belvedere/internal/schema"
	"belvedere/internal/web/status"
)

// maxCursor bounds a cursor in an address, in bytes before encoding. Rows
// sorted by longer texts are paged by number.
const maxCursor = 2000

// A Cursor is a place in a list: the sort values of a row, the key that ends
// each order included. Rows that come and go before it move nothing. Nil is no
// place. Orders by a list of names have none, for filters cannot say what
// follows a list: they are paged by number.
type Cursor []string

var errCursor = errors.New("list: no cursor")

// ReadCursor reads a cursor of an order with so many keys, behind the number of
// a step.
func ReadCursor(s string, keys int) (Cursor, error) {
	if len(s) > 2*maxCursor {
		return nil, errCursor
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return nil, errCursor
	}
	var c Cursor
	if json.Unmarshal(b, &c) != nil || len(c) != keys+1 {
		return nil, errCursor
	}
	if n, err := strconv.Atoi(c[0]); err != nil || n < 0 {
		return nil, errCursor
	}
	return c, nil
}

// String writes a cursor for an address, "" for no place and for one that is
// too long.
func (c Cursor) String() string {
	if c == nil {
		return ""
	}
	b, err := json.Marshal(c)
	if err != nil || len(b) > maxCursor {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// step returns the number of the step of the order that the place is in.
func (c Cursor) step() int {
	n, _ := strconv.Atoi(c[0]) // ReadCursor made sure
	return n
}

// keys returns the sort keys of the order in force, with the key that makes it
// total.
func (q Request) keys() []lql.Sort {
	c, _ := q.List.Column(q.Sort)
	var out []lql.Sort
	seen := map[string]bool{}
	add := func(spelling string, flip bool) {
		name, desc := strings.CutPrefix(spelling, "-")
		column, arg, _ := strings.Cut(name, " ")
		if !seen[name] {
			seen[name] = true
			out = append(out, lql.Sort{Column: column, Arg: arg, Desc: desc != flip})
		}
	}
	for _, s := range c.Sort {
		add(s, q.Desc)
	}
	for _, k := range q.List.Key {
		add(k, false)
	}
	return out
}

// placed reports whether rows have places in the order of keys.
func (q Request) placed(keys []lql.Sort) bool {
	t, ok := schema.Lookup(q.List.Table)
	return ok && !slices.ContainsFunc(keys, func(k lql.Sort) bool {
		ref, err := t.Resolve(k.Column)
		return k.Arg == "" && (err != nil || isList(ref.Column.Kind))
	})
}

// place returns the cursor of a row.
func place(step int, keys []lql.Sort, c status.Cells, row int) Cursor {
	out := Cursor{strconv.Itoa(step)}
	for _, k := range keys {
		out = append(out, valueOf(k, c, row))
	}
	return out
}

// valueOf writes a sort value so that a filter finds it again.
func valueOf(k lql.Sort, c status.Cells, row int) string {
	v := c.Vector(k.Column)
	if k.Arg != "" {
		for _, p := range v.Pairs(row) {
			if p[0] == k.Arg {
				return p[1]
			}
		}
		return ""
	}
	switch v.Kind {
	case lql.Floats:
		return strconv.FormatFloat(v.Float(row), 'g', -1, 64)
	case lql.Texts:
		return v.Text(row)
	}
	return strconv.FormatInt(v.Int(row), 10)
}

// behind returns the filter for the rows that follow a place in an order.
func behind(keys []lql.Sort, values []string) lql.Filter {
	k, v := keys[0], values[0]
	op := lql.Greater
	if k.Desc {
		op = lql.Less
	}
	after := compared(k, op, v)
	if len(keys) == 1 {
		return after
	}
	return lql.OrOf(after, lql.AndOf(compared(k, lql.Equal, v), behind(keys[1:], values[1:])))
}

func compared(k lql.Sort, op lql.Op, value string) lql.Filter {
	if k.Arg == "" {
		return lql.Cmp(k.Column, op, value)
	}
	return lql.Cmp(k.Column, op, quoted(k.Arg)+" "+quoted(value))
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// reversed returns the opposite order.
func reversed(keys []lql.Sort) []lql.Sort {
	out := make([]lql.Sort, len(keys))
	for i, k := range keys {
		k.Desc = !k.Desc
		out[i] = k
	}
	return out
}
