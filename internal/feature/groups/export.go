package groups

import (
	"context"
	"net/http"

	"belvedere/internal/lql"
	"belvedere/internal/web"
	"belvedere/internal/web/export"
	"belvedere/internal/web/list"
	"belvedere/internal/web/ui"
)

// numbers are the counts of groups of a kind as files have them.
func numbers(ctx context.Context, k kind) []list.Field[group] {
	n := func(key, label string, of func(counts) int) list.Field[group] {
		return list.In(key, label, export.Number, func(g group) any { return int64(of(g.counts)) })
	}
	var out []list.Field[group]
	if k == "host" {
		out = append(out,
			n("hosts", ui.T(ctx, "Hosts"), func(c counts) int { return c.Hosts }),
			n("hosts_down", "DOWN", func(c counts) int { return c.Down }),
			n("hosts_unreachable", "UNREACHABLE", func(c counts) int { return c.Unreachable }),
			n("hosts_handled", ui.T(ctx, "Hosts handled"), func(c counts) int { return c.HostsHandled }),
			n("hosts_up", "UP", func(c counts) int { return c.Up }))
	}
	return append(out,
		n("services", ui.T(ctx, "Services"), func(c counts) int { return c.Services }),
		n("critical", "CRITICAL", func(c counts) int { return c.Critical }),
		n("warning", "WARNING", func(c counts) int { return c.Warning }),
		n("unknown", "UNKNOWN", func(c counts) int { return c.Unknown }),
		n("handled", ui.T(ctx, "Handled"), func(c counts) int { return c.Handled }),
		n("pending", "PENDING", func(c counts) int { return c.Pending }),
		n("ok", "OK", func(c counts) int { return c.OK }))
}

// whole reads all groups that the address asks for, in its order, whatever its
// view.
func whole(r *http.Request) (x list.Whole, err error) {
	req, err := parse(r)
	if err != nil {
		return x, err
	}
	ctx := r.Context()
	if err := req.asked.Wrong(ctx); err != nil {
		return x, err
	}
	req.view, req.offset, req.limit = "summary", 0, maxOffset
	p, err := load(ctx, web.Data(r), req)
	if err != nil {
		return x, err
	}
	x = list.Whole{Name: "groups", Title: kindWord(ctx, req.kind), Path: "/groups"}
	fields := append([]list.Field[group]{
		list.In("name", ui.T(ctx, "Group"), export.Text, func(g group) any { return g.Name }),
		list.In("alias", ui.T(ctx, "Longer name"), export.Text, func(g group) any { return g.Alias }),
		list.In("sites", ui.T(ctx, "Sites"), export.List, group.siteNames),
	}, numbers(ctx, req.kind)...)
	x.Query = lql.Get(req.kind.table(), req.kind.columns()...).Where(req.asked.Filter(req.kind.table())).OrderBy("name", "peer_name")
	x.Query.ColumnHeaders, x.Apart = lql.On, ui.T(ctx, "It has a row for each site of a group.")
	return list.Filled(r, x, p.groups, func(g group) string { return groupPath(req.kind, g.Name) }, fields...), nil
}

// siteNames are the names of the sites that have the group, a []string.
func (g group) siteNames() any {
	out := []string{}
	for _, s := range g.Sites {
		out = append(out, s.SiteName)
	}
	return out
}

// offer is what the groups can be had as.
func (v view) offer(ctx context.Context) list.Offer {
	return list.OfferWhole(ctx, "/groups", ui.N(ctx, v.all, "%s group", "%s groups", ui.Number(v.all))).WithQuery()
}
