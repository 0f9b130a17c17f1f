package list

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"belvedere/internal/access"
	"belvedere/internal/lql"
	"belvedere/internal/web/ui"
	"belvedere/internal/web/webtest"
)

// hosts is a list as a room declares it.
func hosts() *List {
	return &List{
		Name: "hosts", Path: "/hosts", Table: "hosts", Order: "name",
		Key: []string{"name", "peer_key"}, Need: []string{"name", "peer_key", "state", "has_been_checked"},
		Columns: []Column{
			{Key: "name", Label: "Host", Fixed: true, Sort: []string{"name"}},
			{Key: "severity", Label: "State", Default: true, Steps: []lql.Filter{lql.Eq("state", "1"), lql.Eq("state", "0")}, Sort: []string{"-last_state_change"}},
			{Key: "alias", Label: "Alias", Sort: []string{"alias"}, Need: []string{"alias"}},
			{Key: "owner", Label: "Owner", Default: true},
		},
		Words: Words{Title: "Hosts", Count: func(n int) string { return fmt.Sprint(n) }},
	}
}

func row(i int, r *rand.Rand) webtest.Row {
	return webtest.Row{
		"name": fmt.Sprintf("h%03d", i/2), "peer_key": []string{"a", "b"}[i%2], "state": r.IntN(2), "alias": []string{"", "x's", "y z"}[r.IntN(3)],
		"last_state_change": r.IntN(4), "latency": float64(r.IntN(3)) / 3,
		"custom_variables": [][2]string{{"RACK", []string{"", "it's", " b"}[r.IntN(3)]}}, "groups": [][]string{{"g"}, {"g", "a"}, {}}[r.IntN(3)],
		"comments": [][]int64{{1}, {-5, 3}, {}}[r.IntN(3)],
	}
}

func request(t *testing.T, l *List, query string) Request {
	t.Helper()
	q, err := l.Parse(httptest.NewRequest(http.MethodGet, "/hosts?"+query, nil))
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func load(t *testing.T, w *webtest.World, q Request) ([]string, *Page) {
	t.Helper()
	p, err := q.Load(t.Context(), w.For(access.Viewer{All: true}))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for i := range p.Result.Rows {
		out = append(out, p.Result.Text(i, "name")+p.Result.Text(i, "peer_key"))
	}
	return out, p
}

// TestPagesNeitherRepeatNorSkip walks through lists in every order, forth and
// back, while rows come and go on the pages that were read.
func TestPagesNeitherRepeatNorSkip(t *testing.T) {
	for _, sort := range []string{"name", "-name", "severity", "-severity", "alias", "-alias", "latency", "-_RACK", "_RACK", "state", "groups", "-groups", "comments", "-parents"} {
		r := rand.New(rand.NewPCG(1, 2))
		w := &webtest.World{Parts: []lql.Part{webtest.Fresh("a"), webtest.Fresh("b")}, Tables: map[string][]webtest.Row{}}
		for i := range 40 {
			w.Tables["hosts"] = append(w.Tables["hosts"], row(i, r))
		}
		all, _ := load(t, w, request(t, hosts(), "sort="+sort))
		var got []string
		next := ""
		for page := 0; ; page++ {
			rows, p := load(t, w, request(t, hosts(), "limit=7&sort="+sort+"&after="+next))
			if p.Total != 40-page || len(rows) > 0 && p.From != len(got)-page {
				t.Fatalf("sort %s, page %d: %d rows from %d", sort, page, p.Total, p.From)
			}
			got = append(got, rows...)
			next = p.next.String()
			if next == "" {
				break
			}
			// the row that the cursor stands for goes away
			w.Tables["hosts"] = slices.DeleteFunc(w.Tables["hosts"], func(x webtest.Row) bool {
				return x["name"].(string)+x["peer_key"].(string) == rows[len(rows)-1]
			})
		}
		if !slices.Equal(got, all) {
			t.Errorf("sort %s: pages have\n%q, want\n%q", sort, got, all)
		}
	}
}

func TestPagesBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	w := &webtest.World{Parts: []lql.Part{webtest.Fresh("a")}, Tables: map[string][]webtest.Row{}}
	for i := range 40 {
		w.Tables["hosts"] = append(w.Tables["hosts"], row(i, r))
	}
	for _, sort := range []string{"name", "-name", "severity", "-severity", "-_RACK"} {
		all, p := load(t, w, request(t, hosts(), "sort="+sort))
		// the place of the last row, then backwards
		before, end := p.last.String(), len(all)-1
		for end > 0 {
			rows, p := load(t, w, request(t, hosts(), "limit=7&sort="+sort+"&before="+before))
			if want := all[max(end-7, 0):end]; !slices.Equal(rows, want) || p.From != max(end-7, 0) || !p.more {
				t.Fatalf("sort %s before row %d: %q from %d, want %q", sort, end, rows, p.From, want)
			}
			end -= len(rows)
			if before = p.prev.String(); (before == "") != (end == 0) {
				t.Fatalf("sort %s: %d rows precede, cursor %q", sort, end, before)
			}
		}
		// a page with both ends
		a, b := request(t, hosts(), "limit=10&sort="+sort), ""
		_, p = load(t, w, a)
		from := p.next.String()
		_, p = load(t, w, request(t, hosts(), "limit=10&sort="+sort+"&after="+from))
		b = p.last.String()
		rows, p := load(t, w, request(t, hosts(), "limit=1000&sort="+sort+"&after="+from+"&until="+b))
		if !slices.Equal(rows, all[10:20]) || p.more {
			t.Errorf("sort %s: between two places are %q, want %q", sort, rows, all[10:20])
		}
		// the page before the third one, as a part that may grow and has both ends
		_, p = load(t, w, request(t, hosts(), "limit=10&sort="+sort+"&before="+b))
		rows, _ = load(t, w, request(t, hosts(), "limit=1000&sort="+sort+"&first="+p.first.String()+"&until="+p.last.String()))
		if !slices.Equal(rows, all[9:19]) {
			t.Errorf("sort %s: from the first to the last of a page are %q, want %q", sort, rows, all[9:19])
		}
	}
}

// TestLongTextsArePaged: the order knows as much of a long text as a place in it
// holds, then the key of the list decides.
func TestLongTextsArePaged(t *testing.T) {
	w := &webtest.World{Parts: []lql.Part{webtest.Fresh("a")}, Tables: map[string][]webtest.Row{}}
	for i := range 6 {
		w.Tables["hosts"] = append(w.Tables["hosts"], webtest.Row{"name": fmt.Sprint(i), "peer_key": "a", "alias": strings.Repeat("é", 3000) + fmt.Sprint(9-i)})
	}
	_, p := load(t, w, request(t, hosts(), "sort=alias&limit=2"))
	rows, p := load(t, w, request(t, hosts(), "sort=alias&limit=2&after="+p.next.String()))
	if !slices.Equal(rows, []string{"2a", "3a"}) || p.From != 2 || len(p.next.String()) > 400 {
		t.Errorf("rows %q from %d, next %q", rows, p.From, p.next)
	}
}

// TestLongNamesArePagedByNumber: places of keys that no address should hold.
func TestLongNamesArePagedByNumber(t *testing.T) {
	w := &webtest.World{Parts: []lql.Part{webtest.Fresh("a")}, Tables: map[string][]webtest.Row{}}
	for i := range 6 {
		w.Tables["hosts"] = append(w.Tables["hosts"], webtest.Row{"name": fmt.Sprint(i) + strings.Repeat("x", 3000), "peer_key": "a"})
	}
	q := request(t, hosts(), "sort=name&limit=2&offset=2")
	rows, p := load(t, w, q)
	v := View{Request: q, Page: p}
	if got := v.nextPath(t.Context()); len(rows) != 2 || rows[0][0] != '2' || got != "?offset=4" || p.From != 2 {
		t.Errorf("rows %q from %d, next %q", rows, p.From, got)
	}
}

// TestExportReadsAllPages: an export is read piece by piece and holds every row
// once, in the order of the list.
func TestExportReadsAllPages(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	w := &webtest.World{Parts: []lql.Part{webtest.Fresh("a")}, Tables: map[string][]webtest.Row{}}
	for i := range 40 {
		w.Tables["hosts"] = append(w.Tables["hosts"], row(i, r))
	}
	for _, sort := range []string{"name", "-severity", "_RACK", "-groups"} {
		all, _ := load(t, w, request(t, hosts(), "sort="+sort))
		q := request(t, hosts(), "limit=7&sort="+sort+"&columns=name,_RACK,latency,groups")
		e := &exporter{q: q, data: w.For(access.Viewer{All: true}), fields: q.List.fields(q.Columns), want: append(q.List.needs(q.Columns), "groups")}
		var err error
		if e.first, err = q.load(t.Context(), e.data, e.want, nil); err != nil {
			t.Fatal(err)
		}
		var got []string
		for x, err := range e.rows(t.Context(), 35) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, x.Cells[0].(string))
			if _, ok := x.Cells[2].(float64); !ok || len(x.Cells[3].([]string)) > 2 {
				t.Fatalf("cells %v", x.Cells)
			}
		}
		for i := range all {
			all[i] = all[i][:len(all[i])-1] // without the site
		}
		if !slices.Equal(got, all[:35]) {
			t.Errorf("sort %s: an export of 35 rows has\n%q, want\n%q", sort, got, all[:35])
		}
	}
}

func TestWays(t *testing.T) {
	w := &webtest.World{Parts: []lql.Part{webtest.Fresh("a")}, Tables: map[string][]webtest.Row{}}
	for i := range 9 {
		w.Tables["hosts"] = append(w.Tables["hosts"], webtest.Row{"name": fmt.Sprint(i), "peer_key": "a"})
	}
	at := "limit=3"
	var seen []string
	for range 4 {
		q := request(t, hosts(), at)
		rows, p := load(t, w, q)
		values, err := url.ParseQuery(at)
		if err != nil {
			t.Fatal(err)
		}
		ctx := ui.WithEnv(t.Context(), &ui.Environment{Query: values})
		v := View{Request: q, Page: p}
		seen = append(seen, strings.Join(rows, "")+" "+v.words(ctx))
		next := v.nextPath(ctx)
		if next == "" {
			next = v.prevPath(ctx)
		}
		at = strings.TrimPrefix(next, "?")
	}
	want := []string{"0a1a2a 1 – 3 of 9", "3a4a5a 4 – 6 of 9", "6a7a8a 7 – 9 of 9", "3a4a5a 4 – 6 of 9"}
	if !slices.Equal(seen, want) {
		t.Errorf("pages %q, want %q", seen, want)
	}
}

func TestParse(t *testing.T) {
	l := hosts()
	q := request(t, l, "q=+web++01+state:up&sort=-alias&limit=5&columns=alias:So,_RACK,name")
	if q.Asked.Text != "web  01 state:up" || q.SortValue() != "-alias" || q.Limit != 5 || !q.Filtered() || len(q.Query().Filter.Kids[0].Kids) != 3 {
		t.Errorf("read %+v", q)
	}
	if got := spelling(q.Columns); !slices.Equal(got, []string{"alias:So", "_RACK", "name"}) {
		t.Errorf("columns %q", got)
	}
	for query, says := range map[string]string{
		"sort=nosuch":  "sort must be one of name, severity, alias",
		"sort=owner":   "sort must be one of",
		"limit=1001":   "limit must be a whole number from 1 to 1000",
		"offset=-1":    "offset must be",
		"q=a&state=up": "web: see /hosts?q=a+state%3Aup",
		"after=x":      "after is no place in this list",
		"sort=groups&after=" + (&Cursor{Place: lql.Place{"g", "h"}}).String():                                                   "after is no place in this list in this order",
		"before=" + (&Cursor{Place: lql.Place{"h", "a"}}).String() + "&after=" + (&Cursor{Place: lql.Place{"h", "a"}}).String(): "before cannot stand beside",
		"columns=a,b":    "columns names “a”",
		"density=plenty": "density must be one of normal, compact, roomy",
	} {
		_, err := l.Parse(httptest.NewRequest(http.MethodGet, "/hosts?"+query, nil))
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", query, err, says)
		}
	}
}

func TestColumnsOfAPerson(t *testing.T) {
	l := hosts()
	for _, tt := range []struct{ spelled, want []string }{
		{nil, []string{"name", "severity", "owner"}},
		{[]string{}, []string{"name"}},
		{[]string{"alias", "gone", "alias"}, []string{"name", "alias"}},
		{[]string{"alias:My", "name:Box", "_HOST X", "check_command"}, []string{"alias:My", "name:Box", "check_command"}},
	} {
		if got := spelling(l.Chosen(tt.spelled)); !slices.Equal(got, tt.want) {
			t.Errorf("Chosen(%q) = %q, want %q", tt.spelled, got, tt.want)
		}
	}
	form := url.Values{"column": {"alias", "name", "owner"}, "c-alias": {"on"}, "n-alias": {"a,b:c"}, "n-name": {"Host"}}
	if got := l.picked(form); !slices.Equal(got, []string{"alias:a b c", "name"}) {
		t.Errorf("picked %q", got)
	}
	for given, want := range map[string]string{"/hosts?q=1": "/hosts?q=1", "/hosts": "/hosts", "//evil.example": "/hosts", "/hostsx": "/hosts",
		"/hosts?\r\nX: y": "/hosts", "": "/hosts", "/hosts?columns=a": "/hosts", "/hosts?columns=a&q=1": "/hosts?q=1"} {
		if got := back(given, "/hosts"); got != want {
			t.Errorf("back(%q) = %q, want %q", given, got, want)
		}
	}
	all := l.Catalogue([]string{"_RACK"})
	if !slices.ContainsFunc(all, func(c Column) bool { return c.Key == "_RACK" }) || !slices.ContainsFunc(all, func(c Column) bool { return c.Key == "retry_interval" && c.Label == "Retry interval" }) {
		t.Errorf("the catalogue lacks columns: %q", spelling(all))
	}
	if i := slices.IndexFunc(all, func(c Column) bool { return c.Key == "groups" }); !all[i].sortable() {
		t.Error("a list of names cannot be sorted by")
	}
	if slices.ContainsFunc(all, func(c Column) bool { return c.Key == "host_address" }) {
		t.Error("a list of hosts offers columns of the host of a host")
	}
	for _, table := range []string{"services", "comments", "downtimes"} {
		of := &List{Table: table}
		if got := spelling(of.Catalogue(nil)); !slices.Contains(got, "host_address") || !slices.Contains(got, "host_alias") || !slices.Contains(got, "host_parents") {
			t.Errorf("the catalogue of %s lacks columns of the host: %q", table, got)
		}
	}
	seen := map[string]int{}
	for _, c := range all {
		if seen[c.Key]++; seen[c.Key] > 1 {
			t.Errorf("%s is there twice", c.Key)
		}
	}
}

func FuzzCursor(f *testing.F) {
	f.Add((&Cursor{Place: lql.Place{"a", "b\xff\x00"}}).String())
	f.Add((&Cursor{Step: 3, Place: lql.Place{"", ""}}).String())
	f.Add("WyIwIl0")
	f.Add("!")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := ReadCursor(s, 2)
		if err != nil {
			return
		}
		if len(c.Place) != 2 || c.Step < 0 {
			t.Fatalf("read %v", c)
		}
		if w := c.String(); w != "" {
			if again, err := ReadCursor(w, 2); err != nil || again.Step != c.Step || !slices.Equal(again.Place, c.Place) {
				t.Fatalf("%v becomes %v, %v", c, again, err)
			}
		}
	})
}
