package testkit

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"time"
)

// newWorld makes the world of a core as it is at the core's present.
func newWorld(p *profile, o Options) *world {
	w := &world{p: p, o: o, rng: rand.New(rand.NewPCG(o.Seed, mixText(o.Seed, o.Name))), loc: time.UTC,
		byName: map[string]*object{}, svcName: map[svcKey]*object{}, nextCom: 1, nextDown: 1,
		pid: 11000 + int(mixText(o.Seed, o.Name)%9000), stalled: func() bool { return false }}
	w.global = global{true, true, true, true, true, true, true, true, false, false, false, true}
	w.now = sec(w.clock().Unix())
	w.start = w.now - 3600*9 - sec(w.rng.IntN(3600))
	b := &builder{w: w, place: placeOf(o.Name), cat: newCatalog(), params: map[string]*settings{}, byGroup: map[string]*group{}}
	b.people()
	b.hosts()
	b.finish()
	if !o.Quiet {
		w.past(b.place)
	}
	w.nextTrou = w.now + 15 + sec(w.rng.IntN(30))
	return w
}

// builder makes a world once.
type builder struct {
	w       *world
	place   place
	cat     catalog
	params  map[string]*settings
	byGroup map[string]*group // "h/name", "s/name", "c/name"
	extra   []*checkKind
	period  *period
}

func (b *builder) people() {
	w := b.w
	day := [2]int{0, 86400}
	always := [7][][2]int{{day}, {day}, {day}, {day}, {day}, {day}, {day}}
	work := [2]int{9 * 3600, 17 * 3600}
	night := [][2]int{{0, 6 * 3600}, {20 * 3600, 86400}}
	w.periods = []*period{
		{name: "24x7", alias: "always", days: always},
		{name: "none", alias: "never"},
		{name: "nächte", alias: "Nächte", days: [7][][2]int{night, night, night, night, night, night, night}},
		{name: "workhours", alias: "Mon-Fri 9-17", days: [7][][2]int{nil, {work}, {work}, {work}, {work}, {work}, nil}},
	}
	b.period = w.periods[0]
	teams := []struct{ name, alias, people string }{
		{"admins", "Administrators", "admin e.lindström"},
		{"dba", "Database team", "dba-oncall bob"},
		{"facility", "Facility", "c.araújo"},
		{"mail", "Mail team", "m.huber"},
		{"network", "Sieć / network team", "network-oncall p.wiśniewski"},
		{"platform", "Platform team", "platform-oncall e.lindström"},
		{"shop", "Shop 24/7", "alice shop-oncall"},
		{"storage", "Storage and backup", "t.rossi m.huber"},
	}
	known := map[string]*contact{}
	for _, t := range teams {
		g := b.group("c", t.name, t.alias)
		for name := range strings.FieldsSeq(t.people) {
			c := known[name]
			if c == nil {
				c = b.contact(name)
				known[name] = c
			}
			c.groups = append(c.groups, g)
			g.people = append(g.people, c)
		}
	}
	b.contact("nobody").alias = "Sees nothing"
}

func (b *builder) contact(name string) *contact {
	n := len(b.w.contacts)
	c := &contact{name: name, alias: strings.ToUpper(name[:1]) + name[1:], email: name + "@alpenmarkt.at",
		period: b.period, svcPeriod: b.period, hostOn: true, svcOn: true, submit: name != "alice", phone: fmt.Sprintf("+43 1 5550 %02d", n), pager: ""}
	b.w.contacts = append(b.w.contacts, c)
	return c
}

// group returns the group of a kind ("h", "s", "c") with that name, making it.
func (b *builder) group(kind, name, alias string) *group {
	if g := b.byGroup[kind+"/"+name]; g != nil {
		return g
	}
	g := &group{name: name, alias: alias, notes: "notes of " + name}
	b.byGroup[kind+"/"+name] = g
	switch kind {
	case "h":
		g.notesURL = "https://wiki.alpenmarkt.at/hg/" + name
		b.w.hgroups = append(b.w.hgroups, g)
	case "s":
		g.notesURL = "https://wiki.alpenmarkt.at/sg/" + name
		b.w.sgroups = append(b.w.sgroups, g)
	default:
		b.w.cgroups = append(b.w.cgroups, g)
	}
	return g
}

// hosts makes the tree: a gateway, core switches, distribution switches with
// up to fourteen hosts each, and the hosts behind them.
func (b *builder) hosts() {
	roles := b.cat.roles()
	n := b.w.o.Hosts
	gw := b.host("gateway", roles[0], nil)
	n--
	cores := []*object{gw}
	if n >= 8 {
		cores = nil
		for i := range 1 + min(n/100, 3) {
			cores = append(cores, b.host(fmt.Sprintf("sw-%s-core-%d", b.place.code, i+1), roles[1], []*object{gw}))
			n--
		}
	}
	var dist []*object
	var bag []*role
	for _, r := range roles {
		for range r.weight {
			bag = append(bag, r)
		}
	}
	count := map[string]int{}
	for i := 0; n > 0; i++ {
		if n >= 5 && i%15 == 0 {
			up := []*object{cores[len(dist)%len(cores)]}
			dist = append(dist, b.host(fmt.Sprintf("sw-%s-dist-%02d", b.place.code, len(dist)+1), roles[2], up))
			n--
			continue
		}
		up := cores[:1]
		if len(dist) > 0 {
			up = dist[len(dist)-1:]
			if i%9 == 8 && len(dist) > 1 { // a second way
				up = slices.Clone(dist[len(dist)-2:])
			}
		}
		r := bag[mix(b.w.o.Seed, uint64(i))%uint64(len(bag))]
		if i > 0 && i <= 12 { // every role a demo wants to show, first
			r = roles[[]int{4, 6, 5, 13, 9, 4, 7, 14, 17, 12, 16, 21}[i-1]]
		}
		count[r.prefix]++
		b.host(b.hostName(r, count[r.prefix]), r, up)
		n--
	}
}

// hostName names the n-th host of a role; some names are not plain.
func (b *builder) hostName(r *role, n int) string {
	switch {
	case r.prefix == "web" && n == 1:
		return "web-" + strings.ReplaceAll(strings.ToLower(b.place.name), " ", "-") + "-01"
	case r.prefix == "print" && n == 1:
		return "Drucker 3. OG Süd/Ost"
	case r.prefix == "lx" && n == 1:
		return "localhost"
	}
	return fmt.Sprintf("%s-%s-%02d", r.prefix, b.place.code, n)
}

func (b *builder) host(name string, r *role, parents []*object) *object {
	w := b.w
	n := len(w.hosts)
	team := b.byGroup["c/"+r.team]
	people := append(slices.Clone(b.byGroup["c/admins"].people), team.people...)
	h := &object{name: name, kind: hostCheck, seed: uint32(mixText(w.o.Seed, name)), flags: fAll,
		x: &hostFacts{alias: r.alias + ", " + b.place.long, address: fmt.Sprintf("10.%d.%d.%d", 20+mixText(1, b.place.code)%60, n/250, n%250+2),
			address6: fmt.Sprintf("fd00:%x::%x", mixText(1, b.place.code)%0xffff, n+2), display: name, parents: parents, role: r}}
	h.params = &settings{command: hostCheck.command, expanded: hostCheck.expanded, period: b.period, notifyPeriod: b.period,
		interval: b.interval(), retry: b.interval() / 3, renote: 30, attempts: 3, contacts: unique(people), contactGroups: []*group{b.byGroup["c/admins"], team},
		notes: "Runbook for $HOSTNAME$ <i>“" + r.alias + " down”</i>", notesURL: "https://wiki.alpenmarkt.at/$HOSTNAME$?a=1&b=2", icon: r.icon, iconAlt: r.alias,
		vars: []variable{
			{name: "RACK", value: fmt.Sprintf("%s-%d/R%02d", strings.ToUpper(b.place.code), n%3+1, n%17+1)},
			{name: "SITE", value: b.place.name},
			{name: "TAGS", value: "prod " + r.group + " größe", raw: `["prod","` + r.group + `","gr\u00f6\u00dfe"]`},
			{name: "SNMP_COMMUNITY", value: "s3cr;et"},
			{name: "MONITORED", value: "true", raw: "true"},
			{name: "UNITS", value: fmt.Sprint(n % 7), raw: fmt.Sprint(n % 7)},
		}}
	if r.team == "network" {
		h.params.interval, h.params.retry = min(1, b.interval()), min(1, b.interval())/3
	}
	for _, p := range parents {
		p.x.children = append(p.x.children, h)
	}
	b.join(h, "h", r.group, groupAlias[r.group])
	b.join(h, "h", b.osGroup(r), b.osAlias(r))
	b.services(h, r)
	w.hosts = append(w.hosts, h)
	w.byName[name] = h
	return h
}

func (b *builder) osGroup(r *role) string {
	if r.icon == "linux40.png" {
		return "linux-" + b.place.code
	}
	return "devices-" + b.place.code
}

// osAlias is the longer name of that group.
func (b *builder) osAlias(r *role) string {
	if r.icon == "linux40.png" {
		return "Linux in " + b.place.name
	}
	return "Devices in " + b.place.name
}

func (b *builder) join(o *object, kind, name, alias string) {
	g := b.group(kind, name, alias)
	if !slices.Contains(o.groups, g) {
		o.groups = append(o.groups, g)
		g.members = append(g.members, o)
	}
}

// interval is the check interval in minutes that makes the wanted churn.
func (b *builder) interval() float64 {
	if b.w.o.Churn <= 0 {
		return 5
	}
	return max(1/b.w.o.Churn, 1) / 60
}

func (b *builder) services(h *object, r *role) {
	for i := range b.w.o.ServicesPerHost {
		k := b.kind(r, i)
		s := &object{name: k.desc, host: h, kind: k, seed: uint32(mixText(uint64(h.seed), k.desc)), flags: fAll, params: b.settings(r, k)}
		if k.command == "check_dummy_passive" {
			s.flags &^= fActive
		}
		b.join(s, "s", k.group, strings.ToUpper(k.group[:1])+k.group[1:]+" checks")
		h.x.services = append(h.x.services, s)
		b.w.svcName[svcKey{h.name, s.name}] = s
	}
}

// kind returns the i-th kind of check of a role; beyond its own, volumes.
func (b *builder) kind(r *role, i int) *checkKind {
	if i < len(r.kinds) {
		return r.kinds[i]
	}
	i -= len(r.kinds)
	for len(b.extra) <= i {
		d := fmt.Sprintf("/data/%02d", len(b.extra)+1)
		b.extra = append(b.extra, kind("Disk "+d, "check_nrpe!check_disk!"+d, "check_nrpe -H {a} -c check_disk -a "+d, "disks",
			"DISK OK - free space: "+d+" {v} GiB", "DISK WARNING - free space: "+d+" 9 GiB", "DISK CRITICAL - free space: "+d+" 1 GiB", "NRPE: Unable to read output", d+"={v}%;80;90;0;100"))
	}
	return b.extra[i]
}

// settings returns what services of a kind on hosts of a role share.
func (b *builder) settings(r *role, k *checkKind) *settings {
	key := r.prefix + "/" + k.desc
	if s := b.params[key]; s != nil {
		return s
	}
	team := r.team
	switch k.group {
	case "databases":
		team = "dba"
	case "web":
		team = "shop"
	case "backup":
		team = "storage"
	}
	g := b.byGroup["c/"+team]
	s := &settings{command: k.command, expanded: k.expanded, period: b.period, notifyPeriod: b.period,
		interval: b.interval(), retry: b.interval() / 3, renote: 60, attempts: 3, contacts: g.people, contactGroups: []*group{g},
		vars: k.vars, action: "https://graph.alpenmarkt.at/?h=$HOSTNAME$&s=$SERVICEDESC$"}
	if k.group == "backup" || k.group == "windows" {
		s.attempts = 1
	}
	b.params[key] = s
	return s
}

// finish sorts, numbers and gives every object a quiet past.
func (b *builder) finish() {
	w := b.w
	b.group("h", "filialen-österreich", "Filialen Österreich")
	sort.Slice(w.hosts, func(i, j int) bool { return w.hosts[i].name < w.hosts[j].name })
	for _, h := range w.hosts {
		sort.Slice(h.x.services, func(i, j int) bool { return h.x.services[i].name < h.x.services[j].name })
		w.services = append(w.services, h.x.services...)
		h.x.parents = sortObjects(h.x.parents)
		h.x.children = sortObjects(h.x.children)
		w.settle(h)
	}
	for i, s := range w.services {
		w.settle(s)
		if i%97 == 41 && !w.o.Quiet { // never checked yet
			s.checked, s.lastCheck, s.lastChange, s.lastHardChange, s.lastTime = false, 0, 0, 0, [4]sec{}
			s.output, s.perf, s.long, s.took, s.latency = "", "", "", 0, 0
			s.nextCheck = w.now + 3600 // a long first delay keeps it pending
		}
	}
	for _, l := range [][]*group{w.hgroups, w.sgroups, w.cgroups} {
		sort.Slice(l, func(i, j int) bool { return l[i].name < l[j].name })
		for i, g := range l {
			g.id = i
			g.members = sortObjects(g.members)
		}
	}
	sort.Slice(w.contacts, func(i, j int) bool { return w.contacts[i].name < w.contacts[j].name })
	for i, c := range w.contacts {
		c.id = i
	}
	for i, p := range w.periods {
		p.id = i
	}
	b.commands()
}

func (b *builder) commands() {
	w := b.w
	seen := map[string]string{"check-host-alive": hostCheck.expanded,
		"notify-host":    `/usr/bin/printf "%b" "Host $HOSTNAME$ is $HOSTSTATE$\n" | /usr/bin/mail -s "** $NOTIFICATIONTYPE$ **" $CONTACTEMAIL$`,
		"notify-service": `/usr/bin/printf "%b" "$SERVICEDESC$ on $HOSTNAME$ is $SERVICESTATE$\n" | /usr/bin/mail -s "** $NOTIFICATIONTYPE$ **" $CONTACTEMAIL$`}
	for _, key := range slices.Sorted(maps.Keys(b.cat)) { // of kinds with one command the last counts
		k := b.cat[key]
		name, _, _ := strings.Cut(k.command, "!")
		seen[name] = strings.ReplaceAll(strings.ReplaceAll(k.expanded, "{a}", "$HOSTADDRESS$"), "/usr/lib/nagios/plugins", "$USER1$")
	}
	for name, line := range seen {
		w.commands = append(w.commands, &command{name: name, line: line})
	}
	sort.Slice(w.commands, func(i, j int) bool {
		if w.commands[i].name == w.commands[j].name {
			return w.commands[i].line < w.commands[j].line
		}
		return w.commands[i].name < w.commands[j].name
	})
	for i, c := range w.commands {
		c.id = i
	}
}

// settle makes an object look as if it had been fine for long.
func (w *world) settle(o *object) {
	r := mix(uint64(o.seed), 7)
	every := max(sec(o.params.interval*60), 1)
	o.lastCheck = w.now - 1 - sec(r%uint64(every))
	o.nextCheck = o.lastCheck + every
	w.count(o, int64((w.now-w.start)/every))
	o.lastChange = w.now - 86400 - sec(r>>16%(60*86400))
	o.lastHardChange = o.lastChange
	o.checked, o.hard, o.attempt = true, true, 1
	o.lastTime[0] = o.lastCheck
	o.updated = int64(o.lastCheck)*1e6 + int64(r>>20%1e6)
	w.say(o, 0, "")
}

func sortObjects(l []*object) []*object {
	l = slices.Clone(l)
	sort.SliceStable(l, func(i, j int) bool {
		if a, b := l[i].hostOf().name, l[j].hostOf().name; a != b {
			return a < b
		}
		return l[i].name < l[j].name
	})
	return l
}

func unique(l []*contact) []*contact {
	var out []*contact
	for _, c := range l {
		if !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}
