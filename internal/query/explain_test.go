package query

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"belvedere/internal/lql"
)

// TestExplain: every query of the benchmarks can be explained, and each of their
// filters and aggregations is in it.
func TestExplain(t *testing.T) {
	files, err := filepath.Glob("testdata/*/*.lql")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d queries, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		req, err := lql.ParseRequest(strings.TrimRight(string(text), "\n") + "\n")
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		steps, err := Explain(req.Query)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		p, err := bind(req.Query, 0)
		if err != nil {
			t.Fatal(err)
		}
		said := 0
		for _, s := range steps {
			if s.Deep > 0 && s.How != "" {
				said++
			}
		}
		if steps[0].What != "GET "+req.Query.Table || said < len(p.leaves) {
			t.Errorf("%s: %d of %d filters are said: %v", file, said, len(p.leaves), steps)
		}
	}
}

func TestExplainSays(t *testing.T) {
	for _, tt := range []struct{ request, what, how string }{
		{"GET services\nFilter: host_name = web01\n", "host_name = web01", "found by its name"},
		{"GET hosts\nFilter: name = web01\n", "name = web01", "found by its name"},
		{"GET hosts\nFilter: name = a\nFilter: name = b\nOr: 2\n", "name = a", "once for each different text"},
		{"GET hosts\nFilter: peer_name = Wien\n", "peer_name = Wien", "other sites are not looked at"},
		{"GET services\nFilter: host_state != 0\n", "host_state != 0", "on the rows of hosts, then gathered"},
		{"GET services\nFilter: host_groups >= linux\n", "host_groups >= linux", "once for each different list"},
		{"GET hosts\nFilter: worst_service_state = 2\n", "worst_service_state = 2", "computed for each row"},
		{"GET hosts\nFilter: alias = a\nFilter: alias = b\nFilter: alias = c\nFilter: alias = d\nOr: 4\n", "alias = a, or 3 others", "a set of names"},
		{"GET log\nFilter: time > 1\n", "GET log", "every site is asked at once"},
		{"GET hostsbygroup\nColumns: name\n", "GET hostsbygroup", "one for each of their hostgroups"},
		{"GET services\nStats: sum perf_data\n", "sum perf_data", "each measured value by itself"},
		{"GET services\nColumns: host_name\nStats: state = 2\nStats: avg latency\n", "by host_name", "put together"},
		{"GET services\nSort: last_check desc\nLimit: 5\nOffset: 10\n", "Sort", "no more than 15 rows"},
		{"GET services\nColumns: state\nLimit: 5\n", "Limit", "the search ends"},
		{"GET services\nWaitTrigger: state\n", "Wait", "whenever a site changes"},
		{"GET services\nFilter: state = 1\nFilter: state = 2\nOr: 2\nNegate:\n", "not", ""},
	} {
		req, err := lql.ParseRequest(tt.request)
		if err != nil {
			t.Fatal(err)
		}
		steps, err := Explain(req.Query)
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, s := range steps {
			found = found || s.What == tt.what && strings.Contains(s.How, tt.how)
		}
		if !found {
			t.Errorf("%q lacks %q: %q in\n%v", tt.request, tt.what, tt.how, steps)
		}
	}
}
