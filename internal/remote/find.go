package remote

import (
	"cmp"
	"context"

	"fmt"
	"slices"
	"strings"
	"time"

	"belvedere/internal/command"
	"belvedere/internal/lql"
	"belvedere/internal/search"
)

// A Found is an object that a filter matches.
type Found struct {
	Site     string // name
	Target   command.Target
	State    int64
	Pending  bool // not checked yet
	Output   string
	Acked    bool
	Downtime bool
}

// Compare orders by site, host and service.
func (f Found) Compare(g Found) int {
	return cmp.Or(strings.Compare(f.Site, g.Site), strings.Compare(f.Target.Host, g.Target.Host), strings.Compare(f.Target.Service, g.Target.Service))
}

// Find returns the hosts and services, whichever tables name, for which a
// filter of the query bar holds, and which, in the order of site, host and
// service. now gives ages their meaning, and its location dates. Errors are
// [*search.Error] and those of the other end, and [*Error] when there are more
// than an order may act on.
func (r *Remote) Find(ctx context.Context, filter string, now time.Time, tables []string, which ...lql.Filter) ([]Found, error) {
	e, err := search.Parse(filter)
	if err != nil {
		return nil, err
	}
	q := r.Querier()
	filters, err := search.Bind(ctx, q, e, now, tables...)
	if err != nil {
		return nil, err
	}
	var out []Found
	for i, table := range tables {
		if search.Never(filters[i]) {
			continue
		}
		found, err := find(ctx, q, table, append([]lql.Filter{filters[i]}, which...))
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	if len(out) > command.TargetsMost {
		return nil, &Error{Msg: fmt.Sprintf("The filter matches more than %d objects.", command.TargetsMost), Hint: "Narrow it: an order acts on no more than that."}
	}
	slices.SortStableFunc(out, Found.Compare)
	return out, nil
}

// find asks for the rows of one table.
func find(ctx context.Context, q lql.Querier, table string, filters []lql.Filter) ([]Found, error) {
	host, service := "name", ""
	if table == "services" {
		host, service = "host_name", "description"
	}
	columns := []string{"peer_key", "peer_name", host, "state", "has_been_checked", "acknowledged", "scheduled_downtime_depth", "plugin_output"}
	if service != "" {
		columns = append(columns, service)
	}
	query := lql.Get(table, columns...).Where(filters...)
	query.Limit = command.TargetsMost + 1
	res, err := q.Query(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("remote: find %s: %w", table, err)
	}
	out := make([]Found, res.Rows)
	for i := range out {
		f := Found{
			Site: res.Text(i, "peer_name"), Target: command.Target{Site: res.Text(i, "peer_key"), Host: res.Text(i, host)},
			State: res.Int(i, "state"), Pending: res.Int(i, "has_been_checked") == 0, Output: res.Text(i, "plugin_output"),
			Acked: res.Int(i, "acknowledged") != 0, Downtime: res.Int(i, "scheduled_downtime_depth") > 0,
		}
		if service != "" {
			f.Target.Service = res.Text(i, service)
		}
		out[i] = f
	}
	return out, nil
}
