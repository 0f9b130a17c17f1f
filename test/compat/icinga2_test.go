package compat

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"belvedere/internal/lql"
	"belvedere/internal/query"
	"belvedere/internal/schema"
	"belvedere/internal/site"
	"belvedere/internal/store"
	"belvedere/test/realcore"
)

// likeTheFleet has objects of the names that the cases ask for.
const likeTheFleet = `
object HostGroup "linux" { display_name = "Linux" }
object HostGroup "db" { display_name = "Databases" }
object ServiceGroup "pings" { display_name = "Pings" }
object User "anna" { display_name = "Anna A."; email = "anna@example.org" }
object User "bob" { display_name = "Bob"; email = "bob@example.org" }
object Host "db01" { import "base"; address = "10.0.0.11"; groups = [ "linux", "db" ]; vars.RACK = "R1"; vars.TAGS = "prod linux"; vars.dummy_text = "OK - all well | rta=0.5ms;100;500;0 pl=0%" }
object Host "web01" { import "base"; address = "10.0.0.12"; groups = [ "linux", "web" ]; vars.RACK = "R2"; vars.dummy_state = 2; vars.dummy_text = "CRITICAL - no answer" }
object Host "gw" { import "base"; address = "10.0.0.1" }
object Service "Backup" { import "base"; host_name = "db01"; vars.dummy_state = 2; vars.dummy_text = "CRITICAL - tape" }
object Service "Größe" { import "base"; host_name = "db01"; vars.dummy_state = 1; vars.dummy_text = "WARNING - 3;4 \"quoted\"" }
object Service "Ping" { import "base"; host_name = "db01"; groups = [ "pings" ]; vars.dummy_text = "OK - rta 0.5 ms | rta=0.5ms" }
object Service "HTTP" { import "base"; host_name = "web01"; vars.dummy_state = 2; vars.dummy_text = "CRITICAL - <b>bold</b>" }
object Service "Ping" { import "base"; host_name = "web01"; groups = [ "pings" ]; vars.dummy_state = 3; vars.dummy_text = "UNKNOWN" }
object Notification "n1" { import "quiet"; host_name = "db01"; users = [ "anna", "bob" ] }
object Notification "n2" { import "quiet"; host_name = "web01"; users = [ "anna" ] }
`

// TestIcinga2 asks a real Icinga 2, and us over it, everything in the cases that
// an Icinga 2 can answer: the rows are the same.
func TestIcinga2(t *testing.T) {
	core := realcore.ForTest(t, realcore.Options{Hosts: 4, ServicesPerHost: 3, CheckInterval: 24 * time.Hour, NoXinetd: true, Extra: likeTheFleet})
	fleet := store.NewFleet(store.Options{})
	m := site.NewManager(site.Options{Fleet: fleet})
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		m.Stop(ctx)
	})
	m.Apply([]site.Spec{{Key: "a1", Name: "Berlin", Addresses: []string{"unix://" + core.Unix}}})
	ours := serve(t, listeners(query.New(query.Options{Fleet: fleet, Passed: m.Passed}))[""])
	until := func(what string, ok func() bool) bool {
		for end := time.Now().Add(time.Minute); !ok(); time.Sleep(50 * time.Millisecond) {
			if time.Now().After(end) {
				t.Errorf("not within a minute: %s", what)
				return false
			}
		}
		return true
	}
	for _, host := range append([]string{"db01", "web01", "gw"}, realcore.HostName(1), realcore.HostName(2), realcore.HostName(3), realcore.HostName(4)) {
		for _, what := range []string{"HOST_CHECK", "HOST_SVC_CHECKS"} { // else the first checks are spread over a minute
			now := time.Now().Unix()
			if err := core.Command(fmt.Sprintf("[%d] SCHEDULE_FORCED_%s;%s;%d", now, what, host, now)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i := range 4 {
		if err := core.Result(realcore.HostName(i+1), realcore.ServiceName(1), i%2, "by hand"); err != nil { // it is not checked by itself
			t.Fatal(err)
		}
	}
	const checked = "GET services\nStats: has_been_checked = 1\nStats: has_been_checked = 0\nOutputFormat: json\n\n"
	until("every service was checked, and we know", func() bool {
		theirs := talk(t, core.Unix, checked, false)
		return strings.HasSuffix(strings.TrimSpace(theirs), ",0]]") && normal(theirs) == normal(talk(t, ours, checked, false))
	})
	same, differ := 0, 0
	for _, c := range readCases(t) {
		q := askable(c)
		if q == nil {
			continue
		}
		request := string(q.AppendText(nil))
		if theirs := talk(t, core.Unix, request, false); !strings.HasPrefix(theirs, "200 ") {
			continue // what it cannot answer
		}
		if _, ok := icinga2Differs[c.name]; ok {
			differ++
			continue
		}
		var a, b string
		for range 40 { // a check may just have come
			a, b = rowsOf(t, q, talk(t, core.Unix, request, false)), rowsOf(t, q, talk(t, ours, request, false))
			if a == b {
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
		if a != b {
			t.Errorf("%s: %s\n%s\nIcinga 2 says %s\n      we say %s", c.where, c.name, request, a, b)
			continue
		}
		same++
	}
	t.Logf("%d requests were answered with the same rows", same)
	if same < 150 || differ != len(icinga2Differs) {
		t.Errorf("%d requests are the same, want 150; %d are known to differ, and %d are listed as such", same, differ, len(icinga2Differs))
	}
}

func normal(s string) string { return strings.Join(strings.Fields(s), "") }

// askable returns the query of a case as both can be asked it, nil if it is
// none that an Icinga 2 can answer.
func askable(c compatCase) *lql.Query {
	text, rest, _ := strings.Cut(c.in, "\n\n")
	req, err := lql.ParseRequest(text + "\n")
	if err != nil || req.Query == nil || strings.TrimSpace(rest) != "" || c.on != "" {
		return nil
	}
	q := req.Query.Clone()
	table, ok := schema.Lookup(q.Table)
	switch {
	case !ok, table.Source == schema.Virtual, table.Source == schema.Passed, // its log is read by time alone
		len(q.Columns) == 0 && len(q.Stats) == 0,                                                                          // all columns: ours are more
		len(q.Sort) > 0, q.Offset > 0, q.Limit >= 0, q.AuthUser != "", q.Localtime != 0, q.Wait != nil, q.Backends != nil, // ignored there
		slices.ContainsFunc(q.Stats, func(s lql.Stat) bool { return s.Agg == lql.Std }):
		return nil
	}
	if len(q.GroupBy) > 0 {
		q.Columns, q.GroupBy = append(q.Columns, q.GroupBy...), nil
	}
	q.Format, q.FormatSet, q.Fixed16, q.KeepAlive, q.ColumnHeaders, q.Separators, q.Timelimit = lql.JSON, true, true, false, lql.Unset, lql.Separators{}, 0
	return q
}

// rowsOf returns an answer as a set of rows in normal form, as text.
func rowsOf(t *testing.T, q *lql.Query, answer string) string {
	t.Helper()
	if !strings.HasPrefix(answer, "200 ") || len(answer) < 16 {
		return answer
	}
	var rows [][]any
	if err := json.Unmarshal([]byte(answer[16:]), &rows); err != nil {
		return fmt.Sprintf("%v: %s", err, answer)
	}
	table, _ := schema.Lookup(q.Table)
	var out []string
	for _, r := range rows {
		if len(r) != len(q.Columns)+len(q.Stats) {
			continue // Icinga 2 makes up a group where there is none
		}
		var cells []string
		for i, v := range r {
			kind := schema.Float
			if i < len(q.Columns) {
				if ref, err := table.Resolve(q.Columns[i]); err == nil {
					kind = ref.Column.Kind
				}
			}
			cells = append(cells, cellOf(kind, v))
		}
		out = append(out, strings.Join(cells, " ; "))
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// cellOf prints a value in normal form.
func cellOf(kind schema.Kind, v any) string {
	switch kind {
	case schema.Bool, schema.Int, schema.Time, schema.Float:
		switch n := v.(type) {
		case bool:
			return map[bool]string{true: "1", false: "0"}[n]
		case float64:
			return fmt.Sprint(math.Round(n*1e4) / 1e4)
		case nil:
			return "0"
		}
	case schema.Text:
		if v == nil {
			return ""
		}
		return fmt.Sprint(v)
	}
	var list []string
	switch l := v.(type) {
	case []any:
		for _, e := range l {
			if pair, ok := e.([]any); ok && kind == schema.Dict && len(pair) == 2 {
				e = []any{strings.ToUpper(fmt.Sprint(pair[0])), pair[1]}
			}
			list = append(list, fmt.Sprint(e))
		}
	case map[string]any:
		for k, e := range l { // names of custom variables are upper case in normal form
			list = append(list, fmt.Sprint([]any{strings.ToUpper(k), e}))
		}
	case nil, float64:
	default:
		return fmt.Sprint(v)
	}
	slices.Sort(list)
	return strings.Join(list, ",")
}

// icinga2Differs are cases in which an Icinga 2 answers something else, with the
// reason.
var icinga2Differs = map[string]string{
	"Negate of an Or of nothing":                "the Or holds for every row there",
	"Or of nothing is false":                    "it holds for every row there",
	"StatsNegate":                               "it has no effect there",
	"StatsNegate of an Or":                      "it has no effect there",
	"StatsNegate twice":                         "it has no effect there, but twice it has",
	"StatsOr of nothing counts none":            "it counts every row there",
	"broken regular expression":                 "there it matches nothing",
	"custom variable":                           "custom_variables is a list of pairs there, on which filters on values do not work",
	"custom variable of another value":          "custom_variables is a list of pairs there, on which filters on values do not work",
	"custom variable that is not set":           "custom_variables is a list of pairs there, on which filters on values do not work",
	"custom variable with blanks":               "custom_variables is a list of pairs there, on which filters on values do not work",
	"custom variables of the host of a service": "custom_variables is a list of pairs there, on which filters on values do not work",
	"dots are any letter, also of two bytes":    "a dot is one byte there",
	"fractions":                                 "coordinates are missing there",
	"fractions have no bits":                    "there are no bit operators there: the text of the number is searched",
	"hosts by group":                            "filters on columns of the group see none there",
	"measured values of nothing":                "texts cannot be added up there",
	"negative fractions":                        "coordinates are missing there",
	"no bit but these":                          "there are no bit operators there, and no modified attributes",
	"services by host group":                    "filters on columns of the group see none there",
	"staleness":                                 "whole numbers there",
	"the fraction of a number is cut off":       "numbers are compared as fractions there",
	"types of values in json":                   "names of custom variables keep their case there, coordinates are missing",
	"what is no fraction is 0":                  "coordinates are missing there",
	"worst states of a host":                    "the greatest number counts there, so that unknown is worse than critical",
}
