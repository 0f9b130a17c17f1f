package icinga2

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/replica"
	"belvedere/internal/schema"
)

func TestVariables(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{`null`, ""},
		{`{}`, ""},
		{`"text"`, ""},
		{`{"b":true,"a":false,"n":null,"s":"Größe"}`, "A=0,B=1,N=,S=Größe"},
		{`{"i":17,"f":-3.5,"big":12345678901,"w":10.0}`, "BIG=12345678901,F=-3.5,I=17,W=10"},
		{`{"l":["a",1,{"x":"<b>"}],"e":[]}`, `E=[],L=["a",1,{"x":"<b>"}]`},
		{`{"sla":"gold","SLA":"silver"}`, "SLA=silver"},
		{`{"SLA":"silver","Sla":"gold","übung":"x"}`, "SLA=silver,ÜBUNG=x"},
	} {
		pairs, _ := normal(variables(json.RawMessage(tt.in)))
		var got []string
		for _, p := range pairs {
			got = append(got, p.Name+"="+p.Value)
		}
		if s := strings.Join(got, ","); s != tt.want {
			t.Errorf("%s: %s, want %s", tt.in, s, tt.want)
		}
	}
	if _, nested := normal(variables(json.RawMessage(`{"a":[1]}`))); !nested {
		t.Error("a list is nested")
	}
}

func TestExpand(t *testing.T) {
	look := func(name string) (string, bool) {
		v, ok := map[string]string{"host.name": "h 1", "x": "$y$"}[name]
		return v, ok
	}
	for in, want := range map[string]string{
		"plain": "plain", "": "", "http://w/$host.name$?a": "http://w/h 1?a", "$x$": "$y$", "50$$": "50$", "$nosuch$ x": "", "a $ b": "a $ b",
	} {
		if got := expand(in, look); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestPerfData(t *testing.T) {
	values := []json.RawMessage{
		json.RawMessage(`"rta=1ms;5;10"`),
		json.RawMessage(`{"label":"load 1","value":0.25,"unit":"","warn":null,"crit":5,"min":0,"max":null,"counter":false}`),
		json.RawMessage(`{"label":"t","value":3,"unit":"seconds","counter":false}`),
		json.RawMessage(`{"label":"n","value":7,"counter":true}`),
		json.RawMessage(`17`),
	}
	if got, want := perfData(values), "rta=1ms;5;10 'load 1'=0.250000;;5;0 t=3s n=7c"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestNumbers: a number is made from the name alone, and two names never share
// one.
func TestNumbers(t *testing.T) {
	a, b := numbers{}, numbers{}
	a.assign([]entry{{"h!1", 1}, {"h!2", 2}})
	b.assign([]entry{{"h!2", 2}})
	if a["h!2"] != b["h!2"] || a["h!1"] == a["h!2"] || a["h!1"] <= 0 || a["h!1"] > numberMost {
		t.Errorf("%v %v", a, b)
	}
	if a.name(a["h!1"]) != "h!1" || a.name(0) != "" {
		t.Error("a number does not lead back to its name")
	}
	taken := numbers{"other": b["h!2"]}
	if id := taken.add("h!2"); id != b["h!2"]%numberMost+1 || taken.add("h!2") != id {
		t.Errorf("what comes to a number that is taken gets %d", id)
	}
}

func TestReachable(t *testing.T) {
	m := newModel()
	for name, k := range map[string]known{
		"gw": {state: 1, hard: true, checked: true}, "soft": {state: 1, checked: true}, "up": {hard: true, checked: true},
		"behind": {checked: true}, "far": {checked: true}, "spare": {checked: true}, "pending": {}, "gw!svc": {checked: true},
	} {
		m.objects[name] = &k
	}
	m.dependencies = map[string]*dependency{
		"1": {ParentHost: "gw", ChildHost: "behind"}, "2": {ParentHost: "behind", ChildHost: "far"},
		"3": {ParentHost: "gw", ChildHost: "spare", Group: "uplinks"}, "4": {ParentHost: "up", ChildHost: "spare", Group: "uplinks"},
		"5": {ParentHost: "soft", ChildHost: "up", IgnoreSoft: true}, "6": {ParentHost: "pending", ChildHost: "soft"},
		"7": {ParentHost: "gw", ChildHost: "gw"},
	}
	m.index()
	for name, want := range map[string]bool{"gw": true, "gw!svc": false, "behind": false, "far": false, "spare": true, "up": true, "soft": true} {
		if got := m.reachable(name); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	m.dependencies["8"] = &dependency{ParentHost: "far", ChildHost: "gw"} // a ring
	m.index()
	if m.reachable("far") {
		t.Error("a ring can be reached")
	}
}

func TestGroupsInGroups(t *testing.T) {
	got := members(map[string]*group{"all": {}, "web": {Groups: []string{"all"}}, "a": {Groups: []string{"b"}}, "b": {Groups: []string{"a"}}},
		map[string][]string{"h1": {"web"}, "h2": {"all"}, "h3": {"a"}})
	if strings.Join(got["all"], " ") != "h1 h2" || strings.Join(got["web"], " ") != "h1" || strings.Join(got["b"], " ") != "h3" {
		t.Errorf("%v", got)
	}
}

func TestHistory(t *testing.T) {
	for in, want := range map[string][]string{
		`{"type":"StateChange","timestamp":1795300000.5,"host":"h","service":"s","state":2,"state_type":1,"check_result":{"output":"bad;x\nmore","vars_after":{"attempt":3}}}`: {"[1795300000] SERVICE ALERT: h;s;CRITICAL;HARD;3;bad;x"},
		`{"type":"StateChange","timestamp":1795300000,"host":"h","state":1,"state_type":0}`:                                                                                    {"[1795300000] HOST ALERT: h;DOWN;SOFT;1;"},
		`{"type":"Notification","timestamp":1795300000,"host":"h","notification_type":"RECOVERY","command":"mail","users":["a","b"],"check_result":{"output":"fine"}}`:         {"[1795300000] HOST NOTIFICATION: a;h;RECOVERY (UP);mail;fine", "[1795300000] HOST NOTIFICATION: b;h;RECOVERY (UP);mail;fine"},
		`{"type":"AcknowledgementSet","timestamp":1795300000,"host":"h","author":"eva","comment":"x\n[1795300000] HOST ALERT: forged;DOWN;HARD;1;x"}`:                          {"[1795300000] HOST ACKNOWLEDGE ALERT: h;STARTED;eva;x [1795300000] HOST ALERT: forged;DOWN;HARD;1;x"},
		`{"type":"Flapping","timestamp":1795300000,"host":"h","is_flapping":true,"current_value":33.3}`:                                                                        {"[1795300000] HOST FLAPPING ALERT: h;STARTED; It changes its state too often (33.3%)"},
		`{"type":"CheckResult","timestamp":1795300000,"host":"h"}`:                                                                                                             nil,
	} {
		var e event
		if err := json.Unmarshal([]byte(in), &e); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range e.history() {
			got = append(got, r.get("message").(string))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s:\n%q, want\n%q", in, got, want)
		}
	}
}

// TestHistoryBound: the newest entries are kept, newest first.
func TestHistoryBound(t *testing.T) {
	var h History
	for i := range historyMost + 3 {
		h.Add(logOf(t, int64(1795300000+i)))
	}
	res, err := h.Query(t.Context(), lql.Get("log", "time", "host_name"))
	if err != nil || res.Rows != historyMost {
		t.Fatalf("%d rows, %v", res.Rows, err)
	}
	if first, last := res.Column("time").Int(0), res.Column("time").Int(res.Rows-1); first != 1795300000+historyMost+2 || last != 1795300003 {
		t.Errorf("from %d to %d", first, last)
	}
	if got := res.Column("host_name").Text(0); got != "h" {
		t.Errorf("host %q", got)
	}
}

func TestLines(t *testing.T) {
	var got []string
	err := lines(iotest.OneByteReader(strings.NewReader("a\n\n {\"b\":1}\nrest")), func(b []byte) error {
		got = append(got, string(b))
		return nil
	})
	if !errors.Is(err, io.EOF) || !slices.Equal(got, []string{"a", ` {"b":1}`}) {
		t.Errorf("%q %v", got, err)
	}
	if err := lines(endless{}, func([]byte) error { return nil }); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("a line without end: %v", err)
	}
}

type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }

func TestRights(t *testing.T) {
	r := rights{User: "u", Permissions: []string{"status/query", "objects/query/*", "events/*", "actions/add-comment (filtered)"}}
	for p, want := range map[string]bool{"objects/query/Host": true, "actions/add-comment": true, "actions/remove-comment": false, "objects/modify/Host": false, "events/CheckResult": true} {
		if r.may(p) != want {
			t.Errorf("%s: %v", p, !want)
		}
	}
	if err := r.enough(); err != nil {
		t.Error(err)
	}
	if all := (rights{Permissions: []string{"*"}}); !all.may("actions/x") || len(all.lacks()) > 0 {
		t.Error("* is not everything")
	}
	r.Permissions = []string{"status/query", "objects/query/Host"}
	if err := r.enough(); livestatus.KindOf(err) != livestatus.KindRights || !strings.Contains(err.(*livestatus.Error).Cause, "may not query services") {
		t.Errorf("%v", err)
	}
}

// TestNoPassword: who gave none is not told that it is wrong.
func TestNoPassword(t *testing.T) {
	for _, tt := range []struct{ user, password, want string }{{"u", "", "none is given"}, {"u", "x", "with this password"}, {"", "", "wants a user"}} {
		c := &client{user: tt.user, password: tt.password}
		var e *livestatus.Error
		if err := c.refused(http.StatusUnauthorized, "/v1", nil); !errors.As(err, &e) || !strings.Contains(e.Cause, tt.want) || e.Fix == "" {
			t.Errorf("%q, %q: %v", tt.user, tt.password, err)
		}
	}
}

// TestEveryCommand: a command that the schema says Icinga 2 has is made a call,
// any other is refused in words.
func TestEveryCommand(t *testing.T) {
	s := &Source{m: newModel(), groups: map[string]map[string][]string{"hostgroups": {"g": {"h"}}, "servicegroups": {"g": {"h!s"}}}}
	s.app.Icinga = map[string]instance{"app": {}}
	s.m.comments["c"], s.m.downs["d"] = 7, 7
	for _, def := range schema.Commands() {
		o := order{s: s, def: &def, args: map[string]string{}}
		for _, p := range def.Params {
			o.args[p.Name] = map[schema.ParamType]string{schema.PHost: "h", schema.PService: "s", schema.PHostGroup: "g", schema.PServiceGroup: "g"}[p.Type]
			if o.args[p.Name] == "" {
				o.args[p.Name] = "7"
			}
		}
		k, err := o.call()
		if has := def.Cores&schema.Icinga2 != 0 && def.Name != "PROCESS_FILE"; has != (err == nil) {
			t.Errorf("%s: %v", def.Name, err)
			continue
		}
		if err != nil {
			if livestatus.KindOf(err) != livestatus.KindRequest {
				t.Errorf("%s: %v", def.Name, err)
			}
			continue
		}
		if k.action == "" && len(k.attrs) == 0 || k.t == nil && k.target == "" && !strings.HasSuffix(def.Name, "_PROCESS") {
			t.Errorf("%s: %+v", def.Name, k)
		}
	}
}

// TestNothingToAct: a group without members is refused. Asked about no object
// and without a filter, Icinga 2 would take all there are.
func TestNothingToAct(t *testing.T) {
	c, err := newClient(Options{}) // leads nowhere: nothing may be sent
	if err != nil {
		t.Fatal(err)
	}
	all := rights{User: "root", Permissions: []string{"*"}}
	for _, names := range [][]string{nil, {}} {
		k := &call{t: &objectType{name: "Host", path: "hosts"}, names: names, attrs: map[string]any{"enable_active_checks": false}}
		if err := c.order(t.Context(), all, k); livestatus.KindOf(err) != livestatus.KindRequest || !strings.Contains(err.Error(), "no members") {
			t.Errorf("%v", err)
		}
	}
}

func FuzzEvent(f *testing.F) {
	f.Add([]byte(`{"type":"CommentAdded","comment":{"__name":"h!x"},"timestamp":1}`))
	f.Add([]byte(`{"type":"DowntimeStarted","downtime":{"__name":"h!x","host_name":"h"},"timestamp":1795300000}`))
	f.Add([]byte(`{"type":"DowntimeRemoved","timestamp":1e300}`))
	f.Add([]byte(`{"type":"ObjectModified","object_type":"Host","object_name":"h"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		c, err := newClient(Options{})
		if err != nil {
			t.Fatal(err)
		}
		s := &Source{c: c, woken: make(chan struct{}, 1), m: newModel()}
		s.told = (&History{}).Add
		if err := s.event(line); err != nil {
			t.Errorf("an event ends the stream: %v", err)
		}
	})
}

func FuzzRow(f *testing.F) {
	f.Add([]byte(`{"name":"s","host_name":"h","vars":{"a":[1,{"b":null}]},"notes":"$host.name$ $","last_check_result":{"output":"a\nb","performance_data":[{"label":"x","value":1e300}]}}`))
	f.Add([]byte(`{"name":"h","state":-1,"last_check":1e300,"check_interval":-0,"original_attributes":{"vars.x":1,"enable_flapping":true}}`))
	f.Fuzz(func(t *testing.T, attrs []byte) {
		c := &checkable{}
		if json.Unmarshal(attrs, c) != nil {
			return
		}
		r := newModel().rower().row(c, &checkable{Name: "h"})
		def, _ := schema.Lookup(r.Table)
		for i, name := range r.Columns {
			col, ok := def.Column(name)
			if !ok || col.Class == schema.Derived {
				t.Fatalf("%s has no stored column %s", r.Table, name)
			}
			if s, ok := r.Values[i].(string); ok && !utf8.ValidString(s) {
				t.Fatalf("%s is not UTF-8: %q", name, s)
			}
		}
	})
}

func logOf(t *testing.T, at int64) replica.Row {
	t.Helper()
	r, ok := logRow("[" + strconv.FormatInt(at, 10) + "] HOST ALERT: h;DOWN;HARD;1;x")
	if !ok {
		t.Fatal("no entry")
	}
	return replica.Row(r)
}
