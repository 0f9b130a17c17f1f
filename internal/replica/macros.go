package replica

import (
	"strings"

	"belvedere/internal/schema"
	"belvedere/internal/store"
)

// expanded are columns with macros, and those where they are replaced.
var expanded = map[string]string{
	"notes": "notes_expanded", "notes_url": "notes_url_expanded", "action_url": "action_url_expanded", "icon_image": "icon_image_expanded",
}

// hostMacros are what macros can say about a host.
type hostMacros struct {
	name, display, alias, address string
	vars                          []schema.Pair
}

// expand sets the columns in which macros are replaced.
func (b *Batch) expand(r *Row) {
	if r.Table == "hosts" && r.get("address") != nil {
		vars, _ := r.get("custom_variables").([]schema.Pair)
		b.hosts[r.text("name")] = &hostMacros{r.text("name"), r.text("display_name"), r.text("alias"), r.text("address"), vars}
	}
	for from, to := range expanded {
		text, ok := r.get(from).(string)
		if !ok || r.get(to) != nil {
			continue
		}
		if strings.Count(text, "$") > 1 {
			text = replaceMacros(text, func(name string) (string, bool) { return b.macro(r, name) })
		}
		r.set(to, text)
	}
}

// macro returns the value of a macro, by its name without dollars. Those that
// change with each check are left as they are, as are those of the core's
// resource file, which holds secrets.
func (b *Batch) macro(r *Row, name string) (string, bool) {
	host := b.hostOf(r)
	switch name {
	case "HOSTNAME":
		return host.name, true
	case "HOSTDISPLAYNAME":
		return host.display, true
	case "HOSTALIAS":
		return host.alias, true
	case "HOSTADDRESS":
		return host.address, true
	}
	if v, ok := strings.CutPrefix(name, "_HOST"); ok {
		return variable(host.vars, v)
	}
	if r.Table != "services" {
		return "", false
	}
	switch name {
	case "SERVICEDESC":
		return r.text("description"), true
	case "SERVICEDISPLAYNAME":
		return r.text("display_name"), true
	}
	if v, ok := strings.CutPrefix(name, "_SERVICE"); ok {
		vars, _ := r.get("custom_variables").([]schema.Pair)
		return variable(vars, v)
	}
	return "", false
}

// hostOf returns the macros of the host a row is about.
func (b *Batch) hostOf(r *Row) *hostMacros {
	name := r.text("host_name")
	if r.Table == "hosts" {
		name = r.text("name")
	}
	if h := b.hosts[name]; h != nil {
		return h
	}
	h := &hostMacros{name: name}
	b.hosts[name] = h
	row, ok := b.snap.Find("hosts", name)
	if !ok {
		return h
	}
	h.display, h.alias, h.address = b.snap.Text("hosts", "display_name", row), b.snap.Text("hosts", "alias", row), b.snap.Text("hosts", "address", row)
	var pair []string
	store.EachText(b.snap.Bytes("hosts", "custom_variables", row), func(e []byte) bool {
		if pair = append(pair, string(e)); len(pair) == 2 {
			h.vars, pair = append(h.vars, schema.Pair{Name: pair[0], Value: pair[1]}), nil
		}
		return true
	})
	return h
}

func variable(vars []schema.Pair, name string) (string, bool) {
	for _, p := range vars {
		if strings.EqualFold(p.Name, name) {
			return p.Value, true
		}
	}
	return "", false
}

// replaceMacros replaces $NAME$ where value knows it.
func replaceMacros(text string, value func(name string) (string, bool)) string {
	var out strings.Builder
	for {
		before, rest, ok := strings.Cut(text, "$")
		out.WriteString(before)
		if !ok {
			return out.String()
		}
		name, after, ok := strings.Cut(rest, "$")
		if !ok {
			out.WriteString("$" + rest)
			return out.String()
		}
		if v, known := value(name); known {
			out.WriteString(v)
			text = after
			continue
		}
		out.WriteString("$" + name)
		text = "$" + after
	}
}
