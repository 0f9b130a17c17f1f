package replica

import (
	"maps"
	"slices"
	"strings"

	"belvedere/internal/schema"
)

// An inverse is a column of members that follows from lists of names in the
// members' rows.
type inverse struct{ from, list, to, members string }

var inverses = []inverse{
	{"hosts", "groups", "hostgroups", "members"}, {"services", "groups", "servicegroups", "members"},
	{"contacts", "groups", "contactgroups", "members"}, {"hosts", "parents", "hosts", "childs"},
}

// keepLists notes the lists of b.row that others follow from.
func (b *Batch) keepLists(t *tableBatch, key string) {
	if !b.r.o.Inverse {
		return
	}
	for _, v := range inverses {
		l, ok := b.row.get(v.list).([]string)
		if v.from != t.def.Name || !ok {
			continue
		}
		if t.lists == nil {
			t.lists = map[string]map[string][]string{}
		}
		if t.lists[v.list] == nil {
			t.lists[v.list] = map[string][]string{}
		}
		t.lists[v.list][key] = l
		if t.def.Name == "contacts" {
			b.members = nil
		}
	}
}

// membersOf returns the members of the groups of contacts, as far as the batch
// is fed.
func (b *Batch) membersOf(from, column string) map[string][]string {
	if b.members == nil {
		b.members = b.inverted(from, column)
	}
	return b.members
}

// inverted returns for each name in the lists of a column the keys of the rows
// that name it, sorted.
func (b *Batch) inverted(table, column string) map[string][]string {
	out := map[string][]string{}
	for _, key := range b.keys(table) {
		for _, name := range b.listOf(table, column, key) {
			out[name] = append(out[name], key)
		}
	}
	return out
}

// keys returns the keys a table will have, sorted.
func (b *Batch) keys(table string) []string {
	keys := b.snap.AllKeys(table)
	if t := b.tables[table]; t != nil {
		gone := map[string]bool{}
		for _, k := range t.deletes {
			gone[k] = true
		}
		keys = slices.DeleteFunc(keys, func(k string) bool { return gone[k] })
		keys = slices.AppendSeq(keys, maps.Keys(t.fresh))
	}
	slices.Sort(keys)
	return keys
}

// listOf returns the list that a row will have in a column.
func (b *Batch) listOf(table, column, key string) []string {
	if t := b.tables[table]; t != nil {
		if l, ok := t.lists[column][key]; ok {
			return l
		}
	}
	row, ok := b.snap.Find(table, key)
	if !ok {
		return nil
	}
	return list(b.snap.Bytes(table, column, row))
}

// invert derives the lists of members, for the tables of which any row came,
// went or changed.
func (b *Batch) invert() {
	for _, v := range inverses {
		from, to := b.tables[v.from], b.tables[v.to]
		if from != nil && len(from.lists[v.list])+len(from.deletes) > 0 || to != nil && len(to.fresh) > 0 {
			b.invertOne(v)
		}
	}
}

func (b *Batch) invertOne(v inverse) {
	members := b.inverted(v.from, v.list)
	def, _ := schema.Lookup(v.to)
	for _, key := range b.keys(v.to) {
		r := Row{Table: v.to}
		for i, part := range strings.Split(key, "\x00") {
			r.set(def.Keys[i], part)
		}
		if v.from == "services" {
			r.set(v.members, services(members[key]))
		} else {
			r.set(v.members, append([]string{}, members[key]...))
		}
		b.Update(r)
	}
}

// services makes members of the keys of services.
func services(keys []string) []schema.Member {
	out := make([]schema.Member, len(keys))
	for i, k := range keys {
		out[i].Host, out[i].Service, _ = strings.Cut(k, "\x00")
	}
	return out
}
