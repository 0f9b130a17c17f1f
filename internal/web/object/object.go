// Package object is what the pages of one host and of one service have alike:
// every fact a core knows about it, arranged in panels.
//
// Secrets stay where they belong: command lines, arguments of commands and
// custom variables that look like passwords are shown only to those who may
// see command lines, and the latter only when they ask for the value.
package object

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/db"
	"belvedere/internal/lql"
	"belvedere/internal/schema"
	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
)

// An Object is one host or service with everything known about it.
type Object struct {
	status.Row
	Table      string        // "hosts" or "services"
	Secrets    bool          // the viewer may see command lines
	Viewer     access.Viewer // who looks; set by the room, decides what leads to the configuration
	Comments   []status.Comment
	Downtimes  []status.Downtime
	Metrics    []Metric
	Vars       []Var
	Links      []Link
	Orders     []db.ObjectOrder // the newest, see WithOrders
	Everything []Value
}

// A Var is a custom variable.
type Var struct {
	Name, Value string
	Secret      bool // the value may be a secret: only shown when asked for
	Hidden      bool // and is left out, for the viewer may not see it
}

// A Link is a page that the configuration names for the object.
type Link struct {
	URL    string
	Action bool // the action page; else the notes
}

// Label names what the link leads to, for a button.
func (l Link) Label(ctx context.Context) string {
	if l.Action {
		return ui.T(ctx, "Action")
	}
	return ui.T(ctx, "Notes")
}

// page names it in a list of facts.
func (l Link) page(ctx context.Context) string {
	if l.Action {
		return ui.T(ctx, "Action page")
	}
	return ui.T(ctx, "Notes page")
}

// A Value is one column as the core gave it.
type Value struct{ Name, Value, Doc string }

// Columns returns all columns to ask for about an object of the table: all of
// its own, without command lines when these are secret, and without what only
// says how long ago another one was: a page that stands open cannot show it.
func Columns(table string, secrets bool) []string {
	t, ok := schema.Lookup(table)
	if !ok {
		return nil
	}
	out := make([]string, 0, len(t.Columns)+8)
	for _, c := range t.Columns {
		if !secrets && (c.Name == "check_command_expanded" || c.Name == "original_attributes") {
			continue
		}
		if c.Name == "staleness" || c.Name == "last_state_change_order" {
			continue
		}
		out = append(out, c.Name)
	}
	if table == "services" {
		out = append(out, "host_alias", "host_address", "host_state", "host_has_been_checked",
			"host_acknowledged", "host_scheduled_downtime_depth", "host_plugin_output", "host_last_state_change", "host_groups")
	}
	return out
}

// New reads the first row of a result over table with [Columns]; ok is false
// when it has none.
func New(ctx context.Context, table string, res *lql.Result, secrets bool, now time.Time) (o Object, ok bool) {
	read := status.Hosts
	if table == "services" {
		read = status.Services
	}
	rows := read(res, now)
	if len(rows) == 0 {
		return Object{}, false
	}
	o = Object{Row: rows[0], Table: table, Secrets: secrets}
	o.Comments = status.Comments(o.Cells, o.Index)
	o.Downtimes = status.Downtimes(o.Cells, o.Index)
	o.Metrics = ParsePerf(o.Text("perf_data"))
	o.Vars = VarsOf(o.Cells, o.Index, secrets)
	o.Links = o.links(ctx)
	o.Everything = o.everything()
	return o, true
}

// title returns what the object is called on its own page.
func (o Object) title() string {
	if o.Service != "" {
		return o.Service
	}
	return o.Host
}

// Text returns a column as text.
func (o Object) Text(column string) string { return o.Cells.Text(column, o.Index) }

// Int returns a column as a number.
func (o Object) Int(column string) int64 { return o.Cells.Int(column, o.Index) }

// Bool reports whether a column is not 0.
func (o Object) Bool(column string) bool { return o.Cells.Bool(column, o.Index) }

// Float returns a column as a number.
func (o Object) Float(column string) float64 { return o.Cells.Float(column, o.Index) }

// List returns a column as names.
func (o Object) List(column string) []string { return o.Cells.List(column, o.Index) }

// command returns a command as the viewer may see it: without its arguments,
// which can hold secrets, for most.
func (o Object) command(column string) string {
	name, args, found := strings.Cut(o.Text(column), "!")
	if o.Secrets && found {
		return name + "!" + args
	}
	return name
}

// VarsOf returns the custom variables of a row, without the values of those
// that may hold secrets unless secrets is set.
func VarsOf(c status.Cells, row int, secrets bool) []Var {
	var out []Var
	for _, p := range c.Pairs("custom_variables", row) {
		out = append(out, variable(p, secrets))
	}
	return out
}

func variable(p [2]string, secrets bool) Var {
	v := Var{Name: p[0], Value: p[1]}
	if v.Secret = access.Secret(p[0], p[1]); v.Secret && !secrets {
		v.Value, v.Hidden = "", true
	}
	return v
}

// links are the pages named by the configuration that may be links.
func (o Object) links(ctx context.Context) []Link {
	var out []Link
	for _, l := range []struct {
		action        bool
		expanded, raw string
	}{
		{false, "notes_url_expanded", "notes_url"},
		{true, "action_url_expanded", "action_url"},
	} {
		url := o.address(ctx, l.expanded, l.raw)
		if url != "" {
			out = append(out, Link{url, l.action})
		}
	}
	return out
}

// everything are all columns with a value worth showing.
func (o Object) everything() []Value {
	t, ok := schema.Lookup(o.Table)
	if !ok {
		return nil
	}
	var out []Value
	for _, c := range t.Columns {
		if strings.HasSuffix(c.Name, "_lc") || !o.Cells.Has(c.Name) {
			continue
		}
		out = append(out, Value{Name: c.Name, Value: o.value(c), Doc: c.Doc})
	}
	return out
}

// value writes a column for the table of everything.
func (o Object) value(c schema.Column) string {
	switch c.Name {
	case "check_command", "event_handler":
		return o.command(c.Name)
	case "custom_variable_values":
		return "" // beside their names in custom_variables
	case "custom_variables":
		var b strings.Builder
		for i, v := range o.Vars {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(v.Name + "=")
			if v.Secret {
				b.WriteString("(hidden)")
			} else {
				b.WriteString(v.Value)
			}
		}
		return b.String()
	}
	switch c.Kind {
	case schema.Time:
		if n := o.Int(c.Name); n > 0 {
			return time.Unix(n, 0).UTC().Format("2006-01-02 15:04:05 UTC")
		}
		return ""
	case schema.Members:
		return pairs(o.Cells.Pairs(c.Name, o.Index), "/")
	case schema.Dict:
		return pairs(open(o.Cells.Pairs(c.Name, o.Index)), "=")
	}
	if c.Unit != "" && c.Unit != "bit" {
		return o.Text(c.Name) + " " + c.Unit
	}
	return o.Text(c.Name)
}

// open returns a dictionary without the values that may be secrets.
func open(dict [][2]string) [][2]string {
	out := slices.Clone(dict)
	for i, p := range out {
		if access.Secret(p[0], p[1]) && p[1] != "" {
			out[i][1] = "(hidden)"
		}
	}
	return out
}

func pairs(p [][2]string, sep string) string {
	words := make([]string, len(p))
	for i, x := range p {
		words[i] = x[0]
		if x[1] != "" {
			words[i] += sep + x[1]
		}
	}
	return strings.Join(words, ", ")
}

// minutes writes an interval that cores give in minutes: "5 m", "1 m 30 s"; ""
// when it is 0 or less.
func minutes(m float64) string {
	return span(time.Duration(m * float64(time.Minute)))
}

// span writes a length of time without leaving anything out: "1 h 30 m".
func span(d time.Duration) string {
	var parts []string
	rest := d.Round(time.Second)
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}} {
		if n := rest / u.unit; n > 0 {
			parts = append(parts, strconv.FormatInt(int64(n), 10)+" "+u.name)
			rest -= n * u.unit
		}
	}
	return strings.Join(parts, " ")
}
