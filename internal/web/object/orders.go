package object

import (
	"context"

	"belvedere/internal/db"
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
	var err error
	o.Orders, err = r.ObjectOrders(ctx, o.Site, o.Host, o.Service, ordersShown)
	return o, err
}
