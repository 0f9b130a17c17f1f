package problems

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"

	"belvedere/internal/access"
	"belvedere/internal/lql"
	"belvedere/internal/web"
	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
)

// tables are those whose changes change the page.
func tables() []string { return []string{"hosts", "services", "comments", "downtimes", "sites"} }

// Feature returns the room.
func Feature() web.Feature {
	return web.Feature{
		Name: "problems",
		Menu: []web.MenuItem{{
			Name: "problems", Label: "Problems", Icon: "problems", Path: "/problems", Group: 0, Order: 10,
			Right: web.SignedIn, Key: "p", Phone: true, InTitle: true,
			Counter: counter, Tables: []string{"hosts", "services"},
		}},
		Routes: []web.Route{
			{Pattern: "GET /problems", Right: web.SignedIn, Handler: page},
		},
	}
}

// counter counts the open problems, as the first view of the page does.
func counter(ctx context.Context, q lql.Querier) (web.Count, error) {
	res, err := q.Query(ctx, hostQuery("name", "peer_key", "state", "has_been_checked", "acknowledged", "scheduled_downtime_depth"))
	if err != nil {
		return web.Count{}, fmt.Errorf("problems: counter: %w", err)
	}
	p := &picture{}
	if err := p.count(ctx, q, request{}, nodesOf(res, time.Now())); err != nil {
		return web.Count{}, err
	}
	return web.Count{N: p.counts.open, State: "crit"}, nil
}

// page serves GET /problems.
func page(w http.ResponseWriter, r *http.Request) error {
	req, err := parse(r)
	if err != nil {
		return err
	}
	now := ui.Now(r.Context())
	p, err := load(r.Context(), web.Data(r), req, now)
	if err != nil {
		return err
	}
	v := newView(req, p)
	if len(p.rows) == 0 {
		if v.empty, err = why(r.Context(), web.Data(r), web.Viewer(r), req, p, now); err != nil {
			return err
		}
	}
	return web.Render(w, r, web.Page{
		Title:  "Problems",
		Active: "problems",
		Body:   body(v),
		Blocks: map[string]templ.Component{"tabs": tabs(v), "list": rows(v)},
		Parts:  p.parts,
	})
}

// parse reads the address.
func parse(r *http.Request) (req request, err error) {
	if req.tab, err = web.OneOf(r, "view", tabOpen, tabHosts, tabAck, tabDowntime, tabSuppressed); err != nil {
		return req, err
	}
	order, err := web.OneOf(r, "sort", "severity", "-severity", "since", "-since", "host", "-host", "site", "-site")
	if err != nil {
		return req, err
	}
	req.sort, req.desc = ui.Order(order)
	if req.limit, err = web.Int(r, "limit", 100, 1, 1000); err != nil {
		return req, err
	}
	if req.offset, err = web.Int(r, "offset", 0, 0, maxOffset); err != nil {
		return req, err
	}
	req.text = strings.TrimSpace(r.FormValue("q"))
	req.site = r.FormValue("site")
	return req, nil
}

// why finds out why there is nothing to show.
func why(ctx context.Context, q lql.Querier, viewer access.Viewer, w request, p *picture, now time.Time) (empty, error) {
	asked, read := sitesOf(p.parts)
	e := empty{handled: p.counts.total() - p.counts.open, sites: asked}
	switch {
	case w.filtered():
		e.kind = noMatch
		return e, nil
	case !viewer.All && len(viewer.Contacts) == 0:
		e.kind = noRights
		return e, nil
	case asked == 0:
		e.kind = noSites
		return e, nil
	case read == 0:
		e.kind = noData
		return e, nil
	case w.tab != tabOpen && w.tab != tabHosts:
		e.kind = noneHere
		return e, nil
	}
	return e.good(ctx, q, now)
}

// good fills in what recovered last; a person who sees no host at all gets no
// good news.
func (e empty) good(ctx context.Context, q lql.Querier, now time.Time) (empty, error) {
	e.kind = noRights
	for _, table := range []string{"hosts", "services"} {
		columns := status.HostColumns()
		if table == "services" {
			columns = status.ServiceColumns()
		}
		query := lql.Get(table, columns...).Where(lql.Eq("state", "0"), lql.Eq("has_been_checked", "1")).OrderBy("-last_state_change")
		query.Limit = 1
		res, err := q.Query(ctx, query)
		if err != nil {
			return e, fmt.Errorf("problems: last recovery: %w", err)
		}
		read := status.Hosts
		if table == "services" {
			read = status.Services
		}
		for _, r := range read(res, now) {
			e.kind = allClear
			if r.Since.After(e.solvedAt) {
				e.solved, e.solvedAt = r.Name(), r.Since
			}
		}
	}
	return e, nil
}
