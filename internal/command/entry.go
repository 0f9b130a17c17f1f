package command

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"belvedere/internal/lql"
	"belvedere/internal/schema"
)

// An entryRow is a comment or downtime as the core has it now.
type entryRow struct {
	id, kind int64 // kind: entry_type of comments
	Entry
}

// entries asks the core itself for the comments or downtimes of an object. The
// store may be some seconds old, and a reload renumbers them.
func (d *Desk) entries(ctx context.Context, table, site, host, service string) ([]entryRow, error) {
	columns := []string{"id", "host_name", "service_description", "author", "comment", "entry_time"}
	if table == "downtimes" {
		columns = append(columns, "start_time", "end_time")
	} else {
		columns = append(columns, "entry_type")
	}
	// Not all cores compare an empty service the same way, so we do that.
	res, err := d.o.Sites.Ask(ctx, site, lql.Get(table, columns...).Where(lql.Eq("host_name", host)))
	if err != nil {
		return nil, fmt.Errorf("command: find the entry again: %w", err)
	}
	var out []entryRow
	for i := range res.Rows {
		if res.Text(i, "host_name") != host || res.Text(i, "service_description") != service {
			continue
		}
		r := entryRow{id: res.Int(i, "id"), Entry: Entry{Author: res.Text(i, "author"), Text: res.Text(i, "comment"), At: res.Int(i, "entry_time")}}
		if table == "downtimes" {
			r.Start, r.End = res.Int(i, "start_time"), res.Int(i, "end_time")
		} else {
			r.kind = res.Int(i, "entry_type")
		}
		out = append(out, r)
	}
	return out, nil
}

// is reports whether the row is the entry that a person saw.
func (r *entryRow) is(e Entry) bool {
	return r.Author == e.Author && r.Text == e.Text && r.At == e.At && r.Start == e.Start && (e.End == 0 || r.End == e.End)
}

// entry finds an entry again and returns its number. If there are several, the
// same person wrote the same in the same second, and any of them will do.
func (d *Desk) entry(ctx context.Context, table, site, host, service string, e Entry) (int64, error) {
	rows, err := d.entries(ctx, table, site, host, service)
	if err != nil {
		return 0, err
	}
	for _, r := range rows {
		if r.is(e) {
			return r.id, nil
		}
	}
	return 0, &Problem{Msg: "It is not there any more."}
}

// numbers returns the number of the entry that the job deletes, and of the
// downtime that begins the one it schedules.
func (d *Desk) numbers(ctx context.Context, j *job) (id int64, trigger string, err error) {
	t := &j.target
	if t.Entry != nil {
		if table := entryTable(j.def); table != "" {
			id, err = d.entry(ctx, table, t.Site, t.Host, t.Service, *t.Entry)
		} else {
			err = d.sameAck(ctx, t)
		}
	}
	if err == nil && t.Trigger != nil {
		var n int64
		n, err = d.entry(ctx, "downtimes", t.Site, t.Trigger.Host, t.Trigger.Service, t.Trigger.Entry)
		trigger = strconv.FormatInt(n, 10)
	}
	return id, trigger, err
}

// ackEntry is the entry_type of an acknowledgement's comment.
const ackEntry = 4

// ackSlack is how far a core's clock may have been from what we thought.
const ackSlack = 60

// sameAck says whether the acknowledgement in force is the one that the target
// names, by its comment: the newest one of an acknowledgement must be its. The
// core entered it at about the time that the target names, by its own clock.
func (d *Desk) sameAck(ctx context.Context, t *Target) error {
	rows, err := d.entries(ctx, "comments", t.Site, t.Host, t.Service)
	if err != nil {
		return err
	}
	least := t.Entry.At - ackSlack
	var ours *entryRow
	for i := range rows {
		r := &rows[i]
		if r.kind == ackEntry && r.Author == t.Entry.Author && r.Text == t.Entry.Text && r.At >= least && (ours == nil || r.before(ours)) {
			ours = r
		}
	}
	if ours == nil {
		return &Problem{Msg: "That acknowledgement is not there any more."}
	}
	for i := range rows {
		if rows[i].kind == ackEntry && ours.before(&rows[i]) {
			return &Problem{Msg: "It has been acknowledged anew since."}
		}
	}
	return nil
}

// before reports whether a row was entered before another.
func (r *entryRow) before(s *entryRow) bool { return r.At < s.At || r.At == s.At && r.id < s.id }

// entryTable returns the table whose rows a command deletes by number, "" for
// all other commands.
func entryTable(def *schema.Command) string {
	for _, p := range def.Params {
		switch p.Name {
		case "comment_id":
			return "comments"
		case "downtime_id":
			return "downtimes"
		}
	}
	return ""
}

// takesEntry says why a command does not take the entry of a target, "" when
// it does.
func takesEntry(def *schema.Command, t Target) string {
	table := entryTable(def)
	switch {
	case table == "" && !(strings.HasPrefix(def.Name, "REMOVE_") && strings.HasSuffix(def.Name, "_ACKNOWLEDGEMENT")):
		return "This command does not take a comment or downtime."
	case strings.HasPrefix(def.Name, "DEL_HOST_") && t.Service != "":
		return "This command is for hosts."
	case strings.HasPrefix(def.Name, "DEL_SVC_") && t.Service == "":
		return "This command is for services."
	}
	return ""
}
