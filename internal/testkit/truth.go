package testkit

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"belvedere/internal/schema"
)

// truth returns a table in normal form.
func (w *world) truth(table string) []map[string]any {
	t, ok := schema.Lookup(table)
	def := w.p.tables[table]
	if !ok || def == nil || w.p.has[table] == nil && table != "columns" {
		return nil
	}
	w.mu.RLock()
	defer w.mu.RUnlock()
	v := &view{w: w, now: sec(w.clock().Unix())}
	reads := make([]getter, len(t.Columns))
	for i := range t.Columns {
		if !t.Columns[i].Site() {
			reads[i] = w.p.normal(def, &t.Columns[i])
		}
	}
	var out []map[string]any
	for _, r := range w.p.sorted(table, def.rows(v), w) {
		m := make(map[string]any, len(t.Columns)+2)
		for i, read := range reads {
			if read != nil {
				m[t.Columns[i].Name] = read(v, r).normal()
			}
		}
		for _, key := range t.Keys { // of joined tables: host_name in services
			if _, ok := m[key]; !ok {
				if get, _, _ := def.lookup(key); get != nil {
					m[key] = get(v, r).normal()
				}
			}
		}
		out = append(out, m)
	}
	return out
}

// asMeant are columns whose spelling differs but whose meaning does not.
var asMeant = []string{"state", "last_check", "last_state", "last_hard_state", "acknowledgement_type", "type",
	"custom_variables", "custom_variable_names", "custom_variable_values", "long_plugin_output", "comments_with_info", "downtimes_with_info", "members", "last_update"}

// normal returns a reader of a column in normal form: what a reader who knows
// this implementation well makes of its answer.
func (p *profile) normal(def *tableDef, c *schema.Column) getter {
	name := c.Name
	if p.name == Icinga2 && def.name == "contacts" && strings.HasPrefix(name, "custom_variable") {
		name = "vars_variable" + strings.TrimPrefix(name, "custom_variable")
	}
	col := p.resolve(def, name)
	get, _, absent := def.lookup(c.Name)
	read := func(v *view, r row) value { return p.asRead(p.spell(&col, v, r), c.Kind) }
	switch {
	case c.Class == schema.Derived && get != nil:
		read = func(v *view, r row) value { return p.asRead(get(v, r), c.Kind) }
	case !col.known:
		def := parseDefault(c)
		read = func(*view, row) value { return def }
	case get != nil && slices.Contains(asMeant, c.Name):
		read = func(v *view, r row) value { return p.asRead(p.variables(c, get(v, r), r, def.name), c.Kind) }
	}
	if absent == nil {
		return read
	}
	return func(v *view, r row) value {
		if absent(r) {
			return zero(c.Kind)
		}
		return read(v, r)
	}
}

// variables turns custom variables into normal form: sorted, and Icinga's
// nested values as JSON text, its booleans as numbers.
func (p *profile) variables(c *schema.Column, x value, r row, table string) value {
	o := r.s
	if table == "hosts" {
		o = r.h
	}
	if p.name == Icinga2 && o != nil && strings.HasPrefix(c.Name, "custom_variable") && (table == "hosts" || table == "services") {
		vars := slices.Clone(o.params.vars)
		for i, v := range vars {
			switch v.raw {
			case "":
			case "true", "false":
				vars[i].value = strconv.FormatInt(bit(v.raw == "true"), 10)
			default:
				vars[i].value = v.raw
			}
		}
		switch c.Name {
		case "custom_variables":
			x = vd(pairs(vars))
		case "custom_variable_values":
			l := make([]string, len(vars))
			for i := range vars {
				l[i] = vars[i].value
			}
			x = vl(l)
		}
	}
	if l, ok := x.o.([]schema.Pair); ok {
		l = slices.Clone(l)
		slices.SortStableFunc(l, func(a, b schema.Pair) int { return strings.Compare(a.Name, b.Name) })
		return vd(l)
	}
	return x
}

// asRead returns what is left of a value after it was written and read.
func (p *profile) asRead(x value, k schema.Kind) value {
	if x.kind == vNull || x.kind == vText && k != schema.Text {
		return zero(k)
	}
	if x.kind == vBool {
		x.kind = vInt
	}
	if x.kind == vInt && k >= schema.TextList || x.kind == vInt && k == schema.Text {
		return zero(k)
	}
	x = coerce(x, k)
	switch k {
	case schema.Time:
		x.i = max(x.i, 0)
	case schema.Float:
		x.f, _ = strconv.ParseFloat(string(p.appendFloat(nil, x.f)), 64)
	}
	return p.lossy(x)
}

// lossy applies what a core's JSON does to characters beyond the basic plane,
// and to bytes that are not UTF-8.
func (p *profile) lossy(x value) value {
	switch l := x.o.(type) {
	case []string:
		out := make([]string, len(l))
		for i, s := range l {
			out[i] = p.lossyText(s)
		}
		return vl(out)
	case [][]any: // made for this row
		for _, t := range l {
			for i, a := range t {
				if s, ok := a.(string); ok {
					t[i] = p.lossyText(s)
				}
			}
		}
	}
	x.s = p.lossyText(x.s)
	return x
}

func (p *profile) lossyText(s string) string {
	if utf8.ValidString(s) && (p.name != Naemon || strings.IndexFunc(s, func(r rune) bool { return r > 0xffff }) < 0) {
		return s
	}
	e := &encoder{p: p}
	e.text(s)
	if json.Unmarshal(e.buf, &s) != nil {
		return ""
	}
	return s
}

// parseDefault returns what to answer where a core lacks a column.
func parseDefault(c *schema.Column) value {
	if c.Default == "" {
		return zero(c.Kind)
	}
	switch c.Kind {
	case schema.Text:
		return vt(c.Default)
	case schema.Float:
		f, _ := strconv.ParseFloat(c.Default, 64)
		return vf(f)
	case schema.Bool, schema.Int, schema.Time:
		return vi(atoi(c.Default))
	}
	return zero(c.Kind)
}
