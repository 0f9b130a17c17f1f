package pages_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/auth"
	"belvedere/internal/db"
	"belvedere/internal/feature/host"
	"belvedere/internal/feature/hosts"
	"belvedere/internal/feature/problems"
	"belvedere/internal/feature/service"
	"belvedere/internal/feature/services"
	"belvedere/internal/live"
	"belvedere/internal/query"
	"belvedere/internal/store"
	"belvedere/internal/web"
	"belvedere/internal/web/webtest"
)

// A world are two servers over a fleet that the test changes: one keeps what it
// can, the other begins anew each time.
type world struct {
	kept, fresh side
	fleet       *store.Fleet
	hub         *live.Hub
	random      *rand.Rand
	closed      string // the site where nobody may act
}

type side struct {
	*webtest.Site
	engine *query.Engine
}

func newWorld(t *testing.T, seed uint64) *world {
	t.Helper()
	w := &world{fleet: webtest.Shape{Sites: 4, Hosts: 40, Services: 5, BadHosts: 60, BadServices: 100}.Build(t), random: rand.New(rand.NewPCG(seed, 1))}
	w.hub = live.NewHub()
	w.fleet.OnChange(func(c store.Change) {
		w.kept.engine.Note(c)
		w.hub.Publish(live.Change{Site: c.Site, Version: c.Version, Tables: c.Tables, Keys: c.Keys, Health: c.Health})
	})
	w.kept, w.fresh = w.side(t), w.side(t)
	return w
}

func (w *world) side(t *testing.T) side {
	t.Helper()
	s := side{engine: query.New(query.Options{Fleet: w.fleet})}
	s.Site = webtest.Over(t, web.Options{Engine: s.engine, Hub: w.hub, MayAct: func(_ context.Context, role access.Role, _ access.Viewer, site string) string {
		if site == w.closed || role == access.RoleViewer {
			return "Not here"
		}
		return ""
	}}, func(*auth.Service, *db.DB) []web.Feature {
		return []web.Feature{hosts.Feature(), services.Feature(), problems.Feature(), host.Feature(host.Options{}), service.Feature(service.Options{})}
	})
	for _, p := range []auth.Person{
		{Username: "user03", Role: access.RoleViewer, Contact: "user03"},
		{Username: "user04", Role: access.RoleOperator, Contact: "user04"},
		{Username: "other03", Role: access.RoleOperator, Contact: "user03"},
	} {
		if _, err := s.Auth.AddPerson(t.Context(), auth.Actor{Name: "test"}, p, webtest.Password); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// change lets something happen.
func (w *world) change(t *testing.T) {
	t.Helper()
	sites := w.fleet.View().Sites
	one := sites[w.random.IntN(len(sites))]
	switch w.random.IntN(8) {
	case 0: // a site is out of reach, or back
		h := store.Health{State: store.Fresh}
		if one.Health.State == store.Fresh {
			h = store.Health{State: store.Down, Cause: "it does not answer"}
		}
		w.fleet.Add(one.Info).SetHealth(h)
	case 1:
		w.closed = one.Info.Key
		w.hub.Publish(live.Change{Site: w.closed, Health: true})
	case 2: // nothing
	default:
		webtest.Check(t, w.fleet, one, 1+w.random.IntN(20), w.random.IntN(3), w.random)
	}
}

// A shown is a block that people have open.
type shown struct{ path, names string }

// TestLive: blocks that are drawn before an event, with what was kept from
// before, are those of a server that begins anew; and what an event says of them
// is true. Of a block that is one person's own no other's events say anything.
func TestLive(t *testing.T) {
	w := newWorld(t, 11)
	var blocks []shown
	for _, path := range []string{
		"/services?limit=100", "/services?sort=-since&limit=50", "/services?q=state:problem", "/services?sort=state&limit=30", "/services?q=checked&limit=20&sort=output",
		"/hosts?columns=name,services,address,owner", "/hosts?q=state:problem", "/problems?sort=severity", "/problems?group=none&sort=since",
	} {
		blocks = append(blocks, shown{path, "list"})
	}
	blocks = append(blocks, shown{"/service/b001/srv0003-b001.example.net/Load%200", "object"}, shown{"/host/b002/srv0003-b002.example.net", "object"},
		shown{"/problems", "own"}, shown{"/problems?group=host", "own"}, shown{"/problems?view=mine", "list"})
	users := []string{"all", "user03", "other03"} // the last two see the same
	events := map[string]<-chan string{}
	for _, user := range users {
		events[user] = w.kept.Live(user, "/live")
	}
	tags, called := map[string]string{}, map[string]string{}
	owner := map[string]string{} // whose a block is, by its name in events
	spared, ownSpared := 0, 0
	for step := range 14 {
		if step%4 == 1 {
			w.save(t, "user03", fmt.Sprint("view ", step))
		}
		w.change(t)
		w.hub.Publish(live.Change{Site: "b000", Tables: []string{"status"}}) // whatever else happened
		seen := w.hub.Seen(func(string) bool { return true })
		for _, user := range users {
			e := await(t, events[user], seen)
			for name := range e.Drawn {
				if of := owner[name]; of != "" && of != user {
					t.Fatalf("step %d: %s is told of a block of %s", step, user, of)
				}
			}
			for _, b := range blocks {
				a := w.kept.Get(user, b.path, "X-Belvedere-Block", b.names, "X-Belvedere-Rev", fmt.Sprintf("%d-%d", e.Boot, e.Rev))
				w.fresh.Shrink()
				w.fresh.engine.Shrink()
				if fresh := w.fresh.blocks(user, b.path, b.names, "en"); a.Body != fresh {
					t.Fatalf("step %d: %s of %s as %s is not what a fresh page shows:\n%s", step, b.names, b.path, user, difference(a.Body, fresh))
				}
				key := user + b.path + b.names
				own := b.names == "own" || strings.Contains(b.path, "mine")
				if name, mark, _ := strings.Cut(called[key], "-"); mark != "" && e.Drawn[name] == mark {
					spared++
					if own {
						ownSpared++
					}
					if a.Header.Get("ETag") != tags[key] {
						t.Fatalf("step %d: the event says that %s of %s as %s is the same, but it is not", step, b.names, b.path, user)
					}
				}
				called[key], tags[key] = a.Header.Get("X-Belvedere-Drawn"), a.Header.Get("ETag")
				if name, _, _ := strings.Cut(called[key], "-"); own {
					owner[name] = user
				}
			}
		}
	}
	if spared == 0 || ownSpared == 0 {
		t.Errorf("events said of %d blocks that they are the same, of %d that are one person's own", spared, ownSpared)
	}
}

// save keeps a view of somebody, at both servers.
func (w *world) save(t *testing.T, user, name string) {
	t.Helper()
	for _, s := range []side{w.kept, w.fresh} {
		p, err := s.Auth.PersonByName(t.Context(), user)
		if err != nil {
			t.Fatal(err)
		}
		err = s.DB.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.AddView(t.Context(), db.View{Owner: p.ID, Name: name, Path: "/problems", Query: "view=acknowledged"})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// An event is what a stream carries.
type event struct {
	Boot  int64
	Rev   uint64
	Drawn map[string]string
}

// await returns the event that tells of a version.
func await(t *testing.T, events <-chan string, version uint64) event {
	t.Helper()
	patience := time.After(time.Minute)
	for {
		select {
		case text := <-events:
			_, data, _ := strings.Cut(text, " ")
			var e event
			if err := json.Unmarshal([]byte(data), &e); err != nil {
				t.Fatal(err)
			}
			if e.Rev >= version {
				return e
			}
		case <-patience:
			t.Fatal("no event came")
		}
	}
}

// difference shows where two pages begin to differ.
func difference(a, b string) string {
	at := 0
	for at < min(len(a), len(b)) && a[at] == b[at] {
		at++
	}
	return fmt.Sprintf("…%.300s…, but fresh it is …%.300s…", a[max(at-100, 0):], b[max(at-100, 0):])
}

// blocks asks for blocks of a page.
func (s side) blocks(user, path, names, language string) string {
	a := s.Get(user, path, "X-Belvedere-Block", names, "Accept-Language", language)
	if a.Status != http.StatusOK {
		return "status " + http.StatusText(a.Status)
	}
	return a.Body
}

// TestKept holds blocks that are drawn with what was kept from before against
// ones that are drawn from the ground.
func TestKept(t *testing.T) {
	w := newWorld(t, 7)
	paths := []string{
		"/services?limit=100", "/services?sort=-since&limit=50", "/services?q=state:problem", "/services?sort=state&limit=30",
		"/services?columns=state,host,service,site,output,contacts,next_check,host_groups&limit=40", "/services?q=checked&limit=20&sort=output",
		"/hosts", "/hosts?sort=-since&limit=20", "/hosts?columns=name,services,address,owner", "/problems?sort=severity", "/problems?group=host",
		"/problems?view=acknowledged", "/problems?group=none&sort=since", "/services?wall=1",
	}
	users := []string{"root", "all", "user03", "user04", "other03"}
	wrong := 0
	for step := range 40 {
		w.change(t)
		for range 8 {
			user, path := users[w.random.IntN(len(users))], paths[w.random.IntN(len(paths))]
			names, language := "list", []string{"en", "de"}[w.random.IntN(2)]
			kept := w.kept.blocks(user, path, names, language)
			w.fresh.Shrink()
			w.fresh.engine.Shrink()
			if fresh := w.fresh.blocks(user, path, names, language); kept != fresh {
				wrong++
				t.Errorf("step %d: %s as %s in %s has %s", step, path, user, language, difference(kept, fresh))
			}
			if wrong > 2 {
				t.FailNow()
			}
		}
	}
}
