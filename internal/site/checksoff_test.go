package site_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"belvedere/internal/command"
	"belvedere/internal/testkit"
)

// TestCheckThatCannotRun: a check that is not forced, and a result, for what
// does not take them, are refused with the reason instead of waited for.
func TestCheckThatCannotRun(t *testing.T) {
	t.Parallel()
	for _, p := range []testkit.Profile{testkit.Naemon, testkit.Nagios4, testkit.Icinga2, testkit.Shinken} {
		b := deskOf(t, p)
		service := b.services("a")[0]
		check := func(name string) command.Item {
			return b.give(t, command.Order{Command: name, Targets: []command.Target{service}, Args: map[string]string{"check_time": unix(time.Now())}})
		}
		result := command.Order{Command: "PROCESS_SERVICE_CHECK_RESULT", Targets: []command.Target{service}, Args: map[string]string{"status_code": "0", "plugin_output": "well"}}
		off := func(name string) {
			if it := b.give(t, command.Order{Command: name, Targets: []command.Target{service}}); it.State != command.Seen {
				t.Fatal(p, name, it)
			}
		}
		off("DISABLE_SVC_CHECK")
		if it := check("SCHEDULE_SVC_CHECK"); it.State != command.Refused || !strings.Contains(it.Reason, "only a forced check runs") {
			t.Error(p, it)
		}
		if it := check("SCHEDULE_FORCED_SVC_CHECK"); it.State != command.Seen {
			t.Error(p, it)
		}
		off("DISABLE_PASSIVE_SVC_CHECKS")
		if it := b.give(t, result); it.State != command.Refused || !strings.Contains(it.Reason, "results from outside") {
			t.Error(p, it)
		}
	}
}

// TestLooksWithoutTicket: what an order reaches is said before its comment
// names a ticket, and it is not given without one.
func TestLooksWithoutTicket(t *testing.T) {
	t.Parallel()
	b := deskWith(t, command.Options{Rate: 1000, SeenWithin: soon, Rules: command.Rules{Ticket: regexp.MustCompile("[A-Z]+-[0-9]+")}}, testkit.Naemon)
	o := command.Order{Command: "SCHEDULE_SVC_DOWNTIME", Targets: b.services("a")[:2], Args: map[string]string{
		"start_time": unix(time.Now()), "end_time": unix(time.Now().Add(time.Hour)), "comment": "-"}}
	items, err := b.desk.Preview(t.Context(), b.who, o)
	if err == nil || !strings.Contains(err.Error(), "ticket") || states(items) != "[accepted:2]" {
		t.Error(states(items), err)
	}
	if _, err := b.desk.Give(t.Context(), b.who, o); err == nil || !strings.Contains(err.Error(), "ticket") {
		t.Error(err)
	}
	o.Args["comment"] = "OPS-12"
	if items, err := b.desk.Preview(t.Context(), b.who, o); err != nil || states(items) != "[accepted:2]" {
		t.Error(states(items), err)
	}
}
