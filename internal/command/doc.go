// Package command carries out orders: external commands that a person gives,
// for any number of objects on any number of sites.
//
// External commands are fire and forget, and a wrong one can hit another
// object. So an order is checked against the schema, the rights of who gives
// it and the state of each object; it is on disk before anything is sent; each
// object has its own item that goes from accepted over sent to seen, which
// means that the effect showed in the core's own state. What a crash
// interrupts is never sent again blindly: the core is read, and what cannot be
// decided stays unknown.
//
// The package knows cores only as [Sites] and their state only through an
// [lql.Querier]. It knows no page and no configuration file.
package command
