package compat

import (
	"context"
	"slices"
	"testing"
	"time"

	"belvedere/internal/lql"
	"belvedere/internal/query"
	"belvedere/internal/schema"
	"belvedere/internal/store"
)

// now is what the clock shows.
const now = 1_790_000_000

type (
	row   = map[string]any
	pairs = [][2]string // of a dictionary, or host and service
	names = []string
)

// A monitored is one site of the fleet.
type monitored struct {
	info   store.SiteInfo
	health store.Health
	taken  int64
	tables map[string][]row // with log and statehist, which are asked for
}

// newWorld returns an engine over the fleet of three sites: the last one is out
// of reach, and what it said ten minutes ago is kept.
func newWorld(t *testing.T) *query.Engine {
	fleet := store.NewFleet(store.Options{})
	logs := map[string]map[string][]row{}
	for _, m := range []monitored{berlin(), wien(), zürich()} {
		logs[m.info.Key] = m.tables
		site := fleet.Add(m.info)
		b := site.Begin()
		for _, table := range schema.Tables() {
			if table.Source == schema.FromCore {
				feed(t, b.Replace(table.Name), m.tables[table.Name])
			}
		}
		if _, err := b.Commit(time.Unix(m.taken, 0)); err != nil {
			t.Fatal(err)
		}
		site.SetHealth(m.health)
	}
	return query.New(query.Options{
		Fleet: fleet, Version: "1.0", Now: func() time.Time { return time.Unix(now, 0) },
		Passed: func(_ context.Context, site string, q *lql.Query) (*lql.Result, error) {
			return passed(logs[site][q.Table], q), nil
		},
	})
}

// feed sets the cells of rows; what a row does not have is as its column's
// default.
func feed(t *testing.T, to *store.Rows, rows []row) {
	t.Helper()
	var columns []string
	for _, r := range rows {
		for name := range r {
			if !slices.Contains(columns, name) {
				columns = append(columns, name)
			}
		}
	}
	if err := to.Columns(columns...); err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		for i, name := range columns {
			cell(to, i, name, r[name])
		}
		if err := to.EndRow(); err != nil {
			t.Fatal(err)
		}
	}
}

func cell(to *store.Rows, i int, name string, value any) {
	switch v := value.(type) {
	case int:
		to.Int(i, int64(v))
	case float64:
		to.Float(i, v)
	case string:
		to.Text(i, []byte(v))
	case names:
		var l [][]byte
		for _, s := range v {
			l = append(l, []byte(s))
		}
		to.TextList(i, l)
	case pairs:
		var l [][2][]byte
		for _, p := range v {
			l = append(l, [2][]byte{[]byte(p[0]), []byte(p[1])})
		}
		if name == "members" {
			to.Members(i, l)
		} else {
			to.Dict(i, l)
		}
	}
}

// passed answers for a site that is asked for its log or history: everything,
// as the engine chooses again.
func passed(rows []row, q *lql.Query) *lql.Result {
	table, _ := schema.Lookup(q.Table)
	res := &lql.Result{Rows: len(rows), Total: len(rows)}
	for _, name := range q.Columns {
		v := lql.Vector{Name: name, Kind: lql.Ints}
		if c, _ := table.Column(name); c.Kind == schema.Text {
			v.Kind = lql.Texts
		} else if c.Kind == schema.Float {
			v.Kind = lql.Floats
		}
		for _, r := range rows {
			n, _ := r[name].(int)
			f, _ := r[name].(float64)
			s, _ := r[name].(string)
			v.Ints, v.Floats, v.Texts = append(v.Ints, int64(n)), append(v.Floats, f), append(v.Texts, s)
		}
		res.Vectors = append(res.Vectors, v)
	}
	return res
}

// host and service make a row that was checked; more is added.
func host(name string, state int, more row) row {
	return with(row{"name": name, "state": state, "state_type": 1, "last_hard_state": state, "has_been_checked": 1,
		"current_attempt": 1, "max_check_attempts": 3, "active_checks_enabled": 1, "notifications_enabled": 1}, more)
}

func service(host, description string, state int, more row) row {
	r := with(row{"host_name": host, "description": description, "state": state, "state_type": 1, "last_hard_state": state,
		"has_been_checked": 1, "current_attempt": 1, "max_check_attempts": 3, "check_interval": 1.0, "active_checks_enabled": 1}, more)
	if state > 0 && r["current_attempt"] == 1 {
		r["current_attempt"] = 3
	}
	return r
}

func with(r, more row) row {
	for k, v := range more {
		r[k] = v
	}
	return r
}
