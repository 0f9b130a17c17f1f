package query

import (
	"strings"
	"sync"
	"time"

	"belvedere/internal/schema"
	"belvedere/internal/store"
)

// columnsTable makes the rows of columns and tables: every column of every
// table, by table, then name.
func columnsTable(t *schema.Table) *store.Table {
	type row struct{ table, name, typ, doc string }
	var rows []row
	for _, st := range schema.Tables() {
		for _, name := range st.Names() {
			ref, err := st.Resolve(name)
			if err != nil {
				continue
			}
			rows = append(rows, row{st.Name, name, typeName(ref.Column.Kind), ref.Column.Doc})
		}
	}
	return store.NewTable(t, len(rows), func(r *store.Rows) {
		for _, x := range rows {
			for i := range t.Columns {
				switch t.Columns[i].Name {
				case "table":
					r.Text(i, []byte(x.table))
				case "name":
					r.Text(i, []byte(x.name))
				case "type":
					r.Text(i, []byte(x.typ))
				case "description":
					r.Text(i, []byte(x.doc))
				}
			}
			_ = r.EndRow()
		}
	})
}

// typeName is the type the columns table names a kind by.
func typeName(k schema.Kind) string {
	switch k {
	case schema.Bool, schema.Int:
		return "int"
	case schema.Time:
		return "time"
	case schema.Float:
		return "float"
	case schema.Text:
		return "string"
	case schema.Dict:
		return "dict"
	}
	return "list"
}

// siteTable makes the one row of a site in sites and backends.
func siteTable(t *schema.Table, s *siteRun) *store.Table {
	s.facts = siteValues(s)
	if row, ok := oneRow.Load(t); ok {
		return row.(*store.Table)
	}
	row, _ := oneRow.LoadOrStore(t, store.NewTable(t, 1, func(r *store.Rows) { _ = r.EndRow() }))
	return row.(*store.Table)
}

// oneRow has a table of one empty row for each schema table of which a site is
// one row. Its values are in siteRun.facts.
var oneRow sync.Map

// fact makes o a fact about the site.
func (o *operand) fact(v any) {
	switch v := v.(type) {
	case string:
		o.zeroB = []byte(v)
	case int64:
		o.zeroN = v
	case float64:
		o.zeroF = v
	case []string:
		for _, e := range v {
			o.zeroB = store.AppendText(o.zeroB, []byte(e))
		}
	}
}

// lmdStatus numbers the health of a site as LMD does.
func lmdStatus(h store.HealthState) int64 {
	switch h {
	case store.Fresh:
		return 0
	case store.Late:
		return 1
	case store.Incompatible:
		return 3
	case store.Pending:
		return 4
	}
	return 2
}

func siteValues(s *siteRun) map[string]any {
	info, h := s.view.Info, s.view.Health
	cause, lastError := causeFor(s.run.viewer, h), ""
	if h.State != store.Fresh {
		lastError = cause
	}
	address := info.Address
	if h.ActiveAddress != "" {
		address = h.ActiveAddress
	}
	if !s.run.viewer.All { // how a site is reached is not for everybody
		address = ""
	}
	return map[string]any{
		"peer_key": info.Key, "peer_name": info.Name, "peer_section": info.Section, "key": info.Key, "name": info.Name,
		"section": info.Section, "addr": address, "status": lmdStatus(h.State), "state": h.State.String(), "cause": cause,
		"last_error": lastError, "last_update": seconds(s.snap.Taken()), "last_online": unix(h.LastOK),
		"last_query": s.run.e.last.Load(), "response_time": h.Latency.Seconds(), "bytes_received": h.BytesIn,
		"bytes_send": h.BytesOut, "queries": h.Queries, "implementation": h.Implementation, "version": h.Version,
		"transport": h.Transport, "interval": h.Interval.Seconds(), "clock_skew": h.ClockSkew.Seconds(),
		"localtime": seconds(s.run.now.Add(h.ClockSkew)), "hosts": s.rowCount("hosts"), "services": s.rowCount("services"),
		"path": pathOf(s.run.e.o.Instance, h.Path), "lmd_version": s.run.e.o.Version, "flags": flagsOf(strings.TrimSpace(h.Implementation)),
	}
}

// pathOf is the way of a site's data, this program included.
func pathOf(instance string, before []string) []string {
	if instance == "" {
		return before
	}
	return append([]string{instance}, before...)
}

func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMicro()) / 1e6
}
