package livestatus

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"belvedere/internal/lql"
	"belvedere/internal/schema"
)

// tableOf is the table that a request asks for.
func tableOf(request string) string {
	first, _, _ := strings.Cut(request, "\n")
	return strings.TrimPrefix(first, "GET ")
}

// naemonClient is a client that knows already what it speaks with.
func naemonClient(f *fake) *Client {
	c := f.client(Options{})
	c.identified(Core{Impl: schema.Naemon, Profile: profileOf(schema.Naemon)})
	return c
}

// asksOf makes a query for a column of each table.
func asksOf(tables ...string) []*lql.Query {
	var qs []*lql.Query
	for _, t := range tables {
		qs = append(qs, lql.Get(t, "name"))
	}
	return qs
}

// next reads the next answer as text.
func next(t *testing.T, ch *Chain) (string, error) {
	t.Helper()
	var got []string
	_, err := ch.Next(t.Context(), rowFunc(func(cells []Cell) { got = append(got, cells[0].Text()) }))
	return strings.Join(got, " "), err
}

// TestChain sends several requests at once, over one connection that is kept.
func TestChain(t *testing.T) {
	f := newFake(t, func(request string) (string, bool) {
		body := `[["` + tableOf(request) + `"]` + strings.Repeat(",\n[\"more\"]", 2000) + "]\n"
		return framed(200, body), true
	})
	c := naemonClient(f)
	for round := range 3 {
		qs := asksOf("status", "hosts", "services")
		ch := c.NewChain(qs...)
		for i, q := range qs {
			if ch.Asked() != q {
				t.Fatalf("round %d: request %d is not the next", round, i)
			}
			got, err := next(t, ch)
			if want := q.Table + strings.Repeat(" more", 2000); err != nil || got != want {
				t.Fatalf("round %d: %d bytes, %v; want %d", round, len(got), err, len(want))
			}
			if i == 0 && len(f.seen()) == 0 {
				t.Error("nothing was sent")
			}
		}
		if ch.Asked() != nil {
			t.Error("something is left")
		}
		if st, err := c.Fetch(t.Context(), lql.Get("contacts", "name"), rowFunc(func([]Cell) {})); err != nil || st.Rows != 2001 {
			t.Errorf("after the chain: %d rows, %v", st.Rows, err)
		}
	}
	if n := f.connections(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

// TestChainGivenUp closes a chain before all is answered: what comes next does
// not read its answers.
func TestChainGivenUp(t *testing.T) {
	f := newFake(t, func(request string) (string, bool) { return framed(200, `[["`+tableOf(request)+"\"]]\n"), true })
	c := naemonClient(f)
	for read := range 3 {
		ch := c.NewChain(asksOf("status", "hosts", "services")...)
		for range read {
			if _, err := next(t, ch); err != nil {
				t.Fatal(err)
			}
		}
		ch.Close()
		ch.Close()
		got := ""
		if _, err := c.Fetch(t.Context(), lql.Get("contacts", "name"), rowFunc(func(cells []Cell) { got = cells[0].Text() })); err != nil || got != "contacts" {
			t.Errorf("after %d answers: %q, %v", read, got, err)
		}
	}
}

// TestChainBroken has the core hang up at each place: what was not answered is
// asked anew, and what was answered in part is an error.
func TestChainBroken(t *testing.T) {
	for _, at := range []string{"status", "hosts", "services"} {
		for _, half := range []bool{false, true} {
			var broken atomic.Bool
			f := newFake(t, func(request string) (string, bool) {
				table := tableOf(request)
				whole := framed(200, `[["`+table+"\"]]\n")
				if table == at && broken.CompareAndSwap(false, true) {
					if half {
						return whole[:len(whole)-4], false
					}
					return "", false
				}
				return whole, true
			})
			c := naemonClient(f)
			if _, err := c.Fetch(t.Context(), lql.Get("contacts", "name"), rowFunc(func([]Cell) {})); err != nil {
				t.Fatal(err)
			}
			ch := c.NewChain(asksOf("status", "hosts", "services")...)
			for ch.Asked() != nil {
				table := ch.Asked().Table
				got, err := next(t, ch)
				switch {
				case half && table == at:
					if err == nil || ch.Asked() != nil {
						t.Errorf("%s in part: %v, and it goes on: %v", at, err, ch.Asked() != nil)
					}
				case err != nil || got != table:
					t.Errorf("broken at %s: %s is %q, %v", at, table, got, err)
				}
			}
			got := ""
			if _, err := c.Fetch(t.Context(), lql.Get("contacts", "name"), rowFunc(func(cells []Cell) { got = cells[0].Text() })); err != nil || got != "contacts" {
				t.Errorf("broken at %s, afterwards: %q, %v", at, got, err)
			}
		}
	}
}

// TestChainRefused ends a chain with what the core says against a request.
func TestChainRefused(t *testing.T) {
	f := newFake(t, func(request string) (string, bool) {
		if tableOf(request) == "hosts" {
			return framed(404, "no such table\n"), true
		}
		return framed(200, `[["`+tableOf(request)+"\"]]\n"), true
	})
	ch := naemonClient(f).NewChain(asksOf("status", "hosts", "services")...)
	if got, err := next(t, ch); err != nil || got != "status" {
		t.Fatal(got, err)
	}
	_, err := next(t, ch)
	if e, ok := errors.AsType[*Error](err); !ok || e.Code != 404 || ch.Asked() != nil {
		t.Errorf("%v", err)
	}
}

// TestChainNotFit has nothing chained that could block, wait or mean something
// else, nor where the core is not known to bear it.
func TestChainNotFit(t *testing.T) {
	f := newFake(t, func(string) (string, bool) { return framed(200, "[]\n"), true })
	long := lql.Get("hosts", "name")
	long.Filter = lql.Filter{Column: "name", Op: lql.Equal, Value: strings.Repeat("x", chainAtMost)}
	waits := lql.Get("status", "name")
	waits.Wait = &lql.Wait{Trigger: "all", Timeout: 1e9}
	odd := lql.Get("hosts", "two words")
	for name, qs := range map[string][]*lql.Query{
		"one": asksOf("hosts"), "long": append(asksOf("hosts"), long), "waiting": append(asksOf("hosts"), waits), "unfit": append(asksOf("hosts"), odd),
	} {
		if naemonClient(f).NewChain(qs...) != nil {
			t.Errorf("%s is chained", name)
		}
	}
	if f.client(Options{}).NewChain(asksOf("hosts", "services")...) != nil {
		t.Error("chained at a core that is not known")
	}
	for _, impl := range []schema.Cores{schema.Icinga2, schema.Shinken, schema.LMD} {
		if profileOf(impl).Chain {
			t.Errorf("%v", impl)
		}
	}
	if profileOf(schema.Naemon).relayed().Chain {
		t.Error("chained through what takes one request at a time")
	}
}
