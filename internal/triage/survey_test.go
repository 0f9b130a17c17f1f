package triage

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"belvedere/internal/lql"
)

func take(t testing.TB, w world) *Survey {
	t.Helper()
	s, err := Take(context.Background(), w, Want{Outputs: true, Groups: true, Owners: true, Attempts: true})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestCauses(t *testing.T) {
	svc := func(host string, n int) (out []object) {
		for i := range n {
			out = append(out, service(host, fmt.Sprint(i), 2, 0))
		}
		return out
	}
	other := host("switch", 1)
	other.Site = "b"
	for _, tt := range []struct {
		name    string
		objects [][]object
		cause   map[string]string // suppressed host to what explains it
		hosts   map[string]int    // root to hosts hidden
		hides   map[string]int    // root to services hidden
	}{
		{name: "alone", objects: [][]object{{host("web", 1)}, svc("web", 3)}, hides: map[string]int{"web": 3}},
		{name: "up", objects: [][]object{{host("web", 0)}, svc("web", 3)}},
		{name: "unreachable behind a parent", objects: [][]object{{host("web", 2, "switch"), host("switch", 1)}, svc("web", 2), svc("switch", 1)},
			cause: map[string]string{"web": "switch"}, hosts: map[string]int{"switch": 1}, hides: map[string]int{"switch": 3}},
		{name: "three levels", objects: [][]object{{host("web", 2, "access"), host("access", 2, "core"), host("core", 1, "border"), host("border", 1)}, svc("web", 2), svc("access", 1)},
			cause: map[string]string{"web": "border", "access": "border", "core": "border"}, hosts: map[string]int{"border": 3}, hides: map[string]int{"border": 3}},
		{name: "down with one of two ways open", objects: [][]object{{host("web", 1, "left", "right"), host("left", 1), host("right", 0)}}},
		{name: "down with no way open", objects: [][]object{{host("web", 1, "left", "right"), host("left", 1), host("right", 1)}},
			cause: map[string]string{"web": "left"}, hosts: map[string]int{"left": 1}},
		{name: "unreachable with one parent to see", objects: [][]object{{host("web", 2, "hidden", "right"), host("right", 1)}},
			cause: map[string]string{"web": "right"}, hosts: map[string]int{"right": 1}},
		{name: "unreachable without a parent to see", objects: [][]object{{host("web", 2, "hidden")}}},
		{name: "parent of another site", objects: [][]object{{host("web", 2, "switch"), other}}},
		{name: "its own parent", objects: [][]object{{host("web", 2, "web")}}},
		{name: "circle", objects: [][]object{{host("one", 2, "two"), host("two", 2, "one")}},
			cause: map[string]string{"two": "one"}, hosts: map[string]int{"one": 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := take(t, world{objects: slices.Concat(tt.objects...)})
			cause, hosts, hides := map[string]string{}, map[string]int{}, map[string]int{}
			for _, p := range s.Problems {
				if p.Service == "" && p.Standing == Suppressed {
					cause[p.Host] = s.Problems[p.Cause].Host
				}
				if p.HiddenHosts > 0 {
					hosts[p.Host] = p.HiddenHosts
				}
				if p.HiddenServices > 0 {
					hides[p.Host] = p.HiddenServices
				}
			}
			if !maps.Equal(cause, tt.cause) || !maps.Equal(hosts, tt.hosts) || !maps.Equal(hides, tt.hides) {
				t.Errorf("causes %v, want %v; hidden hosts %v, want %v; hidden services %v, want %v", cause, tt.cause, hosts, tt.hosts, hides, tt.hides)
			}
		})
	}
}

func TestStandings(t *testing.T) {
	down, soft := host("h", 1), host("h", 1)
	soft.soft = 1
	with := func(change func(*object)) object {
		o := service("h", "s", 2, 0)
		change(&o)
		return o
	}
	for _, tt := range []struct {
		name string
		host object
		o    object
		want Standing
		root Standing // of the host, when it is not up
	}{
		{"nobody has it", host("h", 0), with(func(o *object) {}), Open, 0},
		{"not confirmed", host("h", 0), with(func(o *object) { o.soft = 1 }), Soft, 0},
		{"acknowledged", host("h", 0), with(func(o *object) { o.acked = 1 }), Acked, 0},
		{"acknowledged, not confirmed", host("h", 0), with(func(o *object) { o.acked, o.soft = 1, 1 }), Acked, 0},
		{"in a downtime", host("h", 0), with(func(o *object) { o.depth, o.acked = 1, 1 }), Planned, 0},
		{"host in a downtime", host("h", 0), with(func(o *object) { o.hostDepth = 2 }), Planned, 0},
		{"host down", down, with(func(o *object) {}), Suppressed, Open},
		{"host down, not confirmed itself", down, with(func(o *object) { o.soft = 1 }), Suppressed, Open},
		{"acknowledged on a host that is down", down, with(func(o *object) { o.acked = 1 }), Acked, Open},
		{"host not confirmed", soft, with(func(o *object) {}), Suppressed, Open},
		{"neither confirmed", soft, with(func(o *object) { o.soft = 1 }), Suppressed, Soft},
	} {
		s := take(t, world{objects: []object{tt.host, tt.o}})
		if got := s.Problems[len(s.Problems)-1].Standing; got != tt.want {
			t.Errorf("%s: stands as %s, want %s", tt.name, got, tt.want)
		}
		if tt.host.state > 0 && s.Problems[0].Standing != tt.root {
			t.Errorf("%s: the host stands as %s, want %s", tt.name, s.Problems[0].Standing, tt.root)
		}
	}
}

// draw makes a world of a few sites whose hosts hang below each other.
func draw(t *rapid.T) world {
	var w world
	bit := rapid.Int64Range(0, 1)
	names := []string{"h0", "h1", "h2", "h3", "h4", "h5"}
	for _, site := range []string{"a", "b"} {
		for _, name := range names[:rapid.IntRange(0, len(names)).Draw(t, "hosts")] {
			o := host(name, rapid.Int64Range(0, 2).Draw(t, "state"), rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 3, rapid.ID[string]).Draw(t, "parents")...)
			o.Site, o.soft, o.acked, o.depth = site, bit.Draw(t, "soft"), bit.Draw(t, "acked"), bit.Draw(t, "depth")
			w.objects = append(w.objects, o)
			for i := range rapid.IntRange(0, 3).Draw(t, "services") {
				s := service(name, fmt.Sprintf("s%d", i), rapid.Int64Range(0, 3).Draw(t, "state"), rapid.Int64Range(1, 2000).Draw(t, "since"))
				s.Site, s.soft, s.acked, s.depth, s.hostDepth = site, bit.Draw(t, "soft"), bit.Draw(t, "acked"), bit.Draw(t, "depth"), o.depth
				s.groups = rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 3, rapid.ID[string]).Draw(t, "groups")
				s.output = rapid.SampledFrom([]string{"1 of 2", "3 of 4", "no"}).Draw(t, "output")
				w.objects = append(w.objects, s)
			}
		}
	}
	return w
}

// TestFoldingAddsUp: what is shown and what is folded is all there is, each
// folded problem hangs below exactly one that is shown, and nothing that is
// not in the answers is a cause.
func TestFoldingAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := draw(t)
		w.objects = slices.DeleteFunc(w.objects, func(object) bool { return rapid.Bool().Draw(t, "hidden") }) // not the viewer's
		s, err := Take(context.Background(), w, Want{})
		if err != nil {
			t.Fatal(err)
		}
		bad := 0
		for _, o := range w.objects {
			if o.state > 0 {
				bad++
			}
		}
		c := s.Counts()
		if c.Total() != bad || c.All()+c.N[Suppressed] != len(s.Problems) {
			t.Fatalf("%d are counted, %d problems exist", c.Total(), bad)
		}
		hosts, services, below := 0, 0, 0
		for i, p := range s.Problems {
			hosts, services, below = hosts+p.HiddenHosts, services+p.HiddenServices, below+len(s.Below(i))
			if p.Standing != Suppressed {
				if p.HiddenHosts+p.HiddenServices > 0 && p.Cause >= 0 {
					t.Fatalf("%v hides something and is explained itself", p.Key)
				}
				continue
			}
			root := s.Problems[p.Cause]
			if root.Standing == Suppressed || root.Service != "" || root.Site != p.Site {
				t.Fatalf("%v is folded below %v, which stands as %s", p.Key, root.Key, root.Standing)
			}
			if root.Standing == Soft && !p.Soft {
				t.Fatalf("%v is confirmed and vanishes behind %v, which is not", p.Key, root.Key)
			}
		}
		if hosts != c.Hosts[Suppressed] || hosts+services != c.N[Suppressed] || below != c.N[Suppressed] {
			t.Fatalf("%d hosts and %d services hang below causes, %d are suppressed", hosts, services, c.N[Suppressed])
		}
	})
}

// TestEveryProblemInOneGroup: whatever a list is grouped and sorted by, each
// problem is in exactly one group (in each of its host groups), and the same
// world gives the same list however its rows come.
func TestEveryProblemInOneGroup(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := draw(t)
		by := rapid.SampledFrom([]Grouping{ByCause, ByHost, ByService, BySite, ByHostgroup, ByOutput, NoGrouping}).Draw(t, "by")
		order := Order{By: rapid.SampledFrom([]string{"severity", "since", "host", "site", "attempt", "output", "owner"}).Draw(t, "order"), Desc: rapid.Bool().Draw(t, "desc")}
		list := func(w world) (out []string, places map[Key]int) {
			s, err := Take(context.Background(), w, Want{Outputs: true, Groups: true})
			if err != nil {
				t.Fatal(err)
			}
			places = map[Key]int{}
			ids := map[string]bool{}
			for _, g := range s.Arrange(everything(s), by, order) {
				if ids[g.ID] || len(g.Items) == 0 || g.Hosts == 0 || g.Sites == 0 {
					t.Fatalf("group %+v", g)
				}
				ids[g.ID] = true
				for _, i := range g.Items {
					out = append(out, g.ID+fmt.Sprint(s.Problems[i].Key))
					places[s.Problems[i].Key]++
				}
			}
			return out, places
		}
		first, places := list(w)
		for _, o := range w.objects {
			want := 0
			if o.state > 0 {
				want = 1
				if by == ByHostgroup {
					want = max(len(o.groups), 1)
				}
			}
			if places[o.Key] != want {
				t.Fatalf("%v is listed %d times by %s, want %d", o.Key, places[o.Key], by, want)
			}
		}
		slices.Reverse(w.objects)
		if again, _ := list(w); !slices.Equal(again, first) {
			t.Fatalf("by %s, %v: %q, and from rows in another order %q", by, order, first, again)
		}
	})
}

func everything(s *Survey) []int {
	out := make([]int, len(s.Problems))
	for i := range out {
		out[i] = i
	}
	return out
}

func TestOrder(t *testing.T) {
	acked := service("up", "acked", 2, 900)
	acked.acked, acked.owner = 1, "anna"
	warn, old, unknown := service("up", "warn new", 1, 500), service("up", "crit old", 2, 100), service("up", "unknown", 3, 400)
	warn.output, old.attempt, unknown.owner = "late", 3, "tom"
	s := take(t, world{objects: []object{warn, old, service("up", "crit new", 2, 300), unknown, host("cut", 2), host("down", 1), acked}})
	for _, tt := range []struct {
		order Order
		want  []string
	}{
		{Order{}, []string{"down", "crit new", "crit old", "unknown", "warn new", "cut", "acked"}},
		{Order{By: "severity", Desc: true}, []string{"acked", "cut", "warn new", "unknown", "crit old", "crit new", "down"}},
		{Order{By: "since"}, []string{"acked", "warn new", "unknown", "crit new", "crit old", "cut", "down"}},
		{Order{By: "attempt", Desc: true}, []string{"crit old", "down", "crit new", "unknown", "warn new", "cut", "acked"}},
		{Order{By: "output"}, []string{"down", "crit new", "crit old", "unknown", "cut", "acked", "warn new"}},
		{Order{By: "owner"}, []string{"acked", "unknown", "down", "crit new", "crit old", "warn new", "cut"}},
		{Order{By: "host"}, []string{"cut", "down", "acked", "crit new", "crit old", "unknown", "warn new"}},
	} {
		items := everything(s)
		s.Sort(items, tt.order)
		var got []string
		for _, i := range items {
			p := s.Problems[i]
			if p.Service != "" {
				got = append(got, p.Service)
			} else {
				got = append(got, p.Host)
			}
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("by %+v: %q, want %q", tt.order, got, tt.want)
		}
	}
}

func TestSameCheck(t *testing.T) {
	var objects []object
	for i := range 6 { // within ten minutes, on two sites
		o := service(fmt.Sprintf("h%d", i), "NTP", 1, 1000+int64(i)*100)
		o.Site = []string{"a", "b"}[i%2]
		objects = append(objects, o)
	}
	objects = append(objects, service("late", "NTP", 2, 1601), service("later", "NTP", 2, 1602)) // a burst of two is none
	objects = append(objects, service("h0", "Load", 1, 1000), service("h0", "Disk", 1, 1000))
	s := take(t, world{objects: objects})
	groups := s.Arrange(everything(s), ByCause, Order{})
	if len(groups) != 2 || groups[0].Kind != SameCheck || groups[1].Kind != OnTheirOwn {
		t.Fatalf("groups %+v", groups)
	}
	if g := groups[0]; g.Name != "NTP" || len(g.Items) != 6 || g.Hosts != 6 || g.Sites != 2 || g.Since != 1000 || s.Problems[g.Items[0]].Host != "h5" {
		t.Errorf("the burst is %+v", g)
	}
	if n := len(groups[1].Items); n != 4 {
		t.Errorf("%d services are on their own, want 4", n)
	}
	same := []object{service("h", "Web", 2, 1), service("h", "Web", 2, 1), service("h", "Web", 2, 1)}
	same[1].Site, same[2].Host = "b", "g"
	if g := take(t, world{objects: same}).Arrange([]int{0, 1, 2}, ByCause, Order{}); g[0].Kind != SameCheck || g[0].Hosts != 3 {
		t.Errorf("a host of that name on two sites is two hosts: %+v", g)
	}
}

func TestMine(t *testing.T) {
	w := world{objects: []object{host("down", 1), service("down", "folded", 2, 0), service("up", "contact", 2, 0), service("up", "acked", 2, 0),
		service("up", "wrote", 2, 0), service("up", "others", 2, 0)}}
	for i := range w.objects {
		w.objects[i].contacts = []string{"jan"}
	}
	w.objects[2].contacts = []string{"eva", "jan"}
	w.objects[3].acked = 1
	w.notes = []note{{w.objects[3].Key, "eva"}, {w.objects[4].Key, "Eva L."}, {w.objects[1].Key, "eva"}, {w.objects[5].Key, "jan"}}
	s := take(t, w)
	for _, tt := range []struct {
		me   Me
		want []string
	}{
		{Me{Names: []string{"eva", "Eva L.", ""}}, []string{"contact", "acked", "wrote"}},
		{Me{Names: []string{"nosuch"}}, nil},
		{Me{}, nil},
		{Me{Everything: true}, []string{"", "contact", "wrote", "others"}},
	} {
		items, err := s.Mine(context.Background(), w, tt.me)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, i := range items {
			got = append(got, s.Problems[i].Service)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%+v: %q, want %q", tt.me, got, tt.want)
		}
	}
}

func TestPattern(t *testing.T) {
	for in, want := range map[string]string{
		"":                                   "",
		"OK":                                 "OK",
		"DISK CRITICAL - 11.2 GiB (3%) free": "DISK CRITICAL - # GiB (#%) free",
		"load average: 12.40, 9.01, 3":       "load average: #, #, #",
		"rta nan,  lost\t100%":               "rta nan, lost #%",
		"at 0xdeadbeef in 7f3a9c and cafe":   "at # in # and cafe",
		"at 12:41:07, 10.20.7.17 port 5666":  "at #, # port #",
		"interface Te1/0/7 sw-kra-12":        "interface Te#/#/# sw-kra-#",
		"id 550e8400-e29b-41d4-a716-446655":  "id #-#-#-#-#",
		"größe 5":                            "größe #",
		"offset -0.118402 secs":              "offset -# secs",
		"face of beef decade":                "face of beef decade",
	} {
		if got := Pattern(in); got != want {
			t.Errorf("Pattern(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzPattern(f *testing.F) {
	f.Add("DISK CRITICAL - 11.2 GiB (3%) free")
	f.Add("0x 0xf 12ab, ü1")
	f.Fuzz(func(t *testing.T, in string) {
		got := Pattern(in)
		if len(got) > maxPattern+1 || Pattern(got) != got {
			t.Errorf("Pattern(%q) = %q, and of that %q", in, got, Pattern(got))
		}
	})
}

type failing string

func (f failing) Query(_ context.Context, q *lql.Query) (*lql.Result, error) {
	if q.Table == string(f) {
		return nil, errors.New("no answer")
	}
	return world{}.Query(context.Background(), q)
}

func TestTakeFails(t *testing.T) {
	for _, table := range []string{"hosts", "services"} {
		if _, err := Take(context.Background(), failing(table), Want{}); err == nil {
			t.Errorf("no error when %s cannot be read", table)
		}
	}
	s := take(t, world{})
	for _, table := range []string{"hosts", "services", "comments"} {
		if _, err := s.Mine(context.Background(), failing(table), Me{Names: []string{"eva"}}); err == nil {
			t.Errorf("no error when %s cannot be read", table)
		}
	}
}

// TestTakeShared: under one memo equal answers give one survey, under another,
// or with another wish, another one.
func TestTakeShared(t *testing.T) {
	f := &same{answers: map[string]*lql.Result{"hosts": {}, "services": {}}}
	ctx := lql.WithMemo(t.Context(), &lql.Memo{})
	take := func(ctx context.Context, want Want) *Survey {
		t.Helper()
		s, err := Take(ctx, f, want)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	first := take(ctx, Want{})
	if take(ctx, Want{}) != first {
		t.Error("the same answers were surveyed twice")
	}
	if take(ctx, Want{Groups: true}) == first {
		t.Error("another wish got the same survey")
	}
	if take(t.Context(), Want{}) == first || take(lql.WithMemo(t.Context(), &lql.Memo{}), Want{}) == first {
		t.Error("a survey outlived its memo")
	}
	f.answers["hosts"] = &lql.Result{}
	if take(ctx, Want{}) == first {
		t.Error("a new answer got the old survey")
	}
}

// same answers queries for a table with the same result each time.
type same struct{ answers map[string]*lql.Result }

func (s *same) Query(_ context.Context, q *lql.Query) (*lql.Result, error) {
	return s.answers[q.Table], nil
}
