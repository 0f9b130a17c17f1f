package icinga2

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/replica"
)

// A Source keeps a replica in step with a core. Make it with [Open]; then [Source.Run]
// is called once, and [Source.Send] at any time.
type Source struct {
	c    *client
	sink *replica.Replica
	told func(replica.Row) // takes rows of table log; nil: nobody wants them

	may    rights
	stream chan error // why the event stream ended; capacity 1
	stop   context.CancelFunc

	m     *model                // of the goroutine that reads, but for its numbers
	hosts map[string]*checkable // what services need of their hosts
	order sync.Mutex            // guards the numbers in m

	mu     sync.Mutex // guards what follows
	due    touched
	names  map[string]bool                // of hosts and services
	groups map[string]map[string][]string // who is in a group, by table
	app    application
	woken  chan struct{} // capacity 1
	went   time.Duration // what the last refresh took
	ended  time.Time     // of the last refresh

	swept    time.Time // beginning of the last sweep, of Run alone
	sweeping sweep     // likewise
}

// touched is what has to be read anew.
type touched struct {
	names   map[*objectType]map[string]bool
	n       int  // names that were told
	bytes   int  // of those
	urgent  bool // somebody waits for it
	anew    bool // what is around hosts and services
	applied bool // the switches of the core
	whole   bool // all names
}

// How often things are done, and how many objects are asked for at once.
const (
	urgentGap  = 50 * time.Millisecond
	routineGap = time.Second
	pulseEvery = 10 * time.Second
	// Events may name what does not exist: of more names than this, and more
	// bytes of them, all that there is is looked at instead.
	touchedMost = 200_000
	touchedSize = 32 << 20
	sweepEvery  = time.Minute
	chunk       = 100
)

// kinds are the events that are listened to; versions that do not have one of
// them ignore its name.
var kinds = []string{"CheckResult", "StateChange", "Notification", "AcknowledgementSet", "AcknowledgementCleared", "CommentAdded", "CommentRemoved",
	"DowntimeAdded", "DowntimeRemoved", "DowntimeStarted", "DowntimeTriggered", "Flapping", "ObjectCreated", "ObjectModified", "ObjectDeleted"}

// Open connects, listens to events and reads everything into sink. told takes
// what the stream tells as rows of table log, from another goroutine. Errors
// are mostly [*livestatus.Error]. End the source with Close.
func Open(ctx context.Context, o Options, sink *replica.Replica, told func(replica.Row)) (*Source, error) {
	c, err := newClient(o)
	if err != nil {
		return nil, err
	}
	s := &Source{c: c, sink: sink, told: told, stream: make(chan error, 1), woken: make(chan struct{}, 1),
		m: newModel(), hosts: map[string]*checkable{}}
	if err := s.open(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Source) open(ctx context.Context) error {
	if err := s.identify(ctx); err != nil {
		return err
	}
	// Listening begins before reading, so that nothing is missed between.
	listening, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	ready := make(chan struct{})
	go func() {
		s.stream <- s.c.events(listening, kinds, func() { close(ready) }, s.event)
	}()
	select {
	case <-ready:
	case err := <-s.stream:
		s.stream <- err
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(answerWithin):
		return &livestatus.Error{Kind: livestatus.KindSilent, Cause: "The API does not open a stream of events.", Fix: "See the log of Icinga 2."}
	}
	return s.readAll(ctx)
}

// Close ends the source and waits until its event stream has ended.
func (s *Source) Close() {
	if s.stop != nil {
		s.stop()
		<-s.stream
	}
	s.c.close()
}

// identify learns what the core is and what we may do there.
func (s *Source) identify(ctx context.Context) error {
	may, err := s.c.rights(ctx)
	if err != nil {
		return err
	}
	s.may = may
	if err := may.enough(); err != nil {
		return err
	}
	return nil
}

// Run follows the core until ctx ends or something fails, and always returns
// an error.
func (s *Source) Run(ctx context.Context) error {
	pulse := time.NewTicker(pulseEvery)
	defer pulse.Stop()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		timer.Reset(s.pause())
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-s.stream:
			s.stream <- err
			return err
		case <-pulse.C:
			if err := s.pulse(ctx); err != nil {
				return err
			}
		case <-s.woken:
			continue
		case <-timer.C:
			act := s.refresh
			if s.pauseDue() > 0 && len(s.sweeping.left) > 0 {
				act = s.sweepSome
			}
			if err := act(ctx); err != nil {
				return err
			}
		}
	}
}

// pause is how long to wait before there is something to do.
func (s *Source) pause() time.Duration {
	d := s.pauseDue()
	if len(s.sweeping.left) > 0 {
		d = min(d, max(0, time.Until(s.sweeping.next)))
	}
	return d
}

// pauseDue is how long to wait before reading what is due. An API is kept busy
// a tenth of the time at most, a little more when somebody waits.
func (s *Source) pauseDue() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	gap := time.Hour
	switch {
	case s.due.urgent:
		gap = max(urgentGap, 3*s.went)
	case s.due.names != nil || s.due.anew || s.due.whole:
		gap = max(routineGap, 9*s.went)
	}
	return max(0, time.Until(s.ended.Add(gap)))
}

// touch has an object read anew.
func (s *Source) touch(t *objectType, name string, urgent bool) {
	s.mu.Lock()
	first := s.due.n == 0 && !s.due.whole
	s.due.told(t, name)
	woke := urgent && !s.due.urgent || first
	s.due.urgent = s.due.urgent || urgent
	s.mu.Unlock()
	if woke {
		s.wake()
	}
}

// touchNamed is touch for a host or service by its name.
func (s *Source) touchNamed(full string) { s.touch(typeOf(full), full, true) }

// touchAll is touch for what is around hosts and services, or the switches.
func (s *Source) touchAll(anew, applied bool) {
	s.mu.Lock()
	s.due.anew, s.due.applied, s.due.urgent = s.due.anew || anew, s.due.applied || applied, s.due.urgent || applied
	s.mu.Unlock()
	s.wake()
}

// Refresh has all names looked at soon, not only at the next minute.
func (s *Source) Refresh() {
	s.mu.Lock()
	s.due.whole, s.due.urgent = true, true
	s.mu.Unlock()
	s.wake()
}

func (s *Source) wake() {
	select {
	case s.woken <- struct{}{}:
	default:
	}
}

// take returns what is due and begins anew.
func (s *Source) take() touched {
	s.mu.Lock()
	defer s.mu.Unlock()
	due := s.due
	s.due = touched{}
	return due
}

// refresh reads what is due.
func (s *Source) refresh(ctx context.Context) error {
	began := time.Now()
	due := s.take()
	s.strange(&due)
	if due.whole {
		s.swept = time.Time{}
		if err := s.pulse(ctx); err != nil {
			return err
		}
	}
	b := s.sink.Begin()
	if due.applied {
		if err := s.application(ctx, b); err != nil {
			return err
		}
	}
	if due.anew {
		if err := s.readAround(ctx, b); err != nil {
			return err
		}
		s.compareAround(due.add)
	}
	if err := s.readNamed(ctx, b, due.names); err != nil {
		return err
	}
	if err := b.Commit(); err != nil {
		return err
	}
	s.mu.Lock()
	s.ended = time.Now()
	s.went = s.ended.Sub(began)
	s.mu.Unlock()
	return nil
}

func (t *touched) add(kind *objectType, name string) {
	if t.names == nil {
		t.names = map[*objectType]map[string]bool{}
	}
	if t.names[kind] == nil {
		t.names[kind] = map[string]bool{}
	}
	t.names[kind][name] = true
}

// strange takes out of what is due the names of which nothing is known, if they
// are many: a single one that does not exist has the API refuse all that are
// asked for with it. All names are looked at instead.
func (s *Source) strange(due *touched) {
	known := func(t *objectType, name string) bool {
		switch t {
		case commentType:
			return s.m.comments[name] != 0
		case downtimeType:
			return s.m.downs[name] != 0
		case notificationType:
			return true // only those that are known are asked for
		}
		return s.m.objects[name] != nil
	}
	n := 0
	for t, names := range due.names {
		for name := range names {
			if !known(t, name) {
				n++
			}
		}
	}
	if n <= chunk {
		return
	}
	due.whole = true
	for t, names := range due.names {
		maps.DeleteFunc(names, func(name string, _ bool) bool { return !known(t, name) })
	}
}

// told is add for a name that came unasked and may be of nothing.
func (t *touched) told(kind *objectType, name string) {
	switch {
	case t.names[kind][name]:
	case len(name) > nameMost, t.n == touchedMost, t.bytes+len(name) > touchedSize:
		t.whole = true
	default:
		t.add(kind, name)
		t.n, t.bytes = t.n+1, t.bytes+len(name)
	}
}

// pulse looks whether this is still the same run of the core, and at what
// changes with the clock; once a minute at all names.
func (s *Source) pulse(ctx context.Context) error {
	was := s.running()
	b := s.sink.Begin()
	if err := s.application(ctx, b); err != nil {
		return err
	}
	if s.running().run() != was.run() {
		return errReloaded
	}
	if err := s.readPeriods(ctx, b); err != nil {
		return err
	}
	var due touched
	if time.Since(s.swept) >= sweepEvery {
		if err := s.readAround(ctx, b); err != nil {
			return err
		}
		if err := s.inventory(ctx, b, due.add); err != nil {
			return err
		}
		s.swept = time.Now()
		s.beginSweep()
	}
	s.compareAround(due.add)
	if err := s.readNamed(ctx, b, due.names); err != nil {
		return err
	}
	return b.Commit()
}

// errReloaded ends a session whose core is another run of itself.
var errReloaded = &livestatus.Error{Kind: livestatus.KindHangup, Cause: "Icinga 2 was reloaded or restarted.", Fix: "It is read anew."}

// readAll reads everything.
func (s *Source) readAll(ctx context.Context) error {
	b := s.sink.Begin()
	if err := s.application(ctx, b); err != nil {
		return err
	}
	if err := s.readAround(ctx, b); err != nil {
		return err
	}
	var due touched
	if err := s.inventory(ctx, b, due.add); err != nil {
		return err
	}
	for _, table := range []string{"hosts", "services", "comments", "downtimes"} {
		b.Replace(table)
	}
	if err := s.readNamed(ctx, b, due.names); err != nil {
		return err
	}
	// Now that all states are known, it is known what is out of reach.
	var again touched
	s.compareAround(again.add)
	if err := s.readNamed(ctx, b, again.names); err != nil {
		return err
	}
	s.swept = time.Now()
	return b.Commit()
}

// readNamed reads objects by name, hosts before their services and both before
// what is about them.
func (s *Source) readNamed(ctx context.Context, b *replica.Batch, names map[*objectType]map[string]bool) error {
	var told []string // of notifications events name what they are about
	for _, full := range slices.Sorted(maps.Keys(names[notificationType])) {
		told = append(told, s.m.notified[full]...)
	}
	if err := s.readTold(ctx, told); err != nil {
		return err
	}
	grouped := false
	w := s.m.rower()
	for _, t := range []*objectType{hostType, serviceType} {
		changed, err := s.readCheckables(ctx, b, w, t, slices.Sorted(maps.Keys(names[t])))
		if err != nil {
			return err
		}
		grouped = grouped || changed
	}
	if grouped {
		s.putGroups(b)
	}
	if err := s.readComments(ctx, b, slices.Sorted(maps.Keys(names[commentType]))); err != nil {
		return err
	}
	return s.readDowntimes(ctx, b, slices.Sorted(maps.Keys(names[downtimeType])))
}

// inChunks reads objects by name, some at a time, with a rest between that
// leaves the core's threads to its checks.
func (s *Source) inChunks(ctx context.Context, t *objectType, attrs, names []string, each func(*object) error) (gone []string, err error) {
	asked := make(map[string]bool, chunk)
	for part := range slices.Chunk(names, chunk) {
		began := time.Now()
		clear(asked)
		for _, name := range part {
			asked[name] = true
		}
		g, err := s.c.present(ctx, t, attrs, part, func(o *object) error {
			if !asked[o.Name] {
				return errObject(t, o.Name, errors.New("nobody asked for it"))
			}
			return each(o)
		})
		if err != nil {
			return nil, err
		}
		gone = append(gone, g...)
		if len(part) == chunk {
			if err := rest(ctx, time.Since(began)); err != nil {
				return nil, err
			}
		}
	}
	return gone, nil
}

func rest(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// running is what was last read about the core.
func (s *Source) running() *application {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.app
	return &a
}

// Version returns the version of the core, such as 2.13.6.
func (s *Source) Version() string { return s.running().version() }

// run identifies one run of the core.
func (a *application) run() string {
	for _, i := range a.Icinga {
		return fmt.Sprintf("%d %f", i.PID, i.ProgramStart)
	}
	return ""
}

// name is what the core's object is called.
func (a *application) name() string {
	for name := range a.Icinga {
		return name
	}
	return ""
}

// version is that of the core, such as 2.13.6.
func (a *application) version() string {
	for _, i := range a.Icinga {
		v, _, _ := strings.Cut(strings.TrimLeft(i.Version, "rv"), "-")
		return v
	}
	return ""
}

var _ lql.Sender = (*Source)(nil)

// errObject says what could not be read.
func errObject(t *objectType, name string, err error) error {
	return &livestatus.Error{Kind: livestatus.KindProtocol, Err: errors.Join(fmt.Errorf("icinga2: %s %q", t.name, name), err),
		Cause: fmt.Sprintf("The API shows the object %s %q in a form that is not known.", t.name, name), Fix: "Tell us the version of Icinga 2."}
}
