package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
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

// An OrderQuery chooses orders, newest first.
type OrderQuery struct {
	Before              int64 // older than this id; 0: from the newest
	Who                 string
	Site, Host, Service string // orders that acted on this object; Site "": any
	Limit               int    // up to 1,000; 0: 100
}

// AddOrder stores an order with its items and returns its id. All of it is on
// disk when AddOrder returns nil.
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
		return nil
	})
	return id, err
}

// SetOrderItems stores the states of items, all or none.
func (d *DB) SetOrderItems(ctx context.Context, items []OrderItem) error {
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
		return nil
	})
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

// Orders returns the orders that q asks for, newest first.
func (r reads) Orders(ctx context.Context, q OrderQuery) ([]Order, error) {
	if q.Limit <= 0 {
		q.Limit = 100
	}
	where, args := []string{"1"}, []any{}
	if q.Before > 0 {
		where, args = append(where, "o.id < ?"), append(args, q.Before)
	}
	if q.Who != "" {
		where, args = append(where, "o.who = ?"), append(args, q.Who)
	}
	if q.Site != "" {
		where = append(where, "o.id IN (SELECT order_id FROM order_items WHERE site = ? AND host = ? AND service = ?)")
		args = append(args, q.Site, q.Host, q.Service)
	}
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
// in small transactions.
func (d *DB) PruneOrders(ctx context.Context, before time.Time) error {
	for {
		var n int64
		err := d.Write(ctx, func(t *Tx) (err error) {
			n, err = t.exec(ctx, `DELETE FROM orders WHERE id IN (SELECT id FROM orders WHERE at < ? AND NOT EXISTS
				(SELECT 1 FROM order_items WHERE order_id = orders.id AND state IN ('accepted', 'sending', 'sent')) ORDER BY id LIMIT 100)`, millis(before))
			return err
		})
		if err != nil || n < 100 {
			return err
		}
	}
}

// A Promise is an acknowledgement that we take back ourselves when it is due.
type Promise struct {
	ID            int64
	Due           time.Time
	Site          string // key
	Host, Service string
	Who           string          // who acknowledged
	Entry         json.RawMessage // the acknowledgement's comment, to find that same one again
}

// AddPromise stores a promise and returns its id.
func (d *DB) AddPromise(ctx context.Context, p Promise) (id int64, err error) {
	err = d.Write(ctx, func(t *Tx) error {
		id, err = t.insert(ctx, "INSERT INTO promises (due, site, host, service, who, entry) VALUES (?, ?, ?, ?, ?, ?)",
			millis(p.Due), p.Site, p.Host, p.Service, cut(p.Who), string(p.Entry))
		return err
	})
	return id, err
}

// RemovePromise deletes a promise that was kept or has no object any more.
func (d *DB) RemovePromise(ctx context.Context, id int64) error {
	return d.Write(ctx, func(t *Tx) error {
		_, err := t.exec(ctx, "DELETE FROM promises WHERE id = ?", id)
		return err
	})
}

// Promises returns all promises, the first due first.
func (r reads) Promises(ctx context.Context) ([]Promise, error) {
	rows, err := r.q.QueryContext(ctx, "SELECT id, due, site, host, service, who, entry FROM promises ORDER BY due, id")
	if err != nil {
		return nil, fmt.Errorf("db: promises: %w", err)
	}
	return collect(rows, func(row scanner) (Promise, error) {
		var p Promise
		var due int64
		var entry string
		err := row.Scan(&p.ID, &due, &p.Site, &p.Host, &p.Service, &p.Who, &entry)
		p.Due, p.Entry = fromMillis(due), json.RawMessage(entry)
		return p, err
	})
}
