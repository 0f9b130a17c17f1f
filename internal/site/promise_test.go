package site_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"belvedere/internal/command"
	"belvedere/internal/lql"
	"belvedere/internal/site/sitetest"
	"belvedere/internal/store"
	"belvedere/internal/testkit"
)

// A clock is set by hand, ahead of the real one.
type clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *clock) forward(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

// ackUntil is an acknowledgement that expires.
func ackUntil(target command.Target, at time.Time, text string) command.Order {
	return command.Order{Command: "ACKNOWLEDGE_SVC_PROBLEM_EXPIRE", Targets: []command.Target{target},
		Args: map[string]string{"sticky": "2", "notify": "0", "persistent": "1", "end_time": unix(at), "comment": text}}
}

// promising is a desk over a core that knows no acknowledgements that expire,
// with a problem to acknowledge.
func promising(t *testing.T) (*bench, *clock, command.Target) {
	t.Helper()
	c := &clock{}
	b := deskWith(t, command.Options{Rate: 1000, SeenWithin: soon, Now: c.now, PromiseEvery: 10 * time.Millisecond}, testkit.Nagios4)
	target := b.services("a")[0]
	b.trouble(t, target)
	return b, c, target
}

// kept waits until no promise is open.
func (b *bench) kept(t *testing.T) {
	t.Helper()
	until(t, soon, "promises kept", func() bool {
		list, err := b.db.Promises(t.Context())
		return err == nil && len(list) == 0
	})
}

// TestAcknowledgedUntil: where the core lacks expiry, the desk takes the
// acknowledgement back when its time is over, also another desk than the one
// that gave it, and not before.
func TestAcknowledgedUntil(t *testing.T) {
	t.Parallel()
	b, c, target := promising(t)
	if it := b.give(t, ackUntil(target, c.now().Add(time.Hour), "for an hour")); it.State != command.Seen {
		t.Fatal(it)
	}
	if n := b.took("a", "ACKNOWLEDGE_SVC_PROBLEM;", "for an hour"); n != 1 {
		t.Fatalf("the core took %v", b.heard["a"])
	}
	c.forward(50 * time.Minute)
	b.restart(t)
	b.items(t, b.order(t, remark("time passes", target)))
	if n := b.took("a", "REMOVE_"); n != 0 {
		t.Fatal("it was taken back too early")
	}
	c.forward(11 * time.Minute)
	b.kept(t)
	b.untilColumn(t, target, "acknowledged", 0)
	if n := b.took("a", "REMOVE_SVC_ACKNOWLEDGEMENT"); n != 1 {
		t.Errorf("taken back %d times", n)
	}
}

// TestAnotherAcknowledgement: what somebody acknowledged anew stays, whether
// through the desk or not, also when the first comment is still there.
func TestAnotherAcknowledgement(t *testing.T) {
	t.Parallel()
	b, c, target := promising(t)
	if it := b.give(t, ackUntil(target, c.now().Add(time.Hour), "mine")); it.State != command.Seen {
		t.Fatal(it)
	}
	entry := b.entryOf(t, "comments", "mine")
	line := fmt.Sprintf("[%d] ACKNOWLEDGE_SVC_PROBLEM;%s;%s;2;0;1;otto;his", entry.At+1, target.Host, target.Service)
	for _, l := range []string{"REMOVE_SVC_ACKNOWLEDGEMENT;" + target.Host + ";" + target.Service, line} {
		if err := b.core.Command(l); err != nil {
			t.Fatal(err)
		}
	}
	b.entryOf(t, "comments", "his")
	c.forward(2 * time.Hour)
	b.kept(t)
	b.items(t, b.order(t, remark("after that", target)))
	if n := b.took("a", "REMOVE_SVC_ACKNOWLEDGEMENT"); n != 1 {
		t.Errorf("taken back %d times, of which one was ours to ignore", n)
	}
	b.untilColumn(t, target, "acknowledged", 1)
}

// TestAcknowledgedAgain: the same person acknowledges the same problem again
// in the same words, but for good.
func TestAcknowledgedAgain(t *testing.T) {
	t.Parallel()
	b, c, target := promising(t)
	if it := b.give(t, ackUntil(target, c.now().Add(time.Hour), "on it")); it.State != command.Seen {
		t.Fatal(it)
	}
	c.forward(time.Minute)
	again := ackUntil(target, c.now(), "on it")
	again.Command = "ACKNOWLEDGE_SVC_PROBLEM"
	delete(again.Args, "end_time")
	if it := b.give(t, again); it.State != command.Seen {
		t.Fatal(it)
	}
	b.kept(t)
	c.forward(2 * time.Hour)
	b.items(t, b.order(t, remark("after that", target)))
	if n := b.took("a", "REMOVE_"); n != 0 {
		t.Errorf("taken back %d times", n)
	}
}

// TestPromiseOfASiteThatIsDown: it is kept when the site is back, however long
// that takes.
func TestPromiseOfASiteThatIsDown(t *testing.T) {
	t.Parallel()
	b, c, target := promising(t)
	if it := b.give(t, ackUntil(target, c.now().Add(time.Hour), "until then")); it.State != command.Seen {
		t.Fatal(it)
	}
	b.core.SetFault(testkit.Fault{Kind: testkit.Refuse})
	until(t, soon, "down", func() bool { return view(b.fleet, "a").Health.State == store.Down })
	c.forward(30 * 24 * time.Hour)
	b.restart(t)
	b.core.SetFault(testkit.Fault{})
	b.kept(t)
	b.untilColumn(t, target, "acknowledged", 0)
}

// TestRenumbered: a comment that a person saw is deleted, not the one that has
// its number since the core was reloaded.
func TestRenumbered(t *testing.T) {
	t.Parallel()
	for _, p := range []testkit.Profile{testkit.Icinga2, testkit.Nagios4} {
		b := deskOf(t, p)
		targets := b.services("a")
		if got := states(b.items(t, b.order(t, remark("one of many", targets...)))); got != fmt.Sprintf("[seen:%d]", len(targets)) {
			t.Fatal(got)
		}
		number := map[string]int64{}
		for _, r := range b.core.Rows("comments") {
			number[r["host_name"].(string)+";"+r["service_description"].(string)] = r["id"].(int64)
		}
		doomed := targets[4]
		doomed.Entry = b.entryOf(t, "comments", "one of many")
		for _, r := range sitetest.Rows(view(b.fleet, "a").Snapshot, "comments") {
			if r["host_name"] == doomed.Host && r["service_description"] == doomed.Service {
				doomed.Entry.At = asInt(r["entry_time"])
			}
		}
		b.core.Reload() // and the store does not know yet
		if it := b.give(t, command.Order{Command: "DEL_SVC_COMMENT", Targets: []command.Target{doomed}}); it.State != command.Seen {
			t.Fatalf("%s: %+v", p, it)
		}
		if n := len(b.core.Rows("comments")); n != len(targets)-1 {
			t.Errorf("%s: %d comments left", p, n)
		}
		for _, r := range b.core.Rows("comments") {
			if r["host_name"] == doomed.Host && r["service_description"] == doomed.Service {
				t.Errorf("%s: another comment was deleted", p)
			}
		}
	}
}

// TestByNumber: a Livestatus client deletes by number; the number is that of
// the row it saw here.
func TestByNumber(t *testing.T) {
	t.Parallel()
	b := deskOf(t, testkit.Icinga2, testkit.Naemon)
	target := b.services("a")[0]
	if it := b.give(t, remark("to go", target)); it.State != command.Seen {
		t.Fatal(it)
	}
	id := b.core.Rows("comments")[0]["id"].(int64)
	send := b.desk.For(b.who)
	cmd := lql.Command{Name: "DEL_SVC_COMMENT", Args: []string{fmt.Sprint(id)}}
	if err := send.Send(t.Context(), cmd); err == nil {
		t.Error("taken for all sites")
	}
	cmd.Backends = []string{"b"}
	if err := send.Send(t.Context(), cmd); err == nil {
		t.Error("taken for a site without such a comment")
	}
	cmd.Backends = []string{"a"}
	if err := send.Send(t.Context(), cmd); err != nil {
		t.Fatal(err)
	}
	until(t, soon, "gone", func() bool { return len(b.core.Rows("comments")) == 0 })
}

// TestWhole: a host with all its services, where cores differ in what a
// command takes along; a triggered downtime; and checks spread over time.
func TestWhole(t *testing.T) {
	t.Parallel()
	for _, p := range []testkit.Profile{testkit.Naemon, testkit.Nagios4, testkit.Icinga2} {
		b := deskOf(t, p)
		host := command.Target{Site: "a", Host: b.services("a")[0].Host}
		now := time.Now()
		args := map[string]string{"start_time": unix(now), "end_time": unix(now.Add(time.Hour)), "comment": "all of it"}
		id := b.order(t, command.Order{Command: "SCHEDULE_HOST_DOWNTIME", Targets: []command.Target{host}, Whole: true, Args: args})
		if got := states(b.items(t, id)); !strings.HasPrefix(got, "[seen:") {
			t.Errorf("%s: %s", p, got)
		}
		hosts := 0
		rows := b.core.Rows("downtimes")
		for _, r := range rows {
			if r["service_description"] == "" {
				hosts++
			}
		}
		services := 0
		for _, s := range b.services("a") {
			if s.Host == host.Host {
				services++
			}
		}
		if hosts != 1 || len(rows) != services+1 {
			t.Errorf("%s: %d downtimes of the host, %d rows for it and %d services", p, hosts, len(rows), services)
		}
		by := b.services("a")[0]
		entry := b.hostEntry(t, "downtimes", host.Host)
		other := b.services("a")[len(b.services("a"))-1]
		other.Trigger = &command.Trigger{Host: by.Host, Entry: *entry}
		flexible := map[string]string{"start_time": unix(now), "end_time": unix(now.Add(time.Hour)), "fixed": "0", "duration": "600", "comment": "with it"}
		if it := b.give(t, command.Order{Command: "SCHEDULE_SVC_DOWNTIME", Targets: []command.Target{other}, Args: flexible}); it.State != command.Seen {
			t.Errorf("%s: triggered: %s %s", p, it.State, it.Reason)
		}
		for _, r := range b.core.Rows("downtimes") {
			if r["comment"] == "with it" && (asInt(r["triggered_by"]) == 0 || asInt(r["fixed"]) != 0 || asInt(r["duration"]) != 600) {
				t.Errorf("%s: %v", p, r)
			}
		}
	}
}

// TestSpread: checks of many are spread over the time that was asked for.
func TestSpread(t *testing.T) {
	t.Parallel()
	b := deskOf(t, testkit.Naemon)
	at := time.Now().Add(time.Hour)
	targets := b.services("a")
	items := b.items(t, b.order(t, command.Order{Command: "SCHEDULE_FORCED_SVC_CHECK", Targets: targets, Spread: time.Minute, Args: map[string]string{"check_time": unix(at)}}))
	if got := states(items); got != fmt.Sprintf("[seen:%d]", len(targets)) {
		t.Fatal(got)
	}
	due := map[int64]bool{}
	for _, r := range b.core.Rows("services") {
		n := asInt(r["next_check"])
		due[n] = true
		if n < at.Unix() || n >= at.Add(time.Minute).Unix() {
			t.Errorf("a check is due at %d", n)
		}
	}
	if len(due) < min(len(targets), 20) {
		t.Errorf("%d checks at %d instants", len(targets), len(due))
	}
	if _, err := b.desk.Give(t.Context(), b.who, command.Order{Command: "DISABLE_SVC_CHECK", Targets: targets, Spread: time.Minute}); err == nil {
		t.Error("switches can be spread")
	}
}
