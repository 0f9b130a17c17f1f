package replica

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/query"
	"belvedere/internal/schema"
	"belvedere/internal/store"
)

// Options say what core a Replica is of. Impl is required.
type Options struct {
	// Impl is the implementation, one bit: which columns clients are told of
	// and which commands they may expect. Of MK11 and MK15 status.program_version
	// says which core it is.
	Impl schema.Cores
	// Inverse derives members of groups, childs and the contacts of contact
	// groups, for sources that know only the other direction.
	Inverse bool
	// Without are columns, by table, that the source cannot know: clients are
	// not told of them. With are those that it knows although the Livestatus of
	// the implementation has none of them.
	With, Without map[string][]string
	// Sender takes the commands of clients. Its errors are told to them:
	// [*lql.QueryError] and the Cause of [*livestatus.Error] as they are, others
	// as an internal error. Nil: commands are refused.
	Sender lql.Sender
	// Passed answers queries for table log (and statehist, which is not told of):
	// Columns, Filter and Limit count, the newest rows within the limit come in
	// any order, columns that are left out are empty. Its errors are told as those
	// of Sender are. Nil: no rows.
	Passed func(ctx context.Context, q *lql.Query) (*lql.Result, error)
	// Room, if not nil, is asked now and then while rows come in whether more
	// fits into memory; its error ends the batch.
	Room func() error
	// Limits bounds what clients may do; only numbers and durations count.
	Limits livestatus.ServerOptions
	Log    *slog.Logger     // nil: silent
	Now    func() time.Time // the core's clock; nil: time.Now
}

// A Replica is one core as Livestatus. Feeding is for one goroutine, all else is
// safe for concurrent use. Make it with [New], end it with Close.
type Replica struct {
	o       Options
	fleet   *store.Fleet
	site    *store.Site
	server  *livestatus.Server
	columns *columns
	trouble atomic.Pointer[lql.QueryError] // nil: there is none

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	conns  sync.WaitGroup

	stamp int64 // last_update of the newest change, unix seconds
}

// siteKey names the only site of the fleet of a Replica. Nobody sees it.
const siteKey = "core"

// errEmpty is answered until something was fed.
var errEmpty = &lql.QueryError{Code: livestatus.StatusUnavailable, Msg: "The core has not been read yet."}

// New returns a replica of which nothing is known yet: until the first batch
// clients are told so.
func New(o Options) *Replica {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	r := &Replica{o: o, fleet: store.NewFleet(store.Options{Room: o.Room}), columns: newColumns(&o)}
	r.site = r.fleet.Add(store.SiteInfo{Key: siteKey, Name: siteKey})
	r.trouble.Store(errEmpty)
	r.ctx, r.cancel = context.WithCancel(context.Background())
	engine := query.New(query.Options{Fleet: r.fleet, Log: o.Log, Passed: r.passed, Now: o.Now, NoCache: true, Single: true})
	front := &front{r: r, engine: engine.For(access.Viewer{All: true, CommandLines: true})}
	session := livestatus.Session{Querier: front, Waiter: front, Sender: o.Sender}
	limits := o.Limits
	limits.Open, limits.Log = livestatus.Always(session), o.Log
	limits.CommandErrors = true
	r.server = livestatus.NewServer(limits)
	return r
}

// Fail has clients refused with those sentences until the next Commit or Fail:
// the core's files are gone, or its API cannot be reached. What is known stays.
// The fix, what to do about it, may be empty.
func (r *Replica) Fail(cause, fix string) {
	r.trouble.Store(&lql.QueryError{Code: livestatus.StatusUnavailable, Msg: strings.TrimSpace(cause + " " + fix)})
}

// Snapshot returns what is known of the core now. It never changes.
func (r *Replica) Snapshot() *store.Snapshot { return r.site.Snapshot() }

// Serve answers on l until ctx ends or the replica is closed, then closes l and
// its connections. It returns nil then, else why accepting failed.
func (r *Replica) Serve(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(r.ctx, cancel)()
	return r.server.Serve(ctx, l)
}

// ServeConn answers the requests of one connection until it is over, ctx ends
// or the replica is closed, and closes it. The error says that it was refused:
// there are too many.
func (r *Replica) ServeConn(ctx context.Context, c net.Conn) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(r.ctx, cancel)()
	return r.server.ServeConn(ctx, c)
}

// ErrClosed is what Dial returns after Close.
var ErrClosed = errors.New("replica: closed")

// Dial returns a connection to the replica within this program.
func (r *Replica) Dial(ctx context.Context) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if r.ctx.Err() != nil {
		return nil, ErrClosed
	}
	ours, theirs := net.Pipe()
	r.conns.Go(func() {
		if err := r.ServeConn(r.ctx, ours); err != nil {
			r.o.Log.Debug("replica: connection refused", "err", err)
		}
	})
	return theirs, nil
}

// Close ends all connections and waits for those of Dial. No Dial may run at
// the same time.
func (r *Replica) Close() {
	r.cancel()
	r.conns.Wait()
}
