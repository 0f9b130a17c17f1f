package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/db"
	"belvedere/internal/lql"
	"belvedere/internal/schema"
)

// prepare checks an order, completes it and makes its items. The items are
// there also when the error is about what the house demands of it.
func (d *Desk) prepare(ctx context.Context, a Actor, o *Order) ([]db.OrderItem, error) {
	def, ok := schema.LookupCommand(o.Command)
	if !ok {
		return nil, &Problem{Msg: fmt.Sprintf("There is no command %q.", clip(o.Command)), Hint: noSuchHint}
	}
	switch {
	case len(o.Targets) == 0:
		return nil, &Problem{Msg: "The order names no object.", Hint: "Select something first."}
	case len(o.Targets) > TargetsMost:
		return nil, &Problem{Msg: fmt.Sprintf("An order acts on up to %d objects, this one names %d.", TargetsMost, len(o.Targets)), Hint: "Narrow the filter."}
	}
	if err := o.complete(def, d.o.Now()); err != nil {
		return nil, err
	}
	if err := d.expand(def, o); err != nil {
		return nil, err
	}
	j := newJudge(d, a)
	items := make([]db.OrderItem, 0, len(o.Targets))
	for n, t := range o.Targets {
		it, err := d.item(ctx, j, o, n, t)
		if err != nil {
			return nil, err
		}
		items = append(items, it)
	}
	return items, d.o.Rules.check(def, o)
}

// item makes one item, refused if it must be.
func (d *Desk) item(ctx context.Context, j *judge, o *Order, n int, t Target) (db.OrderItem, error) {
	def := t.commandOf(o.Command)
	reason, err := d.identify(ctx, j.a, def, o, &t)
	if err != nil {
		return db.OrderItem{}, err
	}
	args, err := spell(def, o.Args, t, j.a.Name, idOf(t))
	if err == nil {
		impl, _ := d.o.Sites.Implementation(t.Site)
		err = faithful(impl, def, args)
	}
	if err != nil && reason == "" {
		p, ok := errors.AsType[*Problem](err)
		if !ok || len(o.Targets) == 1 {
			return db.OrderItem{}, err
		}
		reason = p.Msg
	}
	if reason == "" {
		if reason, err = j.target(ctx, def, t, d.pending(t) > 0); err != nil {
			return db.OrderItem{}, err
		}
	}
	it := db.OrderItem{N: n, Site: t.Site, Host: t.Host, Service: t.Service, Reason: reason, State: string(Accepted)}
	if reason != "" {
		it.State, it.Ended = string(Refused), d.o.Now()
	}
	if it.Target, err = json.Marshal(t); err != nil {
		return it, fmt.Errorf("command: target: %w", err)
	}
	return it, nil
}

// commandOf returns the command that the target gets; name is in the schema.
func (t Target) commandOf(name string) *schema.Command {
	if t.Command != "" {
		name = t.Command
	}
	def, _ := schema.LookupCommand(name)
	return def
}

// idOf stands for the number of an entry, which is found right before it is
// sent.
func idOf(t Target) int64 {
	if t.Entry != nil {
		return 1
	}
	return 0
}

// complete checks what holds for all targets, and fills in what goes without
// saying. o.Args becomes a map of its own.
func (o *Order) complete(def *schema.Command, now time.Time) error {
	args := maps.Clone(o.Args)
	if args == nil {
		args = map[string]string{}
	}
	has := func(name string) bool {
		return slices.ContainsFunc(def.Params, func(p schema.Param) bool { return p.Name == name })
	}
	for name, v := range args {
		if !has(name) {
			return &Problem{Param: name, Msg: fmt.Sprintf("%s has no value %q.", def.Name, clip(name))}
		}
		args[name] = strings.TrimSpace(v) // cores cut blanks off the ends
	}
	preset := func(name, value string) {
		if has(name) && args[name] == "" {
			args[name] = value
		}
	}
	preset("check_time", strconv.FormatInt(now.Unix(), 10))
	o.Args = args
	start, end := parseUnix(args["start_time"]), parseUnix(args["end_time"])
	switch {
	case !has("end_time"):
		return nil
	case !has("start_time"):
		if end > 0 && end <= now.Unix() {
			return &Problem{Param: "end_time", Msg: "The acknowledgement would be over already.", Hint: "Choose a time to come."}
		}
		return nil
	}
	preset("fixed", "1")
	preset("trigger_id", "0")
	if args["fixed"] == "1" && end > start {
		preset("duration", strconv.FormatInt(end-start, 10))
	}
	switch {
	case start == 0 || end == 0: // spell says what is missing or no time
		return nil
	case end <= start:
		return &Problem{Param: "end_time", Msg: "The downtime ends before it begins.", Hint: "Choose an end after the start."}
	case end <= now.Unix():
		return &Problem{Param: "end_time", Msg: "The downtime would be over already.", Hint: "Choose an end to come."}
	case args["fixed"] == "0" && parseUnix(args["duration"]) == 0:
		return &Problem{Param: "duration", Msg: "A flexible downtime needs a duration.", Hint: "Say how long it lasts once it has begun."}
	}
	return nil
}

// wholes are the commands for hosts that have a twin for their services.
var wholes = map[string]string{
	"SCHEDULE_HOST_DOWNTIME": "SCHEDULE_HOST_SVC_DOWNTIME",
	"SCHEDULE_HOST_CHECK":    "SCHEDULE_HOST_SVC_CHECKS", "SCHEDULE_FORCED_HOST_CHECK": "SCHEDULE_FORCED_HOST_SVC_CHECKS",
	"ENABLE_HOST_CHECK": "ENABLE_HOST_SVC_CHECKS", "DISABLE_HOST_CHECK": "DISABLE_HOST_SVC_CHECKS",
	"ENABLE_HOST_NOTIFICATIONS": "ENABLE_HOST_SVC_NOTIFICATIONS", "DISABLE_HOST_NOTIFICATIONS": "DISABLE_HOST_SVC_NOTIFICATIONS",
	"SCHEDULE_HOSTGROUP_HOST_DOWNTIME": "SCHEDULE_HOSTGROUP_SVC_DOWNTIME", "SCHEDULE_SERVICEGROUP_HOST_DOWNTIME": "SCHEDULE_SERVICEGROUP_SVC_DOWNTIME",
	"ENABLE_HOSTGROUP_HOST_CHECKS": "ENABLE_HOSTGROUP_SVC_CHECKS", "DISABLE_HOSTGROUP_HOST_CHECKS": "DISABLE_HOSTGROUP_SVC_CHECKS",
	"ENABLE_HOSTGROUP_HOST_NOTIFICATIONS": "ENABLE_HOSTGROUP_SVC_NOTIFICATIONS", "DISABLE_HOSTGROUP_HOST_NOTIFICATIONS": "DISABLE_HOSTGROUP_SVC_NOTIFICATIONS",
}

// TakesWhole reports whether [Order.Whole] is possible with a command.
func TakesWhole(command string) bool { return wholes[command] != "" }

// expand adds what Whole and Spread ask for to the targets.
func (d *Desk) expand(def *schema.Command, o *Order) error {
	if o.again {
		return nil
	}
	targets := make([]Target, 0, len(o.Targets))
	if o.UntilOK {
		if err := o.endsWhenWell(def, d.o.Now()); err != nil {
			return err
		}
	}
	twin, ok := wholes[def.Name]
	if o.Whole && !ok {
		return &Problem{Msg: fmt.Sprintf("%s has no form that takes the services, too.", def.Name)}
	}
	for _, t := range o.Targets {
		t.Command, t.CheckAt, t.After, t.UntilOK = "", 0, nil, o.UntilOK
		if !o.Whole {
			targets = append(targets, t)
			continue
		}
		both := t
		both.Command = twin
		// On Icinga 2 the downtime for the services is one for the host, too.
		if impl, ok := d.o.Sites.Implementation(t.Site); !ok || impl != schema.Icinga2 || def.Name != "SCHEDULE_HOST_DOWNTIME" {
			targets = append(targets, t)
		}
		targets = append(targets, both)
	}
	if o.Spread > 0 {
		base := parseUnix(o.Args["check_time"])
		if base == 0 {
			return &Problem{Msg: "Only checks can be spread over a time."}
		}
		for i := range targets {
			targets[i].CheckAt = base + int64(o.Spread.Seconds())*int64(i)/int64(len(targets))
		}
	}
	o.Targets = targets
	return nil
}

// identify turns the number of a comment or downtime, as Livestatus clients
// send it, into the entry that has it now and that the actor sees.
func (d *Desk) identify(ctx context.Context, a Actor, def *schema.Command, o *Order, t *Target) (reason string, err error) {
	table := entryTable(def)
	param := strings.TrimSuffix(table, "s") + "_id"
	if table == "" || t.Entry != nil || o.Args[param] == "" || def.Name == "DEL_CONTACT_DOWNTIME" {
		return "", nil
	}
	columns := []string{"host_name", "service_description", "author", "comment", "entry_time"}
	if table == "downtimes" {
		columns = append(columns, "start_time", "end_time")
	}
	res, err := d.o.Engine.For(narrow(a.Viewer, t.Site)).Query(ctx, lql.Get(table, columns...).Where(lql.Eq("id", o.Args[param])))
	if err != nil {
		return "", fmt.Errorf("command: find the entry: %w", err)
	}
	if res.Rows == 0 || !a.Viewer.AllowsSite(t.Site) {
		return notHere, nil
	}
	t.Host, t.Service = res.Text(0, "host_name"), res.Text(0, "service_description")
	t.Entry = &Entry{Author: res.Text(0, "author"), Text: res.Text(0, "comment"), At: res.Int(0, "entry_time")}
	if table == "downtimes" {
		t.Entry.Start, t.Entry.End = res.Int(0, "start_time"), res.Int(0, "end_time")
	}
	return "", nil
}

// one returns a Querier that sees all of one site, arguments of commands too.
func (d *Desk) one(site string) lql.Querier {
	return d.o.Engine.For(access.Viewer{All: true, CommandLines: true, Sites: []string{site}})
}

// clip shortens a text of unknown length for a message.
func clip(s string) string {
	if len(s) > 80 {
		return strings.ToValidUTF8(s[:80], "") + "…"
	}
	return s
}
