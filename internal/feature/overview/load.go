// Package overview is the room of one look: how many hosts and services need
// someone, what is worst, how the sites are, and how long things wait. Every
// number leads to the list that proves it.
package overview

import (
	"context"
	"fmt"
	"time"

	"belvedere/internal/lql"
	"belvedere/internal/triage"
	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
)

// worstShown is how many of the most urgent problems are listed; wideShown is
// how many of these only wide screens show.
const (
	worstShown = 24
	wideShown  = 12
)

// A picture is what the page shows.
type picture struct {
	survey *triage.Survey
	counts triage.Counts
	// open are those of nobody, by severity.
	open      [triage.Unreachable + 1]int
	hosts     totals
	services  totals
	worst     []status.Row
	hides     []*triage.Problem // of worst, what each hides
	newest    *triage.Problem   // host that went down last, nil: none is open
	sites     []siteRow
	ages      []ageRow
	downtimes int // that run now
	parts     []lql.Part
}

// totals are numbers of a table.
type totals struct{ all, ok, pending int }

// A siteRow is one site with what is open on it.
type siteRow struct {
	key, name, state, cause string
	last                    int64
	open                    [triage.Unreachable + 1]int
}

func (s siteRow) fresh() bool { return s.state == "fresh" || s.state == "paused" }

// An ageRow counts open problems that have lasted between two times.
type ageRow struct {
	from, to time.Duration // to 0: any longer
	open     [triage.Unreachable + 1]int
}

func (a ageRow) n() int {
	n := 0
	for _, x := range a.open {
		n += x
	}
	return n
}

// load reads everything that the page shows.
func load(ctx context.Context, q lql.Querier, now time.Time) (*picture, error) {
	s, err := triage.Take(ctx, q, triage.Want{})
	if err != nil {
		return nil, fmt.Errorf("overview: %w", err)
	}
	p := &picture{survey: s, counts: s.Counts(), parts: s.Parts}
	if err := p.loadSites(ctx, q); err != nil {
		return nil, err
	}
	if p.hosts, err = count(ctx, q, "hosts"); err != nil {
		return nil, err
	}
	if p.services, err = count(ctx, q, "services"); err != nil {
		return nil, err
	}
	if err := p.loadDowntimes(ctx, q, now); err != nil {
		return nil, err
	}
	p.sum(now)
	return p, p.loadWorst(ctx, q, now)
}

// count counts all rows of a table, those that are well, and those that were
// never checked.
func count(ctx context.Context, q lql.Querier, table string) (t totals, err error) {
	query := lql.Get(table).Count(lql.AndOf()).
		Count(lql.AndOf(lql.Eq("state", "0"), lql.Eq("has_been_checked", "1"))).
		Count(lql.Eq("has_been_checked", "0"))
	res, err := q.Query(ctx, query)
	if err != nil {
		return t, fmt.Errorf("overview: %s: %w", table, err)
	}
	c := status.Of(res)
	if c.Rows() > 0 {
		t = totals{c.Stat(0, 0), c.Stat(1, 0), c.Stat(2, 0)}
	}
	return t, nil
}

func (p *picture) loadSites(ctx context.Context, q lql.Querier) error {
	res, err := q.Query(ctx, lql.Get("sites", "key", "name", "state", "cause", "last_update"))
	if err != nil {
		return fmt.Errorf("overview: sites: %w", err)
	}
	for i := range res.Rows {
		p.sites = append(p.sites, siteRow{key: res.Text(i, "key"), name: res.Text(i, "name"), state: res.Text(i, "state"),
			cause: res.Text(i, "cause"), last: res.Int(i, "last_update")})
	}
	return nil
}

// loadDowntimes counts the downtimes that run.
func (p *picture) loadDowntimes(ctx context.Context, q lql.Querier, now time.Time) error {
	unix := fmt.Sprint(now.Unix())
	res, err := q.Query(ctx, lql.Get("downtimes").Count(lql.AndOf(lql.Cmp("start_time", lql.LessOrEqual, unix), lql.Cmp("end_time", lql.Greater, unix))))
	if err != nil {
		return fmt.Errorf("overview: downtimes: %w", err)
	}
	if c := status.Of(res); c.Rows() > 0 {
		p.downtimes = c.Stat(0, 0)
	}
	return nil
}

// steps are the ages that problems are counted by.
func steps() []time.Duration {
	return []time.Duration{5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 8 * time.Hour, 24 * time.Hour}
}

// sum counts what is open by severity, site and age.
func (p *picture) sum(now time.Time) {
	var from time.Duration
	for _, to := range append(steps(), 0) {
		p.ages = append(p.ages, ageRow{from: from, to: to})
		from = to
	}
	at := map[string]int{}
	for i := range p.sites {
		at[p.sites[i].key] = i
	}
	for i := range p.survey.Problems {
		x := &p.survey.Problems[i]
		if !x.Unhandled() {
			continue
		}
		p.open[x.Severity]++
		if s, ok := at[x.Site]; ok {
			p.sites[s].open[x.Severity]++
		}
		age := now.Sub(time.Unix(x.Since, 0))
		for k := range p.ages {
			if p.ages[k].to == 0 || age < p.ages[k].to {
				p.ages[k].open[x.Severity]++
				break
			}
		}
		if x.Service == "" && (p.newest == nil || x.Since > p.newest.Since) {
			p.newest = x
		}
	}
}

// loadWorst reads the rows of the most urgent problems, in their order.
func (p *picture) loadWorst(ctx context.Context, q lql.Querier, now time.Time) error {
	var items []int
	for i := range p.survey.Problems {
		if p.survey.Problems[i].Unhandled() {
			items = append(items, i)
		}
	}
	p.survey.Sort(items, triage.Order{})
	items = items[:min(len(items), worstShown)]
	var hosts, services []lql.Filter
	for _, i := range items {
		k := p.survey.Problems[i].Key
		if k.Service == "" {
			hosts = append(hosts, lql.AndOf(lql.Eq("peer_key", k.Site), lql.Eq("name", k.Host)))
		} else {
			services = append(services, lql.AndOf(lql.Eq("peer_key", k.Site), lql.Eq("host_name", k.Host), lql.Eq("description", k.Service)))
		}
	}
	rows := map[string]status.Row{}
	for _, t := range []struct {
		table   string
		columns []string
		which   []lql.Filter
		read    func(*lql.Result, time.Time) []status.Row
	}{{"hosts", status.HostColumns(), hosts, status.Hosts}, {"services", status.ServiceColumns(), services, status.Services}} {
		if len(t.which) == 0 {
			continue
		}
		res, err := q.Query(ctx, lql.Get(t.table, t.columns...).Where(lql.OrOf(t.which...)))
		if err != nil {
			return fmt.Errorf("overview: worst %s: %w", t.table, err)
		}
		for _, r := range t.read(res, now) {
			rows[r.ID] = r
		}
	}
	for _, i := range items {
		x := &p.survey.Problems[i]
		if r, ok := rows[status.RowID(x.Site, x.Host, x.Service)]; ok { // it may be gone meanwhile
			p.worst, p.hides = append(p.worst, r), append(p.hides, x)
		}
	}
	return nil
}

// stateOf returns how a severity looks.
func stateOf(s triage.Severity) ui.State {
	switch s {
	case triage.Down:
		return ui.HostState(1, true, false)
	case triage.Unreachable:
		return ui.HostState(2, true, false)
	case triage.Critical:
		return ui.ServiceState(2, true, false)
	case triage.Warning:
		return ui.ServiceState(1, true, false)
	}
	return ui.ServiceState(3, true, false)
}
