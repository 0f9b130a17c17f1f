package problems

import (
	"context"
	"fmt"
	"net/http"

	"github.com/a-h/templ"

	"belvedere/internal/access"
	"belvedere/internal/lql"
	"belvedere/internal/triage"
	"belvedere/internal/web"
	"belvedere/internal/web/filter"
	"belvedere/internal/web/list"
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
		Palette: []web.PaletteItem{
			{Label: "All problems", Path: "/problems?view=" + tabAll, Icon: "problems", Right: web.SignedIn},
			{Label: "Acknowledged problems", Path: "/problems?view=" + tabAck, Icon: "ack", Right: web.SignedIn},
			{Label: "Problems in downtime", Path: "/problems?view=" + tabDowntime, Icon: "downtime", Right: web.SignedIn},
			{Label: "Suppressed problems", Path: "/problems?view=" + tabSuppressed, Icon: "problems", Right: web.SignedIn},
			{Label: "My problems", Path: "/problems?view=" + tabMine, Icon: "user", Right: web.SignedIn},
		},
		Counts: map[string]web.ViewCount{"/problems": count},
		Routes: append(list.WholeRoutes("/problems", web.SignedIn, whole),
			web.Route{Pattern: "GET /problems", Right: web.SignedIn, Handler: page, Screen: true, Pure: true}),
	}
}

// counter counts what needs someone, as the first view of the page does.
func counter(ctx context.Context, q lql.Querier) (web.Count, error) {
	s, err := triage.Take(ctx, q, triage.Want{})
	if err != nil {
		return web.Count{}, fmt.Errorf("problems: counter: %w", err)
	}
	return web.Count{N: s.Counts().N[triage.Open], State: "crit"}, nil
}

// page serves GET /problems.
func page(w http.ResponseWriter, r *http.Request) error {
	req, err := parse(r)
	if err != nil {
		return err
	}
	if web.OnWall(r) && req.asked.Err == nil {
		return wallPage(w, r, req)
	}
	p, err := load(r.Context(), web.Data(r), req, ui.Now(r.Context()))
	if err != nil {
		return err
	}
	v := newView(req, p)
	v.alone = web.Alone(r)
	if req.list && p.shown == 0 {
		if v.empty, err = why(r.Context(), web.Data(r), web.Viewer(r), req, p); err != nil {
			return err
		}
	}
	if web.Wants(r, "own") {
		if v.saved, err = saved(r, p.survey); err != nil {
			return err
		}
	}
	return web.Render(w, r, web.Page{
		Title:  ui.T(r.Context(), "Problems"),
		Active: "problems",
		Status: req.asked.Status(),
		Body:   body(v),
		Blocks: map[string]templ.Component{"tabs": tabs(v), "own": own(v), "list": rows(v)},
		Parts:  p.parts,
	})
}

// parse reads the address.
func parse(r *http.Request) (req request, err error) {
	if req.tab, err = web.OneOf(r, "view", tabUnhandled, tabAll, tabMine, tabAck, tabDowntime, tabSuppressed); err != nil {
		return req, err
	}
	group, err := web.OneOf(r, "group", string(triage.ByCause), string(triage.ByHost), string(triage.ByService), string(triage.BySite),
		string(triage.ByHostgroup), string(triage.ByOutput), string(triage.NoGrouping))
	if err != nil {
		return req, err
	}
	req.group = triage.Grouping(group)
	order, err := web.OneOf(r, "sort", "severity", "-severity", "since", "-since", "host", "-host", "site", "-site",
		"attempt", "-attempt", "output", "-output", "owner", "-owner")
	if err != nil {
		return req, err
	}
	req.order.By, req.order.Desc = ui.Order(order)
	soft, err := web.OneOf(r, "soft", "0", "1")
	if err != nil {
		return req, err
	}
	req.soft = soft == "1"
	if req.limit, err = web.Int(r, "limit", 100, 1, 1000); err != nil {
		return req, err
	}
	if req.offset, err = web.Int(r, "offset", 0, 0, 2*triage.MaxProblems); err != nil {
		return req, err
	}
	for name, to := range map[string]**place{"after": &req.after, "before": &req.before, "first": &req.first, "until": &req.until} {
		if *to, err = readPlace(r, name, req.order.By); err != nil {
			return req, err
		}
	}
	if req.below = r.FormValue("below"); req.below != "" {
		if _, ok := keyOf(req.below); !ok {
			return req, web.BadParameter("below", "below does not name a host", "Give it as site|host, with the key of the site")
		}
	}
	req.open, req.closed = r.Form["open"], r.Form["closed"]
	if len(req.open) > maxFolds || len(req.closed) > maxFolds {
		return req, web.BadRequest(ui.T(r.Context(), "The address names more than %d folds", maxFolds), "Leave out some of open and closed")
	}
	req.list = web.Wants(r, "list")
	if req.tab == tabMine || web.Wants(r, "own") && !web.OnWall(r) {
		req.me = me(r)
	}
	req.asked, err = filter.Read(r, "hosts", "services")
	return req, err
}

// me says what is the own of whoever asks: what they are a contact of, or
// wrote about. Who sees only that needs no name. An answer that depends on it
// is for one person only, so others are given without.
func me(r *http.Request) *triage.Me {
	p := web.Person(r)
	return &triage.Me{Names: []string{p.Username, p.DisplayName, p.Contact}, Everything: !web.Viewer(r).All}
}

// why finds out why there is nothing to show.
func why(ctx context.Context, q lql.Querier, viewer access.Viewer, w request, p *picture) (empty, error) {
	asked, read, stale := sitesOf(p.parts)
	e := empty{sites: asked, stale: stale}
	switch {
	case w.asked.Err != nil:
		e.kind = notRead
		return e, nil
	case w.below != "":
		e.kind = nothingBehind
		return e, nil
	case w.filtered():
		e.kind = noMatch
		var err error
		e.wider, err = p.wider(ctx, q, w)
		return e, err
	case !viewer.All && len(viewer.Contacts) == 0:
		e.kind = noRights
		return e, nil
	case asked == 0:
		e.kind = noSites
		return e, nil
	case read == 0:
		e.kind = noData
		return e, nil
	}
	e, err := e.good(ctx, q, w)
	if e.kind == noRights && viewer.All {
		e.kind = noObjects
	}
	return e, err
}

// good fills in what is well, and what recovered last; a person who sees no
// object at all gets no good news.
func (e empty) good(ctx context.Context, q lql.Querier, w request) (empty, error) {
	e.kind = noRights
	for _, t := range []struct{ table, name, description string }{{"hosts", "name", ""}, {"services", "host_name", "description"}} {
		columns := []string{t.name, "last_state_change"}
		if t.description != "" {
			columns = append(columns, t.description)
		}
		query := lql.Get(t.table, columns...).Where(lql.Eq("state", "0"), lql.Eq("has_been_checked", "1")).OrderBy("-last_state_change")
		query.Limit = 1
		res, err := q.Query(ctx, query)
		if err != nil {
			return e, fmt.Errorf("problems: last recovery: %w", err)
		}
		if res.Rows == 0 {
			if err := e.unwell(ctx, q, t.table, t.name); err != nil {
				return e, err
			}
			continue
		}
		e.checks += res.Total
		e.kind = allClear
		if at := status.Unix(res.Int(0, "last_state_change")); at.After(e.solvedAt) {
			e.solvedAt = at
			e.solved = status.Row{Host: res.Text(0, t.name), Service: res.Text(0, t.description)}.Name()
		}
	}
	if w.tab != tabUnhandled && e.kind == allClear {
		e.kind = noneHere
	}
	return e, nil
}

// unwell notes what there is in a table where nothing is well: problems that
// somebody has, or what waits for its first check.
func (e *empty) unwell(ctx context.Context, q lql.Querier, table, name string) error {
	query := lql.Get(table, name, "has_been_checked").OrderBy("-has_been_checked")
	query.Limit = 1
	res, err := q.Query(ctx, query)
	switch {
	case err != nil:
		return fmt.Errorf("problems: what there is: %w", err)
	case res.Rows == 0:
	case res.Int(0, "has_been_checked") != 0:
		e.kind = allClear
	default:
		e.pending += res.Total
		if e.kind == noRights {
			e.kind = unchecked
		}
	}
	return nil
}

// sitesOf returns how many different sites were asked, have data, and have old
// data.
func sitesOf(parts []lql.Part) (asked, read, stale int) {
	seen := map[string]bool{}
	for _, p := range parts {
		if seen[p.Key] {
			continue
		}
		seen[p.Key] = true
		switch {
		case p.Missing:
		case p.Err != "":
			read++
			stale++
		default:
			read++
		}
	}
	return len(seen), read, stale
}
