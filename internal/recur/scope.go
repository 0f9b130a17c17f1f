package recur

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"belvedere/internal/command"
	"belvedere/internal/lql"
	"belvedere/internal/search"
)

// The kinds of a [Scope].
const (
	OnHost         = "host"
	OnService      = "service"
	OnHostgroup    = "hostgroup"
	OnServicegroup = "servicegroup"
	OnSite         = "site"
	OnFilter       = "filter"
)

// Scopes returns all kinds in the order they are offered.
func Scopes() []string {
	return []string{OnHost, OnService, OnHostgroup, OnServicegroup, OnSite, OnFilter}
}

// How far a [Scope] reaches.
const (
	Both     = "both"     // the hosts and all their services
	Hosts    = "hosts"    // the hosts alone
	Services = "services" // the services alone
)

// Reaches returns all of them in the order they are offered.
func Reaches() []string { return []string{Both, Hosts, Services} }

// A Scope is what a rule is for. It is looked at anew each time, so that what
// comes later counts too.
type Scope struct {
	Kind    string `json:"kind"`
	Site    string `json:"site,omitempty"` // key; "" for groups and filters: all sites
	Host    string `json:"host,omitempty"`
	Service string `json:"service,omitempty"`
	Group   string `json:"group,omitempty"`
	Filter  string `json:"filter,omitempty"` // as in the query bar
	Reach   string `json:"reach,omitempty"`  // "" for a service
}

const nameMost = 1000 // bytes of a name

// check returns a [*Problem], or the [*search.Error] of a filter.
func (s Scope) check() error {
	for field, v := range map[string]string{"host": s.Host, "service": s.Service, "group": s.Group, "site": s.Site} {
		if len(v) > nameMost || strings.ContainsFunc(v, unicode.IsControl) {
			return &Problem{field, "This is not a name.", ""}
		}
	}
	switch {
	case !slices.Contains(Scopes(), s.Kind):
		return &Problem{"scope", "What it is for is not said.", "Choose one of the kinds."}
	case s.Kind != OnService && !slices.Contains(Reaches(), s.Reach):
		return &Problem{"reach", "Whether hosts, services or both are meant is not said.", ""}
	case s.Site == "" && (s.Kind == OnHost || s.Kind == OnService || s.Kind == OnSite):
		return &Problem{"site", "The site is not chosen.", "The same name on another site is another host."}
	case s.Host == "" && (s.Kind == OnHost || s.Kind == OnService):
		return &Problem{"host", "The host is not named.", ""}
	case s.Service == "" && s.Kind == OnService:
		return &Problem{"service", "The service is not named.", ""}
	case s.Group == "" && (s.Kind == OnHostgroup || s.Kind == OnServicegroup):
		return &Problem{"group", "The group is not named.", ""}
	case s.Kind == OnFilter && strings.TrimSpace(s.Filter) == "":
		return &Problem{"filter", "The filter is empty.", "To mean all of a site, choose the site."}
	case s.Kind == OnFilter:
		_, err := search.Parse(s.Filter)
		return err
	}
	return nil
}

// Found are the objects that a scope means at some moment.
type Found struct {
	Targets []command.Target // sorted, each once
	Hosts   int              // how many of them are hosts
	Parts   []lql.Part       // the sites that were asked
}

// Services returns how many of the objects are services.
func (f Found) Services() int { return len(f.Targets) - f.Hosts }

// ErrTooMany says that a scope means more objects than a rule may.
var ErrTooMany = errors.New("recur: too many objects")

// Find returns what the scope means for whom q is bound to. The error is
// [ErrTooMany], a [*search.Error], or of q.
func (s Scope) Find(ctx context.Context, q lql.Querier, now time.Time) (Found, error) {
	hosts, services, err := s.filters(ctx, q, now)
	if err != nil {
		return Found{}, err
	}
	var f Found
	var names []command.Target
	if hosts != nil {
		res, err := s.ask(ctx, q, lql.Get("hosts", "peer_key", "name").Where(*hosts))
		if err != nil {
			return f, err
		}
		f.Parts = append(f.Parts, res.Parts...)
		for i := range res.Rows {
			names = append(names, command.Target{Site: res.Text(i, "peer_key"), Host: res.Text(i, "name")})
		}
		if s.Reach != Services {
			f.Targets, f.Hosts = append(f.Targets, names...), len(names)
		}
	}
	for i := 0; services == nil && s.Reach != Hosts && i < len(names); i += hostsAtOnce {
		if err := s.addServices(ctx, q, ofHosts(names[i:min(i+hostsAtOnce, len(names))]), &f); err != nil {
			return f, err
		}
	}
	if services != nil {
		if err := s.addServices(ctx, q, *services, &f); err != nil {
			return f, err
		}
	}
	if len(f.Targets) > command.TargetsMost {
		return f, ErrTooMany
	}
	slices.SortFunc(f.Targets, compareTargets)
	return f, nil
}

// hostsAtOnce is of how many hosts the services are asked at a time.
const hostsAtOnce = 500

// addServices adds the services for which a filter holds.
func (s Scope) addServices(ctx context.Context, q lql.Querier, filter lql.Filter, f *Found) error {
	res, err := s.ask(ctx, q, lql.Get("services", "peer_key", "host_name", "description").Where(filter))
	if err != nil {
		return err
	}
	f.Parts = append(f.Parts, res.Parts...)
	for i := range res.Rows {
		f.Targets = append(f.Targets, command.Target{Site: res.Text(i, "peer_key"), Host: res.Text(i, "host_name"), Service: res.Text(i, "description")})
	}
	return nil
}

func compareTargets(a, b command.Target) int {
	return cmp.Or(cmp.Compare(a.Site, b.Site), cmp.Compare(a.Host, b.Host), cmp.Compare(a.Service, b.Service))
}

// ask asks no site but that of the scope, and for no more than a rule may mean.
func (s Scope) ask(ctx context.Context, q lql.Querier, query *lql.Query) (*lql.Result, error) {
	if s.Site != "" {
		query.Backends = []string{s.Site}
		query.Where(lql.Eq("peer_key", s.Site))
	}
	query.Limit = command.TargetsMost + 1
	res, err := q.Query(ctx, query)
	if err != nil {
		if none, ok := errors.AsType[*lql.QueryError](err); ok && none.Code == 502 {
			return &lql.Result{}, nil // the site is gone
		}
		return nil, fmt.Errorf("recur: find what a rule means: %w", err)
	}
	return res, nil
}

// filters returns which hosts and services are meant; nil: none by themselves.
// Services of hosts that only a filter over hosts finds come after these.
func (s Scope) filters(ctx context.Context, q lql.Querier, now time.Time) (hosts, services *lql.Filter, err error) {
	var h, v lql.Filter
	switch s.Kind {
	case OnService:
		v = lql.AndOf(lql.Eq("host_name", s.Host), lql.Eq("description", s.Service))
		return nil, &v, nil
	case OnHost:
		h, v = lql.Eq("name", s.Host), lql.Eq("host_name", s.Host)
	case OnSite:
		h, v = lql.AndOf(), lql.AndOf()
	case OnHostgroup:
		h, v = lql.Has("groups", s.Group), lql.Has("host_groups", s.Group)
	case OnServicegroup:
		v = lql.Has("groups", s.Group)
		if s.Reach == Services {
			return nil, &v, nil
		}
		found, err := s.ask(ctx, q, lql.Get("services", "peer_key", "host_name").Where(v))
		if err != nil {
			return nil, nil, err
		}
		h = hostsOf(found)
	case OnFilter:
		e, err := search.Parse(s.Filter)
		if err != nil {
			return nil, nil, err
		}
		table := "hosts"
		if s.Reach == Services {
			table = "services"
		}
		fs, err := search.Bind(ctx, q, e, now, table)
		if err != nil {
			return nil, nil, err
		}
		if s.Reach == Services {
			return nil, &fs[0], nil
		}
		return &fs[0], nil, nil
	}
	switch s.Reach {
	case Hosts:
		return &h, nil, nil
	case Services:
		return nil, &v, nil
	}
	return &h, &v, nil
}

// ofHosts returns the filter for the services of hosts.
func ofHosts(hosts []command.Target) lql.Filter { return bySite(hosts, "host_name") }

// hostsOf returns the filter for the hosts of services.
func hostsOf(services *lql.Result) lql.Filter {
	var hosts []command.Target
	for i := range services.Rows {
		hosts = append(hosts, command.Target{Site: services.Text(i, "peer_key"), Host: services.Text(i, "host_name")})
	}
	slices.SortFunc(hosts, compareTargets)
	return bySite(slices.Compact(hosts), "name")
}

func bySite(hosts []command.Target, column string) lql.Filter {
	names := map[string][]lql.Filter{}
	var sites []string
	for _, h := range hosts {
		if names[h.Site] == nil {
			sites = append(sites, h.Site)
		}
		names[h.Site] = append(names[h.Site], lql.Eq(column, h.Host))
	}
	var out []lql.Filter
	for _, site := range sites {
		out = append(out, lql.AndOf(lql.Eq("peer_key", site), lql.OrOf(names[site]...)))
	}
	return lql.OrOf(out...)
}
