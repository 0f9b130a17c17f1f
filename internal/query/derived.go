package query

import (
	"math"
	"strings"
	"time"

	"belvedere/internal/schema"
	"belvedere/internal/store"
)

// derive makes o a column that is computed from others, by its name.
func (s *siteRun) derive(o *operand, c *schema.Column) {
	t := o.place.table
	if o.constantText(c.Name, s.view.Info) {
		return
	}
	if base, ok := strings.CutSuffix(c.Name, "_lc"); ok {
		o.col, o.xform = t.ColumnNamed(base), lower
		return
	}
	if o.place.name == "status" && (c.Name == "num_hosts" || c.Name == "num_services") {
		n := s.rowCount(strings.TrimPrefix(c.Name, "num_"))
		o.num = func(int) int64 { return n }
		return
	}
	if c.Name == "belvedere_version" {
		s.siteValue(o, s.run.e.o.Version)
		return
	}
	if rest, ok := strings.CutPrefix(c.Name, "peer_"); ok {
		s.siteValue(o, s.fact(rest))
		return
	}
	if c.Name == "changed_at" {
		o.col = t.Stamps()
		return
	}
	if part, ok := tallies[c.Name]; ok {
		s.deriveTally(o, part)
		return
	}
	if fn, ok := objectColumns[c.Name]; ok {
		fn(s, o)
		return
	}
	s.deriveList(o, c.Name)
}

// siteValue makes o a fact about the site, equal in all rows.
func (s *siteRun) siteValue(o *operand, v any) {
	switch x := v.(type) {
	case string:
		o.bytes = func(int) []byte { return []byte(x) }
	case int64:
		o.num = func(int) int64 { return x }
	case float64:
		o.float = func(int) float64 { return x }
	}
}

// rowCount returns how many rows of a table the viewer sees.
func (s *siteRun) rowCount(table string) int64 {
	if s.rights == nil {
		return int64(s.snap.Rows(table))
	}
	return int64(countBits(s.rights.rows(table)))
}

// constantText handles the columns that name the site of a row.
func (o *operand) constantText(name string, info store.SiteInfo) bool {
	switch name {
	case "peer_key":
		o.zeroB = []byte(info.Key)
	case "peer_name":
		o.zeroB = []byte(info.Name)
	case "peer_section":
		o.zeroB = []byte(info.Section)
	default:
		return false
	}
	return true
}

// intOf reads a number column of a table by row, or its default.
func intOf(t *store.Table, name string) func(row int) int64 {
	if c := t.ColumnNamed(name); c != nil {
		return c.Int
	}
	var def int64
	if t != nil {
		if c, ok := t.Schema().Column(name); ok {
			def = atoi(c.Default)
		}
	}
	return func(int) int64 { return def }
}

// floatOf and textOf are intOf for floats and texts.
func floatOf(t *store.Table, name string) func(row int) float64 {
	if c := t.ColumnNamed(name); c != nil {
		return c.Float
	}
	return func(int) float64 { return 0 }
}

func textOf(t *store.Table, name string) func(row int) []byte {
	if c := t.ColumnNamed(name); c != nil {
		return c.Bytes
	}
	return func(int) []byte { return nil }
}

// objectColumns are derived columns of one row's own values.
var objectColumns = map[string]func(s *siteRun, o *operand){
	"hard_state": func(s *siteRun, o *operand) {
		state, typ, hard := intOf(o.place.table, "state"), intOf(o.place.table, "state_type"), intOf(o.place.table, "last_hard_state")
		o.num = func(row int) int64 {
			if v := state(row); v == 0 || typ(row) == 1 {
				return v
			}
			return hard(row)
		}
	},
	"has_long_plugin_output": func(s *siteRun, o *operand) {
		long := textOf(o.place.table, "long_plugin_output")
		o.num = func(row int) int64 { return flag(len(long(row)) > 0) }
	},
	"last_state_change_order": func(s *siteRun, o *operand) {
		change := intOf(o.place.table, "last_state_change")
		start := s.snap.Int("status", "program_start", 0)
		o.num = func(row int) int64 {
			if v := change(row); v != 0 {
				return v
			}
			return start
		}
	},
	"should_be_scheduled": func(s *siteRun, o *operand) {
		every, active := floatOf(o.place.table, "check_interval"), intOf(o.place.table, "active_checks_enabled")
		o.num = func(row int) int64 { return flag(every(row) > 0 && active(row) != 0) }
	},
	"owner":           func(s *siteRun, o *operand) { s.owner(o) },
	"owner_with_info": func(s *siteRun, o *operand) { s.ownerInfo(o) },
	"staleness":       func(s *siteRun, o *operand) { s.staleness(o) },
	"state_order": func(s *siteRun, o *operand) {
		state := intOf(o.place.table, "state")
		o.num = func(row int) int64 {
			if v := state(row); v != 2 {
				return v
			}
			return 4
		}
	},
	"localtime": func(s *siteRun, o *operand) {
		o.float = func(int) float64 {
			at := s.run.now.Add(s.view.Health.ClockSkew)
			return float64(at.UnixMicro()) / 1e6
		}
	},
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// staleness is the age of the last result in check intervals, by the core's
// clock.
func (s *siteRun) staleness(o *operand) {
	last, every := intOf(o.place.table, "last_check"), floatOf(o.place.table, "check_interval")
	unit := float64(s.snap.Int("status", "interval_length", 0))
	if unit <= 0 {
		unit = 60
	}
	now := s.run.now.Add(s.view.Health.ClockSkew).Truncate(time.Second).Unix()
	o.float = func(row int) float64 {
		e := every(row)
		if e <= 0 {
			e = 1
		}
		return float64(now-last(row)) / (e * unit)
	}
}

// deriveList makes o a derived list, and reports whether there is one of that
// name.
func (s *siteRun) deriveList(o *operand, name string) bool {
	switch name {
	case "services":
		s.servicesOf(o, nil)
	case "services_with_state":
		s.servicesOf(o, []string{"state", "has_been_checked"})
	case "services_with_info":
		s.servicesOf(o, []string{"state", "has_been_checked", "plugin_output"})
	case "services_with_fullstate":
		s.servicesOf(o, fullState)
	case "comments", "downtimes":
		s.notesOf(o, name, nil)
	case "comments_with_info":
		s.notesOf(o, "comments", commentInfo)
	case "comments_with_extra_info":
		s.notesOf(o, "comments", commentExtra)
	case "downtimes_with_info":
		s.notesOf(o, "downtimes", downtimeInfo)
	case "downtimes_with_extra_info":
		s.notesOf(o, "downtimes", downtimeExtra)
	case "members_with_state":
		s.membersWithState(o)
	default:
		return false
	}
	return true
}

var (
	fullState = []string{"state", "has_been_checked", "plugin_output", "hard_state", "current_attempt", "max_check_attempts",
		"scheduled_downtime_depth", "acknowledged", "in_service_period"}
	commentInfo   = []string{"author", "comment", "entry_time", "entry_type", "expires", "expire_time"}
	commentExtra  = []string{"author", "comment", "entry_type", "entry_time"}
	downtimeInfo  = []string{"author", "comment", "entry_time", "start_time", "end_time", "fixed", "duration", "triggered_by"}
	downtimeExtra = []string{"author", "comment", "origin", "entry_time", "start_time", "end_time", "fixed", "duration", "recurring", "is_pending"}
)

// sees returns which rows of a table the viewer sees.
func (s *siteRun) sees(table string) func(row int) bool {
	if s.rights == nil {
		return func(int) bool { return true }
	}
	bits := s.rights.rows(table)
	return func(row int) bool { return bitOf(bits, row) }
}

// cells returns a function that gives the named columns of a row as the cells
// of a tuple.
func (s *siteRun) cells(table string, names []string) func(row int, t []any) []any {
	t := s.snap.Table(table)
	var gets []func(row int) any
	for _, n := range names {
		ref := schemaIndex(t.Schema(), n)
		o := s.at(place{table: t, name: t.Schema().Name, base: t.Schema()}, ref)
		gets = append(gets, func(row int) any { return o.cell(row) })
	}
	return func(row int, out []any) []any {
		for _, g := range gets {
			out = append(out, g(row))
		}
		return out
	}
}

// cell returns a number or text as the cell of a tuple.
func (o *operand) cell(end int) any {
	switch {
	case isText(o.kind):
		return string(o.bytesAt(end))
	case o.kind == schema.Float:
		return o.floatAt(end)
	}
	return o.intAt(end)
}

func schemaIndex(t *schema.Table, name string) int {
	for i := range t.Columns {
		if t.Columns[i].Name == name {
			return i
		}
	}
	return 0
}

// servicesOf lists the services of a host: their descriptions, or tuples.
func (s *siteRun) servicesOf(o *operand, info []string) {
	services := s.snap.Table("services")
	if services == nil {
		return
	}
	sees := s.sees("services")
	desc := textOf(services, "description")
	cells := s.cells("services", info)
	o.bytes = func(row int) []byte {
		from, to := services.Span(row)
		var out []byte
		var tuples [][]any
		for r := from; r < to; r++ {
			switch {
			case !sees(r):
			case info == nil:
				out = store.AppendText(out, desc(r))
			default:
				tuples = append(tuples, cells(r, []any{string(desc(r))}))
			}
		}
		if info == nil {
			return out
		}
		return store.EncodeTuples(tuples)
	}
}

// notesOf lists the comments or downtimes of a host or service: their numbers,
// or tuples.
func (s *siteRun) notesOf(o *operand, table string, info []string) {
	notes := s.snap.Table(table)
	if notes == nil {
		return
	}
	of := s.attached(o, notes)
	id := intOf(notes, "id")
	cells := s.cells(table, info)
	o.bytes = func(row int) []byte {
		var ids []int64
		var tuples [][]any
		for _, r := range of(row) {
			if info == nil {
				ids = append(ids, id(int(r)))
			} else {
				tuples = append(tuples, cells(int(r), []any{id(int(r))}))
			}
		}
		if info == nil {
			return store.EncodeInts(ids)
		}
		return store.EncodeTuples(tuples)
	}
}

// membersWithState lists the members of a group with their state.
func (s *siteRun) membersWithState(o *operand) {
	of := "hosts"
	if o.place.name == "servicegroups" {
		of = "services"
	}
	members := s.snap.Groups(o.place.name, of)
	t := s.snap.Table(of)
	if t == nil {
		return
	}
	sees := s.sees(of)
	names := []string{"name", "state", "has_been_checked"}
	if of == "services" {
		names = []string{"host_name", "description", "state", "has_been_checked"}
	}
	get := make([]*operand, len(names))
	for i, n := range names {
		get[i] = s.at(place{table: t, name: t.Schema().Name, base: t.Schema()}, schemaIndex(t.Schema(), n))
	}
	o.bytes = func(row int) []byte {
		var tuples [][]any
		for _, m := range members[row] {
			if !sees(int(m)) {
				continue
			}
			var tuple []any
			for _, g := range get {
				tuple = append(tuple, g.cell(g.place.end(int(m))))
			}
			tuples = append(tuples, tuple)
		}
		return store.EncodeTuples(tuples)
	}
}

// worst orders states from best to worst.
func worstService(state int64) int8 {
	switch state {
	case 2:
		return 4
	case 3:
		return 3
	}
	return int8(state)
}

// finite makes NaN and infinities 0, as nothing of the sort is ever answered.
func finite(f float64) float64 {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return 0
	}
	return f
}
