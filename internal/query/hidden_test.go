package query_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/lql"
	"belvedere/internal/query"
	"belvedere/internal/schema"
	"belvedere/internal/store"
	"belvedere/internal/testkit"
)

// hiddenWorld has a host "shut" that bob is no contact of, with a service
// "mine" that he is, and one "theirs" that he is not.
func hiddenWorld(t *testing.T, passed func(context.Context, string, *lql.Query) (*lql.Result, error)) *query.Engine {
	t.Helper()
	fleet := store.NewFleet(store.Options{})
	site := fleet.Add(store.SiteInfo{Key: "s0", Name: "Wien", Address: "tcp://10.9.8.7:6557"})
	none := []string{}
	feedSite(t, site, testkit.World{
		"status": {{"program_start": int64(1), "custom_variables": []schema.Pair{{Name: "KEY", Value: "SECRET"}},
			"custom_variable_names": []string{"KEY"}, "custom_variable_values": []string{"SECRET"}}},
		"hosts": {
			{"name": "open", "contacts": []string{"bob"}, "contact_groups": none, "check_command": "check_pg!-p!SECRET", "event_handler": "restart!SECRET",
				"custom_variables": []schema.Pair{{Name: "DB_PASSWORD", Value: "SECRET"}, {Name: "RACK", Value: "r1"}}, "custom_variable_values": []string{"SECRET", "r1"}},
			{"name": "shut", "contacts": []string{"eve"}, "contact_groups": none},
		},
		"services": {
			{"host_name": "open", "description": "own", "contacts": []string{"bob"}, "contact_groups": none,
				"depends_exec_with_info": [][]any{{"shut", "mine", "SEEN", "", int64(0)}, {"open", "eves", "SECRET", "", int64(0)}}},
			{"host_name": "open", "description": "eves", "contacts": []string{"eve"}, "contact_groups": none},
			{"host_name": "shut", "description": "mine", "contacts": []string{"bob"}, "contact_groups": none},
			{"host_name": "shut", "description": "theirs", "contacts": []string{"eve"}, "contact_groups": none},
		},
		"comments": {
			{"id": int64(1), "host_name": "shut", "service_description": "", "author": "eve", "comment": "SECRET", "type": int64(1), "entry_type": int64(1)},
			{"id": int64(2), "host_name": "shut", "service_description": "mine", "author": "eve", "comment": "SEEN", "type": int64(2), "is_service": int64(1)},
			{"id": int64(3), "host_name": "open", "service_description": "not read yet", "author": "eve", "comment": "SECRET", "type": int64(2), "is_service": int64(1)},
		},
		"downtimes": {
			{"id": int64(4), "host_name": "shut", "service_description": "", "author": "eve", "comment": "SECRET", "type": int64(2)},
		},
		"contacts": {
			{"name": "bob", "email": "bob@SEEN"}, {"name": "eve", "email": "eve@SECRET"},
		},
		"commands": {{"name": "notify", "line": "mail -p SECRET"}},
	})
	site.SetHealth(store.Health{State: store.Late, Cause: "10.9.8.7 answers that nothing listens on port 6557. SECRET", ActiveAddress: "tcp://10.9.8.7:6557"})
	return query.New(query.Options{Fleet: fleet, Now: func() time.Time { return clock }, Passed: passed})
}

// ask runs a request as bob, by the strict rule of services, and returns all
// of the answer as one text.
func ask(t *testing.T, e *query.Engine, request string) string {
	t.Helper()
	q, err := lql.Parse(request)
	if err != nil {
		t.Fatal(err)
	}
	res, err := e.For(access.Viewer{Contacts: map[string]string{"*": "bob"}}).Query(t.Context(), q)
	if err != nil {
		t.Fatalf("%s: %v", request, err)
	}
	return strings.Join(flatResult(res), "\n") + fmt.Sprint(res.Parts)
}

// TestHiddenStays asks for what lies behind what bob may see: no column, list,
// filter or statistic tells of it.
func TestHiddenStays(t *testing.T) {
	e := hiddenWorld(t, nil)
	for _, request := range []string{
		"GET hosts", "GET services", "GET comments", "GET downtimes", "GET contacts", "GET commands", "GET status", "GET sites", "GET backends",
		"GET services\nColumns: host_comments_with_info host_comments_with_extra_info host_downtimes_with_info host_downtimes_with_extra_info",
	} {
		if got := ask(t, e, request+"\n"); strings.Contains(got, "SECRET") || strings.Contains(got, "10.9.8.7") {
			t.Errorf("%q tells a secret:\n%s", request, got)
		}
	}
	for _, request := range []string{
		"GET services\nColumns: description\nFilter: host_comments >= 1\n",
		"GET services\nColumns: description\nFilter: host_downtimes != \n",
		"GET services\nColumns: description\nFilter: host_owner = eve\n",
		"GET status\nColumns: peer_key\nFilter: custom_variables ~ KEY SECR\n",
		"GET hosts\nColumns: name\nFilter: check_command ~ SECR\n",
		"GET services\nColumns: description\nFilter: host_event_handler ~ SECR\n",
		"GET sites\nColumns: key\nFilter: cause ~ 10.9\n",
		"GET sites\nColumns: key\nFilter: addr ~ 10.9\n",
	} {
		if got := ask(t, e, request); strings.Contains(got, "¦") {
			t.Errorf("%q is an oracle:\n%s", request, got)
		}
	}
	if got := ask(t, e, "GET hosts\nColumns: check_command\nFilter: check_command = check_pg\nSort: check_command asc\n"); !strings.HasPrefix(got, "check_pg ") {
		t.Errorf("the name of a command is for everybody: %s", got)
	}
	if got := ask(t, e, "GET services\nColumns: comments_with_info depends_exec_with_info\n"); strings.Count(got, "SEEN") != 2 {
		t.Errorf("what is bob's own is missing:\n%s", got)
	}
}

// TestCommandLines: who sees every object sees what commands run only with the
// right to it.
func TestCommandLines(t *testing.T) {
	e := hiddenWorld(t, nil)
	for _, lines := range []bool{false, true} {
		for _, request := range []string{"GET commands\nColumns: name line\n", "GET commands\nColumns: name\nFilter: line ~ SECRET\nFilter: line = \nOr: 2\nFilter: line ~ SECRET\n"} {
			q, err := lql.Parse(request)
			if err != nil {
				t.Fatal(err)
			}
			res, err := e.For(access.Viewer{All: true, CommandLines: lines}).Query(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join(flatResult(res), "\n")
			if strings.Contains(got, "SECRET") != (lines && len(q.Columns) == 2) || lines != (res.Rows == 1) && len(q.Columns) == 1 {
				t.Errorf("lines %v: %q says %q", lines, request, got)
			}
		}
	}
}

// TestSecretVariables: values of custom variables that may hold secrets are
// neither shown nor found without the right to command lines; others are.
func TestSecretVariables(t *testing.T) {
	e := hiddenWorld(t, nil)
	for _, lines := range []bool{false, true} {
		for request, want := range map[string][2]string{ // without and with the right
			"GET hosts\nColumns: custom_variables\nFilter: name = open\n":                              {"", "SECRET"},
			"GET hosts\nColumns: custom_variable_values\nFilter: name = open\n":                        {"r1", "SECRET"},
			"GET services\nColumns: host_custom_variables\nFilter: description = own\n":                {"r1", "SECRET"},
			"GET hosts\nColumns: name\nFilter: custom_variables ~ DB_PASSWORD ^SEC\n":                  {"", "open"},
			"GET hosts\nColumns: name\nFilter: custom_variable_values >= SECRET\n":                     {"", "open"},
			"GET services\nColumns: description\nFilter: host_custom_variables = DB_PASSWORD SECRET\n": {"", "own"},
			"GET hosts\nColumns: name\nFilter: custom_variables = RACK r1\n":                           {"open", "open"},
		} {
			q, err := lql.Parse(request)
			if err != nil {
				t.Fatal(err)
			}
			res, err := e.For(access.Viewer{All: true, CommandLines: lines}).Query(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			got, expect := strings.Join(flatResult(res), "\n"), want[0]
			if lines {
				expect = want[1]
			}
			if !strings.Contains(got, expect) || !lines && strings.Contains(got, "SECRET") || expect == "" && res.Rows > 0 && len(want[1]) < 6 {
				t.Errorf("lines %v: %q says %q", lines, request, got)
			}
		}
	}
}

// TestHiddenBehindLog: lines about one's own objects do not open the contacts
// and commands they name.
func TestHiddenBehindLog(t *testing.T) {
	e := hiddenWorld(t, func(_ context.Context, _ string, q *lql.Query) (*lql.Result, error) {
		r := &lql.Result{Rows: 1}
		for _, name := range q.Columns {
			c, _ := mustTable(t, "log").Column(name)
			v := lql.Vector{Name: name, Kind: lql.Ints, Ints: []int64{3}}
			if c.Kind == schema.Text {
				v = lql.Vector{Name: name, Kind: lql.Texts, Texts: []string{map[string]string{
					"host_name": "open", "contact_name": "eve", "command_name": "notify"}[name]}}
			}
			r.Vectors = append(r.Vectors, v)
		}
		return r, nil
	})
	got := ask(t, e, "GET log\nColumns: host_name contact_name current_contact_email current_command_line\n")
	if !strings.Contains(got, "open") || strings.Contains(got, "SECRET@") || strings.Contains(got, "-p SECRET") || strings.Contains(got, "eve@") {
		t.Errorf("log as bob:\n%s", got)
	}
}

func mustTable(t *testing.T, name string) *schema.Table {
	t.Helper()
	table, ok := schema.Lookup(name)
	if !ok {
		t.Fatalf("no table %s", name)
	}
	return table
}

// TestBounds: requests that would take memory or time without end are refused.
func TestBounds(t *testing.T) {
	_, fleet, _ := newWorld(t, 40)
	for name, request := range map[string]string{
		"groups of many statistics": "GET services\nColumns: host_name description\n" + strings.Repeat("Stats: sum latency\n", 9000) + "Stats: state = 1\n",
		"sort keys":                 "GET services\nColumns: description\n" + strings.Repeat("Sort: description asc\n", 5000),
		"large expression":          "GET services\nColumns: description\nFilter: plugin_output ~ " + strings.Repeat(".{0,1000}", 900) + "z\n",
		"many expressions": "GET services\nColumns: description\n" + func() string {
			var b strings.Builder
			for i := range 1000 {
				fmt.Fprintf(&b, "Filter: plugin_output !~ .{0,900}%d\n", i)
			}
			return b.String()
		}(),
	} {
		q, err := lql.Parse(request)
		if err != nil {
			t.Fatal(err)
		}
		_, err = query.New(query.Options{Fleet: fleet, MaxCells: 100_000}).For(all).Query(t.Context(), q)
		var refused *lql.QueryError
		if !errors.As(err, &refused) || refused.Code >= 500 {
			t.Errorf("%s: %v", name, err)
		}
	}
}
