package problems

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"belvedere/internal/lql"
	"belvedere/internal/web/ui"
)

// A view is what the templates draw.
type view struct {
	request
	counts counts
	groups []group
	paging ui.Paging
	cut    bool
	site   string // name of the site that the address narrows to
	empty  empty
}

// A group is the rows of one kind with their head.
type group struct {
	id, title, note string // no head when title is empty
	rows            []row
}

// An empty says why there is no row.
type empty struct {
	kind     emptyKind
	handled  int       // problems in the other views
	sites    int       // sites asked
	solved   string    // what recovered last
	solvedAt time.Time // and when
}

type emptyKind uint8

const (
	notEmpty emptyKind = iota
	allClear           // good news
	noMatch            // the filter hides what there is
	noRights           // the person may see nothing
	noSites            // there is no site
	noData             // no site has been read yet
	noneHere           // nothing in this view
)

// newView arranges a picture for the templates.
func newView(w request, p *picture) view {
	v := view{request: w, counts: p.counts, cut: p.hostsCut, site: w.site}
	for _, part := range p.parts {
		if part.Key == w.site {
			v.site = part.Name
		}
	}
	v.paging = ui.Paging{Offset: w.offset, Limit: w.limit, Shown: len(p.rows), Total: p.total, One: "problem", Many: "problems"}
	if w.sort != "severity" || w.desc || w.tab != tabOpen {
		v.groups = []group{{rows: p.rows}}
		return v
	}
	down, services, unreachable := group{id: "g-down"}, group{id: "g-services"}, group{id: "g-unreachable"}
	for _, r := range p.rows {
		switch {
		case r.Service != "":
			services.rows = append(services.rows, r)
		case r.State.Class == "down":
			down.rows = append(down.rows, r)
		default:
			unreachable.rows = append(unreachable.rows, r)
		}
	}
	down.title = "Hosts down"
	if p.causes > 0 {
		down.note = hides(p)
	}
	services.title = "Services"
	services.note = ui.Plural(p.counts.open-p.counts.hosts, "problem", "problems") + " on hosts that are up"
	unreachable.title = "Hosts unreachable"
	unreachable.note = "no parent that is down is known"
	for _, g := range []group{down, services, unreachable} {
		if len(g.rows) > 0 {
			v.groups = append(v.groups, g)
		}
	}
	return v
}

// hides says what the causes hide: "3 causes hide 31 hosts and 273 services".
func hides(p *picture) string {
	verb := "hide"
	if p.causes == 1 {
		verb = "hides"
	}
	what := ui.Plural(p.hidden[1], "service", "services")
	if p.hidden[0] > 0 {
		what = ui.Plural(p.hidden[0], "host", "hosts")
		if p.hidden[1] > 0 {
			what += " and " + ui.Plural(p.hidden[1], "service", "services")
		}
	}
	return fmt.Sprintf("%s %s %s", ui.Plural(p.causes, "cause", "causes"), verb, what)
}

// hidden says what one row hides: "14 hosts · 121 services".
func (r row) hidden() string {
	switch {
	case r.HiddenHosts == 0:
		return ui.Plural(r.HiddenServices, "service", "services")
	case r.HiddenServices == 0:
		return ui.Plural(r.HiddenHosts, "host", "hosts")
	}
	return ui.Plural(r.HiddenHosts, "host", "hosts") + " · " + ui.Plural(r.HiddenServices, "service", "services")
}

// tabs are the views with their numbers.
func (v view) tabs() []ui.Link {
	link := func(label, tab string, n int) ui.Link {
		l := ui.Link{Label: label, Path: v.path(tab), Current: v.tab == tab, N: n, NSet: true}
		if tab == tabOpen && n > 0 {
			l.NClass = "crit"
		}
		return l
	}
	return []ui.Link{
		link("Open", tabOpen, v.counts.open),
		link("Hosts", tabHosts, v.counts.hosts),
		link("Acknowledged", tabAck, v.counts.ack),
		link("In downtime", tabDowntime, v.counts.downtime),
		link("Suppressed", tabSuppressed, v.counts.suppressed),
	}
}

// path returns the address of a view with the filters in force.
func (v view) path(tab string) string {
	q := url.Values{}
	if tab != tabOpen {
		q.Set("view", tab)
	}
	if v.text != "" {
		q.Set("q", v.text)
	}
	if v.request.site != "" {
		q.Set("site", v.request.site)
	}
	if len(q) == 0 {
		return "/problems"
	}
	return "/problems?" + q.Encode()
}

// hiddenPath returns the address of everything hidden that names the host.
func hiddenPath(r row) string {
	return "/problems?" + url.Values{"view": {tabSuppressed}, "q": {r.Host}, "site": {r.Site}}.Encode()
}

// sortValue is the sort in force as the query parameter has it.
func (v view) sortValue() string {
	if v.desc {
		return "-" + v.sort
	}
	return v.sort
}

// total is the number of problems in all views.
func (c counts) total() int { return c.open + c.ack + c.downtime + c.suppressed }

// sitesOf returns how many different sites contributed.
func sitesOf(parts []lql.Part) (asked, read int) {
	seen := map[string]bool{}
	for _, p := range parts {
		if seen[p.Key] {
			continue
		}
		seen[p.Key] = true
		if !p.Missing {
			read++
		}
	}
	return len(seen), read
}

// caption names the list for screen readers.
func (v view) caption() string {
	switch v.tab {
	case tabHosts:
		return "Hosts that are not up"
	case tabAck:
		return "Acknowledged problems"
	case tabDowntime:
		return "Problems in a downtime"
	case tabSuppressed:
		return "Problems explained by another"
	}
	return "Open problems, worst first"
}

// ownerHead names the last column.
func (v view) ownerHead() string {
	if v.tab == tabSuppressed {
		return "Because of"
	}
	return "Owner"
}

// handledWords says how many problems somebody takes care of.
func (v view) handledWords() string {
	var words []string
	for _, n := range []struct {
		n    int
		what string
	}{{v.counts.ack, "acknowledged"}, {v.counts.downtime, "in a downtime"}, {v.counts.suppressed, "explained by these"}} {
		if n.n > 0 {
			words = append(words, ui.Number(n.n)+" "+n.what)
		}
	}
	return strings.Join(words, ", ") + "."
}

// noneTitle says that a view other than the open problems is empty.
func (v view) noneTitle() string {
	switch v.tab {
	case tabAck:
		return "Nothing is acknowledged"
	case tabDowntime:
		return "No problem is in a downtime"
	}
	return "No problem is hidden behind another"
}

// rowID returns the id of a row: that of the object, or one of its own below a
// cause, because the object may also have a row by itself.
func rowID(r row, kid bool) string {
	if kid {
		return "k|" + r.ID
	}
	return r.ID
}

// stateWidth is the width class of the state column: UNREACHABLE is long, and
// rare among open problems.
func (v view) stateWidth() string {
	for _, g := range v.groups {
		for _, r := range g.rows {
			if r.State.Class == "unre" {
				return "w12"
			}
			for _, k := range r.Kids {
				if k.State.Class == "unre" {
					return "w12"
				}
			}
		}
	}
	return "w5"
}
