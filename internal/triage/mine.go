package triage

import (
	"context"
	"fmt"
	"slices"

	"belvedere/internal/lql"
)

// Me is who asks which problems are theirs.
type Me struct {
	// Names are what cores know the person as: contact and author.
	Names []string
	// Everything is true for people who see only what they are a contact of.
	Everything bool
}

// Mine returns the indexes of problems that are somebody's own: they need
// someone and the person is a contact, or the person acknowledged them or
// wrote a comment about them. Suppressed ones are left out.
func (s *Survey) Mine(ctx context.Context, q lql.Querier, me Me) ([]int, error) {
	names := slices.DeleteFunc(slices.Clone(me.Names), func(n string) bool { return n == "" })
	if len(names) == 0 && !me.Everything {
		return nil, nil
	}
	contact, err := contacts(ctx, q, names, me.Everything)
	if err != nil {
		return nil, err
	}
	wrote, err := authors(ctx, q, names)
	if err != nil {
		return nil, err
	}
	var out []int
	for i := range s.Problems {
		p := &s.Problems[i]
		need := p.Standing == Open || p.Standing == Soft
		if need && (me.Everything || contact[p.Key]) || p.Standing != Suppressed && wrote[p.Key] {
			out = append(out, i)
		}
	}
	return out, nil
}

// contacts returns the problems whose contacts have one of the names.
func contacts(ctx context.Context, q lql.Querier, names []string, everything bool) (map[Key]bool, error) {
	if everything {
		return nil, nil
	}
	any := func(column string) lql.Filter {
		return anyOf(names, func(n string) lql.Filter { return lql.Has(column, n) })
	}
	return Matching(ctx, q, any("contacts"), any("contacts"))
}

// authors returns what has a comment or acknowledgement by one of the names.
func authors(ctx context.Context, q lql.Querier, names []string) (map[Key]bool, error) {
	query := lql.Get("comments", "peer_key", "host_name", "service_description").
		Where(anyOf(names, func(n string) lql.Filter { return lql.Eq("author", n) }))
	query.Limit = MaxProblems
	res, err := q.Query(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("triage: comments: %w", err)
	}
	return keys(res, "host_name", "service_description"), nil
}

func anyOf(names []string, of func(string) lql.Filter) lql.Filter {
	fs := make([]lql.Filter, len(names))
	for i, n := range names {
		fs[i] = of(n)
	}
	return lql.OrOf(fs...)
}

// Matching returns which problems match a filter, one for each table.
func Matching(ctx context.Context, q lql.Querier, hosts, services lql.Filter) (map[Key]bool, error) {
	out := map[Key]bool{}
	for _, t := range []struct {
		table, name, description string
		filter                   lql.Filter
	}{{"hosts", "name", "", hosts}, {"services", "host_name", "description", services}} {
		columns := []string{"peer_key", t.name}
		if t.description != "" {
			columns = append(columns, t.description)
		}
		query := lql.Get(t.table, columns...).Where(Bad(), t.filter)
		query.Limit = MaxProblems
		res, err := q.Query(ctx, query)
		if err != nil {
			return nil, fmt.Errorf("triage: matching %s: %w", t.table, err)
		}
		for k := range keys(res, t.name, t.description) {
			out[k] = true
		}
	}
	return out, nil
}

// keys returns the objects that the rows of a result are about.
func keys(res *lql.Result, name, description string) map[Key]bool {
	site, host, service := res.Column("peer_key"), res.Column(name), res.Column(description)
	out := make(map[Key]bool, res.Rows)
	for i := range res.Rows {
		out[Key{Site: site.Text(i), Host: host.Text(i), Service: service.Text(i)}] = true
	}
	return out
}
