package query_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/lql"
	"belvedere/internal/schema"
	"belvedere/internal/search"
)

// total counts the rows of tables for which a query of the query bar holds.
func total(t *testing.T, q lql.Querier, text string, tables ...string) int {
	t.Helper()
	e, err := search.Parse(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	fs, err := search.Bind(context.Background(), q, e, clock, tables...)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	n := 0
	for i, table := range tables {
		res, err := q.Query(context.Background(), lql.Get(table).Where(fs[i]).Count(lql.AndOf()))
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		n += int(res.Vectors[0].Int(0))
	}
	return n
}

// TestSearch compares what the query bar finds with a look at each row.
func TestSearch(t *testing.T) {
	e, _, truth := newWorld(t, 60)
	q := e.For(all)
	num := func(r map[string]any, c string) int64 { n, _ := r[c].(int64); return n }
	text := func(r map[string]any, c string) string { s, _ := r[c].(string); return s }
	hosts := map[string]map[string]any{}
	for _, h := range truth["hosts"] {
		hosts[text(h, "peer_key")+text(h, "name")] = h
	}
	variable := func(r map[string]any, name string) string {
		for _, p := range r["custom_variables"].([]schema.Pair) {
			if p.Name == name {
				return p.Value
			}
		}
		return ""
	}
	withRemark := map[string]bool{}
	for _, c := range slices.Concat(truth["comments"], truth["downtimes"]) {
		if num(c, "is_service") == 1 {
			withRemark[text(c, "peer_key")+text(c, "host_name")+"|"+text(c, "service_description")] = true
		}
	}
	remarked := func(s map[string]any) bool {
		return withRemark[text(s, "peer_key")+text(s, "host_name")+"|"+text(s, "description")]
	}
	commented := map[string]bool{}
	for _, c := range slices.Concat(truth["comments"], truth["downtimes"]) {
		if num(c, "is_service") == 1 && strings.Contains(strings.ToLower(text(c, "author")), "a") {
			commented[text(c, "peer_key")+text(c, "host_name")+"|"+text(c, "service_description")] = true
		}
	}
	for _, tt := range []struct {
		query string
		holds func(s, h map[string]any) bool
	}{
		{"state:crit", func(s, _ map[string]any) bool { return num(s, "state") == 2 }},
		{"state:ok", func(s, _ map[string]any) bool { return num(s, "state") == 0 && num(s, "has_been_checked") == 1 }},
		{"state:pending or is:flapping", func(s, _ map[string]any) bool { return num(s, "has_been_checked") == 0 || num(s, "is_flapping") == 1 }},
		{"-state:ok,pending", func(s, _ map[string]any) bool { return num(s, "state") > 0 }},
		{"hoststate:down", func(_, h map[string]any) bool { return num(h, "state") == 1 }},
		{"is:acknowledged", func(s, _ map[string]any) bool { return num(s, "acknowledged") == 1 }},
		{"is:unhandled", func(s, h map[string]any) bool {
			return num(s, "state") > 0 && num(s, "acknowledged") == 0 && num(s, "scheduled_downtime_depth") == 0 && num(h, "scheduled_downtime_depth") == 0 && num(h, "state") == 0
		}},
		{"site:wien", func(s, _ map[string]any) bool { return text(s, "peer_key") == "s0" }},
		{"site=s1", func(s, _ map[string]any) bool { return text(s, "peer_key") == "s1" }},
		{"section:at", func(map[string]any, map[string]any) bool { return true }},
		{"section:a", func(map[string]any, map[string]any) bool { return false }},
		{"age<1d", func(s, _ map[string]any) bool { return num(s, "last_state_change") > clock.Unix()-86400 }},
		{"age>1d", func(s, _ map[string]any) bool { return num(s, "last_state_change") < clock.Unix()-86400 }},
		{"output:ok", func(s, _ map[string]any) bool {
			return strings.Contains(strings.ToLower(text(s, "plugin_output")), "ok") || strings.Contains(strings.ToLower(text(s, "long_plugin_output")), "ok")
		}},
		{"attempt>1", func(s, _ map[string]any) bool { return num(s, "current_attempt") > 1 }},
		{"took>=0.05", func(s, _ map[string]any) bool { return s["execution_time"].(float64) >= 0.05 }},
		{"author:a", func(s, _ map[string]any) bool {
			return commented[text(s, "peer_key")+text(s, "host_name")+"|"+text(s, "description")]
		}},
		{`_OWNER:""`, func(s, h map[string]any) bool { return variable(s, "OWNER") == "" && variable(h, "OWNER") == "" }},
		{"_OWNER:*", func(s, h map[string]any) bool { return variable(s, "OWNER") != "" || variable(h, "OWNER") != "" }},
		{`output:""`, func(s, _ map[string]any) bool {
			return text(s, "plugin_output") == "" && text(s, "long_plugin_output") == ""
		}},
		{"event_handler:*", func(s, _ map[string]any) bool { return text(s, "event_handler") != "" }},
		{"comment:*", func(s, _ map[string]any) bool { return remarked(s) }},
		{`comment:""`, func(s, _ map[string]any) bool { return !remarked(s) }},
		{`author=""`, func(s, _ map[string]any) bool { return !remarked(s) }},
		{"-author:a", func(s, _ map[string]any) bool {
			return !commented[text(s, "peer_key")+text(s, "host_name")+"|"+text(s, "description")]
		}},
	} {
		want := 0
		for _, s := range truth["services"] {
			if tt.holds(s, hosts[text(s, "peer_key")+text(s, "host_name")]) {
				want++
			}
		}
		if got := total(t, q, tt.query, "services"); got != want {
			t.Errorf("%s finds %d services, want %d", tt.query, got, want)
		}
	}
	var bad *search.Error
	if _, err := search.Bind(context.Background(), q, parsed(t, `web host~"a(b"`), clock, "hosts"); !errors.As(err, &bad) || bad.Problem != search.NoExpr || bad.Word != "a(b" || bad.From != 4 {
		t.Errorf("a wrong expression: %v", err)
	}
	if n := total(t, q, `host~"^(?!db)"`, "hosts"); n == 0 {
		t.Error("the engine's dialect is not that of the query bar")
	}
}

func parsed(t *testing.T, text string) search.Expr {
	t.Helper()
	e, err := search.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// A typing is a text in the query bar, the cursor at its stroke.
type typing struct {
	text, with string
	tables     []string
}

// typings are what TestComplete types.
func typings(group string) []typing {
	return []typing{
		{"state:|", "", []string{"services"}},
		{"state:|", "", []string{"hosts", "services"}},
		{"state:crit,|", "", []string{"services"}},
		{"is:|", "state:problem", []string{"services"}},
		{"is:ac|", "", []string{"hosts"}},
		{"host:|", "", []string{"services"}},
		{"host:a| state:problem", "", []string{"hosts", "services"}},
		{"host=|", "", []string{"hosts"}},
		{"service:|", "hostgroup=" + group, []string{"services"}},
		{"-(hostgroup:|", "", []string{"services"}},
		{"hg:|", "", []string{"hosts"}},
		{"sg:|", "", []string{"services"}},
		{"contact:|", "", []string{"services"}},
		{"contactgroup:|", "", []string{"hosts"}},
		{"site:|", "", []string{"services"}},
		{"section:|", "", []string{"services"}},
		{"check:|", "", []string{"services"}},
		{"address:1|", "", []string{"hosts"}},
		{"check_period:|", "", []string{"hosts"}},
		{"age>|", "", []string{"services"}},
		{"last_check>|", "", []string{"services"}},
		{"is_executing:|", "", []string{"services"}},
		{"author:|", "", []string{"comments"}},
		{"crit|", "", []string{"services"}},
		{"lin|", "", []string{"services"}},
	}
}

// TestComplete: each value that is offered makes a query that finds as many
// rows as its number says, for whoever asks.
func TestComplete(t *testing.T) {
	e, _, truth := newWorld(t, 60)
	contact := ""
	for _, h := range truth["hosts"] {
		if c := h["contacts"].([]string); contact == "" && len(c) > 0 {
			contact = c[0]
		}
	}
	some := access.Viewer{Contacts: map[string]string{"*": contact}}
	group := truth["hosts"][0]["groups"].([]string)[0]
	for name, viewer := range map[string]access.Viewer{"all": all, "contact": some, "nobody": {}} {
		q := e.For(viewer)
		offered := 0
		for _, tt := range typings(group) {
			before, after, _ := strings.Cut(tt.text, "|")
			text := before + after
			c, err := search.Complete(context.Background(), q, search.Typing{Text: text, At: len(before), With: tt.with, Tables: tt.tables}, clock)
			if err != nil {
				t.Fatalf("%s: %s: %v", name, tt.text, err)
			}
			values := 0
			for _, i := range c.Items {
				if i.Kind != search.ValueItem {
					continue
				}
				values++
				whole := text[:c.From] + i.Insert + text[c.To:]
				whole = strings.NewReplacer("-(", "").Replace(whole)
				whole = strings.Replace(whole, "crit,", "", 1) // of this value alone
				if n := total(t, q, strings.TrimSpace(tt.with+" "+whole), tt.tables...); n != i.N {
					t.Errorf("%s: %s offers %q with %d rows, there are %d (%s)", name, tt.text, i.Insert, i.N, n, whole)
				}
				if name == "nobody" && i.N > 0 {
					t.Errorf("who sees nothing is told of %q", i.Insert)
				}
			}
			if values == 0 && name == "all" && tt.text != "address:1|" && !strings.Contains(tt.text, "lin") {
				t.Errorf("%s offers no value: %+v", tt.text, c)
			}
			offered += values
			if len(c.Items) > 12 {
				t.Errorf("%s offers %d items", tt.text, len(c.Items))
			}
		}
		if name != "nobody" && offered < 50 {
			t.Errorf("%s was offered %d values", name, offered)
		}
	}
}

// TestCompleteHides: a name that is only on hosts somebody may not see is not
// offered to them.
func TestCompleteHides(t *testing.T) {
	e, _, truth := newWorld(t, 60)
	some := access.Viewer{Contacts: map[string]string{"*": "nobody-of-that-name"}}
	for _, h := range truth["hosts"][:5] {
		name := h["name"].(string)
		for _, text := range []string{name, "host:" + name, "host=" + name[:3], "hostgroup:", "_"} {
			c, err := search.Complete(context.Background(), e.For(some), search.Typing{Text: text, At: len(text), Tables: []string{"hosts", "services"}}, clock)
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range c.Items {
				if i.Kind == search.ValueItem && i.N > 0 || strings.HasPrefix(i.Label, "_") {
					t.Errorf("%s offers %q to who sees nothing", text, i.Label)
				}
			}
		}
	}
}

// TestCompleteText: what is offered where, and what it replaces.
func TestCompleteText(t *testing.T) {
	e, _, _ := newWorld(t, 5)
	for _, tt := range []struct {
		text   string // the cursor is at the bar
		first  string // first item's text
		result string // the text with it
	}{
		{"|", "host:", "host:"},
		{"sta|", "state:", "state:"},
		{"web sta| x", "state:", "web state: x"},
		{"-sta|", "state:", "-state:"},
		{"(sta|)", "state:", "(state:)"},
		{"state|", "state:", "state:"},
		{"age|", "age>", "age>"},
		{"hg|", "hostgroup:", "hostgroup:"},
		{"num_serv|", "num_services:", "num_services:"},
		{"state:cr|", "crit", "state:crit"},
		{"state:ok,cr|", "crit", "state:ok,crit"},
		{"state:ok,cr|,warn", "crit", "state:ok,crit,warn"},
		{"state!=cr|", "crit", "state!=crit"},
		{"site:wi|", "s0", "site:s0"},
		{"age>5|", "5m", "age>5m"},
		{"a o|", "or", "a or "},
		{`service:"|`, "", ""},
		{"host~|", "", ""},
		{"output:x|", "", ""},
	} {
		before, after, _ := strings.Cut(tt.text, "|")
		text := before + after
		c, err := search.Complete(context.Background(), e.For(all), search.Typing{Text: text, At: len(before), Tables: []string{"hosts", "services"}, Limit: 50}, clock)
		if err != nil {
			t.Fatalf("%s: %v", tt.text, err)
		}
		if tt.first == "" {
			continue
		}
		at := 0
		if tt.text == "a o|" { // behind fields
			at = slices.IndexFunc(c.Items, func(i search.Item) bool { return i.Label == "or" })
		}
		if at < 0 || len(c.Items) == 0 || c.Items[at].Label != tt.first {
			t.Errorf("%s offers %+v, want %q first", tt.text, c.Items, tt.first)
		} else if got := text[:c.From] + c.Items[at].Insert + text[c.To:]; got != tt.result {
			t.Errorf("%s becomes %q, want %q", tt.text, got, tt.result)
		}
	}
}

func FuzzComplete(f *testing.F) {
	e, _, _ := newWorld(f, 2)
	for _, s := range []string{"state:crit", `host:"a`, "a (b -c", "_X:y", "äö:", `x:'`, "a,b,"} {
		f.Add(s, 3)
	}
	f.Fuzz(func(t *testing.T, text string, at int) {
		ctx, end := context.WithTimeout(context.Background(), 20*time.Second)
		defer end()
		c, err := search.Complete(ctx, e.For(all), search.Typing{Text: text, At: at, With: text, Tables: []string{"services"}}, clock)
		if err != nil {
			t.Fatal(err)
		}
		if len(c.Items) > 0 && (c.From < 0 || c.From > c.To || c.To > len(text)) {
			t.Fatalf("place %d to %d in %q", c.From, c.To, text)
		}
	})
}
