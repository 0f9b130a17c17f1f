package site

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/schema"
	"belvedere/internal/store"
)

// changes is what one poll found.
type changes struct {
	woke       bool                // counters show that something happened
	ordered    bool                // and that it was more than checks
	cameOrWent bool                // rows are there that were not, or the reverse
	many       bool                // and so many, or such, that all is to be read
	came, gone map[string][]string // the keys of others, by table
	keys       map[string]map[string]bool
	all        map[string]bool // tables of which too many rows changed to name
}

func newChanges() *changes {
	return &changes{keys: map[string]map[string]bool{}, all: map[string]bool{}, came: map[string][]string{}, gone: map[string][]string{}}
}

// add takes in what a commit changed.
func (c *changes) add(ch store.Change) {
	for _, t := range ch.Tables {
		keys := ch.Keys[t]
		if keys == nil {
			c.all[t] = true
			continue
		}
		if c.keys[t] == nil {
			c.keys[t] = map[string]bool{}
		}
		for _, k := range keys {
			c.keys[t][k] = true
		}
	}
}

// any reports whether anything happened.
func (c *changes) any() bool {
	return c.woke || c.cameOrWent || len(c.keys) > 0 || len(c.all) > 0
}

// An urgency is a time in which the site is read often, because commands were
// sent and their effects are awaited.
type urgency struct {
	step    time.Duration
	targets map[target]time.Time // up to targetsMost, and when they were awaited first
}

// targetsMost bounds the objects that are read for commands at each poll.
const targetsMost = 200

// A target is what a command is about. Without a host it is the core as a
// whole, a group or a contact.
type target struct {
	host, service string
	contact       string
	rare          bool // shows in tables that are seldom read, if anywhere
	remark        bool // shows among comments or downtimes
	slow          bool // shows where no comparison looks: in texts, fractions and what moves by itself
}

// awaited is for how long the effect is: a contact shows in files that some
// cores write every ten seconds, and no comparison looks at it soon.
func (t target) awaited() time.Duration {
	if t.rare {
		return rareFor
	}
	return urgentFor
}

// targetOf finds the object that a command names.
func targetOf(c lql.Command) target {
	var t target
	def, ok := schema.LookupCommand(c.Name)
	if !ok {
		return t
	}
	t.slow = strings.HasPrefix(c.Name, "CHANGE_") || strings.HasPrefix(c.Name, "DELAY_")
	for _, word := range []string{"COMMENT", "DOWNTIME", "ACKNOWLEDGE"} {
		t.remark = t.remark || strings.Contains(c.Name, word)
	}
	for i, p := range def.Params {
		if i >= len(c.Args) {
			break
		}
		switch p.Type {
		case schema.PHost:
			t.host = c.Args[i]
		case schema.PService:
			t.service = c.Args[i]
		case schema.PContact:
			t.contact, t.rare = c.Args[i], true
		}
	}
	return t
}

// shows reports whether what changed may be the effect of the command.
func (t target) shows(c *changes) bool {
	switch {
	case t.contact != "":
		return c.cameOrWent || c.all["contacts"] || c.keys["contacts"][t.contact]
	case t.host == "":
		return c.any()
	}
	for _, table := range []string{"comments", "downtimes"} {
		if t.remark && (c.all[table] || len(c.keys[table]) > 0) {
			return true
		}
	}
	if c.cameOrWent || c.all["hosts"] || c.all["services"] || c.keys["hosts"][t.host] {
		return true
	}
	if t.service != "" {
		return c.keys["services"][store.Key(t.host, t.service)]
	}
	for k := range c.keys["services"] {
		if strings.HasPrefix(k, t.host+"\x00") {
			return true
		}
	}
	return false
}

// readTargets reads the objects of awaited commands whose effects no comparison
// looks at, with all that commands can change.
func (s *session) readTargets(ctx context.Context, changed *changes) error {
	s.mu.Lock()
	targets := slices.Collect(maps.Keys(s.urgent.targets))
	s.mu.Unlock()
	keys, rare := map[string][]string{}, false
	for _, t := range targets {
		rare = rare || t.rare
		table, key := "hosts", t.host
		switch {
		case t.contact != "" && s.plan.tables["contacts"] != nil:
			table, key = "contacts", t.contact
		case !t.slow:
			continue
		case t.service != "":
			table, key = "services", store.Key(t.host, t.service)
		}
		if _, ok := s.st.Snapshot().Find(table, key); ok && key != "" {
			keys[table] = append(keys[table], key)
		}
	}
	if rare {
		if err := s.readRare(ctx, changed); err != nil {
			return err
		}
	}
	for table, list := range keys {
		if err := s.readKeys(ctx, s.plan.tables[table], list, changed); err != nil {
			return err
		}
	}
	return nil
}

// expecting reports whether the effect of a command is awaited.
func (s *site) expecting() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.urgent.targets) > 0
}

// hurry has the site read at once, and often, until c shows and what was sent
// before it.
func (s *site) hurry(c lql.Command) {
	s.mu.Lock()
	targets := s.urgent.targets
	if targets == nil {
		targets = map[target]time.Time{}
	}
	if len(targets) < targetsMost {
		targets[targetOf(c)] = s.now()
	}
	s.urgent = urgency{step: urgentFirst, targets: targets}
	s.mu.Unlock()
	s.kick()
}

// urgentNow reports whether the poll at now must compare: an effect is
// awaited, or somebody asked, and then every number.
func (s *session) urgentNow() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	thorough := s.thorough
	s.thorough = false
	if thorough {
		s.cursor.deep = time.Time{}
	}
	return thorough || len(s.urgent.targets) > 0
}

// settle takes what a poll found, and ends the urgency when all effects show, or
// in time. What a poll found that began before a command was sent is not its
// effect; there is always one that began after it, however slow the core is.
func (s *session) settle(c *changes) {
	s.polled, s.found, s.ordered = s.now(), c.any(), c.ordered
	s.aside.touch(c)
	if s.found {
		s.calm = 0
	} else {
		s.calm++
	}
	s.m.busy(s.site, s.found)
	s.mu.Lock()
	maps.DeleteFunc(s.urgent.targets, func(t target, since time.Time) bool {
		late := s.polled.Sub(since) >= t.awaited()
		return !since.After(s.asOf) && (late || t.shows(c))
	})
	if len(s.urgent.targets) == 0 {
		s.urgent = urgency{}
	}
	s.mu.Unlock()
}

// urgentPause is how long to wait before the next poll while an effect is
// awaited: twice as long each time, and never less than three times what a
// poll costs the core.
func (s *session) urgentPause() (d time.Duration, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.urgent.targets) == 0 {
		return 0, false
	}
	d = max(s.urgent.step, urgentFactor*s.round)
	s.urgent.step = min(2*s.urgent.step, urgentAtMost)
	return d, true
}

// discard is a sink for answers of which only the arrival matters.
type discard struct{}

// Begin implements [livestatus.Sink].
func (discard) Begin([]string) error { return nil }

// Row implements [livestatus.Sink].
func (discard) Row([]livestatus.Cell) error { return nil }
