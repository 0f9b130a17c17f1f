package matrix_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"belvedere/internal/command"
	"belvedere/internal/schema"
)

// hostileTexts are what somebody may type to have a core do something else.
func hostileTexts() map[string]string {
	return map[string]string{
		"second line":        "x\n[1795300000] DISABLE_NOTIFICATIONS",
		"second request":     "x\n\nCOMMAND [1795300000] DISABLE_NOTIFICATIONS\n\n",
		"line of its own":    "[123] SHUTDOWN_PROGRAM",
		"carriage return":    "x\r[1795300000] DISABLE_NOTIFICATIONS",
		"both line ends":     "x\r\n[1795300000] DISABLE_NOTIFICATIONS",
		"NUL":                "x\x00y",
		"control characters": "x\x07\x1b[31my\x7f",
		"next line":          "x\u0085[1795300000] DISABLE_NOTIFICATIONS",
		"line separator":     "x\u2028[1795300000] DISABLE_NOTIFICATIONS",
		"semicolons":         ";x;1;2;eva;y;",
		"forged author":      "x;root;forged",
		"backslash at end":   `x\`,
		"backslashes":        `C:\\dir\\ \\`,
		"escaped line end":   `x\n[1795300000] DISABLE_NOTIFICATIONS`,
		"escaped semicolon":  `x\;y`,
		"long":               strings.Repeat("0123456789", 400),
		"not UTF-8":          "x\xff\xc0\xafy",
		"bidi":               "x\u202e\u2066y\u2069 \u200f",
		"macros":             "$HOSTNAME$ $USER1$ $$",
		"quotes":             `it's "quoted" ` + "`id` $(id) | rm & ; <x>",
		"markup":             "<script>alert(1)</script>&amp;<!--",
		"blanks":             " \t x  y \t ",
		"only blanks":        " \t ",
		"empty":              "",
		"signs":              "Größe ü 漢字 😀 100% %s %n %x",
	}
}

// freeText are the commands in which people write something.
func freeText() []*schema.Command {
	var out []*schema.Command
	for _, name := range []string{"ACKNOWLEDGE_HOST_PROBLEM", "ACKNOWLEDGE_SVC_PROBLEM", "ADD_HOST_COMMENT", "ADD_SVC_COMMENT", "SCHEDULE_HOST_DOWNTIME",
		"SCHEDULE_SVC_DOWNTIME", "SEND_CUSTOM_HOST_NOTIFICATION", "SEND_CUSTOM_SVC_NOTIFICATION", "PROCESS_HOST_CHECK_RESULT", "PROCESS_SERVICE_CHECK_RESULT"} {
		def, _ := schema.LookupCommand(name)
		out = append(out, def)
	}
	return out
}

// An attack is an order with something hostile in one position, on a host of
// its own.
type attack struct {
	*trial
	what   string // is hostile, and where
	sent   bool
	reason string // why it was not
}

// text is what is typed at the end of the command.
func (a *attack) text() string { return a.values[len(a.values)-1] }

// attacks has each text in each position where somebody writes or names
// something.
func attacks() []*attack {
	var out []*attack
	add := func(def *schema.Command, what, who string, change func(*trial)) {
		n := fmt.Sprintf("m%03d", len(out))
		k := newTrial(def, names{host: n, child: n + "-behind", service: "svc", hostgroup: n + "-hosts", servicegroup: n + "-services", contact: n + "-contact", contactgroup: n + "-people"},
			words{}, who)
		k.values[len(k.values)-1] = "x"
		change(k)
		out = append(out, &attack{trial: k, what: what})
	}
	texts := hostileTexts()
	for _, def := range freeText() {
		for _, what := range slices.Sorted(maps.Keys(texts)) {
			add(def, what+" as text", author, func(k *trial) { k.values[len(k.values)-1] = texts[what] })
		}
		for _, what := range []string{"second line", "semicolons", "escaped line end", "markup", "bidi"} {
			if slices.ContainsFunc(def.Params, func(p schema.Param) bool { return p.Type == schema.PAuthor }) {
				add(def, what+" as author", texts[what], func(*trial) {})
			}
			if what == "second line" || what == "semicolons" {
				at := slices.IndexFunc(def.Params, func(p schema.Param) bool { return p.Type == schema.PService })
				add(def, what+" behind the name", author, func(k *trial) { k.values[max(at, 0)] += texts[what] })
			}
		}
	}
	return out
}

// TestHostile gives hostile texts to real cores. Each order is refused with a
// reason, or the core itself shows exactly that text in exactly one place, and
// carried out that command and no other.
func TestHostile(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Log("real cores take a while, so not with -short: TestNothingElseArrives of package command is the short one")
		return
	}
	t.Run("icinga2", func(t *testing.T) {
		t.Parallel()
		all := attacks()
		repel(t, newIcinga(t, icingaObjects(trialsOf(all))), schema.Icinga2, "icinga2", all)
	})
	t.Run("nagios4", func(t *testing.T) {
		t.Parallel()
		all := attacks()
		repel(t, newNagios(t, nagiosObjects(trialsOf(all))), schema.MK15, "nagios4", all)
	})
}

func trialsOf(all []*attack) []*trial {
	var out []*trial
	for _, a := range all {
		out = append(out, a.trial)
	}
	return out
}

func repel(t *testing.T, c told, impl schema.Cores, name string, all []*attack) {
	t.Helper()
	ready(t, c, all)
	before, logged := calm(t, c), len(c.log(t))
	giveAll(t, c, all)
	after, log := calm(t, c), c.log(t)[logged:]
	kept := keptEffects(t, name)
	sent, rest := 0, slices.Collect(maps.Keys(after))
	for _, a := range all {
		owners := []string{a.n.host, a.n.contact}
		rest = slices.DeleteFunc(rest, func(f fact) bool {
			// The host behind one that is down cannot be reached.
			return slices.Contains(owners, f.owner) || f.owner == a.n.child
		})
		effect := unlogged(changes(a.def.Name, before, after, owners...))
		switch {
		case !a.sent && a.reason == "":
			t.Errorf("%s, %s: refused without a reason", a.def.Name, a.what)
		case !a.sent && effect != "":
			t.Errorf("%s, %s: refused (%s), and there is %s", a.def.Name, a.what, a.reason, effect)
		case a.sent:
			sent++
			if effect != kept[a.def.Name] {
				t.Errorf("%s, %s: did %s, not %s", a.def.Name, a.what, effect, kept[a.def.Name])
			}
			a.arrived(t, c, before, after, log)
		}
	}
	others := facts{}
	for _, f := range rest {
		others[f] = after[f]
	}
	for _, what := range changes("", before, others) {
		if !strings.HasPrefix(what, "-") { // those that are ours
			t.Errorf("besides, there is %s", what)
		}
	}
	if !c.alive() {
		t.Error("the core has ended")
	}
	if sent < len(all)/3 {
		t.Errorf("only %d of %d were sent", sent, len(all))
	}
	t.Logf("%d of %d were sent", sent, len(all))
	onlyThese(t, all, executed(log))
	logged = len(c.log(t))
	if err := c.inject("ADD_HOST_COMMENT;"+all[0].n.host+";1;eva;x", "ADD_HOST_COMMENT;"+all[1].n.host+";1;eva;y"); err != nil {
		t.Fatal(err)
	}
	until(t, "what is not refused is carried out by the core, and seen here", func() bool { return len(executed(c.log(t)[logged:])) == 2 })
}

// unlogged leaves out of changes what is in the log: Icinga 2 writes it only of
// what has a result. It is looked at on its own.
func unlogged(changes []string) string {
	return strings.Join(slices.DeleteFunc(changes, func(c string) bool { return strings.HasPrefix(c, "+log: ") }), ", ")
}

// ready brings the objects into a state in which the commands do something.
func ready(t *testing.T, c core, all []*attack) {
	t.Helper()
	for _, a := range all {
		lines := a.prepare()
		if strings.HasPrefix(a.def.Name, "SEND_") { // of what has no result, Icinga 2 logs no notification
			lines = append(lines, fmt.Sprintf("PROCESS_HOST_CHECK_RESULT;%s;0;well", a.n.host), fmt.Sprintf("PROCESS_SERVICE_CHECK_RESULT;%s;%s;0;well", a.n.host, a.n.service))
		}
		for _, line := range lines {
			if err := c.tell(line); err != nil {
				t.Fatal(err)
			}
		}
	}
	b := c.bench()
	b.refresh()
	for _, a := range all {
		if q := a.ready(); q != nil {
			until(t, a.def.Name+" has what it is for", func() bool { return b.count(t, q) > 0 })
		}
	}
}

// giveAll gives all orders and waits until each of them has ended.
func giveAll(t *testing.T, c core, all []*attack) {
	t.Helper()
	waits := make([]func() command.Item, len(all))
	for i, a := range all {
		b := *c.bench()
		b.who.Name = a.author
		var err error
		waits[i], err = b.give(t, a.trial)
		if p, ok := errors.AsType[*command.Problem](err); ok {
			a.reason, waits[i] = p.Msg, nil
		} else if err != nil {
			t.Fatalf("%s, %s: %v", a.def.Name, a.what, err)
		}
	}
	for i, a := range all {
		if waits[i] == nil {
			continue
		}
		switch it := waits[i](); it.State {
		case command.Seen, command.Done:
			a.sent = true
		case command.Refused, command.Failed:
			a.reason = it.Reason
		default:
			a.sent = true
			t.Errorf("%s, %s: %s %s", a.def.Name, a.what, it.State, it.Reason)
		}
	}
}

// typed is the text without what the desk takes off: blanks around it. Only
// results of checks have several lines, which are escaped.
func (a *attack) typed() string {
	text := strings.TrimSpace(a.text())
	if strings.HasPrefix(a.def.Name, "PROCESS_") {
		text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", `\n`)
	}
	return text
}

// arrived looks for the text in the core.
func (a *attack) arrived(t *testing.T, c told, before, after facts, log []string) {
	t.Helper()
	want := a.author + ": " + a.typed()
	var got []string
	switch {
	case strings.HasPrefix(a.def.Name, "PROCESS_"):
		want = c.output(a.service(), a.typed())
		got = a.outputs(after)
	case strings.HasPrefix(a.def.Name, "SEND_"):
		want = ";" + a.author + ";" + a.typed()
		for _, line := range log {
			if strings.Contains(line, " NOTIFICATION: "+a.n.contact+";"+a.n.host+";") {
				got = append(got, line)
			}
		}
		if len(got) == 1 && strings.HasSuffix(got[0], want) {
			return
		}
	default:
		for f, row := range after {
			if _, old := before[f]; old || f.owner != a.n.host {
				continue
			}
			// The comment that Nagios adds to a downtime is its own, in the
			// name of who scheduled that.
			own := strings.HasPrefix(a.def.Name, "SCHEDULE_") && row["entry_type"] == "2"
			if !own && strings.Contains(f.table, "comment") || strings.Contains(f.table, "downtime") {
				got = append(got, row["author"]+": "+row["comment"]+row["comment_data"])
			}
		}
	}
	if len(got) != 1 || got[0] != want {
		t.Errorf("%s, %s: the core has %q, not %q", a.def.Name, a.what, got, want)
	}
}

// outputs are those of the object, whole.
func (a *attack) outputs(after facts) (got []string) {
	for f, row := range after {
		service := f.table == "services" || f.table == "servicestatus"
		if f.owner != a.n.host || service != a.service() || row["plugin_output"] == "" && row["long_plugin_output"] == "" {
			continue
		}
		got = append(got, row["plugin_output"]+"\n"+row["long_plugin_output"]+"|"+row["performance_data"]+row["perf_data"])
	}
	return got
}

// executed are the external commands that a log says were carried out.
func executed(log []string) (out []string) {
	for _, line := range log {
		if _, what, ok := strings.Cut(line, " EXTERNAL COMMAND: "); ok {
			out = append(out, strings.TrimSuffix(what, ";"))
		}
	}
	slices.Sort(out)
	return out
}

// onlyThese compares what was carried out with what was given.
func onlyThese(t *testing.T, all []*attack, got []string) {
	t.Helper()
	var want []string
	for _, a := range all {
		if a.sent {
			k := *a.trial
			k.values = append(slices.Clone(a.values[:len(a.values)-1]), a.typed())
			want = append(want, strings.TrimSuffix(k.line(), ";"))
		}
	}
	slices.Sort(want)
	for _, line := range got {
		if !slices.Contains(want, line) {
			t.Errorf("carried out and not given: %q", line)
		}
	}
	for _, line := range want {
		if !slices.Contains(got, line) {
			t.Errorf("given and not carried out: %q", line)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d commands were carried out, %d given", len(got), len(want))
	}
}

// keptEffects is what TestMatrix found each command to change on a core.
func keptEffects(t *testing.T, name string) map[string]string {
	t.Helper()
	recording.Lock()
	defer recording.Unlock()
	b, err := os.ReadFile("testdata/" + name + ".tsv")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for line := range strings.Lines(string(b)) {
		if f := strings.Split(strings.TrimSuffix(line, "\n"), "\t"); len(f) == 4 {
			out[f[0]] = unlogged(strings.Split(f[3], ", "))
		}
	}
	return out
}
