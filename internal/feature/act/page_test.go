package act

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"belvedere/internal/auth"
	"belvedere/internal/command"
	"belvedere/internal/db"
	"belvedere/internal/lql"
	"belvedere/internal/schema"
	"belvedere/internal/web"
	"belvedere/internal/web/webtest"
)

// desk is a desk that keeps what it is given: every item is seen at once.
type desk struct {
	mu    sync.Mutex
	rules command.Rules
	seen  []command.Order // what was asked about
	given []command.Order
	by    []command.Actor
}

func (d *desk) Give(_ context.Context, a command.Actor, o command.Order) (int64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.given, d.by = append(d.given, o), append(d.by, a)
	return int64(len(d.given)), nil
}

func (d *desk) Preview(_ context.Context, _ command.Actor, o command.Order) ([]command.Item, error) {
	d.mu.Lock()
	d.seen = append(d.seen, o)
	d.mu.Unlock()
	var out []command.Item
	for _, t := range o.Targets {
		out = append(out, command.Item{N: len(out), Target: t, State: command.Accepted})
		if o.Whole { // a command of its own for the services
			t.Command = "SCHEDULE_HOST_SVC_DOWNTIME"
			out = append(out, command.Item{N: len(out), Target: t, State: command.Accepted})
		}
	}
	return out, nil
}

func (d *desk) May(_ context.Context, a command.Actor, class schema.CommandClass, _ string) (string, error) {
	if class == schema.Dangerous {
		return "Commands that run programs, touch files or stop the core are switched off in the configuration file.", nil
	}
	return "", nil
}

func (d *desk) Report(_ context.Context, id int64) (command.Report, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if id < 1 || int(id) > len(d.given) {
		return command.Report{}, db.ErrNotFound
	}
	o, a := d.given[id-1], d.by[id-1]
	n := len(o.Targets)
	return command.Report{ID: id, At: time.Unix(1000, 0), Person: a.ID, Who: a.Name, Command: o.Command, Args: o.Args, Note: o.Note, Total: n, Counts: map[command.State]int{command.Seen: n}}, nil
}

func (d *desk) Items(_ context.Context, id int64, from, limit int) ([]command.Item, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []command.Item
	for i, t := range d.given[id-1].Targets {
		if i >= from && len(out) < limit {
			out = append(out, command.Item{N: i, Target: t, State: command.Seen, Ended: time.Unix(1001, 0)})
		}
	}
	return out, nil
}

func (d *desk) Cancel(context.Context, command.Actor, int64) (int, error) { return 0, nil }
func (d *desk) Retry(context.Context, command.Actor, int64) (int64, error) {
	return 0, &command.Problem{Msg: "There is nothing to repeat: all of it was seen, or was refused here."}
}
func (d *desk) EditDowntime(context.Context, command.Actor, command.Order) (set, cancel int64, err error) {
	return 0, 0, nil
}
func (d *desk) Rules() command.Rules { return d.rules }
func (d *desk) Wait(ctx context.Context, id int64) (command.Report, error) {
	return d.Report(ctx, id)
}
func (d *desk) Changed() <-chan struct{} { return nil }

func (d *desk) orders() []command.Order {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]command.Order(nil), d.given...)
}

func start(t *testing.T) (*webtest.Site, *desk) {
	t.Helper()
	host := func(name string, contacts ...string) webtest.Row {
		return webtest.Row{"name": name, "state": 1, "has_been_checked": 1, "peer_key": "a", "peer_name": "Wien", "num_services": 2, "contacts": contacts}
	}
	service := func(host, name string, contacts ...string) webtest.Row {
		return webtest.Row{"host_name": host, "description": name, "state": 2, "has_been_checked": 1, "peer_key": "a", "peer_name": "Wien", "contacts": contacts}
	}
	at := func(key, name string, row webtest.Row) webtest.Row {
		row["peer_key"], row["peer_name"] = key, name
		return row
	}
	w := &webtest.World{Parts: []lql.Part{webtest.Fresh("a")}, Tables: map[string][]webtest.Row{
		"sites":         {{"key": "a", "name": "Wien", "peer_key": "a"}},
		"hosts":         {host("web", "anna"), host("secret-db", "root"), host("twin", "anna"), webtest.Row{"name": "child", "has_been_checked": 1, "peer_key": "a", "peer_name": "Wien", "num_services": 2, "contacts": []string{"anna"}, "parents": []string{"web"}}, at("b", "Graz", host("twin", "anna")), at("c", "Linz", host("twin", "root"))},
		"hostgroups":    {{"name": "linux", "peer_key": "a", "peer_name": "Wien", "num_hosts": 3, "num_services": 12}},
		"servicegroups": {{"name": "sites", "peer_key": "a", "peer_name": "Wien", "members": [][2]string{{"web", "HTTP"}, {"web", "TLS"}}}},
		"services":      {service("web", "HTTP", "anna"), service("secret-db", "payroll", "root")},
	}}
	d := &desk{rules: command.Rules{WarnAbove: 1}}
	return webtest.New(t, w, func(_ *auth.Service, store *db.DB) []web.Feature {
		return []web.Feature{Feature(Options{Desk: d, Store: store})}
	}), d
}

func TestAcknowledge(t *testing.T) {
	s, d := start(t)
	form := s.Get("anna", "/act/acknowledge?on=a%7Cweb%7CHTTP")
	if form.Status != http.StatusOK || webtest.Text(form.One("[id=act-h]")) != "Acknowledge web / HTTP" {
		t.Fatalf("status %d: %s", form.Status, webtest.Text(form.One("main")))
	}
	if got := s.Post("anna", "/act/acknowledge", "on", "a|web|HTTP", "go", "give", "expires", "4h"); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Body, "Write something first") {
		t.Errorf("without a comment: %d", got.Status)
	}
	if n := len(d.orders()); n != 0 {
		t.Fatalf("%d orders without a comment", n)
	}
	got := s.Post("anna", "/act/acknowledge", "on", "a|web|HTTP", "go", "give", "expires", "never", "sticky", "1", "comment", "on it")
	if got.Status != http.StatusSeeOther || got.Header.Get("Location") != "/orders/1" {
		t.Fatalf("%d to %q", got.Status, got.Header.Get("Location"))
	}
	o := d.orders()[0]
	if o.Command != "ACKNOWLEDGE_SVC_PROBLEM" || o.Args["sticky"] != "2" || o.Args["notify"] != "0" || o.Args["comment"] != "on it" || len(o.Targets) != 1 || o.Targets[0] != (command.Target{Site: "a", Host: "web", Service: "HTTP"}) {
		t.Errorf("gave %+v", o)
	}
	if page := s.Get("anna", "/orders/1"); page.Status != http.StatusOK || !strings.Contains(page.Body, "Acknowledged 1 problem") {
		t.Errorf("its page: %d", page.Status)
	}
	if again := s.Get("anna", "/act/acknowledge?on=a%7Cweb"); !strings.Contains(again.Body, `<option value="on it">`) {
		t.Error("what was written last is not offered")
	}
}

// TestUntilOK: a downtime may end when the problem is over; an acknowledgement
// does so anyway.
func TestUntilOK(t *testing.T) {
	s, d := start(t)
	if form := s.Get("anna", "/act/downtime?on=a%7Cweb%7CHTTP"); !strings.Contains(form.Body, `value="ok"`) {
		t.Error("the end of the problem is not offered")
	}
	for _, length := range []string{"ok", "other"} {
		s.Post("anna", "/act/downtime", "on", "a|web|HTTP", "go", "give", "comment", "x", "length", length, "length_other", "Until OK")
	}
	s.Post("anna", "/act/acknowledge", "on", "a|web|HTTP", "go", "give", "comment", "x", "expires", "other", "expires_other", "bis ok")
	got := d.orders()
	if len(got) != 3 || !got[0].UntilOK || !got[1].UntilOK || got[0].Args["end_time"] == "" || got[2].Command != "ACKNOWLEDGE_SVC_PROBLEM" {
		t.Errorf("gave %+v", got)
	}
	for of, want := range map[string]string{"length": "7 days at most", "expires": "problem is solved", "begin": "no time"} {
		if a := s.Get("anna", "/act/when?text=until+OK&of="+of); !strings.Contains(a.Body, want) {
			t.Errorf("in words of %s: %s", of, a.Body)
		}
	}
}

// TestGroupMembers: a command for a group says how much it reaches, and that
// number is typed.
func TestGroupMembers(t *testing.T) {
	s, d := start(t)
	for _, tt := range []struct{ action, about, group, want string }{
		{"DISABLE_HOSTGROUP_HOST_CHECKS", "hostgroup", "a|linux", "1 group with 3 hosts"},
		{"DISABLE_HOSTGROUP_SVC_CHECKS", "hostgroup", "a|linux", "1 group with 12 services"},
		{"DISABLE_SERVICEGROUP_SVC_CHECKS", "servicegroup", "a|sites", "1 group with 2 services"},
	} {
		form := s.Get("root", "/act/"+tt.action+"?about="+tt.about+"&on="+strings.ReplaceAll(tt.group, "|", "%7C"))
		if got := webtest.Text(form.One("main .impact")); !strings.Contains(got, tt.want) {
			t.Errorf("%s says %q, want %q", tt.action, got, tt.want)
		}
		fields := []string{"on", tt.group, "about", tt.about, "go", "give", "note", "x"}
		if got := s.Post("root", "/act/"+tt.action, fields...); got.Status != http.StatusUnprocessableEntity || len(d.orders()) != 0 {
			t.Errorf("%s without the number: %d", tt.action, got.Status)
		}
	}
	if got := s.Post("root", "/act/DISABLE_HOSTGROUP_HOST_CHECKS", "on", "a|linux", "about", "hostgroup", "go", "give", "note", "x", "confirm", "3"); got.Status != http.StatusSeeOther {
		t.Errorf("with the number: %d", got.Status)
	}
}

// TestElsewhere: what has the same name on other sites is offered, as far as it
// is seen, and reached only when it is chosen.
func TestElsewhere(t *testing.T) {
	s, d := start(t)
	form := s.Get("anna", "/act/comment?on=a%7Ctwin")
	if also := webtest.Text(form.One(".also")); !strings.Contains(also, "Graz") || strings.Contains(also, "Wien") || strings.Contains(also, "Linz") {
		t.Errorf("offers %q", also)
	}
	if strings.Contains(s.Get("anna", "/act/comment?on=a%7Cweb").Body, `class="also"`) {
		t.Error("something is offered for a name that is there once")
	}
	for _, on := range [][]string{{"on", "a|twin"}, {"on", "a|twin", "on", "b|twin", "confirm", "2"}} {
		s.Post("anna", "/act/comment", append(on, "go", "give", "comment", "x")...)
	}
	got := d.orders()
	if len(got) != 2 || len(got[0].Targets) != 1 || len(got[1].Targets) != 2 || got[1].Targets[0] != (command.Target{Site: "b", Host: "twin"}) {
		t.Errorf("gave %+v", got)
	}
}

// TestManyAreConfirmed: the number of objects is typed, and the list is the one
// that was shown.
func TestManyAreConfirmed(t *testing.T) {
	s, d := start(t)
	fields := []string{"on", "a|web\na|web|HTTP", "go", "give", "comment", "both"}
	if got := s.Post("root", "/act/comment", fields...); got.Status != http.StatusUnprocessableEntity || len(d.orders()) != 0 {
		t.Fatalf("not confirmed: %d, %d orders", got.Status, len(d.orders()))
	}
	if got := s.Post("root", "/act/comment", append(fields, "confirm", "2")...); got.Status != http.StatusSeeOther || got.Header.Get("Location") != "/orders/1,2" {
		t.Errorf("confirmed: %d to %q", got.Status, got.Header.Get("Location"))
	}
}

// TestRedrawn: a form that is filled in says what it reaches as it is filled in,
// without calling anything wrong, and gives nothing.
func TestRedrawn(t *testing.T) {
	s, d := start(t)
	ask := func(fields ...string) webtest.Answer {
		t.Helper()
		a := s.PostWith("anna", "/act/downtime/form", []string{"X-Belvedere-Block", "impact"}, append(fields, "go", "give", "comment", "")...)
		if a.Status != http.StatusOK || strings.Contains(a.Body, `class="err"`) {
			t.Fatalf("%d: %s", a.Status, a.Body)
		}
		return a
	}
	for _, c := range []struct {
		fields []string
		want   string
		asks   string // number to type, "": none
	}{
		{[]string{"services", ""}, "web on site Wien", ""},
		{[]string{"services", "", "services", "1"}, "1 host and 2 services", "Type 3 to confirm"},
		{[]string{"services", "", "behind", "triggered"}, "2 hosts", "Type 2 to confirm"},
		{[]string{"services", "", "behind", "same"}, "2 hosts", "Type 2 to confirm"},
		{[]string{"services", "", "services", "1", "behind", "triggered"}, "2 hosts and 2 services", "Type 4 to confirm"},
		{[]string{"services", "", "services", "1", "behind", "same"}, "2 hosts and 4 services", "Type 6 to confirm"},
	} {
		a := ask(append(c.fields, "on", "a|web")...)
		if got := webtest.Text(a.One("[data-impact]")); !strings.HasPrefix(got, c.want) {
			t.Errorf("%v: reaches %q, want %q", c.fields, got, c.want)
		}
		if hidden := strings.Contains(a.Body, `data-number hidden`); hidden != (c.asks == "") || !hidden && webtest.Text(a.One("[data-number] label")) != c.asks {
			t.Errorf("%v: asks %q, want %q", c.fields, webtest.Text(a.One("[data-number]")), c.asks)
		}
	}
	two := ask("services", "", "on", "a|twin", "on", "b|twin")
	if n := webtest.Attr(two.One("[data-impact]"), "data-impact"); n != "2" {
		t.Errorf("with the other site: reaches %s, want 2", n)
	}
	if strings.Contains(two.Body, `data-number hidden`) || webtest.Text(two.One("[data-number] label")) != "Type 2 to confirm" || d.seen[len(d.seen)-1].Whole {
		t.Errorf("does not ask for the number, or takes the services with it: %s", two.Body)
	}
	page := s.Post("anna", "/act/acknowledge/form", "on", "a|web|HTTP", "go", "give", "comment", "half writ", "notify", "1")
	if page.Status != http.StatusOK || webtest.Attr(page.One("[name=comment]"), "value") != "half writ" || len(page.All("[name=sticky][checked]")) != 0 || len(page.All("[name=notify][checked]")) != 1 {
		t.Errorf("the form lost what was entered: %s", page.Body)
	}
	if n := len(d.orders()); n != 0 {
		t.Errorf("%d orders were given by looking", n)
	}
}

// TestNoTrace: who does not see an object learns nothing of it, whatever they
// ask for, and orders of others are not theirs to read or touch.
func TestNoTrace(t *testing.T) {
	s, d := start(t)
	for _, path := range []string{"/act/acknowledge?on=a%7Csecret-db%7Cpayroll", "/act/more?on=a%7Csecret-db", "/act/downtime?on=a%7Csecret-db", "/act/DISABLE_HOST_CHECK?on=a%7Csecret-db",
		"/act/comment?on=a%7Cnowhere", "/act/acknowledge?every=1&list=services&q=payroll"} {
		a := s.Get("anna", path)
		// The address is printed as it was asked for: what counts is the answer.
		if said := webtest.Text(a.One(".err-page")); a.Status != http.StatusNotFound || strings.Contains(said, "secret") || strings.Contains(said, "Wien") {
			t.Errorf("%s: %d %s", path, a.Status, said)
		}
	}
	both := s.Get("anna", "/act/comment?on=a%7Csecret-db&on=a%7Cweb")
	if on := webtest.Attr(both.One("[name=on]"), "value"); both.Status != http.StatusOK || on != "a|web\n" || strings.Contains(webtest.Text(both.One("[data-act-form]")), "secret") {
		t.Errorf("a selection with an object of others: %d, about %q", both.Status, on)
	}
	s.Post("anna", "/act/comment", "on", "a|secret-db\na|web", "go", "give", "comment", "x")
	if o := d.orders(); len(o) != 1 || len(o[0].Targets) != 1 || o[0].Targets[0].Host != "web" {
		t.Errorf("gave %+v", o)
	}
	s.Post("root", "/act/comment", "on", "a|secret-db", "go", "give", "comment", "secret")
	for _, path := range []string{"/orders/2", "/orders/1,2", "/orders/2/progress"} {
		if a := s.Get("anna", path); a.Status != http.StatusNotFound || strings.Contains(a.Body, "secret") {
			t.Errorf("%s: %d", path, a.Status)
		}
	}
	for _, what := range []string{"undo", "cancel", "retry"} {
		if a := s.Post("anna", "/orders/2/"+what); a.Status != http.StatusNotFound {
			t.Errorf("%s of another's order: %d", what, a.Status)
		}
	}
	if a := s.Get("root", "/orders/1"); a.Status != http.StatusOK {
		t.Errorf("an admin reads it: %d", a.Status)
	}
	if n := len(d.orders()); n != 2 {
		t.Errorf("%d orders, want 2", n)
	}
}

// TestEveryCommandHasAForm: each command of the schema is given by a form that
// asks for all its values.
func TestEveryCommandHasAForm(t *testing.T) {
	s, d := start(t)
	on := map[string]string{"host": "a|web", "service": "a|web|HTTP", "core": "a"}
	for _, def := range schema.Commands() {
		kind := about(&def)
		key, ok := on[kind]
		if !ok {
			continue // groups, contacts: by the same code; entries have forms of their own
		}
		fields := []string{"on", key, "go", "give", "confirm", "1", "note", "why"}
		if kind == "core" {
			fields = append(fields, "about", "core")
		}
		for _, p := range values(&def) {
			v := map[schema.ParamType]string{schema.PTimestamp: "2h", schema.PBool: "1", schema.PInt: "1", schema.PULong: "1"}[p.Type]
			if v == "" {
				v = "text"
			}
			if p.Name == "duration" {
				v = "1h"
			}
			fields = append(fields, "v_"+p.Name, v)
		}
		before := len(d.orders())
		if a := s.Post("root", "/act/"+def.Name, fields...); a.Status != http.StatusSeeOther {
			t.Errorf("%s: %d", def.Name, a.Status)
			continue
		}
		o := d.orders()[before]
		if o.Command != def.Name {
			t.Errorf("%s became %s", def.Name, o.Command)
		}
		for _, p := range values(&def) {
			if o.Args[p.Name] == "" {
				t.Errorf("%s: no %s", def.Name, p.Name)
			}
		}
	}
	if n := len(d.orders()); n < 90 {
		t.Errorf("only %s commands were given", strconv.Itoa(n))
	}
}

// TestMore: dangerous commands that are off are shown with the reason.
func TestMore(t *testing.T) {
	s, _ := start(t)
	a := s.Get("root", "/act/more?about=core&on=a")
	if a.Status != http.StatusOK || !strings.Contains(a.Body, "switched off in the configuration file") || !strings.Contains(a.Body, "DISABLE_NOTIFICATIONS") {
		t.Errorf("%d: %s", a.Status, webtest.Text(a.One("main")))
	}
	for _, n := range a.All("[data-act=SHUTDOWN_PROCESS]") {
		t.Errorf("the core can be stopped: %s", webtest.Text(n))
	}
}

// TestTitles: a form says what it does to what was chosen, to hosts, services
// or both, whichever of the two commands it was opened with.
// TestUnknown: an order of which nobody knows whether it was carried out is not
// called not done.
func TestUnknown(t *testing.T) {
	for _, tt := range []struct {
		unsure      int
		kind, title string
	}{{0, "crit", "Recheck: not done"}, {1, "warn", "Recheck: unknown whether it was done"}} {
		p := progress{orders: []command.Report{{Command: "SCHEDULE_FORCED_SVC_CHECK"}}, total: 1, unsure: tt.unsure, sites: []siteProgress{{name: "Linz", bad: 1, why: "Why."}}}
		if p.say(t.Context()); p.Kind != tt.kind || p.Title != tt.title {
			t.Errorf("%s %q, want %s %q", p.Kind, p.Title, tt.kind, tt.title)
		}
	}
	if kind := (orderLine{counts: map[command.State]int{command.Unknown: 1}}).kind(); kind != "unsure" {
		t.Errorf("in the list: %s", kind)
	}
}

func TestTitles(t *testing.T) {
	s, _ := start(t)
	host, service := "&on=a%7Cweb", "&on=a%7Cweb%7CHTTP"
	const silent = "Switch off notifications about the "
	for _, name := range []string{"DISABLE_SVC_NOTIFICATIONS", "DISABLE_HOST_NOTIFICATIONS"} {
		for on, want := range map[string]string{host: silent + "host", service: silent + "service", host + service: silent + "host; " + silent + "service"} {
			if got := webtest.Text(s.Get("root", "/act/"+name+"?x="+on).One("#act-h")); got != want {
				t.Errorf("%s of %s: %q, want %q", name, on, got, want)
			}
		}
	}
}

func TestGetsChangeNothing(t *testing.T) {
	s, d := start(t)
	for _, path := range []string{"/act/acknowledge?on=a%7Cweb&go=give&comment=x&quick=1", "/act/DISABLE_HOST_CHECK?on=a%7Cweb&go=give&note=x", "/act/when?text=90m", "/orders"} {
		if a := s.Get("root", path); a.Status != http.StatusOK {
			t.Errorf("%s: %d", path, a.Status)
		}
	}
	if n := len(d.orders()); n != 0 {
		t.Errorf("%d orders were given by looking", n)
	}
}

// TestArgs: the values of an order are said in words, and not those that say
// nothing.
func TestArgs(t *testing.T) {
	for _, tt := range []struct {
		name string
		args map[string]string
		want string
	}{
		{"ACKNOWLEDGE_SVC_PROBLEM", map[string]string{"sticky": "2", "notify": "1", "persistent": "0", "comment": "x"}, "[[Sticky yes] [Contacts told yes] [Persistent no] [Comment x]]"},
		{"ACKNOWLEDGE_SVC_PROBLEM", map[string]string{"sticky": "1"}, "[[Sticky no]]"},
		{"SCHEDULE_SVC_DOWNTIME", map[string]string{"fixed": "1", "trigger_id": "0", "duration": "7200"}, "[[Fixed yes]]"},
		{"SCHEDULE_SVC_DOWNTIME", map[string]string{"fixed": "0", "trigger_id": "7", "duration": "7200"}, "[[Fixed no] [Begun by downtime 7] [Lasts 2 h]]"},
		{"PROCESS_SERVICE_CHECK_RESULT", map[string]string{"status_code": "2", "plugin_output": "bad"}, "[[State CRITICAL] [Output bad]]"},
		{"PROCESS_SERVICE_CHECK_RESULT", map[string]string{"status_code": "99"}, "[[State 99]]"},
	} {
		if got := fmt.Sprint(argsOf(t.Context(), command.Report{Command: tt.name, Args: tt.args})); got != tt.want {
			t.Errorf("%s %v: %s", tt.name, tt.args, got)
		}
	}
}
