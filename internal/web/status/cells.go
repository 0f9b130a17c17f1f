package status

import "belvedere/internal/lql"

// Cells reads a Result by column name, with the columns found once. A column
// that is not in the result reads as its zero value, so a page leaves a fact
// out instead of failing where a core lacks it. The zero Cells has no rows.
type Cells struct {
	res   *lql.Result
	index map[string]*lql.Vector
}

var none lql.Vector

// Of returns the cells of res; nil is an empty result.
func Of(res *lql.Result) Cells {
	if res == nil {
		return Cells{}
	}
	index := make(map[string]*lql.Vector, len(res.Vectors))
	for i := range res.Vectors {
		index[res.Vectors[i].Name] = &res.Vectors[i]
	}
	return Cells{res: res, index: index}
}

// Rows returns the number of rows.
func (c Cells) Rows() int {
	if c.res == nil {
		return 0
	}
	return c.res.Rows
}

// Has reports whether the result has the column.
func (c Cells) Has(column string) bool { return c.index[column] != nil }

// Vector returns a column, an empty one where there is none.
func (c Cells) Vector(column string) *lql.Vector {
	if v := c.index[column]; v != nil {
		return v
	}
	return &none
}

// Int returns a number, 0 where there is none.
func (c Cells) Int(column string, row int) int64 { return c.Vector(column).Int(row) }

// Bool reports whether a number is not 0.
func (c Cells) Bool(column string, row int) bool { return c.Int(column, row) != 0 }

// Float returns a number, 0 where there is none.
func (c Cells) Float(column string, row int) float64 { return c.Vector(column).Float(row) }

// Text returns a text, "" where there is none.
func (c Cells) Text(column string, row int) string { return c.Vector(column).Text(row) }

// List returns a list of names or numbers, nil where there is none.
func (c Cells) List(column string, row int) []string { return c.Vector(column).List(row) }

// Pairs returns dictionary entries or group members, nil where there is none.
func (c Cells) Pairs(column string, row int) [][2]string { return c.Vector(column).Pairs(row) }

// Stat returns the i-th column of a result of Stats, whose columns need not
// have names; group columns come first. Out of range reads as 0.
func (c Cells) Stat(i, row int) int {
	if c.res == nil || i < 0 || i >= len(c.res.Vectors) {
		return 0
	}
	return int(c.res.Vectors[i].Int(row))
}

// Parts returns what each site contributed, by its key.
func (c Cells) Parts() map[string]lql.Part {
	if c.res == nil {
		return nil
	}
	m := make(map[string]lql.Part, len(c.res.Parts))
	for _, p := range c.res.Parts {
		m[p.Key] = p
	}
	return m
}
