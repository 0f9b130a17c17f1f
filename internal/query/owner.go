package query

import (
	"belvedere/internal/store"
)

// entryUser and entryAck are the values of entry_type of comments that people
// write, and of those that acknowledge.
const (
	entryUser = 1
	entryAck  = 4
)

// owner makes o who has the problem of a host or service: who acknowledged it,
// else whose downtime it is in, the one that ends last, else who commented on it
// last, else the first contact that was told of it.
func (s *siteRun) owner(o *operand) {
	t := o.place.table
	acked, depth, state := intOf(t, "acknowledged"), intOf(t, "scheduled_downtime_depth"), intOf(t, "state")
	told, at, contacts := intOf(t, "current_notification_number"), intOf(t, "last_notification"), textOf(t, "contacts")
	above := s.hostDepth(o)
	comments, downtime := s.authors(o), s.planner(o)
	o.bytes = func(row int) []byte {
		switch {
		case acked(row) != 0:
			return comments(row, entryAck)
		case depth(row) > 0 || above(row) > 0:
			return downtime(row)
		}
		if who := comments(row, entryUser); who != nil {
			return who
		}
		if state(row) == 0 || told(row) <= 0 || at(row) <= 0 {
			return nil
		}
		var first []byte
		eachText(contacts(row), func(name []byte) bool { first = name; return false })
		return first
	}
}

// hostDepth returns in how many downtimes the host of a service is.
func (s *siteRun) hostDepth(o *operand) func(row int) int64 {
	if o.place.name != "services" || o.place.table.Ref(0) == nil {
		return func(int) int64 { return 0 }
	}
	host, depth := o.place.table.Ref(0), intOf(s.snap.Joined(o.place.table, 0), "scheduled_downtime_depth")
	return func(row int) int64 {
		if h := host.Int(row); h >= 0 {
			return depth(int(h))
		}
		return 0
	}
}

// attached returns the rows of a table of comments or downtimes that belong to
// a row of hosts or services itself and that the viewer sees.
func (s *siteRun) attached(o *operand, notes *store.Table) func(row int) []int32 {
	join := 0
	if o.place.name == "services" {
		join = 1
	}
	back, svc, sees := notes.Backrefs(join), notes.Ref(1), s.sees(notes.Schema().Name)
	return func(row int) (own []int32) {
		for _, r := range back[int32(row)] {
			if (join == 1 || svc == nil || svc.Int(int(r)) < 0) && sees(int(r)) {
				own = append(own, r)
			}
		}
		return own
	}
}

// authors returns who wrote the newest comment of a type on a row; nil: nobody.
func (s *siteRun) authors(o *operand) func(row int, entry int64) []byte {
	notes := s.snap.Table("comments")
	if notes == nil {
		return func(int, int64) []byte { return nil }
	}
	of := s.attached(o, notes)
	author, kind, entered := textOf(notes, "author"), intOf(notes, "entry_type"), intOf(notes, "entry_time")
	return func(row int, entry int64) (who []byte) {
		newest := int64(0)
		for _, r := range of(row) {
			if k := int(r); kind(k) == entry && entered(k) >= newest {
				who, newest = author(k), entered(k)
			}
		}
		return who
	}
}

// planner returns who planned the downtime of a row that lasts longest; nil:
// nobody did, or the downtime is that of the host.
func (s *siteRun) planner(o *operand) func(row int) []byte {
	notes := s.snap.Table("downtimes")
	if notes == nil {
		return func(int) []byte { return nil }
	}
	of := s.attached(o, notes)
	author, start, end := textOf(notes, "author"), intOf(notes, "start_time"), intOf(notes, "end_time")
	now := s.run.now.Add(s.view.Health.ClockSkew).Unix()
	return func(row int) (who []byte) {
		last := now
		for _, r := range of(row) {
			if k := int(r); start(k) <= now && end(k) > last {
				who, last = author(k), end(k)
			}
		}
		return who
	}
}
