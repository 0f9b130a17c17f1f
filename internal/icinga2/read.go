package icinga2

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"belvedere/internal/replica"
	"belvedere/internal/store"
)

// all reads all objects of a type into a map.
func all[T any](ctx context.Context, s *Source, t *objectType, out *map[string]*T) error {
	read := map[string]*T{}
	err := s.c.objects(ctx, t, t.attrs, nil, func(o *object) error {
		v := new(T)
		if err := json.Unmarshal(o.Attrs, v); err != nil {
			return errObject(t, o.Name, err)
		}
		read[o.Name] = v
		return nil
	})
	if err == nil {
		*out = read
	}
	return err
}

// application reads the switches of the core into table status.
func (s *Source) application(ctx context.Context, b *replica.Batch) error {
	var app application
	if err := s.c.status(ctx, "IcingaApplication", &app); err != nil {
		return err
	}
	s.mu.Lock()
	s.app = app
	s.mu.Unlock()
	for _, i := range app.Icinga {
		r := row{Table: "status"}
		r.text("program_version", i.Version+"-icinga2")
		r.text("livestatus_version", i.Version)
		r.time("program_start", i.ProgramStart)
		r.set("nagios_pid", i.PID)
		r.set("interval_length", int64(60))
		r.truth("enable_event_handlers", i.EventHandlers)
		r.truth("enable_flap_detection", i.Flapping)
		r.truth("enable_notifications", i.Notifications)
		r.truth("execute_host_checks", i.HostChecks)
		r.truth("execute_service_checks", i.ServiceChecks)
		r.truth("process_performance_data", i.Perfdata)
		for _, always := range []string{"accept_passive_host_checks", "accept_passive_service_checks", "check_external_commands", "check_host_freshness", "check_service_freshness"} {
			r.set(always, int64(1))
		}
		b.Put(replica.Row(r))
	}
	return nil
}

// readRates reads how much is checked. That counts over all objects, so it is
// not asked often.
func (s *Source) readRates(ctx context.Context, b *replica.Batch) error {
	var c checking
	if err := s.c.status(ctx, "CIB", &c); err != nil {
		return err
	}
	r := row{Table: "status"}
	r.float("host_checks_rate", c.Hosts/60)
	r.float("service_checks_rate", c.Services/60)
	b.Put(replica.Row(r))
	return nil
}

// readPeriods reads the time periods.
func (s *Source) readPeriods(ctx context.Context, b *replica.Batch) error {
	if err := all(ctx, s, periodType, &s.m.periods); err != nil {
		return err
	}
	b.Replace("timeperiods")
	for _, name := range sorted(s.m.periods) {
		p := s.m.periods[name]
		r := row{Table: "timeperiods"}
		r.text("name", name)
		r.text("alias", p.DisplayName)
		r.truth("in", p.Inside)
		b.Put(replica.Row(r))
	}
	return nil
}

// readAround reads what is around hosts and services: people, groups, periods,
// commands, notifications, dependencies, zones.
func (s *Source) readAround(ctx context.Context, b *replica.Batch) error {
	if err := s.readRates(ctx, b); err != nil {
		return err
	}
	if err := s.readPeriods(ctx, b); err != nil {
		return err
	}
	if err := s.readPeople(ctx, b); err != nil {
		return err
	}
	if err := s.readCommands(ctx, b); err != nil {
		return err
	}
	if err := s.readZones(ctx, b); err != nil {
		return err
	}
	if err := all(ctx, s, notificationType, &s.m.notifications); err != nil {
		return err
	}
	if err := all(ctx, s, s.dependencyType(), &s.m.dependencies); err != nil {
		return err
	}
	s.m.index()
	if err := all(ctx, s, hostGroupType, &s.m.hostGroups); err != nil {
		return err
	}
	if err := all(ctx, s, serviceGroupType, &s.m.serviceGroups); err != nil {
		return err
	}
	s.putGroups(b)
	return nil
}

func (s *Source) readPeople(ctx context.Context, b *replica.Batch) error {
	if err := all(ctx, s, userType, &s.m.users); err != nil {
		return err
	}
	if err := all(ctx, s, userGroupType, &s.m.userGroups); err != nil {
		return err
	}
	in := s.m.userGroupMembers()
	b.Replace("contactgroups")
	for _, name := range sorted(s.m.userGroups) {
		r := row{Table: "contactgroups"}
		r.text("name", name)
		r.text("alias", s.m.userGroups[name].DisplayName)
		r.list("members", in[name])
		b.Put(replica.Row(r))
	}
	b.Replace("contacts")
	for _, name := range sorted(s.m.users) {
		b.Put(replica.Row(contactRow(name, s.m.users[name])))
	}
	return nil
}

func (s *Source) readCommands(ctx context.Context, b *replica.Batch) error {
	b.Replace("commands")
	for _, of := range []struct {
		t      *objectType
		prefix string
	}{{checkCommand, "check_"}, {eventCommand, "event_"}, {noteCommand, "notification_"}} {
		var read map[string]*commandObject
		if err := all(ctx, s, of.t, &read); err != nil {
			return err
		}
		for _, name := range sorted(read) {
			b.Put(replica.Row(commandRow(of.prefix, name, read[name])))
		}
		if of.t == checkCommand {
			s.m.setCommands(read)
		}
	}
	return nil
}

func (s *Source) readZones(ctx context.Context, b *replica.Batch) error {
	zones, endpoints := map[string]*zone{}, map[string]*endpoint{}
	if err := all(ctx, s, zoneType, &zones); err != nil {
		return err
	}
	if err := all(ctx, s, endpointType, &endpoints); err != nil {
		return err
	}
	node := ""
	for _, i := range s.running().Icinga {
		node = i.NodeName
	}
	home := map[string]string{}
	b.Replace("zones")
	for _, name := range sorted(zones) {
		z := zones[name]
		slices.Sort(z.Endpoints)
		for _, e := range z.Endpoints {
			home[e] = name
		}
		r := row{Table: "zones"}
		r.text("name", name)
		r.text("parent", z.Parent)
		r.list("endpoints", z.Endpoints)
		r.truth("global", z.Global)
		b.Put(replica.Row(r))
	}
	b.Replace("endpoints")
	for _, name := range sorted(endpoints) {
		r := row{Table: "endpoints"}
		r.text("name", name)
		r.text("identity", name)
		r.text("node", node)
		r.truth("is_connected", endpoints[name].Connected || name == node)
		r.text("zone", home[name])
		b.Put(replica.Row(r))
	}
	return nil
}

// putGroups feeds the groups of hosts and services with who is in them.
func (s *Source) putGroups(b *replica.Batch) {
	hosts, services, names := map[string][]string{}, map[string][]string{}, map[string]bool{}
	for full, k := range s.m.objects {
		names[full] = true
		if strings.Contains(full, "!") {
			services[full] = k.groups
		} else {
			hosts[full] = k.groups
		}
	}
	in := map[string]map[string][]string{"hostgroups": members(s.m.hostGroups, hosts), "servicegroups": members(s.m.serviceGroups, services)}
	for table, groups := range map[string]map[string]*group{"hostgroups": s.m.hostGroups, "servicegroups": s.m.serviceGroups} {
		b.Replace(table)
		for _, name := range sorted(groups) {
			in[table][name] = append(in[table][name], []string{}...)
			b.Put(replica.Row(groupRow(table, name, groups[name], in[table][name])))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.names, s.groups = names, in
}

// readTold reads what changes of notifications when one is sent.
func (s *Source) readTold(ctx context.Context, names []string) error {
	_, err := s.inChunks(ctx, notificationType, notificationLive, names, func(o *object) error {
		n := s.m.notifications[o.Name]
		if n == nil {
			s.touchAll(true, false) // it is new
			return nil
		}
		if err := json.Unmarshal(o.Attrs, &n.told); err != nil {
			return errObject(notificationType, o.Name, err)
		}
		return nil
	})
	return err
}

// readCheckables reads hosts or services by name: of those that are known what
// changes at any time, and the rest where the version is another. changed
// reports whether groups may have.
func (s *Source) readCheckables(ctx context.Context, b *replica.Batch, w *rower, t *objectType, names []string) (changed bool, err error) {
	var seen, anew []string
	for _, full := range names {
		if k := s.m.objects[full]; k != nil && !k.stale {
			seen = append(seen, full)
		} else {
			anew = append(anew, full)
		}
	}
	gone, err := s.inChunks(ctx, t, t.live(), seen, func(o *object) error {
		c, err := checkableOf(t, o)
		if err != nil {
			return err
		}
		k := s.m.objects[o.Name]
		if k.Version != c.Version {
			anew = append(anew, o.Name)
			return nil
		}
		s.noted(o.Name, k, c, w)
		b.Put(replica.Row(w.live(c)))
		return nil
	})
	if err != nil {
		return false, err
	}
	more, err := s.inChunks(ctx, t, t.attrs, anew, func(o *object) error {
		c, err := checkableOf(t, o)
		if err != nil {
			return err
		}
		changed = s.whole(t, o.Name, c, w) || changed
		b.Put(replica.Row(w.row(c, s.hosts[c.host()])))
		return nil
	})
	for _, name := range append(gone, more...) {
		s.drop(b, t, name)
		changed = true
	}
	return changed, err
}

// checkableOf reads a host or service.
func checkableOf(t *objectType, o *object) (*checkable, error) {
	c := &checkable{}
	if err := json.Unmarshal(o.Attrs, c); err != nil {
		return nil, errObject(t, o.Name, err)
	}
	if t == hostType {
		c.HostName = ""
	}
	if fullName(c.host(), c.service()) != o.Name {
		return nil, errObject(t, o.Name, errors.New("its attributes name another one"))
	}
	return c, nil
}

// whole keeps what is to be known of a host or service of which everything was
// read. It reports whether its groups changed.
func (s *Source) whole(t *objectType, full string, c *checkable, w *rower) (changed bool) {
	k := s.m.objects[full]
	if t == hostType {
		s.hosts[full] = c.trimmed()
		if k != nil { // what is said of its services may have macros of it
			for _, service := range s.servicesOf([]string{full}) {
				if below := s.m.objects[service]; below != nil {
					below.stale = true
				}
			}
		}
	}
	if k == nil {
		k = &known{}
		s.m.objects[full] = k
		changed = true
	}
	changed = changed || !slices.Equal(k.groups, c.Groups)
	k.groups, k.stale = c.Groups, false
	s.noted(full, k, c, w)
	return changed
}

// noted keeps what is to be known of a host or service that was read, and has
// those looked at whose reach may have changed with its state.
func (s *Source) noted(full string, k *known, c *checkable, w *rower) {
	turned := k.state != c.State || k.hard != (c.StateType == 1) || k.checked != (c.Result != nil)
	k.swept = c.swept()
	k.state, k.hard, k.checked = c.State, c.StateType == 1, c.Result != nil
	if turned {
		for _, below := range s.dependents(full, 0) {
			if d := s.m.objects[below]; d != nil && d.around != s.m.around(below, w.inGroup) {
				s.touchNamed(below)
			}
		}
	}
	k.around = s.m.around(full, w.inGroup)
}

// drop removes a host or service that is gone.
func (s *Source) drop(b *replica.Batch, t *objectType, name string) {
	delete(s.m.objects, name)
	host, service := split(name)
	if t == hostType {
		delete(s.hosts, name)
		b.Delete("hosts", name)
		return
	}
	b.Delete("services", store.Key(host, service))
}

// trimmed is the part of a host that its services need.
func (c *checkable) trimmed() *checkable {
	return &checkable{Name: c.Name, DisplayName: c.DisplayName, Address: c.Address, Address6: c.Address6, Notes: c.Notes, NotesURL: c.NotesURL,
		ActionURL: c.ActionURL, CheckCommand: c.CheckCommand, Vars: c.Vars}
}

func (s *Source) readComments(ctx context.Context, b *replica.Batch, names []string) error {
	gone, err := s.inChunks(ctx, commentType, commentType.attrs, names, func(o *object) error {
		c := &comment{}
		if err := json.Unmarshal(o.Attrs, c); err != nil {
			return errObject(commentType, o.Name, err)
		}
		s.order.Lock()
		defer s.order.Unlock()
		b.Put(replica.Row(s.m.commentRow(o.Name, c)))
		return nil
	})
	s.forget(b, "comments", s.m.comments, gone)
	return err
}

func (s *Source) readDowntimes(ctx context.Context, b *replica.Batch, names []string) error {
	gone, err := s.inChunks(ctx, downtimeType, downtimeType.attrs, names, func(o *object) error {
		d := &downtime{}
		if err := json.Unmarshal(o.Attrs, d); err != nil {
			return errObject(downtimeType, o.Name, err)
		}
		s.order.Lock()
		defer s.order.Unlock()
		b.Put(replica.Row(s.m.downtimeRow(o.Name, d)))
		return nil
	})
	s.forget(b, "downtimes", s.m.downs, gone)
	return err
}

// forget removes comments or downtimes that are gone.
func (s *Source) forget(b *replica.Batch, table string, n numbers, gone []string) {
	s.order.Lock()
	defer s.order.Unlock()
	for _, name := range gone {
		if id, ok := n[name]; ok {
			b.Delete(table, fmt.Sprint(id))
			delete(n, name)
		}
	}
}

// sweepNumbered looks at the names of all comments or downtimes.
func (s *Source) sweepNumbered(ctx context.Context, b *replica.Batch, t *objectType, table string, n numbers, touch func(*objectType, string)) error {
	there := map[string]bool{}
	var fresh []entry
	err := s.c.objects(ctx, t, []string{"entry_time"}, nil, func(o *object) error {
		var e struct {
			Time float64 `json:"entry_time"`
		}
		if err := json.Unmarshal(o.Attrs, &e); err != nil {
			return errObject(t, o.Name, err)
		}
		there[o.Name] = true
		if _, ok := n[o.Name]; !ok {
			fresh = append(fresh, entry{o.Name, e.Time})
			touch(t, o.Name)
		}
		return nil
	})
	if err != nil {
		return err
	}
	var gone []string
	for _, name := range sorted(n) {
		if !there[name] {
			gone = append(gone, name)
		}
	}
	s.forget(b, table, n, gone)
	s.order.Lock()
	defer s.order.Unlock()
	n.assign(fresh)
	return nil
}

// compareAround touches the hosts and services for which what is around them
// says something else than when they were read.
func (s *Source) compareAround(touch func(*objectType, string)) {
	in := s.m.userGroupMembers()
	for full, k := range s.m.objects {
		if s.m.around(full, in) == k.around {
			continue
		}
		touch(typeOf(full), full)
	}
}

// typeOf is the type of a host or service by its name.
func typeOf(full string) *objectType {
	if strings.Contains(full, "!") {
		return serviceType
	}
	return hostType
}

// around is a number for what notifications and dependencies say about a host
// or service.
func (m *model) around(full string, inGroup map[string][]string) uint64 {
	users, groups := m.contacts(full, inGroup)
	h := fnv.New64a()
	fmt.Fprint(h, users, groups, m.notifying(full), m.parents[full], m.children[full], m.reachable(full))
	return h.Sum64()
}

// dependencyType is what is asked of dependencies: the version must know it.
func (s *Source) dependencyType() *objectType {
	t := *dependencyType
	if after(s.running().version(), 2, 14) {
		t.attrs = append(slices.Clone(t.attrs), "redundancy_group")
	}
	return &t
}

// after reports whether a version is at least major.minor.
func after(version string, major, minor int) bool {
	var a, b int
	_, err := fmt.Sscanf(version, "%d.%d", &a, &b)
	return err == nil && (a > major || a == major && b >= minor)
}
