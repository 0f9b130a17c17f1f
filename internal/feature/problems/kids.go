package problems

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"time"

	"belvedere/internal/lql"
	"belvedere/internal/web/status"
)

// owners finds out who has the handled hosts of the page. Services carry it
// already.
func (p *picture) owners(ctx context.Context, q lql.Querier, now time.Time) error {
	at := map[string]int{}
	var names []lql.Filter
	for i, r := range p.rows {
		if r.Service == "" {
			at[r.ID] = i
			names = append(names, lql.AndOf(lql.Eq("peer_key", r.Site), lql.Eq("name", r.Host)))
		}
	}
	if len(names) == 0 {
		return nil
	}
	query := lql.Get("hosts", append([]string{"name", "peer_key"}, status.InfoColumns()...)...)
	query.Where(lql.Cmp("state", lql.Greater, "0"), lql.OrOf(names...))
	res, err := q.Query(ctx, query)
	if err != nil {
		return fmt.Errorf("problems: owners: %w", err)
	}
	c := status.Of(res)
	for i := range c.Rows() {
		if k, ok := at[status.RowID(c.Text("peer_key", i), c.Text("name", i), "")]; ok {
			p.rows[k].SetOwner(c, i, now)
		}
	}
	return nil
}

// foldClass returns the class that connects a cause with the rows it hides.
func foldClass(id string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id)) // never fails
	return "k-" + strconv.FormatUint(h.Sum64(), 36)
}

// kids adds to each cause on the page the first rows that it hides.
func (p *picture) kids(ctx context.Context, q lql.Querier, nodes []node, now time.Time) error {
	causes := map[string]int{} // site and host of a cause or of a host it hides, to the row on the page
	for i, r := range p.rows {
		if r.HiddenHosts+r.HiddenServices > 0 && len(causes) < maxCauses {
			p.rows[i].Fold = foldClass(r.ID)
			causes[key(r.Site, r.Host)] = i
		}
	}
	if len(causes) == 0 {
		return nil
	}
	hosts := make([]lql.Filter, 0, len(causes))
	for i, n := range nodes {
		k, ok := causes[key(nodes[n.cause].row.Site, nodes[n.cause].row.Host)]
		if !ok {
			continue
		}
		if n.explained(i) {
			p.addKid(k, row{Row: n.row})
		}
		if p.rows[k].HiddenServices > 0 && n.services > 0 && len(hosts) < maxKids {
			hosts = append(hosts, lql.AndOf(lql.Eq("peer_key", n.row.Site), lql.Eq("host_name", n.row.Host)))
			causes[key(n.row.Site, n.row.Host)] = k
		}
	}
	if len(hosts) > 0 {
		if err := p.serviceKids(ctx, q, causes, hosts, now); err != nil {
			return err
		}
	}
	for i := range p.rows {
		r := &p.rows[i]
		r.MoreKids = max(r.HiddenHosts+r.HiddenServices-len(r.Kids), 0)
	}
	return nil
}

// serviceKids adds services of hosts to the causes that hide them.
func (p *picture) serviceKids(ctx context.Context, q lql.Querier, causes map[string]int, hosts []lql.Filter, now time.Time) error {
	query := lql.Get("services", append(status.ServiceColumns(), status.InfoColumns()...)...)
	query.Where(lql.Cmp("state", lql.Greater, "0"), lql.OrOf(hosts...)).OrderBy("-state_order", "host_name", "description")
	query.Limit = maxKids
	res, err := q.Query(ctx, query)
	if err != nil {
		return fmt.Errorf("problems: hidden services: %w", err)
	}
	for _, s := range status.Services(res, now) {
		if k, ok := causes[key(s.Site, s.Host)]; ok {
			p.addKid(k, row{Row: s})
		}
	}
	for i := range p.rows {
		slices.SortStableFunc(p.rows[i].Kids, func(a, b row) int {
			return status.Severity(a.State) - status.Severity(b.State)
		})
	}
	return nil
}

func (p *picture) addKid(cause int, kid row) {
	if r := &p.rows[cause]; len(r.Kids) < kidsEach {
		kid.State.Done = true
		r.Kids = append(r.Kids, kid)
	}
}
