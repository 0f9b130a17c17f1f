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
	s.facts = true
	if row, ok := oneRow.Load(t); ok {
		return row.(*store.Table)
	}
	row, _ := oneRow.LoadOrStore(t, store.NewTable(t, 1, func(r *store.Rows) { _ = r.EndRow() }))
	return row.(*store.Table)
}

// oneRow has a table of one empty row for each schema table of which a site is
// one row. Its values are what [siteRun.fact] says.
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

// fact returns the value of a column of the site's only row; nil when there is
// none of that name.
func (s *siteRun) fact(name string) any {
	info, h := s.view.Info, s.view.Health
	switch name {
	case "peer_key", "key":
		return info.Key
	case "peer_name", "name":
		return info.Name
	case "peer_section", "section":
		return info.Section
	case "addr":
		return s.address()
	case "status":
		return lmdStatus(h.State)
	case "state":
		return h.State.String()
	case "cause":
		return causeFor(s.run.viewer, h)
	case "last_error":
		if h.State == store.Fresh {
			return ""
		}
		return causeFor(s.run.viewer, h)
	case "last_update":
		return seconds(s.snap.Taken())
	case "last_online":
		return unix(h.LastOK)
	case "last_query":
		return s.run.e.last.Load()
	case "hosts", "services":
		return s.rowCount(name)
	case "path":
		return pathOf(s.run.e.o.Instance, h.Path)
	case "lmd_version":
		return s.run.e.o.Version
	case "localtime":
		return seconds(s.run.now.Add(h.ClockSkew))
	}
	return connection(h, name)
}

// address returns how the site is reached, which is not for everybody.
func (s *siteRun) address() string {
	switch {
	case !s.run.viewer.All:
		return ""
	case s.view.Health.ActiveAddress != "":
		return s.view.Health.ActiveAddress
	}
	return s.view.Info.Address
}

// connection is fact for what is known of the connection and the core behind it.
func connection(h store.Health, name string) any {
	switch name {
	case "response_time":
		return h.Latency.Seconds()
	case "bytes_received":
		return h.BytesIn
	case "bytes_send":
		return h.BytesOut
	case "queries":
		return h.Queries
	case "implementation":
		return h.Implementation
	case "version":
		return h.Version
	case "transport":
		return h.Transport
	case "interval":
		return h.Interval.Seconds()
	case "clock_skew":
		return h.ClockSkew.Seconds()
	case "flags":
		return flagsOf(strings.TrimSpace(h.Implementation))
	}
	return nil
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
