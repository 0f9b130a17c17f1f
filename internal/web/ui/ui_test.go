package ui

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/google/go-cmp/cmp"
)

// draw returns the HTML of a component on a page at a fixed time.
func draw(t *testing.T, c templ.Component) string {
	t.Helper()
	return drawIn(t, &Environment{Prefix: "/p", Now: time.Unix(1_800_000_000, 0), Zone: time.UTC, Sprite: "/assets/x/icons.svg",
		Path: "/hosts", Query: url.Values{"q": {"db"}, "sort": {"-name"}, "offset": {"200"}}}, c)
}

func drawIn(t *testing.T, e *Environment, c templ.Component) string {
	t.Helper()
	var b strings.Builder
	if err := c.Render(WithEnv(t.Context(), e), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestAgo(t *testing.T) {
	for s, want := range map[int64]string{-5: "0 s", 0: "0 s", 59: "59 s", 60: "1 m", 3599: "59 m", 3600: "1 h", 6420: "1 h 47 m",
		86399: "23 h 59 m", 86400: "1 d", 90000: "1 d 1 h", 864000: "10 d", 86400 * 400: "400 d"} {
		if got := Ago(s); got != want {
			t.Errorf("Ago(%d) = %q, want %q", s, got, want)
		}
	}
	for s, want := range map[int64]string{-39: "in 39 s", -3: "in 3 s", -2: "0 s ago", -1: "0 s ago", 0: "0 s ago", 61: "1 m ago"} {
		if got := AgoWords(t.Context(), s); got != want {
			t.Errorf("AgoWords(%d) = %q, want %q", s, got, want)
		}
	}
}

func TestNumber(t *testing.T) {
	for n, want := range map[int]string{0: "0", 12: "12", 999: "999", 1000: "1\u202f000", 23769: "23\u202f769", 1234567: "1\u202f234\u202f567", -1000: "-1\u202f000"} {
		if got := Number(n); got != want {
			t.Errorf("Number(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestExact(t *testing.T) {
	ctx := WithEnv(t.Context(), &Environment{Now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), Zone: time.UTC})
	for _, tt := range []struct {
		at   time.Time
		want string
	}{
		{time.Date(2026, 11, 22, 9, 8, 7, 0, time.UTC), "09:08:07"},
		{time.Date(2026, 11, 19, 9, 8, 7, 0, time.UTC), "Thu 19 Nov 09:08:07"},
		{time.Date(2025, 11, 22, 9, 8, 7, 0, time.UTC), "22 Nov 2025 09:08:07"},
	} {
		if got := Exact(ctx, tt.at.Unix()); got != tt.want {
			t.Errorf("Exact(%v) = %q, want %q", tt.at, got, tt.want)
		}
	}
}

// TestMoment: a time in a cell goes by the person's clock, zone and language.
func TestMoment(t *testing.T) {
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	ctx := WithEnv(t.Context(), &Environment{Now: time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC), Zone: newYork, Clock12: true})
	for _, tt := range []struct {
		at   time.Time
		want string
	}{
		{time.Date(2026, 11, 23, 1, 8, 7, 0, time.UTC), "8:08 PM"},
		{time.Date(2026, 11, 23, 14, 8, 7, 0, time.UTC), "23 Nov 9:08 AM"},
		{time.Date(2025, 11, 23, 14, 8, 7, 0, time.UTC), "23 Nov 2025"},
	} {
		if got := moment(ctx, tt.at.Unix()); got != tt.want {
			t.Errorf("moment(%v) = %q, want %q", tt.at, got, tt.want)
		}
	}
}

// TestVisible: nothing of an output can hide, ring or turn the text around it.
func TestVisible(t *testing.T) {
	for in, want := range map[string]string{
		"plain":          "plain",
		"two\nlines\tx":  "two\nlines\tx",
		"bell\a esc\x1b": "bell␇ esc␛",
		"del\x7f":        "del␡",
		"c1 \u0085 x":    "c1 \ufffd x",
		"a\u202eb\u2066": "a\ufffdb\ufffd",
		"\u200f\u061c":   "\ufffd\ufffd",
	} {
		if got := Visible(in); got != want {
			t.Errorf("Visible(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestPieces(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want []Piece
	}{
		{"no link", []Piece{{Text: "no link"}}},
		{"see https://a.example/x?y=1&z=2.", []Piece{{Text: "see "}, {"https://a.example/x?y=1&z=2", "https://a.example/x?y=1&z=2"}, {Text: "."}}},
		{"http://[::1]/ x", []Piece{{"http://[::1]/", "http://[::1]/"}, {Text: " x"}}},
		{"javascript:alert(1) data:x http:// https://-", []Piece{{Text: "javascript:alert(1) data:x http:// https://-"}}},
		{`"http://a/"><script>`, []Piece{{Text: `"`}, {"http://a/", "http://a/"}, {Text: `"><script>`}}},
		{"HTTP OK: HTTP/1.1 200", []Piece{{Text: "HTTP OK: HTTP/1.1 200"}}},
		{"", nil},
	} {
		if diff := cmp.Diff(tt.want, Pieces(tt.in)); diff != "" {
			t.Errorf("Pieces(%q): %s", tt.in, diff)
		}
	}
}

func FuzzPieces(f *testing.F) {
	f.Add("see https://a.example/x. and http://[::1]/")
	f.Add("http://http://https://x)")
	f.Fuzz(func(t *testing.T, s string) {
		var whole strings.Builder
		for _, p := range Pieces(s) {
			if p.Text == "" {
				t.Errorf("an empty piece in %q", s)
			}
			if p.URL != "" && !strings.HasPrefix(p.URL, "http://") && !strings.HasPrefix(p.URL, "https://") {
				t.Errorf("a link to %q", p.URL)
			}
			whole.WriteString(p.Text)
		}
		if whole.String() != Visible(s) {
			t.Errorf("pieces of %q make %q", s, whole.String())
		}
	})
}

// TestEscaping: whatever comes from outside is text, in every component that
// shows such.
func TestEscaping(t *testing.T) {
	const evil = `<script>alert(1)</script>"'><img src=x onerror=alert(2)>` + "\u202e\x07"
	for name, c := range map[string]templ.Component{
		"name":   Name(evil),
		"output": Output(evil),
		"long":   OutputLong(evil),
		"site":   SiteName(evil, true),
		"tag":    Tag("warn", "alert", evil),
		"copy":   Copy(evil, evil),
		"kv":     KVText(evil, evil),
		"panel":  Panel("id", evil, evil, ""),
		"crumbs": Crumbs(Crumb{evil, "/x"}, Crumb{Label: evil}),
		"input":  Input(Field{Name: "a", Label: evil, Value: evil, Hint: evil, Error: evil, Placeholder: evil}),
		"area":   Area(Field{Name: "a", Label: evil, Value: evil}),
		"select": Select(Field{Name: "a", Options: []Option{{Value: evil, Label: evil}}}),
		"choice": Choice(Field{Name: "a", Options: []Option{{Value: evil, Label: evil, Note: evil}}}),
		"filter": Filter(evil, evil, evil, evil),
		"toast":  Toast("ok", "check", evil, evil),
		"bar":    Bar(evil, false, Slice{"crit", 1}),
		"block":  Block(evil, evil),
		"dialog": Dialog("d", evil),
		"empty":  Empty("host", evil),
	} {
		got := draw(t, c)
		for _, bad := range []string{"<script", "<img", "style="} {
			if strings.Contains(got, bad) {
				t.Errorf("%s: %q in %s", name, bad, got)
			}
		}
	}
	for name, c := range map[string]templ.Component{"name": Name(evil), "output": Output(evil), "kv": KVText("a", evil)} {
		if got := draw(t, c); strings.ContainsAny(got, "\u202e\x07") {
			t.Errorf("%s: characters that hide or turn text reach the page: %q", name, got)
		}
	}
}

func TestTableHead(t *testing.T) {
	got := draw(t, TableHead("-name", Head{Label: "Name", Sort: "name"}, Head{Label: "Since", Sort: "since", Desc: true}, Head{Label: "Output"}, Head{Label: "Pick", Hidden: true}))
	for _, want := range []string{
		`aria-sort="descending"`,
		`href="/p/hosts?q=db&amp;sort=name"`,   // turns round, back to the first page
		`href="/p/hosts?q=db&amp;sort=-since"`, // numbers begin with the largest
		`<span class="sr">Pick</span>`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
}

func TestPaging(t *testing.T) {
	for _, tt := range []struct {
		p          Paging
		prev, next int
		words      string
	}{
		{Paging{0, 100, 7, 7, "7 hosts"}, -1, -1, "7 hosts"},
		{Paging{0, 100, 1, 1, "1 host"}, -1, -1, "1 host"},
		{Paging{0, 100, 100, 250, "250 hosts"}, -1, 100, "1 – 100 of 250 hosts"},
		{Paging{100, 100, 100, 250, "250 hosts"}, 0, 200, "101 – 200 of 250 hosts"},
		{Paging{200, 100, 50, 250, "250 hosts"}, 100, -1, "201 – 250 of 250 hosts"},
		{Paging{50, 100, 100, 250, "250 hosts"}, 0, 150, "51 – 150 of 250 hosts"},
		{Paging{300, 100, 0, 250, "250 hosts"}, 200, -1, "none of 250 hosts here"},
	} {
		if tt.p.Prev() != tt.prev || tt.p.Next() != tt.next || tt.p.Words(t.Context()) != tt.words {
			t.Errorf("%+v: %d %d %q", tt.p, tt.p.Prev(), tt.p.Next(), tt.p.Words(t.Context()))
		}
	}
	got := draw(t, Pager(Paging{Offset: 100, Limit: 100, Shown: 100, Total: 250, Of: "250 hosts"}))
	if !strings.Contains(got, `href="/p/hosts?q=db&amp;sort=-name"`) || !strings.Contains(got, "offset=200") {
		t.Errorf("links lose the filter: %s", got)
	}
}

// TestStill: a block drawn for a live update is the same a moment later.
func TestStill(t *testing.T) {
	at := int64(1_799_990_000)
	one := func(now int64, still bool) string {
		e := &Environment{Now: time.Unix(now, 0), Zone: time.UTC, Still: still}
		return drawIn(t, e, Age(at)) + drawIn(t, e, AgeAgo(at)) + drawIn(t, e, Time(at))
	}
	if one(1_800_000_000, true) != one(1_800_000_077, true) {
		t.Error("equal data is not equal text")
	}
	if !strings.Contains(one(1_800_000_000, false), ">2 h 46 m</time>") {
		t.Errorf("a whole page has no age: %s", one(1_800_000_000, false))
	}
}

func TestBar(t *testing.T) {
	got := draw(t, Bar("1 of 1000", false, Slice{"crit", 1}, Slice{"warn", 0}, Slice{"ok", 999}))
	if !strings.Contains(got, `<i class="crit p1">`) || !strings.Contains(got, `<i class="ok p99">`) || strings.Contains(got, "warn") {
		t.Errorf("bar: %s", got)
	}
	if got := draw(t, Bar("nothing", false)); strings.Contains(got, "<i") {
		t.Errorf("empty bar: %s", got)
	}
}

func TestObjectPath(t *testing.T) {
	if got := ObjectPath("s/1", "höst name", ""); got != "/host/s%2F1/h%C3%B6st%20name" {
		t.Errorf("host: %s", got)
	}
	if got := ObjectPath("s", "h", "Disk /var?"); got != "/service/s/h/Disk%20%2Fvar%3F" {
		t.Errorf("service: %s", got)
	}
}

func TestStates(t *testing.T) {
	for i, want := range []string{"UP", "DOWN", "UNREACHABLE", "DOWN"} {
		if got := HostState(int64(i), true, false).Word; got != want {
			t.Errorf("host %d: %s", i, got)
		}
	}
	for i, want := range []string{"OK", "WARNING", "CRITICAL", "UNKNOWN", "UNKNOWN"} {
		if got := ServiceState(int64(i), true, false).Word; got != want {
			t.Errorf("service %d: %s", i, got)
		}
	}
	if s := HostState(0, false, false); s.Word != "PENDING" || s.Problem() {
		t.Errorf("unchecked host: %+v", s)
	}
	if got := draw(t, StateTag(ServiceState(2, true, true))); !strings.Contains(got, "handled") || !strings.Contains(got, "done") {
		t.Errorf("a handled state is not told to screen readers: %s", got)
	}
}

// TestEnvOutside: components can be drawn without a page.
func TestEnvOutside(t *testing.T) {
	if Env(context.Background()).Now.IsZero() {
		t.Error("no time")
	}
}

func TestShort(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	ctx := WithEnv(t.Context(), &Environment{Now: now, Zone: time.UTC})
	for want, at := range map[string]time.Time{"08:52": now.Add(-8 * time.Minute), "21 Nov": now.AddDate(0, 0, -1), "22 Nov 2025": now.AddDate(-1, 0, 0)} {
		if got := Short(ctx, at); got != want {
			t.Errorf("Short(%v) = %q, want %q", at, got, want)
		}
	}
}
