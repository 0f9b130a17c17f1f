package contract_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/schema"
	"belvedere/internal/site"
	"belvedere/internal/site/sitetest"
	"belvedere/internal/store"
	"belvedere/internal/testkit"
)

// TestContractCommands gives every command that a core knows over every way to
// a simulated one, the dangerous ones too. The core hears the same bytes, once;
// it does what a twin does that is told the command itself; and in the end the
// site has what the core says. Real cores, an Icinga 2 over Livestatus and its
// API and a Nagios over an agent, are given every command by test/matrix.
func TestContractCommands(t *testing.T) {
	kinds := map[string]schema.Cores{"naemon": schema.Naemon, "nagios": schema.MK15, "shinken": schema.Shinken}
	for _, w := range ways() {
		kind, _, _ := strings.Cut(w.name, " ")
		if kinds[kind] == 0 {
			continue // a real core, which does not tell what it heard
		}
		t.Run(strings.ReplaceAll(w.name, " ", "-"), func(t *testing.T) {
			t.Parallel()
			c, o := w.open(t)
			s := c.(*simulated)
			g := &giver{T: t, way: w, opened: o, core: s, twin: testkit.NewCore(s.options)}
			g.manager, g.fleet = follow(t, o)
			given := 0
			for i, def := range schema.Commands() {
				if (def.Cores|def.Ignored)&kinds[kind] != 0 {
					g.give(&def, i)
					given++
				}
			}
			if given < 150 {
				t.Errorf("%d commands were given", given)
			}
			p := &partner{T: t, way: w, core: c, fleet: g.fleet, refresh: g.refresh}
			p.refresh()
			p.equal("after every command")
			until(t, "the switches of the core as a whole are seen", func() bool {
				seen := sitetest.Rows(g.fleet.View().Sites[0].Snapshot, "status")
				return len(sitetest.Diff("status", s.truth("status"), seen, counters()...)) == 0
			})
			g.nothingElse()
		})
	}
}

// A giver gives commands over a way, and to a twin of the core itself.
type giver struct {
	*testing.T
	way way
	opened
	core    *simulated
	twin    *testkit.Core
	manager *site.Manager
	fleet   *store.Fleet
	heard   int // command lines that the core has heard, those told to prepare it too
}

func (g *giver) refresh() {
	if g.nearer != nil {
		g.nearer()
	}
	g.manager.Refresh(siteKey)
}

// give gives the nth command and looks what the core heard and did.
func (g *giver) give(def *schema.Command, n int) {
	g.Helper()
	k := g.core.trialOf(def, n)
	for _, line := range k.prepare() {
		g.tell(line)
	}
	k.number(g.twin)
	if g.nearer != nil { // another Belvedere judges by what it sees
		g.refreshUntil(k)
	}
	err := g.manager.Send(g.Context(), siteKey, lql.Command{Time: k.at, Name: def.Name, Args: k.args})
	if why := g.refused(def); why != "" {
		if err == nil || !strings.Contains(err.Error(), why) {
			g.Errorf("%s: not refused: %v", def.Name, err)
		}
		return
	}
	if g.way.author != "" {
		for i, p := range def.Params {
			if p.Type == schema.PAuthor {
				k.args[i] = g.way.author
			}
		}
	}
	line := strings.Join(append([]string{def.Name}, k.args...), ";")
	direct := g.twin.Command(fmt.Sprintf("[%d] %s", k.at, line))
	// The core may refuse a value: it has taken the line all the same.
	if err != nil && (direct == nil || livestatus.KindOf(err) != livestatus.KindStatus) {
		g.Fatalf("%s: %v", def.Name, err)
	}
	if heard := g.core.hears(g.T, g.heard); heard != line {
		g.Fatalf("the core heard\n%s\nand not\n%s", heard, line)
	}
	g.heard++
	if diffs := g.differences(); len(diffs) > 0 {
		g.Errorf("%s does not do what it does when the core itself is told it", def.Name)
		sitetest.Report(g.T, diffs)
		g.FailNow()
	}
}

// refused is why the way does not take a command, "" if it does.
func (g *giver) refused(def *schema.Command) string {
	if def.Ignored != 0 && def.Cores&schema.Naemon == 0 {
		return g.way.ignored
	}
	return ""
}

// tell tells both cores a command, past the way.
func (g *giver) tell(line string) {
	g.Helper()
	line = fmt.Sprintf("[%d] %s", time.Now().Unix(), line)
	if err := errors.Join(g.core.c.Command(line), g.twin.Command(line)); err != nil {
		g.Fatalf("%s: %v", line, err)
	}
	g.heard++
}

// nothingElse fails if the core heard more than it was told.
func (g *giver) nothingElse() {
	g.Helper()
	g.core.mu.Lock()
	defer g.core.mu.Unlock()
	if len(g.core.heard) != g.heard {
		g.Errorf("the core heard %d commands, of which %d were given", len(g.core.heard), g.heard)
	}
}

// refreshUntil waits until the site, and with it what is between, sees what the
// command needs.
func (g *giver) refreshUntil(k *trial) {
	g.Helper()
	if k.needs == nil {
		return
	}
	g.refresh()
	until(g.T, "what "+k.def.Name+" needs is seen", func() bool { return k.needs(g.fleet.View().Sites[0].Snapshot) })
}

// differences compares the core with its twin: the same in every column, but
// for moments at which the one did it and then the other.
func (g *giver) differences() (out []string) {
	for _, table := range append([]string{"status"}, sitetest.Tables...) {
		want, got := sitetest.Truth(g.twin, table), g.core.truth(table)
		def, _ := schema.Lookup(table)
		skip := slices.Clone(sitetest.OwnPace)
		if table == "status" {
			skip = counters()
		}
		for _, c := range def.Columns {
			if c.Kind == schema.Time {
				aboutTheSame(want, got, c.Name)
			}
		}
		out = append(out, sitetest.Diff(table, want, got, skip...)...)
	}
	return out
}

// counters are the columns of status that count also who asks.
func counters() (out []string) {
	def, _ := schema.Lookup("status")
	for _, c := range def.Columns {
		if c.Kind != schema.Bool {
			out = append(out, c.Name)
		}
	}
	return out
}

// aboutTheSame makes times the same that are less than patience apart.
func aboutTheSame(want, got rows, column string) {
	for key, r := range want {
		a, ok := r[column].(int64)
		b, also := got[key][column].(int64)
		if ok && also && (a == 0) == (b == 0) && time.Duration(max(a-b, b-a))*time.Second < patience {
			r[column] = b
		}
	}
}

// A trial is one command with its arguments.
type trial struct {
	def           *schema.Command
	args          []string
	at            int64 // unix seconds
	host, service string
	needs         func(*store.Snapshot) bool // what is to be seen of the core before; nil: nothing
}

// remark is the text of what the trial deletes.
func (k *trial) remark() string { return "for " + k.def.Name }

// onService reports whether the command is about a service.
func (k *trial) onService() bool {
	return strings.Contains(k.def.Name, "SVC") || strings.Contains(k.def.Name, "SERVICE") || strings.HasPrefix(k.def.Name, "DEL_DOWNTIME_BY")
}

// object is the host, or host and service, as commands name it.
func (k *trial) object() string {
	if k.onService() {
		return k.host + ";" + k.service
	}
	return k.host
}

// prepare returns what the core is told before, so that the command does
// something, and sets what shows that.
func (k *trial) prepare() []string {
	name, kind, table, key, state := k.def.Name, "HOST", "hosts", k.host, "1"
	if k.onService() {
		kind, table, key, state = "SVC", "services", store.Key(k.host, k.service), "2"
	}
	is := func(column string, value int64) {
		k.needs = func(snap *store.Snapshot) bool {
			row, ok := snap.Find(table, key)
			return ok && snap.Int(table, column, row) == value
		}
	}
	there := func(table, column, text string) {
		k.needs = func(snap *store.Snapshot) bool {
			for row := range snap.Rows(table) {
				if snap.Text(table, column, row) == text {
					return true
				}
			}
			return false
		}
	}
	problem := "PROCESS_" + strings.Replace(kind, "SVC", "SERVICE", 1) + "_CHECK_RESULT;" + k.object() + ";" + state + ";bad"
	verb, rest, _ := strings.Cut(name, "_")
	switch {
	case verb == "ACKNOWLEDGE":
		is("state", int64(state[0]-'0'))
		return []string{problem, "REMOVE_" + kind + "_ACKNOWLEDGEMENT;" + k.object()}
	case verb == "REMOVE":
		is("acknowledged", 1)
		return []string{problem, "ACKNOWLEDGE_" + kind + "_PROBLEM;" + k.object() + ";2;0;1;eva;seen"}
	case verb == "DEL" && strings.Contains(name, "COMMENT") && !strings.Contains(name, "DOWNTIME"):
		there("comments", "comment", k.remark())
		return []string{"ADD_" + kind + "_COMMENT;" + k.object() + ";1;eva;" + k.remark()}
	case verb == "DEL" && strings.Contains(name, "DOWNTIME"):
		there("downtimes", "comment", k.remark())
		return []string{fmt.Sprintf("SCHEDULE_%s_DOWNTIME;%s;%d;%d;1;0;3600;eva;%s", kind, k.object(), k.at+3600, k.at+7200, k.remark())}
	case verb == "ENABLE" || verb == "START":
		return []string{strings.NewReplacer("ENABLE", "DISABLE", "START", "STOP").Replace(verb) + "_" + rest + strings.Join(append([]string{""}, k.args...), ";")}
	}
	return nil
}

// number sets the number of the comment or downtime that is to be deleted.
func (k *trial) number(c *testkit.Core) {
	for i, p := range k.def.Params {
		table, ok := strings.CutSuffix(p.Name, "_id")
		if !ok || table != "comment" && table != "downtime" {
			continue
		}
		for _, r := range c.Rows(table + "s") {
			if r["comment"] == k.remark() {
				k.args[i] = fmt.Sprint(r["id"])
			}
		}
	}
}

// trialOf makes up arguments for the nth command, with everything in the last
// text that a way could spoil.
func (s *simulated) trialOf(def *schema.Command, n int) *trial {
	k := &trial{def: def, at: time.Now().Unix()}
	k.host, k.service = s.object()
	first := func(table string) string { return s.c.Rows(table)[0]["name"].(string) }
	for i, p := range def.Params {
		v := "1"
		switch p.Type {
		case schema.PHost:
			v = k.host
		case schema.PService:
			v = k.service
		case schema.PHostGroup:
			if v = first("hostgroups"); strings.HasPrefix(def.Name, "DEL_") {
				v = s.groupOf(k.host)
			}
		case schema.PServiceGroup:
			v = first("servicegroups")
		case schema.PContact:
			v = first("contacts")
		case schema.PContactGroup:
			v = first("contactgroups")
		case schema.PTimeperiod:
			v = s.c.Rows("timeperiods")[1]["name"].(string)
		case schema.PAuthor:
			v = "änn"
		case schema.PText:
			if v = "word"; i == len(def.Params)-1 {
				v = k.lastText(n)
			}
		default:
			v = k.figure(p.Name)
		}
		k.args = append(k.args, v)
	}
	return k
}

// groupOf is a host group that has a host.
func (s *simulated) groupOf(host string) string {
	for _, r := range s.c.Rows("hostgroups") {
		if slices.Contains(r["members"].([]string), host) {
			return r["name"].(string)
		}
	}
	return ""
}

func (k *trial) lastText(n int) string {
	if strings.HasPrefix(k.def.Name, "DEL_") {
		return k.remark()
	}
	text := fmt.Sprintf(`Größe 漢字 ✓ <b>&amp 'a' "b" $HOME | x=1 \n %%s %d`, n)
	if strings.HasPrefix(k.def.Name, "ADD_") { // a Nagios ends the texts of others at a semicolon
		text += "; and more"
	}
	return text
}

// figure is a number or time for a parameter.
func (k *trial) figure(name string) string {
	after := map[string]int64{"start_time": 3600, "downtime_start_time": 3600, "end_time": 7200, "check_time": 600, "notification_time": 900, "schedule_time": 900, "expire_time": 900}
	if d, ok := after[name]; ok {
		return fmt.Sprint(k.at + d)
	}
	switch name {
	case "duration":
		return "1800"
	case "trigger_id":
		return "0"
	case "sticky", "status_code":
		if name == "status_code" && !k.onService() {
			return "1"
		}
		return "2"
	case "options":
		return "6"
	case "check_attempts", "check_interval", "notification_number":
		return "7"
	}
	return "1"
}
