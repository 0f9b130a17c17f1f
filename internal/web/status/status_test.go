package status

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"belvedere/internal/lql"
	"belvedere/internal/web/ui"
)

func TestWords(t *testing.T) {
	f, ok := Words("a.b  c", "name", "alias")
	if !ok || len(f.Kids) != 2 || f.Kids[0].Kids[1].Column != "alias" || f.Kids[0].Kids[1].Value != `a\.b` {
		t.Errorf("Words makes %+v", f)
	}
	if _, ok := Words("  ", "name"); ok {
		t.Error("blanks are no word")
	}
	if f, _ := Words(strings.Repeat("x ", 100), "name", "alias"); len(f.Kids) != MaxWords {
		t.Errorf("%d words count, want %d", len(f.Kids), MaxWords)
	}
}

func TestLink(t *testing.T) {
	for in, want := range map[string]string{
		"https://wiki.example.org/a?b=c&d": "https://wiki.example.org/a?b=c&d",
		" http://example.org ":             "http://example.org",
		"javascript:alert(1)":              "",
		"mailto:noc@example.org?subject=x": "mailto:noc@example.org?subject=x",
		"mailto:":                          "",
		"MAILTO://host/x":                  "",
		"data:text/html,x":                 "",
		"//example.org/x":                  "",
		"/nagios/x":                        "",
		"https:///x":                       "",
		"":                                 "",
		"http://a b":                       "",
	} {
		if got := Link(t.Context(), in); got != want {
			t.Errorf("Link(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestLinkSchemes: the configuration of the server allows further schemes.
func TestLinkSchemes(t *testing.T) {
	ctx := ui.WithEnv(t.Context(), &ui.Environment{LinkSchemes: []string{"ssh", "rdp", "tel"}})
	for in, want := range map[string]string{
		"ssh://root@db-01:22":       "ssh://root@db-01:22",
		"SSH://db-01":               "ssh://db-01",
		"tel:+4912345":              "tel:+4912345",
		"rdp:full%20address=s:db":   "rdp:full%20address=s:db",
		"ssh:":                      "",
		"ssh:///":                   "",
		"vnc://db-01":               "",
		"javascript:alert(1)":       "",
		"https:///x":                "",
		"java\nscript:alert(1)":     "",
		"https://wiki.example.org/": "https://wiki.example.org/",
	} {
		if got := Link(ctx, in); got != want {
			t.Errorf("Link(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestRowID(t *testing.T) {
	seen := map[string]bool{}
	for _, o := range [][3]string{{"a", "b", "c"}, {"a", "b|c", ""}, {"a|b", "c", ""}, {"a", "b c", ""}, {"a", "b", ""}, {"a", "b%7Cc", ""}} {
		id := RowID(o[0], o[1], o[2])
		if seen[id] || strings.ContainsAny(id, " \t\n") {
			t.Errorf("%q has the id %q", o, id)
		}
		seen[id] = true
	}
}

// result makes a result of one row.
func result(cells map[string]any, parts ...lql.Part) *lql.Result {
	r := &lql.Result{Rows: 1, Total: 1, Parts: parts}
	for name, x := range cells {
		v := lql.Vector{Name: name}
		switch x := x.(type) {
		case int:
			v.Ints = []int64{int64(x)}
		case string:
			v.Kind, v.Texts = lql.Texts, []string{x}
		default:
			v.Kind, v.Objects = lql.Objects, []any{x}
		}
		r.Vectors = append(r.Vectors, v)
	}
	return r
}

func TestServiceRow(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	base := map[string]any{"peer_key": "a", "peer_name": "A", "host_name": "h", "description": "s", "state": 2, "has_been_checked": 1,
		"state_type": 1, "host_has_been_checked": 1, "notifications_enabled": 1, "active_checks_enabled": 1,
		"current_attempt": 3, "max_check_attempts": 3, "last_state_change": int(now.Unix()) - 3600, "plugin_output": "bad"}
	with := func(more map[string]any) Row {
		cells := map[string]any{}
		for k, v := range base {
			cells[k] = v
		}
		for k, v := range more {
			cells[k] = v
		}
		return Services(result(cells, lql.Part{Key: "a", Err: "late"}), now)[0]
	}
	r := with(nil)
	if r.ID != "a|h|s" || r.State.Word != "CRITICAL" || r.Handled() || r.State.Done || r.New || r.Soft || !r.Stale || r.Attempt != "3/3" || r.Path() != "/service/a/h/s" {
		t.Errorf("plain problem: %+v", r)
	}
	for name, tt := range map[string]struct {
		more map[string]any
		ok   func(Row) bool
	}{
		"acknowledged":     {map[string]any{"acknowledged": 1}, func(r Row) bool { return r.Handled() && r.State.Done }},
		"downtime":         {map[string]any{"scheduled_downtime_depth": 1}, Row.Handled},
		"host in downtime": {map[string]any{"host_scheduled_downtime_depth": 1}, func(r Row) bool { return r.Downtime && r.Handled() }},
		"host down":        {map[string]any{"host_state": 1}, func(r Row) bool { return r.HostProblem && r.Handled() }},
		"host pending":     {map[string]any{"host_state": 1, "host_has_been_checked": 0}, func(r Row) bool { return !r.HostProblem }},
		"soft":             {map[string]any{"state_type": 0}, func(r Row) bool { return r.Soft }},
		"new":              {map[string]any{"last_state_change": int(now.Unix()) - 299}, func(r Row) bool { return r.New }},
		"five minutes old": {map[string]any{"last_state_change": int(now.Unix()) - 300}, func(r Row) bool { return !r.New }},
		"ok is not new":    {map[string]any{"state": 0, "last_state_change": int(now.Unix())}, func(r Row) bool { return !r.New && !r.Soft && !r.Handled() }},
		"pending":          {map[string]any{"state": 0, "has_been_checked": 0}, func(r Row) bool { return r.State.Word == "PENDING" }},
		"never changed":    {map[string]any{"last_state_change": 0}, func(r Row) bool { return r.Since.IsZero() && !r.New }},
		"silent":           {map[string]any{"notifications_enabled": 0}, func(r Row) bool { return r.Silent }},
		"passive":          {map[string]any{"active_checks_enabled": 0, "accept_passive_checks": 1}, func(r Row) bool { return r.Passive && !r.Unchecked }},
		"no checks":        {map[string]any{"active_checks_enabled": 0, "accept_passive_checks": 0}, func(r Row) bool { return r.Unchecked }},
		"owned":            {map[string]any{"owner_with_info": [][]any{{"eva", "notified", "", int64(5), int64(0)}}}, func(r Row) bool { return r.Owner == Owner{Kind: "notified", Who: "eva", At: Unix(5)} }},
	} {
		if r := with(tt.more); !tt.ok(r) {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestComments(t *testing.T) {
	short := Of(result(map[string]any{"comments_with_info": [][]any{{int64(1)}, {}}}))
	if n := Comments(short, 0); len(n) != 2 || n[0].ID != 1 || n[0].Author != "" {
		t.Errorf("short tuples read as %+v", n)
	}
}

func TestEndlessOutput(t *testing.T) {
	res := &lql.Result{Rows: 1, Vectors: []lql.Vector{
		{Name: "name", Kind: lql.Texts, Texts: []string{"a"}},
		{Name: "plugin_output", Kind: lql.Texts, Texts: []string{strings.Repeat("ü", 1<<19)}},
	}}
	rows := Hosts(res, time.Now())
	if got := rows[0].Output; len(got) > 2000 || !utf8.ValidString(got) || !strings.HasSuffix(got, "ü…") {
		t.Errorf("output of %d bytes in a list", len(got))
	}
}
