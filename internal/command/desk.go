package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/db"
	"belvedere/internal/live"
	"belvedere/internal/lql"
	"belvedere/internal/schema"
)

// A Store keeps orders; [db.DB] is one.
type Store interface {
	AddOrder(ctx context.Context, o db.Order, items []db.OrderItem) (int64, error)
	SetOrderItems(ctx context.Context, items []db.OrderItem) error
	Order(ctx context.Context, id int64) (db.Order, error)
	Orders(ctx context.Context, q db.OrderQuery) ([]db.Order, error)
	OrderItems(ctx context.Context, order int64, from, limit int) ([]db.OrderItem, error)
	OpenOrderItems(ctx context.Context) ([]db.OrderItem, error)
	CountOrderItems(ctx context.Context, order int64) (map[string]int, error)
	AddAudit(ctx context.Context, a db.Audit) error
	AddPromise(ctx context.Context, p db.Promise) (int64, error)
	RemovePromise(ctx context.Context, id int64) error
	Promises(ctx context.Context) ([]db.Promise, error)
}

// Options configure a Desk.
type Options struct {
	Store  Store
	Engine asker
	Sites  Sites
	Hub    *live.Hub
	Policy Policy
	Log    *slog.Logger // nil: discarded
	Now    func() time.Time
	// Rate is how many commands a second go to one site at most; 0: 50.
	Rate int
	// SeenWithin is how long an effect may take to show; 0: 15 s.
	SeenWithin time.Duration
	// Hold is how long an order waits for a site that is down when it does not
	// say; 0: 10 minutes.
	Hold time.Duration
}

// TargetsMost bounds the objects of one order.
const TargetsMost = 20_000

// A Desk takes orders and has them carried out. Make it with [New], then
// [Desk.Start] it. Safe for concurrent use.
type Desk struct {
	o    Options
	ctx  context.Context // of the workers
	stop context.CancelFunc
	done sync.WaitGroup

	mu      sync.Mutex
	stopped bool
	queues  map[string]*queue // by site, of those that have work
	next    chan struct{}     // closed and replaced when an item changes
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
	d := &Desk{o: o, queues: map[string]*queue{}, next: make(chan struct{})}
	d.ctx, d.stop = context.WithCancel(context.Background())
	return d
}

// Start takes up what an earlier run left: what was accepted is sent, what was
// sent is watched, and of what was between the two the core is asked.
func (d *Desk) Start(ctx context.Context) error {
	items, err := d.o.Store.OpenOrderItems(ctx)
	if err != nil {
		return fmt.Errorf("command: open orders: %w", err)
	}
	orders := map[int64]*db.Order{}
	var lost []db.OrderItem
	for _, it := range items {
		o, ok := orders[it.Order]
		if !ok {
			one, err := d.o.Store.Order(ctx, it.Order)
			if err != nil {
				return fmt.Errorf("command: open orders: %w", err)
			}
			o = &one
			orders[it.Order] = o
		}
		j, err := d.job(o, it)
		if err != nil {
			it.State, it.Reason, it.Ended = string(Failed), "This version does not know the command.", d.o.Now()
			lost = append(lost, it)
			continue
		}
		j.asked, j.from = State(it.State) == Sending, d.o.Now()
		d.enqueue(j)
	}
	d.done.Go(d.keepPromises)
	if len(lost) == 0 {
		return nil
	}
	return d.o.Store.SetOrderItems(ctx, lost)
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

// Give takes an order: it is checked, written down, and carried out in the
// background. What cannot be carried out on a target is noted there. The error
// is a [*Problem] when nothing of the order makes sense; nothing is kept then.
func (d *Desk) Give(ctx context.Context, a Actor, o Order) (int64, error) {
	def, items, err := d.prepare(ctx, a, &o)
	if err != nil {
		return 0, err
	}
	hold := o.Hold
	if hold <= 0 {
		hold = d.o.Hold
	}
	now := d.o.Now()
	kept := db.Order{At: now, Person: a.ID, Who: a.Name, Via: a.Via, IP: a.IP, Command: def.Name, Args: o.Args, Note: o.Note, Until: now.Add(hold)}
	if kept.ID, err = d.o.Store.AddOrder(ctx, kept, items); err != nil {
		return 0, fmt.Errorf("command: keep the order: %w", err)
	}
	for _, it := range items {
		if State(it.State) != Accepted {
			continue
		}
		it.Order = kept.ID
		j, err := d.job(&kept, it)
		if err != nil {
			return 0, err
		}
		d.enqueue(j)
	}
	d.changed()
	return kept.ID, nil
}

// Preview returns what an order would act on, item by item, with the reason
// where it would not. The error is a [*Problem].
func (d *Desk) Preview(ctx context.Context, a Actor, o Order) ([]Item, error) {
	_, items, err := d.prepare(ctx, a, &o)
	if err != nil {
		return nil, err
	}
	return itemsOf(items)
}

// prepare checks an order and makes its items.
func (d *Desk) prepare(ctx context.Context, a Actor, o *Order) (*schema.Command, []db.OrderItem, error) {
	def, ok := schema.LookupCommand(o.Command)
	if !ok {
		return nil, nil, &Problem{Msg: fmt.Sprintf("There is no command %q.", clip(o.Command)), Hint: "belvedere schema lists all commands."}
	}
	switch {
	case len(o.Targets) == 0:
		return nil, nil, &Problem{Msg: "The order names no object.", Hint: "Select something first."}
	case len(o.Targets) > TargetsMost:
		return nil, nil, &Problem{Msg: fmt.Sprintf("An order acts on up to %d objects, this one names %d.", TargetsMost, len(o.Targets)), Hint: "Narrow the filter."}
	}
	if err := o.check(def); err != nil {
		return nil, nil, err
	}
	j := &judge{d: d, a: a, def: def, o: o, mayAct: map[string]string{}}
	items := make([]db.OrderItem, 0, len(o.Targets))
	for n, t := range o.Targets {
		state := Accepted
		id := int64(0)
		if t.Entry != nil {
			id = 1 // found right before it is sent
		}
		var reason string
		if _, err := spell(def, o, t, a.Name, id); err != nil {
			p, ok := errors.AsType[*Problem](err)
			if !ok || len(o.Targets) == 1 {
				return nil, nil, err
			}
			reason = p.Msg
		}
		if reason == "" {
			var err error
			if reason, err = j.target(ctx, t); err != nil {
				return nil, nil, err
			}
		}
		it := db.OrderItem{N: n, Site: t.Site, Host: t.Host, Service: t.Service, Reason: reason}
		if reason != "" {
			state, it.Ended = Refused, d.o.Now()
		}
		it.State = string(state)
		b, err := json.Marshal(t)
		if err != nil {
			return nil, nil, fmt.Errorf("command: target: %w", err)
		}
		it.Target = b
		items = append(items, it)
	}
	return def, items, nil
}

// check looks at what holds for all targets.
func (o *Order) check(def *schema.Command) error {
	for name := range o.Args {
		if !slices.ContainsFunc(def.Params, func(p schema.Param) bool { return p.Name == name }) {
			return &Problem{Param: name, Msg: fmt.Sprintf("%s has no value %q.", def.Name, clip(name))}
		}
	}
	start, end := o.Args["start_time"], o.Args["end_time"]
	if start != "" && end != "" && (len(end) < len(start) || len(end) == len(start) && end <= start) {
		return &Problem{Param: "end_time", Msg: "The downtime ends before it begins.", Hint: "Choose an end after the start."}
	}
	return nil
}

// Cancel takes back what of an order has not been sent yet.
func (d *Desk) Cancel(ctx context.Context, id int64) error {
	d.mu.Lock()
	var gone []*job
	for _, q := range d.queues {
		gone = append(gone, q.cancel(id)...)
	}
	d.mu.Unlock()
	now := d.o.Now()
	items := make([]db.OrderItem, len(gone))
	for i, j := range gone {
		j.item.State, j.item.Ended = string(Cancelled), now
		items[i] = j.item
	}
	if len(items) == 0 {
		return nil
	}
	defer d.changed()
	return d.o.Store.SetOrderItems(ctx, items)
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
	r := Report{ID: o.ID, At: o.At, Who: o.Who, Via: o.Via, Command: o.Command, Args: o.Args, Note: o.Note, Counts: map[State]int{}}
	for s, n := range counts {
		r.Counts[State(s)] = n
		r.Total += n
	}
	return r, nil
}

// Items returns up to limit items of an order from place from on.
func (d *Desk) Items(ctx context.Context, id int64, from, limit int) ([]Item, error) {
	items, err := d.o.Store.OrderItems(ctx, id, from, limit)
	if err != nil {
		return nil, err
	}
	return itemsOf(items)
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
		d.mu.Lock()
		next := d.next
		d.mu.Unlock()
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

// Changed returns a channel that is closed at the next change of any order.
func (d *Desk) Changed() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.next
}

func (d *Desk) changed() {
	d.mu.Lock()
	defer d.mu.Unlock()
	close(d.next)
	d.next = make(chan struct{})
}

// one returns a Querier that sees all of one site.
func (d *Desk) one(site string) lql.Querier {
	return d.o.Engine.For(access.Viewer{All: true, Sites: []string{site}})
}

// clip shortens a text of unknown length for a message.
func clip(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}
