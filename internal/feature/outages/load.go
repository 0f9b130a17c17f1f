// Package outages is the room of hosts that are not up and block the way to
// others: what is cut off behind each, and how much of it.
package outages

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"belvedere/internal/lql"
	"belvedere/internal/triage"
	"belvedere/internal/web/filter"
	"belvedere/internal/web/status"
)

// A request is what the address asks for.
type request struct {
	asked         filter.Asked
	sort          string
	desc          bool
	offset, limit int
}

// An outage is one host that blocks others.
type outage struct {
	status.Row
	hosts    int // behind it and not up
	services int // of the host and of those behind it, whatever their state
}

// severity weighs an outage as the cores do: a host counts as four services.
func (o outage) severity() int { return o.hosts*4 + o.services }

// A picture is what the page shows.
type picture struct {
	all             int // outages under the filter
	hosts, services int // affected by all of them
	rows            []outage
	wider           []int // where there is no outage: how many under each filter of Asked.Wider
	cut             bool
	parts           []lql.Part
}

// load finds all outages that the viewer may see, and reads those of the page.
func load(ctx context.Context, q lql.Querier, w request, now time.Time) (*picture, error) {
	s, err := triage.Take(ctx, q, triage.Want{})
	if err != nil {
		return nil, fmt.Errorf("outages: %w", err)
	}
	p := &picture{cut: s.Cut, parts: s.Parts}
	found := blocking(s)
	if len(found) == 0 {
		return p, nil
	}
	services, err := affected(ctx, q)
	if err != nil {
		return nil, err
	}
	if err := p.read(ctx, q, w, found, services, now); err != nil {
		return nil, err
	}
	if p.all = len(p.rows); p.all == 0 {
		p.wider, err = w.asked.CountWider(func(a filter.Asked) (int, error) {
			x := &picture{}
			w.asked = a
			err := x.read(ctx, q, w, found, services, now)
			return len(x.rows), err
		})
		return p, err
	}
	for _, o := range p.rows {
		p.hosts += o.hosts
		p.services += o.services
	}
	slices.SortFunc(p.rows, w.compare)
	p.rows = p.rows[min(w.offset, p.all):]
	p.rows = p.rows[:min(w.limit, len(p.rows))]
	return p, nil
}

// blocking returns the hosts that explain other hosts, with the hosts behind
// each.
func blocking(s *triage.Survey) map[triage.Key][]triage.Key {
	out := map[triage.Key][]triage.Key{}
	for i := range s.Problems[:s.Hosts] {
		p := &s.Problems[i]
		if p.Cause >= 0 && p.Cause != i {
			root := s.Problems[p.Cause].Key
			out[root] = append(out[root], p.Key)
		}
	}
	return out
}

// affected returns how many services every host has that is not up.
func affected(ctx context.Context, q lql.Querier) (map[triage.Key]int, error) {
	query := lql.Get("hosts", "peer_key", "name", "num_services").Where(triage.Bad())
	query.Limit = triage.MaxProblems
	res, err := q.Query(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("outages: services: %w", err)
	}
	out := make(map[triage.Key]int, res.Rows)
	c := status.Of(res)
	for i := range res.Rows {
		out[triage.Key{Site: c.Text("peer_key", i), Host: c.Text("name", i)}] = int(c.Int("num_services", i))
	}
	return out, nil
}

// read asks for the hosts that block and that the filter means.
func (p *picture) read(ctx context.Context, q lql.Querier, w request, found map[triage.Key][]triage.Key, services map[triage.Key]int, now time.Time) error {
	query := lql.Get("hosts", append(status.HostColumns(), status.InfoColumns()...)...).Where(triage.Bad(), w.asked.Filter("hosts"))
	query.Limit = triage.MaxProblems
	res, err := q.Query(ctx, query)
	if err != nil {
		return fmt.Errorf("outages: hosts: %w", err)
	}
	p.parts = append(p.parts, res.Parts...)
	for _, r := range status.Hosts(res, now) {
		key := triage.Key{Site: r.Site, Host: r.Host}
		behind, ok := found[key]
		if !ok {
			continue
		}
		o := outage{Row: r, hosts: len(behind), services: services[key]}
		for _, k := range behind {
			o.services += services[k]
		}
		p.rows = append(p.rows, o)
	}
	return nil
}

// sorts are the values of the parameter sort: the most severe first is the
// default.
func sorts() []string {
	out := []string{"severity", "-severity"}
	for _, s := range []string{"host", "state", "site", "since", "hosts", "services", "output", "owner"} {
		out = append(out, s, "-"+s)
	}
	return out
}

// compare orders outages as the address asks, then by name.
func (w request) compare(a, b outage) int {
	c := 0
	switch w.sort {
	case "severity": // ascending is the most severe first
		c = cmp.Compare(b.severity(), a.severity())
	case "host":
		c = strings.Compare(a.Host, b.Host)
	case "state": // ascending is the worst first
		c = cmp.Compare(status.Severity(a.State), status.Severity(b.State))
	case "site":
		c = strings.Compare(a.SiteName, b.SiteName)
	case "since": // ascending is the shortest age
		c = b.Since.Compare(a.Since)
	case "hosts":
		c = cmp.Compare(a.hosts, b.hosts)
	case "services":
		c = cmp.Compare(a.services, b.services)
	case "output":
		c = strings.Compare(a.Output, b.Output)
	case "owner": // ascending is what nobody has last
		c = cmp.Or(-cmp.Compare(min(len(a.Owner.Who), 1), min(len(b.Owner.Who), 1)), strings.Compare(a.Owner.Who, b.Owner.Who))
	}
	if w.desc {
		c = -c
	}
	return cmp.Or(c, strings.Compare(a.Host, b.Host), strings.Compare(a.Site, b.Site))
}
