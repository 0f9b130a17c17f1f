package search

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"belvedere/internal/lql"
)

// maxFound bounds the comments and downtimes that one term may find.
const maxFound = 1000

// Bind is [Expr.Filters] with an engine at hand: it answers terms about the
// comments and downtimes of hosts and services, and refuses regular expressions
// that the engine does not take. q should be bound to whoever asks. Errors are
// [*Error], or those of q.
func Bind(ctx context.Context, q lql.Querier, e Expr, now time.Time, tables ...string) ([]lql.Filter, error) {
	if err := e.tryPatterns(ctx, q); err != nil {
		return nil, err
	}
	c := compiler{now: now}
	c.objects = func(e Expr, f Field, table string) (lql.Filter, error) {
		return found(ctx, q, c, e, f, table)
	}
	return e.filters(c, tables)
}

// tryPatterns asks the engine whether the regular expressions of e are some:
// it alone knows its dialect. The table of sites is the smallest there is.
func (e Expr) tryPatterns(ctx context.Context, q lql.Querier) error {
	for _, k := range e.Kids {
		if err := k.tryPatterns(ctx, q); err != nil {
			return err
		}
	}
	if e.Kind != Term || e.Op != Match && e.Op != NotMatch {
		return nil
	}
	query := lql.Get("sites", "key").Where(lql.Cmp("key", lql.MatchFold, e.Values[0].Text()))
	query.Limit = 0
	_, err := q.Query(ctx, query)
	if bad, ok := errors.AsType[*lql.QueryError](err); ok && bad.Code == 400 {
		f := e.fail(NoExpr, e.Field)
		f.Word, f.Reason = e.Values[0].Text(), bad.Msg
		if _, reason, ok := strings.Cut(bad.Msg, "filter on key: "); ok {
			f.Reason = reason
		}
		return f
	}
	if err != nil {
		return fmt.Errorf("search: try an expression: %w", err)
	}
	return nil
}

// An object is a host, or a service of one.
type object struct{ site, host, service string }

// found returns the filter for hosts or services with a comment or downtime
// for which a term holds.
func found(ctx context.Context, q lql.Querier, c compiler, e Expr, f Field, table string) (lql.Filter, error) {
	if f.Kind == Texts && len(e.Values) == 1 { // whether there is any at all, its object knows
		op, kind := lql.NotEqual, lql.Or
		if e.Values[0].none(e.Op) {
			op, kind = lql.Equal, lql.And
		}
		if op == lql.Equal || e.Values[0].some(e.Op) {
			return joined(kind, []lql.Filter{lql.Cmp("comments", op, ""), lql.Cmp("downtimes", op, "")}), nil
		}
	}
	var objects []object
	for _, t := range f.found {
		c.table = t
		cond, err := c.term(e)
		if err != nil {
			return lql.Filter{}, err
		}
		kind := "0"
		if table == "services" {
			kind = "1"
		}
		query := lql.Get(t, "peer_key", "host_name", "service_description").Where(cond, lql.Eq("is_service", kind))
		query.Limit = maxFound + 1
		res, err := q.Query(ctx, query)
		if err != nil {
			return lql.Filter{}, fmt.Errorf("search: %s: %w", t, err)
		}
		for i := range res.Rows {
			objects = append(objects, object{res.Text(i, "peer_key"), res.Text(i, "host_name"), res.Text(i, "service_description")})
		}
		if len(objects) > maxFound {
			return lql.Filter{}, e.fail(TooCommon, table)
		}
	}
	return objectFilter(objects, table), nil
}

// objectFilter returns the filter for exactly these objects.
func objectFilter(objects []object, table string) lql.Filter {
	slices.SortFunc(objects, func(a, b object) int {
		return compare(a.site, b.site, a.host, b.host, a.service, b.service)
	})
	objects = slices.Compact(objects)
	var sites []lql.Filter
	for len(objects) > 0 {
		site := objects[0].site
		var any []lql.Filter
		for len(objects) > 0 && objects[0].site == site {
			o := objects[0]
			objects = objects[1:]
			if table == "hosts" {
				any = append(any, lql.Eq("name", o.host))
			} else {
				any = append(any, lql.AndOf(lql.Eq("host_name", o.host), lql.Eq("description", o.service)))
			}
		}
		sites = append(sites, lql.AndOf(lql.Eq("peer_key", site), lql.OrOf(any...)))
	}
	return joined(lql.Or, sites)
}

// compare compares pairs of texts, the first that differs decides.
func compare(pairs ...string) int {
	for i := 0; i+1 < len(pairs); i += 2 {
		switch {
		case pairs[i] < pairs[i+1]:
			return -1
		case pairs[i] > pairs[i+1]:
			return 1
		}
	}
	return 0
}

// NeedsData reports whether only [Bind] can make filters of e: it has regular
// expressions, or asks for comments of objects.
func (e Expr) NeedsData() bool {
	if slices.ContainsFunc(e.Kids, Expr.NeedsData) {
		return true
	}
	if e.Kind != Term {
		return false
	}
	f, _ := fieldOf(e.Field)
	return e.Op == Match || e.Op == NotMatch || len(f.found) > 0
}
