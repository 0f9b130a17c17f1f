package site

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/schema"
)

// A column is one stored column and where its value comes from.
type column struct {
	name string // in the store, "" for one that is not kept
	kind schema.Kind
	core string // what the core calls it
	with string // second column of the core the conversion looks at, ""
	to   convert
}

// A request is a set of columns asked together: a query without filters, and
// what to do with each cell of a row.
type request struct {
	table  string
	ask    []string // columns asked of the core, each once
	names  []string // columns to store
	fields []field
	keys   []field // the key's parts, in order
	// lead is how many of the columns asked come before those that few checks
	// move; 0: they are not told apart.
	lead int
}

// A field is a column with the position of its cells.
type field struct {
	column
	at, with int  // positions in the row; with is -1 without one
	key      bool // part of the key
}

// A tablePlan is what is asked for one table and when. A table the core does
// not have has no plan.
type tablePlan struct {
	table *schema.Table
	all   request // everything
	live  request // key and what may change without a reload
	moved request // the lead of live: key and what every check moves
	quick request // key and the few columns that change without a check
	deep  request // key and every number that may change without a check
	// window is the column that tells what changed last: changed_at where another
	// Belvedere stands before the core, last_update where the core keeps one,
	// else last_check, else "".
	window    string
	executing bool // the core tells what is being checked
}

// A plan is how to read one core. It never changes.
type plan struct {
	order  []*tablePlan // in the order of the first reading
	tables map[string]*tablePlan
	passed map[string][]string // columns of the tables that are not kept
	// pulse is the little of table status that tells whether anything
	// happened; it is counted on only where counts says so.
	pulse  request
	counts counting
	// missing are tables and key columns without which the core cannot be
	// shown.
	missing []string
}

// counting is what a core's counters in table status can be relied on to tell.
type counting struct {
	checks bool // each check
	orders bool // each external command, and what else changes without a check
}

// firstReading is the order in which tables are read: what others refer to
// comes first, so that no service is ever seen without its host.
var firstReading = []string{
	"status", "contacts", "contactgroups", "commands", "timeperiods", "endpoints", "zones",
	"hostgroups", "servicegroups", "hosts", "services", "comments", "downtimes",
}

// needed are the tables a core must have to be of use.
var needed = []string{"status", "hosts", "services"}

// quickColumns change without a check, or say that something did.
var quickColumns = []string{
	"last_check", "has_been_checked", "state", "state_type", "acknowledged", "acknowledgement_type", "scheduled_downtime_depth",
	"notifications_enabled", "active_checks_enabled", "accept_passive_checks", "event_handler_enabled",
	"flap_detection_enabled", "obsess_over_host", "obsess_over_service", "is_flapping", "is_reachable", "next_check",
	"modified_attributes", "current_notification_number", "last_notification",
	// of comments and downtimes: a number used anew for another one
	"entry_time", "start_time", "end_time",
}

// movedColumns change with every check, even where it finds what the one before
// found.
var movedColumns = []string{
	"last_check", "last_update", "next_check", "latency", "execution_time", "plugin_output", "long_plugin_output", "perf_data",
	"last_time_ok", "last_time_up", "is_executing",
}

// restless columns change all the time and mean nothing by themselves; they
// are read with what changes beside them.
var restless = []string{"next_notification", "is_executing", "check_options", "notified_on", "latency", "execution_time", "percent_state_change", "last_update"}

// newPlan makes the plan for a core with these columns. The map holds table
// names with the columns each has.
func newPlan(core livestatus.Core, has map[string][]string) *plan {
	p := &plan{counts: countingOf(core.Profile, has["status"]), tables: map[string]*tablePlan{}, passed: map[string][]string{}}
	for _, t := range schema.Tables() {
		if t.Source == schema.Passed && len(has[t.Name]) > 0 {
			p.passed[t.Name] = has[t.Name]
		}
	}
	for _, name := range firstReading {
		t, ok := schema.Lookup(name)
		if !ok || t.Source != schema.FromCore {
			continue
		}
		cols := has[name]
		if tp := newTablePlan(t, core.Impl, cols); tp != nil {
			p.order = append(p.order, tp)
			p.tables[name] = tp
		} else if slices.Contains(needed, name) {
			p.missing = append(p.missing, name)
		}
	}
	if status := p.tables["status"]; status != nil {
		p.pulse = status.pulse()
	}
	return p
}

// pulse picks the columns that identify a run of the core, and those that wake.
func (t *tablePlan) pulse() request {
	var sel []column
	for _, f := range t.all.fields {
		if f.name == "program_start" || f.name == "nagios_pid" || wakes(f.core) != sleeps {
			sel = append(sel, f.column)
		}
	}
	return newRequest(t.table, sel)
}

// countingOf says what can be told from the columns of status of a core that
// counts.
func countingOf(profile livestatus.Profile, has []string) counting {
	reliable := func(names ...string) bool {
		return profile.Counters && !slices.ContainsFunc(names, func(n string) bool { return !slices.Contains(has, n) })
	}
	c := counting{checks: reliable("host_checks", "service_checks", "log_messages")}
	// Where commands are not counted each is logged, and ends a wait.
	c.orders = c.checks && (profile.Wait || reliable("external_commands"))
	return c
}

// A waking is what the change of a column of status means.
type waking uint8

const (
	sleeps  waking = iota // nothing: it changes by our asking alone
	checked               // a check
	ordered               // an external command, or something in the log
)

// wakes says what a change of a column of status means.
func wakes(name string) waking {
	switch name {
	case "host_checks", "service_checks":
		return checked
	case "log_messages", "external_commands":
		return ordered
	}
	if strings.HasPrefix(name, "enable_") || strings.HasPrefix(name, "execute_") || strings.HasPrefix(name, "accept_") {
		return ordered
	}
	return sleeps
}

// A planKey is what a plan follows from.
type planKey struct {
	profile livestatus.Profile
	impl    schema.Cores
	columns string
}

// plansAtMost bounds the plans that are kept to be shared. A fleet has as many
// as it has versions of cores.
const plansAtMost = 64

// plan returns the plan for a core with these columns: sites whose cores are
// alike share one.
func (m *Manager) plan(core livestatus.Core, has map[string][]string) *plan {
	var text strings.Builder
	for _, table := range slices.Sorted(maps.Keys(has)) {
		fmt.Fprintln(&text, table, has[table])
	}
	key := planKey{core.Profile, core.Impl, text.String()}
	m.mu.Lock()
	defer m.mu.Unlock()
	if p := m.plans[key]; p != nil {
		return p
	}
	if len(m.plans) >= plansAtMost {
		clear(m.plans)
	}
	p := newPlan(core, has)
	m.plans[key] = p
	return p
}

// tellsAll reports whether the window finds everything that changes.
func (t *tablePlan) tellsAll() bool { return t.window == changedAt || t.window == "last_update" }

// changedAt is the column of another Belvedere that tells when it saw a row
// change. It is asked for, and not kept.
const changedAt = "changed_at"

// newTablePlan returns nil if the core lacks the table or a key column.
func newTablePlan(t *schema.Table, impl schema.Cores, has []string) *tablePlan {
	if len(has) == 0 {
		return nil
	}
	var cols []column
	classes := map[string]schema.Class{}
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Class == schema.Derived {
			continue
		}
		if col, ok := source(t.Name, c, impl, has); ok {
			cols = append(cols, col)
			classes[c.Name] = c.Class
		}
	}
	for _, k := range t.Keys {
		if _, ok := classes[k]; !ok {
			return nil
		}
	}
	var stamped []column // changed_at, where there is one
	if slices.Contains(has, changedAt) {
		stamped = []column{{core: changedAt}}
	}
	pick := func(want func(column) bool) request {
		var sel []column
		for _, c := range cols {
			if slices.Contains(t.Keys, c.name) || want(c) {
				sel = append(sel, c)
			}
		}
		return newRequest(t, sel)
	}
	objects := t.Name == "hosts" || t.Name == "services"
	changes := func(c column) bool {
		return classes[c.name] == schema.Live || classes[c.name] == schema.Settable
	}
	tp := &tablePlan{table: t}
	tp.all = pick(func(column) bool { return true }).and(stamped)
	if t.Name == "status" { // not stored, but good to know
		for _, name := range []string{"num_hosts", "num_services"} {
			if slices.Contains(has, name) {
				tp.all.ask = append(tp.all.ask, name)
			}
		}
	}
	tp.live = pick(changes).and(stamped)
	if objects {
		tp.leadWithMoved(cols, changes, stamped)
	}
	tp.quick = pick(func(c column) bool { return slices.Contains(quickColumns, c.name) })
	tp.deep = pick(func(c column) bool {
		return slices.Contains(quickColumns, c.name) || changes(c) && number(c.kind) && !slices.Contains(restless, c.name) || c.name == "original_attributes"
	})
	switch {
	case stamped != nil:
		tp.window = changedAt
	case !objects:
	case slices.Contains(has, "last_update"):
		tp.window = "last_update"
	case slices.Contains(has, "last_check"):
		tp.window = "last_check"
	}
	tp.executing = slices.Contains(has, "is_executing")
	return tp
}

// leadWithMoved orders the columns of live and all: what few checks move comes
// last, in both alike.
func (t *tablePlan) leadWithMoved(cols []column, changes func(column) bool, moved []column) {
	var key, rest, fixed []column
	for _, c := range cols {
		switch {
		case slices.Contains(t.table.Keys, c.name):
			key = append(key, c)
		case !changes(c):
			fixed = append(fixed, c)
		case slices.Contains(movedColumns, c.name):
			moved = append(moved, c)
		default:
			rest = append(rest, c)
		}
	}
	t.moved = newRequest(t.table, slices.Concat(key, moved))
	t.live = newRequest(t.table, slices.Concat(key, moved, rest))
	t.all = newRequest(t.table, slices.Concat(key, fixed, moved, rest))
	t.live.lead = len(t.moved.ask)
	if n := len(t.live.ask) - t.live.lead; slices.Equal(t.live.ask[t.live.lead:], t.all.ask[len(t.all.ask)-n:]) {
		t.all.lead = len(t.all.ask) - n
	}
	if t.live.lead == len(t.live.ask) || len(moved) == 0 {
		t.live.lead, t.all.lead = 0, 0
	}
}

func number(k schema.Kind) bool { return k == schema.Bool || k == schema.Int || k == schema.Time }

// newRequest lays the columns out: each column of the core is asked once.
func newRequest(t *schema.Table, cols []column) request {
	r := request{table: t.Name}
	position := func(name string) int {
		if name == "" {
			return -1
		}
		if i := slices.Index(r.ask, name); i >= 0 {
			return i
		}
		r.ask = append(r.ask, name)
		return len(r.ask) - 1
	}
	for _, c := range cols {
		f := field{column: c, at: position(c.core), with: position(c.with), key: slices.Contains(t.Keys, c.name)}
		if c.name == "" {
			continue // not kept
		}
		r.fields = append(r.fields, f)
		r.names = append(r.names, c.name)
	}
	for _, k := range t.Keys {
		r.keys = append(r.keys, r.fields[slices.Index(r.names, k)])
	}
	return r
}

// and returns the request with columns more that are asked for and not kept.
func (r request) and(more []column) request {
	for _, c := range more {
		r.ask = append(r.ask, c.core)
	}
	return r
}

// query returns a fresh query for the request.
func (r *request) query() *lql.Query { return lql.Get(r.table, r.ask...) }

// source says where column c of a table comes from at a core with these
// columns: the one place that knows what the implementations mean by their
// columns. ok is false if the core has nothing for it.
func source(table string, c *schema.Column, impl schema.Cores, has []string) (col column, ok bool) {
	col = column{name: c.Name, kind: c.Kind, core: c.Name, to: byKind(c.Kind)}
	objects := table == "hosts" || table == "services"
	switch c.Name {
	case "state", "last_state", "last_hard_state", "hard_state":
		if objects {
			col.with, col.to = "has_been_checked", toState
		}
	case "acknowledgement_type":
		col.with, col.to = "acknowledged", toAckType
	case "long_plugin_output":
		col.to = toLines
	case "modified_attributes_list":
		col.core, col.to = "modified_attributes", toAttributes
	case "type":
		if table == "downtimes" {
			col.core, col.to = "is_service", toDowntimeType
		} else if table == "comments" {
			col.core, col.to = "is_service", toCommentType
		}
	case "custom_variable_names", "custom_variable_values", "custom_variables":
		return variableSource(c, has)
	}
	if !slices.Contains(has, col.core) {
		return column{}, false
	}
	if col.with != "" && !slices.Contains(has, col.with) {
		col.with, col.to = "", byKind(c.Kind)
		if c.Kind == schema.Int && objects {
			col.to = toState // reads names, too
		}
	}
	return col, true
}

// variableSource takes all three columns of custom variables from their names
// and values: these are the only two that every core sends alike. Icinga 2
// has other names for those of contacts.
func variableSource(c *schema.Column, has []string) (col column, ok bool) {
	col = column{name: c.Name, kind: c.Kind}
	switch c.Name {
	case "custom_variable_names":
		col.to = toVariableNames
	case "custom_variable_values":
		col.to = toVariableValues
	default:
		col.to = toVariables
	}
	for _, prefix := range []string{"custom_variable_", "vars_variable_"} {
		if slices.Contains(has, prefix+"names") && slices.Contains(has, prefix+"values") {
			col.core, col.with = prefix+"names", prefix+"values"
			return col, true
		}
	}
	return column{}, false
}

// cell returns the cell at i, null for -1.
func cell(cells []livestatus.Cell, i int) livestatus.Cell {
	if i < 0 {
		return livestatus.Cell{}
	}
	return cells[i]
}
