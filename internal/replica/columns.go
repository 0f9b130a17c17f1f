package replica

import (
	"slices"
	"strings"

	"belvedere/internal/lql"
	"belvedere/internal/schema"
)

// ours are columns that a replica has whatever the core has.
var ours = map[string][]string{
	"contacts": {"custom_variables", "custom_variable_names", "custom_variable_values"},
	"hosts":    {"last_update", "last_state"}, "services": {"last_update", "last_state"},
	"status": {"program_start", "nagios_pid", "host_checks", "service_checks", "log_messages", "interval_length", "localtime"},
}

// columns are what clients are told of: all names of each table, joined ones
// included.
type columns struct {
	names  map[string][]string
	filter lql.Filter // of table columns: what is in names
}

func newColumns(o *Options) *columns {
	c := &columns{names: map[string][]string{}, filter: lql.Filter{Kind: lql.Or}}
	has := func(table string, col *schema.Column) bool {
		if col.Site() || slices.Contains(o.Without[table], col.Name) {
			return false
		}
		return col.Cores&o.Impl != 0 || slices.Contains(ours[table], col.Name) || slices.Contains(o.With[table], col.Name)
	}
	for _, t := range schema.Tables() {
		if t.Source == schema.Virtual || t.Name == "statehist" {
			continue
		}
		base := t.Name
		if t.Source == schema.Expanded {
			base = t.Base
		}
		var names []string
		for i := range t.Columns {
			if has(base, &t.Columns[i]) {
				names = append(names, t.Columns[i].Name)
			}
		}
		if len(names) == 0 || len(t.Keys) > 0 && t.Source == schema.FromCore && !slices.Contains(names, t.Keys[0]) {
			continue // the core has no such table
		}
		for _, j := range t.Joins {
			joined, _ := schema.Lookup(j.Table)
			for i := range joined.Columns {
				if has(j.Table, &joined.Columns[i]) {
					names = append(names, j.Prefix+joined.Columns[i].Name)
				}
			}
		}
		slices.Sort(names)
		c.names[t.Name] = slices.Compact(names)
		c.filter.Kids = append(c.filter.Kids, lql.Filter{Kind: lql.And, Kids: []lql.Filter{
			{Column: "table", Op: lql.Equal, Value: t.Name},
			{Column: "name", Op: lql.Match, Value: "^(" + strings.Join(c.names[t.Name], "|") + ")$"},
		}})
	}
	return c
}
