package site_test

import (
	"bufio"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/command"
	"belvedere/internal/db"
	"belvedere/internal/live"
	"belvedere/internal/lql"
	"belvedere/internal/query"
	"belvedere/internal/site"
	"belvedere/internal/store"
	"belvedere/internal/testkit"
)

// deskVariable tells this test binary to be a server with a desk: the data
// folder, and the addresses of the cores.
const deskVariable = "BELVEDERE_TEST_DESK"

// serveDesk gives order upon order, each for all services of all cores, and
// prints what it does, until it is killed. With "drain" as its argument it only
// ends what is open, and says so.
func serveDesk(text string) error {
	words := strings.Fields(text)
	drain, dir, addresses := words[0] == "drain", words[1], words[2:]
	ctx := context.Background()
	hub, fleet := live.NewHub(), store.NewFleet(store.Options{})
	fleet.OnChange(func(c store.Change) {
		hub.Publish(live.Change{Site: c.Site, Version: c.Version, Tables: c.Tables, Keys: c.Keys, Health: c.Health})
	})
	m := site.NewManager(site.Options{Fleet: fleet})
	var specs []site.Spec
	for i, a := range addresses {
		key := string(rune('a' + i))
		specs = append(specs, site.Spec{Key: key, Name: key, Addresses: []string{a}})
	}
	d, err := db.Open(ctx, dir, nil)
	if err != nil {
		return err
	}
	m.Apply(specs)
	desk := command.New(command.Options{Store: d, Engine: query.New(query.Options{Fleet: fleet}), Sites: m, Hub: hub, Rate: 400, SeenWithin: 10 * time.Second, Policy: command.DefaultPolicy()})
	if err := desk.Start(ctx); err != nil {
		return err
	}
	fmt.Println("started")
	for drain {
		open, err := d.OpenOrderItems(ctx)
		if err != nil {
			return err
		}
		if len(open) == 0 {
			fmt.Println("drained")
			desk.Stop()
			return d.Close()
		}
		time.Sleep(20 * time.Millisecond) // until the desk is done
	}
	who := command.Actor{Name: "eva", Role: access.RoleOperator, Viewer: access.Viewer{All: true}, Via: "test"}
	engine := query.New(query.Options{Fleet: fleet})
	for {
		targets, err := everyService(ctx, engine)
		if err != nil {
			return err
		}
		if len(targets) == 0 {
			continue // not connected yet
		}
		text := fmt.Sprintf("order of %d at %d", os.Getpid(), time.Now().UnixNano())
		id, err := desk.Give(ctx, who, command.Order{Command: "ADD_SVC_COMMENT", Targets: targets, Args: map[string]string{"persistent": "1", "comment": text}})
		if err != nil {
			return err
		}
		fmt.Println("given", id)
		if _, err := desk.Wait(ctx, id); err != nil {
			return err
		}
	}
}

func everyService(ctx context.Context, engine *query.Engine) (out []command.Target, err error) {
	res, err := engine.For(access.Viewer{All: true}).Query(ctx, lql.Get("services", "peer_key", "host_name", "description"))
	if err != nil {
		return nil, err
	}
	for i := range res.Rows {
		out = append(out, command.Target{Site: res.Text(i, "peer_key"), Host: res.Text(i, "host_name"), Service: res.Text(i, "description")})
	}
	return out, nil
}

// TestKilled kills a server again and again while it carries out bulk orders,
// and starts it anew. In the end no order that is called seen is missing in
// its core, none was carried out twice, and nothing is left without an end.
func TestKilled(t *testing.T) {
	t.Parallel()
	kills := 24
	if testing.Short() {
		kills = 6
	}
	counts := newCounter()
	var addresses []string
	for i, p := range []testkit.Profile{testkit.Naemon, testkit.Nagios4, testkit.Icinga2} {
		key := string(rune('a' + i))
		core, addr := kitCore(t, testkit.Options{Name: key, Profile: p, Hosts: 12, ServicesPerHost: 4, Seed: uint64(i), Quiet: true, Churn: -1,
			Heard: func(name string, args []string, err error) {
				if name == "ADD_SVC_COMMENT" && err == nil {
					counts.add(strings.Join([]string{key, args[0], args[1], args[4]}, "\x00"))
				}
			}})
		core.Step(time.Now())
		addresses = append(addresses, addr)
	}
	dir := t.TempDir()
	for range kills {
		lines, cmd := startDesk(t, "work", dir, addresses)
		for lines.Scan() && !strings.HasPrefix(lines.Text(), "given") {
		}
		time.Sleep(time.Duration(rand.IntN(250)) * time.Millisecond) // the random instant
		if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // killed
	}
	lines, cmd := startDesk(t, "drain", dir, addresses)
	last := ""
	for lines.Scan() {
		last = lines.Text()
	}
	if err := cmd.Wait(); err != nil || last != "drained" {
		t.Fatalf("%q %v", last, err)
	}
	states, orders := audited(t, dir, counts)
	t.Logf("%d kills, %d orders, items %v", kills, orders, states)
	if states["seen"] == 0 || states["refused"]+states["failed"] > 0 {
		t.Error("not all that was not interrupted was carried out")
	}
}

// audited compares every order in a folder with what the cores carried out, and
// returns in how many states their items are, and how many orders there are.
func audited(t *testing.T, dir string, counts *counter) (states map[string]int, orders int) {
	t.Helper()
	d, err := db.Open(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	states = map[string]int{}
	list, err := d.Orders(t.Context(), db.OrderQuery{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, o := range list {
		orders++
		items, err := d.OrderItems(t.Context(), o.ID, 0, 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range items {
			states[it.State]++
			key := strings.Join([]string{it.Site, it.Host, it.Service, o.Args["comment"]}, "\x00")
			known[key] = true
			done := counts.of(key)
			switch state := command.State(it.State); {
			case done > 1:
				t.Errorf("order %d for %s;%s was carried out %d times", o.ID, it.Host, it.Service, done)
			case state == command.Seen && done != 1:
				t.Errorf("order %d for %s;%s is called seen, and is not in the core", o.ID, it.Host, it.Service)
			case state == command.Unseen && done != 0, state == command.Failed && done != 0:
				t.Errorf("order %d for %s;%s is called %s (%s), and is in the core", o.ID, it.Host, it.Service, state, it.Reason)
			case !state.Final():
				t.Errorf("order %d for %s;%s is left %s", o.ID, it.Host, it.Service, state)
			}
		}
	}
	for _, key := range counts.keys() {
		if !known[key] {
			t.Errorf("the core carried out %q, which is in no order", key)
		}
	}
	return states, orders
}

// startDesk starts a process that gives orders.
func startDesk(t *testing.T, what, dir string, addresses []string) (*bufio.Scanner, *exec.Cmd) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), deskVariable+"="+strings.Join(append([]string{what, dir}, addresses...), " "))
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() || lines.Text() != "started" {
		t.Fatalf("the desk says %q", lines.Text())
	}
	return lines, cmd
}

// A counter counts by key. Safe for concurrent use.
type counter struct {
	mu sync.Mutex
	n  map[string]int
}

func newCounter() *counter { return &counter{n: map[string]int{}} }

func (c *counter) add(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n[key]++
}

func (c *counter) of(key string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n[key]
}

func (c *counter) keys() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Collect(maps.Keys(c.n))
}
