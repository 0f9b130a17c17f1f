package icinga2

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
)

// A model is what has to be known of a core beside a host or service to say
// what its Livestatus would say about it. It is for one goroutine.
type model struct {
	periods       map[string]*period
	users         map[string]*user
	userGroups    map[string]*group
	hostGroups    map[string]*group
	serviceGroups map[string]*group
	notifications map[string]*notification // by name
	commands      map[string]*command      // by name of the check command
	dependencies  map[string]*dependency

	notified map[string][]string // names of the notifications about a host or service
	parents  map[string][]string // hosts above a host or service, sorted
	children map[string][]string // hosts below a host or service, sorted

	above map[string][]*dependency // dependencies of a host or service
	below map[string][]string      // hosts and services that depend on one

	objects  map[string]*known // hosts and services by full name
	comments numbers
	downs    numbers
}

// known is what is kept of a host or service.
type known struct {
	swept
	groups  []string
	state   int64
	hard    bool
	checked bool
	stale   bool   // all of it is to be read anew
	around  uint64 // what notifications and dependencies said when it was read
}

// setCommands keeps the check commands. If they are others, what is said of
// hosts and services may be something else.
func (m *model) setCommands(read map[string]*commandObject) {
	now := map[string]*command{}
	for name, c := range read {
		now[name] = &command{commandLine(c.Command), variables(c.Vars)}
	}
	if !reflect.DeepEqual(now, m.commands) {
		for _, k := range m.objects {
			k.stale = true
		}
	}
	m.commands = now
}

// A command is a check command as far as columns show it.
type command struct {
	line string
	vars []variable
}

func newModel() *model {
	return &model{
		periods: map[string]*period{}, users: map[string]*user{}, userGroups: map[string]*group{}, hostGroups: map[string]*group{},
		serviceGroups: map[string]*group{}, notifications: map[string]*notification{}, commands: map[string]*command{},
		dependencies: map[string]*dependency{}, notified: map[string][]string{}, parents: map[string][]string{}, children: map[string][]string{},
		above: map[string][]*dependency{}, below: map[string][]string{},
		objects: map[string]*known{}, comments: numbers{}, downs: numbers{},
	}
}

// index makes the maps that lead from objects to what belongs to them.
func (m *model) index() {
	clear(m.notified)
	clear(m.parents)
	clear(m.children)
	clear(m.above)
	clear(m.below)
	for name, n := range m.notifications {
		at := fullName(n.Host, n.Service)
		m.notified[at] = append(m.notified[at], name)
	}
	for _, d := range m.dependencies {
		child, parent := fullName(d.ChildHost, d.ChildService), fullName(d.ParentHost, d.ParentService)
		m.above[child] = append(m.above[child], d)
		m.below[parent] = append(m.below[parent], child)
		if d.ParentService == "" {
			m.parents[child] = append(m.parents[child], d.ParentHost)
		}
		if d.ChildService == "" {
			m.children[parent] = append(m.children[parent], d.ChildHost)
		}
	}
	for _, lists := range []map[string][]string{m.notified, m.parents, m.children} {
		for at, l := range lists {
			slices.Sort(l)
			lists[at] = slices.Compact(l)
		}
	}
}

// above returns the group and all groups it is a member of.
func above(groups map[string]*group, name string, seen []string) []string {
	if slices.Contains(seen, name) {
		return seen
	}
	seen = append(seen, name)
	if g := groups[name]; g != nil {
		for _, up := range g.Groups {
			seen = above(groups, up, seen)
		}
	}
	return seen
}

// members returns who is in each group, by its name, sorted; of gives the
// groups of each object.
func members(groups map[string]*group, of map[string][]string) map[string][]string {
	out := map[string][]string{}
	for object, direct := range of {
		var all []string
		for _, g := range direct {
			all = above(groups, g, all)
		}
		for _, g := range all {
			out[g] = append(out[g], object)
		}
	}
	for _, l := range out {
		slices.Sort(l)
	}
	return out
}

// userGroupMembers returns the users in each group of users.
func (m *model) userGroupMembers() map[string][]string {
	of := map[string][]string{}
	for name, u := range m.users {
		of[name] = u.Groups
	}
	return members(m.userGroups, of)
}

// contacts returns who is told about a host or service, and the groups named
// for that, both sorted.
func (m *model) contacts(full string, inGroup map[string][]string) (users, groups []string) {
	users, groups = []string{}, []string{}
	for _, name := range m.notified[full] {
		n := m.notifications[name]
		users = append(users, n.Users...)
		groups = append(groups, n.UserGroups...)
		for _, g := range n.UserGroups {
			users = append(users, inGroup[g]...)
		}
	}
	slices.Sort(users)
	slices.Sort(groups)
	return slices.Compact(users), slices.Compact(groups)
}

// sum is what the notifications about a host or service say together.
type sum struct {
	last, next float64
	number     int64
	interval   float64 // minutes
	inPeriod   bool
}

func (m *model) notifying(full string) sum {
	s := sum{interval: -1}
	for _, name := range m.notified[full] {
		n := m.notifications[name]
		s.last = max(s.last, n.Last)
		if s.next == 0 || n.Next < s.next {
			s.next = n.Next
		}
		s.number = max(s.number, n.Number)
		if s.interval < 0 || n.Interval < s.interval {
			s.interval = n.Interval
		}
		p := m.periods[n.Period]
		s.inPeriod = s.inPeriod || p == nil || p.Inside
	}
	if s.interval < 0 {
		s.interval = 60
	}
	s.interval /= 60
	return s
}

// commandLine is the command as Livestatus shows it: lists with each part in
// quotes, what is a function as internal.
func commandLine(raw json.RawMessage) string {
	var parts []any
	if json.Unmarshal(raw, &parts) == nil && parts != nil {
		var b strings.Builder
		for _, p := range parts {
			b.WriteString(` "` + strings.ReplaceAll(plainText(p), "\n", `\n`) + `"`)
		}
		return b.String()
	}
	var one string
	if json.Unmarshal(raw, &one) == nil && one != "" {
		return strings.ReplaceAll(one, "\n", `\n`)
	}
	return "<internal>"
}

// checkCommand is the check command with its arguments: the variables that
// stand as they are in its line.
func (m *model) checkCommand(c *checkable, vars, hostVars []variable) string {
	name := "check_" + c.CheckCommand + "!"
	cmd := m.commands[c.CheckCommand]
	if cmd == nil || cmd.line == "<internal>" {
		return name
	}
	args := map[string]string{}
	take := func(vars []variable, long string) {
		for _, v := range vars {
			if strings.Contains(cmd.line, "$"+v.name+"$") || long != "" && strings.Contains(cmd.line, "$"+long+v.name+"$") {
				args[v.name] = v.plain()
			}
		}
	}
	take(cmd.vars, "")
	take(hostVars, "host.vars.")
	if c.service() != "" {
		take(vars, "service.vars.")
	}
	names := make([]string, 0, len(args))
	for n := range args {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		name += n + "=" + args[n] + "!"
	}
	return name
}
