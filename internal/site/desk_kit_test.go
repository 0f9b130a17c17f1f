package site_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/command"
	"belvedere/internal/db"
	"belvedere/internal/live"
	"belvedere/internal/query"
	"belvedere/internal/schema"
	"belvedere/internal/site"
	"belvedere/internal/site/sitetest"
	"belvedere/internal/store"
	"belvedere/internal/testkit"
)

// bench is a desk over simulated cores, "a", "b" and so on.
type bench struct {
	cores map[string]*testkit.Core
	core  *testkit.Core // the first
	m     *site.Manager
	fleet *store.Fleet
	hub   *live.Hub
	db    *db.DB
	o     command.Options
	desk  *command.Desk
	who   command.Actor

	mu    sync.Mutex
	heard map[string][]string // by site: what the core took, as "NAME;arg;arg"
}

func implOf(p testkit.Profile) schema.Cores {
	return map[testkit.Profile]schema.Cores{testkit.Naemon: schema.Naemon, testkit.Nagios4: schema.MK15, testkit.Icinga2: schema.Icinga2, testkit.Shinken: schema.Shinken}[p]
}

// deskOf is a desk over quiet cores of some kinds.
func deskOf(t *testing.T, profiles ...testkit.Profile) *bench {
	t.Helper()
	return deskWith(t, command.Options{Rate: 1000, SeenWithin: soon}, profiles...)
}

// deskWith is deskOf with settings of the desk. What they leave out is given.
func deskWith(t *testing.T, o command.Options, profiles ...testkit.Profile) *bench {
	t.Helper()
	b := &bench{cores: map[string]*testkit.Core{}, hub: live.NewHub(), heard: map[string][]string{}}
	b.fleet = store.NewFleet(store.Options{})
	b.fleet.OnChange(func(c store.Change) {
		b.hub.Publish(live.Change{Site: c.Site, Version: c.Version, Tables: c.Tables, Keys: c.Keys, Health: c.Health})
	})
	b.m = site.NewManager(site.Options{Fleet: b.fleet, Now: o.Now})
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), soon)
		defer cancel()
		b.m.Stop(ctx)
		b.hub.Close()
	})
	var specs []site.Spec
	for i, p := range profiles {
		key := string(rune('a' + i))
		core, addr := kitCore(t, testkit.Options{Name: key, Profile: p, Hosts: 8, ServicesPerHost: 3, Seed: 3, Quiet: true, Churn: -1, Now: o.Now,
			Heard: func(name string, args []string, err error) { b.hear(key, name, args, err) }})
		core.Step(time.Now())
		b.cores[key] = core
		specs = append(specs, site.Spec{Key: key, Name: "Site " + key, Addresses: []string{addr}})
	}
	b.core = b.cores["a"]
	b.m.Apply(specs)
	for _, s := range specs {
		until(t, soon, "fresh", inState(b.fleet, s.Key, store.Fresh))
	}
	var err error
	if b.db, err = db.Open(t.Context(), t.TempDir(), nil); err != nil {
		t.Fatal(err)
	}
	all := []access.Role{access.RoleAdmin}
	o.Store, o.Engine, o.Sites, o.Hub = b.db, query.New(query.Options{Fleet: b.fleet}), b.m, b.hub
	if o.Policy.Ordinary == nil {
		o.Policy = command.Policy{Ordinary: all, Configuring: all, Dangerous: all}
	}
	b.o = o
	b.start(t)
	t.Cleanup(func() {
		b.desk.Stop()
		if err := b.db.Close(); err != nil {
			t.Error(err)
		}
	})
	b.who = command.Actor{Name: "eva", Role: access.RoleAdmin, Viewer: access.Viewer{All: true}, Via: "test", IP: "192.0.2.1"}
	return b
}

func (b *bench) start(t *testing.T) {
	t.Helper()
	b.desk = command.New(b.o)
	if err := b.desk.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// restart ends the desk and starts another one on the same store.
func (b *bench) restart(t *testing.T) {
	t.Helper()
	b.desk.Stop()
	b.start(t)
}

func (b *bench) hear(key, name string, args []string, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	line := strings.Join(append([]string{name}, args...), ";")
	if err != nil {
		line = "refused " + line
	}
	b.heard[key] = append(b.heard[key], line)
}

// took returns how many command lines with these words a core took.
func (b *bench) took(key string, words ...string) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, line := range b.heard[key] {
		all := true
		for _, w := range words {
			all = all && strings.Contains(line, w)
		}
		if all {
			n++
		}
	}
	return n
}

// order gives an order and returns its id.
func (b *bench) order(t *testing.T, o command.Order) int64 {
	t.Helper()
	id, err := b.desk.Give(t.Context(), b.who, o)
	if err != nil {
		t.Fatalf("%s: %v", o.Command, err)
	}
	return id
}

// items waits until an order has ended, and returns its items.
func (b *bench) items(t *testing.T, id int64) []command.Item {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*later)
	defer cancel()
	r, err := b.desk.Wait(ctx, id)
	if err != nil || r.Open() > 0 {
		t.Fatalf("order %d: %+v %v", id, r, err)
	}
	return b.now(t, id)
}

// now returns the items of an order as they are.
func (b *bench) now(t *testing.T, id int64) []command.Item {
	t.Helper()
	items, err := b.desk.Items(t.Context(), id, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return items
}

// give gives an order for one target and returns how it ended.
func (b *bench) give(t *testing.T, o command.Order) command.Item {
	t.Helper()
	items := b.items(t, b.order(t, o))
	if len(items) != 1 {
		t.Fatalf("%s: %v", o.Command, items)
	}
	return items[0]
}

// states counts items by state.
func states(items []command.Item) string {
	n := map[command.State]int{}
	for _, i := range items {
		n[i.State]++
	}
	return strings.TrimPrefix(fmt.Sprint(n), "map")
}

// services returns all services of a site as targets.
func (b *bench) services(key string) (out []command.Target) {
	for _, r := range b.cores[key].Rows("services") {
		out = append(out, command.Target{Site: key, Host: r["host_name"].(string), Service: r["description"].(string)})
	}
	return out
}

// remark is an order for a comment on some objects.
func remark(text string, targets ...command.Target) command.Order {
	return command.Order{Command: "ADD_SVC_COMMENT", Targets: targets, Args: map[string]string{"persistent": "1", "comment": text}}
}

// trouble makes a service a problem that the store knows.
func (b *bench) trouble(t *testing.T, target command.Target) {
	t.Helper()
	b.cores[target.Site].SetState(target.Host, target.Service, 2, "it is broken")
	b.m.Refresh(target.Site)
	b.untilColumn(t, target, "state", 2)
}

// untilColumn waits until a service has a value in the store.
func (b *bench) untilColumn(t *testing.T, target command.Target, column string, want int64) {
	t.Helper()
	until(t, later, fmt.Sprintf("%s %d", column, want), func() bool {
		snap := view(b.fleet, target.Site).Snapshot
		row, ok := snap.Find("services", store.Key(target.Host, target.Service))
		return ok && snap.Int("services", column, row) == want
	})
}

// unix writes a time as cores take it.
func unix(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

// liveNews is a change that says nothing.
func liveNews(key string) live.Change { return live.Change{Site: key, Tables: []string{"hosts"}} }

// entryOf returns the comment or downtime with a text in the store of site a.
func (b *bench) entryOf(t *testing.T, table, text string) *command.Entry {
	t.Helper()
	var e *command.Entry
	until(t, soon, text, func() bool {
		for _, r := range sitetest.Rows(view(b.fleet, "a").Snapshot, table) {
			if r["comment"] == text {
				e = &command.Entry{Author: fmt.Sprint(r["author"]), Text: text, At: asInt(r["entry_time"]), Start: asInt(r["start_time"]), End: asInt(r["end_time"])}
			}
		}
		return e != nil
	})
	if table == "comments" {
		e.Start, e.End = 0, 0
	}
	return e
}

func asInt(v any) (n int64) {
	n, _ = strconv.ParseInt(fmt.Sprint(v), 10, 64) // what is no number is 0
	return n
}

// hostEntry returns the downtime of a host itself in the store of site a.
func (b *bench) hostEntry(t *testing.T, table, host string) *command.Entry {
	t.Helper()
	for _, r := range sitetest.Rows(view(b.fleet, "a").Snapshot, table) {
		if r["host_name"] == host && r["service_description"] == "" {
			return &command.Entry{Author: fmt.Sprint(r["author"]), Text: fmt.Sprint(r["comment"]), At: asInt(r["entry_time"]), Start: asInt(r["start_time"]), End: asInt(r["end_time"])}
		}
	}
	t.Fatalf("%s has none of %s", host, table)
	return nil
}
