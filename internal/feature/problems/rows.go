package problems

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"belvedere/internal/lql"
	"belvedere/internal/triage"
	"belvedere/internal/web/status"
)

// fill makes the rows of the page: what they show is asked for these only.
func (p *picture) fill(ctx context.Context, q lql.Querier, s *triage.Survey, w request, now time.Time) error {
	var keys []triage.Key
	kids := map[int][]int{} // unfolded cause to what it hides
	for _, x := range p.sections {
		for _, i := range x.visible {
			keys = append(keys, s.Problems[i].Key)
			if one := &s.Problems[i]; one.HiddenHosts+one.HiddenServices > 0 && slices.Contains(w.open, idOf(one.Key)) {
				kids[i] = first(s, s.Below(i))
				for _, k := range kids[i] {
					keys = append(keys, s.Problems[k].Key)
				}
			}
		}
	}
	found, err := fetch(ctx, q, keys, now)
	if err != nil {
		return err
	}
	for n := range p.sections {
		x := &p.sections[n]
		for _, i := range x.visible {
			r, ok := rowOf(s, found, i)
			if !ok {
				continue // it recovered a moment ago
			}
			if names := r.problem.Groups; w.group == triage.ByHostgroup && len(names) > 0 && names[0] != x.Name {
				r.id = x.id + "|" + r.ID // it is listed in each of its groups
			}
			if below, ok := kids[i]; ok {
				r.addKids(s, found, below)
			}
			x.rows = append(x.rows, r)
		}
	}
	return nil
}

// first returns what is shown of what a cause hides: hosts, then services,
// the worst of both.
func first(s *triage.Survey, below []int) []int {
	s.Sort(below, triage.Order{})
	var hosts, services []int
	for _, i := range below {
		if s.Problems[i].Service == "" {
			hosts = append(hosts, i)
		} else {
			services = append(services, i)
		}
	}
	return slices.Concat(hosts[:min(len(hosts), kidsEach)], services[:min(len(services), kidsEach)])
}

// rowOf makes the row of a problem; ok is false when it is one no more.
func rowOf(s *triage.Survey, found map[triage.Key]status.Row, i int) (r row, ok bool) {
	p := &s.Problems[i]
	r.Row, ok = found[p.Key]
	r.problem, r.id = p, r.ID
	r.State.Done = p.Standing != triage.Open && p.Standing != triage.Soft
	if p.Standing == triage.Suppressed {
		r.cause = &s.Problems[p.Cause]
	}
	return r, ok
}

// addKids unfolds what the row hides.
func (r *row) addKids(s *triage.Survey, found map[triage.Key]status.Row, below []int) {
	r.unfold = true
	for _, i := range below {
		if kid, ok := rowOf(s, found, i); ok {
			kid.id = "k|" + kid.ID
			r.kids = append(r.kids, kid)
		}
	}
	r.more = max(r.problem.HiddenHosts+r.problem.HiddenServices-len(below), 0)
}

// fetch asks for what rows show.
func fetch(ctx context.Context, q lql.Querier, keys []triage.Key, now time.Time) (map[triage.Key]status.Row, error) {
	hosts, services := map[string][]string{}, map[string][]string{}
	for _, k := range keys {
		if k.Service == "" {
			hosts[k.Site] = append(hosts[k.Site], k.Host)
		} else {
			services[k.Site] = append(services[k.Site], k.Host+"\x00"+k.Service)
		}
	}
	out := make(map[triage.Key]status.Row, len(keys))
	for _, t := range []struct {
		table   string
		columns []string
		only    map[string][]string
		read    func(*lql.Result, time.Time) []status.Row
	}{{"hosts", status.HostColumns(), hosts, status.Hosts}, {"services", status.ServiceColumns(), services, status.Services}} {
		if len(t.only) == 0 {
			continue
		}
		query := lql.Get(t.table, append(t.columns, status.InfoColumns()...)...).Where(triage.Bad())
		query.Only = t.only
		res, err := q.Query(ctx, query)
		if err != nil {
			return nil, fmt.Errorf("problems: %s: %w", t.table, err)
		}
		for _, r := range t.read(res, now) {
			out[triage.Key{Site: r.Site, Host: r.Host, Service: r.Service}] = r
		}
	}
	return out, nil
}

// idOf returns how addresses and elements name an object.
func idOf(k triage.Key) string { return status.RowID(k.Site, k.Host, k.Service) }

// keyOf is the opposite of idOf.
func keyOf(id string) (triage.Key, bool) {
	parts := strings.Split(id, "|")
	if len(parts) < 2 || len(parts) > 3 {
		return triage.Key{}, false
	}
	for i, p := range parts {
		raw, err := url.PathUnescape(p)
		if err != nil {
			return triage.Key{}, false
		}
		parts[i] = raw
	}
	return triage.Key{Site: parts[0], Host: parts[1], Service: strings.Join(parts[2:], "")}, true
}
