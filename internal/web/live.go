package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/live"
)

const (
	eventEvery       = 250 * time.Millisecond // at most one event in this time
	beatEvery        = 5 * time.Second        // a sign of life
	recheckEvery     = 15 * time.Second       // whether the session still stands
	eventWithin      = 10 * time.Second       // a reader slower than this is cut off
	streamsPerPerson = 100
	streamsInAll     = 20000
)

// An event is what one server-sent event carries. It holds no names of
// objects: the page asks for what it shows.
type event struct {
	Boot     int64            `json:"boot"` // differs after a restart of the server, and versions with it
	Rev      uint64           `json:"rev"`  // changes of the sites the viewer sees
	Counters map[string]count `json:"counters,omitempty"`
	Dirty    dirty            `json:"dirty"`
	At       int64            `json:"at"`               // unix seconds, newest data of any site
	Now      int64            `json:"now"`              // unix seconds, the clock of the server
	Assets   string           `json:"assets,omitempty"` // changes with an upgrade of the server
}

type dirty struct {
	Tables []string `json:"tables,omitempty"`
	Sites  []string `json:"sites,omitempty"`
}

type count struct {
	N     int    `json:"n"`
	State string `json:"state,omitempty"`
	Text  string `json:"text"` // as the menu shows it
}

// streams are the open event streams, to end or wake them.
type streams struct {
	mu     sync.Mutex
	open   map[*stream]struct{}
	person map[int64]int
	done   chan struct{}
	closed bool
}

// A stream is one open event stream.
type stream struct {
	person int64
	kick   chan struct{} // something about the person changed
}

func newStreams() *streams {
	return &streams{open: map[*stream]struct{}{}, person: map[int64]int{}, done: make(chan struct{})}
}

// add registers a stream; nil when there are too many or the server stops.
func (s *streams) add(person int64) *stream {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.person[person] >= streamsPerPerson || len(s.open) >= streamsInAll {
		return nil
	}
	st := &stream{person: person, kick: make(chan struct{}, 1)}
	s.open[st] = struct{}{}
	s.person[person]++
	return st
}

func (s *streams) remove(st *stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, st)
	if s.person[st.person]--; s.person[st.person] <= 0 {
		delete(s.person, st.person)
	}
}

// wake makes all streams of a person look again at who they serve.
func (s *streams) wake(person int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for st := range s.open {
		if st.person == person {
			select {
			case st.kick <- struct{}{}:
			default:
			}
		}
	}
}

// close ends all streams. It may be called more than once.
func (s *streams) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.closed = true
		close(s.done)
	}
}

// live serves GET /live, the stream of events of one browser.
func (s *Server) live(w http.ResponseWriter, r *http.Request) error {
	st := from(r)
	me := s.streams.add(st.person.ID)
	if me == nil {
		return Unavailable("There are too many open pages", "Close some, or try again in a moment", nil)
	}
	defer s.streams.remove(me)
	_, sub := s.opt.Hub.Subscribe()
	defer sub.Close()
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("X-Accel-Buffering", "no") // nginx must not hold events back
	w.WriteHeader(http.StatusOK)
	f := &feed{server: s, w: w, rc: http.NewResponseController(w), r: r, sub: sub}
	f.see(st.chosen)
	_ = f.rc.SetReadDeadline(time.Time{}) // servers without deadlines say so
	if err := f.hello(); err != nil {
		return nil // the reader is gone, and the answer has begun
	}
	f.run(r.Context(), me)
	return nil
}

// a feed writes one stream.
type feed struct {
	server *Server
	w      http.ResponseWriter
	rc     *http.ResponseController
	r      *http.Request
	viewer access.Viewer
	sub    *live.Subscription
	rev    uint64 // changes of the viewer's sites that were told
	sent   map[string]Count
}

// see makes v the one who is served.
func (f *feed) see(v access.Viewer) {
	f.viewer = v
	f.rev = f.sub.Taken(sees(v))
}

// sees says which sites v may know of.
func sees(v access.Viewer) func(site string) bool {
	return func(site string) bool {
		_, _, ok := v.Contact(site)
		return ok
	}
}

// run writes events until the reader, the session or the server ends.
func (f *feed) run(ctx context.Context, me *stream) {
	beat := time.NewTicker(beatEvery)
	defer beat.Stop()
	check := time.NewTicker(recheckEvery)
	defer check.Stop()
	hold := time.NewTimer(eventEvery) // runs: an event was sent a moment ago
	defer hold.Stop()
	holding, waiting := true, false
	step := func() error {
		waiting = false
		again, err := f.changes(f.sub.Take())
		waiting = again
		holding = true
		hold.Reset(eventEvery)
		return err
	}
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-f.server.streams.done:
			_ = f.write("bye", struct{}{}) // best effort
			return
		case <-f.sub.Done():
			_ = f.write("bye", struct{}{}) // best effort
			return
		case <-me.kick:
			err = f.recheck(true)
		case <-check.C:
			err = f.recheck(false)
		case <-beat.C:
			err = f.event("beat", event{})
		case <-f.sub.C():
			if holding {
				waiting = true
			} else {
				err = step()
			}
		case <-hold.C:
			if holding = false; waiting {
				err = step()
			}
		}
		if err != nil {
			return
		}
	}
}

// hello is the first event: the present version and all counters.
func (f *feed) hello() error {
	counts, _ := f.server.counters.get(f.r.Context(), f.viewer)
	f.sent = counts
	return f.event("hello", event{Counters: shown(counts), Assets: f.server.assets.base})
}

// changes sends what of set concerns the viewer.
func (f *feed) changes(set live.Set) (again bool, err error) {
	mine := live.Set{Version: set.Version, Sites: map[string]live.Change{}}
	visible := sees(f.viewer)
	for key, c := range set.Sites {
		if visible(key) {
			mine.Sites[key] = c
			f.rev += c.Steps
		}
	}
	counts, again := f.server.counters.get(f.r.Context(), f.viewer)
	news := map[string]Count{}
	for name, c := range counts {
		if f.sent[name] != c {
			news[name] = c
		}
	}
	if mine.Empty() && len(news) == 0 {
		return again, nil
	}
	f.sent = counts
	sites := slices.Sorted(maps.Keys(mine.Sites))
	return again, f.event("change", event{Counters: shown(news), Dirty: dirty{mine.Tables(), sites}})
}

var errOver = errors.New("the session is over")

// recheck looks again at who is served: sessions end, roles and the choice of
// sites change. tell sends the counters also when they are the same.
func (f *feed) recheck(tell bool) error {
	ctx, cancel := context.WithTimeout(f.r.Context(), countersWithin)
	defer cancel()
	st := *from(f.r)
	old := st
	st.signed, st.token = false, ""
	r := f.r.WithContext(context.WithValue(ctx, stateKey{}, &st))
	if err := f.server.identify(r); err != nil {
		f.server.log.Warn("live: session check failed", "request", st.id, "err", err)
		return nil // the next check decides
	}
	if !st.signed || st.person.ID != old.person.ID {
		_ = f.write("bye", struct{}{}) // best effort
		return errOver
	}
	changed := f.viewer.Key() != st.chosen.Key()
	f.see(st.chosen)
	if tell || changed {
		return f.hello()
	}
	return nil
}

// newest returns when any of the viewer's sites last confirmed its data.
func (f *feed) newest() int64 {
	ctx, cancel := context.WithTimeout(f.r.Context(), countersWithin)
	defer cancel()
	sites, err := f.server.sites(ctx, f.viewer)
	if err != nil {
		return 0
	}
	var at int64
	for _, x := range sites {
		at = max(at, x.Last)
	}
	return at
}

// event sends one event with the time.
func (f *feed) event(name string, e event) error {
	e.Boot, e.Rev, e.At, e.Now = f.server.started.UnixMilli(), f.rev, f.newest(), time.Now().Unix()
	return f.write(name, e)
}

// write sends one event within its deadline.
func (f *feed) write(name string, data any) error {
	b, err := json.Marshal(data)
	if err != nil {
		return err
	}
	var buf bytes.Buffer
	buf.WriteString("event: " + name + "\ndata: ")
	buf.Write(b)
	buf.WriteString("\n\n")
	_ = f.rc.SetWriteDeadline(time.Now().Add(eventWithin)) // servers without deadlines say so
	if _, err := f.w.Write(buf.Bytes()); err != nil {
		return err
	}
	return f.rc.Flush()
}
