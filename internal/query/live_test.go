package query_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/lql"
	"belvedere/internal/query"
	"belvedere/internal/store"
)

// TestQueriesDuringUpdates: while a writer moves every service between two
// worlds, one batch at a time, every answer is of one world or the other.
func TestQueriesDuringUpdates(t *testing.T) {
	fleet := store.NewFleet(store.Options{})
	site := fleet.Add(store.SiteInfo{Key: "s", Name: "S"})
	const hosts, each = 300, 8
	write := func(state int64, replace bool) {
		b := site.Begin()
		for _, table := range []string{"hosts", "services"} {
			r := b.Update(table)
			if replace {
				r = b.Replace(table)
			}
			names := []string{"host_name", "description", "state", "plugin_output"}
			n := hosts * each
			if table == "hosts" {
				names, n = []string{"name", "state", "plugin_output"}, hosts
			}
			if err := r.Columns(names...); err != nil {
				t.Error(err)
			}
			for i := range n {
				c := 0
				if table == "hosts" {
					r.Text(0, fmt.Appendf(nil, "h%04d", i))
				} else {
					r.Text(0, fmt.Appendf(nil, "h%04d", i/each))
					r.Text(1, fmt.Appendf(nil, "s%d", i%each))
					c = 1
				}
				r.Int(c+1, state)
				r.Text(c+2, fmt.Appendf(nil, "world %d, row %d", state, i))
				if err := r.EndRow(); err != nil {
					t.Error(err)
				}
			}
		}
		if _, err := b.Commit(time.Now()); err != nil {
			t.Error(err)
		}
	}
	write(0, true)
	e := query.New(query.Options{Fleet: fleet, Workers: 2})
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for ctx.Err() == nil {
				q := lql.Get("services", "host_name", "description", "state", "host_state", "plugin_output", "host_plugin_output").OrderBy("-plugin_output")
				res, err := e.For(all).Query(t.Context(), q)
				if err != nil || res.Rows != hosts*each {
					t.Errorf("%d rows, %v", res.Rows, err)
					return
				}
				world := fmt.Sprintf("world %d,", res.Vectors[2].Ints[0])
				for i := range res.Rows {
					if res.Vectors[2].Ints[i] != res.Vectors[2].Ints[0] || res.Vectors[3].Ints[i] != res.Vectors[2].Ints[0] ||
						!strings.HasPrefix(res.Vectors[4].Texts[i], world) || !strings.HasPrefix(res.Vectors[5].Texts[i], world) {
						t.Errorf("row %d is of another world", i)
						return
					}
				}
			}
		})
	}
	for i := range 25 {
		write(int64(i%2+1), i%8 == 7)
	}
	stop()
	wg.Wait()
}

func liveSite(t *testing.T) (*store.Fleet, *store.Site, *query.Engine) {
	fleet := store.NewFleet(store.Options{})
	site := fleet.Add(store.SiteInfo{Key: "s", Name: "S"})
	setState(t, site, "h1", 0)
	return fleet, site, query.New(query.Options{Fleet: fleet, Now: time.Now})
}

func setState(t *testing.T, site *store.Site, host string, state int64) {
	b := site.Begin()
	r := b.Update("hosts")
	if err := r.Columns("name", "state"); err != nil {
		t.Fatal(err)
	}
	r.Text(0, []byte(host))
	r.Int(1, state)
	if err := r.EndRow(); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Commit(time.Now()); err != nil {
		t.Fatal(err)
	}
}

func waitFor(trigger, object, condition string, timeout time.Duration) *lql.Query {
	q := lql.Get("hosts", "name")
	q.Wait = &lql.Wait{Trigger: trigger, Object: object, Timeout: timeout, Condition: lql.Filter{Kind: lql.And}}
	if condition != "" {
		q.Wait.Condition.Kids = []lql.Filter{lql.Eq("state", condition)}
	}
	return q
}

func TestWait(t *testing.T) {
	for _, tt := range []struct {
		name  string
		q     *lql.Query
		after time.Duration // when it returns; the state changes at 2 s
	}{
		{"condition that holds", waitFor("check", "h1", "0", 9*time.Second), 0},
		{"condition that comes true", waitFor("check", "h1", "2", 9*time.Second), 2 * time.Second},
		{"condition that never does", waitFor("check", "h1", "3", 9*time.Second), 9 * time.Second},
		{"trigger alone", waitFor("state", "", "", 9*time.Second), 2 * time.Second},
		{"trigger that does not happen", waitFor("comment", "", "", 9*time.Second), 9 * time.Second},
		{"nothing to wait for", waitFor("", "", "", 9*time.Second), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, site, e := liveSite(t)
				timer := time.AfterFunc(2*time.Second, func() { setState(t, site, "h1", 2) })
				defer timer.Stop()
				start := time.Now()
				if err := e.Wait(t.Context(), all, tt.q); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(start); took < tt.after || took > tt.after+50*time.Millisecond {
					t.Errorf("returned after %v, want %v", took, tt.after)
				}
			})
		})
	}
}

func TestWaitErrors(t *testing.T) {
	_, _, e := liveSite(t)
	if err := e.Wait(t.Context(), all, waitFor("no such", "", "", time.Second)); code(err) != 400 {
		t.Errorf("unknown trigger: %v", err)
	}
	if err := e.Wait(t.Context(), all, waitFor("all", "", "1", time.Second)); code(err) != 400 {
		t.Errorf("condition without object: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := e.Wait(ctx, all, waitFor("all", "", "", 0)); !errors.Is(err, context.Canceled) {
		t.Errorf("ended context: %v", err)
	}
}

func code(err error) int {
	if qe, ok := errors.AsType[*lql.QueryError](err); ok {
		return qe.Code
	}
	return 0
}

func TestErrors(t *testing.T) {
	_, _, e := liveSite(t)
	for _, tt := range []struct {
		q    *lql.Query
		code int
		hint string
	}{
		{lql.Get("hots", "name"), 404, "hosts"},
		{lql.Get("hosts", "nmae"), 400, "name"},
		{lql.Get("hosts", "name").Where(lql.Eq("stat", "1")), 400, "state"},
		{lql.Get("hosts", "name").Where(lql.Cmp("name", lql.Match, "(")), 400, "RE2"},
		{lql.Get("hosts", "name").OrderBy("nmae"), 400, "name"},
		{lql.Get("hosts", "name").Where(lql.Cmp("name", lql.Match, `^(a+)+\1$|(h|h1)+1+?(?!1)(?!x)y`)), 0, ""},
	} {
		_, err := e.For(all).Query(t.Context(), tt.q)
		if code(err) != tt.code {
			t.Errorf("%+v: %v, want %d", tt.q, err, tt.code)
			continue
		}
		if qe, ok := errors.AsType[*lql.QueryError](err); ok && !strings.Contains(qe.Hint, tt.hint) {
			t.Errorf("%v: hint %q does not name %q", err, qe.Hint, tt.hint)
		}
	}
}

// TestParts: sites without data, late sites and unknown sites are named.
func TestParts(t *testing.T) {
	fleet, site, e := liveSite(t)
	site.SetHealth(store.Health{State: store.Down, Cause: "connection refused"})
	fleet.Add(store.SiteInfo{Key: "t", Name: "T", Position: 1})
	q := lql.Get("hosts", "name")
	q.Backends = []string{"s", "t", "u"}
	res, err := e.For(all).Query(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]lql.Part{}
	for _, p := range res.Parts {
		got[p.Key] = p
	}
	if p := got["s"]; p.Missing || p.Err != "connection refused" || p.Taken.IsZero() {
		t.Errorf("down site: %+v", p)
	}
	if p := got["t"]; !p.Missing || p.Err == "" {
		t.Errorf("site without data: %+v", p)
	}
	if p := got["u"]; !p.Missing || p.Err == "" {
		t.Errorf("unknown site: %+v", p)
	}
	res, err = e.For(access.Viewer{Contacts: map[string]string{"t": "anna"}}).Query(t.Context(), lql.Get("hosts", "name"))
	if err != nil || res.Rows != 0 || len(res.Parts) != 1 || res.Parts[0].Key != "t" {
		t.Errorf("viewer of one site: %+v, %v", res, err)
	}
}

// TestPassed: lines of all sites come newest first, those of a failing site are
// missing.
func TestPassed(t *testing.T) {
	fleet := store.NewFleet(store.Options{})
	for _, k := range []string{"a", "b", "c"} {
		setState(t, fleet.Add(store.SiteInfo{Key: k, Name: k}), "h1", 0)
	}
	e := query.New(query.Options{Fleet: fleet, Passed: func(_ context.Context, site string, q *lql.Query) (*lql.Result, error) {
		if site == "c" {
			return nil, errors.New("no")
		}
		r := &lql.Result{Rows: 3}
		for _, n := range q.Columns {
			v := lql.Vector{Name: n, Kind: lql.Texts, Texts: []string{"", "", ""}}
			switch n {
			case "time":
				v = lql.Vector{Name: n, Kind: lql.Times, Ints: []int64{int64(10 + len(site) + int(site[0])), 50, 30}}
			case "host_name":
				v.Texts = []string{"h1", "h1", "gone"}
			case "class", "lineno", "state", "attempt":
				v = lql.Vector{Name: n, Kind: lql.Ints, Ints: []int64{1, 1, 1}}
			}
			r.Vectors = append(r.Vectors, v)
		}
		return r, nil
	}})
	res, err := e.For(all).Query(t.Context(), lql.Get("log", "peer_key", "time", "host_name", "current_host_state"))
	if err != nil {
		t.Fatal(err)
	}
	want := "[b ¦ 109 ¦ h1 ¦ 0 ¦  a ¦ 108 ¦ h1 ¦ 0 ¦  a ¦ 50 ¦ h1 ¦ 0 ¦  b ¦ 50 ¦ h1 ¦ 0 ¦  a ¦ 30 ¦ gone ¦ 0 ¦  b ¦ 30 ¦ gone ¦ 0 ¦ ]"
	if got := fmt.Sprint(flatResult(res)); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if p := res.Parts[2]; !p.Missing || p.Err == "" {
		t.Errorf("failing site: %+v", p)
	}
	res, err = e.For(all).Query(t.Context(), lql.Get("log").Where(lql.Eq("host_name", "gone")).Count(lql.Eq("class", "1")))
	if err != nil || res.Vectors[0].Ints[0] != 2 {
		t.Errorf("count: %+v, %v", res, err)
	}
}

func TestSitesAndColumns(t *testing.T) {
	_, site, e := liveSite(t)
	site.SetHealth(store.Health{State: store.Fresh, Implementation: "Naemon", BytesIn: 7})
	res, err := e.For(all).Query(t.Context(), lql.Get("sites", "key", "state", "status", "hosts", "implementation", "bytes_received"))
	if err != nil || fmt.Sprint(flatResult(res)) != "[s ¦ fresh ¦ 0 ¦ 1 ¦ Naemon ¦ 7 ¦ ]" {
		t.Errorf("sites: %v, %v", flatResult(res), err)
	}
	res, err = e.For(all).Query(t.Context(), lql.Get("columns", "name", "type").Where(lql.Eq("table", "hosts"), lql.Eq("name", "state")))
	if err != nil || fmt.Sprint(flatResult(res)) != "[state ¦ int ¦ ]" {
		t.Errorf("columns: %v, %v", flatResult(res), err)
	}
}

func TestBudgets(t *testing.T) {
	fleet, site, _ := liveSite(t)
	b := site.Begin()
	r := b.Update("hosts")
	if err := r.Columns("name", "check_command"); err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"h1", "h2"} {
		r.Text(0, []byte(host))
		r.Text(1, []byte("check "+host))
		if err := r.EndRow(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Commit(time.Now()); err != nil {
		t.Fatal(err)
	}
	e := query.New(query.Options{Fleet: fleet, MaxCells: 1})
	if _, err := e.For(all).Query(t.Context(), lql.Get("hosts", "name", "state")); code(err) != 413 {
		t.Errorf("too many cells: %v", err)
	}
	var many, apart, names lql.Filter
	many.Kind, apart.Kind, names.Kind = lql.Or, lql.Or, lql.Or
	fold := func(column string, i int) lql.Filter {
		return lql.Filter{Column: column, Op: lql.EqualFold, Value: fmt.Sprint(i)}
	}
	for i := range 6000 {
		many.Kids = append(many.Kids, fold("name", i))
		names.Kids = append(names.Kids, lql.Eq("name", fmt.Sprintf("h%d", i)))
		if i < 100 {
			apart.Kids = append(apart.Kids, fold("check_command", i))
		}
	}
	few := query.New(query.Options{Fleet: fleet}).For(all)
	if res, err := few.Query(t.Context(), lql.Get("hosts", "name").Where(names)); err != nil || res.Rows < 2 {
		t.Errorf("a set of 6000 names: %v", err)
	}
	if _, err := e.For(all).Query(t.Context(), lql.Get("hosts", "name").Where(many)); code(err) != 400 {
		t.Errorf("too many filters: %v", err)
	}
	if _, err := e.For(all).Query(t.Context(), lql.Get("hosts", "name").Where(apart)); code(err) != 413 {
		t.Errorf("too many values to compare: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	if _, err := e.For(all).Query(ctx, lql.Get("hosts", "name")); code(err) != 413 {
		t.Errorf("no time: %v", err)
	}
}
