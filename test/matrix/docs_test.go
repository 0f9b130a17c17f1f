package matrix_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"belvedere/internal/schema"
)

// kinds are the columns of the table, with where their results are from.
var kinds = []struct{ title, file string }{
	{"Icinga 2", "icinga2"}, {"Icinga 2 API", "icinga2-api"}, {"Nagios 4", "nagios4"}, {"Naemon (simulated)", "simulated-naemon"}, {"Shinken (simulated)", "simulated-shinken"},
}

// simulatedOnly says whether a kind is not the real thing.
func simulatedOnly(file string) bool { return strings.HasPrefix(file, "simulated-") }

// notes are what people should know about commands, by a part of their name.
var notes = []struct{ part, text string }{
	{"_PROBLEM_EXPIRE", "Nagios does not know this: Belvedere acknowledges without end and takes that same acknowledgement back at the time"},
	{"CHANGE_HOST_CHECK_COMMAND", ignoredNote}, {"CHANGE_SVC_CHECK_COMMAND", ignoredNote}, {"CHANGE_HOST_EVENT_HANDLER", ignoredNote},
	{"CHANGE_SVC_EVENT_HANDLER", ignoredNote}, {"CHANGE_GLOBAL_", ignoredNote},
	{"_EVENT_HANDLER_TIMEPERIOD", "Nagios knows this from 4.5 on; the one tried is 4.4.6"},
	{"CHANGE_CUSTOM_", "the name is without the underscore it has in the configuration; Nagios changes only variables that are there, Icinga 2 adds others"},
	{"CHANGE_CONTACT_MODHATTR", "shows in status.dat, not over Livestatus"}, {"CHANGE_CONTACT_MODSATTR", "shows in status.dat, not over Livestatus"},
	{"CONTACTGROUP_", "switches the members; the group itself shows nothing, so this is not confirmed"},
	{"DEL_DOWNTIME_BY_HOST_NAME", "with a service named, Icinga 2 deletes the downtimes of the host instead: Belvedere does not send that, cancel the downtime itself"},
	{"SCHEDULE_HOST_CHECK", earlierNote}, {"SCHEDULE_SVC_CHECK", earlierNote}, {"SCHEDULE_HOST_SVC_CHECKS", earlierNote},
	{"SCHEDULE_HOST_SVC_DOWNTIME", "Icinga 2 sets a downtime of the host, too"},
	{"CHECK_RESULT", "Nagios 4 keeps semicolons in the output as colons"},
	{"SEND_CUSTOM_", "the notification is in the core's log; state has at most its number, so this is not confirmed"},
	{"SHUTDOWN_", "the core is gone: its site shows as down"},
	{"PROCESS_FILE", "the file is one on the core's machine; the API of Icinga 2 has nothing like it"},
	{"SAVE_STATE_INFORMATION", "the file of the saved state is written anew"}, {"READ_STATE_INFORMATION", "what was saved is back"},
}

const (
	ignoredNote = "Nagios and Naemon take this and do nothing, it is switched off in their source: Belvedere refuses it there"
	earlierNote = "Icinga 2 takes no time after the one it has planned"
)

// noteFor returns the notes on a command.
func noteFor(name string) string {
	var out []string
	for _, n := range notes {
		exact := strings.HasPrefix(n.part, "CHANGE_HOST_") || strings.HasPrefix(n.part, "CHANGE_SVC_") || strings.HasPrefix(n.part, "SCHEDULE_")
		if name == n.part || !exact && strings.Contains(name, n.part) {
			out = append(out, n.text)
		}
	}
	return strings.Join(out, "; ")
}

// mark says in one word what became of a command on a kind of core.
func mark(r result, simulated bool) string {
	seen := strings.HasPrefix(r.desk, "seen")
	switch {
	case r.outcome == works && seen:
		return "seen"
	case r.outcome == works:
		return "works"
	case r.outcome == instead:
		return "otherwise"
	case r.outcome == withheld:
		return "not sent"
	case r.outcome == unknown:
		return "–"
	case strings.HasPrefix(r.desk, "refused"):
		return "nothing"
	case simulated:
		return "not tried"
	}
	return "nothing"
}

// kept reads what the matrix found on a kind of core.
func kept(t *testing.T, file string) map[string]result {
	t.Helper()
	b, err := os.ReadFile("testdata/" + file + ".tsv")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]result{}
	for line := range strings.Lines(string(b)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 4 {
			t.Fatalf("%s: %q", file, line)
		}
		out[f[0]] = result{f[0], f[1], f[2], f[3]}
	}
	return out
}

const (
	tableBegin = "<!-- made by go test ./test/matrix -run TestDocs -update -->\n"
	tableEnd   = "<!-- end of what is made -->\n"
)

// TestDocs holds docs/commands.md against the schema and what the matrix found;
// -update writes its table.
func TestDocs(t *testing.T) {
	const path = "../../docs/commands.md"
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(b), tableBegin)
	_, tail, ok2 := strings.Cut(rest, tableEnd)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table", path)
	}
	want := head + tableBegin + docsTable(t) + tableEnd + tail
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(b) {
		t.Errorf("%s is stale: go test ./test/matrix -run TestDocs -update", path)
	}
}

func docsTable(t *testing.T) string {
	t.Helper()
	found := make([]map[string]result, len(kinds))
	var b strings.Builder
	b.WriteString("\n| command | class |")
	for i, k := range kinds {
		found[i] = kept(t, k.file)
		fmt.Fprintf(&b, " %s |", k.title)
	}
	b.WriteString(" what changes in the core | to know |\n|---|---|" + strings.Repeat("---|", len(kinds)+2) + "\n")
	for _, def := range schema.Commands() {
		fmt.Fprintf(&b, "| %s | %s |", def.Name, def.Class)
		effect := ""
		for i, k := range kinds {
			r, ok := found[i][def.Name]
			if !ok {
				t.Errorf("%s was not tried on %s", def.Name, k.title)
			}
			fmt.Fprintf(&b, " %s |", mark(r, simulatedOnly(k.file)))
			if effect == "" && (r.outcome == works || r.outcome == instead) {
				effect = r.effect
			}
		}
		fmt.Fprintf(&b, " %s | %s |\n", cell(effect), noteFor(def.Name))
	}
	b.WriteByte('\n')
	return b.String()
}

// cell shows what changed without what the log says beside it.
func cell(effect string) string {
	parts := slices.DeleteFunc(strings.Split(effect, ", "), func(s string) bool {
		return strings.Contains(s, "modified_attributes") && strings.Contains(effect, ", ")
	})
	return strings.ReplaceAll(strings.Join(parts, ", "), "|", `\|`)
}

// TestSimulatedAgree: where there is a real core, its simulation does the same.
func TestSimulatedAgree(t *testing.T) {
	for file, missing := range map[string][]string{
		// What the simulated cores do not have: files, processes, attributes that
		// Livestatus does not show, variables of commands.
		"nagios4": {"CHANGE_CONTACT_MODHATTR", "CHANGE_CONTACT_MODSATTR", "PROCESS_FILE", "READ_STATE_INFORMATION", "SAVE_STATE_INFORMATION", "SHUTDOWN_PROCESS", "SHUTDOWN_PROGRAM"},
		"icinga2": {"CHANGE_CUSTOM_CHECKCOMMAND_VAR", "CHANGE_CUSTOM_EVENTCOMMAND_VAR", "CHANGE_CUSTOM_NOTIFICATIONCOMMAND_VAR", "CHANGE_CUSTOM_USER_VAR", "PROCESS_FILE", "SHUTDOWN_PROCESS"},
	} {
		genuine, simulated := kept(t, file), kept(t, "simulated-"+file)
		for name, r := range genuine {
			s := simulated[name]
			if agree := r.outcome == s.outcome; agree == slices.Contains(missing, name) {
				t.Errorf("%s on %s: %s, simulated %s", name, file, r.outcome, s.outcome)
			}
		}
	}
}
