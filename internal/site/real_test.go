package site_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"belvedere/internal/lql"
	"belvedere/internal/schema"
	"belvedere/internal/site"
	"belvedere/internal/site/sitetest"
	"belvedere/internal/store"
	"belvedere/test/realcore"
)

// rawRows asks the core itself and turns its answer into normal form, by
// encoding/json and the rules as they are written down, not by the code under
// test.
func rawRows(t *testing.T, c *realcore.Icinga, table string) map[string]map[string]any {
	t.Helper()
	b, err := c.Query("GET " + table + "\nOutputFormat: json\nColumnHeaders: on\n\n")
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]any
	if err := json.Unmarshal(b, &rows); err != nil && len(b) > 0 {
		t.Fatalf("%s: %v: %.200s", table, err, b)
	}
	out := map[string]map[string]any{}
	def, _ := schema.Lookup(table)
	for i, row := range rows {
		if i == 0 {
			continue
		}
		raw := map[string]any{}
		for j, name := range rows[0] {
			raw[name.(string)] = row[j]
		}
		vals := map[string]any{}
		for _, c := range def.Columns {
			if v, ok := normalIcinga(table, &c, raw); ok && c.Class != schema.Derived {
				vals[c.Name] = v
			}
		}
		var key []string
		for _, k := range def.Keys {
			key = append(key, fmt.Sprint(vals[k]))
		}
		out[strings.Join(key, "\x00")] = vals
	}
	return out
}

func normalIcinga(table string, c *schema.Column, raw map[string]any) (any, bool) {
	name := c.Name
	if table == "contacts" {
		name = strings.Replace(name, "custom_variable_", "vars_variable_", 1)
		name = strings.Replace(name, "custom_variables", "vars_variables", 1)
	}
	v, ok := raw[name]
	if !ok {
		return nil, false
	}
	switch c.Name {
	case "modified_attributes_list":
		return []string{}, true // nothing is modified here
	case "type":
		svc := rawInt(raw["is_service"])
		if table == "downtimes" {
			return 2 - svc, true
		}
		return 1 + svc, true
	case "state", "last_state", "last_hard_state", "hard_state":
		if rawInt(raw["has_been_checked"]) == 0 {
			return int64(0), true
		}
	case "acknowledgement_type":
		if rawInt(raw["acknowledged"]) == 0 {
			return int64(0), true
		}
	case "custom_variables", "custom_variable_names", "custom_variable_values":
		prefix := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, "s"), "_name"), "_value")
		return rawVariables(c.Name, rawList(raw[prefix+"s"])), true
	}
	switch c.Kind {
	case schema.Bool:
		return min(rawInt(v), 1), true
	case schema.Int:
		return rawInt(v), true
	case schema.Time:
		return max(rawInt(v), 0), true
	case schema.Float:
		f, _ := v.(float64)
		return f, true
	case schema.Text:
		return rawText(v), true
	case schema.TextList:
		var out []string
		for _, e := range rawList(v) {
			out = append(out, rawText(e))
		}
		return out, true
	case schema.IntList:
		var out []int64
		for _, e := range rawList(v) {
			out = append(out, rawInt(e))
		}
		return out, true
	case schema.Members:
		var out []schema.Member
		for _, e := range rawList(v) {
			if p, ok := e.([]any); ok {
				out = append(out, schema.Member{Host: rawText(p[0]), Service: rawText(p[1])})
			} else {
				out = append(out, schema.Member{Host: rawText(e)})
			}
		}
		return out, true
	case schema.Tuples:
		return rawTuples(c, v)
	}
	return nil, false
}

// rawTuples is a list of objects with their state: that of a pending one is 0.
func rawTuples(c *schema.Column, v any) (any, bool) {
	items := strings.Split(c.Normal, ", ")
	checked, state := slices.Index(items, "has_been_checked"), slices.Index(items, "state")
	if checked < 0 || state < 0 {
		return nil, false
	}
	var out [][]any
	for _, e := range rawList(v) {
		tuple := slices.Clone(rawList(e))
		if len(tuple) > checked && rawInt(tuple[checked]) == 0 {
			tuple[state] = 0.0
		}
		out = append(out, tuple)
	}
	return out, true
}

func rawInt(v any) int64 {
	switch x := v.(type) {
	case float64:
		return int64(x)
	case bool:
		if x {
			return 1
		}
	}
	return 0
}

func rawText(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case float64:
		b, _ := json.Marshal(x)
		return string(b)
	case bool:
		return fmt.Sprint(rawInt(x))
	}
	return ""
}

func rawList(v any) []any {
	l, _ := v.([]any)
	return l
}

// rawVariables is one of the three columns of custom variables: names in upper
// case, and of two that are then equal the one that was in upper case.
func rawVariables(column string, pairs []any) any {
	values, order := map[string]string{}, []string{}
	for _, p := range pairs {
		name, value := rawText(p.([]any)[0]), rawText(p.([]any)[1])
		upper := strings.ToUpper(name)
		_, seen := values[upper]
		if !seen {
			order = append(order, upper)
		}
		if !seen || name == upper {
			values[upper] = value
		}
	}
	switch column {
	case "custom_variable_names":
		return order
	case "custom_variable_values":
		var out []string
		for _, n := range order {
			out = append(out, values[n])
		}
		return out
	}
	var out []schema.Pair
	sort.Strings(order)
	for _, n := range order {
		out = append(out, schema.Pair{Name: n, Value: values[n]})
	}
	return out
}

// fleetOf runs a manager with one site.
func fleetOf(t *testing.T, specs ...site.Spec) (*site.Manager, *store.Fleet) {
	t.Helper()
	return fleetWith(t, site.Options{}, specs...)
}

// fleetWith is fleetOf for a manager with options.
func fleetWith(t *testing.T, o site.Options, specs ...site.Spec) (*site.Manager, *store.Fleet) {
	t.Helper()
	m, fleet, _ := recordedWith(t, o, specs...)
	return m, fleet
}

// recorded is fleetOf with all states each site was in.
func recorded(t *testing.T, specs ...site.Spec) (*site.Manager, *store.Fleet, func(key string) []store.HealthState) {
	t.Helper()
	return recordedWith(t, site.Options{}, specs...)
}

func recordedWith(t *testing.T, o site.Options, specs ...site.Spec) (*site.Manager, *store.Fleet, func(key string) []store.HealthState) {
	t.Helper()
	fleet := store.NewFleet(store.Options{})
	var mu sync.Mutex
	states := map[string][]store.HealthState{}
	fleet.OnChange(func(c store.Change) {
		mu.Lock()
		defer mu.Unlock()
		if s := view(fleet, c.Site).Health.State; c.Health && (len(states[c.Site]) == 0 || states[c.Site][len(states[c.Site])-1] != s) {
			states[c.Site] = append(states[c.Site], s)
		}
	})
	o.Fleet = fleet
	m := site.NewManager(o)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), soon)
		defer cancel()
		m.Stop(ctx)
		if ctx.Err() != nil {
			t.Error("the sites did not end")
		}
	})
	m.Apply(specs)
	return m, fleet, func(key string) []store.HealthState {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(states[key])
	}
}

func view(fleet *store.Fleet, key string) store.SiteView {
	for _, s := range fleet.View().Sites {
		if s.Info.Key == key {
			return s
		}
	}
	return store.SiteView{State: &store.State{Snapshot: &store.Snapshot{}}}
}

func inState(fleet *store.Fleet, key string, want store.HealthState) func() bool {
	return func() bool { return view(fleet, key).Health.State == want }
}

// TestIcinga reads a real Icinga 2 over each way in and compares every row of
// every table with what the core itself says; then commands, reload, stop and
// restart.
func TestIcinga(t *testing.T) {
	t.Parallel()
	core := realcore.ForTest(t, realcore.Options{Hosts: 20, CheckInterval: time.Hour})
	for _, line := range []string{
		"ADD_HOST_COMMENT;h01;1;me;wörtlich ✓ <b>x</b>", "ADD_SVC_COMMENT;h02;svc 2;1;me;semi;colon",
		fmt.Sprintf("SCHEDULE_SVC_DOWNTIME;köln 03;Größe 更新;%d;%d;1;0;7200;bob;fixed", time.Now().Unix()-10, time.Now().Unix()+3600),
		fmt.Sprintf("SCHEDULE_HOST_DOWNTIME;h04;%d;%d;0;0;600;bob;flexible", time.Now().Unix()+100, time.Now().Unix()+3600),
	} {
		if err := core.Command(line); err != nil {
			t.Fatal(err)
		}
	}
	specs := []site.Spec{
		{Key: "tcp", Name: "TCP", Addresses: []string{"tcp://" + core.TCP}},
		{Key: "unix", Name: "Unix", Addresses: []string{"unix://" + core.Unix}},
		{Key: "xinetd", Name: "Xinetd", Addresses: []string{"tcp://" + core.Xinetd}},
	}
	for _, spec := range specs {
		t.Run(spec.Key, func(t *testing.T) {
			m, fleet := fleetOf(t, spec)
			until(t, soon, "fresh", inState(fleet, spec.Key, store.Fresh))
			equalsCore(t, core, fleet, spec.Key)
			if spec.Key == "tcp" {
				passiveResults(t, core, fleet, spec.Key)
				commands(t, core, m, fleet, spec.Key)
				equalsCore(t, core, fleet, spec.Key)
			}
		})
	}
}

var realTables = []string{"hosts", "services", "hostgroups", "servicegroups", "contacts", "contactgroups", "timeperiods", "commands", "comments", "downtimes"}

// equalsCore compares until at one instant nothing differs: the core goes on
// checking while we look.
func equalsCore(t *testing.T, core *realcore.Icinga, fleet *store.Fleet, key string) {
	t.Helper()
	left := slices.Clone(realTables)
	var diffs []string
	for end := time.Now().Add(later); len(left) > 0 && time.Now().Before(end); {
		diffs = nil
		left = slices.DeleteFunc(left, func(table string) bool {
			want := rawRows(t, core, table)
			// When the next notification is due moves by itself every few seconds.
			d := sitetest.Diff(table, want, sitetest.Rows(view(fleet, key).Snapshot, table), "next_notification")
			if (table == "hosts" || table == "services" || table == "comments" || table == "downtimes") && len(want) < 2 {
				d = append(d, table+" has hardly a row")
			}
			diffs = append(diffs, d...)
			return len(d) == 0
		})
		if len(left) > 0 {
			time.Sleep(300 * time.Millisecond)
		}
	}
	sitetest.Report(t, diffs)
	if len(diffs) > 0 {
		t.Logf("health: %+v", view(fleet, key).Health)
	}
}

// passiveResults submits results and measures until they are in the store.
func passiveResults(t *testing.T, core *realcore.Icinga, fleet *store.Fleet, key string) {
	t.Helper()
	var took []time.Duration
	for i := range rounds(4) {
		host, text := realcore.HostName(1+i%core.Hosts), fmt.Sprintf("CRITICAL - result %d", i)
		if err := core.Result(host, "svc 1", 2, text); err != nil {
			t.Fatal(err)
		}
		took = append(took, until(t, soon, text, func() bool {
			s := view(fleet, key).Snapshot
			row, ok := s.Find("services", store.Key(host, "svc 1"))
			return ok && s.Text("services", "plugin_output", row) == text && s.Int("services", "state", row) == 2
		}))
	}
	slices.Sort(took)
	t.Logf("passive result to store: median %v, worst %v; interval %v", took[len(took)/2], took[len(took)-1], view(fleet, key).Health.Interval)
}

// commands sends orders through the manager and watches their effects.
func commands(t *testing.T, core *realcore.Icinga, m *site.Manager, fleet *store.Fleet, key string) {
	t.Helper()
	send := func(name string, args ...string) {
		t.Helper()
		if err := m.Send(t.Context(), key, lql.Command{Name: name, Args: args}); err != nil {
			t.Fatal(err)
		}
	}
	stored := func(column string) int64 {
		s := view(fleet, key).Snapshot
		row, _ := s.Find("services", store.Key("h01", "svc 1"))
		return s.Int("services", column, row)
	}
	send("ACKNOWLEDGE_SVC_PROBLEM", "h01", "svc 1", "2", "0", "1", "me", "seen")
	until(t, soon, "acknowledged", func() bool { return stored("acknowledged") == 1 })
	send("DISABLE_SVC_NOTIFICATIONS", "h01", "svc 1")
	until(t, soon, "notifications disabled", func() bool { return stored("notifications_enabled") == 0 })
	send("ENABLE_SVC_NOTIFICATIONS", "h01", "svc 1")
	until(t, soon, "notifications enabled", func() bool { return stored("notifications_enabled") == 1 })
	send("ADD_SVC_COMMENT", "h01", "svc 1", "1", "me", "through the manager")
	until(t, soon, "comment", func() bool {
		for _, r := range sitetest.Rows(view(fleet, key).Snapshot, "comments") {
			if r["comment"] == "through the manager" && r["host_name"] == "h01" {
				return true
			}
		}
		return false
	})
	if err := m.Send(t.Context(), key, lql.Command{Name: "ADD_HOST_COMMENT", Args: []string{"no such host", "1", "me", "x"}}); err == nil {
		t.Error("a command for no host was taken")
	}
}

// TestIcingaAway reloads, stops and starts the core: late, down with the
// cause, fresh.
func TestIcingaAway(t *testing.T) {
	t.Parallel()
	core := realcore.ForTest(t, realcore.Options{Hosts: 20, CheckInterval: time.Hour})
	_, fleet, states := recorded(t,
		site.Spec{Key: "tcp", Name: "TCP", Addresses: []string{"tcp://" + core.TCP}},
		site.Spec{Key: "xinetd", Name: "Xinetd", Addresses: []string{"tcp://" + core.Xinetd}})
	for _, key := range []string{"tcp", "xinetd"} {
		until(t, soon, key+" fresh", inState(fleet, key, store.Fresh))
	}
	// A reload: the same core with another process; never down.
	start := view(fleet, "tcp").Snapshot.Int("status", "program_start", 0)
	if err := core.Reload(); err != nil {
		t.Fatal(err)
	}
	down := false
	until(t, soon, "new run read", func() bool {
		v := view(fleet, "tcp")
		down = down || v.Health.State == store.Down
		return v.Snapshot.Int("status", "program_start", 0) != start && v.Health.State == store.Fresh
	})
	if down {
		t.Error("a reload showed as down")
	}
	if n := view(fleet, "tcp").Snapshot.Rows("services"); n != core.Services {
		t.Errorf("%d services after the reload, want %d", n, core.Services)
	}
	if err := core.Halt(); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"tcp", "xinetd"} {
		until(t, soon, key+" down", inState(fleet, key, store.Down))
		h := view(fleet, key).Health
		t.Logf("%s: %s %v", key, h.Cause, h.Errors)
		if h.Cause == "" || h.Errors["internal"] > 0 {
			t.Errorf("%s: cause %q, errors %v", key, h.Cause, h.Errors)
		}
		if n := view(fleet, key).Snapshot.Rows("services"); n != core.Services {
			t.Errorf("%s: %d services while down, want the last data", key, n)
		}
	}
	if err := core.Launch(); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"tcp", "xinetd"} {
		took := until(t, soon, key+" fresh again", inState(fleet, key, store.Fresh))
		t.Logf("%s fresh %v after the start", key, took)
		all := states(key)
		if down := slices.Index(all, store.Down); !slices.Contains(all[:max(0, down)], store.Late) {
			t.Errorf("%s went through %v", key, all)
		}
	}
	if keys := slices.Collect(maps.Keys(sitetest.Rows(view(fleet, "tcp").Snapshot, "hosts"))); len(keys) != core.Hosts {
		t.Errorf("%d hosts", len(keys))
	}
}
