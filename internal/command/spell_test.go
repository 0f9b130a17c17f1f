package command

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"belvedere/internal/lql"
	"belvedere/internal/schema"
)

// anyText draws what a person or an attacker types.
func anyText() *rapid.Generator[string] {
	nasty := rapid.SampledFrom([]string{";", "\n", "\r\n", `\n`, `\`, "\x00", "\u0085", "\u2028", "\xff", "[1795300000] HOST ALERT: x", "ä", "😀", " ", "a", "\nCOMMAND [1795300000] RESTART_PROCESS"})
	return rapid.Map(rapid.SliceOfN(rapid.OneOf(nasty, rapid.StringN(0, 6, 24)), 0, 8), func(p []string) string { return strings.Join(p, "") })
}

// TestSpellHoldsTogether: whatever is typed into whatever command, it is either
// refused, or arrives as that one command with just those values.
func TestSpellHoldsTogether(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		def := rapid.SampledFrom(schema.Commands()).Draw(t, "command")
		o := &Order{Command: def.Name, Args: map[string]string{}}
		for _, p := range def.Params {
			v := anyText().Draw(t, p.Name)
			switch p.Type {
			case schema.PBool:
				v = rapid.SampledFrom([]string{"0", "1", v}).Draw(t, "bool")
			case schema.PInt, schema.PULong, schema.PTimestamp:
				v = rapid.SampledFrom([]string{"0", "1795300000", "2", v}).Draw(t, "number")
			}
			o.Args[p.Name] = v
		}
		target := Target{Site: "a", Host: anyText().Draw(t, "host"), Service: anyText().Draw(t, "service"), Group: anyText().Draw(t, "group"), Contact: anyText().Draw(t, "contact")}
		author := anyText().Draw(t, "author")
		args, err := spell(&def, o.Args, target, author, 0)
		if err != nil {
			if p, ok := errors.AsType[*Problem](err); !ok || p.Msg == "" {
				t.Fatalf("no reason: %v", err)
			}
			return
		}
		line := string((&lql.Command{Time: 1795300000, Name: def.Name, Args: args}).AppendLine(nil))
		if strings.ContainsFunc(line, isControl) || !utf8.ValidString(line) || len(line) > lineMost+16 {
			t.Fatalf("a line that is none: %q", line)
		}
		want := args
		if len(args) == 0 {
			want = nil
		}
		name, got := splitAsCore(t, line, len(def.Params))
		if name != def.Name || !equal(got, want) {
			t.Fatalf("%q arrives as %s %q, not %q", line, name, got, want)
		}
	})
}

// splitAsCore reads a line the way cores do: time, name, and arguments up to
// the number that the command has; the last one takes the rest. It shares
// nothing with our parser.
func splitAsCore(t *rapid.T, line string, params int) (string, []string) {
	if len(line) < 13 || line[0] != '[' || line[11:13] != "] " || strings.Trim(line[1:11], "0123456789") != "" {
		t.Fatalf("no time at the beginning of %q", line)
	}
	parts := strings.SplitN(line[13:], ";", params+1)
	return parts[0], parts[1:]
}

func equal(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestSpell(t *testing.T) {
	ack, _ := schema.LookupCommand("ACKNOWLEDGE_SVC_PROBLEM")
	result, _ := schema.LookupCommand("PROCESS_SERVICE_CHECK_RESULT")
	svc := Target{Site: "a", Host: "web 01", Service: "Disk /var"}
	for _, c := range []struct {
		name string
		def  *schema.Command
		args map[string]string
		want string
	}{
		{"sticky", ack, map[string]string{"sticky": "2", "notify": "1", "persistent": "0", "comment": "a; b"}, "web 01;Disk /var;2;1;0;eva;a; b"},
		{"a 1 from a client is normal", ack, map[string]string{"sticky": "1", "notify": "1", "persistent": "0", "comment": "x"}, "web 01;Disk /var;0;1;0;eva;x"},
		{"several lines of output", result, map[string]string{"status_code": "2", "plugin_output": "one\ntwo|a=1;2;3"}, `web 01;Disk /var;2;one\ntwo|a=1;2;3`},
	} {
		got, err := spell(c.def, c.args, svc, "eva", 0)
		if err != nil || strings.Join(got, ";") != c.want {
			t.Errorf("%s: %q %v, not %q", c.name, got, err, c.want)
		}
	}
	for _, c := range []struct {
		param string
		args  map[string]string
	}{
		{"comment", map[string]string{"sticky": "2", "notify": "1", "persistent": "0"}},
		{"comment", map[string]string{"sticky": "2", "notify": "1", "persistent": "0", "comment": "  "}},
		{"comment", map[string]string{"sticky": "2", "notify": "1", "persistent": "0", "comment": "x\n[1] RESTART_PROCESS"}},
		{"notify", map[string]string{"sticky": "2", "notify": "yes", "persistent": "0", "comment": "x"}},
		{"sticky", map[string]string{"sticky": "", "notify": "1", "persistent": "0", "comment": "x"}},
	} {
		_, err := spell(ack, c.args, svc, "eva", 0)
		if p, ok := errors.AsType[*Problem](err); !ok || p.Param != c.param {
			t.Errorf("%v: %v, not a problem with %s", c.args, err, c.param)
		}
	}
}

// TestFaithful: what a core would take in part is refused, for that core only.
func TestFaithful(t *testing.T) {
	downtime := []string{"web01", "1", "2", "1", "0", "1", "eva", "disk; then reboot"}
	for _, c := range []struct {
		impl schema.Cores
		name string
		args []string
		ok   bool
	}{
		{schema.MK15, "SCHEDULE_HOST_DOWNTIME", downtime, false},
		{schema.MK11, "SCHEDULE_HOST_DOWNTIME", downtime, false},
		{schema.Naemon, "SCHEDULE_HOST_DOWNTIME", downtime, true},
		{schema.Icinga2, "SCHEDULE_HOST_DOWNTIME", downtime, true},
		{schema.MK15, "SEND_CUSTOM_HOST_NOTIFICATION", []string{"web01", "0", "eva", "a;b"}, false},
		{schema.MK15, "ADD_HOST_COMMENT", []string{"web01", "1", "eva", "a;b"}, true},
		{schema.Icinga2, "ADD_HOST_COMMENT", []string{"web01", "1", "eva", ";b"}, false},
		{schema.MK15, "ADD_HOST_COMMENT", []string{"web01", "1", "eva", ";b"}, true},
		{schema.Shinken, "ADD_HOST_COMMENT", []string{"web01", "1", `eva\`, "b"}, false},
		{schema.MK15, "DISABLE_NOTIFICATIONS", nil, true},
	} {
		def, _ := schema.LookupCommand(c.name)
		if err := faithful(c.impl, def, c.args); (err == nil) != c.ok {
			t.Errorf("%v %s %q: %v", c.impl, c.name, c.args, err)
		}
	}
}
