package site_test

import (
	"strings"
	"testing"
	"time"

	"belvedere/internal/command"
	"belvedere/internal/site/sitetest"
	"belvedere/internal/testkit"
)

// untilWell is a downtime that ends when its service is well again.
func untilWell(target command.Target, now time.Time, text string) command.Order {
	return command.Order{Command: "SCHEDULE_SVC_DOWNTIME", Targets: []command.Target{target}, UntilOK: true,
		Args: map[string]string{"start_time": unix(now), "end_time": unix(now.Add(7 * 24 * time.Hour)), "comment": text}}
}

// TestDowntimeUntilOK: the desk takes the downtime back when the problem is
// over, and not before, also after a restart; others stay.
func TestDowntimeUntilOK(t *testing.T) {
	t.Parallel()
	for _, p := range []testkit.Profile{testkit.Naemon, testkit.Nagios4, testkit.Icinga2} {
		t.Run(string(p), func(t *testing.T) {
			t.Parallel()
			b := deskWith(t, command.Options{Rate: 1000, SeenWithin: soon, PromiseEvery: 10 * time.Millisecond}, p)
			target := b.services("a")[0]
			b.trouble(t, target)
			o := untilWell(target, time.Now(), "for good")
			o.UntilOK = false
			for _, o := range []command.Order{o, untilWell(target, time.Now(), `until it is \ well`)} {
				if it := b.give(t, o); it.State != command.Seen {
					t.Fatal(it)
				}
			}
			b.restart(t)
			b.items(t, b.order(t, remark("time passes", target)))
			if n := b.took("a", "DEL_SVC_DOWNTIME"); n != 0 {
				t.Fatal("it was taken back while there is a problem")
			}
			b.core.SetState(target.Host, target.Service, 0, "it works")
			b.m.Refresh("a")
			b.untilColumn(t, target, "scheduled_downtime_depth", 1)
			if e := b.entryOf(t, "downtimes", "for good"); e == nil {
				t.Error("another downtime was taken back")
			}
			if n := b.took("a", "DEL_SVC_DOWNTIME"); n != 1 {
				t.Errorf("taken back %d times", n)
			}
		})
	}
}

// TestWholeDowntimeUntilOK: with the services of a host, its state counts.
func TestWholeDowntimeUntilOK(t *testing.T) {
	t.Parallel()
	b := deskWith(t, command.Options{Rate: 1000, SeenWithin: soon, PromiseEvery: 10 * time.Millisecond}, testkit.Naemon)
	service := b.services("a")[0]
	b.core.SetState(service.Host, "", 1, "it is down")
	b.trouble(t, service)
	now := time.Now()
	id := b.order(t, command.Order{Command: "SCHEDULE_HOST_DOWNTIME", Whole: true, UntilOK: true, Targets: []command.Target{{Site: "a", Host: service.Host}},
		Args: map[string]string{"start_time": unix(now), "end_time": unix(now.Add(time.Hour)), "comment": "all of it"}})
	for _, it := range b.items(t, id) {
		if it.State != command.Seen {
			t.Fatal(it)
		}
	}
	b.untilColumn(t, service, "scheduled_downtime_depth", 1)
	b.core.SetState(service.Host, "", 0, "it is up")
	b.m.Refresh("a")
	b.untilColumn(t, service, "scheduled_downtime_depth", 0)
	until(t, soon, "no downtime", func() bool { return len(sitetest.Rows(view(b.fleet, "a").Snapshot, "downtimes")) == 0 })
}

// TestNotUntilOK: what has no end to wait for is refused with the reason.
func TestNotUntilOK(t *testing.T) {
	t.Parallel()
	b := deskWith(t, command.Options{SeenWithin: soon}, testkit.Naemon)
	target, broken := b.services("a")[0], b.services("a")[1]
	b.trouble(t, broken)
	if it := b.give(t, untilWell(target, time.Now(), "x")); it.State != command.Refused || !strings.Contains(it.Reason, "no problem now") {
		t.Errorf("of a service that is well: %v", it)
	}
	later, flexible, group := untilWell(broken, time.Now().Add(time.Hour), "x"), untilWell(broken, time.Now(), "x"), untilWell(broken, time.Now(), "x")
	flexible.Args["fixed"], flexible.Args["duration"] = "0", "60"
	group.Command, group.Targets = "SCHEDULE_HOSTGROUP_SVC_DOWNTIME", []command.Target{{Site: "a", Group: "g"}}
	for name, o := range map[string]command.Order{"later": later, "flexible": flexible, "a group": group} {
		if _, err := b.desk.Preview(t.Context(), b.who, o); err == nil || !strings.Contains(err.Error(), "well again") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
