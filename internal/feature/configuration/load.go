package configuration

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"belvedere/internal/lql"
	"belvedere/internal/search"
	"belvedere/internal/web/object"
	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
)

// maxLinks is how many contacts or groups a page names.
const maxLinks = 200

// A detail is what the page of one object shows.
type detail struct {
	kind, site, name, siteName string
	stale                      bool
	lines                      bool // the viewer may see command lines
	cells                      status.Cells
	vars                       []object.Var
	groups                     []string // of a contact; members of a contact group
	more                       int      // beyond groups
	hosts, services            int      // that use it
	days                       [7][]string
	parts                      []lql.Part
}

// facts are the columns to ask for about an object of a kind.
func facts(kind string, lines bool) []string {
	out := []string{"name", "peer_key", "peer_name"}
	switch kind {
	case "contacts":
		return append(out, "alias", "email", "pager", "address1", "address2", "address3", "address4", "address5", "address6", "can_submit_commands",
			"host_notifications_enabled", "service_notifications_enabled", "host_notification_period", "service_notification_period",
			"in_host_notification_period", "in_service_notification_period", "host_notification_commands", "service_notification_commands",
			"custom_variables", "modified_attributes_list")
	case "contactgroups":
		return append(out, "alias", "members")
	case "commands":
		out = append(out, "custom_variables")
		if lines {
			out = append(out, "line")
		}
		return out
	}
	return append(out, "alias", "in", "days", "exclusions", "exceptions_calendar_dates", "exceptions_month_date", "exceptions_month_day",
		"exceptions_month_week_day", "exceptions_week_day")
}

// load asks for one object; found is false when there is none that the viewer
// may see.
func load(ctx context.Context, q lql.Querier, kind, site, name string, lines bool) (d detail, found bool, err error) {
	query := lql.Get(kind, facts(kind, lines)...).Where(lql.Eq("peer_key", site), lql.Eq("name", name))
	query.Limit = 1
	res, err := q.Query(ctx, query)
	if err != nil {
		return d, false, fmt.Errorf("configuration: %w", err)
	}
	d = detail{kind: kind, site: site, name: name, lines: lines, cells: status.Of(res)}
	for _, part := range res.Parts {
		if part.Key == site {
			d.parts, d.stale = append(d.parts, part), part.Err != ""
		}
	}
	if res.Rows == 0 {
		return d, false, nil
	}
	d.siteName = d.text("peer_name")
	d.vars = object.VarsOf(d.cells, 0, lines)
	d.days = days(d.cells)
	if d.groups, err = d.related(ctx, q); err != nil {
		return d, false, err
	}
	if n := len(d.groups); n > maxLinks {
		d.groups, d.more = d.groups[:maxLinks], n-maxLinks
	}
	d.hosts, d.services, err = d.users(ctx, q)
	return d, true, err
}

func (d detail) text(column string) string { return d.cells.Text(column, 0) }

func (d detail) list(column string) []string { return d.cells.List(column, 0) }

// related are the groups of a contact, or the members of a contact group.
func (d detail) related(ctx context.Context, q lql.Querier) ([]string, error) {
	if d.kind == "contactgroups" {
		return d.list("members"), nil
	}
	if d.kind != "contacts" {
		return nil, nil
	}
	res, err := q.Query(ctx, lql.Get("contactgroups", "name").Where(lql.Eq("peer_key", d.site), lql.Has("members", d.name)).OrderBy("name"))
	if err != nil {
		return nil, fmt.Errorf("configuration: groups: %w", err)
	}
	var out []string
	for i := range res.Rows {
		out = append(out, res.Text(i, "name"))
	}
	return out, nil
}

// users counts the hosts and services that use the object, by the filter of the
// lists that prove the numbers.
func (d detail) users(ctx context.Context, q lql.Querier) (hosts, services int, err error) {
	var n [2]int
	for i, table := range []string{"hosts", "services"} {
		f, err := search.And(uses(d.kind, d.site, d.name)...).Filter(table, ui.Now(ctx))
		if err != nil {
			return 0, 0, fmt.Errorf("configuration: %s: %w", table, err)
		}
		res, err := q.Query(ctx, lql.Get(table).Where(f).Count(lql.AndOf()))
		if err != nil {
			return 0, 0, fmt.Errorf("configuration: %s: %w", table, err)
		}
		n[i] = status.Of(res).Stat(0, 0)
	}
	return n[0], n[1], nil
}

// days reads the times of day of a period, from Sunday to Saturday.
func days(c status.Cells) (out [7][]string) {
	for day, times := range c.Vector("days").Tuples(0) {
		if day >= len(out) {
			break
		}
		for i := 0; i+1 < len(times); i += 2 {
			from, ok := times[i].(int64)
			to, ok2 := times[i+1].(int64)
			if ok && ok2 {
				out[day] = append(out[day], clock(from)+" – "+clock(to))
			}
		}
	}
	return out
}

// clock writes seconds since midnight: "09:30", "24:00".
func clock(seconds int64) string {
	two := func(n int64) string {
		if n < 10 {
			return "0" + strconv.FormatInt(n, 10)
		}
		return strconv.FormatInt(n, 10)
	}
	return two(seconds/3600) + ":" + two(seconds%3600/60)
}

// dayNames are the days as cores count them.
func dayNames(ctx context.Context) [7]string {
	return [7]string{ui.T(ctx, "Sunday"), ui.T(ctx, "Monday"), ui.T(ctx, "Tuesday"), ui.T(ctx, "Wednesday"), ui.T(ctx, "Thursday"), ui.T(ctx, "Friday"), ui.T(ctx, "Saturday")}
}

// ranges reports whether the core tells when the period is.
func (d detail) ranges() bool {
	return slices.ContainsFunc(d.days[:], func(t []string) bool { return len(t) > 0 })
}

// exceptions are the dates with times of their own, as the core writes them.
func (d detail) exceptions() []string {
	var out []string
	for _, c := range []string{"exceptions_calendar_dates", "exceptions_month_date", "exceptions_month_day", "exceptions_month_week_day", "exceptions_week_day"} {
		out = append(out, d.list(c)...)
	}
	return out
}

// addresses are the further addresses of a contact.
func (d detail) addresses() string {
	var out []string
	for i := 1; i <= 6; i++ {
		if a := d.text("address" + strconv.Itoa(i)); a != "" {
			out = append(out, a)
		}
	}
	return strings.Join(out, ", ")
}
