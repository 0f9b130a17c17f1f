package command

import (
	"context"
	"fmt"
	"slices"

	"belvedere/internal/lql"
	"belvedere/internal/schema"
)

// For returns what takes external commands as Livestatus clients send them, in
// the name of a. A command goes to the backends it names, else to every site
// where its object is and a sees it. Send returns when the order is kept; its
// errors are [*Problem].
func (d *Desk) For(a Actor) lql.Sender { return sender{d, a} }

type sender struct {
	d *Desk
	a Actor
}

// Send implements [lql.Sender].
func (s sender) Send(ctx context.Context, c lql.Command) error {
	o, err := s.d.Read(ctx, s.a, c)
	if err != nil {
		return err
	}
	id, err := s.d.Give(ctx, s.a, o)
	if err != nil {
		return err
	}
	items, err := s.d.Items(ctx, id, 0, len(o.Targets))
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(items, func(i Item) bool { return i.State != Refused }) {
		return &Problem{Msg: items[0].Reason}
	}
	return nil
}

// Read returns the order that a command means as Livestatus clients write it:
// for its object on the backends it names, else on every site where a sees it.
// An author among its values is left out, since that is always who gives the
// order. The error is a [*Problem].
func (d *Desk) Read(ctx context.Context, a Actor, c lql.Command) (Order, error) {
	def, ok := schema.LookupCommand(c.Name)
	if !ok {
		return Order{}, &Problem{Msg: fmt.Sprintf("There is no command %q.", clip(c.Name)), Hint: noSuchHint}
	}
	o, t, err := read(def, c.Args)
	if err != nil {
		return Order{}, err
	}
	sites, err := sender{d, a}.sites(ctx, def, t, c.Backends)
	if err != nil {
		return Order{}, err
	}
	for _, site := range sites {
		t.Site = site
		o.Targets = append(o.Targets, t)
	}
	return o, nil
}

const noSuchHint = "belvedere schema --commands lists all commands."

// read takes the arguments of a command line apart: the object, and the rest
// by name. The author is dropped: it is always who sends.
func read(def *schema.Command, args []string) (Order, Target, error) {
	o, t := Order{Command: def.Name, Args: map[string]string{}}, Target{}
	args = join(args, len(def.Params))
	if len(args) > len(def.Params) {
		return o, t, &Problem{Msg: fmt.Sprintf("%s takes no values.", def.Name)}
	}
	for i, p := range def.Params {
		if i >= len(args) {
			break // what is missing is said by spell
		}
		v := args[i]
		switch {
		case p.Type == schema.PHost && t.Host == "":
			t.Host = v
		case p.Type == schema.PService:
			t.Service = v
		case p.Type == schema.PHostGroup, p.Type == schema.PServiceGroup:
			t.Group = v
		case p.Type == schema.PContact, p.Type == schema.PContactGroup:
			t.Contact = v
		case p.Type == schema.PAuthor:
		default:
			o.Args[p.Name] = v
		}
	}
	return o, t, nil
}

// join puts together what semicolons in the last argument cut apart.
func join(args []string, most int) []string {
	if most == 0 || len(args) <= most {
		return args
	}
	out := slices.Clone(args[:most])
	for _, a := range args[most:] {
		out[most-1] += ";" + a
	}
	return out
}

// sites are those that a command goes to.
func (s sender) sites(ctx context.Context, def *schema.Command, t Target, backends []string) ([]string, error) {
	var q *lql.Query
	switch {
	case t.Host != "":
		table, object := objectOf(t)
		q = lql.Get(table, "peer_key").Where(object)
	case t.Group != "" && def.Params[0].Type == schema.PHostGroup:
		q = lql.Get("hostgroups", "peer_key").Where(lql.Eq("name", t.Group))
	case t.Group != "":
		q = lql.Get("servicegroups", "peer_key").Where(lql.Eq("name", t.Group))
	case t.Contact != "" && def.Params[0].Type == schema.PContact:
		q = lql.Get("contacts", "peer_key").Where(lql.Eq("name", t.Contact))
	case t.Contact != "":
		q = lql.Get("contactgroups", "peer_key").Where(lql.Eq("name", t.Contact))
	default:
		q = lql.Get("sites", "peer_key")
	}
	res, err := s.d.o.Engine.For(s.a.Viewer).Query(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("command: find the object: %w", err)
	}
	var out []string
	for i := range res.Rows {
		key := res.Text(i, "peer_key")
		if (len(backends) == 0 || slices.Contains(backends, key)) && !slices.Contains(out, key) {
			out = append(out, key)
		}
	}
	switch {
	case len(out) == 0:
		return nil, &Problem{Msg: notHere}
	case len(out) > 1 && len(backends) == 0 && t == (Target{}):
		// A command for a core as a whole must say which.
		return nil, &Problem{Msg: fmt.Sprintf("%s is for one core, and there are %d.", def.Name, len(out)), Hint: "Name it: with a Backends header, or belvedere send --site NAME."}
	}
	return out, nil
}
