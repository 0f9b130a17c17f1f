package web

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/a-h/templ"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"belvedere/internal/auth"
	"belvedere/internal/live"
	"belvedere/internal/web/ui"
)

// painter is a room whose block says what the one who asks may see and has
// chosen, and counts how often it is drawn.
type painter struct {
	drawn   atomic.Int64
	hold    chan struct{} // when not nil, drawing waits for it
	private bool
}

func (p *painter) feature() Feature {
	return Feature{Name: "painter", Routes: []Route{
		{Pattern: "GET /painted", Right: SignedIn, Handler: func(w http.ResponseWriter, r *http.Request) error {
			p.drawn.Add(1)
			if p.hold != nil {
				<-p.hold
			}
			if r.FormValue("boom") != "" && p.drawn.Load() == 1 {
				panic("boom")
			}
			if r.FormValue("bad") != "" {
				return BadRequest("bad is no parameter", "")
			}
			who := ""
			if p.private {
				who = Person(r).Username
			}
			v := Viewer(r)
			pinned, _ := r.Context().Value(pinKey{}).(int64)
			var columns string
			if err := Prefs(r).Get("columns", &columns); err != nil {
				return err
			}
			c := templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
				_, err := fmt.Fprintf(w, "pinned=%d all=%t contacts=%v sites=%v lines=%t role=%s columns=%s who=%s q=%s words=%s %s", pinned, v.All, v.Contacts, v.Sites, v.CommandLines, Role(r), columns, who,
					r.FormValue("q"), ui.Env(ctx).Words.Tag(), strings.Repeat("text that repeats ", 100))
				return err
			})
			return Render(w, r, Page{Title: "Painted", Body: c, Blocks: map[string]templ.Component{"rows": c}})
		}},
	}}
}

func (w *world) block(as, query string, header map[string]string) string {
	w.t.Helper()
	h := map[string]string{blockHeader: "rows"}
	for k, v := range header {
		h[k] = v
	}
	res := w.do(call{path: "/painted?" + query, as: as, header: h})
	if res.StatusCode != http.StatusOK {
		w.t.Fatalf("%s: %s", as, res.Status)
	}
	return bodyOf(w.t, res)
}

func newPainted(t *testing.T) (*world, *painter) {
	p := &painter{}
	w := newWorld(t, func(o *Options) { o.Features = append(o.Features, p.feature()) })
	w.auth.people["vali"] = auth.Person{ID: 4, Username: "vali", Role: "viewer", Contact: "vera"}
	return w, p
}

// TestBlocksShared: people with the same rights get one drawing, also those
// who ask while it is drawn and those whose browser heard of less.
func TestBlocksShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, p := newPainted(t)
		p.hold = make(chan struct{})
		var group sync.WaitGroup
		for i := range 20 {
			group.Go(func() { w.block([]string{"vera", "vali"}[i%2], "", nil) })
		}
		synctest.Wait()
		close(p.hold)
		group.Wait()
		if n := p.drawn.Load(); n != 1 {
			t.Errorf("20 at once: drawn %d times", n)
		}
		rev := func(n int) map[string]string {
			return map[string]string{revHeader: fmt.Sprintf("%d-%d", w.server.started.UnixMilli(), n)}
		}
		w.hub.Publish(live.Change{Site: "wien", Tables: []string{"hosts"}})
		w.block("vera", "", rev(0))
		if n := p.drawn.Load(); n != 1 {
			t.Errorf("a browser that heard of no change yet had it drawn again (%d)", n)
		}
		w.block("vera", "", rev(1))
		w.block("vali", "", rev(1))
		if n := p.drawn.Load(); n != 2 {
			t.Errorf("after a change: drawn %d times, want 2", n)
		}
		w.hub.Publish(live.Change{Site: "wien", Tables: []string{"hosts"}})
		w.block("vera", "", nil) // without a version: as new as the data
		w.block("vera", "", map[string]string{revHeader: "1-2"})
		w.block("vera", "", map[string]string{revHeader: "nonsense"})
		if n := p.drawn.Load(); n != 3 {
			t.Errorf("without a version: drawn %d times, want 3", n)
		}
		time.Sleep(drawnFor)
		w.block("vera", "", rev(2))
		if n := p.drawn.Load(); n != 4 {
			t.Errorf("after %v: drawn %d times, want 4", drawnFor, n)
		}
	})
}

// TestBlocksMoment: what is fetched because of an event is drawn from the state
// that the event tells of, whatever has changed since; who needs newer data gets
// it.
func TestBlocksMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := newPainted(t)
		out, stop := w.listen("anna")
		defer stop()
		settle(time.Second)
		w.hub.Publish(live.Change{Site: "wien", Tables: []string{"hosts"}})
		synctest.Wait() // told at once, and then nothing for a while
		told := out.take()
		rev := func(n uint64) map[string]string {
			return map[string]string{revHeader: fmt.Sprintf("%d-%d", w.server.started.UnixMilli(), n)}
		}
		last := told[len(told)-1].Rev
		step := w.engine.pinned.Load()
		if step == 0 {
			t.Fatal("a step pinned nothing")
		}
		has := func(query string, header map[string]string, want int64) {
			t.Helper()
			if got := w.block("anna", query, header); !strings.Contains(got, fmt.Sprintf("pinned=%d ", want)) {
				t.Errorf("%s: %.200s, want pinned=%d", query, got, want)
			}
		}
		has("q=1", rev(last), step)
		w.hub.Publish(live.Change{Site: "wien", Tables: []string{"hosts"}}) // not told yet
		has("q=2", rev(last), step)
		has("q=3", nil, 0)
		has("q=4", rev(last+1), 0)
		settle(time.Second)
		has("q=5", rev(last+1), step+1)
		// Who has to wait for a turn gets the state of the time when it comes.
		turns := w.server.drawings.turns
		for range cap(turns) {
			turns <- struct{}{}
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			has("q=7", rev(last+1), step+2)
		}()
		synctest.Wait()
		w.hub.Publish(live.Change{Site: "wien", Tables: []string{"hosts"}})
		settle(time.Second)
		for range cap(turns) {
			<-turns
		}
		<-done
		settle(momentFor + time.Second)
		has("q=6", rev(last+1), 0) // the moment is long ago
		a := w.server.pulse.of(w.auth.people["anna"].Viewer())
		stop()
		if a.now != nil || len(w.server.pulse.audiences) != 0 || w.hub.Subscribers() != 0 {
			t.Error("a state of the fleet is kept for nobody")
		}
	})
}

// TestBlocksApart: nobody gets a drawing for somebody with other rights, other
// choices or another address, whatever was drawn before.
func TestBlocksApart(t *testing.T) {
	w, p := newPainted(t)
	w.auth.people["lines"] = auth.Person{ID: 5, Username: "lines", Role: "viewer", Contact: "vera", CommandLines: true}
	w.auth.people["operator"] = auth.Person{ID: 6, Username: "operator", Role: "operator", Contact: "vera"}
	w.auth.people["columns"] = auth.Person{ID: 7, Username: "columns", Role: "viewer", Contact: "vera"}
	w.auth.people["less"] = auth.Person{ID: 8, Username: "less", Role: "viewer", Contact: "vera", SiteContacts: map[string]string{"wien": ""}}
	w.auth.people["hides"] = auth.Person{ID: 9, Username: "hides", Role: "viewer", Contact: "vera"}
	for id, kv := range map[int64][2]string{7: {"columns", `"a b"`}, 9: {hiddenSites, `["wien"]`}} {
		if err := w.prefs.SetPreference(t.Context(), id, kv[0], []byte(kv[1])); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]string{}
	people := []string{"anna", "otto", "vera", "lines", "operator", "columns", "less", "hides"}
	for range 2 {
		for _, as := range people {
			for _, q := range []string{"q=1", "q=2"} {
				got := w.block(as, q, nil)
				if old, ok := seen[as+q]; ok && old != got {
					t.Errorf("%s got %s, then %s", as, old, got)
				}
				seen[as+q] = got
			}
		}
	}
	if n := p.drawn.Load(); int(n) != len(seen) {
		t.Errorf("drawn %d times for %d that differ", n, len(seen))
	}
	distinct := map[string]string{}
	for who, got := range seen {
		if other, ok := distinct[got]; ok {
			t.Errorf("%s and %s got the same: %s", who, other, got)
		}
		distinct[got] = who
	}
	// The choice of sites is in what is seen at once.
	if got := w.block("hides", "q=1", nil); strings.Contains(got, "wien") || !strings.Contains(got, "fra") {
		t.Errorf("hidden site: %s", got)
	}
}

// TestBlocksPersonal: a handler that asks who it is draws for each person.
func TestBlocksPersonal(t *testing.T) {
	w, p := newPainted(t)
	p.private = true
	for range 3 {
		for _, as := range []string{"vera", "vali", "anna"} {
			if got := w.block(as, "", nil); !strings.Contains(got, "who="+as+" ") {
				t.Errorf("%s got %s", as, got)
			}
		}
	}
	// Once more for the one who finds out that it is personal.
	if n := p.drawn.Load(); n > 5 {
		t.Errorf("drawn %d times for 3 people", n)
	}
}

// TestBlocksFail: an error and a panic are not kept, and nobody waits for ever.
func TestBlocksFail(t *testing.T) {
	w, p := newPainted(t)
	for range 2 {
		if res := w.do(call{path: "/painted?bad=1", as: "vera", header: map[string]string{blockHeader: "rows"}}); res.StatusCode != http.StatusBadRequest {
			t.Errorf("bad parameter: %s", res.Status)
		}
	}
	if n := p.drawn.Load(); n != 2 {
		t.Errorf("an error was kept: %d", n)
	}
	p.drawn.Store(0)
	for _, want := range []int{500, 200} {
		if res := w.do(call{path: "/painted?boom=1", as: "vera", header: map[string]string{blockHeader: "rows"}}); res.StatusCode != want {
			t.Errorf("%s, want %d", res.Status, want)
		}
	}
}

// TestBlocksCompressed: each coding holds the same text, and a browser that
// has it gets 304.
func TestBlocksCompressed(t *testing.T) {
	w, p := newPainted(t)
	plain := w.block("vera", "", nil)
	for accept, coding := range map[string]string{"gzip, deflate, br, zstd": "zstd", "gzip": "gzip", "zstd;q=0, gzip;q=0.5": "gzip", "br": ""} {
		res := w.do(call{path: "/painted?", as: "vera", header: map[string]string{blockHeader: "rows", "Accept-Encoding": accept}})
		if got := res.Header.Get("Content-Encoding"); got != coding {
			t.Errorf("%s: coding %q", accept, got)
			continue
		}
		body := []byte(bodyOf(t, res))
		var in io.Reader = strings.NewReader(string(body))
		switch coding {
		case "zstd":
			z, err := zstd.NewReader(in)
			if err != nil {
				t.Fatal(err)
			}
			defer z.Close()
			in = z
		case "gzip":
			z, err := gzip.NewReader(in)
			if err != nil {
				t.Fatal(err)
			}
			in = z
		}
		got, err := io.ReadAll(in)
		if err != nil || string(got) != plain {
			t.Errorf("%s: %v, %d bytes", accept, err, len(got))
		}
		if coding != "" && len(body) > len(plain)/3 {
			t.Errorf("%s: %d of %d bytes", accept, len(body), len(plain))
		}
		again := w.do(call{path: "/painted?", as: "vera", header: map[string]string{blockHeader: "rows", "Accept-Encoding": accept, "If-None-Match": res.Header.Get("ETag")}})
		if again.StatusCode != http.StatusNotModified {
			t.Errorf("%s: %s", accept, again.Status)
		}
	}
	if n := p.drawn.Load(); n != 1 {
		t.Errorf("drawn %d times", n)
	}
}

// TestBlocksBound: what is kept has an end.
func TestBlocksBound(t *testing.T) {
	c := manyDrawings(t)
	if c.bytes > drawnBytes+1<<20 || len(c.kept) > drawnMost {
		t.Errorf("%d bytes in %d drawings", c.bytes, len(c.kept))
	}
	(&Server{drawings: c, shelf: ui.NewShelf()}).Shrink()
	if c.bytes != 0 || len(c.kept) != 0 {
		t.Errorf("short memory left %d bytes in %d drawings", c.bytes, len(c.kept))
	}
}

func manyDrawings(t *testing.T) *drawings {
	t.Helper()
	c, err := newDrawings()
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 * drawnMost {
		d, mine := c.get(fmt.Sprint(i), 0, 0, false)
		if !mine {
			t.Fatal("found what was never drawn")
		}
		d.body = &content{plain: make([]byte, 64<<10)}
		close(d.done)
		c.mu.Lock()
		c.bytes += d.size()
		c.mu.Unlock()
	}
	return c
}

// TestBlocksCounted: the bytes that are counted are those that are kept.
func TestBlocksCounted(t *testing.T) {
	c := manyDrawings(t)
	total := 0
	for _, d := range c.kept {
		total += d.size()
	}
	if total != c.bytes {
		t.Errorf("%d bytes counted, %d kept", c.bytes, total)
	}
}

// TestPause: the more a step costs, the later the next one is.
func TestPause(t *testing.T) {
	w := newWorld(t, nil)
	p, one, other := w.server.pulse, &audience{}, &audience{}
	for _, tt := range []struct {
		work     time.Duration
		min, max time.Duration
	}{{0, eventEvery, eventEvery}, {time.Millisecond, eventEvery, eventEvery}, {time.Hour, eventAtMost, eventAtMost}} {
		one.work.Store(int64(tt.work))
		if got := p.pause(one); got < tt.min || got > tt.max {
			t.Errorf("work of %v: pause %v", tt.work, got)
		}
	}
	each := time.Duration(runtime.GOMAXPROCS(0)) * time.Second
	one.work.Store(int64(each / 2))
	a := p.pause(one)
	one.work.Store(int64(each))
	b := p.pause(one)
	if b < a || one.work.Load() != 0 {
		t.Errorf("twice the work: %v, then %v", a, b)
	}
	// The work of the other delays both.
	other.work.Store(int64(each))
	if c := p.pause(other); c < b*3/2 {
		t.Errorf("two with as much work each: %v, one alone %v", c, b)
	}
}

// TestRest: free processors are used so that pages are told in time; where
// others wait for them, live pages leave them to these.
func TestRest(t *testing.T) {
	all := time.Duration(runtime.GOMAXPROCS(0))
	for _, tt := range []struct{ work, late, want time.Duration }{
		{0, 0, 0},
		{20 * time.Millisecond, 0, 100 * time.Millisecond}, // a fifth of the time
		{350 * time.Millisecond, 0, liveAim},
		{420 * time.Millisecond, lateFree, liveAim},
		{1200 * time.Millisecond, 0, 2 * time.Second}, // the most that live pages may take
		{350 * time.Millisecond, lateFull, 1750 * time.Millisecond},
		{350 * time.Millisecond, time.Second, 1750 * time.Millisecond},
	} {
		if got := rest(tt.work*all, tt.late); got.Round(time.Millisecond) != tt.want {
			t.Errorf("work of %v for each processor, timers %v late: over %v, want %v", tt.work, tt.late, got, tt.want)
		}
	}
	p := newPulse(nil)
	for range 40 {
		p.noteLate(time.Second)
	}
	if late := time.Duration(p.late.Load()); late < lateFull {
		t.Errorf("timers are late, but %v was noted", late)
	}
	for range 60 {
		p.noteLate(time.Millisecond)
	}
	if late := time.Duration(p.late.Load()); late > lateFree {
		t.Errorf("timers are in time again, but %v was noted", late)
	}
}

// TestSpend: what waits for others costs nothing, what computes does.
func TestSpend(t *testing.T) {
	if threadTime() == 0 {
		t.Log("this system does not tell what a thread uses: time by the clock counts")
		return
	}
	a := &audience{}
	compute := func() {
		for range 5000 { // long beside what the scheduler does on the side
			sha256.Sum256(make([]byte, 1<<16))
		}
	}
	a.spend(func() {
		done := make(chan struct{})
		go func() {
			compute()
			close(done)
		}()
		<-done
	})
	waited := a.work.Swap(0)
	a.spend(compute)
	if worked := a.work.Swap(0); worked < 3*waited {
		t.Errorf("%d ns for waiting, %d ns for computing", waited, worked)
	}
}

// TestEventMerged: a reader that is slow gets one event with all of it.
func TestEventMerged(t *testing.T) {
	s := &stream{mail: make(chan struct{}, 1)}
	s.post(&event{name: "change", Rev: 1, Since: 10, Counters: map[string]count{"a": {N: 1}, "b": {N: 1}}, Dirty: dirty{[]string{"hosts"}, []string{"wien"}}})
	s.post(&event{name: "change", Rev: 2, Since: 20, Counters: map[string]count{"b": {N: 2}}, Dirty: dirty{[]string{"comments", "hosts"}, []string{"fra"}}, raw: []byte("x")})
	e := s.take()
	if e.Rev != 2 || e.Since != 10 || e.Counters["a"].N != 1 || e.Counters["b"].N != 2 || e.raw != nil ||
		strings.Join(e.Dirty.Tables, " ") != "comments hosts" || strings.Join(e.Dirty.Sites, " ") != "fra wien" {
		t.Errorf("%+v", e)
	}
	if s.take() != nil {
		t.Error("sent twice")
	}
}
