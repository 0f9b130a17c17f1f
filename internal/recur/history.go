package recur

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/auth"
	"belvedere/internal/db"
	"belvedere/internal/lql"
)

// A seenKey tells downtimes apart over restarts of their core, which numbers
// them anew.
type seenKey struct {
	site, host, service, author string
	entered, starts, ends       int64
}

const (
	backWithin = time.Hour // a core that restarts drops and reads its downtimes again
	pruneEvery = 6 * time.Hour
	seenAtOnce = 5000
)

func keyOf(d db.SeenDowntime) seenKey {
	return seenKey{d.Site, d.Host, d.Service, d.Author, d.Entered.Unix(), d.Starts.Unix(), d.Ends.Unix()}
}

// watch notes which downtimes the cores have, and which they have no more.
func (s *Service) watch(ctx context.Context) error {
	now := s.o.Now()
	if s.seen == nil {
		open, err := s.o.Store.SeenOpen(ctx, now.Add(-backWithin))
		if err != nil {
			return err
		}
		s.seen = make(map[seenKey]db.SeenDowntime, len(open))
		for _, d := range open {
			s.seen[keyOf(d)] = d
		}
	}
	res, err := s.all().Query(ctx, lql.Get("downtimes", "peer_key", "host_name", "service_description", "author", "comment", "entry_time", "start_time", "end_time", "fixed"))
	if err != nil {
		return fmt.Errorf("recur: look at the downtimes: %w", err)
	}
	there := make(map[seenKey]bool, res.Rows)
	var changed []db.SeenDowntime
	for i := range res.Rows {
		d := db.SeenDowntime{Site: res.Text(i, "peer_key"), Host: res.Text(i, "host_name"), Service: res.Text(i, "service_description"),
			Author: res.Text(i, "author"), Text: res.Text(i, "comment"), Fixed: res.Int(i, "fixed") != 0,
			Entered: time.Unix(res.Int(i, "entry_time"), 0), Starts: time.Unix(res.Int(i, "start_time"), 0), Ends: time.Unix(res.Int(i, "end_time"), 0)}
		k := keyOf(d)
		there[k] = true
		old, known := s.seen[k]
		if known && old.Gone.IsZero() {
			continue
		}
		d.ID = old.ID
		changed = append(changed, d)
	}
	fresh := map[string]bool{}
	for _, p := range res.Parts {
		fresh[p.Key] = !p.Missing && p.Err == ""
	}
	for k, d := range s.seen {
		switch {
		case there[k]:
		case d.Gone.IsZero() && fresh[k.site]:
			d.Gone = now
			changed = append(changed, d)
		case !d.Gone.IsZero() && d.Gone.Before(now.Add(-backWithin)):
			delete(s.seen, k)
		}
	}
	if err := s.note(ctx, changed); err != nil {
		return err
	}
	if now.Sub(s.pruned) < pruneEvery {
		return nil
	}
	s.pruned = now
	return s.o.Store.PruneSeen(ctx, now)
}

// note stores what changed. What is new is read back for its number.
func (s *Service) note(ctx context.Context, changed []db.SeenDowntime) error {
	for list := range slices.Chunk(changed, seenAtOnce) {
		if err := s.o.Store.KeepSeen(ctx, list); err != nil {
			s.seen = nil // read anew what is stored
			return err
		}
	}
	for _, d := range changed {
		if d.ID == 0 {
			s.seen = nil
			return nil
		}
		s.seen[keyOf(d)] = d
	}
	return nil
}

// The stages of an [Entry].
const (
	Past    = "past"    // it is over
	Now     = "now"     // it lasts
	Coming  = "coming"  // the cores have it
	Planned = "planned" // a rule means it, no core has it yet
)

// An Entry is one line of the calendar: downtimes of the same time, author and
// comment, or an occurrence of a rule.
type Entry struct {
	Start, End time.Time
	Stage      string
	Text       string // comment, without mark
	Author     string
	Rule       *Rule // nil: none, or one that the viewer does not see
	Objects    int
	Hosts      []string // names of up to three
	Cut        bool     // it ended before its time
}

const (
	entriesMost = 2000
	pastMost    = 20_000
)

// Calendar returns what lasts at some time from from to to and a person sees,
// in the order it begins; more says that there is more than can be shown.
func (s *Service) Calendar(ctx context.Context, p auth.Person, v access.Viewer, from, to time.Time) (list []Entry, more bool, parts []lql.Part, err error) {
	rules, err := s.Rules(ctx, p)
	if err != nil {
		return nil, false, nil, err
	}
	c := calendar{s: s, now: s.o.Now(), from: from, to: to, rules: map[string]*Rule{}, by: map[entryKey]*Entry{}, taken: map[string]bool{}}
	for i := range rules {
		c.rules[rules[i].Mark] = &rules[i]
	}
	q := s.o.Engine.For(v)
	if err := c.present(ctx, q); err != nil {
		return nil, false, nil, err
	}
	if err := c.past(ctx, q, v); err != nil {
		return nil, false, nil, err
	}
	c.planned(rules)
	for _, e := range c.by {
		list = append(list, *e)
	}
	slices.SortFunc(list, func(a, b Entry) int {
		return cmp.Or(a.Start.Compare(b.Start), b.End.Compare(a.End), strings.Compare(a.Text, b.Text), strings.Compare(a.Author, b.Author))
	})
	if len(list) > entriesMost {
		list, c.more = list[:entriesMost], true
	}
	return list, c.more, c.parts, nil
}

type entryKey struct {
	start, end   int64
	text, author string
	past         bool
}

// A calendar is being put together.
type calendar struct {
	s        *Service
	now      time.Time
	from, to time.Time
	rules    map[string]*Rule // by mark
	by       map[entryKey]*Entry
	taken    map[string]bool // marks of occurrences that are in it
	parts    []lql.Part
	more     bool
}

// add adds objects to an entry.
func (c *calendar) add(d db.SeenDowntime, objects int) {
	k := entryKey{d.Starts.Unix(), d.Ends.Unix(), d.Text, d.Author, !d.Gone.IsZero()}
	e := c.by[k]
	if e == nil {
		e = &Entry{Start: d.Starts, End: d.Ends, Text: d.Text, Author: d.Author, Stage: c.stage(d)}
		if mark, name, ok := markIn(d.Text); ok {
			c.taken[mark+"-"+name] = true
			if e.Rule = c.rules[mark]; e.Rule != nil {
				e.Text = strings.TrimSpace(strings.TrimSuffix(d.Text, markOf(mark, name)))
			}
		}
		if !d.Gone.IsZero() && d.Gone.Before(d.Ends.Add(-time.Minute)) {
			e.End, e.Cut = d.Gone, true
		}
		c.by[k] = e
	}
	e.Objects += objects
	if d.Host != "" && len(e.Hosts) < 3 && !slices.Contains(e.Hosts, d.Host) {
		e.Hosts = append(e.Hosts, d.Host)
	}
}

func (c *calendar) stage(d db.SeenDowntime) string {
	switch {
	case !d.Gone.IsZero(), !d.Ends.After(c.now):
		return Past
	case d.Starts.After(c.now):
		return Coming
	}
	return Now
}

// present adds what the cores have.
func (c *calendar) present(ctx context.Context, q lql.Querier) error {
	query := lql.Get("downtimes", "host_name", "comment", "author", "start_time", "end_time").Where(
		lql.Cmp("start_time", lql.Less, unixText(c.to)), lql.Cmp("end_time", lql.Greater, unixText(c.from)))
	query.Limit = pastMost
	res, err := q.Query(ctx, query)
	if err != nil {
		return fmt.Errorf("recur: calendar: %w", err)
	}
	c.parts, c.more = res.Parts, res.Total > res.Rows
	for i := range res.Rows {
		c.add(db.SeenDowntime{Host: res.Text(i, "host_name"), Author: res.Text(i, "author"), Text: res.Text(i, "comment"),
			Starts: time.Unix(res.Int(i, "start_time"), 0), Ends: time.Unix(res.Int(i, "end_time"), 0)}, 1)
	}
	return nil
}

func unixText(t time.Time) string { return fmt.Sprint(t.Unix()) }

// past adds what was seen to end, of objects that the viewer sees.
func (c *calendar) past(ctx context.Context, q lql.Querier, v access.Viewer) error {
	list, err := c.s.o.Store.SeenPast(ctx, c.from, c.to, pastMost)
	if err != nil {
		return err
	}
	c.more = c.more || len(list) == pastMost
	sees := func(d db.SeenDowntime) bool { return v.AllowsSite(d.Site) }
	if !v.All && len(list) > 0 {
		if sees, err = visible(ctx, q, list); err != nil {
			return err
		}
	}
	for _, d := range list {
		if sees(d) {
			c.add(d, 1)
		}
	}
	return nil
}

// visible returns which downtimes are of objects that q shows.
func visible(ctx context.Context, q lql.Querier, list []db.SeenDowntime) (func(db.SeenDowntime) bool, error) {
	type object struct{ site, host, service string }
	var hosts, services []string
	for _, d := range list {
		if d.Service == "" {
			hosts = append(hosts, d.Host)
		} else {
			services = append(services, d.Host)
		}
	}
	seen := map[object]bool{}
	for table, names := range map[string][]string{"hosts": hosts, "services": services} {
		column, columns := "name", []string{"peer_key", "name"}
		if table == "services" {
			column, columns = "host_name", []string{"peer_key", "host_name", "description"}
		}
		slices.Sort(names)
		for some := range slices.Chunk(slices.Compact(names), hostsAtOnce) {
			var any []lql.Filter
			for _, n := range some {
				any = append(any, lql.Eq(column, n))
			}
			res, err := q.Query(ctx, lql.Get(table, columns...).Where(lql.OrOf(any...)))
			if err != nil {
				return nil, fmt.Errorf("recur: calendar: %w", err)
			}
			for i := range res.Rows {
				seen[object{res.Text(i, "peer_key"), res.Text(i, column), res.Text(i, "description")}] = true
			}
		}
	}
	return func(d db.SeenDowntime) bool { return seen[object{d.Site, d.Host, d.Service}] }, nil
}

// planned adds the occurrences of rules that no core has yet.
func (c *calendar) planned(rules []Rule) {
	from := c.from
	if c.now.After(from) {
		from = c.now
	}
	for i, r := range rules {
		plan, err := r.Spec.Plan()
		if err != nil || r.Paused {
			continue // the list of rules says so
		}
		for _, o := range plan.Between(from, c.to) {
			if c.taken[r.Mark+"-"+o.Name()] || len(c.by) > 2*entriesMost {
				continue
			}
			c.by[entryKey{o.Start.Unix(), o.End.Unix(), r.Mark, "", false}] = &Entry{Start: o.Start, End: o.End, Stage: Planned,
				Text: r.Spec.Text, Author: r.AuthorName, Rule: &rules[i], Objects: c.s.matches(r.ID)}
		}
	}
}

// matches returns how many objects a rule matched when it was last looked at.
func (s *Service) matches(rule int64) int {
	st := s.Status(rule)
	return st.Hosts + st.Services
}
