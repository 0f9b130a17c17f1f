package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"belvedere/internal/access"
)

const (
	beatEvery        = 5 * time.Second  // a sign of life, when there is nothing to tell
	recheckEvery     = 15 * time.Second // whether the session still stands
	eventWithin      = 10 * time.Second // a reader slower than this is cut off
	streamsPerPerson = 100
	streamsInAll     = 20000
)

// An event is what one server-sent event carries. It holds no names of
// objects: the page asks for what it shows.
type event struct {
	name     string
	raw      []byte           // as it is sent, once that is known; shared
	Boot     int64            `json:"boot"` // differs after a restart of the server, and versions with it
	Rev      uint64           `json:"rev"`  // changes of the sites the viewer sees
	Counters map[string]count `json:"counters,omitempty"`
	Dirty    dirty            `json:"dirty"`
	At       int64            `json:"at"`               // unix seconds, newest data of any site
	Now      int64            `json:"now"`              // unix seconds, the clock of the server
	Since    int64            `json:"since,omitempty"`  // unix milliseconds of the oldest change in it
	Spread   int64            `json:"spread,omitempty"` // milliseconds over which readers spread what they ask
	Assets   string           `json:"assets,omitempty"` // changes with an upgrade of the server
	// Drawn are marks of blocks as of Rev, by name, as the header X-Belvedere-Drawn
	// of answers has them: whoever shows one with that mark need not ask.
	Drawn map[string]string `json:"drawn,omitempty"`
}

type dirty struct {
	Tables []string `json:"tables,omitempty"`
	Sites  []string `json:"sites,omitempty"`
}

// with returns one event in place of e and then next.
func (e *event) with(next *event) *event {
	out := *next
	out.raw = nil
	out.Counters = maps.Clone(e.Counters)
	if out.Counters == nil {
		out.Counters = map[string]count{}
	}
	maps.Copy(out.Counters, next.Counters)
	out.Dirty = dirty{union(e.Dirty.Tables, next.Dirty.Tables), union(e.Dirty.Sites, next.Dirty.Sites)}
	if e.Since != 0 {
		out.Since = e.Since
	}
	if len(next.Dirty.Sites) == 0 {
		out.Drawn = e.Drawn
	}
	return &out
}

func union(a, b []string) []string {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
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
	mail   chan struct{} // there is an event to send

	mu   sync.Mutex
	next *event // to send
}

// post has e sent, together with what is not sent yet. It never waits.
func (s *stream) post(e *event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next != nil {
		e = s.next.with(e)
	}
	s.next = e
	select {
	case s.mail <- struct{}{}:
	default:
	}
}

// take returns the event to send; nil when there is none.
func (s *stream) take() *event {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.next
	s.next = nil
	return e
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
	st := &stream{person: person, kick: make(chan struct{}, 1), mail: make(chan struct{}, 1)}
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

// listener says whose streams those of a request are. Screens take nothing from
// the pages of their owner.
func (s *state) listener() int64 {
	if s.screen != nil {
		return -s.screen.ID
	}
	return s.person.ID
}

// live serves GET /live, the stream of events of one browser.
func (s *Server) live(w http.ResponseWriter, r *http.Request) error {
	st := from(r)
	me := s.streams.add(st.listener())
	if me == nil {
		return Unavailable("There are too many open pages", "Close some, or try again in a moment", nil)
	}
	defer s.streams.remove(me)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("X-Accel-Buffering", "no") // nginx must not hold events back
	w.WriteHeader(http.StatusOK)
	f := &feed{server: s, w: w, rc: http.NewResponseController(w), r: r, me: me, viewer: st.chosen}
	f.audience = s.pulse.join(f.viewer, me)
	defer func() { s.pulse.leave(f.audience, me) }()
	_ = f.rc.SetReadDeadline(time.Time{}) // servers without deadlines say so
	if err := f.hello(); err != nil {
		return nil // the reader is gone, and the answer has begun
	}
	f.run(r.Context())
	return nil
}

// a feed writes one stream.
type feed struct {
	server   *Server
	w        http.ResponseWriter
	rc       *http.ResponseController
	r        *http.Request
	me       *stream
	viewer   access.Viewer
	audience *audience
	rev      uint64 // of the last event
}

// run writes events until the reader, the session or the server ends.
func (f *feed) run(ctx context.Context) {
	beat := time.NewTimer(beatEvery)
	defer beat.Stop()
	check := time.NewTicker(recheckEvery)
	defer check.Stop()
	for {
		var err error
		wrote := true
		select {
		case <-ctx.Done():
			return
		case <-f.server.streams.done:
			_ = f.write([]byte(farewell)) // best effort
			return
		case <-f.audience.sub.Done():
			_ = f.write([]byte(farewell)) // best effort
			return
		case <-f.me.kick:
			err = f.recheck(true)
		case <-check.C:
			err = f.recheck(false)
			wrote = false
		case <-beat.C:
			err = f.send(&event{name: "beat", Rev: f.rev, At: f.server.pulse.newest(ctx, f.audience)})
		case <-f.me.mail:
			if e := f.me.take(); e != nil {
				err = f.send(e)
			}
		}
		if err != nil {
			return
		}
		if wrote {
			beat.Reset(beatEvery)
		}
	}
}

// hello sends the first event: the present version and all counters.
func (f *feed) hello() error {
	e := f.server.pulse.hello(f.r.Context(), f.audience)
	return f.send(&e)
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
	if err := f.server.identify(r, false); err != nil {
		if f.r.Context().Err() == nil {
			f.server.log.Warn("live: session check failed", "request", st.id, "err", err)
		}
		return nil // the next check decides
	}
	if !st.signed || st.person.ID != old.person.ID {
		_ = f.write([]byte(farewell)) // best effort
		return errOver
	}
	changed := f.viewer.Key() != st.chosen.Key()
	if changed {
		before := f.audience
		f.viewer = st.chosen
		f.audience = f.server.pulse.join(f.viewer, f.me)
		f.server.pulse.leave(before, f.me)
		f.me.take() // what the former viewer was told
	}
	if tell || changed {
		return f.hello()
	}
	return nil
}

// farewell tells the browser that its stream is over.
const farewell = "event: bye\ndata: {}\n\n"

// stamp completes an event and brings it into the form in which it is sent.
func (s *Server) stamp(e *event) {
	e.Boot, e.Now = s.started.UnixMilli(), time.Now().Unix()
	b, err := json.Marshal(e)
	if err != nil { // numbers and texts only
		panic(err)
	}
	e.raw = fmt.Appendf(nil, "event: %s\ndata: %s\n\n", e.name, b)
}

// send sends one event.
func (f *feed) send(e *event) error {
	f.rev = e.Rev
	screen := from(f.r).screen != nil // which shows no menu, and learns nothing of its numbers
	if e.raw == nil || screen && len(e.Counters) > 0 {
		own := *e
		if screen {
			own.Counters = nil
		}
		f.server.stamp(&own)
		e = &own
	}
	return f.write(e.raw)
}

// write sends b within its deadline.
func (f *feed) write(b []byte) error {
	_ = f.rc.SetWriteDeadline(time.Now().Add(eventWithin)) // servers without deadlines say so
	if _, err := f.w.Write(b); err != nil {
		return err
	}
	return f.rc.Flush()
}
