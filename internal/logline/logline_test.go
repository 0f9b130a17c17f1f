package logline_test

import (
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"belvedere/internal/logline"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		text string
		want logline.Entry
	}{
		{"SERVICE ALERT: web 01;Disk /var;CRITICAL;SOFT;2;full; 1% left", logline.Entry{Class: logline.Alert, Type: "SERVICE ALERT", Host: "web 01", Service: "Disk /var", State: 2, StateType: "SOFT", Attempt: 2, Output: "full"}},
		{"HOST ALERT: web01;UNREACHABLE;HARD;1;", logline.Entry{Class: logline.Alert, Type: "HOST ALERT", Host: "web01", State: 2, StateType: "HARD", Attempt: 1}},
		{"CURRENT SERVICE STATE: a;b;UNKNOWN;HARD;3;x", logline.Entry{Class: logline.State, Type: "CURRENT SERVICE STATE", Host: "a", Service: "b", State: 3, StateType: "HARD", Attempt: 3, Output: "x"}},
		{"HOST DOWNTIME ALERT: a;STARTED; Host has entered", logline.Entry{Class: logline.Alert, Type: "HOST DOWNTIME ALERT", Host: "a", StateType: "STARTED", Comment: " Host has entered"}},
		{"SERVICE NOTIFICATION: eva;a;b;CUSTOM (CRITICAL);mail;full;adam;look", logline.Entry{Class: logline.Notification, Type: "SERVICE NOTIFICATION", Contact: "eva", Host: "a", Service: "b", State: 2, StateType: "CUSTOM (CRITICAL)", Command: "mail", Output: "full"}},
		{"HOST NOTIFICATION SUPPRESSED: a;in downtime", logline.Entry{Type: "HOST NOTIFICATION SUPPRESSED", Host: "a", Output: "in downtime"}},
		{"PASSIVE SERVICE CHECK: a;b;3;odd", logline.Entry{Class: logline.Passive, Type: "PASSIVE SERVICE CHECK", Host: "a", Service: "b", State: 3, Output: "odd"}},
		{"EXTERNAL COMMAND: ADD_SVC_COMMENT;a;b;1;eva;x; y", logline.Entry{Class: logline.Command, Type: "EXTERNAL COMMAND", Host: "a", Service: "b"}},
		{"EXTERNAL COMMAND: DISABLE_HOSTGROUP_HOST_CHECKS;g", logline.Entry{Class: logline.Command, Type: "EXTERNAL COMMAND"}},
		{"Nagios 4.4.6 starting... (PID=7)", logline.Entry{Class: logline.Program, Type: "Nagios 4.4.6 starting... (PID=7)"}},
		{"LOG VERSION: 2.0", logline.Entry{Class: logline.Program, Type: "LOG VERSION: 2.0"}},
		{"Warning: a thing: broke", logline.Entry{Type: "Warning: a thing: broke"}},
	} {
		line := "[1795300000] " + tt.text
		got, ok := logline.Parse(line)
		tt.want.Time, tt.want.Message = 1795300000, line
		if d := cmp.Diff(tt.want, got, cmpopts.IgnoreFields(logline.Entry{}, "Options")); !ok || d != "" {
			t.Errorf("%q: %v\n%s", tt.text, ok, d)
		}
	}
	if e, _ := logline.Parse("[1795300000] SERVICE ALERT: a;b;OK;HARD;1;x; y"); e.Options != "a;b;OK;HARD;1;x; y" {
		t.Errorf("options %q", e.Options)
	}
	for _, bad := range []string{"", "[1795300000]", "[179530000] HOST ALERT: a", "second line of output", "[17953000x0] x", "[1795300000]x"} {
		if e, ok := logline.Parse(bad); ok {
			t.Errorf("%q is taken for %+v", bad, e)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("[1795300000] SERVICE NOTIFICATION: eva;a;b;CUSTOM (CRITICAL);mail;full;adam;look")
	f.Add("[1795300000] HOST ALERT: a\xff;DOWN;HARD;99999999999999;x")
	f.Fuzz(func(t *testing.T, line string) {
		e, ok := logline.Parse(line)
		if ok != (e.Message != "") {
			t.Fatalf("%q: %v %+v", line, ok, e)
		}
		for _, s := range []string{e.Message, e.Type, e.Options, e.Host, e.Service, e.StateType, e.Output, e.Comment, e.Contact, e.Command} {
			if !utf8.ValidString(s) {
				t.Fatalf("%q holds bytes that are not UTF-8", s)
			}
		}
	})
}
