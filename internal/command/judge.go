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
	// Implementation returns what the core at a site is, false while that is
	// not known.
	Implementation(site string) (schema.Cores, bool)
}

// A judge decides for one order whether its author may have it carried out on
// each target, and whether it makes sense there.
type judge struct {
	d   *Desk
	a   Actor
	def *schema.Command
	o   *Order

	mayAct map[string]string // by site: why not, "" when they may
}

// target returns why the order is not carried out on t, "" when it is. What
// the actor does not see is not told from what is not there.
func (j *judge) target(ctx context.Context, t Target) (string, error) {
	if !j.a.Viewer.AllowsSite(t.Site) {
		return notHere, nil
	}
	name, all, ok := j.a.Viewer.Contact(t.Site)
	if !ok {
		return notHere, nil
	}
	reason, known := j.mayAct[t.Site]
	if !known {
		var err error
		if reason, err = j.role(ctx, t.Site, name, all); err != nil {
			return "", err
		}
		j.mayAct[t.Site] = reason
	}
	if reason != "" {
		return reason, nil
	}
	if !all && wide(j.def) {
		return "This reaches beyond the object, so it is for people who see all of the site.", nil
	}
	if reason := j.supported(t.Site); reason != "" {
		return reason, nil
	}
	return j.object(ctx, t, all)
}

const notHere = "There is no such object here, or you do not see it."

// role says whether the actor may give commands of this class at a site: by
// role, or as a contact with can_submit_commands.
func (j *judge) role(ctx context.Context, site, contact string, all bool) (string, error) {
	roles := j.d.o.Policy.roles(j.def.Class)
	if j.def.Class == schema.Dangerous && len(roles) == 0 {
		return "Commands that run programs, touch files or stop the core are switched off in the configuration file.", nil
	}
	if slices.Contains(roles, j.a.Role) {
		return "", nil
	}
	if j.def.Class != schema.Ordinary || all || contact == "" {
		return fmt.Sprintf("Your role (%s) may not give this command.", j.a.Role), nil
	}
	res, err := j.d.one(site).Query(ctx, lql.Get("contacts").Where(lql.Eq("name", contact), lql.EqInt("can_submit_commands", 1)).Count(lql.AndOf()))
	if err != nil {
		return "", fmt.Errorf("command: rights: %w", err)
	}
	if res.Rows > 0 && res.Vectors[0].Int(0) > 0 {
		return "", nil
	}
	return fmt.Sprintf("Your role (%s) may not give this command, and the contact %s may not submit commands.", j.a.Role, contact), nil
}

// wide reports whether a command reaches objects that it does not name.
func wide(def *schema.Command) bool {
	if len(def.Params) == 0 {
		return true
	}
	switch def.Params[0].Type {
	case schema.PContact, schema.PContactGroup:
		return true
	case schema.PHost:
		return strings.Contains(def.Name, "PROPAGATE") || strings.Contains(def.Name, "BEYOND_HOST") || strings.Contains(def.Name, "_AND_CHILD_") ||
			strings.Contains(def.Name, "_HOST_SVC_") || strings.HasPrefix(def.Name, "DEL_DOWNTIME_BY_")
	case schema.PHostGroup, schema.PServiceGroup:
		return false // a group is seen by whoever sees its members
	}
	return !strings.HasPrefix(def.Name, "DEL_HOST_") && !strings.HasPrefix(def.Name, "DEL_SVC_")
}

// supported says why a core does not know the command.
func (j *judge) supported(site string) string {
	impl, ok := j.d.o.Sites.Implementation(site)
	if !ok || impl == 0 || impl == schema.LMD || j.def.Cores&impl != 0 {
		return "" // the core will say
	}
	if _, plain := plainOf(j.def.Name); plain {
		return ""
	}
	return "This core does not know the command."
}

// plainOf returns the acknowledgement without expiry that stands for one with
// it on cores that do not know these.
func plainOf(name string) (string, bool) {
	plain, ok := strings.CutSuffix(name, "_EXPIRE")
	return plain, ok && strings.HasPrefix(name, "ACKNOWLEDGE_")
}

// object says whether the target is there for the actor, and in a state in
// which the command does something.
func (j *judge) object(ctx context.Context, t Target, all bool) (string, error) {
	q := j.d.o.Engine.For(narrow(j.a.Viewer, t.Site))
	if t.Entry != nil {
		return j.entry(ctx, q, t)
	}
	if len(j.def.Params) == 0 {
		return "", nil
	}
	switch kind := j.def.Params[0].Type; kind {
	case schema.PHost:
		return j.hostOrService(ctx, q, t)
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

func (j *judge) hostOrService(ctx context.Context, q lql.Querier, t Target) (string, error) {
	if t.Host == "" && j.def.Params[0].Optional {
		return "", nil
	}
	table, object := objectOf(t)
	if needed, allowed := service(j.def); needed && t.Service == "" {
		return "This command is for services.", nil
	} else if !allowed && t.Service != "" {
		return "This command is for hosts.", nil
	}
	res, err := q.Query(ctx, lql.Get(table, "state", "has_been_checked", "acknowledged").Where(object))
	if err != nil {
		return "", fmt.Errorf("command: look at the object: %w", err)
	}
	if res.Rows == 0 {
		return notHere, nil
	}
	acknowledged := res.Int(0, "acknowledged") != 0
	switch {
	case strings.HasPrefix(j.def.Name, "ACKNOWLEDGE_") && (res.Int(0, "state") == 0 || res.Int(0, "has_been_checked") == 0):
		return "It is no problem now, so there is nothing to acknowledge.", nil
	case strings.HasPrefix(j.def.Name, "ACKNOWLEDGE_") && acknowledged && j.is(t.Site, schema.Icinga2):
		return "It is acknowledged already.", nil
	case strings.HasPrefix(j.def.Name, "REMOVE_") && !acknowledged:
		return "It is not acknowledged.", nil
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
func (j *judge) entry(ctx context.Context, q lql.Querier, t Target) (string, error) {
	table := entryTable(j.def)
	if table == "" {
		return "This command does not take a comment or downtime.", nil
	}
	reason, err := exists(ctx, q, lql.Get(table).Where(t.entry(strings.TrimSuffix(table, "s"))))
	if reason != "" {
		reason = "It is not there any more."
	}
	return reason, err
}

// entryTable returns the table whose rows a command deletes by number, "" for
// all other commands.
func entryTable(def *schema.Command) string {
	for _, p := range def.Params {
		switch p.Name {
		case "comment_id":
			return "comments"
		case "downtime_id":
			return "downtimes"
		}
	}
	return ""
}
