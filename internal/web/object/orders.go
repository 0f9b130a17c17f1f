package object

import (
	"context"
	"reflect"

	"belvedere/internal/db"
	"belvedere/internal/lql"
)

// An OrderReader reads what people had done with an object; *db.DB is one.
type OrderReader interface {
	// ObjectOrders returns the newest orders on a host or service.
	ObjectOrders(ctx context.Context, site, host, service string, limit int) ([]db.ObjectOrder, error)
}

// ordersShown is how many orders the page of an object shows.
const ordersShown = 10

// WithOrders returns o with its newest orders. Whoever calls it has made sure
// that o may be seen, and so may these.
func (o Object) WithOrders(ctx context.Context, r OrderReader) (Object, error) {
	read := func(ctx context.Context) ([]db.ObjectOrder, error) {
		return r.ObjectOrders(ctx, o.Site, o.Host, o.Service, ordersShown)
	}
	orders, err := read(ctx)
	lql.Traced(ctx, func(ctx context.Context) bool {
		again, err := read(ctx)
		return err == nil && reflect.DeepEqual(orders, again)
	})
	o.Orders = orders
	return o, err
}
