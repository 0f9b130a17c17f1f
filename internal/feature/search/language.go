package search

import (
	"context"
	"net/http"
	"strings"

	"belvedere/internal/search"
	"belvedere/internal/web"
	"belvedere/internal/web/filter"
	"belvedere/internal/web/ui"
)

// language serves GET /search/language: how filters are written.
func language(w http.ResponseWriter, r *http.Request) error {
	return web.Render(w, r, web.Page{Title: ui.T(r.Context(), "How filters are written"), Body: languagePage(newLanguage(r.Context()))})
}

// A langView is what the page shows.
type langView struct {
	examples [][3]string // query, page it is tried on, what it finds
	fields   []langField
	words    [][2]string // field, words it takes
	ops      [][2]string // operator, what it does
}

type langField struct{ name, aliases, note string }

func newLanguage(ctx context.Context) langView {
	v := langView{
		examples: [][3]string{
			{`web`, "/services", ui.T(ctx, "the text anywhere: names, alias, address, output")},
			{`state:crit,warn -is:acknowledged`, "/services", ui.T(ctx, "critical or warning, and not acknowledged")},
			{`hostgroup:linux age>1h`, "/services", ui.T(ctx, "in the host group, in this state for more than an hour")},
			{`host:db-* service:disk`, "/services", ui.T(ctx, "names with a wildcard are meant as a whole, others are a part")},
			{`host=db-01,db-02`, "/services", ui.T(ctx, "exactly one of these names")},
			{`output~"time(d )?out"`, "/services", ui.T(ctx, "a regular expression, letter case ignored")},
			{`(site:wien is:flapping) or is:new`, "/services", ui.T(ctx, "alternatives, with brackets")},
			{`_OWNER:anna`, "/hosts", ui.T(ctx, "a custom variable, by its name behind an underscore")},
			{`last_check<-15m check_interval<=5`, "/services", ui.T(ctx, "any column by its name; -15m is a quarter of an hour ago")},
			{`author:anna comment:disk`, "/hosts", ui.T(ctx, "with such a comment or downtime")},
		},
	}
	for _, f := range search.Fields() {
		v.fields = append(v.fields, langField{f.Name, strings.Join(f.Aliases, ", "), filter.FieldNote(ctx, f.Name)})
	}
	for _, f := range []string{"state", "is"} {
		v.words = append(v.words, [2]string{f, strings.Join(search.WordsOf(f, "hosts", "services"), ", ")})
	}
	for _, op := range []search.Op{search.Has, search.Equal, search.NotEqual, search.Match, search.NotMatch, search.Greater, search.GreaterOrEqual, search.Less, search.LessOrEqual} {
		v.ops = append(v.ops, [2]string{op.String(), filter.OpNote(ctx, op.String())})
	}
	return v
}
