package site_test

import (
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
