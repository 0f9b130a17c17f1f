package object

import (
	"context"
	"net/url"
	"strings"

	"belvedere/internal/web/status"
)

// maxMacro is the longest name of a macro, in bytes.
const maxMacro = 100

// expand replaces the macros of a text as cores do: $HOSTNAME$ by its value, $$
// by a dollar sign. Macros that value does not know stay as they are.
func expand(text string, value func(name string) (string, bool)) string {
	if !strings.Contains(text, "$") {
		return text
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "$")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		name, after, closed := strings.Cut(rest, "$")
		v, known := "", false
		if closed && len(name) <= maxMacro {
			v, known = value(name)
		}
		switch {
		case closed && name == "":
			b.WriteByte('$')
		case known:
			b.WriteString(v)
		default:
			b.WriteByte('$')
			text = rest
			continue
		}
		text = after
	}
}

// macro returns the value of a macro for the object. Custom variables that may
// hold secrets have none unless the viewer may see them: a link may need it.
func (o Object) macro(name string) (string, bool) {
	if v, ok := o.variableMacro(name); ok {
		return v.Value, true
	}
	column, ok := map[string]string{
		"HOSTNAME": "name", "HOSTALIAS": "alias", "HOSTADDRESS": "address", "HOSTDISPLAYNAME": "display_name", "HOSTOUTPUT": "plugin_output",
		"HOSTSTATEID": "state", "HOSTATTEMPT": "current_attempt", "MAXHOSTATTEMPTS": "max_check_attempts", "LASTHOSTCHECK": "last_check",
	}[name]
	if ok && o.Table == "services" {
		switch name {
		case "HOSTNAME":
			return o.Host, true
		case "HOSTALIAS":
			return o.Alias, true
		case "HOSTADDRESS":
			return o.Address, true
		}
		column = "host_" + column
	}
	if !ok {
		column, ok = map[string]string{
			"SERVICEDESC": "description", "SERVICEDISPLAYNAME": "display_name", "SERVICEOUTPUT": "plugin_output", "SERVICESTATEID": "state",
			"SERVICEATTEMPT": "current_attempt", "MAXSERVICEATTEMPTS": "max_check_attempts", "LASTSERVICECHECK": "last_check",
		}[name]
		ok = ok && o.Table == "services"
	}
	if ok && o.Cells.Has(column) {
		return o.Text(column), true
	}
	return o.stateMacro(name)
}

// stateMacro returns the macros that are words for a state, or a group.
func (o Object) stateMacro(name string) (string, bool) {
	services := o.Table == "services"
	switch {
	case name == "HOSTSTATE" && services:
		return o.HostState.Word, true
	case name == "HOSTSTATE", name == "SERVICESTATE" && services:
		return o.State.Word, true
	case name == "HOSTGROUPNAMES" && services:
		return strings.Join(o.List("host_groups"), ","), true
	case name == "HOSTGROUPNAMES", name == "SERVICEGROUPNAMES" && services:
		return strings.Join(o.List("groups"), ","), true
	}
	return "", false
}

// variableMacro returns $_HOSTNAME$ and $_SERVICENAME$ of a custom variable
// NAME of the object itself.
func (o Object) variableMacro(name string) (Var, bool) {
	prefix := "_HOST"
	if o.Table == "services" {
		prefix = "_SERVICE"
	}
	name, ok := strings.CutPrefix(name, prefix)
	if !ok {
		return Var{}, false
	}
	for _, v := range o.Vars {
		if strings.EqualFold(v.Name, name) && !v.Hidden {
			return v, true
		}
	}
	return Var{}, false
}

// address returns a page that the configuration names, "" when there is none
// that may be a link. The core has expanded its macros where it can; where it
// has not, they are expanded here, each encoded as a part of an address.
func (o Object) address(ctx context.Context, expanded, raw string) string {
	text := o.Text(expanded)
	if text == "" {
		text = o.Text(raw)
	}
	return status.Link(ctx, expand(text, func(name string) (string, bool) {
		v, ok := o.macro(name)
		return url.PathEscape(v), ok
	}))
}
