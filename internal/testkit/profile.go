package testkit

import (
	"embed"
	"fmt"
	"slices"
	"strings"

	"belvedere/internal/schema"
)

//go:embed columns/*.tsv
var columnFiles embed.FS

// A columnInfo is one column a core has.
type columnInfo struct{ table, name, typ string }

func (c *columnInfo) doc() string {
	if t, ok := schema.Lookup(c.table); ok {
		if col, ok := t.Column(c.name); ok {
			return col.Doc
		}
	}
	return "The " + strings.ReplaceAll(c.name, "_", " ")
}

// A profile is what is particular about an implementation. It is read-only
// once made.
type profile struct {
	name                Profile
	core                schema.Cores
	program, livestatus string
	banner              string
	columns             []*columnInfo
	has                 map[string]map[string]*columnInfo // table, column
	listed              map[string][]*columnInfo          // table
	tables              map[string]*tableDef

	seesEmptyGroups bool // AuthUser: an empty host group is visible
	noOwnComments   bool // writes no comments for downtimes and flapping
	oldestFirst     bool // log order
	noLog           bool
	hashOrder       bool
	blindGroups     bool // filters on the group find nothing in ...bygroup tables
	ignoreHeaders   bool // unknown ones
	ignoreAuth      bool
	threads         int  // clients served at the same time, 0: any number
	pool            int  // clients and checks share so many threads
	newPID          bool // also on reload
}

func newProfile(name Profile) (*profile, error) {
	p := &profile{name: name, has: map[string]map[string]*columnInfo{}, listed: map[string][]*columnInfo{}, tables: tables()}
	switch name {
	case Naemon:
		p.core, p.program, p.livestatus, p.banner = schema.Naemon, "1.5.2", "1.5.1.source-naemon", "Naemon 1.5.2"
	case Nagios4:
		p.core, p.program, p.livestatus, p.banner = schema.MK15, "4.4.6", "1.5.0", "Nagios 4.4.6"
		p.seesEmptyGroups, p.threads = true, 10
	case Icinga2:
		p.core, p.program, p.livestatus, p.banner = schema.Icinga2, "r2.13.6-1-icinga2", "r2.13.6-1", "Icinga 2"
		p.noOwnComments, p.oldestFirst, p.hashOrder, p.ignoreHeaders, p.ignoreAuth = true, true, true, true, true
		p.pool, p.newPID, p.blindGroups = 4, true, true
	case Shinken:
		p.core, p.program, p.livestatus, p.banner = schema.Shinken, "3.0.0-RC1", "2.0-shinken", "Shinken 2.4"
		p.seesEmptyGroups, p.noOwnComments, p.noLog, p.ignoreHeaders, p.blindGroups = true, true, true, true, true
	default:
		return nil, fmt.Errorf("testkit: profile %q is not known", name)
	}
	b, err := columnFiles.ReadFile("columns/" + string(name) + ".tsv")
	if err != nil {
		return nil, fmt.Errorf("testkit: columns of %s: %w", name, err)
	}
	for line := range strings.Lines(string(b)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		c := &columnInfo{f[0], f[1], f[2]}
		p.columns = append(p.columns, c)
		if p.has[c.table] == nil {
			p.has[c.table] = map[string]*columnInfo{}
		}
		p.has[c.table][c.name] = c
		p.listed[c.table] = append(p.listed[c.table], c)
	}
	return p, nil
}

// checkSource is who ran the last check.
func (p *profile) checkSource(w *world, o *object) string {
	switch p.name {
	case Naemon:
		return fmt.Sprintf("Core Worker %d", w.pid+int(o.seed%4)+1)
	case Icinga2:
		return w.nodeName()
	}
	return ""
}

// noPlugin is the result of a check whose plugin is not installed.
func (p *profile) noPlugin(command string) (state int8, text string) {
	path := "/usr/lib/nagios/plugins/" + command
	if p.name == Icinga2 {
		return 3, "execvpe(" + path + ") failed: No such file or directory"
	}
	return 2, "(No output on stdout) stderr: execvp(" + path + ", ...) failed. errno is 2: No such file or directory"
}

// order is how a core lists the services of a host.
func (p *profile) order(l []*object) []*object {
	if p.name == Icinga2 {
		return l
	}
	l = slices.Clone(l)
	slices.Reverse(l)
	return l
}

// notification spells a notification line the way the core writes it.
func (p *profile) notification(w *world, o *object, l *logLine, kind, author, comment string) {
	switch p.name {
	case Icinga2:
		word := l.stateType
		switch {
		case o.host == nil && kind == "":
			word = o.word(o.state) + " (" + o.word(o.state) + ")"
		case o.host != nil && kind != "":
			word = kind
		case o.host != nil && o.state == 0:
			word = "RECOVERY"
		}
		l.options = fmt.Sprintf("%s;%s;%s;%s;%s;%s", l.contact, o.label(), word, l.cmd, o.output, author+strings.Repeat(";"+comment, int(bit(comment != ""))))
		// Its own parser expects one field more than its writer writes.
		l.stateType, l.state, l.cmd, l.output = word, 3, oneField(o.output), author
	case Nagios4:
		if kind == "CUSTOM" || kind == "ACKNOWLEDGEMENT" {
			l.options += ";" + author + ";" + comment
		}
	default:
		if kind != "" {
			l.options += ";" + author + ";" + comment
		}
	}
}

// A column is a column of a request, resolved.
type column struct {
	asked  string
	name   string // as printed in header rows
	get    getter
	base   string
	table  string // where base comes from: hosts, services, ...
	typ    string
	absent func(row) bool
	known  bool
}

// resolve finds a column as the implementation does. A column that is not
// there is returned with known false.
func (p *profile) resolve(t *tableDef, asked string) column {
	name := asked
	has := p.has[t.name]
	info := has[name]
	for info == nil && t.own != "" && strings.HasPrefix(name, t.own) {
		name = strings.TrimPrefix(name, t.own)
		info = has[name]
	}
	c := column{asked: asked, name: name}
	if p.name == Icinga2 {
		c.name = asked
	}
	if info == nil {
		return c
	}
	c.known, c.typ = true, info.typ
	c.get, c.base, c.absent = t.lookup(name)
	c.table = t.name
	switch {
	case c.absent != nil && (strings.HasPrefix(name, "host_") || strings.HasPrefix(name, "current_host_")):
		c.table = "hosts"
	case c.absent != nil && (strings.HasPrefix(name, "service_") || strings.HasPrefix(name, "current_service_")):
		c.table = "services"
	}
	if c.get == nil {
		empty := emptyOf(info.typ)
		c.get = func(*view, row) value { return empty }
	}
	return c
}

// value reads the column in normal form; objects that are not there have
// empty values.
func (c *column) value(v *view, r row) value {
	if c.get == nil || c.absent != nil && c.absent(r) {
		return emptyOf(c.typ)
	}
	return c.get(v, r)
}

func emptyOf(typ string) value {
	switch typ {
	case "int", "time":
		return vi(0)
	case "float":
		return vf(0)
	case "list":
		return vl([]string{})
	case "dict":
		return vd([]schema.Pair{})
	}
	return vt("")
}
