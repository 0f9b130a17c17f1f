package command

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"belvedere/internal/access"
	"belvedere/internal/lql"
	"belvedere/internal/schema"
)

// A Policy says which role may give commands of which class. The zero Policy
// lets nobody give any; [DefaultPolicy] is what is shipped.
type Policy struct {
	Ordinary    []access.Role
	Configuring []access.Role
	Dangerous   []access.Role // empty: switched off on every way in
}

// DefaultPolicy lets operators act on what is monitored and admins change how
// cores work; dangerous commands are off.
func DefaultPolicy() Policy {
	return Policy{
		Ordinary:    []access.Role{access.RoleOperator, access.RoleAdmin},
		Configuring: []access.Role{access.RoleAdmin},
	}
}

func (p Policy) roles(c schema.CommandClass) []access.Role {
	switch c {
	case schema.Ordinary:
		return p.Ordinary
	case schema.Configuring:
		return p.Configuring
	}
	return p.Dangerous
}

// Sites are the cores that orders go to; [site.Manager] is one. Safe for
// concurrent use.
type Sites interface {
	// Send sends a command once. An error with Uncertain set in a
	// [*livestatus.Error] means that it may have been taken; with KindStatus or
	// KindRequest that it was refused; any other that it has not left.
	Send(ctx context.Context, site string, c lql.Command) error
	// Ask has the core itself answer a query now, in its own columns.
	Ask(ctx context.Context, site string, q *lql.Query) (*lql.Result, error)
	// Implementation returns what the core at a site is, false while it cannot
	// be reached.
	Implementation(site string) (schema.Cores, bool)
}

// A judge decides for one order whether its author may have it carried out on
// each target, and whether it makes sense there.
type judge struct {
	d *Desk
	a Actor

	mayAct map[classAt]string // why not, "" when they may
}

// classAt is a class of commands at a site.
type classAt struct {
	site  string
	class schema.CommandClass
}

func newJudge(d *Desk, a Actor) *judge { return &judge{d: d, a: a, mayAct: map[classAt]string{}} }

// target returns why a command is not carried out on t, "" when it is. What
// the actor does not see is not told from what is not there. The state of the
// object is not looked at when another order is about to change it (moving).
func (j *judge) target(ctx context.Context, def *schema.Command, t Target, moving bool) (string, error) {
	name, all, ok := j.a.Viewer.Contact(t.Site)
	if !ok {
		return notHere, nil
	}
	at := classAt{t.Site, def.Class}
	reason, known := j.mayAct[at]
	if !known && !j.a.house {
		var err error
		if reason, err = j.role(ctx, at, name, all); err != nil {
			return "", err
		}
		j.mayAct[at] = reason
	}
	if reason != "" {
		return reason, nil
	}
	if !all && wide(def, j.a.Viewer) {
		return "This reaches beyond the object, so it is for people who see all of the site.", nil
	}
	if reason := j.supported(def, t); reason != "" {
		return reason, nil
	}
	return j.object(ctx, def, t, all, moving)
}

const notHere = "There is no such object here, or you do not see it."

// role says whether the actor may give commands of this class at a site: by
// role, or as a contact with can_submit_commands.
func (j *judge) role(ctx context.Context, at classAt, contact string, all bool) (string, error) {
	roles := j.d.o.Policy.roles(at.class)
	if at.class == schema.Dangerous && len(roles) == 0 {
		return "Commands that run programs, touch files or stop the core are switched off in the configuration file.", nil
	}
	if slices.Contains(roles, j.a.Role) {
		return "", nil
	}
	if at.class != schema.Ordinary || all || contact == "" {
		return fmt.Sprintf("Your role (%s) may not give this command.", j.a.Role), nil
	}
	res, err := j.d.one(at.site).Query(ctx, lql.Get("contacts").Where(lql.Eq("name", contact), lql.EqInt("can_submit_commands", 1)).Count(lql.AndOf()))
	if err != nil {
		return "", fmt.Errorf("command: rights: %w", err)
	}
	if res.Rows > 0 && res.Vectors[0].Int(0) > 0 {
		return "", nil
	}
	return fmt.Sprintf("Your role (%s) may not give this command, and the contact %s may not submit commands.", j.a.Role, contact), nil
}

// May returns why a may not give commands of a class at a site, "" when they
// may: a sentence for people.
func (d *Desk) May(ctx context.Context, a Actor, class schema.CommandClass, site string) (string, error) {
	name, all, ok := a.Viewer.Contact(site)
	if !ok {
		return notHere, nil
	}
	return newJudge(d, a).role(ctx, classAt{site, class}, name, all)
}

// wide reports whether a command reaches objects that it does not name and
// that whoever sees the named one may not see.
func wide(def *schema.Command, v access.Viewer) bool {
	if len(def.Params) == 0 {
		return true
	}
	switch def.Params[0].Type {
	case schema.PContact, schema.PContactGroup:
		return true
	case schema.PHost:
		return strings.Contains(def.Name, "PROPAGATE") || strings.Contains(def.Name, "BEYOND_HOST") || strings.Contains(def.Name, "_AND_CHILD_") ||
			strings.HasPrefix(def.Name, "DEL_DOWNTIME_BY_") || strings.Contains(def.Name, "_HOST_SVC_") && v.Services != access.Loose
	case schema.PHostGroup, schema.PServiceGroup:
		// A group is seen by whoever sees all its members. The services of a
		// group's hosts, and the hosts of its services, are another matter.
		return v.Groups != access.Strict || strings.HasPrefix(def.Name, "DEL_DOWNTIME_BY_") || strings.Contains(def.Name, "SERVICEGROUP_HOST_") ||
			strings.Contains(def.Name, "SERVICEGROUP_PASSIVE_HOST_") || strings.Contains(def.Name, "_SVC_") && def.Params[0].Type == schema.PHostGroup && v.Services != access.Loose
	}
	return !strings.HasPrefix(def.Name, "DEL_HOST_") && !strings.HasPrefix(def.Name, "DEL_SVC_")
}

// supported says why a core does not know the command, or would do something
// else.
func (j *judge) supported(def *schema.Command, t Target) string {
	impl, ok := j.d.o.Sites.Implementation(t.Site)
	_, plain := plainOf(def.Name)
	switch {
	case !ok || impl == 0 || impl == schema.LMD:
		return "" // the core will say
	case plain && def.Cores&impl == 0 && j.d.o.Brief:
		return "This core does not end acknowledgements by itself. A Belvedere does: give the order to one, or leave the end out."
	case plain:
		return ""
	case def.Ignored&impl != 0:
		return "This core takes the command and does nothing: it is switched off in its source."
	case def.Cores&impl == 0:
		return "This core does not know the command."
	case impl == schema.Icinga2 && def.Name == "DEL_DOWNTIME_BY_HOST_NAME" && t.Service != "":
		return "Icinga 2 would delete the downtimes of the host instead: cancel the service's downtime itself."
	}
	return ""
}

// plainOf returns the acknowledgement without expiry that stands for one with
// it on cores that do not know these.
func plainOf(name string) (string, bool) {
	plain, ok := strings.CutSuffix(name, "_EXPIRE")
	return plain, ok && strings.HasPrefix(name, "ACKNOWLEDGE_")
}

// object says whether the target is there for the actor, and in a state in
// which the command does something.
func (j *judge) object(ctx context.Context, def *schema.Command, t Target, all, moving bool) (string, error) {
	q := j.d.o.Engine.For(narrow(j.a.Viewer, t.Site))
	if t.Entry != nil {
		if reason := takesEntry(def, t); reason != "" {
			return reason, nil
		}
		if table := entryTable(def); table != "" {
			return j.entry(ctx, q, table, t)
		}
	}
	if t.Trigger != nil {
		if reason, err := j.trigger(ctx, q, def, t); reason != "" || err != nil {
			return reason, err
		}
	}
	if len(def.Params) == 0 {
		return "", nil
	}
	switch kind := def.Params[0].Type; kind {
	case schema.PHost:
		return j.hostOrService(ctx, q, def, t, moving)
	case schema.PHostGroup, schema.PServiceGroup, schema.PContact, schema.PContactGroup:
		table := map[schema.ParamType]string{schema.PHostGroup: "hostgroups", schema.PServiceGroup: "servicegroups", schema.PContact: "contacts", schema.PContactGroup: "contactgroups"}[kind]
		name := t.Group
		if kind == schema.PContact || kind == schema.PContactGroup {
			name = t.Contact
		}
		return exists(ctx, q, lql.Get(table).Where(lql.Eq("name", name)))
	}
	if !all {
		return "This is for people who see all of the site.", nil
	}
	return "", nil
}

func narrow(v access.Viewer, site string) access.Viewer {
	v.Sites = []string{site}
	return v
}

func exists(ctx context.Context, q lql.Querier, query *lql.Query) (string, error) {
	res, err := q.Query(ctx, query.Count(lql.AndOf()))
	if err != nil {
		return "", fmt.Errorf("command: look at the object: %w", err)
	}
	if res.Rows == 0 || res.Vectors[0].Int(0) == 0 {
		return notHere, nil
	}
	return "", nil
}

func (j *judge) hostOrService(ctx context.Context, q lql.Querier, def *schema.Command, t Target, moving bool) (string, error) {
	if t.Host == "" && def.Params[0].Optional {
		return "", nil
	}
	table, object := objectOf(t)
	if needed, allowed := service(def); needed && t.Service == "" {
		return "This command is for services.", nil
	} else if !allowed && t.Service != "" {
		return "This command is for hosts.", nil
	}
	res, err := q.Query(ctx, lql.Get(table, "state", "has_been_checked", "acknowledged", "active_checks_enabled", "accept_passive_checks").Where(object))
	switch {
	case err != nil:
		return "", fmt.Errorf("command: look at the object: %w", err)
	case res.Rows == 0:
		return notHere, nil
	case moving:
		return "", nil
	}
	acknowledged := res.Int(0, "acknowledged") != 0
	switch {
	case strings.HasPrefix(def.Name, "ACKNOWLEDGE_") && (res.Int(0, "state") == 0 || res.Int(0, "has_been_checked") == 0):
		return "It is no problem now, so there is nothing to acknowledge.", nil
	case t.UntilOK && (res.Int(0, "state") == 0 || res.Int(0, "has_been_checked") == 0):
		return "It is no problem now, so it has no end to wait for.", nil
	case strings.HasPrefix(def.Name, "ACKNOWLEDGE_") && acknowledged && j.is(t.Site, schema.Icinga2):
		return "It is acknowledged already.", nil
	case strings.HasPrefix(def.Name, "REMOVE_") && !acknowledged:
		return "It is not acknowledged.", nil
	case (def.Name == "SCHEDULE_HOST_CHECK" || def.Name == "SCHEDULE_SVC_CHECK") && res.Int(0, "active_checks_enabled") == 0:
		return "Its active checks are switched off, so only a forced check runs.", nil
	case (def.Name == "PROCESS_HOST_CHECK_RESULT" || def.Name == "PROCESS_SERVICE_CHECK_RESULT") && res.Int(0, "accept_passive_checks") == 0:
		return "It takes no results from outside: its passive checks are switched off.", nil
	}
	return "", nil
}

func (j *judge) is(site string, impl schema.Cores) bool {
	have, ok := j.d.o.Sites.Implementation(site)
	return ok && have == impl
}

// service says whether a command needs a service, and whether it may have one.
func service(def *schema.Command) (needed, allowed bool) {
	for _, p := range def.Params {
		if p.Type == schema.PService {
			return !p.Optional, true
		}
	}
	return false, false
}

// entry says whether the comment or downtime is still there.
func (j *judge) entry(ctx context.Context, q lql.Querier, table string, t Target) (string, error) {
	reason, err := exists(ctx, q, lql.Get(table).Where(t.entry(strings.TrimSuffix(table, "s"))))
	if reason != "" {
		reason = "It is not there any more."
	}
	return reason, err
}

// trigger says whether the downtime that is to begin this one is there.
func (j *judge) trigger(ctx context.Context, q lql.Querier, def *schema.Command, t Target) (string, error) {
	if !slices.ContainsFunc(def.Params, func(p schema.Param) bool { return p.Name == "trigger_id" }) {
		return "This command does not take a downtime that begins it.", nil
	}
	by := Target{Host: t.Trigger.Host, Service: t.Trigger.Service, Entry: &t.Trigger.Entry}
	reason, err := exists(ctx, q, lql.Get("downtimes").Where(by.entry("downtime")))
	if reason != "" {
		reason = "The downtime that should begin this one is not there any more."
	}
	return reason, err
}
