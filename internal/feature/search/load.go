// Package search is the room behind the search field and the palette: hosts,
// services and groups by name, alias and address.
package search

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"belvedere/internal/lql"
	"belvedere/internal/search"
	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
)

// maxText bounds the text that is searched, in bytes.
const maxText = 500

// A kind is what is found.
type kind uint8

const (
	hostKind kind = iota
	serviceKind
	hostGroupKind
	serviceGroupKind
)

// title names the kind of a group.
func (g group) title(ctx context.Context) string {
	switch g.kind {
	case hostKind:
		return ui.T(ctx, "Hosts")
	case serviceKind:
		return ui.T(ctx, "Services")
	case hostGroupKind:
		return ui.T(ctx, "Host groups")
	}
	return ui.T(ctx, "Service groups")
}

// A group is the hits of one kind.
type group struct {
	kind  kind
	hits  []hit
	total int
	all   string // address of the list of all of them
}

// A hit is one thing that was found.
type hit struct {
	row   status.Row // hosts and services
	name  string     // groups
	alias string
	path  string
	exact bool // the text is its name, case ignored
}

// A picture is what was found.
type picture struct {
	groups []group
	total  int
	parts  []lql.Part
}

// A finder finds one kind; its prefix asks for nothing else: "h: db" finds
// hosts only.
type finder struct {
	prefix string
	find   func(context.Context, lql.Querier, string, int, time.Time) (group, []lql.Part, error)
}

func finders() []finder {
	return []finder{{"h", findHosts}, {"s", findServices}, {"hg", findHostGroups}, {"sg", findServiceGroups}}
}

// scope returns the prefix of a text, "" when it has none, and the rest.
func scope(text string) (prefix, rest string) {
	before, after, found := strings.Cut(text, ":")
	for _, f := range finders() {
		if found && strings.EqualFold(before, f.prefix) {
			return f.prefix, strings.TrimSpace(after)
		}
	}
	return "", text
}

// load searches for text, each kind up to limit hits: names that begin with
// the text first.
func load(ctx context.Context, q lql.Querier, text string, limit int, now time.Time) (*picture, error) {
	p := &picture{}
	only, text := scope(text)
	for _, f := range finders() {
		if only != "" && only != f.prefix || text == "" {
			continue
		}
		g, parts, err := f.find(ctx, q, text, limit, now)
		if err != nil {
			return nil, err
		}
		p.parts = append(p.parts, parts...)
		if g.total > 0 {
			p.groups = append(p.groups, g)
			p.total += g.total
		}
	}
	return p, nil
}

// jump returns the address of the only thing that can be meant: the only hit,
// or the only one with exactly this name among hosts, else among all. A group
// is not meant when the text is part of the name of hosts or services.
func (p *picture) jump() string {
	var only []string
	objects := false
	for _, g := range p.groups {
		switch {
		case g.kind == hostKind, g.kind == serviceKind:
			objects = true
		case objects:
			continue
		}
		n := 0
		for _, h := range g.hits {
			if h.exact {
				only = append(only, h.path)
				n++
			}
		}
		if g.kind == hostKind && n == 1 {
			return only[0]
		}
	}
	switch {
	case len(only) == 1:
		return only[0]
	case p.total == 1 && len(p.groups) == 1 && len(p.groups[0].hits) == 1:
		return p.groups[0].hits[0].path
	}
	return ""
}

// both runs a query twice: for names that begin with text, and for rows that
// hold its words in any column. It calls row for each row of the two.
func both(ctx context.Context, q lql.Querier, base func() *lql.Query, text, name string, columns []string, limit int, row func(*lql.Result)) (int, []lql.Part, error) {
	begins := base().Where(lql.Cmp(name, lql.MatchFold, "^"+regexp.QuoteMeta(text)))
	begins.Limit = limit
	res, err := q.Query(ctx, begins)
	if err != nil {
		return 0, nil, fmt.Errorf("search: %s: %w", begins.Table, err)
	}
	row(res)
	f, ok := status.Words(text, columns...)
	if !ok {
		return res.Total, res.Parts, nil
	}
	words := base().Where(f)
	words.Limit = limit
	if res, err = q.Query(ctx, words); err != nil {
		return 0, nil, fmt.Errorf("search: %s: %w", words.Table, err)
	}
	row(res)
	return res.Total, res.Parts, nil
}

func findHosts(ctx context.Context, q lql.Querier, text string, limit int, now time.Time) (group, []lql.Part, error) {
	g := group{kind: hostKind, all: search.Path("/hosts", words(text))}
	base := func() *lql.Query { return lql.Get("hosts", status.HostColumns()...).OrderBy("name", "peer_name") }
	var err error
	var parts []lql.Part
	g.total, parts, err = both(ctx, q, base, text, "name", []string{"name", "alias", "address", "display_name"}, limit, func(res *lql.Result) {
		for _, r := range status.Hosts(res, now) {
			g.add(hit{row: r, path: r.Path(), exact: strings.EqualFold(r.Host, text)}, limit)
		}
	})
	return g, parts, err
}

func findServices(ctx context.Context, q lql.Querier, text string, limit int, now time.Time) (group, []lql.Part, error) {
	g := group{kind: serviceKind, all: search.Path("/services", words(text))}
	base := func() *lql.Query {
		return lql.Get("services", status.ServiceColumns()...).OrderBy("-state_order", "description", "host_name", "peer_name")
	}
	var err error
	var parts []lql.Part
	g.total, parts, err = both(ctx, q, base, text, "description", []string{"description", "host_name", "host_alias", "host_address", "display_name"}, limit, func(res *lql.Result) {
		for _, r := range status.Services(res, now) {
			exact := strings.EqualFold(r.Service, text) || strings.EqualFold(r.Name(), text)
			g.add(hit{row: r, path: r.Path(), exact: exact}, limit)
		}
	})
	return g, parts, err
}

func findHostGroups(ctx context.Context, q lql.Querier, text string, limit int, _ time.Time) (group, []lql.Part, error) {
	return findGroups(ctx, q, text, limit, hostGroupKind, "hostgroups", func(name string) string {
		return search.Path("/hosts", search.Eq("hostgroup", name))
	})
}

func findServiceGroups(ctx context.Context, q lql.Querier, text string, limit int, _ time.Time) (group, []lql.Part, error) {
	return findGroups(ctx, q, text, limit, serviceGroupKind, "servicegroups", func(name string) string {
		return search.Path("/services", search.Eq("servicegroup", name))
	})
}

// inOutput returns the address of the services that say the text.
func (v view) inOutput() string { return search.Path("/services", search.Is("output", v.text)) }

// words returns the text as the query bar looks for it: each word by itself,
// and none with a meaning of its own.
func words(text string) search.Expr {
	var all []search.Expr
	for _, w := range strings.Fields(text) {
		all = append(all, search.Expr{Kind: search.Text, Values: []search.Value{search.Word(w)}})
	}
	return search.And(all...)
}

// findGroups finds groups; a name that several sites have is one hit.
func findGroups(ctx context.Context, q lql.Querier, text string, limit int, what kind, table string, path func(string) string) (group, []lql.Part, error) {
	g := group{kind: what}
	query := lql.Get(table)
	query.GroupBy = []string{"name", "alias"}
	query.Count(lql.AndOf())
	f, ok := status.Words(text, "name", "alias")
	if !ok {
		return g, nil, nil
	}
	res, err := q.Query(ctx, query.Where(f))
	if err != nil {
		return g, nil, fmt.Errorf("search: %s: %w", table, err)
	}
	seen := map[string]bool{}
	var hits []hit
	for i := range res.Rows {
		h := hit{name: res.Vectors[0].Text(i), alias: res.Vectors[1].Text(i)}
		if !seen[h.name] {
			seen[h.name] = true
			h.path, h.exact = path(h.name), strings.EqualFold(h.name, text)
			hits = append(hits, h)
		}
	}
	slices.SortFunc(hits, func(a, b hit) int {
		if a.exact != b.exact {
			return map[bool]int{true: -1, false: 1}[a.exact]
		}
		return strings.Compare(a.name, b.name)
	})
	g.total = len(hits)
	g.hits = hits[:min(limit, len(hits))]
	return g, res.Parts, nil
}

// add adds a hit that is not there yet, while there is room.
func (g *group) add(h hit, limit int) {
	if len(g.hits) < limit && !slices.ContainsFunc(g.hits, func(o hit) bool { return o.path == h.path }) {
		g.hits = append(g.hits, h)
	}
}

// title returns what the hit is called.
func (h hit) title() string {
	if h.name != "" {
		return h.name
	}
	return h.row.Name()
}

// note returns where the hit is and how it is, in one line.
func (h hit) note(ctx context.Context, now time.Time) string {
	if h.name != "" {
		if h.alias == h.name {
			return ""
		}
		return h.alias
	}
	words := []string{h.row.SiteName}
	if h.row.State.Problem() {
		words = append(words, ui.T(ctx, "%[1]s for %[2]s", h.row.State.Word, ui.Ago(int64(now.Sub(h.row.Since)/time.Second))))
	}
	if h.row.Service == "" {
		if h.row.Alias != "" && h.row.Alias != h.row.Host {
			words = append(words, h.row.Alias)
		}
		if h.row.Address != "" {
			words = append(words, h.row.Address)
		}
	}
	return strings.Join(words, " · ")
}
