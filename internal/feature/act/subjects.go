package act

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"belvedere/internal/command"
	"belvedere/internal/lql"
	"belvedere/internal/web"
	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
)

// A subject is one thing that is acted on: a host or service, or what about
// says.
type subject struct {
	site, siteName string
	host, service  string
	state          ui.State
	acked          bool
	downtime       bool
	passive        bool // active checks are off
	trouble        bool // it has a problem

	about string // one of abouts; "": it is a host or service
	named string // its name then

	hosts, services int // of a group
}

func (s subject) key() string {
	switch s.about {
	case "":
		return status.RowID(s.site, s.host, s.service)
	case "core":
		return url.PathEscape(s.site)
	}
	return status.RowID(s.site, s.named, "")
}

func (s subject) target() command.Target {
	switch s.about {
	case "hostgroup", "servicegroup":
		return command.Target{Site: s.site, Group: s.named}
	case "contact", "contactgroup":
		return command.Target{Site: s.site, Contact: s.named}
	case "core":
		return command.Target{Site: s.site}
	}
	return command.Target{Site: s.site, Host: s.host, Service: s.service}
}

// name returns what to call it: "host" or "host / service".
func (s subject) name() string {
	if s.about != "" {
		return s.named
	}
	return status.Row{Host: s.host, Service: s.service}.Name()
}

// subjects are what an action is about, without those that whoever asks does
// not see.
type subjects struct {
	list []subject
	lost int // keys that name nothing that whoever asks sees
}

func (s subjects) hosts() (out []subject) {
	return slices.DeleteFunc(slices.Clone(s.list), func(x subject) bool { return x.service != "" || x.about != "" })
}

func (s subjects) services() (out []subject) {
	return slices.DeleteFunc(slices.Clone(s.list), func(x subject) bool { return x.service == "" })
}

// sites returns the names of the sites, each once.
func (s subjects) sites() []string {
	var out []string
	for _, x := range s.list {
		if !slices.Contains(out, x.siteName) {
			out = append(out, x.siteName)
		}
	}
	slices.Sort(out)
	return out
}

func targets(list []subject) []command.Target {
	out := make([]command.Target, len(list))
	for i, s := range list {
		out[i] = s.target()
	}
	return out
}

// splitKey is the opposite of [status.RowID]; parts beyond the service are
// returned too.
func splitKey(key string) (parts []string, ok bool) {
	parts = strings.Split(key, "|")
	if len(parts) < 2 || len(parts) > 4 || len(key) > 4000 {
		return nil, false
	}
	for i, p := range parts {
		raw, err := url.PathUnescape(p)
		if err != nil {
			return nil, false
		}
		parts[i] = raw
	}
	return parts, true
}

// keysOf returns the keys that a request names: in "on", one or several, each
// line one.
func keysOf(r *http.Request) ([]string, error) {
	if err := r.ParseForm(); err != nil {
		return nil, web.BadRequest("The form could not be read", "Go back and try again.")
	}
	var out []string
	for _, v := range r.Form["on"] {
		out = append(out, strings.Fields(v)...)
	}
	if r.Form.Get("every") == "1" {
		var err error
		if out, err = sourceKeys(r); err != nil {
			return nil, err
		}
	}
	slices.Sort(out)
	out = slices.Compact(out)
	return out, tooMany(r.Context(), len(out))
}

// fewKeys is how many objects of a site are asked for by name; of more the
// whole table is read.
const fewKeys = 100

// subjectsOf finds the hosts and services with these keys, sorted by site and
// name.
func subjectsOf(ctx context.Context, q lql.Querier, keys []string) (subjects, error) {
	wanted := map[[2]string]map[[2]string]bool{} // site and table to names
	var out subjects
	for _, k := range keys {
		p, ok := splitKey(k)
		if !ok || len(p) > 3 {
			return out, web.BadRequest(ui.T(ctx, "%q names no host and no service", ui.Visible(k)), "Go back and select again.")
		}
		table, name := "hosts", [2]string{p[1]}
		if len(p) == 3 {
			table, name[1] = "services", p[2]
		}
		at := [2]string{p[0], table}
		if wanted[at] == nil {
			wanted[at] = map[[2]string]bool{}
		}
		wanted[at][name] = true
	}
	for at, names := range wanted {
		query := subjectQuery(at[1])
		query.Backends = []string{at[0]}
		if len(names) <= fewKeys {
			var any []lql.Filter
			for n := range names {
				if at[1] == "hosts" {
					any = append(any, lql.Eq("name", n[0]))
				} else {
					any = append(any, lql.AndOf(lql.Eq("host_name", n[0]), lql.Eq("description", n[1])))
				}
			}
			query.Where(lql.OrOf(any...))
		}
		found, err := read(ctx, q, query)
		if err != nil {
			return out, err
		}
		for _, s := range found {
			if names[[2]string{s.host, s.service}] && s.site == at[0] {
				out.list = append(out.list, s)
			}
		}
	}
	out.lost = len(keys) - len(out.list)
	out.sort()
	return out, nil
}

// othersMost bounds the sites that are offered besides.
const othersMost = 50

// elsewhere finds what has the same name on other sites, when all subjects have
// one name: whoever acts then sees that there are several, and chooses.
func (s subjects) elsewhere(ctx context.Context, q lql.Querier) ([]subject, error) {
	if len(s.list) == 0 || s.list[0].about != "" {
		return nil, nil
	}
	first, have := s.list[0], map[string]bool{}
	for _, x := range s.list {
		if x.host != first.host || x.service != first.service {
			return nil, nil
		}
		have[x.site] = true
	}
	query := subjectQuery("hosts").Where(lql.Eq("name", first.host))
	if first.service != "" {
		query = subjectQuery("services").Where(lql.Eq("host_name", first.host), lql.Eq("description", first.service))
	}
	query.Limit = othersMost + len(s.list)
	found, err := read(ctx, q, query)
	out := subjects{list: slices.DeleteFunc(found, func(x subject) bool { return have[x.site] })}
	out.sort()
	return out.list, err
}

func (s *subjects) sort() {
	slices.SortFunc(s.list, func(a, b subject) int {
		return cmp.Or(cmp.Compare(a.siteName, b.siteName), cmp.Compare(a.site, b.site), cmp.Compare(a.host, b.host), cmp.Compare(a.service, b.service), cmp.Compare(a.named, b.named))
	})
}

// subjectQuery asks for hosts or services as subjects.
func subjectQuery(table string) *lql.Query {
	columns := []string{"state", "has_been_checked", "acknowledged", "scheduled_downtime_depth", "active_checks_enabled", "peer_key", "peer_name"}
	if table == "hosts" {
		return lql.Get(table, append(columns, "name")...)
	}
	return lql.Get(table, append(columns, "host_name", "description")...)
}

// read runs a query of subjectQuery.
func read(ctx context.Context, q lql.Querier, query *lql.Query) ([]subject, error) {
	res, err := q.Query(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("act: %s: %w", query.Table, err)
	}
	out := make([]subject, res.Rows)
	for i := range out {
		s := subject{site: res.Text(i, "peer_key"), siteName: res.Text(i, "peer_name"),
			acked: res.Int(i, "acknowledged") != 0, downtime: res.Int(i, "scheduled_downtime_depth") > 0, passive: res.Int(i, "active_checks_enabled") == 0}
		state, checked := res.Int(i, "state"), res.Int(i, "has_been_checked") != 0
		s.trouble = checked && state != 0
		if query.Table == "hosts" {
			s.host = res.Text(i, "name")
			s.state = ui.HostState(state, checked, s.acked || s.downtime)
		} else {
			s.host, s.service = res.Text(i, "host_name"), res.Text(i, "description")
			s.state = ui.ServiceState(state, checked, s.acked || s.downtime)
		}
		out[i] = s
	}
	return out, nil
}
