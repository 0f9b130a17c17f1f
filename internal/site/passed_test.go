package site_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"belvedere/internal/lql"
	"belvedere/internal/site"
	"belvedere/internal/store"
	"belvedere/internal/testkit"
	"belvedere/test/realcore"
)

func leaf(column string, op lql.Op, value string) lql.Filter {
	return lql.Filter{Column: column, Op: op, Value: value}
}

// logOf turns a result into lines of its columns.
func logOf(r *lql.Result) []string {
	out := make([]string, r.Rows)
	for i := range out {
		var cells []string
		for _, v := range r.Vectors {
			switch v.Kind {
			case lql.Ints, lql.Times:
				cells = append(cells, fmt.Sprint(v.Ints[i]))
			case lql.Texts:
				cells = append(cells, v.Texts[i])
			}
		}
		out[i] = strings.Join(cells, "|")
	}
	return out
}

// TestPassed asks simulated cores for their logs: newest first, within the
// span, the newest rows of a limit, and never a filter that a core would drop.
func TestPassed(t *testing.T) {
	t.Parallel()
	for _, p := range profiles {
		t.Run(string(p), func(t *testing.T) {
			t.Parallel()
			core, addr := kitCore(t, testkit.Options{Profile: p, Hosts: 10, ServicesPerHost: 5, Seed: 4})
			core.Step(time.Now())
			m, fleet := fleetOf(t, site.Spec{Key: "a", Name: "A", Addresses: []string{addr}})
			until(t, soon, "fresh", inState(fleet, "a", store.Fresh))
			since := time.Now().Add(-6 * time.Hour).Unix()
			q := lql.Get("log", "time", "class", "type", "host_name", "service_description", "lineno")
			q.Filter.Kids = []lql.Filter{leaf("time", lql.GreaterOrEqual, fmt.Sprint(since)), leaf("log_class", lql.Equal, "1")}
			res, err := m.Passed(t.Context(), "a", q)
			if err != nil {
				t.Fatal(err)
			}
			if p == testkit.Shinken {
				if res.Rows != 0 {
					t.Errorf("%d rows from a core that has no log here", res.Rows)
				}
				return
			}
			want := 0
			for _, r := range core.Rows("log") {
				if r["time"].(int64) >= since && r["class"].(int64) == 1 {
					want++
				}
			}
			if res.Rows != want || want == 0 {
				t.Errorf("%d rows, want %d", res.Rows, want)
			}
			times := res.Vectors[0].Ints
			if !slices.IsSortedFunc(times, func(a, b int64) int { return int(b - a) }) {
				t.Error("not newest first")
			}
			if slices.Contains(res.Vectors[3].Texts, "") {
				t.Error("an alert without a host")
			}
			all := logOf(res)
			q.Limit = 3
			if res, err = m.Passed(t.Context(), "a", q); err != nil {
				t.Fatal(err)
			}
			if got := logOf(res); !slices.Equal(got, all[:3]) {
				t.Errorf("limit 3: %q, want %q", got, all[:3])
			}
			var qe *lql.QueryError
			q.Filter.Kids = append(q.Filter.Kids, leaf("nosuch", lql.Equal, "1"))
			if _, err = m.Passed(t.Context(), "a", q); !errors.As(err, &qe) {
				t.Errorf("unknown column: %v", err)
			}
			if _, err = m.Passed(t.Context(), "a", lql.Get("hosts", "name")); !errors.As(err, &qe) {
				t.Errorf("table that is kept: %v", err)
			}
		})
	}
}

// TestIcingaLog asks a real Icinga 2, which takes notifications apart wrongly.
func TestIcingaLog(t *testing.T) {
	t.Parallel()
	core := realcore.ForTest(t, realcore.Options{Hosts: 10, CheckInterval: 2 * time.Second, NoXinetd: true})
	m, fleet := fleetOf(t, site.Spec{Key: "a", Name: "A", Addresses: []string{"unix://" + core.Unix}})
	until(t, soon, "fresh", inState(fleet, "a", store.Fresh))
	q := lql.Get("log", "type", "host_name", "service_description", "contact_name", "state", "state_type", "command_name", "plugin_output", "time")
	q.Filter.Kids = []lql.Filter{leaf("time", lql.GreaterOrEqual, fmt.Sprint(time.Now().Unix()-60)), leaf("host_name", lql.Equal, "h07")}
	until(t, soon, "a notification about h07", func() bool {
		res, err := m.Passed(t.Context(), "a", q)
		if err != nil {
			t.Fatal(err)
		}
		lines := logOf(res)
		return slices.ContainsFunc(lines, func(l string) bool {
			return strings.HasPrefix(l, "HOST NOTIFICATION|h07||admin|1|DOWN|noop|PING CRITICAL - <b>lost</b>|")
		}) && slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, "HOST ALERT|h07||") })
	})
}
