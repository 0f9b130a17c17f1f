package matrix_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"belvedere/internal/command"
	"belvedere/internal/schema"
	"belvedere/internal/testkit"
)

var update = flag.Bool("update", false, "write what was found to testdata, and docs/commands.md")

// A result is what became of a command on a kind of core.
type result struct {
	command string
	outcome string // works, silent, unknown
	desk    string // how the desk says it ended
	effect  string // what changed in the core
}

const (
	works    = "works"    // its effect shows in the core itself
	withheld = "withheld" // the core would do something else, so it is not sent
	instead  = "instead"  // the core does not know it, and another command does its work
	silent   = "silent"   // the core takes it, and nothing shows
	unknown  = "unknown"  // the core does not know it
)

// throwaway are the commands that end or change the core as a whole: each is
// tried on a core of its own.
func throwaway(name string) bool {
	return slices.Contains([]string{"RESTART_PROCESS", "RESTART_PROGRAM", "SHUTDOWN_PROCESS", "SHUTDOWN_PROGRAM", "RELOAD_CONFIG", "PROCESS_FILE",
		"READ_STATE_INFORMATION", "SAVE_STATE_INFORMATION", "FLUSH_PENDING_COMMANDS"}, name)
}

// rounds parts trials into those that can be given at once and those that
// cannot, because what they change would be mixed up.
func rounds(trials []*trial) [][]*trial {
	out := [][]*trial{nil}
	for _, k := range trials {
		if k.alone {
			out = append(out, []*trial{k})
		} else {
			out[0] = append(out[0], k)
		}
	}
	return out
}

// run gives all trials to a core and returns what became of them.
func run(t *testing.T, c core, impl schema.Cores, trials []*trial) map[string]result {
	t.Helper()
	out := map[string]result{}
	for _, round := range rounds(trials) {
		maps.Copy(out, runRound(t, c, impl, round))
	}
	return out
}

func runRound(t *testing.T, c core, impl schema.Cores, round []*trial) map[string]result {
	t.Helper()
	b := c.bench()
	for _, k := range round {
		for _, line := range k.prepare() {
			if name, _, _ := strings.Cut(line, ";"); knows(impl, name) {
				if err := c.tell(line); err != nil {
					t.Errorf("%s: preparing with %q: %v", k.def.Name, line, err)
				}
			}
		}
	}
	b.refresh()
	for _, k := range round {
		if q := k.ready(); q != nil && knows(impl, k.def.Name) {
			until(t, k.def.Name+" has what it is for", func() bool { return b.count(t, q) > 0 })
		}
	}
	before := calm(t, c)
	waits := make([]func() command.Item, len(round))
	items := make([]command.Item, len(round))
	for i, k := range round {
		var err error
		if !knows(impl, k.def.Name) && k.entryTable() != "" {
			continue
		}
		if waits[i], err = b.give(t, k); err != nil {
			t.Errorf("%s: %v", k.def.Name, err)
			waits[i] = nil
		}
	}
	for i, k := range round {
		if waits[i] != nil {
			items[i] = waits[i]()
		}
		if !knows(impl, k.def.Name) {
			// The desk would not send it: whether the core really does not know
			// it, is asked of the core.
			_ = c.tell(k.line())
		}
	}
	after := calm(t, c)
	out := map[string]result{}
	for i, k := range round {
		var owners []string
		if !k.alone {
			owners = []string{k.n.host, k.n.contact}
			if k.behind() {
				owners = append(owners, k.n.child)
			}
		}
		r := judge(k, impl, items[i], changes(k.def.Name, before, after, owners...))
		if r.outcome == silent {
			// Some cores say to themselves what they do not tell others.
			if err := c.tell(k.line()); err != nil && strings.HasPrefix(err.Error(), "Unknown command") {
				r.outcome = unknown
			}
		}
		out[k.def.Name] = r
	}
	return out
}

// knows reports whether the schema says that a core has a command.
func knows(impl schema.Cores, name string) bool {
	def, ok := schema.LookupCommand(name)
	return ok && def.Cores&impl != 0
}

// judge sums up a trial.
func judge(k *trial, impl schema.Cores, it command.Item, effect []string) result {
	r := result{command: k.def.Name, desk: string(it.State), effect: strings.Join(effect, ", ")}
	if it.Reason != "" {
		r.desk += ": " + it.Reason
	}
	for from, to := range map[string]string{k.text(): "TEXT"} {
		r.effect = strings.ReplaceAll(r.effect, from, to)
	}
	switch {
	case len(effect) > 0 && !knows(impl, k.def.Name) && it.State == command.Seen:
		r.outcome = instead
	case len(effect) > 0:
		r.outcome = works
	case k.def.Ignored&impl != 0:
		r.outcome = silent
	case knows(impl, k.def.Name) && it.State == command.Refused:
		r.outcome = withheld
	case !knows(impl, k.def.Name) || it.State == command.Failed:
		r.outcome = unknown
	default:
		r.outcome = silent
	}
	return r
}

// calm waits until a core says the same twice.
func calm(t *testing.T, c core) facts {
	t.Helper()
	pause := 50 * time.Millisecond
	if _, ok := c.(*nagios); ok {
		pause = 1500 * time.Millisecond // status.dat is written each second
	}
	last := c.look(t)
	var moving []string
	for end := time.Now().Add(patience); time.Now().Before(end); {
		<-time.After(pause)
		now := c.look(t)
		// A check of this very second would look like one that was ordered.
		if moving = changes("", last, now); len(moving) == 0 && lastCheck(now) < time.Now().Unix() {
			return now
		}
		last = now
	}
	t.Fatalf("the core does not come to rest: %.2000q", moving)
	return nil
}

// lastCheck returns the time of the newest check, unix seconds.
func lastCheck(all facts) (newest int64) {
	for _, row := range all {
		if at, err := strconv.ParseInt(row["last_check"], 10, 64); err == nil {
			newest = max(newest, at)
		}
	}
	return newest
}

// TestMatrix tries every command on every kind of core.
func TestMatrix(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Log("only commands about objects, and only the simulated Naemon: -short")
	}
	for p, impl := range map[testkit.Profile]schema.Cores{testkit.Naemon: schema.Naemon, testkit.Nagios4: schema.MK15, testkit.Shinken: schema.Shinken, testkit.Icinga2: schema.Icinga2} {
		if testing.Short() && p != testkit.Naemon {
			continue
		}
		t.Run("simulated "+string(p), func(t *testing.T) {
			t.Parallel()
			// The kinds of names are the same however many hosts there are.
			all := simulatedTrials(testkit.NewCore(simulatedOptions(p, manyHosts)))
			record(t, "simulated-"+string(p), inParts(t, all, 2, func(t *testing.T, part []*trial) map[string]result {
				hosts := manyHosts
				if part[0].alone {
					hosts = fewHosts
				}
				s := newSimulated(t, p, hosts)
				return run(t, s, impl, only(simulatedTrials(s.c), part))
			}))
		})
	}
	if testing.Short() {
		return
	}
	realWords := words{period: "none", command: "other", handler: "handler", variable: "SLA"}
	t.Run("icinga2", func(t *testing.T) {
		t.Parallel()
		record(t, "icinga2", inParts(t, realTrials(realWords), 3, func(t *testing.T, part []*trial) map[string]result {
			return run(t, newIcinga(t, icingaObjects(part)), schema.Icinga2, part)
		}))
	})
	t.Run("icinga2-api", func(t *testing.T) {
		t.Parallel()
		record(t, "icinga2-api", inParts(t, realTrials(realWords), 3, func(t *testing.T, part []*trial) map[string]result {
			return run(t, newIcingaAPI(t, icingaObjects(part)), schema.Icinga2, part)
		}))
	})
	t.Run("nagios4", func(t *testing.T) {
		t.Parallel()
		record(t, "nagios4", inParts(t, realTrials(realWords), 8, func(t *testing.T, part []*trial) map[string]result {
			n := newNagios(t, nagiosObjects(part))
			found := run(t, n, schema.MK15, part)
			n.agrees(t, found)
			return found
		}))
	})
}

// only are those of the trials that are about the same commands as others.
func only(trials, like []*trial) []*trial {
	return slices.DeleteFunc(trials, func(k *trial) bool {
		return !slices.ContainsFunc(like, func(o *trial) bool { return o.def.Name == k.def.Name })
	})
}

// inParts tries commands about objects on one core, all at once; those about
// the core as a whole, which must be given one after the other, on some cores
// more.
func inParts(t *testing.T, trials []*trial, more int, try func(*testing.T, []*trial) map[string]result) map[string]result {
	t.Helper()
	parts := make([][]*trial, 1+more)
	whole := 0
	for _, k := range trials {
		part := 0
		if k.alone {
			part = 1 + whole%more
			whole++
		}
		parts[part] = append(parts[part], k)
	}
	var mu sync.Mutex
	all := map[string]result{}
	t.Run("parts", func(t *testing.T) {
		for i, part := range parts {
			if testing.Short() && i > 0 {
				break
			}
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				found := try(t, part)
				mu.Lock()
				defer mu.Unlock()
				maps.Copy(all, found)
			})
		}
	})
	return all
}

// agrees compares what was found with what the core's log says that it does not
// know.
func (n *nagios) agrees(t *testing.T, found map[string]result) {
	t.Helper()
	not := n.unknown(t)
	for name, r := range found {
		if not[name] && r.outcome == silent {
			r.outcome = unknown // younger than this Nagios
			found[name] = r
		}
		if (r.outcome == unknown || r.outcome == instead) != not[name] {
			t.Errorf("%s: %s, but the core's log says that it knows it: %v", name, r.outcome, !not[name])
		}
	}
}

// recording is held while testdata is read and written.
var recording sync.Mutex

// record compares what was found with what is kept; -update keeps it.
func record(t *testing.T, name string, found map[string]result) {
	t.Helper()
	recording.Lock()
	defer recording.Unlock()
	path := "testdata/" + name + ".tsv"
	kept := map[string]string{}
	if b, err := os.ReadFile(path); err == nil {
		for line := range strings.Lines(string(b)) {
			command, _, _ := strings.Cut(line, "\t")
			kept[command] = line
		}
	}
	for _, command := range slices.Sorted(maps.Keys(found)) {
		r := found[command]
		line := fmt.Sprintf("%s\t%s\t%s\t%s\n", r.command, r.outcome, r.desk, r.effect)
		if !*update && kept[command] != line {
			t.Errorf("%s on %s:\n found %s kept  %s", command, name, line, kept[command])
		}
		kept[command] = line
	}
	if *update {
		text := ""
		for _, command := range slices.Sorted(maps.Keys(kept)) {
			text += kept[command]
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
