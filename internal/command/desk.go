package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/db"
	"belvedere/internal/live"
)

// A Store keeps orders; [db.DB] is one.
type Store interface {
	AddOrder(ctx context.Context, o db.Order, items []db.OrderItem) (int64, error)
	SetOrderItems(ctx context.Context, items []db.OrderItem, ended ...int64) error
	Order(ctx context.Context, id int64) (db.Order, error)
	OrderItems(ctx context.Context, order int64, from, limit int) ([]db.OrderItem, error)
	OpenOrderItems(ctx context.Context) ([]db.OrderItem, error)
	CountOrderItems(ctx context.Context, order int64) (map[string]int, error)
	AddAudit(ctx context.Context, a db.Audit) error
	AddPromise(ctx context.Context, p db.Promise) (int64, error)
	RemovePromise(ctx context.Context, id int64) error
	Promises(ctx context.Context) ([]db.Promise, error)
}

// Standing is what a person may do and see at present.
type Standing struct {
	Role   access.Role
	Viewer access.Viewer
	Gone   bool // nobody any more: removed, or not let in
}

// Options configure a Desk.
type Options struct {
	Store  Store
	Engine asker
	Sites  Sites
	Hub    *live.Hub
	Policy Policy
	Rules  Rules
	// Who says what the person who gave an order may do when it is carried
	// out, which may be later and less than when it was given; nil: the same.
	Who func(ctx context.Context, person int64) (Standing, error)
	Log *slog.Logger // nil: discarded
	Now func() time.Time
	// Rate is how many commands a second go to one site at most; 0: 50.
	Rate int
	// SeenWithin is how long an effect may take to show; 0: 15 s.
	SeenWithin time.Duration
	// Brief desks end with their orders, as those of the command line do: what
	// would have to be done later is refused.
	Brief bool
	// OtherAuthor is set where the other end puts its own author in place of
	// ours: effects are then not looked for by author.
	OtherAuthor bool
	// Hold is how long an order waits for a site that is down when it does not
	// say; 0: 10 minutes.
	Hold time.Duration
	// PromiseEvery is how often it is looked for acknowledgements that have
	// expired at cores which do not know that; 0: 5 s.
	PromiseEvery time.Duration
}

// TargetsMost bounds the objects of one order.
const TargetsMost = 20_000

// holdMost bounds how long an order may wait for a site.
const holdMost = 7 * 24 * time.Hour

// A Desk takes orders and has them carried out. Make it with [New], then
// [Desk.Start] it. Safe for concurrent use.
type Desk struct {
	o     Options
	saver saver
	ctx   context.Context // of the workers
	stop  context.CancelFunc
	done  sync.WaitGroup

	mu      sync.Mutex
	started bool
	stopped bool
	queues  map[string]*queue // by site, of those that have work
	next    chan struct{}     // closed and replaced when an item changes
	told    time.Time         // when that was last
	telling bool              // it is going to be
}

// New returns a desk that does nothing yet.
func New(o Options) *Desk {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rate <= 0 {
		o.Rate = 50
	}
	if o.SeenWithin <= 0 {
		o.SeenWithin = 15 * time.Second
	}
	if o.Hold <= 0 {
		o.Hold = 10 * time.Minute
	}
	if o.PromiseEvery <= 0 {
		o.PromiseEvery = promiseEvery
	}
	if o.Rules.WarnAbove <= 0 {
		o.Rules.WarnAbove = warnAbove
	}
	d := &Desk{o: o, saver: saver{store: o.Store}, queues: map[string]*queue{}, next: make(chan struct{})}
	d.ctx, d.stop = context.WithCancel(context.Background())
	return d
}

// errIdle is what a desk answers that was not started, or was stopped.
var errIdle = &Problem{Msg: "No orders are taken now: the server is starting or stopping.", Hint: "Try again in a moment."}

// Start takes up what an earlier run left: what was accepted is sent unless its
// time is over, what was sent is watched, and of what was between the two the
// core is asked. Before it, no order is taken.
func (d *Desk) Start(ctx context.Context) error {
	items, err := d.o.Store.OpenOrderItems(ctx)
	if err != nil {
		return fmt.Errorf("command: open orders: %w", err)
	}
	orders := map[int64]*order{}
	for _, it := range items {
		o := orders[it.Order]
		if o == nil {
			kept, err := d.o.Store.Order(ctx, it.Order)
			if err != nil {
				return fmt.Errorf("command: open orders: %w", err)
			}
			o = &order{Order: kept}
			orders[it.Order] = o
		}
		o.open.Add(1)
	}
	var over []*job
	for _, it := range items {
		j, err := newJob(orders[it.Order], it)
		switch now := d.o.Now(); {
		case err != nil:
			d.end(j, Failed, "This version of the program does not know the command.")
			over = append(over, j)
		case State(it.State) == Accepted && now.After(j.order.Until):
			d.end(j, Failed, "The server was stopped before it could be sent, and its time is over.")
			over = append(over, j)
		default:
			j.asked, j.from = State(it.State) == Sending, now
			d.enqueue(j)
		}
	}
	if err := d.saver.save(over); err != nil {
		return fmt.Errorf("command: open orders: %w", err)
	}
	d.mu.Lock()
	d.started = true
	if !d.stopped {
		d.done.Go(d.watch)
		d.done.Go(d.keepPromises)
	}
	d.mu.Unlock()
	return nil
}

// Stop ends all workers; what is not sent stays accepted and goes on with the
// next Start.
func (d *Desk) Stop() {
	d.mu.Lock()
	d.stopped = true
	d.mu.Unlock()
	d.stop()
	d.done.Wait()
}

// watch wakes the workers of the sites that changed.
func (d *Desk) watch() {
	_, sub := d.o.Hub.Subscribe()
	defer sub.Close()
	for {
		select {
		case <-d.ctx.Done():
			return
		case <-sub.Done():
			return
		case <-sub.C():
		}
		for site := range sub.Take().Sites {
			d.mu.Lock()
			q := d.queues[site]
			d.mu.Unlock()
			if q != nil {
				q.news.Store(true)
				q.poke()
			}
		}
	}
}

// Give takes an order: it is checked, written down, and carried out in the
// background. What cannot be carried out on a target is noted there. The error
// is a [*Problem] when nothing of the order makes sense; nothing is kept then.
func (d *Desk) Give(ctx context.Context, a Actor, o Order) (int64, error) {
	d.mu.Lock()
	idle := !d.started || d.stopped
	d.mu.Unlock()
	if idle {
		return 0, errIdle
	}
	items, err := d.prepare(ctx, a, &o)
	if err != nil {
		return 0, err
	}
	hold := min(o.Hold, holdMost)
	if hold <= 0 {
		hold = d.o.Hold
	}
	now := d.o.Now()
	kept := &order{Order: db.Order{At: now, Person: a.ID, Who: a.Name, Via: a.Via, IP: a.IP, Command: o.Command, Args: o.Args, Note: o.Note, Until: now.Add(hold)}}
	if kept.ID, err = d.o.Store.AddOrder(ctx, kept.Order, items); err != nil {
		return 0, fmt.Errorf("command: keep the order: %w", err)
	}
	var jobs []*job
	for _, it := range items {
		if State(it.State) != Accepted {
			continue
		}
		it.Order = kept.ID
		j, err := newJob(kept, it)
		if err != nil {
			return 0, err
		}
		jobs = append(jobs, j)
	}
	kept.open.Store(int64(len(jobs)))
	for _, j := range jobs {
		d.enqueue(j)
	}
	d.changed()
	return kept.ID, nil
}

// Preview returns what an order would act on, item by item, with the reason
// where it would not. The error is a [*Problem]; there are items beside it when
// only what the house demands is lacking, such as a ticket.
func (d *Desk) Preview(ctx context.Context, a Actor, o Order) ([]Item, error) {
	items, bad := d.prepare(ctx, a, &o)
	if items == nil {
		return nil, bad
	}
	out, err := itemsOf(items)
	if err != nil {
		return nil, err
	}
	return out, bad
}

// Report returns an order and how far it got. Who may read it is for the
// caller to decide.
func (d *Desk) Report(ctx context.Context, id int64) (Report, error) {
	o, err := d.o.Store.Order(ctx, id)
	if err != nil {
		return Report{}, err
	}
	counts, err := d.o.Store.CountOrderItems(ctx, id)
	if err != nil {
		return Report{}, err
	}
	r := Report{
		ID: o.ID, At: o.At, Person: o.Person, Who: o.Who, Via: o.Via, IP: o.IP, Command: o.Command, Args: o.Args,
		Note: o.Note, Until: o.Until, Counts: map[State]int{},
	}
	for s, n := range counts {
		r.Counts[State(s)] = n
		r.Total += n
	}
	return r, nil
}

// Items returns up to limit items of an order from place from on, at most
// 1,000. Those that wait for a site that is down say so.
func (d *Desk) Items(ctx context.Context, id int64, from, limit int) ([]Item, error) {
	items, err := d.o.Store.OrderItems(ctx, id, from, limit)
	if err != nil {
		return nil, err
	}
	out, err := itemsOf(items)
	up := map[string]bool{}
	for i := range out {
		site := out[i].Target.Site
		if out[i].State != Accepted {
			continue
		}
		if _, known := up[site]; !known {
			up[site] = d.reachable(site)
		}
		if !up[site] {
			out[i].Reason = "It waits for the site, which cannot be reached now."
		}
	}
	return out, err
}

func itemsOf(items []db.OrderItem) ([]Item, error) {
	out := make([]Item, len(items))
	for i, it := range items {
		out[i] = Item{N: it.N, State: State(it.State), Reason: it.Reason, Sent: it.Sent, Ended: it.Ended}
		if err := json.Unmarshal(it.Target, &out[i].Target); err != nil {
			return nil, fmt.Errorf("command: target: %w", err)
		}
	}
	return out, nil
}

// Wait returns the order's report when all its items have ended, or what there
// is when ctx ends.
func (d *Desk) Wait(ctx context.Context, id int64) (Report, error) {
	for {
		next := d.Changed()
		r, err := d.Report(context.WithoutCancel(ctx), id)
		if err != nil || r.Open() == 0 {
			return r, err
		}
		select {
		case <-next:
		case <-ctx.Done():
			return r, nil
		}
	}
}

// Changed returns a channel that is closed at the next change of any order,
// some times a second at most.
func (d *Desk) Changed() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.next
}

// tellEvery is how often readers are told of changes at most.
const tellEvery = 50 * time.Millisecond

// changed tells readers that an item changed: at once after a rest, else soon.
func (d *Desk) changed() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.telling {
		return
	}
	if wait := tellEvery - time.Since(d.told); wait > 0 {
		d.telling = true
		time.AfterFunc(wait, func() {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.tell()
		})
		return
	}
	d.tell()
}

// tell wakes those who wait for changes. The lock is held.
func (d *Desk) tell() {
	close(d.next)
	d.next = make(chan struct{})
	d.telling, d.told = false, time.Now()
}

// reasonOf returns a sentence for people.
func reasonOf(err error) string {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p.Msg
	}
	return "It cannot be looked for: " + err.Error()
}
