package problems

import (
	"context"
	"fmt"
	"hash/fnv"
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

// kids adds to each cause on the page the first things that it hides: problems
// of its own services, and hosts behind it.
func (p *picture) kids(ctx context.Context, q lql.Querier, nodes []node, now time.Time) error {
	causes := map[int]int{} // node to row on the page
	at := make(map[string]int, len(nodes))
	for i, n := range nodes {
		at[n.row.ID] = i
	}
	for i := range p.rows {
		r := &p.rows[i]
		if r.HiddenHosts+r.HiddenServices == 0 || len(causes) == maxCauses {
			continue
		}
		n := at[r.ID]
		causes[n] = i
		r.Fold = foldClass(r.ID)
		if nodes[n].services > 0 {
			if err := r.serviceKids(ctx, q, now); err != nil {
				return err
			}
		}
	}
	for i, n := range nodes {
		if k, ok := causes[n.cause]; ok && n.explained(i) {
			p.rows[k].addKid(row{Row: n.row})
		}
	}
	for _, i := range causes {
		r := &p.rows[i]
		r.MoreKids = max(r.HiddenHosts+r.HiddenServices-len(r.Kids), 0)
	}
	return nil
}

// serviceKids adds the problems of a host's own services.
func (r *row) serviceKids(ctx context.Context, q lql.Querier, now time.Time) error {
	query := lql.Get("services", append(status.ServiceColumns(), status.InfoColumns()...)...).
		Where(lql.Eq("peer_key", r.Site), lql.Eq("host_name", r.Host), lql.Cmp("state", lql.Greater, "0")).
		OrderBy("-state_order", "description")
	query.Limit = kidsEach
	res, err := q.Query(ctx, query)
	if err != nil {
		return fmt.Errorf("problems: hidden services: %w", err)
	}
	for _, s := range status.Services(res, now) {
		r.addKid(row{Row: s})
	}
	return nil
}

// addKid adds what the row hides while there is room.
func (r *row) addKid(kid row) {
	if len(r.Kids) < 2*kidsEach {
		kid.State.Done = true
		r.Kids = append(r.Kids, kid)
	}
}
