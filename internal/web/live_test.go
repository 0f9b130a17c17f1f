package web

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"belvedere/internal/auth"
	"belvedere/internal/live"
)

// wire is the answer of an event stream: it keeps the events with the time
// they came.
type wire struct {
	mu     sync.Mutex
	header http.Header
	status int
	events []arrived
	broken bool // writing fails, as when the reader is gone
}

type arrived struct {
	at   time.Time
	name string
	event
}

func (w *wire) Header() http.Header                { return w.header }
func (w *wire) WriteHeader(status int)             { w.status = status }
func (w *wire) Flush()                             {}
func (w *wire) SetReadDeadline(t time.Time) error  { return nil }
func (w *wire) SetWriteDeadline(t time.Time) error { return nil }

func (w *wire) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.broken {
		return 0, http.ErrHandlerTimeout
	}
	if w.status == 0 {
		w.status = 200
	}
	name, data, ok := strings.Cut(strings.TrimPrefix(string(b), "event: "), "\ndata: ")
	if !ok {
		return len(b), nil
	}
	a := arrived{at: time.Now(), name: name}
	if err := json.Unmarshal([]byte(data), &a.event); err != nil {
		return 0, err
	}
	w.events = append(w.events, a)
	return len(b), nil
}

// take returns the events so far but beats, and forgets them.
func (w *wire) take() []arrived {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []arrived
	for _, e := range w.events {
		if e.name != "beat" {
			out = append(out, e)
		}
	}
	w.events = nil
	return out
}

// listen opens an event stream as somebody; stop ends it and waits.
func (w *world) listen(as string) (out *wire, stop func()) {
	ctx, cancel := context.WithCancel(w.t.Context())
	r := httptest.NewRequest("GET", "http://belvedere.test/live", nil).WithContext(ctx)
	r.AddCookie(&http.Cookie{Name: CookieName, Value: "token-" + as})
	r.Header.Set("Accept", "text/event-stream")
	out = &wire{header: http.Header{}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.server.Handler().ServeHTTP(out, r)
	}()
	synctest.Wait()
	return out, func() {
		cancel()
		<-done
	}
}

// settle lets time pass until what is due has happened.
func settle(d time.Duration) {
	time.Sleep(d) // in a synctest bubble: no time passes outside
	synctest.Wait()
}

// TestLive: the first event, changes at most every 250 ms, and nothing of
// sites that the viewer does not see.
func TestLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		vera := w.auth.people["vera"]
		vera.Contact, vera.SiteContacts = "", map[string]string{"wien": "vera"}
		w.auth.people["vera"] = vera
		out, stop := w.listen("vera")
		defer stop()
		first := out.take()
		if len(first) != 1 || first[0].name != "hello" || first[0].Counters["things"].N != 5 || first[0].Assets == "" {
			t.Fatalf("first: %+v", first)
		}
		if out.header.Get("Content-Type") != "text/event-stream; charset=utf-8" || out.header.Get("Content-Encoding") != "" {
			t.Errorf("headers %v", out.header)
		}
		settle(time.Second)
		w.hub.Publish(live.Change{Site: "fra", Version: 1, Tables: []string{"services"}, Keys: map[string][]string{"services": {"secret host"}}})
		settle(time.Second)
		if got := out.take(); len(got) != 0 {
			t.Errorf("told of a site that is not theirs: %+v", got)
		}
		settle(2 * beatEvery)
		out.mu.Lock()
		for _, e := range out.events {
			if e.Rev != first[0].Rev {
				t.Errorf("%s: the version went from %d to %d with a site that is not theirs", e.name, first[0].Rev, e.Rev)
			}
		}
		out.mu.Unlock()
		if got, want := w.revOf("vera"), first[0].Rev; got != want {
			t.Errorf("a page has version %d, want %d as the stream", got, want)
		}
		for i := range 100 { // a storm over one second
			w.hub.Publish(live.Change{Site: "wien", Version: uint64(i), Tables: []string{"services"}})
			settle(10 * time.Millisecond)
		}
		settle(time.Second)
		got := out.take()
		if len(got) < 3 || len(got) > 6 {
			t.Errorf("%d events in a second of changes", len(got))
		}
		for i := 1; i < len(got); i++ {
			if d := got[i].at.Sub(got[i-1].at); d < eventEvery {
				t.Errorf("two events %v apart", d)
			}
		}
		last := got[len(got)-1]
		if last.Rev != 100 || w.revOf("vera") != 100 || w.revOf("anna") != 101 || len(last.Dirty.Sites) != 1 || last.Dirty.Sites[0] != "wien" || last.Dirty.Tables[0] != "services" {
			t.Errorf("last: %+v", last)
		}
		if b, _ := json.Marshal(got); strings.Contains(string(b), "secret") {
			t.Errorf("names of objects are in the stream: %s", b)
		}
	})
}

// revOf returns the version that a page tells the browser.
func (w *world) revOf(as string) uint64 {
	w.t.Helper()
	_, rest, _ := strings.Cut(bodyOf(w.t, w.do(call{path: "/things", as: as})), `data-rev="`)
	text, _, _ := strings.Cut(rest, `"`)
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		w.t.Error(err)
	}
	return n
}

// TestLiveVersion: the version in the stream is that of what was told, also
// after other sites were chosen, so that a page that asks anew misses nothing.
func TestLiveVersion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		out, stop := w.listen("anna")
		defer stop()
		w.hub.Publish(live.Change{Site: "wien", Tables: []string{"hosts"}}) // waits to be told
		synctest.Wait()
		w.hub.Publish(live.Change{Site: "fra", Tables: []string{"hosts"}})
		w.do(call{path: "/chooser", method: "POST", as: "anna", body: "known=wien&known=fra&known=gru&site=fra"})
		synctest.Wait()
		got := out.take()
		// The second hello is of another audience, to which nothing waits to be
		// told: a page that has another version asks for everything.
		if n := len(got); n != 2 || got[0].Rev != 0 || got[1].name != "hello" || got[1].Rev != 1 || w.revOf("anna") != 1 {
			t.Fatalf("before the changes are told: %+v", got)
		}
		settle(time.Second)
		w.hub.Publish(live.Change{Site: "fra", Tables: []string{"hosts"}})
		synctest.Wait()
		got = out.take()
		if len(got) != 1 || got[0].Rev != 2 || w.revOf("anna") != 2 {
			t.Errorf("after the next is told: %+v", got)
		}
	})
}

// TestLiveAtOnce: a single change after a quiet time leaves immediately.
func TestLiveAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		out, stop := w.listen("anna")
		defer stop()
		settle(2 * time.Second)
		out.take()
		began := time.Now()
		w.hub.Publish(live.Change{Site: "wien", Tables: []string{"hosts"}})
		synctest.Wait()
		got := out.take()
		if len(got) != 1 || got[0].at != began {
			t.Errorf("after a quiet time: %+v", got)
		}
	})
}

// TestLiveShared: a thousand streams with the same rights cost one computation
// of the counters per step.
func TestLiveShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		for range streamsPerPerson {
			for _, as := range []string{"anna", "otto"} { // both see all
				_, stop := w.listen(as)
				defer stop()
			}
		}
		settle(time.Second)
		before := w.engine.counted.Load()
		w.hub.Publish(live.Change{Site: "wien", Tables: []string{"hosts"}})
		settle(time.Second)
		if n := w.engine.counted.Load() - before; n != 1 {
			t.Errorf("one change was counted %d times for %d streams", n, 2*streamsPerPerson)
		}
		w.hub.Publish(live.Change{Site: "wien", Tables: []string{"comments"}})
		settle(time.Second)
		if n := w.engine.counted.Load() - before; n != 1 {
			t.Errorf("a change of another table was counted")
		}
	})
}

// TestLiveBound: one person cannot hold all streams.
func TestLiveBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		var stops []func()
		for range streamsPerPerson {
			_, stop := w.listen("otto")
			stops = append(stops, stop)
		}
		out, stop := w.listen("otto")
		stop()
		if out.status != http.StatusServiceUnavailable {
			t.Errorf("one too many: %d", out.status)
		}
		out, stop = w.listen("anna")
		if out.status != http.StatusOK {
			t.Errorf("somebody else: %d", out.status)
		}
		stop()
		for _, stop := range stops {
			stop()
		}
		if n := w.hub.Subscribers(); n != 0 {
			t.Errorf("%d subscriptions are left", n)
		}
	})
}

// TestLiveEnds: with the session, the person, the server; each is told.
func TestLiveEnds(t *testing.T) {
	for name, tt := range map[string]struct {
		end    func(w *world)
		within time.Duration
	}{
		"signed out": {func(w *world) {
			w.do(call{path: "/logout", method: "POST", as: "otto"})
		}, 0},
		"revoked": {func(w *world) {
			w.auth.mu.Lock()
			defer w.auth.mu.Unlock()
			w.auth.ended["token-otto"] = true
		}, recheckEvery},
		"removed": {func(w *world) {
			w.auth.mu.Lock()
			defer w.auth.mu.Unlock()
			delete(w.auth.people, "otto")
		}, recheckEvery},
		"another person": {func(w *world) {
			w.auth.mu.Lock()
			defer w.auth.mu.Unlock()
			w.auth.people["otto"] = auth.Person{ID: 77, Username: "otto"}
		}, recheckEvery},
		"server stops": {func(w *world) { w.server.Close() }, 0},
		"hub stops":    {func(w *world) { w.hub.Close() }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil)
				out, stop := w.listen("otto")
				out.take()
				tt.end(w)
				settle(tt.within)
				got := out.take()
				if len(got) != 1 || got[0].name != "bye" {
					t.Errorf("events: %+v", got)
				}
				if n := w.hub.Subscribers(); n != 0 {
					t.Errorf("%d subscriptions are left", n)
				}
				stop()
			})
		})
	}
}

// TestLiveFollowsRights: a changed role or choice of sites counts at once for
// the choice, and within a moment for rights.
func TestLiveFollowsRights(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		out, stop := w.listen("anna")
		defer stop()
		out.take()
		w.do(call{path: "/chooser", method: "POST", as: "anna", body: "known=wien&known=fra&known=gru&site=fra"})
		synctest.Wait()
		if got := out.take(); len(got) != 1 || got[0].name != "hello" {
			t.Errorf("after choosing: %+v", got)
		}
		settle(time.Second)
		w.hub.Publish(live.Change{Site: "wien", Tables: []string{"services"}})
		settle(time.Second)
		if got := out.take(); len(got) != 0 {
			t.Errorf("told of a site that is not chosen: %+v", got)
		}
		w.auth.mu.Lock()
		anna := w.auth.people["anna"]
		anna.SeeAll, anna.Role = false, "viewer"
		w.auth.people["anna"] = anna
		w.auth.mu.Unlock()
		settle(recheckEvery)
		got := out.take()
		if len(got) == 0 || got[len(got)-1].Counters["things"].N != 5 {
			t.Errorf("after losing a right: %+v", got)
		}
	})
}

// TestLiveBeats: a quiet stream shows signs of life, and a reader that is gone
// is noticed.
func TestLiveBeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		out, stop := w.listen("anna")
		defer stop()
		settle(61 * time.Second)
		out.mu.Lock()
		n := len(out.events)
		out.broken = true
		out.mu.Unlock()
		if n != 1+12 {
			t.Errorf("%d events in a quiet minute", n)
		}
		settle(beatEvery)
		if n := w.hub.Subscribers(); n != 0 {
			t.Error("nobody noticed that the reader is gone")
		}
	})
}

// TestStream: the parts of a connection test leave one by one.
func TestStream(t *testing.T) {
	w := newWorld(t, func(o *Options) {
		o.PublicURL = "http://h/p"
		o.Features = append(o.Features, Feature{Routes: []Route{{Pattern: "POST /test", Right: Admin, Stream: true, Handler: func(rw http.ResponseWriter, r *http.Request) error {
			if !WantsStream(r) {
				return BadRequest("no stream", "")
			}
			s := NewStream(rw, r)
			for _, step := range []string{"dns", "tcp <b>"} {
				if err := s.Item("steps", step, text(step)); err != nil {
					return nil
				}
			}
			return s.Go("/sites")
		}}}})
	})
	res := w.do(call{path: "/test", method: "POST", as: "anna", header: map[string]string{"Accept": streamType, "Accept-Encoding": "gzip"}})
	want := `{"list":"steps","id":"dns","html":"dns"}
{"list":"steps","id":"tcp \u003cb\u003e","html":"tcp \u0026lt;b\u0026gt;"}
{"id":"","html":"","go":"/p/sites"}
`
	if got := bodyOf(t, res); got != want || res.Header.Get("Content-Encoding") != "" {
		t.Errorf("got %s", got)
	}
}

// TestLiveOverTCP: an event leaves through all the middleware at once, and the
// end of the server ends the connection.
func TestLiveOverTCP(t *testing.T) {
	w := newWorld(t, nil)
	srv := httptest.NewServer(w.server.Handler())
	defer srv.Close()
	r, err := http.NewRequestWithContext(t.Context(), "GET", srv.URL+"/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: CookieName, Value: "token-anna"})
	r.Header.Set("Accept-Encoding", "gzip")
	res, err := srv.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	if !lines.Scan() || lines.Text() != "event: hello" {
		t.Fatalf("first line %q", lines.Text())
	}
	w.server.Close()
	last := ""
	for lines.Scan() {
		if lines.Text() != "" {
			last = lines.Text()
		}
	}
	if last != "data: {}" {
		t.Errorf("last line %q", last)
	}
}
