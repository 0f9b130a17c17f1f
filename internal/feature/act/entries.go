package act

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"belvedere/internal/command"
	"belvedere/internal/lql"
	"belvedere/internal/web/status"
	"belvedere/internal/web/ui"
)

// An entry is one comment or downtime.
type entry struct {
	subject
	id           int64
	author, text string
	at           int64
	start, end   time.Time // of a downtime
	fixed        bool
	duration     time.Duration
	trigger      int64
	kind         int64 // of a comment: 1 user, 2 downtime, 3 flapping, 4 acknowledgement
	table        string
}

// key names the entry as its row in a list does.
func (e entry) key() string {
	return status.RowID(e.site, e.host, e.service) + "|" + strconv.FormatInt(e.id, 10)
}

func (e entry) target() command.Target {
	t := e.subject.target()
	t.Entry = &command.Entry{Author: e.author, Text: e.text, At: e.at}
	if e.table == "downtimes" {
		t.Entry.Start, t.Entry.End = e.start.Unix(), e.end.Unix()
	}
	return t
}

// entryQuery asks for comments or downtimes as entries.
func entryQuery(table string) *lql.Query {
	columns := []string{"id", "peer_key", "peer_name", "host_name", "service_description", "author", "comment", "entry_time"}
	if table == "downtimes" {
		return lql.Get(table, append(columns, "start_time", "end_time", "fixed", "duration", "triggered_by")...)
	}
	return lql.Get(table, append(columns, "entry_type")...)
}

// entries runs a query of entryQuery.
func entries(ctx context.Context, q lql.Querier, query *lql.Query) ([]entry, error) {
	res, err := q.Query(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("act: %s: %w", query.Table, err)
	}
	out := make([]entry, res.Rows)
	for i := range out {
		e := entry{id: res.Int(i, "id"), author: res.Text(i, "author"), text: res.Text(i, "comment"), at: res.Int(i, "entry_time"), table: query.Table}
		e.subject = subject{site: res.Text(i, "peer_key"), siteName: res.Text(i, "peer_name"), host: res.Text(i, "host_name"), service: res.Text(i, "service_description"),
			state: ui.State{}}
		if query.Table == "downtimes" {
			e.start, e.end = status.Unix(res.Int(i, "start_time")), status.Unix(res.Int(i, "end_time"))
			e.fixed, e.duration, e.trigger = res.Int(i, "fixed") != 0, time.Duration(res.Int(i, "duration"))*time.Second, res.Int(i, "triggered_by")
		} else {
			e.kind = res.Int(i, "entry_type")
		}
		out[i] = e
	}
	return out, nil
}

// asProblem returns what the desk says is wrong.
func asProblem(err error) (*command.Problem, bool) { return errors.AsType[*command.Problem](err) }
