package live

import (
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestSubscribe: a reader gets the present version and everything after it.
func TestSubscribe(t *testing.T) {
	h := NewHub()
	h.Publish(Change{Site: "a", Version: 1, Tables: []string{"hosts"}})
	version, sub := h.Subscribe()
	defer sub.Close()
	if version != 1 {
		t.Fatalf("version %d, want 1", version)
	}
	if set := sub.Take(); !set.Empty() || set.Version != 1 {
		t.Errorf("before any change: %+v", set)
	}
	h.Publish(Change{Site: "a", Version: 2, Tables: []string{"services"}, Keys: map[string][]string{"services": {"x"}}})
	h.Publish(Change{Site: "b", Version: 7, Health: true})
	select {
	case <-sub.C():
	default:
		t.Fatal("no signal after a change")
	}
	select {
	case <-sub.C():
		t.Error("two changes made two signals")
	default:
	}
	set := sub.Take()
	if set.Version != 3 || len(set.Sites) != 2 || set.Sites["a"].Version != 2 || !set.Sites["b"].Health {
		t.Errorf("took %+v", set)
	}
	if got := set.Tables(); !slices.Equal(got, []string{"services", "sites"}) {
		t.Errorf("tables %v: health must count as table sites", got)
	}
	if set := sub.Take(); !set.Empty() || set.Version != 3 {
		t.Errorf("taken twice: %+v", set)
	}
}

// TestSeen: changes are counted for those who see the site, and what waits to
// be taken is not counted as taken.
func TestSeen(t *testing.T) {
	h := NewHub()
	_, sub := h.Subscribe()
	defer sub.Close()
	a := func(site string) bool { return site == "a" }
	for _, site := range []string{"a", "b", "b", "a", "a"} {
		h.Publish(Change{Site: site, Tables: []string{"hosts"}})
	}
	if seen, taken := h.Seen(a), sub.Taken(a); seen != 3 || taken != 0 {
		t.Errorf("seen %d, taken %d; want 3 and 0", seen, taken)
	}
	if set := sub.Take(); set.Sites["a"].Steps != 3 || set.Sites["b"].Steps != 2 || sub.Taken(a) != 3 {
		t.Errorf("took %+v, taken %d", set, sub.Taken(a))
	}
}

// TestMerge: what a slow reader has not taken becomes one step with the same
// effect.
func TestMerge(t *testing.T) {
	many := make([]string, MaxKeys+1)
	for i := range many {
		many[i] = strconv.Itoa(i)
	}
	for _, tt := range []struct {
		name string
		in   []Change
		keys map[string][]string // nil value: everything
	}{
		{"keys add up", []Change{
			{Tables: []string{"hosts"}, Keys: map[string][]string{"hosts": {"b", "a"}}},
			{Tables: []string{"hosts"}, Keys: map[string][]string{"hosts": {"c", "a"}}},
		}, map[string][]string{"hosts": {"a", "b", "c"}}},
		{"everything stays everything", []Change{
			{Tables: []string{"hosts"}},
			{Tables: []string{"hosts"}, Keys: map[string][]string{"hosts": {"a"}}},
		}, map[string][]string{"hosts": nil}},
		{"everything wins", []Change{
			{Tables: []string{"hosts"}, Keys: map[string][]string{"hosts": {"a"}}},
			{Tables: []string{"hosts"}},
		}, map[string][]string{"hosts": nil}},
		{"too many in one", []Change{{Tables: []string{"hosts"}, Keys: map[string][]string{"hosts": many}}}, map[string][]string{"hosts": nil}},
		{"too many together", []Change{
			{Tables: []string{"hosts"}, Keys: map[string][]string{"hosts": many[:MaxKeys]}},
			{Tables: []string{"hosts"}, Keys: map[string][]string{"hosts": {"another"}}},
		}, map[string][]string{"hosts": nil}},
		{"tables apart", []Change{
			{Tables: []string{"hosts"}, Keys: map[string][]string{"hosts": {"a"}}},
			{Tables: []string{"services"}, Keys: map[string][]string{"services": {"b"}}},
		}, map[string][]string{"hosts": {"a"}, "services": {"b"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := NewHub()
			_, sub := h.Subscribe()
			defer sub.Close()
			for i, c := range tt.in {
				c.Site, c.Version = "s", uint64(i+1)
				h.Publish(c)
			}
			got := sub.Take().Sites["s"]
			if got.Version != uint64(len(tt.in)) || len(got.Tables) != len(tt.keys) {
				t.Fatalf("got %+v", got)
			}
			for table, want := range tt.keys {
				keys, ok := got.Keys[table]
				slices.Sort(keys)
				if ok != (want != nil) || !slices.Equal(keys, want) {
					t.Errorf("keys of %s: %v, want %v", table, keys, want)
				}
			}
		})
	}
}

// TestPublishKeepsNothing: a writer may use its slices again.
func TestPublishKeepsNothing(t *testing.T) {
	h := NewHub()
	_, sub := h.Subscribe()
	defer sub.Close()
	tables, keys := []string{"hosts"}, []string{"a"}
	h.Publish(Change{Site: "s", Tables: tables, Keys: map[string][]string{"hosts": keys}})
	tables[0], keys[0] = "x", "y"
	got := sub.Take().Sites["s"]
	if got.Tables[0] != "hosts" || got.Keys["hosts"][0] != "a" {
		t.Errorf("the subscription shares memory with the writer: %+v", got)
	}
}

func TestStamp(t *testing.T) {
	h := NewHub()
	before := h.Stamps().Of("hosts", "services")
	h.Publish(Change{Site: "a", Tables: []string{"comments"}})
	if h.Stamps().Of("hosts", "services") != before {
		t.Error("a change of another table moved the stamp")
	}
	h.Publish(Change{Site: "a", Tables: []string{"services"}})
	if h.Stamps().Of("hosts", "services") == before {
		t.Error("a change of services did not move the stamp")
	}
	sites := h.Stamps().Of(Sites)
	h.Publish(Change{Site: "a", Health: true})
	if h.Stamps().Of(Sites) == sites {
		t.Error("a change of health did not move the stamp of sites")
	}
}

// TestClose: waiting readers end, later ones are over at once.
func TestClose(t *testing.T) {
	h := NewHub()
	_, sub := h.Subscribe()
	h.Close()
	h.Close()
	<-sub.Done()
	_, late := h.Subscribe()
	<-late.Done()
	h.Publish(Change{Site: "a"})
	sub.Close()
	late.Close()
	if n := h.Subscribers(); n != 0 {
		t.Errorf("%d subscribers after the end", n)
	}
}

// TestNothingLost: whoever reads slowly still learns of every version, and
// nobody waits for them.
func TestNothingLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const writers, steps, readers = 4, 200, 8
		h := NewHub()
		var wg sync.WaitGroup
		seen := make([]Set, readers)
		for i := range readers {
			start, sub := h.Subscribe()
			wg.Go(func() {
				defer sub.Close()
				last := start
				for last < writers*steps {
					<-sub.C()
					set := sub.Take()
					if set.Version < last {
						t.Errorf("version went back from %d to %d", last, set.Version)
					}
					last = set.Version
					if seen[i].Sites == nil {
						seen[i].Sites = map[string]Change{}
					}
					for k, c := range set.Sites {
						seen[i].Sites[k] = c
					}
				}
			})
		}
		for w := range writers {
			wg.Go(func() {
				for s := range steps {
					h.Publish(Change{Site: fmt.Sprint(w), Version: uint64(s + 1), Tables: []string{"hosts"}})
				}
			})
		}
		wg.Wait()
		for i, set := range seen {
			for w := range writers {
				if v := set.Sites[fmt.Sprint(w)].Version; v != steps {
					t.Errorf("reader %d ends at version %d of site %d", i, v, w)
				}
			}
		}
	})
}
