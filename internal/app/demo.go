package app

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"belvedere/internal/access"
	"belvedere/internal/auth"
	"belvedere/internal/site"
	"belvedere/internal/testkit"
)

// Demo describes the simulated cores of a demonstration.
type Demo struct {
	Sites, Hosts, Services int     // numbers of sites, hosts per site, services per host
	Churn                  float64 // share of services checked per second
	Password               string  // of the person demo; "": no person is made
}

// DefaultDemo is what the demo verb and the first page start.
func DefaultDemo() Demo { return Demo{Sites: 5, Hosts: 40, Services: 8, Churn: 0.01} }

// demoCores are simulated cores that listen on loopback in this process. Safe
// for concurrent use; the zero value runs none.
type demoCores struct {
	log  *slog.Logger
	flag *Demo // asked for on the command line

	mu     sync.Mutex
	cores  []*testkit.Core
	list   []site.Spec
	cancel context.CancelFunc
}

func newDemoCores(flag *Demo, log *slog.Logger) *demoCores { return &demoCores{flag: flag, log: log} }

// startDemo starts the cores that were asked for, by flag or earlier on the
// first page.
func (a *App) startDemo(ctx context.Context) error {
	d := a.opt.Demo
	if d == nil {
		on, err := a.db.Meta(ctx, demoMeta)
		if err != nil || on == "" {
			return err
		}
		return a.demo.start(DefaultDemo())
	}
	if err := a.demo.start(*d); err != nil {
		return err
	}
	if d.Password == "" {
		return nil
	}
	if p, err := a.auth.PersonByName(ctx, "demo"); err == nil {
		return a.auth.SetPassword(ctx, auth.Actor{Name: "demo"}, p.ID, d.Password)
	}
	_, err := a.auth.AddPerson(ctx, auth.Actor{Name: "demo"}, auth.Person{
		Username: "demo", DisplayName: "Demo", Role: access.RoleAdmin, SeeAll: true, CommandLines: true,
	}, d.Password)
	return err
}

func (d *demoCores) start(o Demo) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cores != nil {
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	d.cancel = cancel
	for i, s := range testkit.Demo(o.Sites, o.Hosts, o.Services, o.Churn, 1) {
		addr, err := s.Core.ListenTCP("127.0.0.1:0")
		if err != nil {
			d.end()
			return fmt.Errorf("app: demo: %w", err)
		}
		s.Core.Start(ctx)
		d.cores = append(d.cores, s.Core)
		d.list = append(d.list, site.Spec{
			Key: fmt.Sprintf("demo-%d", i+1), Name: s.Name, Section: s.Section,
			Addresses: []string{"tcp://" + addr.String()}, Position: i, Provisioned: true, Demo: true,
		})
	}
	d.log.Info("simulated cores started", "sites", len(d.cores), "hosts", o.Sites*o.Hosts, "services", o.Sites*o.Hosts*o.Services)
	return nil
}

// stop ends the cores; they can be started again.
func (d *demoCores) stop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.end()
}

func (d *demoCores) end() {
	if d.cancel != nil {
		d.cancel()
	}
	for _, c := range d.cores {
		if err := c.Close(); err != nil {
			d.log.Error("ending a simulated core", "error", err)
		}
	}
	d.cores, d.list, d.cancel = nil, nil, nil
}

// specs returns the sites of the running cores.
func (d *demoCores) specs() []site.Spec {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]site.Spec(nil), d.list...)
}

func (d *demoCores) has(key string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.list {
		if s.Key == key {
			return true
		}
	}
	return false
}

// byFlag reports whether the command line asked for the demo, which then lasts
// as long as the process.
func (d *demoCores) byFlag() bool { return d.flag != nil }
