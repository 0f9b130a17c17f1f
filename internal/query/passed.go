package query

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"belvedere/internal/access"
	"belvedere/internal/lql"
	"belvedere/internal/schema"
	"belvedere/internal/store"
)

// passedLimit bounds the rows asked of one site for a passed table.
const passedLimit = 100_000

// pass asks the sites themselves, all at once and each with a deadline, and
// makes their answers the rows of the query's table. A site that fails is
// marked in the parts; the others are answered.
func (r *run) pass() error {
	if r.e.o.Passed == nil {
		return nil
	}
	ask := r.passedQuery()
	var wg sync.WaitGroup
	slots := make(chan struct{}, 64)
	var first error // of a single core
	var told sync.Once
	for i, s := range r.sites {
		if s.view.Health.State == store.Down || s.view.Health.State == store.Paused {
			r.part(s).Missing = true
			continue
		}
		wg.Go(func() {
			select {
			case slots <- struct{}{}:
				defer func() { <-slots }()
			case <-r.ctx.Done():
				r.part(s).fail(r.ctx.Err(), r.viewer)
				return
			}
			ctx, cancel := context.WithTimeout(r.ctx, r.e.o.PassedTimeout)
			defer cancel()
			res, err := r.e.o.Passed(ctx, s.view.Info.Key, ask)
			if err != nil {
				r.part(s).fail(err, r.viewer)
				told.Do(func() { first = err })
				return
			}
			r.sites[i].takePassed(res)
			r.part(s).Taken = r.e.o.Now()
		})
	}
	wg.Wait()
	if r.e.o.Single {
		return first
	}
	return nil
}

// A partRef is a site's part of the result.
type partRef struct{ *lql.Part }

func (r *run) part(s *siteRun) partRef {
	for i := range r.parts { // the others are being written
		if r.parts[i].Key == s.view.Info.Key {
			return partRef{&r.parts[i]}
		}
	}
	return partRef{&lql.Part{}}
}

// fail marks a site that did not answer.
func (p partRef) fail(err error, v access.Viewer) {
	p.Missing = true
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		p.Err = "the site did not answer in time"
	case !v.All:
		p.Err = "the site could not answer"
	default:
		if qe, ok := errors.AsType[*lql.QueryError](err); ok {
			p.Err = qe.Msg
		} else {
			p.Err = fmt.Sprintf("the site could not answer: %v", err)
		}
	}
}

// passedQuery is what is asked of each site: the own columns that the query
// and the viewer's rights need, and those filters on own columns that must
// hold. Everything is done again here, as cores differ.
func (r *run) passedQuery() *lql.Query {
	q := lql.Get(r.table.Name)
	for _, c := range r.table.Columns {
		if c.Class != schema.Derived {
			q.Columns = append(q.Columns, c.Name)
		}
	}
	q.Filter = lql.Filter{Kind: lql.And}
	for _, f := range topFilters(&r.q.Filter) {
		if r.own(&f) {
			q.Filter.Kids = append(q.Filter.Kids, f)
		}
	}
	q.Localtime = 0
	q.Limit = passedLimit
	whole := len(q.Filter.Kids) == len(topFilters(&r.q.Filter))
	newest := len(r.sorts) == 0 || r.e.o.Single && len(r.q.Sort) == 0
	if whole && newest && r.q.Limit != lql.NoLimit && len(r.q.Stats) == 0 && r.viewer.All && r.q.AuthUser == "" {
		q.Limit = min(passedLimit, max(0, r.q.Offset)+r.q.Limit)
	}
	return q
}

// topFilters are the filters all of which must hold.
func topFilters(f *lql.Filter) []lql.Filter {
	if f.Kind == lql.And {
		return f.Kids
	}
	return []lql.Filter{*f}
}

// own reports whether a filter can be left to the core: it uses only stored
// columns of the table itself, and times are not shifted.
func (r *run) own(f *lql.Filter) bool {
	if f.Kind != lql.Leaf {
		for i := range f.Kids {
			if !r.own(&f.Kids[i]) {
				return false
			}
		}
		return true
	}
	ref, err := r.table.Resolve(f.Column)
	return err == nil && ref.Join < 0 && ref.Column.Class != schema.Derived && (r.shift == 0 || ref.Column.Kind != schema.Time) &&
		(f.Op == lql.Equal || f.Op == lql.NotEqual || f.Op == lql.Less || f.Op == lql.LessOrEqual || f.Op == lql.Greater || f.Op == lql.GreaterOrEqual)
}

// takePassed makes a core's answer the rows of the table, newest first.
func (s *siteRun) takePassed(res *lql.Result) {
	t := s.run.table
	order := make([]int, res.Rows)
	for i := range order {
		order[i] = i
	}
	at := "time"
	if t.Name == "statehist" {
		at = "from"
	}
	times, lines := res.Column(at), res.Column("lineno")
	slices.SortStableFunc(order, func(a, b int) int {
		if d := times.Int(b) - times.Int(a); d != 0 {
			return int(max(-1, min(1, d)))
		}
		return int(max(-1, min(1, lines.Int(b)-lines.Int(a))))
	})
	own := store.NewTable(t, res.Rows, func(w *store.Rows) {
		for _, row := range order {
			for i := range t.Columns {
				feedPassed(w, i, &t.Columns[i], res.Column(t.Columns[i].Name), row, s.view.Info)
			}
			_ = w.EndRow()
		}
	})
	s.own.table, s.n, s.to = own, res.Rows, res.Rows
	s.linkPassed(res, order)
	s.guardPassed(res, order)
}

func feedPassed(w *store.Rows, i int, c *schema.Column, v *lql.Vector, row int, info store.SiteInfo) {
	switch c.Kind {
	case schema.Bool, schema.Int, schema.Time:
		w.Int(i, v.Int(row))
	case schema.Float:
		w.Float(i, v.Float(row))
	case schema.Text:
		o := &operand{}
		if o.constantText(c.Name, info) {
			w.Text(i, o.zeroB)
		} else {
			w.Text(i, []byte(v.Text(row)))
		}
	case schema.TextList:
		var l [][]byte
		for _, e := range v.List(row) {
			l = append(l, []byte(e))
		}
		w.TextList(i, l)
	}
}

// linkPassed finds the present objects that log lines name.
func (s *siteRun) linkPassed(res *lql.Result, order []int) {
	for j, join := range s.run.table.Joins {
		refs := make([]int32, len(order))
		for k, row := range order {
			var key string
			switch join.Table {
			case "hosts":
				key = res.Text(row, "host_name")
			case "services":
				key = store.Key(res.Text(row, "host_name"), res.Text(row, "service_description"))
			case "contacts":
				key = res.Text(row, "contact_name")
			case "commands":
				key = res.Text(row, "command_name")
			}
			refs[k] = -1
			if at, ok := s.snap.Find(join.Table, key); ok && s.mayFollow(join.Table, at) {
				refs[k] = int32(at)
			}
		}
		s.joins[j].hops = []*store.Column{store.NewRefs(refs)}
	}
}

// mayFollow reports whether a line leads on to a row of a table. Contacts and
// commands are shown only to those who see them by themselves; hosts and
// services go with the line.
func (s *siteRun) mayFollow(table string, row int) bool {
	return s.rights == nil || table != "contacts" && table != "commands" || bitOf(s.rights.rows(table), row)
}

// guardPassed hides lines about objects the viewer does not see. Of lines that
// are about no object they see only those about the program itself: other
// texts can name anything.
func (s *siteRun) guardPassed(res *lql.Result, order []int) {
	if s.rights == nil {
		return
	}
	hosts, services := s.rights.rows("hosts"), s.rights.rows("services")
	seen := make([]bool, len(order))
	for k, row := range order {
		host, desc := res.Text(row, "host_name"), res.Text(row, "service_description")
		switch {
		case host == "":
			seen[k] = s.run.table.Name == "log" && res.Int(row, "class") == 2
		case desc == "":
			at, ok := s.snap.Find("hosts", host)
			seen[k] = ok && bitOf(hosts, at)
		default:
			at, ok := s.snap.Find("services", store.Key(host, desc))
			seen[k] = ok && bitOf(services, at)
		}
	}
	s.visible = func(chunk int, out *store.Bits) {
		*out = store.Bits{}
		for i := range store.ChunkRows {
			if k := chunk*store.ChunkRows + i; k < len(seen) && seen[k] {
				out.Set(i)
			}
		}
	}
}
