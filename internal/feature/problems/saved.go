package problems

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"belvedere/internal/lql"
	"belvedere/internal/triage"
	"belvedere/internal/web"
	"belvedere/internal/web/ui"
)

// maxSaved is how many saved views are tabs.
const maxSaved = 12

// count counts the problems of a saved view.
func count(ctx context.Context, q lql.Querier, query url.Values) (int, error) {
	s, err := triage.Take(ctx, q, triage.Want{})
	if err != nil {
		return 0, fmt.Errorf("problems: count: %w", err)
	}
	return countIn(ctx, q, s, query)
}

// countIn is count over a survey that is there already.
func countIn(ctx context.Context, q lql.Querier, s *triage.Survey, query url.Values) (int, error) {
	r := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/problems", RawQuery: query.Encode()}}
	w, err := parse(r.WithContext(ctx))
	if err != nil {
		return 0, err
	}
	if w.tab != tabMine {
		w.me = nil
	}
	p := &picture{survey: s}
	_, _, err = p.pick(ctx, q, w)
	return p.problems, err
}

// saved returns the saved views of the page of whoever asks, each with its
// number; a view whose filter is none any more has no number.
func saved(r *http.Request, s *triage.Survey) ([]ui.Link, error) {
	views, err := web.Views(r)
	if err != nil {
		return nil, err
	}
	lql.Traced(r.Context(), func(ctx context.Context) bool {
		again, err := web.Views(r.WithContext(ctx))
		return err == nil && slices.Equal(views, again)
	})
	var out []ui.Link
	for _, x := range views {
		query, err := url.ParseQuery(x.Query)
		if x.Path != "/problems" || err != nil || len(out) == maxSaved {
			continue
		}
		l := ui.Link{Label: ui.Visible(x.Name), Path: x.Address(), Current: web.SameView(ui.Env(r.Context()).Query, query)}
		if n, err := countIn(r.Context(), web.Data(r), s, query); err == nil {
			l.N, l.NSet = n, true
		}
		out = append(out, l)
	}
	return out, nil
}

// savePath returns the address of the form that saves what is shown.
func savePath(ctx context.Context) string {
	at := "/problems"
	if q := web.ViewQuery(ui.Env(ctx).Query); q != "" {
		at += "?" + q
	}
	return "/views/new?" + url.Values{"at": {at}}.Encode()
}
