package problems

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"belvedere/internal/lql"
	"belvedere/internal/triage"
	"belvedere/internal/web"
	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
)

const (
	wallRows    = 11 // problems listed on a wall
	wallChanges = 6  // newest ones in its last line
)

// A wallView is the page as a wall shows it.
type wallView struct {
	tiles   []tile
	worst   []row
	changes []row // newest first
	more    int   // problems beyond worst
	handled [2]int
	oldest  int64 // unix seconds since when the oldest one has nobody
	parts   []lql.Part
}

// A tile is one large number.
type tile struct {
	state  ui.State
	label  string
	n      int
	newest int64 // unix seconds; 0: there is none
	behind int   // hosts and services that are hidden by them
}

// wallPage serves GET /problems?wall=1.
func wallPage(w http.ResponseWriter, r *http.Request, req request) error {
	v, err := loadWall(r.Context(), web.Data(r), req, ui.Now(r.Context()))
	if err != nil {
		return err
	}
	return web.Render(w, r, web.Page{
		Title: ui.T(r.Context(), "Problems"), Active: "problems", Wall: onWall(v), WallNote: wallNote(v), WallTables: tables(), Parts: v.parts,
	})
}

// loadWall asks for what a wall shows of the problems of the view.
func loadWall(ctx context.Context, q lql.Querier, w request, now time.Time) (wallView, error) {
	s, err := triage.Take(ctx, q, w.want())
	if err != nil {
		return wallView{}, err
	}
	p := &picture{survey: s, parts: s.Parts}
	items, _, err := p.pick(ctx, q, w)
	if err != nil {
		return wallView{}, err
	}
	v := wallView{parts: p.parts, handled: [2]int{p.counts.N[triage.Acked], p.counts.N[triage.Planned]}}
	v.count(ctx, s, items)
	items = slices.Clone(items)
	s.Sort(items, triage.Order{By: "since"})
	newest := slices.Clone(items[:min(len(items), wallChanges)])
	s.Sort(items, triage.Order{})
	worst := items[:min(len(items), wallRows)]
	v.more = len(items) - len(worst)
	var keys []triage.Key
	for _, i := range slices.Concat(worst, newest) {
		if k := s.Problems[i].Key; !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	found, err := fetch(ctx, q, keys, now)
	if err != nil {
		return wallView{}, err
	}
	for _, i := range worst {
		if x, ok := rowOf(s, found, i); ok {
			v.worst = append(v.worst, x)
		}
	}
	for _, i := range newest {
		if x, ok := rowOf(s, found, i); ok {
			x.id = "n|" + x.id
			v.changes = append(v.changes, x)
		}
	}
	return v, nil
}

// count fills in the large numbers.
func (v *wallView) count(ctx context.Context, s *triage.Survey, items []int) {
	v.tiles = []tile{
		{state: ui.HostState(1, true, false), label: ui.T(ctx, "hosts down")},
		{state: ui.ServiceState(2, true, false), label: ui.T(ctx, "critical")},
		{state: ui.ServiceState(1, true, false), label: ui.T(ctx, "warning")},
		{state: ui.ServiceState(3, true, false), label: ui.T(ctx, "unknown")},
	}
	for _, i := range items {
		one := &s.Problems[i]
		at := map[triage.Severity]int{triage.Down: 0, triage.Unreachable: 0, triage.Critical: 1, triage.Warning: 2, triage.Unknown: 3}[one.Severity]
		t := &v.tiles[at]
		t.n++
		t.newest = max(t.newest, one.Since)
		t.behind += one.HiddenHosts + one.HiddenServices
		if v.oldest == 0 || one.Since > 0 && one.Since < v.oldest {
			v.oldest = one.Since
		}
	}
}

// about says what a problem hides, else which service it is.
func (x row) about(ctx context.Context) string {
	h, s := x.problem.HiddenHosts, x.problem.HiddenServices
	switch {
	case x.Service != "":
		return ui.Visible(x.Service)
	case h > 0 && s > 0:
		return ui.T(ctx, "hides %[1]s, %[2]s", ui.N(ctx, h, "%s host", "%s hosts", ui.Number(h)), ui.N(ctx, s, "%s service", "%s services", ui.Number(s)))
	case h > 0:
		return ui.T(ctx, "hides %s", ui.N(ctx, h, "%s host", "%s hosts", ui.Number(h)))
	case s > 0:
		return ui.T(ctx, "hides %s", ui.N(ctx, s, "%s service", "%s services", ui.Number(s)))
	}
	return ui.Visible(x.Output)
}

// sinceUnix returns since when, 0 for never.
func sinceUnix(r status.Row) int64 {
	if r.Since.IsZero() {
		return 0
	}
	return r.Since.Unix()
}

// digits says how wide a number is, for its size on a wall.
func digits(n int) string { return "d" + strconv.Itoa(min(len(strconv.Itoa(n)), 6)) }
