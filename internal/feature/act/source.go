package act

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"belvedere/internal/command"
	"belvedere/internal/lql"
	"belvedere/internal/triage"
	"belvedere/internal/web"
	"belvedere/internal/web/filter"
	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
)

// sourceKeys returns the keys of all rows of the list that a request names,
// whatever page of it is shown: those that whoever asks sees on the sites that
// are chosen.
func sourceKeys(r *http.Request) ([]string, error) {
	switch list := r.FormValue("list"); list {
	case "hosts", "services":
		return rowKeys(r, list, func(q *lql.Query) ([]string, error) {
			found, err := read(r.Context(), web.Data(r), q)
			keys := make([]string, len(found))
			for i, s := range found {
				keys[i] = s.key()
			}
			return keys, err
		})
	case "comments", "downtimes":
		return rowKeys(r, list, func(q *lql.Query) ([]string, error) {
			found, err := entries(r.Context(), web.Data(r), q)
			keys := make([]string, len(found))
			for i, e := range found {
				keys[i] = e.key()
			}
			return keys, err
		})
	case "problems":
		return problemKeys(r)
	}
	return nil, web.BadRequest("There is no such list", "Go back and select again.")
}

// rowKeys returns the keys of the rows of a table that the filter of the
// request means.
func rowKeys(r *http.Request, table string, ask func(*lql.Query) ([]string, error)) ([]string, error) {
	asked, err := filter.Read(r, table)
	if err != nil {
		return nil, err
	}
	if err := asked.Wrong(r.Context()); err != nil {
		return nil, err
	}
	query := subjectQuery(table)
	if table == "comments" || table == "downtimes" {
		query = entryQuery(table)
	}
	query.Where(asked.Filter(table))
	query.Limit = command.TargetsMost + 1
	keys, err := ask(query)
	if err != nil {
		return nil, err
	}
	return keys, tooMany(r.Context(), len(keys))
}

func tooMany(ctx context.Context, n int) error {
	if n <= command.TargetsMost {
		return nil
	}
	return web.BadRequest(ui.T(ctx, "That are more than %s objects", ui.Number(command.TargetsMost)), "Narrow the filter.")
}

// problemKeys returns the keys of the problems in the view of the request.
func problemKeys(r *http.Request) ([]string, error) {
	ctx, q := r.Context(), web.Data(r)
	asked, err := filter.Read(r, "hosts", "services")
	if err != nil {
		return nil, err
	}
	if err := asked.Wrong(ctx); err != nil {
		return nil, err
	}
	s, err := triage.Take(ctx, q, triage.Want{})
	if err != nil {
		return nil, err
	}
	standing := map[triage.Standing]bool{triage.Open: true, triage.Soft: r.FormValue("soft") == "1"}
	var among []int
	switch view := r.FormValue("view"); view {
	case "", "unhandled":
	case "all":
		standing = map[triage.Standing]bool{triage.Open: true, triage.Soft: true, triage.Acked: true, triage.Planned: true}
	case "acknowledged":
		standing = map[triage.Standing]bool{triage.Acked: true}
	case "downtime":
		standing = map[triage.Standing]bool{triage.Planned: true}
	case "suppressed":
		standing = map[triage.Standing]bool{triage.Suppressed: true}
	case "mine":
		me := web.Person(r)
		if among, err = s.Mine(ctx, q, triage.Me{Names: []string{me.Username, me.DisplayName, me.Contact}, Everything: !web.Viewer(r).All}); err != nil {
			return nil, err
		}
		standing = map[triage.Standing]bool{triage.Open: true, triage.Soft: r.FormValue("soft") == "1", triage.Acked: true, triage.Planned: true, triage.Suppressed: true}
	default:
		return nil, web.BadRequest("There is no such view", "Go back and select again.")
	}
	fits := func(*triage.Problem) bool { return true }
	if !asked.Empty() {
		found, err := triage.Matching(ctx, q, asked.Filter("hosts"), asked.Filter("services"))
		if err != nil {
			return nil, fmt.Errorf("act: problems: %w", err)
		}
		fits = func(p *triage.Problem) bool { return found[p.Key] }
	}
	cause := -1
	if below := r.FormValue("below"); below != "" {
		p, ok := splitKey(below)
		if !ok {
			return nil, web.BadRequest("below does not name a host", "Give it as site|host, with the key of the site")
		}
		if cause = s.Find(triage.Key{Site: p[0], Host: p[1]}); cause < 0 {
			return nil, nil
		}
	}
	var keys []string
	for i := range s.Problems {
		p := &s.Problems[i]
		switch {
		case !standing[p.Standing] || !fits(p) || cause >= 0 && p.Cause != cause:
		case r.FormValue("view") == "mine" && !slices.Contains(among, i):
		default:
			keys = append(keys, status.RowID(p.Site, p.Host, p.Service))
		}
	}
	return keys, tooMany(ctx, len(keys))
}
