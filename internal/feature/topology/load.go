// Package topology is the room of the map: which host is reached through which,
// as a picture and as a tree, around one host or from the top.
package topology

import (
	"context"
	"fmt"
	"slices"
	"time"

	"belvedere/internal/lql"
	"belvedere/internal/web/filter"
	"belvedere/internal/web/status"
	"belvedere/internal/web/topo"
	"belvedere/internal/web/ui"
)

// Bounds of one picture.
const (
	maxNodes  = 150 // hosts
	maxRoots  = 40  // hosts without parents, from the top
	maxKids   = 12  // children of one host
	maxOwn    = 60  // children of the host in focus
	maxUp     = 10  // levels of parents
	maxAbove  = 40  // parents in all
	maxHits   = 50  // hosts that a search offers
	usualDown = 2   // levels of children
	maxDown   = 6
)

// A request is what the address asks for.
type request struct {
	site, host string // the host in focus, "" none
	asked      filter.Asked
	view       string // "graph" or "tree"
	down       int    // levels of children
}

// focused reports whether the picture is about one host.
func (w request) focused() bool { return w.host != "" }

// A picture is what the page shows.
type picture struct {
	nodes []topo.Node
	roots int  // hosts without parents, of all; 0 around a host
	cut   bool // something did not fit
	found bool // the host in focus is there
	hits  []status.Row
	total int // of hits
	parts []lql.Part
}

// A builder collects nodes.
type builder struct {
	*picture
	ctx context.Context
	q   lql.Querier
	now time.Time
	at  map[string]int // by row id
	w   request
}

// load asks for the picture.
func load(ctx context.Context, q lql.Querier, w request, now time.Time) (*picture, error) {
	b := &builder{picture: &picture{}, ctx: ctx, q: q, now: now, at: map[string]int{}, w: w}
	if !w.asked.Empty() {
		return b.picture, b.search()
	}
	if w.focused() {
		return b.picture, b.around()
	}
	return b.picture, b.top()
}

// query starts a query for hosts, of one site where it is not empty.
func query(site string, fs ...lql.Filter) *lql.Query {
	q := lql.Get("hosts", append(status.HostColumns(), "parents", "childs", "num_services")...).Where(fs...)
	if site != "" {
		q.Where(lql.Eq("peer_key", site))
		q.Backends = []string{site}
	}
	return q.OrderBy("-state", "name", "peer_key")
}

// hosts runs a query.
func (b *builder) hosts(q *lql.Query, limit int) ([]status.Row, int, error) {
	q.Limit = limit
	res, err := b.q.Query(b.ctx, q)
	if err != nil {
		return nil, 0, fmt.Errorf("topology: %w", err)
	}
	if b.parts == nil {
		b.parts = res.Parts
	}
	return status.Hosts(res, b.now), res.Total, nil
}

// search finds hosts to go on from.
func (b *builder) search() error {
	var err error
	b.hits, b.total, err = b.hosts(query("", b.w.asked.Filter("hosts")), maxHits)
	return err
}

// top shows the hosts without parents that have children, and what hangs on
// them.
func (b *builder) top() error {
	rows, total, err := b.hosts(query("", lql.Eq("parents", ""), lql.Cmp("childs", lql.NotEqual, "")), maxRoots)
	if err != nil {
		return err
	}
	b.roots, b.cut = total, total > len(rows)
	for _, r := range rows {
		b.add(r, -1)
	}
	return b.grow(0, len(b.nodes), b.w.down)
}

// around shows what is above and below the host in focus.
func (b *builder) around() error {
	rows, _, err := b.hosts(query(b.w.site, lql.Eq("name", b.w.host)), 1)
	if err != nil || len(rows) == 0 {
		return err
	}
	b.found = true
	levels, err := b.above(rows[0])
	if err != nil {
		return err
	}
	slices.Reverse(levels)
	for _, level := range levels {
		for _, r := range level {
			b.addBelow(r)
		}
	}
	own := b.addBelow(rows[0])
	b.nodes[own].Focus = true
	return b.grow(own, own+1, b.w.down)
}

// above returns the parents of a host level by level, nearest first.
func (b *builder) above(from status.Row) (levels [][]status.Row, err error) {
	seen := map[string]bool{from.Host: true}
	names := parents(from)
	count := 0
	for len(levels) < maxUp && len(names) > 0 {
		var in []lql.Filter
		for _, n := range names {
			if !seen[n] && count < maxAbove {
				seen[n] = true
				count++
				in = append(in, lql.Eq("name", n))
			}
		}
		if len(in) == 0 {
			break
		}
		rows, _, err := b.hosts(query(b.w.site, lql.OrOf(in...)), len(in))
		if err != nil {
			return nil, err
		}
		if len(rows) == 0 {
			break
		}
		levels, names = append(levels, rows), nil
		for _, r := range rows {
			names = append(names, parents(r)...)
		}
	}
	b.cut = b.cut || len(names) > 0 && (count >= maxAbove || len(levels) == maxUp)
	return levels, nil
}

func parents(r status.Row) []string { return r.Cells.List("parents", r.Index) }

// add adds a host below a parent, -1 none, or another way to one that is there.
func (b *builder) add(r status.Row, parent int) int {
	k, ok := b.at[r.ID]
	if !ok {
		k = len(b.nodes)
		b.at[r.ID] = k
		b.nodes = append(b.nodes, topo.Node{Row: r, Path: ui.MapPath(r.Site, r.Host), Focus: false})
	}
	if parent >= 0 && parent != k && !slices.Contains(b.nodes[k].Parents, parent) {
		b.nodes[k].Parents = append(b.nodes[k].Parents, parent)
	}
	return k
}

// addBelow adds a host below those of its parents that are there.
func (b *builder) addBelow(r status.Row) int {
	k := b.add(r, -1)
	for _, p := range parents(r) {
		if at, ok := b.at[status.RowID(r.Site, p, "")]; ok {
			b.add(r, at)
		}
	}
	return k
}

// grow adds children of the nodes from..to, and of these, so many levels deep,
// as long as there is room.
func (b *builder) grow(from, to, levels int) error {
	for range levels {
		for i := from; i < to; i++ {
			if err := b.children(i); err != nil {
				return err
			}
		}
		from, to = to, len(b.nodes)
	}
	return nil
}

// children adds the first children of a node, and one node for the others.
func (b *builder) children(i int) error {
	n := b.nodes[i]
	childs := len(n.Cells.List("childs", n.Index))
	if n.More > 0 || childs == 0 {
		return nil
	}
	limit := maxKids
	if n.Focus {
		limit = maxOwn
	}
	limit = min(limit, maxNodes-len(b.nodes))
	if limit <= 0 {
		b.cut = true
		return nil
	}
	rows, total, err := b.hosts(query(n.Site, lql.Has("parents", n.Host)), limit)
	if err != nil {
		return err
	}
	for _, r := range rows {
		b.add(r, i)
	}
	if more := total - len(rows); more > 0 {
		path := ui.MapPath(n.Site, n.Host)
		if n.Focus {
			path = hostsPath(n.Site, n.Host)
		}
		b.nodes = append(b.nodes, topo.Node{More: more, Path: path, Parents: []int{i}})
	}
	return nil
}
