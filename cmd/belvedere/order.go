package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"slices"
	"strings"
	"time"

	"belvedere/internal/app"
	"belvedere/internal/command"
	"belvedere/internal/config"
	"belvedere/internal/remote"
	"belvedere/internal/search"
)

// orderFlags are what all verbs that give orders take.
type orderFlags struct {
	tlsFlags
	At     string        `help:"Address of a Belvedere or a core." placeholder:"ADDRESS" default:"tcp://127.0.0.1:6557"`
	Author string        `help:"Who gives the order; none: the user of this machine. A Belvedere puts the person of its listener in its place." placeholder:"NAME"`
	Wait   time.Duration `help:"How long to wait for the effect to show; 0 does not wait." default:"15s"`
	Config string        `help:"Configuration file whose commands part says what may be sent to a core; none: dangerous commands are off." placeholder:"FILE"`
}

// with connects, and calls do with the sites at the other end.
func (f orderFlags) with(w *world, do func(r *remote.Remote, sites map[string]remote.Site) error) error {
	if f.Wait < 0 || f.Wait > 10*time.Minute {
		return &usageError{"--wait is out of bounds", "use 0s to 10m"}
	}
	address, err := f.address(f.At)
	if err != nil {
		return err
	}
	cfg, err := config.Load(f.Config, w.env)
	if err != nil {
		return err
	}
	author, err := f.author()
	if err != nil {
		return err
	}
	r, err := remote.Open(w.ctx, remote.Options{
		Address: address, Author: author, Wait: f.Wait, Policy: app.PolicyOf(cfg.Commands), Rules: app.RulesOf(cfg.Commands),
	})
	if err != nil {
		return plain(err)
	}
	defer r.Close()
	sites, err := r.Sites(w.ctx)
	if err != nil {
		return plain(err)
	}
	return do(r, sites)
}

// author returns who gives the order.
func (f orderFlags) author() (string, error) {
	if f.Author != "" {
		return f.Author, nil
	}
	u, err := user.Current()
	if err != nil || u.Username == "" {
		return "", &usageError{"the user of this machine has no name", "say who gives the order with --author NAME"}
	}
	return u.Username, nil
}

// carryOut gives orders, waits for what becomes of them and says it by site.
func (f orderFlags) carryOut(w *world, r *remote.Remote, sites map[string]remote.Site, orders []command.Order) error {
	var ids []int64
	for _, o := range orders {
		id, err := r.Desk.Give(w.ctx, r.Actor(), o)
		if err != nil {
			return plain(err)
		}
		ids = append(ids, id)
	}
	var items []command.Item
	for _, id := range ids {
		if err := f.await(w.ctx, r, id); err != nil {
			return plain(err)
		}
		all, err := allItems(w.ctx, r, id)
		if err != nil {
			return err
		}
		items = append(items, all...)
	}
	err := f.tell(w, sites, items)
	if err != nil && r.Belvedere && slices.ContainsFunc(items, func(i command.Item) bool { return strings.Contains(i.Reason, "status 403") }) {
		fmt.Fprintln(w.err, "hint: look at as: and commands: of this listener in the configuration of the Belvedere there")
	}
	return err
}

// await returns when an order has ended; without a time to wait for effects,
// when all of it has been sent. The context's end is an error.
func (f orderFlags) await(ctx context.Context, r *remote.Remote, id int64) error {
	for {
		next := r.Desk.Changed()
		report, err := r.Desk.Report(ctx, id)
		if err != nil {
			return err
		}
		if report.Open() == 0 || f.Wait == 0 && report.Counts[command.Accepted]+report.Counts[command.Sending] == 0 {
			return nil
		}
		select {
		case <-next:
		case <-ctx.Done():
			return &hinted{"interrupted", "what was sent is not taken back; look at the objects"}
		}
	}
}

// pageOfItems is how many items are read at once.
const pageOfItems = 1000

func allItems(ctx context.Context, r *remote.Remote, id int64) ([]command.Item, error) {
	var out []command.Item
	for {
		page, err := r.Desk.Items(ctx, id, len(out), pageOfItems)
		if err != nil {
			return nil, err
		}
		out = append(out, page...)
		if len(page) < pageOfItems {
			return out, nil
		}
	}
}

// outcomes are the states of items in words, the best first.
var outcomes = []struct {
	state command.State
	words string
	good  bool
}{
	{command.Seen, "seen", true}, {command.Done, "sent; its effect cannot be seen", true}, {command.Sent, "sent", true},
	{command.Unseen, "not seen", false}, {command.Unknown, "unknown", false}, {command.Failed, "failed", false},
	{command.Refused, "refused", false}, {command.Cancelled, "cancelled", false},
}

// troubleMost is how many objects are named for each outcome of a site.
const troubleMost = 20

// tell prints by site what became of the items; not all well is an exit status.
func (f orderFlags) tell(w *world, sites map[string]remote.Site, items []command.Item) error {
	var keys []string
	by := map[string]map[command.State][]command.Item{}
	bad := 0
	for _, it := range items {
		key := it.Target.Site
		if by[key] == nil {
			keys, by[key] = append(keys, key), map[command.State][]command.Item{}
		}
		by[key][it.State] = append(by[key][it.State], it)
	}
	slices.SortFunc(keys, func(a, b string) int { return strings.Compare(sites[a].Name, sites[b].Name) })
	for _, key := range keys {
		for _, o := range outcomes {
			list := by[key][o.state]
			if len(list) == 0 {
				continue
			}
			if o.good {
				fmt.Fprintf(w.out, "%s: %d %s\n", printable(sites[key].Name), len(list), o.words)
				continue
			}
			bad += len(list)
			for i, it := range list {
				if i == troubleMost {
					fmt.Fprintf(w.out, "%s: %s: %d more\n", printable(sites[key].Name), o.words, len(list)-i)
					break
				}
				fmt.Fprintf(w.out, "%s: %s: %s: %s\n", printable(sites[key].Name), o.words, name(it.Target), printable(strings.TrimSpace(it.Reason)))
			}
		}
	}
	if bad > 0 {
		return exitError(exitFailed)
	}
	return nil
}

// name returns the object of a target for reading.
func name(t command.Target) string {
	switch {
	case t.Service != "":
		return printable(t.Host + " / " + t.Service)
	case t.Host != "":
		return printable(t.Host)
	case t.Group != "":
		return printable("group " + t.Group)
	case t.Contact != "":
		return printable("contact " + t.Contact)
	}
	return "the core"
}

// place is name with the site.
func place(sites map[string]remote.Site, t command.Target) string {
	return name(t) + " on " + printable(sites[t.Site].Name)
}

// badFilter explains what is wrong with a filter, with the word marked.
func badFilter(text string, err error) error {
	bad, ok := errors.AsType[*search.Error](err)
	if !ok {
		return plain(err)
	}
	msg := "filter: " + strings.TrimPrefix(bad.Error(), "search: ")
	hint := "filters are those of the query bar, see docs/search.md"
	if bad.From >= 0 && bad.From < bad.To && bad.To <= len(text) && !strings.ContainsFunc(text, isControl) {
		msg += "\n  " + text + "\n  " + strings.Repeat(" ", len([]rune(text[:bad.From]))) + strings.Repeat("^", len([]rune(text[bad.From:bad.To])))
	}
	return &usageError{msg, hint}
}

// terminal returns standard input when a person sits at it.
func terminal(w *world) (*os.File, bool) {
	f, ok := w.in.(*os.File)
	return f, ok && isTerminal(f)
}
