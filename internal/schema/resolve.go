package schema

import (
	"fmt"
	"slices"
	"strings"
)

// A Ref is a column as a name in a table's context means it: one of the
// table's own columns, or one of a joined table.
type Ref struct {
	Join   int // index into Table.Joins, -1: own column
	Column *Column
}

// A NoColumnError says that a table has no column of that name.
type NoColumnError struct {
	Table, Name string
	Near        string // the name that was probably meant, or ""
}

func (e *NoColumnError) Error() string {
	if e.Near != "" {
		return fmt.Sprintf("schema: table %s has no column %q, perhaps %q was meant", e.Table, e.Name, e.Near)
	}
	return fmt.Sprintf("schema: table %s has no column %q", e.Table, e.Name)
}

// Resolve finds the column that name means in table t. The rules, in order:
// an own column of exactly that name; the name without the table's own prefix,
// as often as it stands there; a column of a joined table behind that join's
// prefix, found by the same rules there, but without further joins. Names are
// case sensitive. The error is a [*NoColumnError].
func (t *Table) Resolve(name string) (Ref, error) {
	if ref, ok := t.Find(name); ok {
		return ref, nil
	}
	return Ref{}, &NoColumnError{Table: t.Name, Name: name, Near: Nearest(name, t.Names())}
}

// Find is Resolve for those who do not want to know what else was meant.
func (t *Table) Find(name string) (Ref, bool) {
	if c, ok := t.own(name); ok {
		return Ref{Join: -1, Column: c}, true
	}
	for i, j := range t.Joins {
		rest, ok := strings.CutPrefix(name, j.Prefix)
		if !ok {
			continue
		}
		joined, _ := Lookup(j.Table)
		if c, ok := joined.own(rest); ok {
			return Ref{Join: i, Column: c}, true
		}
	}
	return Ref{}, false
}

func (t *Table) own(name string) (*Column, bool) {
	for {
		if c, ok := t.Column(name); ok {
			return c, true
		}
		rest, ok := strings.CutPrefix(name, t.Own)
		if !ok || t.Own == "" {
			return nil, false
		}
		name = rest
	}
}

// Names returns the canonical names of all columns of t, own and joined,
// sorted: what "GET columns" lists and what a query without Columns answers.
// The slice is the caller's.
func (t *Table) Names() []string {
	n := len(t.Columns)
	for _, j := range t.Joins {
		joined, _ := Lookup(j.Table)
		n += len(joined.Columns)
	}
	names := make([]string, 0, n)
	for i := range t.Columns {
		names = append(names, t.Columns[i].Name)
	}
	for _, j := range t.Joins {
		joined, _ := Lookup(j.Table)
		for i := range joined.Columns {
			if joined.Columns[i].Site() {
				continue
			}
			names = append(names, j.Prefix+joined.Columns[i].Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Site reports whether c is one of the columns that name the site of a row,
// which are the same in every table and so not repeated by joins.
func (c *Column) Site() bool {
	return c.Class == Derived && (c.Name == "peer_key" || c.Name == "peer_name" || c.Name == "peer_section")
}

// Nearest returns the candidate that name is most likely a misspelling of, ""
// if none is near.
func Nearest(name string, candidates []string) string {
	best, bestAt := "", 1+len(name)/3
	for _, c := range candidates {
		if d := distance(name, c, bestAt); d < bestAt {
			best, bestAt = c, d
		}
	}
	return best
}

// distance counts the letters to insert, delete, exchange or swap with their
// neighbour to make b of a, or returns limit if there are at least that many.
func distance(a, b string, limit int) int {
	if len(a) > 64 || len(b) > 64 || len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	var rows [3][65]int
	for j := range len(b) + 1 {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur, prev, prev2 := &rows[i%3], &rows[(i+2)%3], &rows[(i+1)%3]
		cur[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d := min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, prev2[j-2]+1)
			}
			cur[j] = d
			least = min(least, d)
		}
		if least >= limit {
			return limit
		}
	}
	return min(rows[len(a)%3][len(b)], limit)
}
