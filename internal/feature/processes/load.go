// Package processes is the room of the cores as programs: versions, switches,
// how much they check and how late, for all sites and one by one.
package processes

import (
	"context"
	"fmt"
	"time"

	"belvedere/internal/lql"
	"belvedere/internal/web/status"
)

// spans are the times within which checks are counted.
func spans() []time.Duration {
	return []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}
}

// A process is the core of one site.
type process struct {
	key, name, state, cause string
	core, version           string
	hosts, services         int
	last                    int64
	known                   bool         // its table status was read
	row                     status.Cells // of table status
	index                   int
	work                    [2]checks // hosts, services
}

// stale reports whether what is shown is old.
func (p process) stale() bool { return p.state != "fresh" && p.state != "paused" }

func (p process) text(column string) string   { return p.row.Text(column, p.index) }
func (p process) int(column string) int64     { return p.row.Int(column, p.index) }
func (p process) float(column string) float64 { return p.row.Float(column, p.index) }

// has reports whether the core has the column.
func (p process) has(column string) bool { return p.known && p.row.Has(column) }

// rate returns how many checks of hosts and services the core runs a second.
func (p process) rate() float64 { return p.float("host_checks_rate") + p.float("service_checks_rate") }

// checks say how the hosts, or services, of a site are checked.
type checks struct {
	active, passive, off  int
	within                []int   // active ones whose last check is that young, by spans
	latency, latencyMost  float64 // seconds
	execution, executMost float64
}

// A picture is what the pages show.
type picture struct {
	processes []process
	parts     []lql.Part
}

// columns are what is read of table status.
func columns() []string {
	out := []string{"peer_key", "program_version", "program_start", "nagios_pid", "livestatus_version", "last_command_check", "last_log_rotation",
		"interval_length", "external_commands_rate", "external_command_buffer_usage", "external_command_buffer_slots", "external_command_buffer_max"}
	for _, s := range switches() {
		out = append(out, s.column)
	}
	for _, r := range rates() {
		out = append(out, r.rate, r.total)
	}
	return out
}

// load reads all processes, or only that of the site key when it is not "".
func load(ctx context.Context, q lql.Querier, key string, now time.Time) (*picture, error) {
	p := &picture{}
	sites := lql.Get("sites", "key", "name", "state", "cause", "implementation", "version", "hosts", "services", "last_update")
	query := lql.Get("status", columns()...)
	if key != "" {
		sites.Where(lql.Eq("key", key))
		query.Where(lql.Eq("peer_key", key))
	}
	res, err := q.Query(ctx, sites)
	if err != nil {
		return nil, fmt.Errorf("processes: sites: %w", err)
	}
	at := map[string]int{}
	for i := range res.Rows {
		at[res.Text(i, "key")] = i
		p.processes = append(p.processes, process{key: res.Text(i, "key"), name: res.Text(i, "name"), state: res.Text(i, "state"), cause: res.Text(i, "cause"),
			core: res.Text(i, "implementation"), version: res.Text(i, "version"), hosts: int(res.Int(i, "hosts")), services: int(res.Int(i, "services")), last: res.Int(i, "last_update")})
	}
	if res, err = q.Query(ctx, query); err != nil {
		return nil, fmt.Errorf("processes: status: %w", err)
	}
	for _, part := range res.Parts {
		if key == "" || part.Key == key {
			p.parts = append(p.parts, part)
		}
	}
	cells := status.Of(res)
	for i := range cells.Rows() {
		if n, ok := at[cells.Text("peer_key", i)]; ok {
			p.processes[n].known, p.processes[n].row, p.processes[n].index = true, cells, i
		}
	}
	for n, table := range []string{"hosts", "services"} {
		if err := p.loadChecks(ctx, q, n, table, key, at, now); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// loadChecks counts how a table is checked, by site.
func (p *picture) loadChecks(ctx context.Context, q lql.Querier, n int, table, key string, at map[string]int, now time.Time) error {
	active := lql.Eq("active_checks_enabled", "1")
	stats := func(where ...lql.Filter) *lql.Query {
		query := lql.Get(table)
		query.GroupBy = []string{"peer_key"}
		if key != "" {
			where = append(where, lql.Eq("peer_key", key))
		}
		return query.Where(where...)
	}
	query := stats().Count(active, lql.AndOf(lql.Eq("active_checks_enabled", "0"), lql.Eq("accept_passive_checks", "1")),
		lql.AndOf(lql.Eq("active_checks_enabled", "0"), lql.Eq("accept_passive_checks", "0")))
	for _, s := range spans() {
		query.Count(lql.AndOf(active, lql.Cmp("last_check", lql.GreaterOrEqual, fmt.Sprint(now.Add(-s).Unix()))))
	}
	res, err := q.Query(ctx, query)
	if err != nil {
		return fmt.Errorf("processes: %s: %w", table, err)
	}
	for i := range res.Rows {
		if k, ok := at[res.Vectors[0].Text(i)]; ok {
			c := &p.processes[k].work[n]
			count := func(v int) int { return int(res.Vectors[v].Int(i)) }
			c.active, c.passive, c.off = count(1), count(2), count(3)
			for s := range spans() {
				c.within = append(c.within, count(4+s))
			}
		}
	}
	times := stats(active, lql.Eq("has_been_checked", "1"))
	times.Stats = []lql.Stat{{Agg: lql.Avg, Column: "latency"}, {Agg: lql.Max, Column: "latency"}, {Agg: lql.Avg, Column: "execution_time"}, {Agg: lql.Max, Column: "execution_time"}}
	if res, err = q.Query(ctx, times); err != nil {
		return fmt.Errorf("processes: times of %s: %w", table, err)
	}
	for i := range res.Rows {
		if k, ok := at[res.Vectors[0].Text(i)]; ok {
			c := &p.processes[k].work[n]
			seconds := func(v int) float64 { return res.Vectors[v].Float(i) }
			c.latency, c.latencyMost, c.execution, c.executMost = seconds(1), seconds(2), seconds(3), seconds(4)
		}
	}
	return nil
}
