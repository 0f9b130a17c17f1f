package query_test

import (
	"strings"
	"testing"
	"time"

	"belvedere/internal/lql"
	"belvedere/internal/query"
	"belvedere/internal/store"
	"belvedere/internal/testkit"
)

// TestUnknownColumns: what a table does not have is an error, or empty, or
// null, as the listener wants it, whichever way the answer is made.
func TestUnknownColumns(t *testing.T) {
	fleet := store.NewFleet(store.Options{})
	feedSite(t, fleet.Add(store.SiteInfo{Key: "a", Name: "A"}), testkit.World{
		"status":   {{"program_start": int64(1)}},
		"hosts":    {{"name": "h1"}, {"name": "h2"}, {"name": "h3"}},
		"services": {},
	})
	e := query.New(query.Options{Fleet: fleet, Now: func() time.Time { return clock }}).For(all)
	for _, tt := range []struct {
		request string
		unknown lql.Unknown
		want    string // csv, or what the error says
	}{
		{"Columns: nosuch name\n", lql.UnknownError, `no column 'nosuch'`},
		{"Columns: nosuch name\nSort: name desc\nLimit: 2\n", lql.UnknownEmpty, ";h3\n;h2\n"},
		{"Columns: nosuch name other\nOffset: 1\n", lql.UnknownNull, ";h2;\n;h3;\n"},
		{"Columns: name\nFilter: nosuch = x\n", lql.UnknownEmpty, ""},
		{"Columns: name\nFilter: nosuch !~ x\n", lql.UnknownNull, "h1\nh2\nh3\n"},
		{"Columns: name\nFilter: nosuch =\nFilter: name = h1\nFilter: name = h2\nFilter: other = x\nOr: 2\nAnd: 2\nOr: 2\nNegate:\n", lql.UnknownEmpty, ""},
		{"Columns: name\nFilter: nosuch = a\nFilter: nosuch = b\nFilter: nosuch = c\nFilter: nosuch = d\nFilter: name = h2\nOr: 5\n", lql.UnknownEmpty, "h2\n"},
		{"Columns: name\nFilter: nosuch = x\nNegate:\n", lql.UnknownEmpty, "h1\nh2\nh3\n"},
		{"Stats: nosuch = x\nStats: name = h1\nStats: nosuch =\n", lql.UnknownEmpty, "0;1;3\n"},
		{"Stats: name ~ h\nColumns: nosuch\n", lql.UnknownEmpty, "no column"},
		{"Stats: sum nosuch\n", lql.UnknownNull, "no column"},
		{"Columns: name\nSort: nosuch asc\n", lql.UnknownNull, "no column"},
		{"Columns: name\nFilter: nosuch ~ (\n", lql.UnknownNull, "unknown column"},
	} {
		q, err := lql.Parse("GET hosts\n" + tt.request)
		if err != nil {
			t.Fatalf("%q: %v", tt.request, err)
		}
		q.Unknown = tt.unknown
		for range 2 { // the second time perhaps from the cache
			res, err := e.Query(t.Context(), q)
			if err != nil {
				if tt.want == "" || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("%q: %v, want %q", tt.request, err, tt.want)
				}
				continue
			}
			if got := string(lql.Encoder{Format: lql.CSV}.Append(nil, res)); got != tt.want {
				t.Errorf("%q with %d: %q, want %q", tt.request, tt.unknown, got, tt.want)
			}
			if d := streamed(e, q, res); d != "" {
				t.Errorf("%q: %s", tt.request, d)
			}
		}
	}
}
