// Package act is the room where people act on what they see: the forms of all
// commands, and the orders that come of them with how far each one got.
//
// An order reaches only what its author sees. What is shown before it is given
// is exactly what it is given for: the form carries the names. Giving an order
// is a POST; no GET changes anything.
package act

import (
	"context"
	"net/http"
	"time"

	"belvedere/internal/command"
	"belvedere/internal/db"
	"belvedere/internal/schema"
	"belvedere/internal/web"
)

// A Desk takes orders; *command.Desk is one.
type Desk interface {
	Give(ctx context.Context, a command.Actor, o command.Order) (int64, error)
	Preview(ctx context.Context, a command.Actor, o command.Order) ([]command.Item, error)
	May(ctx context.Context, a command.Actor, class schema.CommandClass, site string) (string, error)
	Report(ctx context.Context, id int64) (command.Report, error)
	Items(ctx context.Context, id int64, from, limit int) ([]command.Item, error)
	Cancel(ctx context.Context, a command.Actor, id int64) (int, error)
	Retry(ctx context.Context, a command.Actor, id int64) (int64, error)
	EditDowntime(ctx context.Context, a command.Actor, o command.Order) (set, cancel int64, err error)
	Rules() command.Rules
	Wait(ctx context.Context, id int64) (command.Report, error)
	Changed() <-chan struct{}
}

// A Store lists orders; *db.DB is one.
type Store interface {
	Orders(ctx context.Context, q db.OrderQuery) ([]db.Order, error)
	CountOrderItems(ctx context.Context, order int64) (map[string]int, error)
}

// Options are what the room needs.
type Options struct {
	Desk  Desk
	Store Store
	// Hold is how long an order waits for a site that is down, when nobody says;
	// 0: 10 minutes.
	Hold time.Duration
}

type handler struct{ Options }

// maxForm bounds a form: it carries the names of all objects.
const maxForm = 8 << 20

// Feature returns the room.
func Feature(o Options) web.Feature {
	if o.Hold <= 0 {
		o.Hold = 10 * time.Minute
	}
	h := handler{o}
	return web.Feature{
		Name: "act",
		Menu: []web.MenuItem{{Name: "orders", Label: "Orders", Icon: "play", Path: "/orders", Group: 1, Order: 50, Right: web.SignedIn}},
		Routes: []web.Route{
			{Pattern: "GET /act/{action}", Right: web.SignedIn, Handler: h.form, Fresh: true},
			{Pattern: "POST /act/{action}/form", Right: web.SignedIn, Handler: h.form, MaxBody: maxForm},
			{Pattern: "POST /act/{action}", Right: web.SignedIn, Handler: h.give, MaxBody: maxForm},
			{Pattern: "GET /act/more", Right: web.SignedIn, Handler: h.more, Fresh: true},
			{Pattern: "POST /act/more/form", Right: web.SignedIn, Handler: h.more, MaxBody: maxForm},
			{Pattern: "GET /act/when", Right: web.SignedIn, Handler: h.when},
			{Pattern: "GET /orders", Right: web.SignedIn, Handler: h.list, Fresh: true},
			{Pattern: "GET /orders/{ids}", Right: web.SignedIn, Handler: h.show, Fresh: true},
			{Pattern: "GET /orders/{ids}/progress", Right: web.SignedIn, Handler: h.progress},
			{Pattern: "POST /orders/{ids}/cancel", Right: web.SignedIn, Handler: h.cancel},
			{Pattern: "POST /orders/{ids}/undo", Right: web.SignedIn, Handler: h.undo},
			{Pattern: "POST /orders/{ids}/retry", Right: web.SignedIn, Handler: h.retry},
		},
	}
}

// actor is who gives an order by r: they reach what they see, whatever sites
// are chosen.
func actor(r *http.Request) command.Actor {
	p := web.Person(r)
	return command.Actor{ID: p.ID, Name: p.Username, Role: p.Role, Viewer: web.WholeViewer(r), IP: web.RemoteIP(r), Via: "web"}
}
