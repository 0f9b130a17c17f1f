package outages

import (
	"context"
	"net/http"

	"github.com/a-h/templ"

	"belvedere/internal/web"
	"belvedere/internal/web/filter"
	"belvedere/internal/web/list"
	"belvedere/internal/web/ui"
)

// maxOffset is how far down paging goes, in rows.
const maxOffset = 10_000_000

// tables are those whose changes change the page.
func tables() []string { return []string{"hosts", "services", "comments", "downtimes", "sites"} }

// Feature returns the room.
func Feature() web.Feature {
	return web.Feature{
		Name: "outages",
		Menu: []web.MenuItem{{
			Name: "outages", Label: "Outages", Icon: "nolink", Path: "/outages", Group: 0, Order: 60, Right: web.SignedIn,
		}},
		Routes: append(list.WholeRoutes("/outages", web.SignedIn, whole),
			web.Route{Pattern: "GET /outages", Right: web.SignedIn, Handler: index, Screen: true}),
	}
}

// index serves GET /outages.
func index(w http.ResponseWriter, r *http.Request) error {
	req, err := parse(r)
	if err != nil {
		return err
	}
	p, err := load(r.Context(), web.Data(r), req, ui.Now(r.Context()))
	if err != nil {
		return err
	}
	v := newView(r.Context(), req, p, web.Viewer(r).All)
	return web.Render(w, r, web.Page{
		Title:  ui.T(r.Context(), "Outages"),
		Status: req.asked.Status(),
		Active: "outages",
		Body:   body(v),
		Blocks: map[string]templ.Component{"figures": figures(v), "list": rows(v)},
		Parts:  p.parts,
	})
}

// parse reads the address.
func parse(r *http.Request) (req request, err error) {
	order, err := web.OneOf(r, "sort", sorts()...)
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
	req.asked, err = filter.Read(r, "hosts")
	return req, err
}

// A view is what the templates draw.
type view struct {
	request
	*picture
	paging  ui.Paging
	nothing nothing
}

// nothing says why the page is empty.
type nothing uint8

const (
	allClear nothing = iota // no host blocks another
	noMatch                 // the filter hides what there is
	noRead                  // the filter cannot be read
	noRights                // the person may see nothing
	noSites                 // there is no site
	noData                  // nothing was read yet
)

// newView arranges a picture for the templates.
func newView(ctx context.Context, w request, p *picture, seesAll bool) view {
	v := view{request: w, picture: p}
	v.paging = ui.Paging{Offset: w.offset, Limit: w.limit, Shown: len(p.rows), Total: p.all, Of: ui.N(ctx, p.all, "%s outage", "%s outages", ui.Number(p.all))}
	read := 0
	for _, part := range p.parts {
		if !part.Missing {
			read++
		}
	}
	switch {
	case w.asked.Err != nil:
		v.nothing = noRead
	case !w.asked.Empty():
		v.nothing = noMatch
	case len(p.parts) == 0 && seesAll:
		v.nothing = noSites
	case len(p.parts) == 0:
		v.nothing = noRights
	case read == 0:
		v.nothing = noData
	}
	return v
}

// sortValue is the sort in force as the query parameter has it.
func (v view) sortValue() string {
	if v.desc {
		return "-" + v.sort
	}
	return v.sort
}

// words says how much is affected.
func (v view) words(ctx context.Context) string {
	if v.all == 0 {
		return ""
	}
	return ui.T(ctx, "%[1]s cut off %[2]s, with %[3]s in all",
		ui.N(ctx, v.all, "%s host", "%s hosts", ui.Number(v.all)),
		ui.N(ctx, v.hosts, "%s host", "%s hosts", ui.Number(v.hosts)),
		ui.N(ctx, v.services, "%s service", "%s services", ui.Number(v.services)))
}

// heads are the columns.
func heads(ctx context.Context) []ui.Head {
	return []ui.Head{
		{Label: ui.T(ctx, "State"), Class: "w12", Sort: "state"},
		{Label: ui.T(ctx, "Host"), Class: "w7", Sort: "host"},
		{Label: ui.T(ctx, "Site"), Class: "w3", Sort: "site"},
		{Label: ui.T(ctx, "Since"), Class: "num w3", Sort: "since"},
		{Label: ui.T(ctx, "Hosts cut off"), Class: "num w5", Sort: "hosts", Desc: true},
		{Label: ui.T(ctx, "Services affected"), Class: "num w5", Sort: "services", Desc: true},
		{Label: ui.T(ctx, "Severity"), Class: "nar opt num w4", Sort: "severity"},
		{Label: ui.T(ctx, "Output"), Sort: "output"},
		{Label: ui.T(ctx, "Owner"), Class: "nar w6", Sort: "owner"},
	}
}
