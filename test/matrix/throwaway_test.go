package matrix_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"belvedere/internal/corefiles"
	"belvedere/internal/schema"
	"belvedere/internal/testkit"
	"belvedere/test/realcore"
)

// A ward is a core that a dangerous command is tried on, with what can be seen
// of it besides its state.
type ward struct {
	core
	k    *trial
	impl schema.Cores
	// start returns when the core says that it was started, "" while it does
	// not answer.
	start func() string
	// ended reports that the core has ended, saved when its saved state was
	// written; nil where there is no such thing.
	ended func() bool
	saved func() time.Time
	file  string // with commands
	most  time.Duration
}

// TestThrowaway tries each command that ends or changes a core as a whole on a
// core of its own.
func TestThrowaway(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Log("only simulated cores: -short")
	}
	for _, def := range schema.Commands() {
		if !throwaway(def.Name) {
			continue
		}
		for name, raise := range map[string]func(*testing.T, *schema.Command) *ward{
			"icinga2": icingaWard(newIcinga), "icinga2-api": icingaWard(newIcingaAPI), "nagios4": nagiosWard, "simulated-naemon": simulatedWard(testkit.Naemon, schema.Naemon),
			"simulated-nagios4": simulatedWard(testkit.Nagios4, schema.MK15), "simulated-shinken": simulatedWard(testkit.Shinken, schema.Shinken),
			"simulated-icinga2": simulatedWard(testkit.Icinga2, schema.Icinga2),
		} {
			if testing.Short() && !strings.HasPrefix(name, "simulated") {
				continue
			}
			t.Run(name+" "+def.Name, func(t *testing.T) {
				t.Parallel()
				w := raise(t, &def)
				record(t, name, map[string]result{def.Name: w.try(t)})
			})
		}
	}
}

// try gives the command and looks what becomes of the core.
func (w *ward) try(t *testing.T) result {
	t.Helper()
	for _, line := range w.prepare(t) {
		if err := w.tell(line); err != nil {
			t.Fatal(err)
		}
	}
	calm(t, w.core)
	began, before := w.start(), time.Now()
	wait, err := w.bench().give(t, w.k)
	if err != nil {
		t.Fatal(err)
	}
	it := wait()
	if !knows(w.impl, w.k.def.Name) {
		_ = w.tell(w.k.line())
	}
	effect := w.await(t, began, before)
	return judge(w.k, w.impl, it, effect)
}

// prepare returns what must be so that the command does something.
func (w *ward) prepare(t *testing.T) []string {
	t.Helper()
	host := w.k.n.host
	switch w.k.def.Name {
	case "PROCESS_FILE":
		line := fmt.Sprintf("[%d] ADD_HOST_COMMENT;%s;1;%s;%s\n", time.Now().Unix(), host, author, w.k.text())
		if err := os.WriteFile(w.file, []byte(line), 0o666); err != nil {
			t.Fatal(err)
		}
	case "READ_STATE_INFORMATION":
		if !knows(w.impl, w.k.def.Name) {
			return nil
		}
		return []string{"DISABLE_HOST_NOTIFICATIONS;" + host, "SAVE_STATE_INFORMATION", "ENABLE_HOST_NOTIFICATIONS;" + host}
	}
	return nil
}

// await waits for the effect that the command should have, and for a while
// whether it has one after all where none is known.
func (w *ward) await(t *testing.T, began string, before time.Time) []string {
	t.Helper()
	shows := func() []string {
		switch name := w.k.def.Name; {
		case strings.HasPrefix(name, "RESTART_"), name == "RELOAD_CONFIG":
			if now := w.start(); now != "" && now != began {
				return []string{"status.program_start"}
			}
		case strings.HasPrefix(name, "SHUTDOWN_"):
			if w.ended != nil && w.ended() {
				return []string{"the core has ended"}
			}
		case name == "SAVE_STATE_INFORMATION":
			if w.saved != nil && !w.saved().Before(before.Add(-time.Second)) {
				return []string{"the file of the saved state"}
			}
		case name == "READ_STATE_INFORMATION":
			for who, row := range w.look(t) {
				if who.owner == w.k.n.host && who.key == "" && row["notifications_enabled"] == "0" {
					return []string{"what was saved is back"}
				}
			}
		case name == "PROCESS_FILE":
			for who := range w.look(t) {
				if strings.Contains(who.table, "comment") && strings.Contains(who.key, w.k.text()) {
					return []string{"+comments"}
				}
			}
		}
		return nil
	}
	for end := time.Now().Add(w.most); ; {
		if e := shows(); e != nil {
			return e
		}
		if time.Now().After(end) {
			return nil
		}
		<-time.After(50 * time.Millisecond)
	}
}

// How long an effect on a whole core may take.
const (
	realMost      = 10 * time.Second
	simulatedMost = time.Second
)

func wardTrial(def *schema.Command, file string) *trial {
	k := newTrial(def, names{host: "m001", child: "m001-behind", service: "svc", hostgroup: "m001-hosts", servicegroup: "m001-services", contact: "m001-contact", contactgroup: "m001-people"},
		words{}, author)
	if def.Name == "PROCESS_FILE" {
		k.values = []string{file, "1"}
	}
	return k
}

func icingaWard(raise func(*testing.T, string) *icinga) func(*testing.T, *schema.Command) *ward {
	return func(t *testing.T, def *schema.Command) *ward { return wardOf(t, def, raise) }
}

func wardOf(t *testing.T, def *schema.Command, raise func(*testing.T, string) *icinga) *ward {
	t.Helper()
	w := &ward{most: realMost, impl: schema.Icinga2, file: filepath.Join(t.TempDir(), "commands")}
	openUp(t, w.file)
	w.k = wardTrial(def, w.file)
	i := raise(t, icingaObjects([]*trial{w.k}))
	w.core, w.ended = i, i.c.Ended
	w.start = func() string {
		b, err := i.c.Query("GET status\nColumns: program_start\n\n")
		if err != nil {
			return ""
		}
		return strings.TrimSpace(string(b))
	}
	return w
}

func nagiosWard(t *testing.T, def *schema.Command) *ward {
	t.Helper()
	w := &ward{most: realMost, impl: schema.MK15, file: filepath.Join(t.TempDir(), "commands")}
	openUp(t, w.file)
	w.k = wardTrial(def, w.file)
	n := newNagios(t, nagiosObjects([]*trial{w.k}))
	w.core, w.ended = n, n.c.Ended
	w.saved = func() time.Time { return written(n.c) }
	w.start = func() string {
		f, err := os.Open(n.c.Status)
		if err != nil {
			return ""
		}
		defer f.Close()
		info, err := corefiles.ReadStatus(f, func(*corefiles.Row) error { return nil })
		if err != nil || info.Start == 0 {
			return ""
		}
		return fmt.Sprint(info.Start)
	}
	return w
}

// written returns when a Nagios saved its state last.
func written(c *realcore.Nagios) time.Time {
	st, err := os.Stat(filepath.Join(c.Dir, "var/retention.dat"))
	if err != nil {
		return time.Time{}
	}
	return st.ModTime()
}

// openUp lets the user that cores run as at a file and delete it.
func openUp(t *testing.T, file string) {
	t.Helper()
	for dir := filepath.Dir(file); strings.HasPrefix(dir, os.TempDir()) && dir != os.TempDir(); dir = filepath.Dir(dir) {
		mode := os.FileMode(0o755)
		if dir == filepath.Dir(file) {
			mode = 0o777
		}
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
	}
}

func simulatedWard(p testkit.Profile, impl schema.Cores) func(*testing.T, *schema.Command) *ward {
	return func(t *testing.T, def *schema.Command) *ward {
		t.Helper()
		w := &ward{most: simulatedMost, impl: impl, file: filepath.Join(t.TempDir(), "commands")}
		s := newSimulated(t, p, fewHosts)
		w.k = wardTrial(def, w.file)
		w.k.n.host = s.c.Rows("hosts")[0]["name"].(string)
		w.core = s
		w.start = func() string { return fmt.Sprint(s.c.Rows("status")[0]["program_start"]) }
		return w
	}
}
