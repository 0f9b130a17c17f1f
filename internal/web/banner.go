package web

import (
	"context"
	"strings"

	"belvedere/internal/lql"
	"belvedere/internal/web/ui"
)

// incomplete is what the banner says about the sites a page lacks.
type incomplete struct {
	Sites []lackingSite
	All   int // sites asked
}

// A lackingSite is a site whose data is old or missing.
type lackingSite struct {
	Key, Name, Cause string
	Taken            int64 // unix seconds of the data shown; 0: none is shown
}

// lacking merges the parts of all queries of a page into what its banner says.
func lacking(parts []lql.Part) incomplete {
	var out incomplete
	at := map[string]int{}
	seen := map[string]bool{}
	for _, p := range parts {
		if !seen[p.Key] {
			seen[p.Key] = true
			out.All++
		}
		if p.Err == "" && !p.Missing {
			continue
		}
		l := lackingSite{Key: p.Key, Name: p.Name, Cause: p.Err}
		if !p.Missing && !p.Taken.IsZero() {
			l.Taken = p.Taken.Unix()
		}
		i, ok := at[p.Key]
		if !ok {
			at[p.Key] = len(out.Sites)
			out.Sites = append(out.Sites, l)
			continue
		}
		if l.Taken == 0 || l.Taken < out.Sites[i].Taken { // the worst of the queries counts
			out.Sites[i] = l
		}
	}
	return out
}

// sentence returns the first words of the banner.
func (b incomplete) sentence(ctx context.Context) string {
	n := len(b.Sites)
	if n == b.All && n > 1 {
		return ui.T(ctx, "none of the %d sites is up to date.", n)
	}
	return ui.N(ctx, b.All, "%[1]d of %[2]d site is late or missing.", "%[1]d of %[2]d sites are late or missing.", n, b.All)
}

// cause returns the first sentence of the cause: what to do about it is for the
// page of the sites.
func (l lackingSite) cause(ctx context.Context) string {
	c := strings.TrimRight(strings.TrimSpace(ui.Said(ctx, l.Cause)), ".")
	if c == "" {
		c = ui.T(ctx, "does not answer")
	}
	first, _, _ := strings.Cut(c, ". ")
	return first + "."
}
