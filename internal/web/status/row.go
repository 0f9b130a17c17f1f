package status

import (
	"strconv"
	"strings"
	"time"

	"belvedere/internal/lql"
	"belvedere/internal/web/ui"
)

// NewFor is how long a problem carries the mark "new".
const NewFor = 5 * time.Minute

// common are the columns that hosts and services have alike.
func common() []string {
	return []string{
		"state", "has_been_checked", "state_type", "acknowledged", "scheduled_downtime_depth",
		"is_flapping", "notifications_enabled", "active_checks_enabled", "accept_passive_checks",
		"current_attempt", "max_check_attempts", "last_state_change", "last_check", "next_check",
		"last_notification", "current_notification_number",
		"plugin_output", "peer_key", "peer_name",
	}
}

// Room is the class of a name that leaves room for the marks behind it.
func (r Row) Room() string {
	n := 0
	for _, there := range []bool{r.New, r.Silent, r.Unchecked, r.Flapping} {
		if there {
			n++
		}
	}
	return [...]string{"", "mk", "mk mk2", "mk mk2", "mk mk2"}[n]
}

// HostColumns returns the columns of table hosts that [Hosts] reads; a result
// that also has [InfoColumns] gets owners.
func HostColumns() []string {
	return append([]string{"name", "alias", "address"}, common()...)
}

// ServiceColumns returns the columns of table services that [Services] reads.
func ServiceColumns() []string {
	return append([]string{"host_name", "description", "host_alias", "host_address", "host_state",
		"host_has_been_checked", "host_acknowledged", "host_scheduled_downtime_depth"}, common()...)
}

// A Row is one host or service of a list. The zero Row shows an unnamed host
// that was never checked.
type Row struct {
	ID             string // of the element, see [RowID]
	Site, SiteName string // key and name
	Host, Service  string // Service is empty for a host
	Alias, Address string // of the host
	State          ui.State
	HostState      ui.State // the host's own state, services only
	Acked          bool
	Downtime       bool // the object itself or its host is in a downtime
	HostProblem    bool // services: the host is down or unreachable
	Soft           bool // not confirmed by enough attempts yet
	Flapping       bool
	Silent         bool      // notifications are off
	Passive        bool      // active checks are off
	Unchecked      bool      // neither active nor passive checks
	Since          time.Time // last change of state; zero: never
	LastCheck      time.Time
	NextCheck      time.Time
	Notified       time.Time // last notification about the present problem
	Owner          Owner
	Attempt        string // "2/3"
	Output         string // cut when it is endless; the column plugin_output is whole
	New            bool   // became a problem less than [NewFor] ago
	Stale          bool   // the site's data is old
	Cells          Cells
	Index          int // row in Cells, for columns beyond the usual
}

// maxOutput bounds the output in a list, in bytes: plugins write up to 1 MiB.
const maxOutput = 1000

func shortened(output string) string {
	if len(output) <= maxOutput {
		return output
	}
	return strings.ToValidUTF8(output[:maxOutput], "") + "…"
}

// Handled reports whether somebody has the problem, it was planned, or a
// problem above explains it.
func (r Row) Handled() bool {
	return r.State.Problem() && (r.Acked || r.Downtime || r.HostProblem)
}

// Path returns the address of the object's page, without prefix.
func (r Row) Path() string { return ui.ObjectPath(r.Site, r.Host, r.Service) }

// HostPath returns the address of the page of the row's host, without prefix.
func (r Row) HostPath() string { return ui.ObjectPath(r.Site, r.Host, "") }

// Name returns what to call the object in a label: "host" or "host / service".
func (r Row) Name() string {
	if r.Service == "" {
		return r.Host
	}
	return r.Host + " / " + r.Service
}

// Hosts returns the rows of a result over table hosts.
func Hosts(res *lql.Result, now time.Time) []Row {
	c := Of(res)
	parts := c.Parts()
	rows := make([]Row, c.Rows())
	for i := range rows {
		r := &rows[i]
		fill(r, c, i, parts)
		r.Host = c.Text("name", i)
		r.Alias = c.Text("alias", i)
		r.Address = c.Text("address", i)
		r.State = ui.HostState(c.Int("state", i), c.Bool("has_been_checked", i), false)
		finish(r, now)
	}
	return rows
}

// Services returns the rows of a result over table services.
func Services(res *lql.Result, now time.Time) []Row {
	c := Of(res)
	parts := c.Parts()
	rows := make([]Row, c.Rows())
	for i := range rows {
		r := &rows[i]
		fill(r, c, i, parts)
		r.Host = c.Text("host_name", i)
		r.Service = c.Text("description", i)
		r.Alias = c.Text("host_alias", i)
		r.Address = c.Text("host_address", i)
		r.State = ui.ServiceState(c.Int("state", i), c.Bool("has_been_checked", i), false)
		r.HostState = ui.HostState(c.Int("host_state", i), c.Bool("host_has_been_checked", i), false)
		r.HostProblem = r.HostState.Problem()
		r.Downtime = r.Downtime || c.Int("host_scheduled_downtime_depth", i) > 0
		finish(r, now)
	}
	return rows
}

func fill(r *Row, c Cells, i int, parts map[string]lql.Part) {
	r.Cells, r.Index = c, i
	r.Site = c.Text("peer_key", i)
	r.SiteName = c.Text("peer_name", i)
	r.Acked = c.Bool("acknowledged", i)
	r.Downtime = c.Int("scheduled_downtime_depth", i) > 0
	r.Flapping = c.Bool("is_flapping", i)
	r.Silent = c.Has("notifications_enabled") && !c.Bool("notifications_enabled", i)
	if c.Has("active_checks_enabled") && !c.Bool("active_checks_enabled", i) {
		r.Passive = c.Bool("accept_passive_checks", i)
		r.Unchecked = !r.Passive
	}
	r.Since = Unix(c.Int("last_state_change", i))
	r.LastCheck = Unix(c.Int("last_check", i))
	r.NextCheck = Unix(c.Int("next_check", i))
	if c.Int("current_notification_number", i) > 0 {
		r.Notified = Unix(c.Int("last_notification", i))
	}
	r.Attempt = strconv.FormatInt(c.Int("current_attempt", i), 10) + "/" + strconv.FormatInt(c.Int("max_check_attempts", i), 10)
	r.Output = shortened(c.Text("plugin_output", i))
	if p, ok := parts[r.Site]; ok {
		r.Stale = p.Err != ""
	}
}

// finish sets what depends on the state.
func finish(r *Row, now time.Time) {
	r.ID = RowID(r.Site, r.Host, r.Service)
	problem := r.State.Problem()
	r.Soft = problem && r.Cells.Has("state_type") && !r.Cells.Bool("state_type", r.Index)
	age := now.Sub(r.Since)
	r.New = problem && !r.Since.IsZero() && age < NewFor && age > -NewFor
	r.State.Done = r.Handled()
	r.Owner = OwnerOf(r.Cells, r.Index)
}

// The severities, worst first: the order of lists of problems.
const (
	SevDown = iota
	SevCritical
	SevUnknown
	SevWarning
	SevUnreachable
	SevPending
	SevOK
)

// Severity returns the place of a state in the order of lists, 0 the worst.
func Severity(s ui.State) int {
	switch s.Class {
	case "down":
		return SevDown
	case "crit":
		return SevCritical
	case "unkn":
		return SevUnknown
	case "warn":
		return SevWarning
	case "unre":
		return SevUnreachable
	case "pend":
		return SevPending
	}
	return SevOK
}

// Unix returns the time of a column; 0 and less is the zero time: never.
func Unix(seconds int64) time.Time {
	if seconds <= 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}
