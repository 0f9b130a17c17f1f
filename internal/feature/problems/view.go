package problems

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"belvedere/internal/triage"
	"belvedere/internal/web/action"
	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
)

// A view is what the templates draw.
type view struct {
	request
	*picture
	alone bool      // there is nothing but this view
	saved []ui.Link // saved views of who asks
	empty empty
}

// An empty says why there is no row.
type empty struct {
	kind     emptyKind
	sites    int       // sites asked
	stale    int       // of them with old data
	checks   int       // hosts and services that are well
	pending  int       // hosts and services that wait for their first check, where none is well
	solved   string    // what recovered last
	solvedAt time.Time // and when
	wider    []int     // problems of the view under each filter of Asked.Wider
}

type emptyKind uint8

const (
	notEmpty      emptyKind = iota
	allClear                // good news
	notRead                 // the filter is wrong
	noMatch                 // the filter hides what there is
	nothingBehind           // the cause hides nothing any more
	noRights                // the person may see nothing
	noSites                 // there is no site
	noData                  // no site has been read yet
	noneHere                // nothing in this view
	unchecked               // nothing was ever checked
	noObjects               // no core has any, and the person would see them
)

// newView arranges a picture for the templates.
func newView(w request, p *picture) view { return view{request: w, picture: p} }

// tabLink is the link to a view with its number.
func (v view) tabLink(label, tab string, n int) ui.Link {
	l := ui.Link{Label: label, Path: v.path(tab), Current: v.tab == tab, N: n, NSet: true}
	if tab == tabUnhandled && n > 0 {
		l.NClass = "crit"
	}
	return l
}

// tabs are the views that are the same for all who see the same, with their
// numbers.
func (v view) tabs(ctx context.Context) []ui.Link {
	n := v.counts.N
	unhandled := n[triage.Open]
	if v.soft {
		unhandled += n[triage.Soft]
	}
	return []ui.Link{
		v.tabLink(ui.T(ctx, "Unhandled"), tabUnhandled, unhandled),
		v.tabLink(ui.T(ctx, "All"), tabAll, v.counts.All()),
		v.tabLink(ui.T(ctx, "Acknowledged"), tabAck, n[triage.Acked]),
		v.tabLink(ui.T(ctx, "In downtime"), tabDowntime, n[triage.Planned]),
		v.tabLink(ui.T(ctx, "Suppressed"), tabSuppressed, n[triage.Suppressed]),
	}
}

// ownTabs are the views of one person.
func (v view) ownTabs(ctx context.Context) []ui.Link {
	return append([]ui.Link{v.tabLink(ui.T(ctx, "Mine"), tabMine, v.mine)}, v.saved...)
}

// path returns the address of a view with the filters and grouping in force.
func (v view) path(tab string) string {
	q := url.Values{}
	set := func(name, value, usual string) {
		if value != usual {
			q.Set(name, value)
		}
	}
	set("view", tab, tabUnhandled)
	set("group", string(v.group), string(triage.ByCause))
	set("q", v.asked.Text, "")
	if v.soft {
		q.Set("soft", "1")
	}
	return addr(q)
}

func addr(q url.Values) string {
	if len(q) == 0 {
		return "/problems"
	}
	return "/problems?" + q.Encode()
}

// groupings are the choices of what the list is grouped by: those of the
// switch, and the rarer ones of the menu beside it.
func (v view) groupings(ctx context.Context) (usual, more []ui.Link) {
	link := func(label string, by triage.Grouping) ui.Link {
		value := string(by)
		if by == triage.ByCause {
			value = ""
		}
		return ui.Link{Label: label, Path: ui.Anew(ctx, "group", value, "closed", ""), Current: v.group == by}
	}
	usual = []ui.Link{link(ui.T(ctx, "Cause"), triage.ByCause), link(ui.T(ctx, "Host"), triage.ByHost),
		link(ui.T(ctx, "Service"), triage.ByService), link(ui.T(ctx, "None"), triage.NoGrouping)}
	more = []ui.Link{link(ui.T(ctx, "Site"), triage.BySite), link(ui.T(ctx, "Host group"), triage.ByHostgroup),
		link(ui.T(ctx, "Output pattern"), triage.ByOutput)}
	return usual, more
}

// moreLabel names the menu of rarer groupings: by the one in force.
func moreLabel(ctx context.Context, more []ui.Link) string {
	for _, l := range more {
		if l.Current {
			return l.Label
		}
	}
	return ui.T(ctx, "More")
}

// foldPath returns the address of the page with one id more or less in a
// parameter. Beyond what an address may hold the oldest is left out.
func foldPath(ctx context.Context, param, id string) string {
	q := url.Values{}
	for k, v := range ui.Env(ctx).Query {
		q[k] = v
	}
	ids := slices.Clone(q[param])
	if at := slices.Index(ids, id); at >= 0 {
		ids = slices.Delete(ids, at, at+1)
	} else {
		ids = append(ids, id)
	}
	q[param] = ids[max(len(ids)-maxFolds, 0):]
	if len(q[param]) == 0 {
		q.Del(param)
	}
	return addr(q)
}

// foldPath returns the address that folds or unfolds the section.
func (x section) foldPath(ctx context.Context) string {
	if x.Kind == triage.SameCheck || x.handled {
		return foldPath(ctx, "open", x.ID)
	}
	return foldPath(ctx, "closed", x.ID)
}

// belowPath returns the address of all that the row hides.
func (r row) belowPath() string {
	return addr(url.Values{"view": {tabSuppressed}, "below": {r.ID}})
}

// belowName names the cause that the address narrows to.
func (v view) belowName() string {
	key, _ := keyOf(v.below) // parse made sure
	return key.Host
}

// title returns the head of the section, "" for none.
func (v view) title(ctx context.Context, x section) string {
	switch {
	case x.handled && x.standing == triage.Acked:
		return ui.T(ctx, "Somebody is on it")
	case x.handled:
		return ui.T(ctx, "Planned")
	}
	switch x.Kind {
	case triage.DownHosts:
		return ui.T(ctx, "Hosts down")
	case triage.CutOffHosts:
		return ui.T(ctx, "Hosts unreachable")
	case triage.SameCheck:
		return ui.T(ctx, "Same check, same ten minutes")
	case triage.OnTheirOwn:
		return ui.T(ctx, "Services")
	case triage.Behind:
		return ui.T(ctx, "Behind %s", x.Name)
	case triage.Named:
		return v.named(ctx, x)
	}
	return ""
}

// named returns the head of a section by value.
func (v view) named(ctx context.Context, x section) string {
	switch {
	case v.group == triage.ByHost:
		return ""
	case v.group == triage.BySite && v.sites[x.Name] != "":
		return v.sites[x.Name]
	case x.Name != "":
		return x.Name
	case v.group == triage.ByService:
		return ui.T(ctx, "Hosts")
	case v.group == triage.ByHostgroup:
		return ui.T(ctx, "In no host group")
	case v.group == triage.ByOutput:
		return ui.T(ctx, "No output")
	}
	return "–"
}

// note returns what stands behind the head of the section.
func (v view) note(ctx context.Context, x section) string {
	n := len(x.Items)
	switch {
	case x.handled && x.standing == triage.Acked:
		return ui.T(ctx, "%s acknowledged", ui.Number(n))
	case x.handled:
		return ui.T(ctx, "%s in a downtime", ui.Number(n))
	}
	switch x.Kind {
	case triage.DownHosts:
		return x.hides(ctx)
	case triage.CutOffHosts:
		return ui.T(ctx, "no parent that is down is known")
	case triage.SameCheck:
		return ui.T(ctx, "%s on %s, %s, since %s", x.Name, hosts(ctx, x.Hosts), v.where(ctx, x), ui.Short(ctx, status.Unix(x.Since)))
	case triage.OnTheirOwn:
		return ui.N(ctx, n, "%s on its own", "%s on their own", ui.Number(n))
	case triage.Behind:
		return ui.T(ctx, "%s on %s", problemsOf(ctx, n), hosts(ctx, x.Hosts))
	}
	if v.group == triage.BySite {
		return ui.T(ctx, "%s on %s", problemsOf(ctx, n), hosts(ctx, x.Hosts))
	}
	return ui.T(ctx, "%s on %s, %s", problemsOf(ctx, n), hosts(ctx, x.Hosts), v.where(ctx, x))
}

// where names the site of the section, or counts its sites.
func (v view) where(ctx context.Context, x section) string {
	if x.Sites == 1 && len(x.rows) > 0 {
		return x.rows[0].SiteName
	}
	return ui.N(ctx, x.Sites, "%s site", "%s sites", ui.Number(x.Sites))
}

func hosts(ctx context.Context, n int) string {
	return ui.N(ctx, n, "%s host", "%s hosts", ui.Number(n))
}

func services(ctx context.Context, n int) string {
	return ui.N(ctx, n, "%s service", "%s services", ui.Number(n))
}

func problemsOf(ctx context.Context, n int) string {
	return ui.N(ctx, n, "%s problem", "%s problems", ui.Number(n))
}

// hides says what the causes of the section hide: "3 causes hide 31 hosts and
// 273 services".
func (x section) hides(ctx context.Context) string {
	if x.hiding == 0 {
		return ""
	}
	what := services(ctx, x.hidden[1])
	if x.hidden[0] > 0 && x.hidden[1] > 0 {
		what = ui.T(ctx, "%s and %s", hosts(ctx, x.hidden[0]), services(ctx, x.hidden[1]))
	} else if x.hidden[0] > 0 {
		what = hosts(ctx, x.hidden[0])
	}
	return ui.N(ctx, x.hiding, "%s cause hides %s", "%s causes hide %s", ui.Number(x.hiding), what)
}

// hides says what one row hides: "14 hosts · 121 services".
func (r row) hides(ctx context.Context) string {
	switch p := r.problem; {
	case p.HiddenHosts == 0:
		return services(ctx, p.HiddenServices)
	case p.HiddenServices == 0:
		return hosts(ctx, p.HiddenHosts)
	default:
		return hosts(ctx, p.HiddenHosts) + " · " + services(ctx, p.HiddenServices)
	}
}

// foldLabel says what the switch of a section shows.
func (x section) foldLabel(ctx context.Context) string {
	switch {
	case x.Kind == triage.SameCheck:
		return ui.T(ctx, "%s more", ui.Number(len(x.Items)-previewed))
	case x.Kind == triage.Named && x.Site != "":
		return problemsOf(ctx, len(x.Items))
	case x.folded:
		return ui.T(ctx, "show")
	}
	return ui.T(ctx, "hide")
}

// sortValue is the sort in force as the query parameter has it.
func (v view) sortValue() string {
	if v.order.Desc {
		return "-" + v.order.By
	}
	return v.order.By
}

// summary says how many problems there are and who has them.
func (v view) summary(ctx context.Context) string {
	n := v.counts.N
	out := []string{ui.N(ctx, n[triage.Open], "%s needs someone", "%s need someone", ui.Number(n[triage.Open]))}
	add := func(n int, text string) {
		if n > 0 {
			out = append(out, text)
		}
	}
	add(n[triage.Soft], ui.T(ctx, "%s not confirmed yet", ui.Number(n[triage.Soft])))
	add(n[triage.Acked], ui.T(ctx, "%s acknowledged", ui.Number(n[triage.Acked])))
	add(n[triage.Planned], ui.T(ctx, "%s in a downtime", ui.Number(n[triage.Planned])))
	add(n[triage.Suppressed], ui.T(ctx, "%s suppressed", ui.Number(n[triage.Suppressed])))
	return problemsOf(ctx, v.counts.Total()) + ": " + strings.Join(out, ", ") + "."
}

// caption names the list for screen readers.
func (v view) caption(ctx context.Context) string {
	switch v.tab {
	case tabAll:
		return ui.T(ctx, "All problems, worst first")
	case tabMine:
		return ui.T(ctx, "Problems that are yours")
	case tabAck:
		return ui.T(ctx, "Acknowledged problems")
	case tabDowntime:
		return ui.T(ctx, "Problems in a downtime")
	case tabSuppressed:
		return ui.T(ctx, "Problems explained by another")
	}
	return ui.T(ctx, "Unhandled problems, worst first")
}

// ownerHead names the last column.
func (v view) ownerHead(ctx context.Context) string {
	if v.tab == tabSuppressed {
		return ui.T(ctx, "Because of")
	}
	return ui.T(ctx, "Owner")
}

// clear says what is well: "12 480 checks on 6 sites, all fresh".
func (e empty) clear(ctx context.Context) string {
	checks := ui.N(ctx, e.checks, "%s check", "%s checks", ui.Number(e.checks))
	sites := ui.N(ctx, e.sites, "%s site", "%s sites", ui.Number(e.sites))
	if e.stale == 0 {
		return ui.T(ctx, "%s are well on %s, all fresh.", checks, sites)
	}
	return ui.T(ctx, "%s are well on %s, %s of them with old data.", checks, sites, ui.Number(e.stale))
}

// noneTitle says that a view other than the first is empty.
func (v view) noneTitle(ctx context.Context) string {
	switch v.tab {
	case tabAll:
		return ui.T(ctx, "No problem at all")
	case tabMine:
		return ui.T(ctx, "No problem is yours")
	case tabAck:
		return ui.T(ctx, "Nothing is acknowledged")
	case tabDowntime:
		return ui.T(ctx, "No problem is in a downtime")
	}
	return ui.T(ctx, "No problem is hidden behind another")
}

// word returns the state of a cause as cores say it.
func word(p *triage.Problem) string {
	if p.Severity == triage.Unreachable {
		return "UNREACHABLE"
	}
	return "DOWN"
}

// stateWidth is the width class of the state column: UNREACHABLE is long, and
// rare among what needs someone.
func (v view) stateWidth() string {
	for _, x := range v.picture.sections {
		for _, r := range x.rows {
			if r.State.Class == "unre" || slices.ContainsFunc(r.kids, func(k row) bool { return k.State.Class == "unre" }) {
				return "w-state w12"
			}
		}
	}
	return "w-state w5"
}

// same reports whether a row of the section repeats the host of the one above
// it.
func (v view) same(x section, at int) bool {
	return v.group == triage.ByHost && x.rows[at].problem.Key != x.first
}

// leads reports whether the row of the section folds the others of its host.
func (v view) leads(x section, at int) bool {
	return v.group == triage.ByHost && x.foldable && !v.same(x, at)
}

// folds are the switches in a row.
type folds struct {
	section *section // the others of its host; nil: it has none
	hidden  bool     // what it hides
}

// line draws row at of a section, or one below it, as it was drawn before if
// nothing changed that it depends on. A row with switches depends on all that
// is unfolded, and is drawn anew.
func (v view) line(x *section, at int, r *row, kid bool) templ.Component {
	var f folds
	if !kid && v.leads(*x, at) {
		f.section = x
	}
	f.hidden = !kid && r.problem.HiddenHosts+r.problem.HiddenServices > 0
	same := !kid && v.same(*x, at)
	part := line(r, f, same, kid)
	if f != (folds{}) {
		return part
	}
	return ui.Keep(func(ctx context.Context, b []byte) []byte {
		b = strconv.AppendBool(strconv.AppendBool(ui.AppendText(b, "problems"), same), kid)
		b = ui.AppendText(ui.AppendText(b, r.id), ui.MayNot(ctx, r.Site))
		if r.cause != nil {
			b = ui.AppendText(ui.AppendText(ui.AppendText(b, r.cause.Site), r.cause.Host), word(r.cause))
		}
		return r.AppendDepends(append(b, 0))
	}, part)
}

// ownerWidth is the width class of the last column: wide where it is what the
// view is about.
func (v view) ownerWidth() string {
	if v.tab == tabAck || v.tab == tabDowntime {
		return "nar w8"
	}
	return "nar w6"
}

// source is the list as what can be acted on as a whole.
func (v view) source(ctx context.Context) action.Source {
	n := v.picture.problems
	return action.Source{List: "problems", Total: n, Words: ui.N(ctx, n, "%s problem", "%s problems", ui.Number(n))}
}

// heads are those of the columns, and of what selects rows and acts on them.
func (v view) heads(ctx context.Context) []ui.Head {
	return action.Heads(ctx, true,
		ui.Head{Label: ui.T(ctx, "State"), Class: v.stateWidth(), Sort: "severity"},
		ui.Head{Label: ui.T(ctx, "Host / service"), Class: "w9", Sort: "host"},
		ui.Head{Label: ui.T(ctx, "Site"), Class: "w3", Sort: "site"},
		ui.Head{Label: ui.T(ctx, "Since"), Class: "num w3", Sort: "since"},
		ui.Head{Label: ui.T(ctx, "Attempt"), Class: "nar opt num w3", Sort: "attempt", Desc: true},
		ui.Head{Label: ui.T(ctx, "Output"), Sort: "output"},
		ui.Head{Label: v.ownerHead(ctx), Class: v.ownerWidth(), Sort: "owner"},
	)
}
