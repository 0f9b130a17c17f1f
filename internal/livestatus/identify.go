package livestatus

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"belvedere/internal/lql"
	"belvedere/internal/schema"
)

// Identify asks the core what it is; from then on c follows its profile. It
// names no column, since one unknown column fails a whole query in old
// versions.
func (c *Client) Identify(ctx context.Context) (Core, error) {
	core, _, err := c.identify(ctx)
	return core, err
}

func (c *Client) identify(ctx context.Context) (Core, Stats, error) {
	q := lql.Get("status")
	var b coreBuild
	st, err := c.Fetch(ctx, q, &b)
	if err != nil {
		return Core{}, st, err
	}
	if st.Rows == 0 {
		return Core{}, st, &Error{Kind: KindProtocol, Err: errors.New("table status is empty"),
			Cause: "The other side speaks Livestatus, but tells nothing about its core: table status has no row.",
			Fix:   "A proxy without any site behind it answers so; connect its sites first."}
	}
	core := b.finish()
	if c.o.Tell != nil {
		core.Profile = core.Profile.relayed()
	}
	c.identified(core)
	return core, st, nil
}

// Columns returns the names of the columns of each table the core has, own and
// joined ones as the core lists them. Cores that cannot be asked (Icinga 2) are
// shown by the first row of each table; where that has none, by what package
// schema knows about the implementation.
func (c *Client) Columns(ctx context.Context, core Core) (map[string][]string, error) {
	if core.Profile.ColumnsTable || core.Impl == 0 {
		var s columnsSink
		_, err := c.Fetch(ctx, lql.Get("columns"), &s)
		if err == nil && len(s.tables) > 0 {
			return s.tables, nil
		}
		if core.Profile.ColumnsTable || err != nil && KindOf(err) != KindStatus {
			if err == nil {
				err = &Error{Kind: KindProtocol, Cause: "The core lists no columns.", Fix: "See the core's log."}
			}
			return nil, err
		}
	}
	tables := map[string][]string{}
	for _, t := range schema.Tables() {
		switch t.Source {
		case schema.Virtual:
			continue
		case schema.FromCore:
		default: // asking for these would make the core read its logs
			if names := known(t, core.Impl); len(names) > 0 {
				tables[t.Name] = names
			}
			continue
		}
		names, err := c.firstRow(ctx, t, core)
		if err != nil {
			return nil, err
		}
		if len(names) > 0 {
			tables[t.Name] = names
		}
	}
	return tables, nil
}

// firstRow asks for one row of a table and returns the names in its header,
// nil if the core has no such table.
func (c *Client) firstRow(ctx context.Context, t *schema.Table, core Core) ([]string, error) {
	q := lql.Get(t.Name)
	q.Limit = 1
	var s namesSink
	_, err := c.Fetch(ctx, q, &s)
	if KindOf(err) == KindStatus {
		return nil, nil
	}
	if err == nil && len(s.names) == 0 {
		return known(t, core.Impl), nil
	}
	return s.names, err
}

// known returns the columns that an implementation has in a table according to
// package schema; for an unknown one those that all have.
func known(t *schema.Table, impl schema.Cores) []string {
	has := func(c *schema.Column) bool {
		if impl == 0 {
			all := schema.MK12 | schema.MK15 | schema.Naemon | schema.Icinga2 | schema.Shinken
			return c.Cores&all == all
		}
		return c.Cores&impl != 0
	}
	var names []string
	for i := range t.Columns {
		if has(&t.Columns[i]) {
			names = append(names, t.Columns[i].Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	for _, j := range t.Joins {
		joined, ok := schema.Lookup(j.Table)
		if !ok {
			continue
		}
		for i := range joined.Columns {
			if has(&joined.Columns[i]) {
				names = append(names, j.Prefix+joined.Columns[i].Name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// What a table columns may hold: real ones have about 3,000 rows, and no name
// is longer than 40 bytes. Longer ones are no columns that we know.
const (
	columnsAtMost = 50_000
	columnName    = 100
)

// columnsSink collects table columns.
type columnsSink struct {
	table, name int
	count       int
	tables      map[string][]string
}

// Begin finds the two columns that are needed.
func (s *columnsSink) Begin(columns []string) error {
	s.table, s.name = slices.Index(columns, "table"), slices.Index(columns, "name")
	s.tables = map[string][]string{}
	return nil
}

// Row takes one column.
func (s *columnsSink) Row(cells []Cell) error {
	if s.table < 0 || s.name < 0 {
		return nil
	}
	if s.count++; s.count > columnsAtMost {
		return &Error{Kind: KindTooLarge, Cause: fmt.Sprintf("The core lists more than %d columns.", columnsAtMost),
			Fix: "That is no sane answer: see the core's log, and what stands between it and us."}
	}
	table, name := cells[s.table].Text(), cells[s.name].Text()
	if table != "" && name != "" && len(table) <= columnName && len(name) <= columnName {
		s.tables[table] = append(s.tables[table], name)
	}
	return nil
}

// namesSink takes the header and nothing else.
type namesSink struct{ names []string }

// Begin keeps the names.
func (s *namesSink) Begin(columns []string) error { s.names = columns; return nil }

// Row is not interested.
func (s *namesSink) Row([]Cell) error { return nil }

// numbersSink takes the first row as numbers.
type numbersSink struct{ row []float64 }

// Begin needs no names.
func (s *numbersSink) Begin([]string) error { return nil }

// Row keeps the first row.
func (s *numbersSink) Row(cells []Cell) error {
	if s.row == nil {
		for _, c := range cells {
			s.row = append(s.row, c.Float())
		}
	}
	return nil
}

// numbers answers a query that has one row of numbers.
func (c *Client) numbers(ctx context.Context, q *lql.Query) ([]float64, Stats, error) {
	var s numbersSink
	st, err := c.Fetch(ctx, q, &s)
	if err == nil && len(s.row) == 0 {
		err = &Error{Kind: KindProtocol, Cause: "The core gave no row where there is always one.", Fix: "See the core's log."}
	}
	return s.row, st, err
}
