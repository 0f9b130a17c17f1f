package search

import (
	"slices"
	"strings"

	"belvedere/internal/schema"
)

// FieldKind says what the values of a field are, and so which operators it
// takes.
type FieldKind uint8

// The kinds of fields.
const (
	Names     FieldKind = iota // names out of a list; ":" is the whole name
	Texts                      // free text; ":" is contained in it
	Words                      // words of a fixed list: state and is
	Numbers                    // numbers, with the unit of the column
	Switches                   // yes or no
	Times                      // points in time
	Durations                  // lengths of time
)

// A Field is something a term can ask for.
type Field struct {
	Name    string
	Aliases []string
	Kind    FieldKind
	Unit    string // Numbers: as schema.Column.Unit
	// columns are by table those that are asked, of which one suffices. A
	// table without an entry does not know the field.
	columns map[string][]string
	// found are tables whose rows belong to hosts and services: there the
	// field is asked of them. Only [Bind] can.
	found []string
}

// Ops returns the operators the field takes, the usual one first.
func (f Field) Ops() []Op {
	switch f.Kind {
	case Words:
		return []Op{Has, NotEqual, Equal}
	case Numbers, Times:
		return []Op{Has, Equal, NotEqual, Less, Greater, LessOrEqual, GreaterOrEqual}
	case Switches:
		return []Op{Has, Equal, NotEqual}
	case Durations:
		return []Op{Greater, Less, GreaterOrEqual, LessOrEqual}
	}
	return []Op{Has, Equal, NotEqual, Match, NotMatch, Less, Greater, LessOrEqual, GreaterOrEqual}
}

// In reports whether the rows of a table can be asked for the field.
func (f Field) In(table string) bool {
	if f.Kind == Words {
		return len(wordsOf(f.Name, table)) > 0
	}
	_, ok := f.columns[table]
	return ok || len(f.found) > 0 && slices.Contains(commented, table)
}

// curated are the fields that people use most. Every column of the schema that
// they do not hide is one more, by its own name.
var curated = []Field{
	{Name: "host", Aliases: []string{"h", "host_name"}, Kind: Texts, columns: map[string][]string{
		"hosts": {"name"}, "services": {"host_name"}, "comments": {"host_name"}, "downtimes": {"host_name"}, "hostgroups": {"members"}}},
	{Name: "service", Aliases: []string{"s", "svc", "description"}, Kind: Texts, columns: map[string][]string{
		"services": {"description"}, "comments": {"service_description"}, "downtimes": {"service_description"}}},
	{Name: "name", Kind: Texts, columns: map[string][]string{
		"hosts": {"name"}, "services": {"description"}, "hostgroups": {"name"}, "servicegroups": {"name"}, "contacts": {"name"},
		"contactgroups": {"name"}, "commands": {"name"}, "timeperiods": {"name"}}},
	{Name: "display", Aliases: []string{"display_name"}, Kind: Texts, columns: map[string][]string{
		"hosts": {"display_name"}, "services": {"display_name", "host_display_name"},
		"comments": {"host_display_name", "service_display_name"}, "downtimes": {"host_display_name", "service_display_name"}}},
	{Name: "alias", Aliases: []string{"host_alias"}, Kind: Texts, columns: map[string][]string{
		"hosts": {"alias"}, "services": {"host_alias"}, "comments": {"host_alias"}, "downtimes": {"host_alias"}, "hostgroups": {"alias"},
		"servicegroups": {"alias"}, "contacts": {"alias"}, "contactgroups": {"alias"}, "timeperiods": {"alias"}}},
	{Name: "address", Aliases: []string{"ip", "host_address"}, Kind: Texts, columns: map[string][]string{
		"hosts": {"address", "address6"}, "services": {"host_address", "host_address6"}, "comments": {"host_address"}, "downtimes": {"host_address"}}},
	{Name: "site", Aliases: []string{"backend", "peer"}, Kind: Names, columns: everywhere("peer_key", "peer_name")},
	{Name: "section", Kind: Names, columns: everywhere("peer_section")},
	{Name: "hostgroup", Aliases: []string{"hg", "host_groups"}, Kind: Names, columns: map[string][]string{
		"hosts": {"groups"}, "services": {"host_groups"}, "comments": {"host_groups"}, "downtimes": {"host_groups"}, "hostgroups": {"name"}}},
	{Name: "servicegroup", Aliases: []string{"sg"}, Kind: Names, columns: map[string][]string{
		"services": {"groups"}, "comments": {"service_groups"}, "downtimes": {"service_groups"}, "servicegroups": {"name"}}},
	{Name: "contact", Aliases: []string{"contacts"}, Kind: Names, columns: map[string][]string{
		"hosts": {"contacts"}, "services": {"contacts"}, "comments": {"host_contacts", "service_contacts"},
		"downtimes": {"host_contacts", "service_contacts"}, "contacts": {"name"}, "contactgroups": {"members"}}},
	{Name: "contactgroup", Aliases: []string{"cg", "contact_groups"}, Kind: Names, columns: map[string][]string{
		"hosts": {"contact_groups"}, "services": {"contact_groups"}, "contacts": {"groups"}, "contactgroups": {"name"}}},
	{Name: "state", Kind: Words},
	{Name: "hoststate", Aliases: []string{"host_state"}, Kind: Words},
	{Name: "is", Kind: Words},
	{Name: "age", Aliases: []string{"since"}, Kind: Durations, columns: map[string][]string{
		"hosts": {"last_state_change"}, "services": {"last_state_change"}, "comments": {"entry_time"}, "downtimes": {"entry_time"}}},
	{Name: "duration", Kind: Durations, columns: map[string][]string{
		"hosts": {"last_state_change"}, "services": {"last_state_change"}, "downtimes": {"duration"}}},
	{Name: "output", Aliases: []string{"plugin_output"}, Kind: Texts, columns: map[string][]string{
		"hosts": {"plugin_output", "long_plugin_output"}, "services": {"plugin_output", "long_plugin_output"}}},
	{Name: "check", Aliases: []string{"command", "check_command"}, Kind: Texts, columns: map[string][]string{
		"hosts": {"check_command"}, "services": {"check_command"}, "commands": {"name", "line"}}},
	{Name: "parent", Aliases: []string{"parents", "host_parents"}, Kind: Names, columns: map[string][]string{
		"hosts": {"parents"}, "services": {"host_parents"}}},
	{Name: "dependency", Kind: Texts, columns: map[string][]string{
		"hosts": {"depends_exec", "depends_notify", "parent_dependencies"}, "services": {"depends_exec", "depends_notify", "parent_dependencies", "parents"}}},
	{Name: "attempt", Aliases: []string{"current_attempt"}, Kind: Numbers, columns: both("current_attempt")},
	{Name: "importance", Aliases: []string{"priority", "business_impact", "criticity"}, Kind: Numbers, columns: both("business_impact")},
	{Name: "change", Aliases: []string{"percent_state_change"}, Kind: Numbers, Unit: "%", columns: both("percent_state_change")},
	{Name: "took", Aliases: []string{"execution_time"}, Kind: Numbers, Unit: "s", columns: both("execution_time")},
	{Name: "comment", Kind: Texts, columns: map[string][]string{"comments": {"comment"}, "downtimes": {"comment"}}, found: []string{"comments", "downtimes"}},
	{Name: "author", Kind: Texts, columns: map[string][]string{"comments": {"author"}, "downtimes": {"author"}}, found: []string{"comments", "downtimes"}},
	{Name: "downtime_duration", Kind: Durations, columns: map[string][]string{"downtimes": {"duration"}}, found: []string{"downtimes"}},
}

// commented are the tables whose objects carry comments and downtimes.
var commented = []string{"hosts", "services"}

// tables are those that queries can be asked of, with the columns in which
// free text is looked for.
var tables = map[string][]string{
	"hosts":         {"name", "alias", "address", "display_name", "plugin_output"},
	"services":      {"host_name", "description", "host_alias", "host_address", "display_name", "host_display_name", "plugin_output"},
	"comments":      {"host_name", "service_description", "author", "comment"},
	"downtimes":     {"host_name", "service_description", "author", "comment"},
	"hostgroups":    {"name", "alias"},
	"servicegroups": {"name", "alias"},
	"contacts":      {"name", "alias", "email"},
	"contactgroups": {"name", "alias"},
	"commands":      {"name", "line"},
	"timeperiods":   {"name", "alias"},
}

// tableOrder is the order in which tables decide what kind a column is of.
var tableOrder = []string{"hosts", "services", "comments", "downtimes", "hostgroups", "servicegroups", "contacts", "contactgroups", "commands", "timeperiods"}

func both(column string) map[string][]string {
	return map[string][]string{"hosts": {column}, "services": {column}}
}

func everywhere(columns ...string) map[string][]string {
	m := map[string][]string{}
	for _, t := range tableOrder {
		m[t] = columns
	}
	return m
}

// Fields returns the fields that people use most, in the order to offer them.
// The slice must not be changed.
func Fields() []Field { return curated }

// Columns returns the fields to offer besides Fields where people choose from a
// list: columns that are asked for often.
func Columns() []Field {
	var out []Field
	for _, name := range []string{"last_check", "next_check", "latency", "check_period", "notification_period", "event_handler", "num_services", "source_problems", "impacts"} {
		if f, ok := columnField(name); ok {
			out = append(out, f)
		}
	}
	return out
}

// fieldOf returns the field of that name, letter case ignored: a curated one,
// a custom variable "_NAME", or a column.
func fieldOf(name string) (Field, bool) {
	name = strings.ToLower(name)
	for _, f := range curated {
		if f.Name == name || slices.Contains(f.Aliases, name) {
			return f, true
		}
	}
	if v, ok := strings.CutPrefix(name, "_"); ok && v != "" {
		return Field{Name: "_" + strings.ToUpper(v), Kind: Texts, columns: variables}, true
	}
	return columnField(name)
}

// variables are by table the columns of custom variables.
var variables = map[string][]string{
	"hosts": {"custom_variables"}, "services": {"custom_variables", "host_custom_variables"},
	"comments": {"host_custom_variables", "service_custom_variables"}, "downtimes": {"host_custom_variables", "service_custom_variables"},
	"contacts": {"custom_variables"}}

// Variables reports whether the rows of a table can be asked for custom
// variables.
func Variables(table string) bool { return len(variables[table]) > 0 }

// columnField returns the field that is a column of the schema.
func columnField(name string) (Field, bool) {
	f := Field{Name: name, columns: map[string][]string{}}
	for _, table := range tableOrder {
		c, full, ok := columnOf(table, name)
		if !ok {
			continue
		}
		if len(f.columns) == 0 {
			f.Kind, f.Unit, ok = kindOf(c)
		}
		if ok {
			f.columns[table] = []string{full}
		}
	}
	return f, len(f.columns) > 0
}

// columnOf finds a column of a table, or else of the hosts its rows belong to.
func columnOf(table, name string) (c *schema.Column, full string, ok bool) {
	t, found := schema.Lookup(table)
	if !found {
		return nil, "", false
	}
	for _, full := range []string{name, "host_" + name} {
		if ref, ok := t.Find(full); ok {
			return ref.Column, full, true
		}
	}
	return nil, "", false
}

// kindOf returns the kind of the field that a column is; ok is false for
// columns whose values have no text to compare with.
func kindOf(c *schema.Column) (kind FieldKind, unit string, ok bool) {
	switch c.Kind {
	case schema.Bool:
		return Switches, "", true
	case schema.Int, schema.Float, schema.IntList:
		return Numbers, c.Unit, true
	case schema.Time:
		return Times, "", true
	case schema.Text, schema.Members:
		return Texts, "", true
	case schema.TextList:
		return Names, "", true
	}
	return 0, "", false
}

// fieldNames are all names a field can have, for finding the nearest.
func fieldNames() []string {
	var out []string
	for _, f := range curated {
		out = append(append(out, f.Name), f.Aliases...)
	}
	for _, table := range []string{"hosts", "services"} {
		t, _ := schema.Lookup(table)
		for i := range t.Columns {
			if _, _, ok := kindOf(&t.Columns[i]); ok {
				out = append(out, t.Columns[i].Name)
			}
		}
	}
	return out
}
