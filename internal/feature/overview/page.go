package overview

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"belvedere/internal/triage"
	"belvedere/internal/web"
	"belvedere/internal/web/ui"
)

// tables are those whose changes change the page.
func tables() []string { return []string{"hosts", "services", "downtimes", "sites"} }

// Feature returns the room.
func Feature() web.Feature {
	return web.Feature{
		Name: "overview",
		Menu: []web.MenuItem{{
			Name: "overview", Label: "Overview", Icon: "overview", Path: "/overview", Group: 0, Order: 20, Right: web.SignedIn, Key: "o", Phone: true,
		}},
		Routes: []web.Route{{Pattern: "GET /overview", Right: web.SignedIn, Handler: page, Screen: true}},
	}
}

// page serves GET /overview.
func page(w http.ResponseWriter, r *http.Request) error {
	p, err := load(r.Context(), web.Data(r), ui.Now(r.Context()))
	if err != nil {
		return err
	}
	return web.Render(w, r, web.Page{
		Title:  ui.T(r.Context(), "Overview"),
		Active: "overview",
		Body:   body(p),
		Blocks: map[string]templ.Component{"overview": picturePanel(p)},
		Parts:  p.parts,
	})
}

// services and hosts narrow the problems page to one table.
const (
	onlyHosts    = "state:down or state:unreachable"
	onlyServices = "state:critical or state:warning or state:unknown"
)

// problems returns the address of the problems page: a view of it, "" the
// first, narrowed by a text of the query bar.
func problems(view, q string) string {
	v := url.Values{}
	if view != "" {
		v.Set("view", view)
	}
	if q != "" {
		v.Set("q", q)
	}
	if len(v) == 0 {
		return "/problems"
	}
	return "/problems?" + v.Encode()
}

// list returns the address of a list narrowed by a text of the query bar.
func list(name, q string) string { return "/" + name + "?" + url.Values{"q": {q}}.Encode() }

// ofSeverity returns the address of the open problems of one of severities.
func ofSeverity(s triage.Severity, more string) string {
	word := map[triage.Severity]string{triage.Down: "(" + onlyHosts + ")", triage.Critical: "state:critical", triage.Warning: "state:warning",
		triage.Unknown: "state:unknown"}[s]
	if more != "" {
		word += " " + more
	}
	return problems("", word)
}

// onSite returns the term for a site of the query bar.
func onSite(key string) string { return "site:" + strconv.Quote(key) }

// openHosts returns how many hosts need someone.
func (p *picture) openHosts() int { return p.open[triage.Down] + p.open[triage.Unreachable] }

// openServices returns how many services need someone.
func (p *picture) openServices() int {
	return p.open[triage.Critical] + p.open[triage.Warning] + p.open[triage.Unknown]
}

// standing returns how many hosts, or services, stand so.
func (p *picture) standing(hosts bool, s triage.Standing) int {
	if hosts {
		return p.counts.Hosts[s]
	}
	return p.counts.N[s] - p.counts.Hosts[s]
}

// current returns how many sites have fresh data.
func (p *picture) current() int {
	n := 0
	for _, s := range p.sites {
		if s.fresh() {
			n++
		}
	}
	return n
}

// hostsNote says which host went down last.
func (p *picture) hostsNote(ctx context.Context) string {
	if p.newest == nil {
		return ui.T(ctx, "no host needs someone")
	}
	return ui.T(ctx, "newest: %s", ui.Visible(p.newest.Host))
}

// servicesNote says how bad the services are.
func (p *picture) servicesNote(ctx context.Context) string {
	if p.openServices() == 0 {
		return ui.T(ctx, "all others are well or somebody has them")
	}
	return ui.T(ctx, "%[1]s critical, %[2]s warning, %[3]s unknown", ui.Number(p.open[triage.Critical]), ui.Number(p.open[triage.Warning]), ui.Number(p.open[triage.Unknown]))
}

// sitesNote names the first site that is not current.
func (p *picture) sitesNote(ctx context.Context) string {
	for _, s := range p.sites {
		if !s.fresh() {
			return ui.T(ctx, "%s is not current", ui.Visible(s.name))
		}
	}
	return ui.T(ctx, "all data is current")
}

// label says between which ages a row counts.
func (a ageRow) label(ctx context.Context) string {
	switch {
	case a.from == 0:
		return ui.T(ctx, "under %s", ui.Ago(int64(a.to/time.Second)))
	case a.to == 0:
		return ui.T(ctx, "over %s", ui.Ago(int64(a.from/time.Second)))
	}
	return ui.Ago(int64(a.from/time.Second)) + " – " + ui.Ago(int64(a.to/time.Second))
}

// path returns the address of the problems of that age.
func (a ageRow) path() string {
	q := ""
	if a.from > 0 {
		q = "age>=" + minutes(a.from)
	}
	if a.to > 0 {
		if q != "" {
			q += " "
		}
		q += "age<" + minutes(a.to)
	}
	return problems("", q)
}

func minutes(d time.Duration) string { return strconv.Itoa(int(d/time.Minute)) + "m" }

// severities are the columns of counts by severity; unreachable hosts that
// nothing explains are counted as down.
func severities() []triage.Severity {
	return []triage.Severity{triage.Down, triage.Critical, triage.Warning, triage.Unknown}
}

// slices makes a bar of one age, against the longest of all.
func (p *picture) slices(a ageRow) []ui.Slice {
	most := 1
	for _, x := range p.ages {
		most = max(most, x.n())
	}
	out := []ui.Slice{
		{Class: "down", N: a.open[triage.Down] + a.open[triage.Unreachable]}, {Class: "crit", N: a.open[triage.Critical]},
		{Class: "warn", N: a.open[triage.Warning]}, {Class: "unkn", N: a.open[triage.Unknown]},
	}
	return append(out, ui.Slice{Class: "rest", N: most - a.n()})
}

// hidesWords says what a problem hides, "" when nothing.
func hidesWords(ctx context.Context, x *triage.Problem) string {
	hosts := ui.N(ctx, x.HiddenHosts, "%s host", "%s hosts", ui.Number(x.HiddenHosts))
	services := ui.N(ctx, x.HiddenServices, "%s service", "%s services", ui.Number(x.HiddenServices))
	switch {
	case x.HiddenHosts+x.HiddenServices == 0:
		return ""
	case x.HiddenHosts == 0:
		return ui.T(ctx, "hides %s", services)
	case x.HiddenServices == 0:
		return ui.T(ctx, "hides %s", hosts)
	}
	return ui.T(ctx, "hides %s", hosts+", "+services)
}

// figState is the look of a large figure: bad when there is any.
func figState(n int, bad, good ui.State) ui.State {
	if n > 0 {
		return bad
	}
	return good
}

// problemArgs returns the values of a text about n problems: the one for a
// single problem has none.
func problemArgs(n int) []any {
	if n == 1 {
		return nil
	}
	return []any{ui.Number(n)}
}

// siteOpen returns how many open problems of a severity a site has.
func siteOpen(s siteRow, v triage.Severity) int {
	if v == triage.Down {
		return s.open[triage.Down] + s.open[triage.Unreachable]
	}
	return s.open[v]
}

// short names a severity in a legend.
func short(ctx context.Context, s triage.Severity) string {
	switch s {
	case triage.Down:
		return ui.T(ctx, "down")
	case triage.Critical:
		return ui.T(ctx, "crit")
	case triage.Warning:
		return ui.T(ctx, "warn")
	}
	return ui.T(ctx, "unkn")
}
