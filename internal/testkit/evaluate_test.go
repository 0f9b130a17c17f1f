package testkit

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"belvedere/internal/schema"
)

// small is a world that fits on a page.
func small() World {
	host := func(name string, state int64, contacts ...string) map[string]any {
		return map[string]any{"name": name, "alias": "Alias " + name, "state": state, "has_been_checked": int64(1), "contacts": contacts, "latency": float64(state) + 0.5,
			"groups": []string{"all"}, "parents": []string{}, "childs": []string{}, "services": []string{"HTTP", "Disk"},
			"custom_variables": []schema.Pair{{Name: "RACK", Value: "R 1"}, {Name: "SITE", Value: name[:1]}}, "num_services": int64(2), "modified_attributes": state + 2,
			"modified_attributes_list": attributeNames(uint32(state + 2))}
	}
	svc := func(host, name string, state int64, contacts ...string) map[string]any {
		return map[string]any{"host_name": host, "description": name, "state": state, "has_been_checked": int64(1), "contacts": contacts,
			"comments": []int64{3, 14}, "last_hard_state": state}
	}
	return World{
		"hosts": {host("alpha", 0, "anna"), host("Beta", 1, "bert"), host("größe", 2, "anna", "bert")},
		"services": {svc("alpha", "HTTP", 0, "anna"), svc("alpha", "Disk", 2, "bert"), svc("Beta", "HTTP", 1, "bert"), svc("Beta", "Disk", 3),
			svc("größe", "HTTP", 2, "anna"), svc("größe", "Disk", 0)},
		"hostgroups": {{"name": "all", "members": []schema.Member{{Host: "alpha"}, {Host: "Beta"}, {Host: "größe"}}, "num_hosts": int64(3)},
			{"name": "annas", "members": []schema.Member{{Host: "alpha"}, {Host: "größe"}}}, {"name": "empty", "members": []schema.Member{}}},
		"servicegroups": {{"name": "web", "members": []schema.Member{{Host: "alpha", Service: "HTTP"}, {Host: "Beta", Service: "HTTP"}}}},
		"comments": {{"id": int64(3), "host_name": "alpha", "service_description": "Disk", "comment": "c"},
			{"id": int64(4), "host_name": "Beta", "service_description": "", "comment": "d"}},
	}
}

func TestEvaluate(t *testing.T) {
	for _, tt := range []struct {
		request, want string // rows as JSON
		rights        Rights
	}{
		{request: "GET hosts\nColumns: name state\n", want: `[["alpha",0],["Beta",1],["größe",2]]`},
		{request: "GET hosts\nColumns: host_name\nFilter: host_alias ~~ ALIAS GRÖSS|alias gröSse|beta\n", want: `[["Beta"]]`},
		{request: "GET hosts\nColumns: name\nFilter: name =~ GRÖßE\n", want: `[["größe"]]`},
		{request: "GET hosts\nColumns: name\nFilter: state > 0\nFilter: name ~ ^B\nOr: 2\nNegate:\n", want: `[["alpha"]]`},
		{request: "GET hosts\nColumns: name\nAnd: 0\n", want: `[["alpha"],["Beta"],["größe"]]`},
		{request: "GET hosts\nColumns: name\nOr: 0\n", want: `null`},
		{request: "GET hosts\nColumns: name\nFilter: contacts >= anna\nFilter: contacts < bert\n", want: `[["alpha"]]`},
		{request: "GET hosts\nColumns: name\nFilter: contacts !>= anna\n", want: `[["Beta"]]`},
		{request: "GET hosts\nColumns: name\nFilter: contacts ~ ^b\nFilter: contacts <= ANNA\n", want: `[["größe"]]`},
		{request: "GET hosts\nColumns: name\nFilter: parents =\nFilter: childs !=\n", want: `null`},
		{request: "GET hosts\nColumns: name\nFilter: custom_variables = RACK R 1\nFilter: custom_variables = SITE a\n", want: `[["alpha"]]`},
		{request: "GET hosts\nColumns: name\nFilter: custom_variables = NOSUCH\n", want: `[["alpha"],["Beta"],["größe"]]`},
		{request: "GET hosts\nColumns: name\nFilter: modified_attributes ~ 3\n", want: `[["Beta"]]`},
		{request: "GET hosts\nColumns: name\nFilter: modified_attributes_list ~ notifications_enabled\n", want: `[["Beta"]]`},
		{request: "GET hosts\nColumns: name\nFilter: modified_attributes_list = active_checks_enabled\n", want: `[["alpha"]]`},
		{request: "GET hosts\nColumns: name\nFilter: latency >= 1.5\n", want: `[["Beta"],["größe"]]`},
		{request: "GET hosts\nColumns: name\nSort: name desc\nLimit: 2\nOffset: 1\n", want: `[["alpha"],["Beta"]]`},
		{request: "GET hosts\nColumns: name\nSort: custom_variables SITE desc\nLimit: 1\n", want: `[["größe"]]`},
		{request: "GET services\nColumns: host_name description host_state host_alias\nFilter: host_state = 1\n", want: `[["Beta","HTTP",1,"Alias Beta"],["Beta","Disk",1,"Alias Beta"]]`},
		{request: "GET services\nColumns: description\nFilter: comments >= 14\nFilter: comments >= 4\n", want: `null`},
		{request: "GET comments\nColumns: id host_state service_state service_description\n", want: `[[3,0,2,"Disk"],[4,1,0,""]]`},
		{request: "GET hostsbygroup\nColumns: hostgroup_name name\nFilter: hostgroup_name = annas\n", want: `[["annas","alpha"],["annas","größe"]]`},
		{request: "GET servicesbygroup\nColumns: servicegroup_name host_name description host_state\n", want: `[["web","alpha","HTTP",0],["web","Beta","HTTP",1]]`},
		{request: "GET servicesbyhostgroup\nColumns: hostgroup_name host_name description\nFilter: hostgroup_name = annas\nFilter: description = HTTP\n", want: `[["annas","alpha","HTTP"],["annas","größe","HTTP"]]`},
		{request: "GET services\nStats: state = 0\nStats: state > 0\nStats: host_state = 0\nStatsAnd: 2\nStats: max state\nStats: sum state\nStats: avg state\n", want: `[[2,1,3,8,1.3333333333333333]]`},
		{request: "GET services\nColumns: state\nStats: state >= 0\nStats: min host_latency\n", want: `[[0,2,0.5],[1,1,1.5],[2,2,0.5],[3,1,1.5]]`},
		{request: "GET services\nStatsGroupBy: host_name\nStats: state = 0\nStatsNegate:\n", want: `[["Beta",2],["alpha",1],["größe",1]]`},
		{request: "GET hosts\nStats: std state\nStats: suminv state\nStats: avginv latency\nStatsAnd: 0\n", want: `[[0.816496580927726,1.5,1.0222222222222221,3]]`},
		{request: "GET hosts\nColumns: name\nAuthUser: anna\n", want: `[["alpha"],["größe"]]`},
		{request: "GET services\nColumns: host_name description\nAuthUser: anna\n", want: `[["alpha","HTTP"],["größe","HTTP"]]`},
		{request: "GET services\nColumns: host_name description\n", rights: Rights{User: "anna", Services: Loose}, want: `[["alpha","HTTP"],["alpha","Disk"],["größe","HTTP"],["größe","Disk"]]`},
		{request: "GET hostgroups\nColumns: name\n", rights: Rights{User: "anna"}, want: `[["annas"]]`},
		{request: "GET hostgroups\nColumns: name members num_hosts\n", rights: Rights{User: "anna", Groups: Loose}, want: `[["all",[{"Host":"alpha","Service":""},{"Host":"größe","Service":""}],2],["annas",[{"Host":"alpha","Service":""},{"Host":"größe","Service":""}],2]]`},
		{request: "GET hosts\nColumns: name services num_services\n", rights: Rights{User: "anna"}, want: `[["alpha",["HTTP"],1],["größe",["HTTP"],1]]`},
		{request: "GET comments\nColumns: id\n", rights: Rights{User: "anna"}, want: `null`},
		{request: "GET comments\nColumns: id\n", rights: Rights{User: "bert"}, want: `[[3],[4]]`},
		{request: "GET hosts\nColumns: name\n", rights: Rights{User: "nobody"}, want: `null`},
	} {
		_, rows, _, err := Evaluate(small(), tt.request, tt.rights)
		if err != nil {
			t.Errorf("%q: %v", tt.request, err)
		}
		got, err := json.Marshal(rows)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != tt.want {
			t.Errorf("%q %v\n got %s\nwant %s", tt.request, tt.rights, got, tt.want)
		}
	}
}

func TestEvaluateErrors(t *testing.T) {
	for _, request := range []string{"PUT hosts\n", "GET nosuch\n", "GET hosts\nColumns: nosuch\n", "GET hosts\nFilter: nosuch = 1\n", "GET hosts\nFilter: name\n",
		"GET hosts\nFilter: name ~ (((\n", "GET hosts\nFilter: name <> x\n", "GET hosts\nAnd: 1\n", "GET hosts\nLimit: -1\n", "GET hosts\nStats: sum state\nStatsNegate:\n"} {
		if _, _, _, err := Evaluate(small(), request, Rights{}); err == nil {
			t.Errorf("%q is answered", request)
		}
	}
}

// TestEvaluateAndWire asks a Naemon over its socket and Evaluate over its
// truth, and compares.
func TestEvaluateAndWire(t *testing.T) {
	now := clockAt
	c := newTestCore(t, Options{Hosts: 40, Seed: 8, Now: func() time.Time { return now }})
	w := World{}
	for _, table := range []string{"hosts", "services", "hostgroups", "servicegroups", "comments", "downtimes", "contacts", "log", "commands"} {
		w[table] = c.Rows(table)
	}
	for _, request := range []string{
		"GET hosts\nColumns: name state address contacts groups childs num_services num_services_ok worst_service_state\n",
		"GET hosts\nColumns: name custom_variables\nFilter: custom_variables ~ RACK R0[1-5]\n",
		"GET services\nColumns: host_name description state plugin_output long_plugin_output\nFilter: state > 0\nFilter: host_groups >= network\nOr: 2\nFilter: description !~~ ping\n",
		"GET services\nColumns: host_name description\nFilter: groups >= disks\nFilter: host_state = 0\nSort: description desc\nSort: host_name asc\nLimit: 20\nOffset: 5\n",
		"GET services\nStats: state = 0\nStats: state = 1\nStats: state = 2\nStats: state = 3\nStats: max last_check\nStats: sum state\n",
		"GET hostgroups\nColumns: name members num_hosts num_hosts_up num_services num_services_crit worst_host_state\n",
		"GET hostsbygroup\nColumns: hostgroup_name name hostgroup_alias\nFilter: hostgroup_name ~ ^n\n",
		"GET servicesbyhostgroup\nColumns: hostgroup_name host_name description state\nFilter: state = 2\n",
		"GET comments\nColumns: id author comment host_name service_description host_alias service_state entry_type\n",
		"GET downtimes\nColumns: id author comment host_name service_description start_time end_time fixed duration type\n",
		"GET log\nColumns: time class type host_name service_description current_host_alias state plugin_output\nFilter: class = 1\nLimit: 200\n",
		"GET hosts\nColumns: name childs num_services services\nAuthUser: dba-oncall\n",
		"GET services\nColumns: host_name description\nAuthUser: alice\n",
		"GET hostgroups\nColumns: name members\nAuthUser: network-oncall\n",
		"GET comments\nColumns: id\nAuthUser: bob\n",
	} {
		_, rows, _, err := Evaluate(w, request, Rights{Services: Loose})
		if err != nil {
			t.Errorf("%q: %v", request, err)
			continue
		}
		var got [][]any
		if err := json.Unmarshal([]byte(ask(t, c, request+js+"\n")), &got); err != nil {
			t.Fatalf("%q: %v", request, err)
		}
		want := plain(t, rows)
		if len(got) == 0 && len(want) == 0 {
			t.Errorf("%q: nothing to compare", request)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q\nwire  %.600s\nnaive %.600s", request, fmt.Sprint(got), fmt.Sprint(want))
		}
	}
}

// plain is what JSON makes of values in normal form, members of host groups as
// their names and of service groups as pairs.
func plain(t *testing.T, rows [][]any) [][]any {
	t.Helper()
	for _, r := range rows {
		for i, v := range r {
			switch x := v.(type) {
			case []schema.Member:
				l := []any{}
				for _, m := range x {
					if m.Service == "" {
						l = append(l, m.Host)
					} else {
						l = append(l, []string{m.Host, m.Service})
					}
				}
				r[i] = l
			case []schema.Pair:
				m := map[string]string{}
				for _, p := range x {
					m[p.Name] = p.Value
				}
				r[i] = m
			}
		}
	}
	b, err := json.Marshal(rows)
	if err != nil {
		t.Fatal(err)
	}
	var out [][]any
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return slices.Clip(out)
}
