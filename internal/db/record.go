package db

import (
	"context"
	"fmt"
	"iter"
)

// An ObjectOrder is an order with what became of one of its objects.
type ObjectOrder struct {
	Order
	Item OrderItem
}

// ObjectOrders returns the newest orders that acted on a host, or on a service,
// each with its item for that object; those for the services of a host are not
// among those of the host. At most 1,000.
func (r reads) ObjectOrders(ctx context.Context, site, host, service string, limit int) ([]ObjectOrder, error) {
	rows, err := r.q.QueryContext(ctx, "SELECT "+orderColumns+", i.n, i.state, i.reason, i.sent, i.ended FROM order_items i JOIN orders o ON o.id = i.order_id "+
		"WHERE i.host = ? AND i.service = ? AND i.site = ? ORDER BY i.order_id DESC, i.n LIMIT ?", host, service, site, between(limit, 1, auditPageMost))
	if err != nil {
		return nil, fmt.Errorf("db: orders of an object: %w", err)
	}
	return collect(rows, func(row scanner) (ObjectOrder, error) {
		var x ObjectOrder
		var sent, ended int64
		o, err := scanOrder(also{row, []any{&x.Item.N, &x.Item.State, &x.Item.Reason, &sent, &ended}})
		x.Order, x.Item.Order, x.Item.Site, x.Item.Host, x.Item.Service = o, o.ID, site, host, service
		x.Item.Sent, x.Item.Ended = fromMillis(sent), fromMillis(ended)
		return x, err
	})
}

// also scans a row that has further columns at its end.
type also struct {
	scanner
	more []any
}

// Scan implements scanner.
func (a also) Scan(to ...any) error { return a.scanner.Scan(append(to, a.more...)...) }

// pageOfAll is how many rows EachAudit and EachOrder read at a time.
const pageOfAll = 500

// EachAudit walks through all entries that q asks for, newest first, reading
// them piece by piece; Limit is ignored. An error is the last thing it yields.
func (r reads) EachAudit(ctx context.Context, q AuditQuery) iter.Seq2[Audit, error] {
	return func(yield func(Audit, error) bool) {
		q.Limit = pageOfAll
		for {
			page, err := r.AuditLog(ctx, q)
			if err != nil {
				yield(Audit{}, err)
				return
			}
			for _, a := range page {
				if q.Before = a.ID; !yield(a, nil) {
					return
				}
			}
			if len(page) < pageOfAll {
				return
			}
		}
	}
}

// EachOrder is EachAudit for orders.
func (r reads) EachOrder(ctx context.Context, q OrderQuery) iter.Seq2[Order, error] {
	return func(yield func(Order, error) bool) {
		q.Limit = pageOfAll
		for {
			page, err := r.Orders(ctx, q)
			if err != nil {
				yield(Order{}, err)
				return
			}
			for _, o := range page {
				if q.Before = o.ID; !yield(o, nil) {
					return
				}
			}
			if len(page) < pageOfAll {
				return
			}
		}
	}
}

// EachOrderItem walks through all items of an order in their order, reading
// them piece by piece. An error is the last thing it yields.
func (r reads) EachOrderItem(ctx context.Context, order int64) iter.Seq2[OrderItem, error] {
	return func(yield func(OrderItem, error) bool) {
		for from := 0; ; {
			page, err := r.OrderItems(ctx, order, from, pageOfAll)
			if err != nil {
				yield(OrderItem{}, err)
				return
			}
			for _, i := range page {
				if from = i.N + 1; !yield(i, nil) {
					return
				}
			}
			if len(page) < pageOfAll {
				return
			}
		}
	}
}
