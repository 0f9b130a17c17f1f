package query

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/lql"
	"belvedere/internal/schema"
	"belvedere/internal/store"
)

// triggers name what a WaitTrigger waits for: columns whose change is the
// event, by table; no columns stand for any change of the table.
var triggers = map[string]map[string][]string{
	"check":    {"hosts": {"last_check", "state", "plugin_output"}, "services": {"last_check", "state", "plugin_output"}},
	"state":    {"hosts": {"state", "state_type", "has_been_checked"}, "services": {"state", "state_type", "has_been_checked"}},
	"log":      {"hosts": {"state", "state_type", "last_notification"}, "services": {"state", "state_type", "last_notification"}, "comments": nil, "downtimes": nil},
	"comment":  {"comments": nil},
	"downtime": {"downtimes": nil},
	"command":  {"comments": nil, "downtimes": nil, "hosts": {"acknowledged", "modified_attributes"}, "services": {"acknowledged", "modified_attributes"}},
	"program":  {"status": nil},
	"all":      nil,
}

// Wait blocks until the wait of q is over: its condition holds for its object,
// its trigger happened, its timeout passed (which is no error), or ctx ended.
// Without a timeout it waits as long as ctx does. Errors are
// [*lql.QueryError], or that of ctx.
func (e *Engine) Wait(ctx context.Context, v access.Viewer, q *lql.Query) error {
	w := q.Wait
	if w == nil {
		return nil
	}
	trigger := w.Trigger
	if trigger == "" {
		trigger = "all"
	}
	tables, ok := triggers[trigger]
	if !ok {
		return badRequest(fmt.Sprintf("unknown trigger %q", clip(w.Trigger)), "use one of all check state log downtime comment command program")
	}
	conditional := w.Condition.Kind != lql.And || len(w.Condition.Kids) > 0
	if !conditional && w.Trigger == "" && w.Object == "" {
		return nil
	}
	if w.Timeout > 0 {
		limited, cancel := context.WithTimeout(ctx, w.Timeout)
		defer cancel()
		err := e.wait(limited, v, q, tables, conditional)
		if ctx.Err() == nil && limited.Err() != nil {
			return nil
		}
		return err
	}
	return e.wait(ctx, v, q, tables, conditional)
}

func (e *Engine) wait(ctx context.Context, v access.Viewer, q *lql.Query, tables map[string][]string, conditional bool) error {
	var check *lql.Query
	if conditional {
		var err error
		if check, err = waitQuery(q, q.Wait.Condition); err != nil {
			return err
		}
	}
	if q.Wait.Object != "" {
		if err := e.found(ctx, v, q); err != nil {
			return err
		}
	}
	before := e.marks(v, q, tables)
	for {
		changed := e.o.Fleet.Changed()
		if conditional {
			res, err := e.query(ctx, v, check)
			if err != nil {
				return err
			}
			if res.Total > 0 && res.Vectors[0].Int(0) > 0 {
				return nil
			}
		} else if !slices.Equal(before, e.marks(v, q, tables)) {
			return nil
		}
		looked := time.Now()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
		// Changes come in bursts: the first is looked at at once, those that follow
		// it together.
		if err := rest(ctx, looksApart-time.Since(looked)); err != nil {
			return err
		}
	}
}

// looksApart is the least time between two looks at changes of one wait.
const looksApart = 10 * time.Millisecond

// rest lets d pass, unless ctx ends before.
func rest(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	pause := time.NewTimer(d)
	defer pause.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-pause.C:
		return nil
	}
}

// found reports as an error that there is no such object to wait for, or none
// that the viewer may see. That it goes away while they wait is none.
func (e *Engine) found(ctx context.Context, v access.Viewer, q *lql.Query) error {
	count, err := waitQuery(q, lql.Filter{Kind: lql.And})
	if err != nil {
		return err
	}
	res, err := e.query(ctx, v, count)
	if err == nil && res.Vectors[0].Int(0) == 0 {
		err = noObject(q)
	}
	return err
}

func noObject(q *lql.Query) error {
	name := clip(q.Wait.Object)
	if q.Table == "services" {
		return badRequest(fmt.Sprintf("WaitObject: object '%s' not found or not supported by this table", name), "name a service as host;description")
	}
	return badRequest(fmt.Sprintf("WaitObject: object '%s' not found or not supported by this table", name), "")
}

// waitQuery counts the rows of the waited for object on which the condition
// holds.
func waitQuery(q *lql.Query, condition lql.Filter) (*lql.Query, error) {
	t, ok := schema.Lookup(q.Table)
	if !ok {
		return nil, &lql.QueryError{Code: 404, Msg: fmt.Sprintf("no such table '%s'", clip(q.Table))}
	}
	w := q.Wait
	out := lql.Get(q.Table)
	out.AuthUser, out.Backends, out.Localtime = q.AuthUser, q.Backends, q.Localtime
	kids := []lql.Filter{condition}
	if w.Object != "" {
		parts := []string{w.Object}
		if len(t.Keys) == 2 {
			parts = splitObject(w.Object)
		}
		if len(parts) != len(t.Keys) {
			return nil, noObject(q)
		}
		for i, k := range t.Keys {
			kids = append(kids, lql.Filter{Column: k, Op: lql.Equal, Value: parts[i]})
		}
	} else if t.Name != "status" {
		return nil, badRequest("WaitCondition needs a WaitObject", "")
	}
	out.Stats = []lql.Stat{{Agg: lql.Count, Filter: lql.Filter{Kind: lql.And, Kids: kids}}}
	return out, nil
}

// splitObject takes host;description or "host description" apart.
func splitObject(s string) []string {
	if h, d, ok := strings.Cut(s, ";"); ok {
		return []string{h, d}
	}
	h, d, _ := strings.Cut(s, " ")
	return []string{h, d}
}

// marks are versions of what a trigger watches on the sites of a query.
func (e *Engine) marks(v access.Viewer, q *lql.Query, tables map[string][]string) []uint64 {
	var out []uint64
	for _, s := range e.o.Fleet.View().Sites {
		if _, _, ok := v.Contact(s.Info.Key); !ok || q.Backends != nil && !slices.Contains(q.Backends, s.Info.Key) {
			continue
		}
		if tables == nil {
			out = append(out, s.Snapshot.Version())
			continue
		}
		var newest uint64
		for name, columns := range tables {
			newest = max(newest, newestOf(s.Snapshot.Table(name), columns))
		}
		out = append(out, newest)
	}
	return out
}

func newestOf(t *store.Table, columns []string) uint64 {
	if t == nil {
		return 0
	}
	if len(columns) == 0 {
		return t.Version()
	}
	newest := t.Shape()
	for _, name := range columns {
		if c := t.ColumnNamed(name); c != nil {
			newest = max(newest, c.Version())
		}
	}
	return newest
}
