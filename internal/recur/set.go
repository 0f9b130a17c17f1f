package recur

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"belvedere/internal/command"
	"belvedere/internal/db"
	"belvedere/internal/search"
)

const (
	sampleMost = 20          // objects whose rights are looked at when nothing is due
	orderMost  = 5000        // objects of one order
	lateMost   = time.Minute // what ends so soon is not set any more
)

func isFilter(err error) bool {
	_, ok := errors.AsType[*search.Error](err)
	return ok
}

// setDue gives the orders that are due, in the name of the author, whose rights
// are looked at first: who may not is told so even when nothing is due.
func (t *turn) setDue(ctx context.Context) error {
	if len(t.found.Targets) == 0 {
		return nil
	}
	for _, o := range t.plan.Next(t.now, 1) {
		reason, err := t.s.refusal(ctx, t.actor, t.rule.Spec, o, t.r.Mark, t.found.Targets)
		if err != nil {
			return err
		}
		if reason != "" {
			t.st.Problem, t.st.Reason = Denied, reason
			return nil
		}
	}
	if t.r.Paused {
		return nil
	}
	lead := time.Duration(t.rule.Spec.Lead) * time.Second
	due := t.now.Add(lead - t.s.o.Spread(t.r.ID, lead))
	for _, o := range t.plan.During(t.now.Add(lateMost), due) {
		if o.Start.Before(t.r.Since) {
			continue
		}
		if err := t.setOne(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// setOne gives the orders for one occurrence, for the objects whose cores are
// known not to have it.
func (t *turn) setOne(ctx context.Context, o Occurrence) error {
	need := map[string][]command.Target{}
	for _, x := range t.found.Targets {
		at := spot{o.Name(), x.Site, x.Host, x.Service}
		d := t.live[at]
		if d == nil && t.taken[at] || d != nil && (d.State != NotTaken || t.now.Before(d.Given.Add(setWithin<<min(d.Tries, triesMost)))) {
			continue
		}
		if !t.fresh(x.Site) {
			t.waits(x.Site)
			continue
		}
		name := "SCHEDULE_HOST_DOWNTIME"
		if x.Service != "" {
			name = "SCHEDULE_SVC_DOWNTIME"
		}
		need[name] = append(need[name], x)
	}
	for _, name := range []string{"SCHEDULE_HOST_DOWNTIME", "SCHEDULE_SVC_DOWNTIME"} {
		for list := range slices.Chunk(need[name], orderMost) {
			order := orderFor(t.rule.Spec, o, t.r.Mark, name)
			order.Targets, order.Note = list, t.r.Name
			if err := t.give(ctx, o, order); err != nil {
				return err
			}
		}
	}
	return nil
}

// waits notes that a site must answer first.
func (t *turn) waits(site string) {
	name := t.cores.sites[site].Name
	if name == "" {
		name = site
	}
	if !slices.Contains(t.st.Waiting, name) {
		t.st.Waiting = append(t.st.Waiting, name)
	}
}

// orderFor is the order that sets an occurrence, without objects.
func orderFor(s Spec, o Occurrence, mark, name string) command.Order {
	args := map[string]string{
		"start_time": strconv.FormatInt(o.Start.Unix(), 10), "end_time": strconv.FormatInt(o.End.Unix(), 10),
		"fixed": "1", "trigger_id": "0", "duration": strconv.FormatInt(s.Lasts, 10), "comment": s.Text + " " + o.Mark(mark),
	}
	if s.Flex > 0 {
		args["fixed"], args["duration"] = "0", strconv.FormatInt(s.Flex, 10)
	}
	return command.Order{Command: name, Args: args}
}

// give gives an order for those of its objects for which it is not refused, and
// notes it.
func (t *turn) give(ctx context.Context, o Occurrence, order command.Order) error {
	items, err := t.s.o.Desk.Preview(ctx, t.actor, order)
	if p, ok := errors.AsType[*command.Problem](err); ok {
		t.st.Problem, t.st.Reason = Denied, p.Msg
		return nil
	}
	if err != nil {
		return fmt.Errorf("recur: look at an order: %w", err)
	}
	order.Targets = nil
	for _, it := range items {
		if it.State == command.Refused {
			t.st.Refused++
			t.st.Reason = it.Reason
			continue
		}
		order.Targets = append(order.Targets, it.Target)
	}
	if len(order.Targets) == 0 {
		return nil
	}
	id, err := t.s.o.Desk.Give(ctx, t.actor, order)
	if err != nil {
		return fmt.Errorf("recur: give an order: %w", err)
	}
	for _, x := range order.Targets {
		at := spot{o.Name(), x.Site, x.Host, x.Service}
		d := t.live[at]
		if d == nil {
			d = t.row(at, o.Start, o.End)
			t.rows, t.live[at] = append(t.rows, d), d
		} else {
			d.Tries++
		}
		d.Order, d.Given, d.Reason = id, t.now, ""
		t.to(d, OnItsWay)
	}
	// At once, so that nothing is forgotten that was given.
	return t.keep(ctx)
}

// cancelStale gives the orders that cancel what the rule does not mean any
// more, once what takes its place shows.
func (t *turn) cancelStale(ctx context.Context) error {
	if t.why != "" {
		return nil
	}
	doomed := map[string][]command.Target{}
	for _, d := range t.rows {
		if d.State != ToGo || t.now.Before(d.Given.Add(goWithin<<min(d.Tries, triesMost))) || !t.fresh(d.Site) {
			continue
		}
		x, there := t.inCore(d)
		if next := t.live[spotOf(d)]; !there || next != nil && next.State == OnItsWay {
			continue
		}
		name := "DEL_HOST_DOWNTIME"
		if d.Service != "" {
			name = "DEL_SVC_DOWNTIME"
		}
		doomed[name] = append(doomed[name], command.Target{Site: d.Site, Host: d.Host, Service: d.Service, Entry: &x.entry})
		d.Given = t.now
		d.Tries++
		t.dirty[d] = true
	}
	for _, name := range []string{"DEL_HOST_DOWNTIME", "DEL_SVC_DOWNTIME"} {
		for list := range slices.Chunk(doomed[name], orderMost) {
			if _, err := t.s.o.Desk.Give(ctx, t.actor, command.Order{Command: name, Targets: list, Note: t.r.Name}); err != nil {
				return fmt.Errorf("recur: cancel: %w", err)
			}
		}
	}
	return nil
}

// refusal says why somebody may not set an occurrence on any of the first of
// these objects; "" when they may on some.
func (s *Service) refusal(ctx context.Context, a command.Actor, spec Spec, o Occurrence, mark string, targets []command.Target) (string, error) {
	reason := ""
	for _, name := range []string{"SCHEDULE_HOST_DOWNTIME", "SCHEDULE_SVC_DOWNTIME"} {
		order := orderFor(spec, o, mark, name)
		for _, x := range targets {
			if len(order.Targets) < sampleMost && (x.Service != "") == (name == "SCHEDULE_SVC_DOWNTIME") {
				order.Targets = append(order.Targets, x)
			}
		}
		if len(order.Targets) == 0 {
			continue
		}
		items, err := s.o.Desk.Preview(ctx, a, order)
		if p, ok := errors.AsType[*command.Problem](err); ok {
			return p.Msg, nil
		}
		if err != nil {
			return "", fmt.Errorf("recur: rights: %w", err)
		}
		for _, it := range items {
			if it.State != command.Refused {
				return "", nil
			}
			reason = it.Reason
		}
	}
	return reason, nil
}

// adopt notes orders that were given right before an earlier run ended.
func (s *Service) adopt(ctx context.Context) error {
	items, err := s.o.Store.OpenOrderItems(ctx)
	if err != nil || len(items) == 0 {
		return err
	}
	rules, err := s.o.Store.Rules(ctx)
	if err != nil {
		return err
	}
	orders := map[int64]db.Order{}
	known := map[spot]bool{}
	read := map[int64]bool{}
	var list []db.RuleDowntime
	for _, it := range items {
		o, ok := orders[it.Order]
		if !ok {
			if o, err = s.o.Store.Order(ctx, it.Order); err != nil {
				return err
			}
			orders[it.Order] = o
		}
		mark, name, ok := markIn(o.Args["comment"])
		i := slices.IndexFunc(rules, func(r db.Rule) bool { return r.Mark == mark })
		if !ok || i < 0 || o.Via != via || !strings.HasPrefix(o.Command, "SCHEDULE_") {
			continue
		}
		r := rules[i]
		if !read[r.ID] {
			rows, err := s.o.Store.RuleDowntimes(ctx, r.ID)
			if err != nil {
				return err
			}
			for _, d := range rows {
				known[spotOf(&d)] = d.State != ToGo
			}
			read[r.ID] = true
		}
		if at := (spot{name, it.Site, it.Host, it.Service}); !known[at] {
			known[at] = true
			list = append(list, db.RuleDowntime{Rule: r.ID, Name: name, Site: it.Site, Host: it.Host, Service: it.Service, Text: o.Args["comment"], Rev: r.Rev,
				State: OnItsWay, Order: o.ID, Given: o.At, Starts: unix(o.Args["start_time"]), Ends: unix(o.Args["end_time"])})
		}
	}
	if len(list) == 0 {
		return nil
	}
	return s.o.Store.KeepRuleDowntimes(ctx, list)
}

func unix(text string) time.Time {
	n, _ := strconv.ParseInt(text, 10, 64) // the desk has checked it
	return time.Unix(n, 0)
}

// A Preview is what a rule would be.
type Preview struct {
	Plan    *Plan
	Next    []Occurrence // the first ten
	Found   Found
	Problem string // what would keep it from doing what it says: Nothing, Denied, TooMany
	Reason  string
}

// Preview returns what a rule would be if a person made it now. The error is a
// [*Problem] or a [*search.Error] when it cannot be one.
func (s *Service) Preview(ctx context.Context, a command.Actor, spec Spec) (Preview, error) {
	now := s.o.Now()
	plan, err := spec.Check(now)
	if err != nil {
		return Preview{}, err
	}
	p := Preview{Plan: plan, Next: plan.Next(now, nextMost)}
	p.Found, err = spec.Scope.Find(ctx, s.o.Engine.For(a.Viewer), now.In(plan.Zone()))
	switch {
	case errors.Is(err, ErrTooMany):
		p.Problem = TooMany
		return p, nil
	case err != nil:
		return p, err
	case len(p.Found.Targets) == 0:
		p.Problem = Nothing
		return p, nil
	}
	p.Reason, err = s.refusal(ctx, a, spec, p.Next[0], "aaaaa", p.Found.Targets)
	if p.Reason != "" {
		p.Problem = Denied
	}
	return p, err
}

// nextMost is how many occurrences are shown ahead.
const nextMost = 10
