package object

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"belvedere/internal/lql"
	"belvedere/internal/web/status"
)

func TestParsePerf(t *testing.T) {
	for in, want := range map[string][]Metric{
		"":                            nil,
		"load1=2.11;15;30;0;":         {{Label: "load1", Value: "2.11", Warn: "15", Crit: "30", Min: "0"}},
		"rta=0.5ms;100;500;0;1000":    {{"rta", "0.5", "ms", "100", "500", "0", "1000"}},
		"'/var log'=5MB;@1:2;~:3 a=1": {{Label: "/var log", Value: "5", Unit: "MB", Warn: "@1:2", Crit: "~:3"}, {Label: "a", Value: "1"}},
		"'it''s'=1":                   {{Label: "it's", Value: "1"}},
		"a=-1.5e-3s":                  {{Label: "a", Value: "-1.5e-3", Unit: "s"}},
		"a=12e b=3E":                  {{Label: "a", Value: "12", Unit: "e"}, {Label: "b", Value: "3", Unit: "E"}},
		"a=U":                         {{Label: "a", Value: "unknown"}},
		"no numbers here":             nil,
		"a= b=2":                      {{Label: "b", Value: "2"}},
		"'open=1 b=2":                 {{Label: "b", Value: "2"}},
		"=1 b=2":                      {{Label: "b", Value: "2"}},
		"a=1%;80;90 \n\t b=2c":        {{Label: "a", Value: "1", Unit: "%", Warn: "80", Crit: "90"}, {Label: "b", Value: "2", Unit: "c"}},
	} {
		if got := ParsePerf(in); !reflect.DeepEqual(got, want) {
			t.Errorf("ParsePerf(%q)\n is   %+v\n want %+v", in, got, want)
		}
	}
	if got := ParsePerf(strings.Repeat("a=1 ", 5000)); len(got) != maxMetrics {
		t.Errorf("%d values, want the bound %d", len(got), maxMetrics)
	}
}

func FuzzParsePerf(f *testing.F) {
	f.Add("'a b'=1MB;2;3;4;5 c=2")
	f.Add("''''=1")
	f.Fuzz(func(t *testing.T, s string) {
		for _, m := range ParsePerf(s) {
			if m.Label == "" || m.Value == "" {
				t.Errorf("%q gives %+v", s, m)
			}
		}
	})
}

func TestMinutes(t *testing.T) {
	for in, want := range map[float64]string{0: "", -1: "", 1: "1 m", 5: "5 m", 0.5: "30 s", 1.5: "1 m 30 s", 60: "1 h", 90: "1 h 30 m", 1440: "24 h", 10: "10 m"} {
		if got := minutes(in); got != want {
			t.Errorf("minutes(%v) = %q, want %q", in, got, want)
		}
	}
}

func text(name, value string) lql.Vector {
	return lql.Vector{Name: name, Kind: lql.Texts, Texts: []string{value}}
}

func TestSecrets(t *testing.T) {
	res := &lql.Result{Rows: 1, Vectors: []lql.Vector{
		text("name", "db"), text("check_command", "check_pg!-p!hunter2"), text("event_handler", "restart!hunter2"),
		text("check_command_expanded", "/usr/lib/check_pg -p hunter2"),
		{Name: "custom_variables", Kind: lql.Objects, Dict: true, Objects: []any{[][2]string{
			{"DB_PASSWORD", "hunter2"}, {"SNMP_COMMUNITY", "hunter2"}, {"SSH_KEY", "hunter2"}, {"HTTP_VHOSTS", `{"shop":{"http_auth_pair":"hunter2"}}`}, {"SSH", ` {"identity_key":"hunter2"}`}, {"RACK", "R1"}, {"MONKEYS", "3"}}}},
		{Name: "custom_variable_values", Kind: lql.Objects, Objects: []any{[]string{"hunter2"}}},
	}}
	for _, secrets := range []bool{false, true} {
		if slices.Contains(Columns("hosts", secrets), "original_attributes") != secrets {
			t.Errorf("secrets %v: the values from before a change are asked for wrongly", secrets)
		}
		if slices.Contains(Columns("hosts", secrets), "check_command_expanded") != secrets {
			t.Errorf("secrets %v: the command line is asked for wrongly", secrets)
		}
		o, ok := New(t.Context(), "hosts", res, secrets, time.Now())
		if !ok {
			t.Fatal("no object")
		}
		var all strings.Builder
		for _, v := range o.Everything {
			if v.Name != "check_command_expanded" {
				all.WriteString(v.Name + "=" + v.Value + "\n")
			}
		}
		if strings.Contains(all.String(), "DB_PASSWORD=hunter2") {
			t.Errorf("secrets %v: the table of everything shows one:\n%s", secrets, all.String())
		}
		for _, v := range o.Vars {
			all.WriteString(v.Name + "=" + v.Value + "\n")
			if v.Secret != (v.Name != "RACK" && v.Name != "MONKEYS") {
				t.Errorf("%s is a secret: %v", v.Name, v.Secret)
			}
		}
		all.WriteString(o.command("check_command") + o.handler(t.Context()))
		if got := strings.Contains(all.String(), "hunter2"); got != secrets {
			t.Errorf("secrets %v, but hunter2 in what is shown: %v\n%s", secrets, got, all.String())
		}
		if !strings.Contains(all.String(), "RACK=R1") || !strings.Contains(all.String(), "MONKEYS=3") {
			t.Errorf("harmless variables are missing:\n%s", all.String())
		}
	}
}

func TestLinks(t *testing.T) {
	res := &lql.Result{Rows: 1, Vectors: []lql.Vector{
		text("name", "db"), text("notes_url", "http://wiki/$HOSTNAME$"), text("notes_url_expanded", "http://wiki/db"), text("action_url_expanded", "javascript:alert(1)"),
	}}
	o, _ := New(t.Context(), "hosts", res, false, time.Now())
	if want := []Link{{URL: "http://wiki/db"}}; !slices.Equal(o.Links, want) {
		t.Errorf("links %+v, want %+v", o.Links, want)
	}
}

func TestNoObject(t *testing.T) {
	if _, ok := New(t.Context(), "hosts", &lql.Result{}, true, time.Now()); ok {
		t.Error("an empty result has an object")
	}
}

// TestCommentKind: what is said behind the time of a comment is one phrase.
func TestCommentKind(t *testing.T) {
	end := time.Date(2026, 11, 26, 16, 26, 33, 0, time.UTC)
	got := commentKind(t.Context(), status.Comment{Type: 4, Expires: end})
	if !strings.HasPrefix(got, ", acknowledgement, until ") || commentKind(t.Context(), status.Comment{Type: 1}) != "" {
		t.Errorf("%q", got)
	}
}
