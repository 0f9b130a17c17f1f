package site_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"belvedere/internal/command"
	"belvedere/internal/db"
	"belvedere/internal/site/sitetest"
	"belvedere/internal/store"
	"belvedere/internal/testkit"
)

// TestNotSeen: an effect that does not show ends with the reason, if that can
// be known, and exactly those items are repeated.
func TestNotSeen(t *testing.T) {
	t.Parallel()
	c := &clock{}
	b := deskWith(t, command.Options{Rate: 1000, SeenWithin: soon, Now: c.now}, testkit.Naemon, testkit.Nagios4)
	targets := append(b.services("a")[:3], b.services("b")[:3]...)
	b.cores["b"].SetCommands(false)
	b.cores["b"].Reload()
	until(t, soon, "switched off", func() bool { return view(b.fleet, "b").Snapshot.Int("status", "check_external_commands", 0) == 0 })
	id := b.order(t, remark("look at it", targets...))
	b.tooLate(t, c, id, "b")
	for _, it := range b.items(t, id) {
		switch {
		case it.Target.Site == "a" && it.State != command.Seen:
			t.Errorf("%v: %s %s", it.Target, it.State, it.Reason)
		case it.Target.Site == "b" && (it.State != command.Unseen || it.Reason != "External commands are switched off in this core."):
			t.Errorf("%v: %s %s", it.Target, it.State, it.Reason)
		}
	}
	b.cores["b"].SetCommands(true)
	again, err := b.desk.Retry(t.Context(), b.who, id)
	if err != nil {
		t.Fatal(err)
	}
	items := b.items(t, again)
	if got := states(items); got != "[seen:3]" || items[0].Target.Site != "b" {
		t.Errorf("repeated: %s %+v", got, items)
	}
	if a, other := b.took("a", "look at it"), b.took("b", "look at it"); a != 3 || other != 3 {
		t.Errorf("%d and %d commands, not 3 and 3", a, other)
	}
	if _, err := b.desk.Retry(t.Context(), b.who, again); err == nil {
		t.Error("what was seen is repeated")
	}
}

// tooLate has the time go by in which the effects of an order may show, once a
// site was read after all of it was sent there and the rest is seen.
func (b *bench) tooLate(t *testing.T, c *clock, id int64, site string) {
	t.Helper()
	until(t, soon, "read after it was sent", func() bool {
		for _, it := range b.now(t, id) {
			switch {
			case it.Target.Site != site && it.State != command.Seen, it.Target.Site == site && it.State != command.Sent,
				it.Target.Site == site && !view(b.fleet, site).Health.LastOK.After(it.Sent):
				return false
			}
		}
		return true
	})
	c.forward(2 * soon)
}

// TestLateEffect: what shows after its time is not repeated, it becomes seen.
func TestLateEffect(t *testing.T) {
	t.Parallel()
	b := deskWith(t, command.Options{Rate: 1000, SeenWithin: time.Second}, testkit.Naemon)
	target := b.services("a")[0]
	b.core.SetCommands(false)
	id := b.order(t, remark("is it late?", target))
	if got := states(b.items(t, id)); got != "[unseen:1]" {
		t.Fatal(got)
	}
	b.core.SetCommands(true)
	if err := b.core.Command("ADD_SVC_COMMENT;" + target.Host + ";" + target.Service + ";1;eva;is it late?"); err != nil {
		t.Fatal(err)
	}
	until(t, soon, "the comment", func() bool { return len(sitetest.Rows(view(b.fleet, "a").Snapshot, "comments")) == 1 })
	if id, err := b.desk.Retry(t.Context(), b.who, id); err == nil {
		t.Errorf("repeated as %d", id)
	}
	if got := states(b.now(t, id)); got != "[seen:1]" {
		t.Error(got)
	}
}

// TestRefusedByTheCore: a core's own words are the reason.
func TestRefusedByTheCore(t *testing.T) {
	t.Parallel()
	for _, p := range []testkit.Profile{testkit.Naemon, testkit.Icinga2} {
		b := deskOf(t, p)
		target := b.services("a")[0]
		o := b.order(t, command.Order{Command: "CHANGE_SVC_CHECK_TIMEPERIOD", Targets: []command.Target{target}, Args: map[string]string{"check_timeperiod": "no such period"}})
		it := b.items(t, o)[0]
		if it.State != command.Failed || !strings.Contains(it.Reason, "Failed validation") || strings.Contains(it.Reason, "\n") {
			t.Errorf("%s: %s %q", p, it.State, it.Reason)
		}
	}
}

// TestSiteDown: an order for a site that is down is sent when it is back, or
// fails when its time is over; the other site does not wait.
func TestSiteDown(t *testing.T) {
	t.Parallel()
	b := deskOf(t, testkit.Naemon, testkit.Nagios4)
	b.core.SetFault(testkit.Fault{Kind: testkit.Refuse})
	until(t, soon, "down", func() bool { return view(b.fleet, "a").Health.State == store.Down })
	held := b.order(t, remark("when it is back", b.services("a")[0], b.services("b")[0]))
	over := remark("not in time", b.services("a")[0])
	over.Hold = 300 * time.Millisecond
	it := b.give(t, over)
	if it.State != command.Failed || !strings.HasPrefix(it.Reason, "The site could not be reached in time. ") || len(it.Reason) < 50 {
		t.Errorf("%s %q", it.State, it.Reason)
	}
	until(t, soon, "seen at the other site", func() bool { return b.now(t, held)[1].State == command.Seen })
	if it := b.now(t, held)[0]; it.State != command.Accepted || it.Reason == "" {
		t.Errorf("%s %q", it.State, it.Reason)
	}
	b.core.SetFault(testkit.Fault{})
	if got := states(b.items(t, held)); got != "[seen:2]" {
		t.Error(got)
	}
	if n := b.took("a", "not in time") + 10*b.took("a", "when it is back"); n != 10 {
		t.Errorf("the core took %v", b.heard["a"])
	}
}

// TestHangingSite: one that hangs holds up nobody, and what was sent to it is
// neither called seen nor repeated.
func TestHangingSite(t *testing.T) {
	t.Parallel()
	b := deskWith(t, command.Options{Rate: 1000, SeenWithin: 20 * time.Second, Hold: 15 * time.Second}, testkit.Icinga2, testkit.Naemon, testkit.Nagios4)
	for _, key := range []string{"a", "c"} {
		b.cores[key].SetFault(testkit.Fault{Kind: testkit.Hang})
	}
	var targets []command.Target
	for _, key := range []string{"a", "b", "c"} {
		targets = append(targets, b.services(key)[:8]...)
	}
	id := b.order(t, remark("does it hang?", targets...))
	until(t, soon, "seen at the site that works", func() bool {
		for _, it := range b.now(t, id) {
			if it.Target.Site == "b" && it.State != command.Seen {
				return false
			}
		}
		return true
	})
	for _, it := range b.items(t, id) {
		if it.Target.Site != "b" && it.State != command.Unknown && it.State != command.Failed {
			t.Errorf("%v: %s %s", it.Target, it.State, it.Reason)
		}
	}
	// One of which nobody knew was carried out, as it turns out.
	for _, it := range b.now(t, id) {
		if it.State == command.Unknown {
			line := "ADD_SVC_COMMENT;" + it.Target.Host + ";" + it.Target.Service + ";1;eva;does it hang?"
			if err := b.cores[it.Target.Site].Command(line); err != nil {
				t.Fatal(err)
			}
			b.cores[it.Target.Site].SetFault(testkit.Fault{})
			until(t, soon, "known", func() bool { return b.now(t, id)[it.N].State == command.Seen })
			return
		}
	}
	t.Error("nothing is unknown")
}

// TestCancel: what is not sent is taken back for good; the rest goes on.
func TestCancel(t *testing.T) {
	t.Parallel()
	b := deskWith(t, command.Options{Rate: 4, SeenWithin: soon}, testkit.Naemon)
	id := b.order(t, remark("too much", b.services("a")...))
	until(t, soon, "the first ones", func() bool { return b.took("a", "too much") > 1 })
	other := b.who
	other.Name, other.Role = "otto", "operator"
	if _, err := b.desk.Cancel(t.Context(), other, id); err == nil {
		t.Error("somebody else's order is taken back")
	}
	n, err := b.desk.Cancel(t.Context(), b.who, id)
	if err != nil || n == 0 {
		t.Fatal(n, err)
	}
	b.restart(t)
	items := b.items(t, id)
	seen := 0
	for _, it := range items {
		if it.State == command.Seen {
			seen++
		} else if it.State != command.Cancelled {
			t.Errorf("%v: %s %s", it.Target, it.State, it.Reason)
		}
	}
	if took := b.took("a", "too much"); took != seen || seen+n < len(items)-1 || seen+n > len(items) {
		t.Errorf("%d taken by the core, %d seen, %d cancelled of %d", took, seen, n, len(items))
	}
}

// TestRate: no site gets more commands a second than it should, however much
// happens; a small order does not wait for a large one; and what is about the
// same object stays in order.
func TestRate(t *testing.T) {
	t.Parallel()
	b := deskWith(t, command.Options{Rate: 12, SeenWithin: soon}, testkit.Naemon)
	all := b.services("a")
	big := b.order(t, remark("large", all...))
	last := all[len(all)-1]
	small := b.order(t, remark("small", all[0]))
	same := b.order(t, remark("same", last))
	for range 50 { // a site at which much happens
		b.hub.Publish(liveNews("a"))
	}
	b.items(t, small)
	if r, err := b.desk.Report(t.Context(), big); err != nil || r.Open() == 0 {
		t.Errorf("the small order waited for the large one: %+v %v", r, err)
	}
	items := append(b.items(t, big), b.items(t, same)...)
	var first, until time.Time
	for _, it := range items {
		if first.IsZero() || it.Sent.Before(first) {
			first = it.Sent
		}
		if it.Sent.After(until) {
			until = it.Sent
		}
	}
	if took, least := until.Sub(first), time.Duration(len(all)+2-6)*time.Second/12; took < least {
		t.Errorf("%d commands in %v, which is more than 12 a second", len(all)+2, took)
	}
	if heard := strings.Join(b.heard["a"], "\n"); strings.Index(heard, last.Host+";"+last.Service+";1;eva;same") < strings.Index(heard, last.Host+";"+last.Service+";1;eva;large") {
		t.Error("the younger order for the same object overtook the older one")
	}
}

// TestEditDowntime: the new one is set and seen before the old one goes; when
// it is not seen, the old one stays.
func TestEditDowntime(t *testing.T) {
	t.Parallel()
	for _, p := range []testkit.Profile{testkit.Naemon, testkit.Nagios4, testkit.Icinga2} {
		t.Run(string(p), func(t *testing.T) {
			t.Parallel()
			c := &clock{}
			b := deskWith(t, command.Options{Rate: 1000, SeenWithin: soon, Now: c.now}, p)
			target := b.services("a")[0]
			args := func(text string, hours time.Duration) map[string]string {
				return map[string]string{"start_time": unix(time.Now()), "end_time": unix(time.Now().Add(hours * time.Hour)), "comment": text}
			}
			o := command.Order{Command: "SCHEDULE_SVC_DOWNTIME", Targets: []command.Target{target}, Args: args("work", 1)}
			if it := b.give(t, o); it.State != command.Seen {
				t.Fatal(it)
			}
			target.Entry = b.entryOf(t, "downtimes", "work")
			o.Targets[0], o.Args = target, args("work", 2)
			set, cancel, err := b.desk.EditDowntime(t.Context(), b.who, o)
			if err != nil {
				t.Fatal(err)
			}
			if got := states(b.items(t, set)) + states(b.items(t, cancel)); got != "[seen:1][seen:1]" {
				t.Error(got)
			}
			rows := b.core.Rows("downtimes")
			if len(rows) != 1 || rows[0]["end_time"].(int64) < time.Now().Add(90*time.Minute).Unix() {
				t.Errorf("downtimes %v", rows)
			}
			target.Entry = b.entryOf(t, "downtimes", "work")
			b.core.SetCommands(false)
			o.Targets[0], o.Args = target, args("lost", 3)
			if set, cancel, err = b.desk.EditDowntime(t.Context(), b.who, o); err != nil {
				t.Fatal(err)
			}
			b.tooLate(t, c, set, "a")
			if got := states(b.items(t, set)) + states(b.items(t, cancel)); got != "[unseen:1][refused:1]" {
				t.Error(got)
			}
		})
	}
}

// TestRules: what the house demands holds on every way in.
func TestRules(t *testing.T) {
	t.Parallel()
	b := deskWith(t, command.Options{Rate: 1000, SeenWithin: soon, Rules: command.Rules{Ticket: regexp.MustCompile(`[A-Z]+-\d+`), Reasons: true}}, testkit.Naemon)
	target := b.services("a")[0]
	now := time.Now()
	downtime := func(comment string, start, end time.Time) command.Order {
		return command.Order{Command: "SCHEDULE_SVC_DOWNTIME", Targets: []command.Target{target}, Args: map[string]string{"start_time": unix(start), "end_time": unix(end), "comment": comment}}
	}
	flexible := downtime("OPS-1", now, now.Add(time.Hour))
	flexible.Args["fixed"] = "0"
	silent := command.Order{Command: "DISABLE_SVC_CHECK", Targets: []command.Target{target}}
	said := silent
	said.Note = "it wakes everybody"
	for _, c := range []struct {
		o     command.Order
		param string // at fault, "": none
	}{
		{downtime("work", now, now.Add(time.Hour)), "comment"},
		{downtime("work OPS-17", now, now.Add(time.Hour)), ""},
		{downtime("OPS-17", now.Add(2*time.Hour), now.Add(time.Hour)), "end_time"},
		{downtime("OPS-17", now.Add(-2*time.Hour), now.Add(-time.Hour)), "end_time"},
		{flexible, "duration"},
		{remark("no ticket is needed here", target), ""},
		{silent, "note"},
		{said, ""},
	} {
		_, err := b.desk.Give(t.Context(), b.who, c.o)
		p, _ := errors.AsType[*command.Problem](err)
		if (p != nil) != (c.param != "") || p != nil && p.Param != c.param {
			t.Errorf("%s %v: %v, not a problem with %q", c.o.Command, c.o.Args, err, c.param)
		}
	}
}

// TestRightsWhenSent: who lost a right between the order and its sending does
// not use it any more.
func TestRightsWhenSent(t *testing.T) {
	t.Parallel()
	standing := command.Standing{Role: "admin"}
	standing.Viewer.All = true
	got := make(chan command.Standing, 1)
	got <- standing
	b := deskWith(t, command.Options{Rate: 1000, SeenWithin: soon, Who: func(context.Context, int64) (command.Standing, error) {
		s := <-got
		got <- s
		return s, nil
	}}, testkit.Naemon)
	b.who.ID = 7
	target := b.services("a")[0]
	if it := b.give(t, remark("may I?", target)); it.State != command.Seen {
		t.Fatal(it)
	}
	demoted, blind := standing, standing
	demoted.Role = "viewer"
	blind.Viewer.All = false
	for want, s := range map[string]command.Standing{
		"eva may not sign in here any more.":                  {Gone: true},
		"Your role (viewer) may not give this command.":       demoted,
		"There is no such object here, or you do not see it.": blind,
	} {
		b.core.SetFault(testkit.Fault{Kind: testkit.Refuse})
		until(t, soon, "down", func() bool { return view(b.fleet, "a").Health.State == store.Down })
		id := b.order(t, remark("and now?", target))
		<-got
		got <- s
		b.core.SetFault(testkit.Fault{})
		if it := b.items(t, id)[0]; it.State != command.Refused || it.Reason != want {
			t.Errorf("%s %q, not %q", it.State, it.Reason, want)
		}
		<-got
		got <- standing
	}
	if n := b.took("a", "and now?"); n != 0 {
		t.Errorf("%d commands were sent", n)
	}
}

// TestAudit: who, when, from where, what, on what, and how it ended.
func TestAudit(t *testing.T) {
	t.Parallel()
	b := deskOf(t, testkit.Naemon, testkit.Icinga2)
	healthy := command.Order{Command: "ACKNOWLEDGE_SVC_PROBLEM", Targets: b.services("a")[:1], Note: "as agreed", Args: map[string]string{"sticky": "2", "notify": "0", "persistent": "0", "comment": "x"}}
	b.give(t, healthy)
	targets := append(b.services("a")[:2], b.services("b")[:2]...)
	b.items(t, b.order(t, remark("for the record", targets...)))
	log, err := b.db.AuditLog(t.Context(), db.AuditQuery{Action: "order."})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i := len(log) - 1; i >= 0; i-- {
		e := log[i]
		got = append(got, strings.Join([]string{e.Who, e.IP, e.Action, e.Object, e.Result, e.Detail}, " | "))
	}
	s := targets[0]
	want := []string{
		"eva | 192.0.2.1 | order.give | " + s.Host + " / " + s.Service + " at a | refused 1 | ACKNOWLEDGE_SVC_PROBLEM, order 1 via test: as agreed",
		"eva | 192.0.2.1 | order.give | 4 objects at 2 sites | accepted 4 | ADD_SVC_COMMENT, order 2 via test",
		"eva | 192.0.2.1 | order.end | 4 objects | seen 4 | ADD_SVC_COMMENT, order 2 via test",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the audit says\n%s\nnot\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
