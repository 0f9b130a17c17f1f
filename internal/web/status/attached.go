package status

import (
	"strconv"
	"time"

	"belvedere/internal/lql"
	"belvedere/internal/web/ui"
)

// AttachedColumns returns the columns of the tables comments and downtimes that
// [Attached] reads.
func AttachedColumns() []string {
	return []string{"id", "peer_key", "peer_name", "host_name", "service_description",
		"host_state", "host_has_been_checked", "host_acknowledged", "host_scheduled_downtime_depth",
		"service_state", "service_has_been_checked", "service_acknowledged", "service_scheduled_downtime_depth"}
}

// Attached returns the rows of a result over comments or downtimes, each as the
// host or service that it is on, with the row's own id.
func Attached(res *lql.Result) []Row {
	c := Of(res)
	parts := c.Parts()
	rows := make([]Row, c.Rows())
	for i := range rows {
		r := &rows[i]
		r.Cells, r.Index = c, i
		r.Site, r.SiteName = c.Text("peer_key", i), c.Text("peer_name", i)
		r.Host, r.Service = c.Text("host_name", i), c.Text("service_description", i)
		r.ID = RowID(r.Site, r.Host, r.Service) + "|" + strconv.FormatInt(c.Int("id", i), 10)
		r.HostState = ui.HostState(c.Int("host_state", i), c.Bool("host_has_been_checked", i), false)
		r.Acked, r.Downtime = c.Bool("host_acknowledged", i), c.Int("host_scheduled_downtime_depth", i) > 0
		r.State = r.HostState
		if r.Service != "" {
			r.State = ui.ServiceState(c.Int("service_state", i), c.Bool("service_has_been_checked", i), false)
			r.Acked = c.Bool("service_acknowledged", i)
			r.Downtime = r.Downtime || c.Int("service_scheduled_downtime_depth", i) > 0
			r.HostProblem = r.HostState.Problem()
		}
		r.State.Done = r.Handled()
		if p, ok := parts[r.Site]; ok {
			r.Stale = p.Err != ""
		}
	}
	return rows
}

// AttachedOrder are the states of the hosts and services that rows of the tables
// comments and downtimes are on, from the worst, as filters.
func AttachedOrder() []lql.Filter {
	host, service := lql.Eq("service_description", ""), lql.Cmp("service_description", lql.NotEqual, "")
	of := func(object lql.Filter, prefix, state string) lql.Filter {
		return lql.AndOf(object, lql.Eq(prefix+"has_been_checked", "1"), lql.Eq(prefix+"state", state))
	}
	return []lql.Filter{
		of(host, "host_", "1"), of(service, "service_", "2"), of(service, "service_", "3"), of(service, "service_", "1"), of(host, "host_", "2"),
		lql.OrOf(lql.AndOf(host, lql.Eq("host_has_been_checked", "0")), lql.AndOf(service, lql.Eq("service_has_been_checked", "0"))),
		lql.OrOf(of(host, "host_", "0"), of(service, "service_", "0")),
	}
}

// A Window is the time that a downtime is planned for.
type Window struct {
	Start, End time.Time
	Flexible   bool          // begins with a problem within the time
	Lasts      time.Duration // once it has begun
	Begun      bool          // flexible ones: the object is in a downtime
}

// WindowOf reads the columns start_time, end_time, fixed and duration of a row
// of table downtimes.
func WindowOf(r Row) Window {
	w := Window{
		Start: Unix(r.Cells.Int("start_time", r.Index)), End: Unix(r.Cells.Int("end_time", r.Index)),
		Flexible: !r.Cells.Bool("fixed", r.Index), Lasts: time.Duration(r.Cells.Int("duration", r.Index)) * time.Second, Begun: r.Downtime,
	}
	if !w.Flexible {
		w.Lasts = w.End.Sub(w.Start)
	}
	return w
}

// Open reports whether now lies in the planned time.
func (w Window) Open(now time.Time) bool { return !w.Start.After(now) && w.End.After(now) }
