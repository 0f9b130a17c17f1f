package list

import (
	"context"
	"slices"
	"strings"

	"belvedere/internal/access"
	"belvedere/internal/lql"
	"belvedere/internal/schema"
	"belvedere/internal/search"
	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
)

// Bounds of a request.
const (
	DefaultLimit = 100  // rows of a page
	MaxLimit     = 1000 // rows of a page at most
	maxChosen    = 60   // columns shown at most
	maxLabel     = 60   // bytes of a column's own name
)

// A List declares one list. A room makes it for each request, with all texts in
// the language of the page; it is never changed after it was made.
type List struct {
	Name    string   // "hosts": names preferences and files
	Path    string   // "/hosts"
	Table   string   // of the schema
	Columns []Column // the usual columns, in their order
	// Order is the key of the column that the list is sorted by at first, and
	// Wall that on a wall; "": the same.
	Order, Wall string
	// Key are the columns that tell rows of all sites apart. They end every
	// order, so that it is total.
	Key []string
	// Need are the columns that every row needs, whatever is shown.
	Need []string
	// Least is the class of the least width of its table, "" for one whose columns
	// all give way: "lw9".
	Least string
	// Choices are the menus that narrow the list to one value of a field.
	Choices []Choice
	// Tables are those whose changes change the list.
	Tables []string
	// Link returns the address, without prefix, of the page about a row.
	Link  func(c status.Cells, row int) string
	Words Words
	// Acts: rows can be selected and acted on, their cells are between those of
	// package action. Peek: they can be shown beside the list.
	Acts, Peek bool

	secrets bool // who asks may see custom variables that hold secrets
}

// Words are what a list calls itself and its rows.
type Words struct {
	Title  string // "Hosts"
	Filter string // label of the filter: "Filter hosts"
	Hint   string // placeholder of the filter
	// NoMatch and NoRights head the empty states of a filter and of a person who
	// sees nothing, whom Contact tells why; Connect and Waiting say what appears
	// with the first site and the first answer.
	NoMatch, NoRights, Contact, Connect, Waiting string
	// None says that there is nothing, and NoneWhy what would be here, where that
	// is no matter of rights: downtimes, comments. "": that cannot be.
	None, NoneWhy string
	Count         func(n int) string // "1 host", "23 769 hosts"
}

// A Column is one column that a list can show.
type Column struct {
	Key     string   // names it in addresses, preferences, templates and exports
	Label   string   // head
	Own     string   // head that the person gave it, "" none
	Class   string   // width and place
	Sort    []string // sort keys of ascending order, "-name" descending; nil: cannot be sorted
	Desc    bool     // the first click sorts descending
	Fixed   bool     // always shown
	Default bool     // shown until the person chooses
	Detail  bool     // but not on a wall, which is read from afar, nor on the cards of a phone
	Need    []string // columns to ask for besides those of every row
	// Steps divide the list in filters that follow each other in ascending
	// order, before Sort: for orders that no column has.
	Steps []lql.Filter
	// Plain is the schema column or custom variable that the column shows as it
	// is; nil where the room draws it.
	Plain *Plain
	// Values are what an export writes for it; nil: the value of Plain, or of the
	// table's column of the name Key where there is one.
	Values []Value

	offCard bool // the cards of a phone do not have it
	narrow  bool // it gives way where there is little room
}

// A Value is one typed column of an export.
type Value struct {
	Key    string                               // name in JSON; "": Column, or that of the list's column
	Label  string                               // "": that of the list's column
	Column string                               // of the table, written as it is
	Text   func(c status.Cells, row int) string // instead of Column, from what every row needs and the column needs
}

// A Plain column is drawn from its value alone.
type Plain struct {
	Column string // of the table
	Var    string // name of the custom variable when Column is a dictionary
	Kind   schema.Kind
	Unit   string // of the schema

	secrets bool
}

// A Choice is a menu that narrows the list to one value of a field of the
// filter.
type Choice struct {
	Field string // of package search: "hostgroup"
	Label string // of the menu: "Host group"
	All   string // its first entry: "All host groups"
	Table string // whose names it offers
}

// Sites is the menu that every list has.
func Sites(ctx context.Context) Choice {
	return Choice{Field: "site", Label: ui.T(ctx, "Site"), All: ui.T(ctx, "All sites"), Table: "sites"}
}

// Steps returns the filters of terms, for [Column.Steps].
func Steps(ctx context.Context, table string, terms ...search.Expr) []lql.Filter {
	out := make([]lql.Filter, len(terms))
	for i, t := range terms {
		f, err := t.Filter(table, ui.Now(ctx))
		if err != nil {
			panic(err) // a room's own terms: its tests draw every column
		}
		out[i] = f
	}
	return out
}

// Owned are the steps of a column sorted by who has a problem: rows that
// somebody has come before those that nobody has.
func Owned() []lql.Filter {
	return []lql.Filter{lql.Cmp("owner", lql.NotEqual, ""), lql.Eq("owner", "")}
}

// Column returns a column by its key: a declared one, a column of the schema,
// or a custom variable of the form _NAME. Values of variables without their
// names are no column: nothing says which of them are secrets.
func (l *List) Column(key string) (Column, bool) {
	if i := slices.IndexFunc(l.Columns, func(c Column) bool { return c.Key == key }); i >= 0 {
		return l.Columns[i], true
	}
	if name, ok := strings.CutPrefix(key, "_"); ok {
		return l.variable(key, name)
	}
	t, ok := schema.Lookup(l.Table)
	if !ok {
		return Column{}, false
	}
	ref, err := t.Resolve(key)
	if err != nil || ref.Column.Kind == schema.Dict || ref.Column.Kind == schema.Tuples || strings.HasSuffix(key, "custom_variable_values") {
		return Column{}, false
	}
	return plain(key, ref.Column), true
}

// variable returns the column of a custom variable: on services _HOSTNAME is
// that of the host.
func (l *List) variable(key, name string) (Column, bool) {
	column := "custom_variables"
	if l.Table != "hosts" {
		if host, ok := strings.CutPrefix(name, "HOST"); ok && host != "" {
			column, name = "host_custom_variables", host
		}
	}
	if !isVariable(name) || !l.secrets && access.SecretName(name) {
		return Column{}, false
	}
	if t, ok := schema.Lookup(l.Table); !ok || !has(t, column) {
		return Column{}, false
	}
	return Column{
		Key: key, Label: key, Class: "w6", Sort: []string{column + " " + name}, Need: []string{column},
		Plain: &Plain{Column: column, Var: name, Kind: schema.Text, secrets: l.secrets},
	}, true
}

func has(t *schema.Table, column string) bool {
	_, err := t.Resolve(column)
	return err == nil
}

// isVariable reports whether name can be that of a custom variable.
func isVariable(name string) bool {
	return name != "" && len(name) <= 100 && !strings.ContainsFunc(name, func(r rune) bool {
		return r <= ' ' || r == ',' || r == ':' || r == '\'' || r == 0x7f
	})
}

// plain returns the column that shows a schema column as it is.
func plain(key string, s *schema.Column) Column {
	c := Column{Key: key, Label: label(key), Class: "w5", Sort: []string{key}, Need: []string{key}, Plain: &Plain{Column: key, Kind: s.Kind, Unit: s.Unit}}
	switch s.Kind {
	case schema.Bool, schema.Int, schema.Float:
		c.Class, c.Desc = "num w4", s.Kind != schema.Bool
	case schema.Time:
		c.Class, c.Desc = "num w4", true
	}
	return c
}

// label writes the name of a column for people: "last_check" is "Last check".
func label(name string) string {
	s := strings.ReplaceAll(name, "_", " ")
	return strings.ToUpper(s[:1]) + s[1:]
}

// ofHost are the columns of the host that rows about it can show.
var ofHost = []string{"host_address", "host_alias", "host_display_name", "host_groups", "host_parents", "host_contacts", "host_contact_groups", "host_check_command", "host_last_check", "host_plugin_output", "host_notes", "host_notes_url"}

// Catalogue returns all columns that the list can show: the usual ones, the
// custom variables that are given, and what else the table and the host of its
// rows have.
func (l *List) Catalogue(variables []string) []Column {
	out := slices.Clone(l.Columns)
	known := map[string]bool{}
	for _, c := range out {
		known[c.Key] = true
	}
	add := func(key string) {
		if c, ok := l.Column(key); ok && !known[key] {
			known[key] = true
			out = append(out, c)
		}
	}
	for _, v := range variables {
		add(v)
	}
	t, ok := schema.Lookup(l.Table)
	if !ok {
		return out
	}
	if l.Table != "hosts" {
		for _, name := range ofHost {
			add(name)
		}
	}
	for _, c := range t.Columns {
		if !strings.HasSuffix(c.Name, "_lc") {
			add(c.Name)
		}
	}
	return out
}

// Head returns the label of a column: the person's own, or that of the list.
func (c Column) Head() string {
	if c.Own != "" {
		return c.Own
	}
	return c.Label
}

// CardHead returns what stands before the value on a card, "" where cards do not
// have the column.
func (c Column) CardHead() string {
	if c.offCard {
		return ""
	}
	return c.Head()
}

// needs returns what the list asks the engine for: what every row needs and
// what the columns need, each once.
func (l *List) needs(columns []Column) []string {
	out := slices.Clone(l.Need)
	for _, c := range columns {
		for _, n := range c.Need {
			if !slices.Contains(out, n) {
				out = append(out, n)
			}
		}
	}
	return out
}
