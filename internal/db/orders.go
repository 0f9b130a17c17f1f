package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// An Order is an external command that somebody gave, as stored. Its items
// are the objects it acts on.
type Order struct {
	ID      int64
	At      time.Time
	Person  int64 // 0: none
	Who     string
	Via, IP string
	Command string
	Args    map[string]string
	Note    string
	Until   time.Time // what could not be sent until then fails
}

// An OrderItem is one object of an order and how far it got.
type OrderItem struct {
	Order         int64
	N             int
	Site          string // key
	Host, Service string // for look-ups; "" where the command has none
	Target        json.RawMessage
	State, Reason string
	Sent, Ended   time.Time // zero: not yet
}

// An OrderQuery chooses orders, newest first. A zero field chooses all.
type OrderQuery struct {
	Before   int64     // older than this id, for the next page
	From, To time.Time // given at or after, and before
	Who      string    // user name
	Via      string
	Command  string // name; one with an underscore at the end: all that begin so
	// Site, Host and Service choose orders that acted on such an object: a host
	// without a service stands for its services, too, unless HostOnly is set.
	Site, Host, Service string
	HostOnly            bool
	State               string // that have an item in this state
	Limit               int    // up to 1,000; 0: 100
}

// AddOrder stores an order with its items, and an entry of the audit, and
// returns its id. All of it is on disk when AddOrder returns nil.
func (d *DB) AddOrder(ctx context.Context, o Order, items []OrderItem) (id int64, err error) {
	args, err := json.Marshal(o.Args)
	if err != nil {
		return 0, fmt.Errorf("db: order: %w", err)
	}
	err = d.Write(ctx, func(t *Tx) error {
		id, err = t.insert(ctx, "INSERT INTO orders (at, person, who, via, ip, command, args, note, until) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
			millis(o.At), o.Person, cut(o.Who), cut(o.Via), cut(o.IP), o.Command, string(args), cut(o.Note), millis(o.Until))
		if err != nil {
			return err
		}
		st, err := t.tx.PrepareContext(ctx, "INSERT INTO order_items (order_id, n, site, host, service, target, state, reason, ended) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
		if err != nil {
			return t.explain(err)
		}
		defer st.Close()
		for _, i := range items {
			if _, err := st.ExecContext(ctx, id, i.N, i.Site, i.Host, i.Service, string(i.Target), i.State, cut(i.Reason), millis(i.Ended)); err != nil {
				return t.explain(err)
			}
		}
		o.ID = id
		counts := map[string]int{}
		for _, i := range items {
			counts[i.State]++
		}
		return t.AddAudit(ctx, o.audit("order.give", objectsOf(items), tally(counts)))
	})
	return id, err
}

// audit makes an entry about an order.
func (o *Order) audit(action, object, result string) Audit {
	detail := fmt.Sprintf("%s, order %d via %s", o.Command, o.ID, o.Via)
	if o.Note != "" {
		detail += ": " + o.Note
	}
	return Audit{At: o.At, Person: o.Person, Who: o.Who, IP: o.IP, Action: action, Object: object, Result: result, Detail: detail}
}

// objectsOf names what an order acts on: one object, or how many where.
func objectsOf(items []OrderItem) string {
	sites := map[string]bool{}
	for _, i := range items {
		sites[i.Site] = true
	}
	switch {
	case len(items) == 1 && items[0].Host != "":
		return strings.TrimSuffix(items[0].Host+" / "+items[0].Service, " / ") + " at " + items[0].Site
	case len(sites) == 1:
		return fmt.Sprintf("%d objects at %s", len(items), items[0].Site)
	}
	return fmt.Sprintf("%d objects at %d sites", len(items), len(sites))
}

// SetOrderItems stores the states of items, all or none. Of the orders that
// have ended with it, the audit gets an entry that says how; those of which an
// item is still on its way are left out.
func (d *DB) SetOrderItems(ctx context.Context, items []OrderItem, ended ...int64) error {
	return d.Write(ctx, func(t *Tx) error {
		st, err := t.tx.PrepareContext(ctx, "UPDATE order_items SET state = ?, reason = ?, sent = ?, ended = ? WHERE order_id = ? AND n = ?")
		if err != nil {
			return t.explain(err)
		}
		defer st.Close()
		for _, i := range items {
			if _, err := st.ExecContext(ctx, i.State, cut(i.Reason), millis(i.Sent), millis(i.Ended), i.Order, i.N); err != nil {
				return t.explain(err)
			}
		}
		for _, id := range ended {
			if err := t.endOrder(ctx, id); err != nil {
				return err
			}
		}
		return nil
	})
}

// endOrder writes into the audit how an order ended.
func (t *Tx) endOrder(ctx context.Context, id int64) error {
	o, err := t.Order(ctx, id)
	if err != nil {
		return err
	}
	counts, err := t.CountOrderItems(ctx, id)
	if err != nil || counts["accepted"]+counts["sending"]+counts["sent"] > 0 {
		return err
	}
	total := 0
	for _, n := range counts {
		total += n
	}
	object := fmt.Sprintf("%d objects", total)
	if total == 1 {
		items, err := t.OrderItems(ctx, id, 0, 1)
		if err != nil {
			return err
		}
		object = objectsOf(items)
	}
	a := o.audit("order.end", object, tally(counts))
	a.At = time.Time{} // now
	return t.AddAudit(ctx, a)
}

// tally writes numbers by state: "seen 9, unseen 1".
func tally(counts map[string]int) string {
	var out []string
	for _, s := range slices.Sorted(maps.Keys(counts)) {
		out = append(out, fmt.Sprintf("%s %d", s, counts[s]))
	}
	return strings.Join(out, ", ")
}

const orderColumns = "o.id, o.at, o.person, o.who, o.via, o.ip, o.command, o.args, o.note, o.until"

func scanOrder(row scanner) (Order, error) {
	var o Order
	var at, until int64
	var args string
	if err := row.Scan(&o.ID, &at, &o.Person, &o.Who, &o.Via, &o.IP, &o.Command, &args, &o.Note, &until); err != nil {
		return o, err
	}
	o.At, o.Until = fromMillis(at), fromMillis(until)
	return o, json.Unmarshal([]byte(args), &o.Args)
}

// Order returns an order; [ErrNotFound] when there is none.
func (r reads) Order(ctx context.Context, id int64) (Order, error) {
	o, err := scanOrder(r.q.QueryRowContext(ctx, "SELECT "+orderColumns+" FROM orders o WHERE o.id = ?", id))
	if errors.Is(err, sql.ErrNoRows) {
		return o, fmt.Errorf("db: order %d: %w", id, ErrNotFound)
	}
	if err != nil {
		return o, fmt.Errorf("db: order %d: %w", id, err)
	}
	return o, nil
}

// where returns the condition on orders o and its arguments.
func (q *OrderQuery) where() (where []string, args []any) {
	where = []string{"1"}
	add := func(on bool, cond string, values ...any) {
		if on {
			where, args = append(where, cond), append(args, values...)
		}
	}
	add(q.Before > 0, "o.id < ?", q.Before)
	add(!q.From.IsZero(), "o.at >= ?", millis(q.From))
	add(!q.To.IsZero(), "o.at < ?", millis(q.To))
	add(q.Who != "", "o.who = ?", q.Who)
	add(q.Via != "", "o.via = ?", q.Via)
	if family, ok := strings.CutSuffix(q.Command, "_"); ok {
		add(true, "o.command >= ? AND o.command < ?", q.Command, family+"`") // "_" is followed by "`"
	} else {
		add(q.Command != "", "o.command = ?", q.Command)
	}
	add(q.State != "", "EXISTS (SELECT 1 FROM order_items i WHERE i.order_id = o.id AND i.state = ?)", q.State)
	items, values := []string{}, []any{}
	item := func(on bool, column, value string) {
		if on {
			items, values = append(items, column+" = ?"), append(values, value)
		}
	}
	item(q.Host != "", "host", q.Host)
	item(q.Service != "" || q.HostOnly, "service", q.Service)
	item(q.Site != "", "site", q.Site)
	switch {
	case q.Host != "":
		add(true, "o.id IN (SELECT order_id FROM order_items WHERE "+strings.Join(items, " AND ")+")", values...)
	case len(items) > 0: // of many: from the newest order on
		add(true, "EXISTS (SELECT 1 FROM order_items WHERE order_id = o.id AND "+strings.Join(items, " AND ")+")", values...)
	}
	return where, args
}

// Orders returns the orders that q asks for, newest first.
func (r reads) Orders(ctx context.Context, q OrderQuery) ([]Order, error) {
	if q.Limit <= 0 {
		q.Limit = 100
	}
	where, args := q.where()
	args = append(args, between(q.Limit, 1, auditPageMost))
	rows, err := r.q.QueryContext(ctx, "SELECT "+orderColumns+" FROM orders o WHERE "+strings.Join(where, " AND ")+" ORDER BY o.id DESC LIMIT ?", args...)
	if err != nil {
		return nil, fmt.Errorf("db: orders: %w", err)
	}
	return collect(rows, scanOrder)
}

const itemColumns = "order_id, n, site, host, service, target, state, reason, sent, ended"

func scanItem(row scanner) (OrderItem, error) {
	var i OrderItem
	var target string
	var sent, ended int64
	err := row.Scan(&i.Order, &i.N, &i.Site, &i.Host, &i.Service, &target, &i.State, &i.Reason, &sent, &ended)
	i.Target, i.Sent, i.Ended = json.RawMessage(target), fromMillis(sent), fromMillis(ended)
	return i, err
}

// OrderItems returns up to limit items of an order from place from on, at most
// 1,000.
func (r reads) OrderItems(ctx context.Context, order int64, from, limit int) ([]OrderItem, error) {
	rows, err := r.q.QueryContext(ctx, "SELECT "+itemColumns+" FROM order_items WHERE order_id = ? AND n >= ? ORDER BY n LIMIT ?",
		order, from, between(limit, 1, auditPageMost))
	if err != nil {
		return nil, fmt.Errorf("db: items of order %d: %w", order, err)
	}
	return collect(rows, scanItem)
}

// OpenOrderItems returns all items that are accepted, sending or sent: what a
// restart has to look at.
func (r reads) OpenOrderItems(ctx context.Context) ([]OrderItem, error) {
	rows, err := r.q.QueryContext(ctx, "SELECT "+itemColumns+" FROM order_items WHERE state IN ('accepted', 'sending', 'sent') ORDER BY order_id, n")
	if err != nil {
		return nil, fmt.Errorf("db: open items: %w", err)
	}
	return collect(rows, scanItem)
}

// CountOrderItems returns how many items of an order are in each state.
func (r reads) CountOrderItems(ctx context.Context, order int64) (map[string]int, error) {
	rows, err := r.q.QueryContext(ctx, "SELECT state, count(*) FROM order_items WHERE order_id = ? GROUP BY state", order)
	if err != nil {
		return nil, fmt.Errorf("db: items of order %d: %w", order, err)
	}
	defer rows.Close()
	out := map[string]int{}
	for rows.Next() {
		var state string
		var n int
		if err := rows.Scan(&state, &n); err != nil {
			return nil, fmt.Errorf("db: items of order %d: %w", order, err)
		}
		out[state] = n
	}
	return out, rows.Err()
}

// PruneOrders deletes orders given before a time, whose items have all ended,
// in small transactions, and promises that nobody could keep since. The entries
// of the audit about them stay.
func (d *DB) PruneOrders(ctx context.Context, before time.Time) error {
	for {
		var n int64
		err := d.Write(ctx, func(t *Tx) (err error) {
			n, err = t.exec(ctx, `DELETE FROM orders WHERE id IN (SELECT id FROM orders WHERE at < ? AND NOT EXISTS
				(SELECT 1 FROM order_items WHERE order_id = orders.id AND state IN ('accepted', 'sending', 'sent')) ORDER BY id LIMIT ?)`, millis(before), pruneOrders)
			return err
		})
		if err != nil {
			return err
		}
		if n < pruneOrders {
			break
		}
	}
	return d.Write(ctx, func(t *Tx) error {
		_, err := t.exec(ctx, "DELETE FROM promises WHERE due < ?", millis(before))
		return err
	})
}

// pruneOrders is how many orders, each with up to some 10,000 items, are
// deleted at once.
const pruneOrders = 5
