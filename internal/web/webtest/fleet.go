package webtest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"belvedere/internal/query"
	"belvedere/internal/schema"
	"belvedere/internal/store"
)

// A Shape is a fleet to measure with. Each host has an address, three host
// groups and a switch of its site as parent; services repeat by number.
type Shape struct {
	Sites, Hosts, Services int // hosts of a site, services of a host
	// BadHosts and BadServices are how many in a thousand are not as they
	// should be; 3 of 10 bad ones are acknowledged, 1 of 50 is in a downtime.
	BadHosts, BadServices int
	NoCache               bool // every query is run, also one that was just answered
}

// FleetTime is when the fleets to measure with were read.
const FleetTime = 1_790_000_000

// Fleet returns a real engine over made-up sites of a shape, for benchmarks.
func Fleet(tb testing.TB, s Shape) *query.Engine {
	tb.Helper()
	return query.New(query.Options{Fleet: s.Build(tb), NoCache: s.NoCache, Now: func() time.Time { return time.Unix(FleetTime, 0) }})
}

// Build is Fleet without the engine.
func (s Shape) Build(tb testing.TB) *store.Fleet {
	tb.Helper()
	f := store.NewFleet(store.Options{})
	for nr := range s.Sites {
		site := f.Add(store.SiteInfo{Key: fmt.Sprintf("b%03d", nr), Name: fmt.Sprintf("Site %d", nr), Position: nr})
		if err := s.feed(site, nr); err != nil {
			tb.Fatal(err)
		}
		site.SetHealth(store.Health{State: store.Fresh})
	}
	return f
}

// Check has some services and hosts of one site checked, chosen by chance: each
// has a new output, and one in twenty another state.
func Check(tb testing.TB, f *store.Fleet, site store.SiteView, services, hosts int, random *rand.Rand) {
	tb.Helper()
	b := f.Add(site.Info).Begin()
	for table, n := range map[string]int{"hosts": hosts, "services": services} {
		names := map[string][]string{"hosts": {"name"}, "services": {"host_name", "description"}}[table]
		rows, all := b.Update(table), site.Snapshot.AllKeys(table)
		if err := rows.Columns(append(names, "state", "last_check", "last_state_change", "plugin_output", "acknowledged")...); err != nil {
			tb.Fatal(err)
		}
		for range n {
			key := all[random.IntN(len(all))]
			row, _ := site.Snapshot.Find(table, key)
			for i, part := range strings.Split(key, "\x00") {
				rows.Text(i, []byte(part))
			}
			state, since, acked := site.Snapshot.Int(table, "state", row), site.Snapshot.Int(table, "last_state_change", row), site.Snapshot.Int(table, "acknowledged", row)
			if random.IntN(20) == 0 {
				state, since, acked = random.Int64N(int64(1+len(names))), FleetTime-random.Int64N(1000), random.Int64N(2)
			}
			for i, v := range []int64{state, FleetTime - random.Int64N(100), since} {
				rows.Int(len(names)+i, v)
			}
			rows.Text(len(names)+3, fmt.Appendf(nil, "checked <%d>", random.Uint32()))
			rows.Int(len(names)+4, acked)
			if err := rows.EndRow(); err != nil {
				tb.Fatal(err)
			}
		}
	}
	if _, err := b.Commit(time.Unix(FleetTime, 0)); err != nil {
		tb.Fatal(err)
	}
}

// feed writes a whole site.
func (s Shape) feed(site *store.Site, nr int) error {
	b := site.Begin()
	hosts, services := b.Replace("hosts"), b.Replace("services")
	own := []string{"state", "has_been_checked", "state_type", "acknowledged", "scheduled_downtime_depth", "notifications_enabled",
		"active_checks_enabled", "accept_passive_checks", "current_attempt", "max_check_attempts", "last_state_change", "last_check",
		"next_check", "last_notification", "current_notification_number", "contacts", "groups", "plugin_output"}
	if err := hosts.Columns(append([]string{"name", "alias", "address", "parents"}, own...)...); err != nil {
		return fmt.Errorf("webtest: %w", err)
	}
	if err := services.Columns(append([]string{"host_name", "description"}, own...)...); err != nil {
		return fmt.Errorf("webtest: %w", err)
	}
	for h := range s.Hosts {
		name := fmt.Sprintf("srv%04d-b%03d.example.net", h, nr)
		parents := [][]byte{fmt.Appendf(nil, "srv%04d-b%03d.example.net", h/20*20, nr)}
		if h%20 == 0 {
			parents = nil
		}
		hosts.Text(0, []byte(name))
		hosts.Text(1, fmt.Appendf(nil, "linux server %04d in berlin", h))
		hosts.Text(2, fmt.Appendf(nil, "10.%d.%d.%d", nr%250, h/250%250, h%250))
		hosts.TextList(3, parents)
		fill(hosts, 4, mix(nr, h, 0), s.BadHosts, 1, h)
		if err := hosts.EndRow(); err != nil {
			return fmt.Errorf("webtest: %w", err)
		}
		for i := range s.Services {
			services.Text(0, []byte(name))
			services.Text(1, fmt.Appendf(nil, "%s %d", kinds[i%len(kinds)], i/len(kinds)))
			fill(services, 2, mix(nr, h, i+1), s.BadServices, 3, h)
			if err := services.EndRow(); err != nil {
				return fmt.Errorf("webtest: %w", err)
			}
		}
	}
	if err := feedGroups(b, s.Hosts, nr); err != nil {
		return err
	}
	if _, err := b.Commit(time.Unix(FleetTime, 0)); err != nil {
		return fmt.Errorf("webtest: %w", err)
	}
	return nil
}

var kinds = []string{"HTTP", "Disk /", "Load", "Memory", "Ping", "SSH", "NTP offset", "Processes", "Swap", "Users"}

// fill sets what hosts and services have in common, from column first on.
func fill(r *store.Rows, first int, dice uint64, bad, states, h int) {
	state := int64(0)
	if int(dice%1000) < bad {
		state = 1 + int64(dice/1000)%int64(states)
	}
	acked, depth := int64(0), int64(0)
	if state > 0 && dice/7%10 < 3 {
		acked = 1
	} else if state > 0 && dice/11%50 == 0 {
		depth = 1
	}
	problem := min(state, 1)
	for i, v := range []int64{state, 1, 1, acked, depth, 1, 1, 1, 1 + 2*problem, 3, FleetTime - int64(dice>>20%100_000), FleetTime - int64(dice%100),
		FleetTime + 100, problem * (FleetTime - 500), problem} {
		r.Int(first+i, v)
	}
	r.TextList(first+15, [][]byte{[]byte("admin"), fmt.Appendf(nil, "user%02d", h%50)})
	r.TextList(first+16, [][]byte{[]byte("all-linux"), fmt.Appendf(nil, "rack%02d", h%20), fmt.Appendf(nil, "team%02d", h%10)})
	r.Text(first+17, fmt.Appendf(nil, "HTTP/1.1 %d - %d bytes in 0.%03d second response time, certificate valid for %d days", 200+state, dice%90000, dice%1000, dice%300))
}

// mix is a number without pattern from three.
func mix(a, b, c int) uint64 {
	x := uint64(a)<<40 ^ uint64(b)<<20 ^ uint64(c)
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// feedGroups writes the host groups.
func feedGroups(b *store.Batch, n, nr int) error {
	members := map[string][]schema.Member{}
	for h := range n {
		m := schema.Member{Host: fmt.Sprintf("srv%04d-b%03d.example.net", h, nr)}
		for _, g := range []string{"all-linux", fmt.Sprintf("rack%02d", h%20), fmt.Sprintf("team%02d", h%10)} {
			members[g] = append(members[g], m)
		}
	}
	groups := b.Replace("hostgroups")
	if err := groups.Columns("name", "alias", "members"); err != nil {
		return fmt.Errorf("webtest: %w", err)
	}
	for name, ms := range members {
		names := make([][]byte, len(ms))
		for i, m := range ms {
			names[i] = []byte(m.Host)
		}
		groups.Text(0, []byte(name))
		groups.Text(1, []byte("Group "+name))
		groups.TextList(2, names)
		if err := groups.EndRow(); err != nil {
			return fmt.Errorf("webtest: %w", err)
		}
	}
	return nil
}
