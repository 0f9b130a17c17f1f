package status

import (
	"context"
	"time"

	"belvedere/internal/web/ui"
)

// An Owner says who has a problem, or who knows of it. The zero Owner is
// nobody.
type Owner struct {
	Kind  string    // "acknowledgement", "downtime", "notified", "comment" or ""
	Who   string    // author, or the first contact that was told
	Text  string    // what they wrote
	At    time.Time // when they wrote it, or were told
	Until time.Time // end of the downtime, or of the acknowledgement; zero: open
}

// InfoColumns are the columns of hosts and services that say who has a
// problem. They are computed for each row, so lists ask for them only for the
// rows they show.
func InfoColumns() []string { return []string{"owner_with_info"} }

// A Comment is one comment on a host or service.
type Comment struct {
	ID           int64
	Author, Text string
	At, Expires  time.Time // Expires is zero when it stays
	Type         int64     // 1 user, 2 downtime, 3 flapping, 4 acknowledgement
}

// Comments returns the comments of a row, as the column comments_with_info has
// them.
func Comments(c Cells, row int) []Comment {
	tuples := c.Vector("comments_with_info").Tuples(row)
	out := make([]Comment, 0, len(tuples))
	for _, t := range tuples {
		n := Comment{ID: number(t, 0), Author: text(t, 1), Text: text(t, 2), At: Unix(number(t, 3)), Type: number(t, 4)}
		if number(t, 5) != 0 {
			n.Expires = Unix(number(t, 6))
		}
		out = append(out, n)
	}
	return out
}

// A Downtime is one downtime of a host or service.
type Downtime struct {
	ID           int64
	Author, Text string
	Entered      time.Time
	Start, End   time.Time
	Fixed        bool
	Duration     time.Duration
	TriggeredBy  int64 // number of another downtime, 0 none
}

// Downtimes returns the downtimes of a row, as the column downtimes_with_info
// has them.
func Downtimes(c Cells, row int) []Downtime {
	tuples := c.Vector("downtimes_with_info").Tuples(row)
	out := make([]Downtime, 0, len(tuples))
	for _, t := range tuples {
		out = append(out, Downtime{
			ID: number(t, 0), Author: text(t, 1), Text: text(t, 2), Entered: Unix(number(t, 3)),
			Start: Unix(number(t, 4)), End: Unix(number(t, 5)), Fixed: number(t, 6) != 0,
			Duration: time.Duration(number(t, 7)) * time.Second, TriggeredBy: number(t, 8),
		})
	}
	return out
}

func number(t []any, i int) int64 {
	if i >= len(t) {
		return 0
	}
	switch v := t[i].(type) {
	case int64:
		return v
	case float64:
		return int64(v)
	}
	return 0
}

func text(t []any, i int) string {
	if i >= len(t) {
		return ""
	}
	s, _ := t[i].(string)
	return s
}

// OwnerOf returns who has the problem of a row of table hosts or services that
// has [InfoColumns]. The engine finds it out: see its column owner.
func OwnerOf(c Cells, row int) Owner {
	for _, t := range c.Vector("owner_with_info").Tuples(row) {
		return Owner{Who: text(t, 0), Kind: text(t, 1), Text: text(t, 2), At: Unix(number(t, 3)), Until: Unix(number(t, 4))}
	}
	return Owner{}
}

func (o Owner) icon() string {
	switch o.Kind {
	case "acknowledgement":
		return "ack"
	case "downtime":
		return "downtime"
	case "comment":
		return "comment"
	}
	return "bell"
}

func (o Owner) word(ctx context.Context) string {
	switch o.Kind {
	case "acknowledgement":
		return ui.T(ctx, "acknowledged")
	case "downtime":
		return ui.T(ctx, "in a downtime")
	case "comment":
		return ui.T(ctx, "commented")
	}
	return ui.T(ctx, "notified")
}

// by says who did it.
func (o Owner) by(ctx context.Context) string {
	switch {
	case o.Who == "":
		return o.word(ctx)
	case o.Kind == "acknowledgement":
		return ui.T(ctx, "acknowledged by %s", o.Who)
	case o.Kind == "downtime":
		return ui.T(ctx, "in a downtime by %s", o.Who)
	case o.Kind == "comment":
		return ui.T(ctx, "commented by %s", o.Who)
	}
	return ui.T(ctx, "notified %s", o.Who)
}

// Title returns who did what, when, and their words, for a tooltip.
func (o Owner) Title(ctx context.Context) string {
	s := o.by(ctx)
	if !o.At.IsZero() {
		s += " " + ui.T(ctx, "at %s", ui.Exact(ctx, o.At.Unix()))
	}
	if !o.Until.IsZero() {
		s += ", " + ui.T(ctx, "until %s", ui.Exact(ctx, o.Until.Unix()))
	}
	if o.Text != "" {
		s += ": " + o.Text
	}
	return ui.Visible(s)
}
