package triage

import (
	"context"
	"slices"

	"belvedere/internal/lql"
)

// An object is one host or service of a made-up world.
type object struct {
	Key
	state, soft, acked, depth, hostDepth int64
	attempt                              int64
	owner                                string
	since                                int64
	parents, groups                      []string
	output                               string
	contacts                             []string
}

// A world answers what a survey asks: all of its objects that are not as they
// should be, or those that also have a contact.
type world struct {
	objects []object
	notes   []note
}

type note struct {
	Key
	author string
}

func (w world) Query(_ context.Context, q *lql.Query) (*lql.Result, error) {
	if q.Table == "comments" {
		return w.comments(q), nil
	}
	var rows []object
	for _, o := range w.objects {
		if (o.Service != "") == (q.Table == "services") && o.state > 0 && contactHolds(q.Filter, o) {
			rows = append(rows, o)
		}
	}
	res := &lql.Result{Rows: len(rows), Total: len(rows)}
	for _, c := range q.Columns {
		v := lql.Vector{Name: c}
		for _, o := range rows {
			add(&v, o, c)
		}
		res.Vectors = append(res.Vectors, v)
	}
	return res, nil
}

func add(v *lql.Vector, o object, column string) {
	text := map[string]string{"peer_key": o.Site, "name": o.Host, "host_name": o.Host, "description": o.Service, "plugin_output": o.output, "owner": o.owner}
	list := map[string][]string{"parents": o.parents, "groups": o.groups, "host_groups": o.groups}
	if s, ok := text[column]; ok {
		v.Kind, v.Texts = lql.Texts, append(v.Texts, s)
		return
	}
	if l, ok := list[column]; ok {
		v.Kind, v.Objects = lql.Objects, append(v.Objects, any(l))
		return
	}
	v.Ints = append(v.Ints, map[string]int64{"state": o.state, "state_type": 1 - o.soft, "acknowledged": o.acked,
		"scheduled_downtime_depth": o.depth, "host_scheduled_downtime_depth": o.hostDepth, "last_state_change": o.since, "current_attempt": o.attempt}[column])
}

// contactHolds tests the part of a filter that is about contacts.
func contactHolds(f lql.Filter, o object) bool {
	switch {
	case f.Kind == lql.And:
		return !slices.ContainsFunc(f.Kids, func(k lql.Filter) bool { return !contactHolds(k, o) })
	case f.Kind == lql.Or:
		return slices.ContainsFunc(f.Kids, func(k lql.Filter) bool { return contactHolds(k, o) })
	}
	return f.Column != "contacts" || slices.Contains(o.contacts, f.Value)
}

func (w world) comments(q *lql.Query) *lql.Result {
	res := &lql.Result{}
	site, host, service := lql.Vector{Name: "peer_key", Kind: lql.Texts}, lql.Vector{Name: "host_name", Kind: lql.Texts}, lql.Vector{Name: "service_description", Kind: lql.Texts}
	for _, n := range w.notes {
		if wanted(q.Filter, n.author) {
			site.Texts, host.Texts, service.Texts = append(site.Texts, n.Site), append(host.Texts, n.Host), append(service.Texts, n.Service)
			res.Rows++
		}
	}
	res.Vectors = []lql.Vector{site, host, service}
	return res
}

func wanted(f lql.Filter, author string) bool {
	if f.Kind == lql.Leaf {
		return f.Value == author
	}
	return slices.ContainsFunc(f.Kids, func(k lql.Filter) bool { return wanted(k, author) })
}

func host(name string, state int64, parents ...string) object {
	return object{Key: Key{Site: "a", Host: name}, state: state, parents: parents}
}

func service(host, name string, state, since int64) object {
	return object{Key: Key{Site: "a", Host: host, Service: name}, state: state, since: since}
}
