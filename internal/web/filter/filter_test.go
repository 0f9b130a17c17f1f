package filter

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"belvedere/internal/lql"
	"belvedere/internal/search"
	"belvedere/internal/web/ui"
	"belvedere/internal/web/webtest"
)

func read(t *testing.T, query string, tables ...string) (Asked, error) {
	t.Helper()
	return Read(httptest.NewRequest(http.MethodGet, "/hosts?"+query, nil), tables...)
}

// TestFolded: what older addresses and the form say is put into q.
func TestFolded(t *testing.T) {
	for query, want := range map[string]string{
		"state=down":                       "/hosts?q=state%3Adown",
		"state=unhandled&limit=5":          "/hosts?limit=5&q=is%3Aunhandled",
		"hostgroup=a+b&q=x+or+y":           "/hosts?q=x+or+y+hostgroup%3D%22a+b%22",
		"q=a&q=b&sort=name":                "/hosts?q=a+b&sort=name",
		"q=a&q=":                           "/hosts?q=a",
		"site=":                            "/hosts",
		"ff=host&fo=:&fv=web&fg=0":         "/hosts?q=host%3Aweb",
		"ff=host&fo=:&fv=&fg=0&q=old&edit": "/hosts",
		"ff=service&fo=-:&fv=Disk+/&fg=0&ff=*&fo=!=&fv=x&fg=0&ff=age&fo=>&fv=1h&fg=1": "/hosts?q=" + url.QueryEscape(`(-service:"Disk /" -x) or age>1h`),
		"ff=host&fo=~&fv=^(a|b)&fg=0&ff=output&fo=~&fv=a+b&fg=0":                      "/hosts?q=" + url.QueryEscape(`host~^(a|b) output~"a b"`),
		"ff=state&fo=:&fv=crit,warn&fg=0&ff=&fo=:&fv=x&fg=1&ff=*&fo=:&fv=or&fg=9":     "/hosts?q=" + url.QueryEscape(`state:crit,warn or "or"`),
	} {
		_, err := read(t, query, "hosts")
		if err == nil || err.Error() != "web: see "+want {
			t.Errorf("%s: %v, want %s", query, err, want)
		}
	}
	for _, query := range []string{"", "q=a+b", "sort=name&limit=5", "fg=1&fo=:"} {
		if _, err := read(t, query, "hosts"); err != nil {
			t.Errorf("%s: %v", query, err)
		}
	}
}

// TestForm: what the form shows of a query is that query again.
func TestForm(t *testing.T) {
	for _, text := range []string{
		"web", "-web", `"a b" c*`, "host:a,b -service:x", "host!=a host=b -is:handled", `output~"a b" or (age>1h state:crit)`, `_X:"a \"b" or "or"`,
	} {
		e, err := search.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		groups, ok := conditions(e)
		if !ok {
			t.Errorf("%s is no form", text)
			continue
		}
		q := url.Values{}
		for g, group := range groups {
			for _, c := range group {
				for i, v := range []string{string(rune('0' + g)), c.Field, c.Op, c.Value} {
					q.Add(formParams[i], v)
				}
			}
		}
		back, _ := formText(q)
		again, err := search.Parse(back)
		if err != nil || again.String() != e.String() {
			t.Errorf("%s becomes %s (%v)", text, back, err)
		}
	}
	for _, text := range []string{"-(a b)", "a (b or c)", "-age>1h", "--a"} {
		e, err := search.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := conditions(e); ok {
			t.Errorf("%s is no matter for the form", text)
		}
	}
}

// TestFormOffers: the form has what a form of Thruk has, custom variables and
// all.
func TestFormOffers(t *testing.T) {
	for table, want := range map[string][]string{
		"hosts":     {"_", "check_period", "event_handler", "last_check", "latency", "next_check", "notification_period", "num_services"},
		"services":  {"_", "check_period", "event_handler", "impacts", "last_check", "latency", "next_check", "notification_period", "num_services", "source_problems"},
		"downtimes": {"_", "last_check"},
	} {
		a, err := read(t, "", table)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range want {
			if got := a.formFields(); !slices.Contains(got, f) || fieldLabel(t.Context(), f) == f {
				t.Errorf("the form of %s has no %s, or does not say what it is: %v", table, f, got)
			}
		}
	}
	for value, want := range map[string]string{"OWNER anna": "_OWNER:anna", "_rack = R 1": `_RACK:"R 1"`, "SLA": "_SLA:*", "": ""} {
		if got, _ := formText(url.Values{"ff": {"_"}, "fo": {":"}, "fv": {value}}); got != want {
			t.Errorf("the custom variable %q becomes %q, want %q", value, got, want)
		}
	}
}

func FuzzForm(f *testing.F) {
	f.Add("host", ":", "web", "service", "!=", `a "b`)
	f.Add("*", "~", "(", "", "", ")")
	f.Fuzz(func(t *testing.T, f1, o1, v1, f2, o2, v2 string) {
		text, ok := formText(url.Values{"fg": {"0", "1"}, "ff": {f1, f2}, "fo": {o1, o2}, "fv": {v1, v2}})
		if !ok {
			t.Fatal("no form")
		}
		if e, err := search.Parse(text); err == nil {
			conditions(e)
		}
	})
}

func draw(t *testing.T, query string, tables ...string) *webtest.Doc {
	t.Helper()
	a, err := read(t, query, tables...)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, "/hosts?"+query, nil)
	ctx := ui.WithEnv(context.Background(), &ui.Environment{Now: time.Now(), Path: "/hosts", Query: r.URL.Query()})
	var b strings.Builder
	if err := Bar("Filter hosts", "hint", a).Render(ctx, &b); err != nil {
		t.Fatal(err)
	}
	return webtest.Parse(t, b.String())
}

// TestBar: chips say what is in force, each with the ways to change and to
// remove it; the rest of the address stays.
func TestBar(t *testing.T) {
	d := draw(t, "sort=-name&offset=7&q="+url.QueryEscape(`state:down -hostgroup:lab (a or "b c") <script>`[:len(`state:down -hostgroup:lab (a or "b c")`)]), "hosts")
	if got := d.Texts("li.tok"); !slices.Equal(got, []string{"state: down", "not hostgroup: lab", `a or "b c"`}) {
		t.Errorf("chips %q", got)
	}
	if got := webtest.Attr(d.All("li.tok a.tok-x")[1], "href"); got != "/hosts?q="+url.QueryEscape(`state:down (a or "b c")`)+"&sort=-name" {
		t.Errorf("the cross leads to %s", got)
	}
	if got := webtest.Attr(d.All("li.tok a")[2], "href"); got != "/hosts?edit=-hostgroup%3Alab&q="+url.QueryEscape(`state:down (a or "b c")`)+"&sort=-name" {
		t.Errorf("the chip leads to %s", got)
	}
	if got := webtest.Attr(d.One("form.query input[data-chips]"), "value"); got != `state:down -hostgroup:lab (a or "b c")` {
		t.Errorf("the form carries %q", got)
	}
	d = draw(t, "q=a&edit=host:web", "hosts")
	if got := webtest.Attr(d.One("form.query input[type=text]"), "value"); got != "host:web" {
		t.Errorf("edited is %q", got)
	}
	d = draw(t, "q="+url.QueryEscape(webtest.Hostile), "hosts")
	if len(d.All("script"))+len(d.All("img")) > 0 {
		t.Error("the text of the filter is taken for markup")
	}
}

// TestWrong: the bar names the word that is wrong, and offers the nearest.
func TestWrong(t *testing.T) {
	d := draw(t, "q=web+state:dwon&sort=name", "hosts")
	if got := webtest.Text(d.One(".qmirror mark")); got != "dwon" {
		t.Errorf("underlined is %q", got)
	}
	if got := webtest.Text(d.One("#query-error")); !strings.HasPrefix(got, "dwon is no word for state. Did you mean down ?") {
		t.Errorf("it says %q", got)
	}
	if got := webtest.Attr(d.One("#query-error a"), "href"); got != "/hosts?q=web+state%3Adown&sort=name" {
		t.Errorf("it leads to %s", got)
	}
	if d.One("form.query input[type=text]"); webtest.Attr(d.One("form.query input[type=text]"), "value") != "web state:dwon" {
		t.Error("the text is lost")
	}
	// each kind of mistake has words
	seen := map[string]bool{}
	for p := search.NoField; p <= search.OnlyBound; p++ {
		msg := Message(t.Context(), &search.Error{Problem: p, Word: "WORD", Of: "FIELD"})
		if msg == "" || seen[msg] || strings.Contains(msg, "%!") {
			t.Errorf("problem %d says %q", p, msg)
		}
		if p != search.NotText && p != search.OnlyBound { // which say the same
			seen[msg] = true
		}
		_ = hint(t.Context(), &search.Error{Problem: p})
	}
	for _, f := range search.Fields() {
		if FieldNote(t.Context(), f.Name) == "" {
			t.Errorf("%s is not explained", f.Name)
		}
		for _, op := range f.Ops() {
			if OpNote(t.Context(), op.String()) == "" {
				t.Errorf("%s is not explained", op)
			}
		}
	}
}

func TestFilters(t *testing.T) {
	a, err := read(t, "q=web+state:down+-is:handled+is:unhandled", "hosts", "services")
	if err != nil || a.Err != nil || a.Status() != 0 {
		t.Fatal(err, a.Err)
	}
	if n := len(a.Filter("hosts").Kids); n != 4 {
		t.Errorf("%d filters", n)
	}
	counted := []search.Expr{search.Is("state", "down"), search.Is("is", "handled")}
	if n := len(a.Rest("hosts", counted...).Kids); n != 2 {
		t.Errorf("%d filters besides those by state", n)
	}
	ctx := ui.WithEnv(t.Context(), &ui.Environment{Path: "/hosts", Query: url.Values{"after": {"x"}, "sort": {"name"}}})
	if got := a.Only(ctx, search.Is("state", "up"), counted...); got != "/hosts?q=web+-is%3Ahandled+state%3Aup&sort=name" {
		t.Errorf("another state is at %s", got)
	}
	if got := a.Choose(ctx, "site", "a b"); got != "/hosts?q=web+state%3Adown+-is%3Ahandled+is%3Aunhandled+site%3D%22a+b%22&sort=name" {
		t.Errorf("a site is at %s", got)
	}
	if b, _ := read(t, "q=site:a", "hosts"); b.Chosen("site") != "a" || b.Choose(ctx, "site") != "/hosts?sort=name" || b.Chosen("host") != "" {
		t.Errorf("chosen is %q", b.Chosen("site"))
	}
	wrong, err := read(t, "q=(", "hosts")
	if err != nil || wrong.Err == nil || wrong.Status() != http.StatusBadRequest || !search.Never(wrong.Filter("hosts")) || wrong.Wrong(t.Context()) == nil {
		t.Errorf("a wrong filter: %v, %+v", err, wrong)
	}
	if (Asked{}).Wrong(t.Context()) != nil || len((Asked{}).Filter("hosts").Kids) != 0 || (Asked{}).Filter("hosts").Kind != lql.And {
		t.Error("the zero filter narrows something")
	}
}
