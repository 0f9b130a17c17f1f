package store

import (
	"math"
	"slices"
	"strconv"

	"belvedere/internal/schema"
)

// A tableDef is what the store derives from a table's declaration.
type tableDef struct {
	at     int // index in defs
	schema *schema.Table
	column map[string]int // own columns that are stored, by name
	keys   []int          // columns that identify a row
	links  []link         // one per join; cols is nil where the join is not stored
	via    []via          // by column: how it is read through a link
	none   []cell         // by column: its default
}

// A link says which columns of a table name a row of another one. They are not
// stored as texts but as the number of that row.
type link struct {
	target *tableDef
	cols   []int // by key column of target
}

// via says that a column's value is the value of column col in the row that
// link names; link is -1 for a column that is stored itself.
type via struct{ link, col int }

// defs are all tables whose rows are kept, linked tables after those that they
// refer to.
type defs struct {
	all    []*tableDef
	byName map[string]*tableDef
}

func newDefs(tables []*schema.Table) *defs {
	d := &defs{byName: map[string]*tableDef{}}
	for _, t := range tables {
		if t.Source != schema.FromCore {
			continue
		}
		def := &tableDef{schema: t, column: map[string]int{}, via: make([]via, len(t.Columns))}
		for i := range t.Columns {
			def.via[i].link = -1
			def.none = append(def.none, defaultCell(&t.Columns[i]))
			if t.Columns[i].Class != schema.Derived {
				def.column[t.Columns[i].Name] = i
			}
		}
		for _, k := range t.Keys {
			def.keys = append(def.keys, def.column[k])
		}
		d.byName[t.Name] = def
	}
	for _, t := range tables {
		if def := d.byName[t.Name]; def != nil {
			def.linkUp(d)
		}
	}
	placed := map[*tableDef]bool{}
	var place func(def *tableDef)
	place = func(def *tableDef) {
		if placed[def] {
			return
		}
		placed[def] = true
		for _, l := range def.links {
			if l.cols != nil {
				place(l.target)
			}
		}
		def.at = len(d.all)
		d.all = append(d.all, def)
	}
	for _, t := range tables {
		if def := d.byName[t.Name]; def != nil {
			place(def)
		}
	}
	return d
}

// linkUp finds the columns of def that name rows of joined tables: of every
// key column of the joined table the one of the same name, with or without the
// join's prefix.
func (def *tableDef) linkUp(d *defs) {
	for j, join := range def.schema.Joins {
		l := link{target: d.byName[join.Table]}
		if l.target != nil {
			for _, k := range l.target.schema.Keys {
				col, ok := def.column[join.Prefix+k]
				if !ok {
					col, ok = def.column[k]
				}
				if !ok {
					l.cols = nil
					break
				}
				l.cols = append(l.cols, col)
			}
		}
		for part, col := range l.cols {
			if def.via[col].link < 0 {
				def.via[col] = via{link: j, col: l.target.keys[part]}
			}
		}
		def.links = append(def.links, l)
	}
}

// required reports whether a row of the table makes sense only with the row
// that link j names. An empty name in the last part says that there is none.
func (def *tableDef) required(j int) bool {
	return slices.ContainsFunc(def.keys, func(k int) bool { return def.via[k].link == j })
}

// Default returns the value of a column that a core does not have.
func defaultCell(c *schema.Column) cell {
	switch storageOf(c.Kind) {
	case numbers:
		n, _ := strconv.ParseInt(c.Default, 10, 64)
		return cell{num: n}
	case floats:
		f, _ := strconv.ParseFloat(c.Default, 64)
		return cell{num: int64(math.Float64bits(f))}
	}
	if c.Kind == schema.Text {
		return cell{bytes: []byte(c.Default)}
	}
	return cell{}
}
