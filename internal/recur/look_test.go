package recur_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/auth"
	"belvedere/internal/db"
	"belvedere/internal/recur"
	"belvedere/internal/store"
	"belvedere/internal/testkit"
)

// TestSetAhead: an occurrence is set once, ahead of its time, and the next one
// a day later; a restart sets nothing again.
func TestSetAhead(t *testing.T) {
	t.Parallel()
	for _, p := range []testkit.Profile{testkit.Naemon, testkit.Nagios4, testkit.Icinga2} {
		t.Run(string(p), func(t *testing.T) {
			t.Parallel()
			core := newCore(t, testkit.Options{Profile: p, Hosts: 3, ServicesPerHost: 2})
			s := newServer(t, t.TempDir(), core)
			host, services := core.host(0)
			id := s.add(s.nightly(host))
			want := each(host, services, s.name(0))
			s.look()
			s.settled(core)
			s.want("after the first look", core, want...)
			s.look()
			s.restart()
			s.look()
			s.settled(core)
			s.want("after a restart", core, want...)
			if n := s.orders(); n != len(want) {
				t.Errorf("%d orders for %d objects", n, len(want))
			}
			if st := s.rules.Status(id); st.Set != len(want) || st.Problem != "" || st.Hosts != 1 || st.Services != 2 {
				t.Errorf("status %+v", st)
			}
			tomorrow := s.name(1)
			s.wait(3 * time.Hour)
			s.look()
			s.settled(core)
			s.want("a night later", core, append(want, each(host, services, tomorrow)...)...)
		})
	}
}

// TestCrashBetween: what was given right before a crash is found again, though
// nobody noted it.
func TestCrashBetween(t *testing.T) {
	t.Parallel()
	core := newCore(t, testkit.Options{Hosts: 2, ServicesPerHost: 2})
	s := newServer(t, t.TempDir(), core)
	host, services := core.host(0)
	id := s.add(s.nightly(host))
	s.wrap = func(st recur.Store) recur.Store { return &forgetful{Store: st} }
	s.restart()
	s.look()
	if st := s.rules.Status(id); st.Problem != recur.Stuck {
		t.Errorf("a full disk is shown as %+v", st)
	}
	s.wrap = nil
	s.restart()
	s.look()
	s.settled(core)
	s.look()
	s.look()
	s.settled(core)
	s.want("after the crash", core, each(host, services, s.name(0))...)
}

// TestTwoServers: a second server with the same rules finds the marks of the
// first.
func TestTwoServers(t *testing.T) {
	t.Parallel()
	core := newCore(t, testkit.Options{Hosts: 2, ServicesPerHost: 3})
	one, two := newServer(t, t.TempDir(), core), newServer(t, t.TempDir(), core)
	host, services := core.host(1)
	id := one.add(one.nightly(host))
	r, err := one.db.Rule(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	err = two.db.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.AddRule(t.Context(), r)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	one.look()
	one.settled(core)
	two.settled(core)
	two.look()
	two.look()
	if n := two.orders(); n != 0 {
		t.Errorf("the second server gave orders for %d objects", n)
	}
	one.look()
	one.want("with two servers", core, each(host, services, one.name(0))...)
	if st := two.rules.Status(1); st.Set != 4 {
		t.Errorf("the second server shows %+v", st)
	}
}

// TestSiteDown: a site that is down gets its downtimes when it is back, and the
// rule says that it waits; the other site does not wait for it.
func TestSiteDown(t *testing.T) {
	t.Parallel()
	good, bad := newCore(t, testkit.Options{Name: "x", Hosts: 2, ServicesPerHost: 1}), newCore(t, testkit.Options{Name: "x", Hosts: 2, ServicesPerHost: 1})
	s := newServer(t, t.TempDir(), good, bad)
	bad.SetFault(testkit.Fault{Kind: testkit.Refuse})
	until(t, "the site is not fresh", func() bool { return s.state("b") != store.Fresh })
	x := s.nightly("")
	x.Scope = recur.Scope{Kind: recur.OnFilter, Filter: "host:*", Reach: recur.Hosts}
	id := s.add(x)
	s.look()
	s.settled(good)
	if n := len(good.downtimes()); n != 2 {
		t.Errorf("the good site has %d", n)
	}
	if st := s.rules.Status(id); !slices.Equal(st.Waiting, []string{"Site b"}) {
		t.Errorf("status %+v", st)
	}
	bad.SetFault(testkit.Fault{})
	until(t, "the site is back", func() bool { return s.state("b") == store.Fresh })
	s.wait(2*time.Hour + 10*time.Minute) // in the middle of the occurrence: it is caught up with
	s.look()
	s.settled(good, bad)
	if g, b := good.downtimes(), bad.downtimes(); len(g) != 4 || !slices.Equal(marks(g), marks(b)) {
		t.Errorf("the site that was down has %q, the other %q", b, g)
	}
	if st := s.rules.Status(id); len(st.Waiting) != 0 {
		t.Errorf("it still waits: %+v", st)
	}
}

// marks are the occurrences of downtimes, in order.
func marks(list []string) []string {
	var out []string
	for _, d := range list {
		out = append(out, d[strings.LastIndex(d, "|")+1:])
	}
	slices.Sort(out)
	return out
}

// TestFutureServices: what comes later counts too.
func TestFutureServices(t *testing.T) {
	t.Parallel()
	core := newCore(t, testkit.Options{Hosts: 3, ServicesPerHost: 2})
	s := newServer(t, t.TempDir(), core)
	host, services := core.host(0)
	x := s.nightly("")
	x.Scope = recur.Scope{Kind: recur.OnFilter, Filter: fmt.Sprintf("host=%q", host), Reach: recur.Both}
	id := s.add(x)
	s.look()
	s.settled(core)
	core.AddService(host, "Brand new")
	core.Reload()
	until(t, "the new service", func() bool {
		s.look()
		return len(core.downtimes()) == 4
	})
	if st := s.rules.Status(id); st.Services != 3 {
		t.Errorf("status %+v", st)
	}
	s.want("with a new service", core, each(host, append(services, "Brand new"), s.name(0))...)
}

// TestScopes: each kind of scope means what it says.
func TestScopes(t *testing.T) {
	t.Parallel()
	core := newCore(t, testkit.Options{Hosts: 6, ServicesPerHost: 3})
	s := newServer(t, t.TempDir(), core)
	host, services := core.host(0)
	var hg, sg string
	var inHG, inSG []string
	for _, r := range core.Rows("hosts") {
		if list, _ := r["groups"].([]string); len(list) > 0 && (hg == "" || slices.Contains(list, hg)) {
			hg = list[0]
			inHG = append(inHG, r["name"].(string))
		}
	}
	for _, r := range core.Rows("services") {
		if list, _ := r["groups"].([]string); len(list) > 0 && (sg == "" || slices.Contains(list, sg)) {
			if sg == "" {
				sg = list[0]
			}
			inSG = append(inSG, r["host_name"].(string)+"|"+r["description"].(string))
		}
	}
	count := func(scope recur.Scope) string {
		f, err := scope.Find(t.Context(), s.engine.For(access.Viewer{All: true}), time.Now())
		if err != nil {
			return err.Error()
		}
		return fmt.Sprintf("%d+%d", f.Hosts, f.Services())
	}
	sgHosts := map[string]bool{}
	for _, x := range inSG {
		host, _, _ := strings.Cut(x, "|")
		sgHosts[host] = true
	}
	for _, tt := range []struct {
		scope recur.Scope
		want  string
	}{
		{recur.Scope{Kind: recur.OnHost, Site: "a", Host: host, Reach: recur.Both}, "1+3"},
		{recur.Scope{Kind: recur.OnHost, Site: "a", Host: host, Reach: recur.Hosts}, "1+0"},
		{recur.Scope{Kind: recur.OnHost, Site: "a", Host: host, Reach: recur.Services}, "0+3"},
		{recur.Scope{Kind: recur.OnHost, Site: "gone", Host: host, Reach: recur.Both}, "0+0"},
		{recur.Scope{Kind: recur.OnService, Site: "a", Host: host, Service: services[0]}, "0+1"},
		{recur.Scope{Kind: recur.OnSite, Site: "a", Reach: recur.Both}, "6+18"},
		{recur.Scope{Kind: recur.OnHostgroup, Group: hg, Reach: recur.Both}, fmt.Sprintf("%d+%d", len(inHG), 3*len(inHG))},
		{recur.Scope{Kind: recur.OnServicegroup, Group: sg, Reach: recur.Services}, fmt.Sprintf("0+%d", len(inSG))},
		{recur.Scope{Kind: recur.OnServicegroup, Group: sg, Reach: recur.Both}, fmt.Sprintf("%d+%d", len(sgHosts), len(inSG))},
		{recur.Scope{Kind: recur.OnFilter, Filter: fmt.Sprintf("host=%q", host), Reach: recur.Both}, "1+3"},
		{recur.Scope{Kind: recur.OnFilter, Filter: fmt.Sprintf("service=%q", services[0]), Reach: recur.Services}, count(recur.Scope{Kind: recur.OnFilter, Filter: "service:" + `"` + services[0] + `"`, Reach: recur.Services})},
		{recur.Scope{Kind: recur.OnFilter, Filter: "host:nosuchhost", Reach: recur.Both}, "0+0"},
	} {
		if got := count(tt.scope); got != tt.want {
			t.Errorf("%+v means %s, want %s", tt.scope, got, tt.want)
		}
	}
}

// TestAuthor: rights are those of the author at that time.
func TestAuthor(t *testing.T) {
	t.Parallel()
	core := newCore(t, testkit.Options{Hosts: 2, ServicesPerHost: 1})
	s := newServer(t, t.TempDir(), core)
	host, _ := core.host(0)
	id := s.add(s.nightly(host))
	demoted := eva
	demoted.Role, demoted.SeeAll = access.RoleViewer, true
	s.people.set(demoted)
	s.look()
	if st := s.rules.Status(id); st.Problem != recur.Denied || st.Reason == "" {
		t.Errorf("a demoted author is shown as %+v", st)
	}
	s.people.remove(1)
	s.look()
	if st := s.rules.Status(id); st.Problem != recur.Gone {
		t.Errorf("an author who is gone is shown as %+v", st)
	}
	disabled := eva
	disabled.Disabled = true
	s.people.set(disabled)
	s.look()
	if st := s.rules.Status(id); st.Problem != recur.Gone {
		t.Errorf("a disabled author is shown as %+v", st)
	}
	if n := s.orders(); n != 0 {
		t.Errorf("orders for %d objects were given", n)
	}
	contact := auth.Person{ID: 1, Username: "eva", Role: access.RoleOperator, Contact: "nobody-known"}
	s.people.set(contact)
	s.look()
	if st := s.rules.Status(id); st.Problem != recur.Nothing {
		t.Errorf("an author who sees nothing is shown as %+v", st)
	}
	s.people.set(eva)
	s.look()
	s.settled(core)
	if n := len(core.downtimes()); n != 2 {
		t.Errorf("with rights again the core has %q", core.downtimes())
	}
	orders, err := s.db.Orders(t.Context(), db.OrderQuery{})
	if err != nil || len(orders) == 0 || orders[0].Who != "eva" || orders[0].Via != "recurring" || orders[0].Note != "a rule" {
		t.Errorf("orders %+v, %v", orders, err)
	}
}

// TestChange: what was set for later is replaced where the rule now says
// something else, and left where it says the same.
func TestChange(t *testing.T) {
	t.Parallel()
	core := newCore(t, testkit.Options{Hosts: 3, ServicesPerHost: 2})
	s := newServer(t, t.TempDir(), core)
	host, services := core.host(0)
	other, more := core.host(1)
	x, name := s.nightly(host), s.name(0)
	id := s.add(x)
	s.look()
	s.settled(core)
	change := func(what string, want ...string) {
		t.Helper()
		if err := s.rules.Change(t.Context(), auth.Actor{ID: 1, Name: "eva"}, id, "a rule", x); err != nil {
			t.Fatal(err)
		}
		for range 3 { // sets, cancels, forgets
			s.look()
			s.settled(core)
			s.wait(time.Second)
		}
		s.want(what, core, want...)
	}
	x.Lasts = 3 * 3600
	change("longer", each(host, services, name)...)
	for _, r := range core.Rows("downtimes") {
		start, end := r["start_time"], r["end_time"]
		if fmt.Sprint(end) != fmt.Sprint(start.(int64)+3*3600) {
			t.Errorf("a downtime lasts from %v to %v", start, end)
		}
	}
	before := s.orders()
	x.Lead = int64(25 * time.Hour / time.Second)
	change("the same", each(host, services, name)...)
	if n := s.orders(); n != before {
		t.Errorf("orders for %d objects that stay as they are", n-before)
	}
	x.Scope.Host = other
	change("another host", each(other, more, name)...)
	x.Except = []string{s.clock().UTC().Add(2 * time.Hour).Format(time.DateOnly)}
	x.Lead = int64(12 * time.Hour / time.Second)
	change("a day left out")
	x.Except = nil
	x.Scope.Reach = recur.Hosts
	change("the host alone", other+"||"+name)
}

// TestCancelledByHand: what somebody takes away stays away.
func TestCancelledByHand(t *testing.T) {
	t.Parallel()
	core := newCore(t, testkit.Options{Hosts: 2, ServicesPerHost: 1})
	s := newServer(t, t.TempDir(), core)
	host, services := core.host(0)
	s.add(s.nightly(host))
	s.look()
	s.settled(core)
	s.look()
	for _, r := range core.Rows("downtimes") {
		if r["service_description"] == "" {
			if err := core.Command(fmt.Sprintf("DEL_HOST_DOWNTIME;%v", r["id"])); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.settled(core)
	s.look()
	s.wait(20 * time.Minute)
	s.look()
	s.settled(core)
	s.want("without the one of the host", core, host+"|"+services[0]+"|"+time.Now().UTC().Truncate(time.Minute).Add(2*time.Hour).Format("20060102T1504"))
}

// TestDelete: a rule that goes can take along what it has set, also where a
// site is down at that moment; or leave it.
func TestDelete(t *testing.T) {
	t.Parallel()
	core := newCore(t, testkit.Options{Hosts: 2, ServicesPerHost: 2})
	s := newServer(t, t.TempDir(), core)
	host, services := core.host(0)
	keep := s.add(s.nightly(host))
	s.look()
	s.settled(core)
	by := auth.Actor{ID: 1, Name: "eva"}
	if err := s.rules.Delete(t.Context(), by, keep, false); err != nil {
		t.Fatal(err)
	}
	gone := s.add(s.nightly(host))
	s.look()
	s.settled(core)
	if n := len(core.downtimes()); n != 6 {
		t.Fatalf("the core has %d downtimes of two rules", n)
	}
	s.look()
	core.SetFault(testkit.Fault{Kind: testkit.Refuse})
	until(t, "the site is not fresh", func() bool { return s.state("a") != store.Fresh })
	if err := s.rules.Delete(t.Context(), by, gone, true); err != nil {
		t.Fatal(err)
	}
	if list, err := s.rules.Rules(t.Context(), eva); err != nil || len(list) != 0 {
		t.Errorf("a deleted rule is listed: %v %v", list, err)
	}
	s.look()
	core.SetFault(testkit.Fault{})
	until(t, "the site is back", func() bool { return s.state("a") == store.Fresh })
	s.look()
	s.settled(core)
	s.want("of the first rule", core, each(host, services, s.name(0))...)
	s.look()
	if rules, err := s.db.Rules(t.Context()); err != nil || len(rules) != 0 {
		t.Errorf("rules left: %v %v", rules, err)
	}
}

// TestPauseAndNothing: a paused rule sets nothing, one that matches nothing
// says so.
func TestPauseAndNothing(t *testing.T) {
	t.Parallel()
	core := newCore(t, testkit.Options{Hosts: 2, ServicesPerHost: 1})
	s := newServer(t, t.TempDir(), core)
	host, _ := core.host(0)
	id, by := s.add(s.nightly(host)), auth.Actor{ID: 1, Name: "eva"}
	none := s.add(s.nightly("no-such-host"))
	if err := s.rules.Pause(t.Context(), by, id, true); err != nil {
		t.Fatal(err)
	}
	s.look()
	if st := s.rules.Status(none); st.Problem != recur.Nothing {
		t.Errorf("status %+v", st)
	}
	if n := s.orders(); n != 0 {
		t.Errorf("a paused rule gave orders for %d objects", n)
	}
	if err := s.rules.Pause(t.Context(), by, id, false); err != nil {
		t.Fatal(err)
	}
	s.look()
	s.settled(core)
	if n := len(core.downtimes()); n != 2 {
		t.Errorf("it goes on with %q", core.downtimes())
	}
	log, err := s.db.AuditLog(t.Context(), db.AuditQuery{Action: "recurring."})
	var did []string
	for _, e := range log {
		did = append(did, e.Action)
	}
	if want := []string{"recurring.resume", "recurring.pause", "recurring.add", "recurring.add"}; err != nil || !slices.Equal(did, want) {
		t.Errorf("the record has %q, want %q (%v)", did, want, err)
	}
}

// TestSeesAndMay: who sees a rule, and who may change it.
func TestSeesAndMay(t *testing.T) {
	raw, _ := json.Marshal(recur.Spec{})
	r := db.Rule{Author: 7, Spec: raw}
	for _, tt := range []struct {
		name      string
		p         auth.Person
		sees, may bool
	}{
		{"author", auth.Person{ID: 7, Role: access.RoleOperator, Contact: "x"}, true, true},
		{"admin", auth.Person{ID: 8, Role: access.RoleAdmin}, true, true},
		{"sees all", auth.Person{ID: 9, Role: access.RoleOperator, SeeAll: true}, true, false},
		{"contact", auth.Person{ID: 10, Role: access.RoleOperator, Contact: "y"}, false, false},
		{"nobody", auth.Person{}, false, false},
	} {
		if recur.Sees(tt.p, r) != tt.sees || recur.May(tt.p, r) != tt.may {
			t.Errorf("%s sees %v, may %v", tt.name, recur.Sees(tt.p, r), recur.May(tt.p, r))
		}
	}
}

// TestCalendar: what is to come, what a rule means, and what was seen to end.
func TestCalendar(t *testing.T) {
	t.Parallel()
	core := newCore(t, testkit.Options{Hosts: 2, ServicesPerHost: 1})
	s := newServer(t, t.TempDir(), core)
	host, _ := core.host(0)
	other, _ := core.host(1)
	s.add(s.nightly(host))
	now := time.Now().Unix()
	for _, line := range []string{
		fmt.Sprintf("SCHEDULE_HOST_DOWNTIME;%s;%d;%d;1;0;7200;tom;by hand", other, now-60, now+7200),
	} {
		if err := core.Command(line); err != nil {
			t.Fatal(err)
		}
	}
	s.settled(core)
	s.look()
	s.settled(core)
	s.look()
	show := func(p auth.Person) []string {
		list, more, _, err := s.rules.Calendar(t.Context(), p, p.Viewer(), s.clock().Add(-24*time.Hour), s.clock().Add(60*time.Hour))
		if err != nil || more {
			t.Fatal(more, err)
		}
		var out []string
		for _, e := range list {
			out = append(out, fmt.Sprintf("%s %s %d rule %v", e.Stage, e.Text, e.Objects, e.Rule != nil))
		}
		return out
	}
	want := []string{"now by hand 1 rule false", "coming patching 2 rule true", "planned patching 2 rule true", "planned patching 2 rule true"}
	if got := show(eva); !slices.Equal(got, want) {
		t.Errorf("calendar %q, want %q", got, want)
	}
	for _, r := range core.Rows("downtimes") {
		if r["author"] == "tom" {
			if err := core.Command(fmt.Sprintf("DEL_HOST_DOWNTIME;%v", r["id"])); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.settled(core)
	s.look()
	want[0] = "past by hand 1 rule false"
	if got := show(eva); !slices.Equal(got, want) {
		t.Errorf("afterwards %q, want %q", got, want)
	}
	s.restart() // nothing is seen twice
	s.look()
	if got := show(eva); !slices.Equal(got, want) {
		t.Errorf("after a restart %q, want %q", got, want)
	}
	if got := show(auth.Person{ID: 5, Role: access.RoleOperator, Contact: "nobody-known"}); len(got) != 0 {
		t.Errorf("who sees nothing sees %q", got)
	}
}
