package search

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"

	"belvedere/internal/access"
	"belvedere/internal/lql"
	"belvedere/internal/schema"
)

// values offers values of a field that begin with or contain what is typed.
func (c *completer) values(ctx context.Context, f Field, op Op, typed string, limit int) error {
	found := map[string]Item{}
	switch {
	case op == Match || op == NotMatch || !c.meant(f):
		return nil
	case f.Kind == Names, f.Kind == Texts:
		for _, table := range c.tables {
			if err := c.names(ctx, f, table, typed, found); err != nil {
				return err
			}
		}
	default:
		if err := c.fixed(ctx, f, op, typed, found); err != nil {
			return err
		}
		if f.Kind != Words { // in the order of the clock
			for _, s := range samples(f) {
				if i, ok := found[s]; ok {
					i.Kind, i.Field = ValueItem, f.Name
					c.items = append(c.items, c.insertion(f, op, i))
				}
			}
			return nil
		}
	}
	if c.known && c.first && f.Kind == Texts && op == Has { // the chosen value replaces field and operator
		c.from = c.start
	}
	c.counted(f, op, found, typed, limit)
	return nil
}

// samples are values to offer where there is no list to choose from.
func samples(f Field) []string {
	switch f.Kind {
	case Switches:
		return []string{"yes", "no"}
	case Durations:
		return []string{"5m", "15m", "1h", "4h", "1d", "7d", "30d"}
	case Times:
		return []string{"-5m", "-1h", "today", "yesterday", "thisweek", "never"}
	}
	return nil
}

// fixed counts the rows for each value that a field can have.
func (c *completer) fixed(ctx context.Context, f Field, op Op, typed string, found map[string]Item) error {
	values := samples(f)
	if f.Kind == Words {
		for _, table := range c.tables {
			for _, w := range wordsOf(f.Name, table) {
				values = append(values, w.name)
			}
		}
	}
	typed = strings.ToLower(typed)
	if w, ok := canonicalWord(f.Name, typed); ok && f.Kind == Words { // an abbreviation
		typed = w
	}
	values = slices.DeleteFunc(values, func(v string) bool { return !strings.HasPrefix(v, typed) })
	slices.Sort(values)
	values = slices.Compact(values)
	if op == NotEqual {
		op = Equal // how many there are of them
	}
	if len(values) == 0 {
		return nil
	}
	for _, table := range c.tables {
		query, some, err := c.base(ctx, table)
		if err != nil || !some {
			if err != nil {
				return err
			}
			continue
		}
		var asked []string
		for _, v := range values {
			if cond, err := term(f.Name, op, []string{v}).Filter(table, c.now); err == nil {
				query.Count(cond)
				asked = append(asked, v)
			}
		}
		if len(asked) == 0 {
			continue
		}
		res, err := c.q.Query(ctx, query)
		if err != nil {
			return err
		}
		for i, v := range asked {
			n := 0
			if res.Rows > 0 {
				n = int(res.Vectors[i].Int(0))
			}
			found[v] = Item{Insert: v, Label: v, N: found[v].N + n}
		}
	}
	return nil
}

// names counts the rows of a table by the values of a field.
func (c *completer) names(ctx context.Context, f Field, table, typed string, found map[string]Item) error {
	for _, column := range f.columns[table] {
		col, full, ok := columnOf(table, column)
		if !ok || col.Class == schema.Live || col.Kind == schema.Members || f.Name == "site" && column != "peer_key" {
			continue
		}
		query, some, err := c.base(ctx, table)
		if err != nil || !some {
			return err
		}
		query.GroupBy = []string{full}
		if f.Name == "site" {
			query.GroupBy = append(query.GroupBy, "peer_name")
		}
		if typed != "" && col.Kind != schema.Dict { // rules out most rows before anything dearer is looked at
			var any []lql.Filter
			for _, g := range query.GroupBy {
				any = append(any, lql.Cmp(g, lql.MatchFold, regexp.QuoteMeta(typed)))
			}
			query.Where(lql.OrOf(any...))
		}
		res, err := c.q.Query(ctx, query.Count(lql.AndOf()))
		if bad, own := errors.AsType[*lql.QueryError](err); own && bad.Code == 413 {
			continue // more different values than can be counted
		}
		if err != nil {
			return err
		}
		tally(f, col.Kind, res, strings.ToLower(typed), found)
	}
	return nil
}

// tally adds up the rows of an answer by value.
func tally(f Field, kind schema.Kind, res *lql.Result, typed string, found map[string]Item) {
	if len(res.Vectors) < 2 {
		return
	}
	counts := &res.Vectors[len(res.Vectors)-1]
	add := func(value, note string, n int) {
		if value != "" && (typed == "" || strings.Contains(strings.ToLower(value), typed) || strings.Contains(strings.ToLower(note), typed)) {
			found[value] = Item{Insert: value, Label: value, Note: note, N: found[value].N + n}
		}
	}
	for i := range res.Rows {
		n := int(counts.Int(i))
		switch {
		case kind == schema.Dict:
			for _, p := range res.Vectors[0].Pairs(i) {
				if "_"+strings.ToUpper(p[0]) == f.Name && !access.Secret(p[0], p[1]) {
					add(p[1], "", n)
				}
			}
		case kind == schema.TextList:
			for _, v := range res.Vectors[0].List(i) {
				add(v, "", n)
			}
		case f.Name == "site":
			note := res.Vectors[1].Text(i)
			if note == res.Vectors[0].Text(i) {
				note = ""
			}
			add(res.Vectors[0].Text(i), note, n)
		case f.Name == "section":
			for s := res.Vectors[0].Text(i); s != ""; s = s[:max(strings.LastIndexByte(s, '/'), 0)] {
				add(s, "", n)
			}
		default:
			add(res.Vectors[0].Text(i), "", n)
		}
	}
}

// variables offers the names of custom variables.
func (c *completer) variables(ctx context.Context, typed string) error {
	found := map[string]Item{}
	f := Field{Name: "_", Kind: Names, columns: map[string][]string{
		"hosts": {"custom_variable_names"}, "services": {"custom_variable_names", "host_custom_variable_names"}}}
	for _, table := range c.tables {
		if err := c.names(ctx, f, table, typed, found); err != nil {
			return err
		}
	}
	had := len(c.items)
	c.counted(f, Has, found, typed, 20)
	for i := had; i < len(c.items); i++ {
		text := "_" + c.items[i].Label + ":"
		c.items[i] = Item{Kind: FieldItem, Insert: text, Label: text, Field: strings.TrimSuffix(text, ":"), N: c.items[i].N}
	}
	return nil
}
