// Package grafana is the room of answers for programs that draw: the problems,
// their numbers, and the sites as flat lists of JSON objects, as the data
// sources of Grafana read them. Whoever is signed in can read them, and
// programs with a token. Every list is bounded.
package grafana

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"belvedere/internal/lql"
	"belvedere/internal/search"
	"belvedere/internal/web"
	"belvedere/internal/web/filter"
	"belvedere/internal/web/ui"
)

// rowsMost bounds the rows of an answer.
const rowsMost = 5000

// Feature returns the room.
func Feature() web.Feature {
	route := func(path string, h web.HandlerFunc) web.Route {
		return web.Route{Pattern: "GET " + path, Right: web.SignedIn, Handler: asJSON(h), Token: true}
	}
	return web.Feature{
		Name: "grafana",
		Routes: []web.Route{
			route("/grafana", index), route("/grafana/problems", problems), route("/grafana/counts", counts),
			route("/grafana/hostgroups", hostgroups), route("/grafana/sites", sites),
		},
	}
}

// asJSON has errors come as JSON too, whatever the program says it takes.
func asJSON(h web.HandlerFunc) web.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		r.Header.Set("Accept", "application/json")
		return h(w, r)
	}
}

// index serves GET /grafana: what there is. Data sources ask it for their test.
func index(w http.ResponseWriter, r *http.Request) error {
	return web.JSON(w, http.StatusOK, []string{"problems", "counts", "hostgroups", "sites"})
}

// answer sends rows, of which there are total.
func answer[T any](w http.ResponseWriter, rows []T, total int) error {
	w.Header().Set("X-Total-Count", strconv.Itoa(total))
	if rows == nil {
		rows = []T{}
	}
	return web.JSON(w, http.StatusOK, rows)
}

// A problem is a row of /grafana/problems.
type problem struct {
	Site         string    `json:"site"`
	Host         string    `json:"host"`
	Service      string    `json:"service"` // "" for a host
	State        string    `json:"state"`
	Severity     int       `json:"severity"` // 1 warning, 2 unknown or unreachable, 3 critical or down
	Since        time.Time `json:"since"`
	Output       string    `json:"output"`
	Acknowledged bool      `json:"acknowledged"`
	Downtime     bool      `json:"downtime"`
	Handled      bool      `json:"handled"`
	URL          string    `json:"url"`
}

// problems serves GET /grafana/problems: what is not well, unhandled first, then
// the newest first.
func problems(w http.ResponseWriter, r *http.Request) error {
	limit, err := web.Int(r, "limit", 500, 1, rowsMost)
	if err != nil {
		return err
	}
	asked, err := filter.Read(r, "hosts", "services")
	if err == nil {
		err = asked.Wrong(r.Context())
	}
	if err != nil {
		return err
	}
	var rows []problem
	total := 0
	for _, handled := range []bool{false, true} {
		var part []problem
		for _, table := range []string{"hosts", "services"} {
			some, n, err := read(r, table, handled, asked.Filter(table), limit)
			if err != nil {
				return err
			}
			part, total = append(part, some...), total+n
		}
		slices.SortStableFunc(part, func(a, b problem) int {
			return cmp.Or(b.Since.Compare(a.Since), cmp.Compare(a.Site, b.Site), cmp.Compare(a.Host, b.Host), cmp.Compare(a.Service, b.Service))
		})
		rows = append(rows, part...)
	}
	return answer(w, rows[:min(limit, len(rows))], total)
}

// read returns the newest problems of a table, and how many there are.
func read(r *http.Request, table string, handled bool, where lql.Filter, limit int) (rows []problem, total int, err error) {
	word := map[bool]string{true: "handled", false: "unhandled"}[handled]
	only, err := search.Is("is", word).Filter(table, ui.Now(r.Context()))
	if err != nil {
		return nil, 0, err
	}
	columns := []string{"peer_name", "peer_key", "name", "state", "last_state_change", "plugin_output", "acknowledged", "scheduled_downtime_depth"}
	if table == "services" {
		columns[2] = "host_name"
		columns = append(columns, "description", "host_scheduled_downtime_depth")
	}
	q := lql.Get(table, columns...).Where(only, where).OrderBy("-last_state_change")
	q.Limit = limit
	res, err := web.Data(r).Query(r.Context(), q)
	if err != nil {
		return nil, 0, err
	}
	base := web.BaseURL(r)
	for i := range res.Rows {
		p := problem{
			Site: res.Text(i, "peer_name"), Host: res.Text(i, columns[2]), Since: time.Unix(res.Int(i, "last_state_change"), 0).UTC(),
			Output: res.Text(i, "plugin_output"), Acknowledged: res.Int(i, "acknowledged") != 0, Downtime: res.Int(i, "scheduled_downtime_depth") > 0, Handled: handled,
		}
		if table == "services" {
			p.Service = res.Text(i, "description")
			p.Downtime = p.Downtime || res.Int(i, "host_scheduled_downtime_depth") > 0
		}
		p.State, p.Severity = stateOf(table, res.Int(i, "state"))
		p.URL = base + web.ObjectPath(res.Text(i, "peer_key"), p.Host, p.Service)
		rows = append(rows, p)
	}
	return rows, res.Total, nil
}

// stateOf names the state of a problem, and says how bad it is.
func stateOf(table string, state int64) (name string, severity int) {
	bad := map[string][]int{"hosts": {0, 3, 2}, "services": {0, 1, 3, 2}}[table]
	if at := int(state); state >= 0 && at < len(bad) {
		return stateNames(table)[at], bad[at]
	}
	return "unknown", 2
}

// counts serves GET /grafana/counts: hosts and services by site and state.
func counts(w http.ResponseWriter, r *http.Request) error {
	kind, err := web.OneOf(r, "kind", "", "host", "service")
	if err != nil {
		return err
	}
	state, err := web.OneOf(r, "state", append(append([]string{"", "pending"}, stateNames("hosts")...), stateNames("services")...)...)
	if err != nil {
		return err
	}
	handled, err := web.OneOf(r, "handled", "", "yes", "no")
	if err != nil {
		return err
	}
	var rows []Count
	for _, table := range []string{"hosts", "services"} {
		some, err := Counts(r.Context(), web.Data(r), table, ui.Now(r.Context()))
		if err != nil {
			return err
		}
		rows = append(rows, some...)
	}
	rows = slices.DeleteFunc(rows, func(c Count) bool {
		return kind != "" && c.Kind != kind || state != "" && c.State != state || handled != "" && c.Handled != (handled == "yes")
	})
	return answer(w, rows[:min(rowsMost, len(rows))], len(rows))
}

// hostgroups serves GET /grafana/hostgroups: problems of host groups.
func hostgroups(w http.ResponseWriter, r *http.Request) error {
	limit, err := web.Int(r, "limit", 500, 1, rowsMost)
	if err != nil {
		return err
	}
	rows, total, err := Groups(r.Context(), web.Data(r), limit)
	if err != nil {
		return err
	}
	return answer(w, rows, total)
}

// A siteRow is a row of /grafana/sites.
type siteRow struct {
	Site     string    `json:"site"`
	Section  string    `json:"section"`
	Up       bool      `json:"up"`
	LastSeen time.Time `json:"last_seen"`
	Cause    string    `json:"cause"`
}

// sites serves GET /grafana/sites: each site and whether it answers.
func sites(w http.ResponseWriter, r *http.Request) error {
	rows, err := readSites(r.Context(), web.Data(r))
	if err != nil {
		return err
	}
	return answer(w, rows[:min(rowsMost, len(rows))], len(rows))
}

func readSites(ctx context.Context, data lql.Querier) ([]siteRow, error) {
	res, err := data.Query(ctx, lql.Get("sites", "name", "section", "status", "last_online", "last_error").OrderBy("name"))
	if err != nil {
		return nil, err
	}
	var rows []siteRow
	for i := range res.Rows {
		rows = append(rows, siteRow{
			Site: res.Text(i, "name"), Section: res.Text(i, "section"), Up: res.Int(i, "status") <= 1,
			LastSeen: time.Unix(res.Int(i, "last_online"), 0).UTC(), Cause: res.Text(i, "last_error"),
		})
	}
	return rows, nil
}
