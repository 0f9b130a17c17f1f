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

// A holder has the problem of a host or service, or knows of it.
type holder struct {
	kind      string // acknowledgement downtime comment notified; "": nobody has
	who, text []byte
	at, until int64 // unix seconds; 0: not known, open
}

// owner makes o who has the problem of a host or service.
func (s *siteRun) owner(o *operand) {
	find := s.holder(o)
	o.bytes = func(row int) []byte { return find(row).who }
}

// ownerInfo makes o the same with why, what they wrote and when.
func (s *siteRun) ownerInfo(o *operand) {
	find := s.holder(o)
	o.bytes = func(row int) []byte {
		h := find(row)
		if h.kind == "" {
			return nil
		}
		return store.EncodeTuples([][]any{{string(h.who), h.kind, string(h.text), h.at, h.until}})
	}
}

// holder returns who has the problem of a row: who acknowledged it, else whose
// downtime it is in, the one that ends last, else who commented on it last, else
// the first contact that was told of it.
func (s *siteRun) holder(o *operand) func(row int) holder {
	t := o.place.table
	acked, depth, state := intOf(t, "acknowledged"), intOf(t, "scheduled_downtime_depth"), intOf(t, "state")
	told, at, contacts := intOf(t, "current_notification_number"), intOf(t, "last_notification"), textOf(t, "contacts")
	above := s.hostDepth(o)
	comments, downtime := s.authors(o), s.planner(o)
	return func(row int) holder {
		switch {
		case acked(row) != 0:
			h := comments(row, entryAck)
			h.kind = "acknowledgement"
			return h
		case depth(row) > 0 || above(row) > 0:
			return downtime(row)
		}
		if h := comments(row, entryUser); h.kind != "" {
			return h
		}
		if state(row) == 0 || told(row) <= 0 || at(row) <= 0 {
			return holder{}
		}
		h := holder{kind: "notified", at: at(row)}
		eachText(contacts(row), func(name []byte) bool { h.who = name; return false })
		return h
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

// authors returns who wrote the newest comment of a type on a row.
func (s *siteRun) authors(o *operand) func(row int, entry int64) holder {
	notes := s.snap.Table("comments")
	if notes == nil {
		return func(int, int64) holder { return holder{} }
	}
	of := s.attached(o, notes)
	author, kind, entered := textOf(notes, "author"), intOf(notes, "entry_type"), intOf(notes, "entry_time")
	text, ends, end := textOf(notes, "comment"), intOf(notes, "expires"), intOf(notes, "expire_time")
	return func(row int, entry int64) (h holder) {
		for _, r := range of(row) {
			k := int(r)
			if kind(k) != entry || entered(k) < h.at {
				continue
			}
			h = holder{kind: "comment", who: author(k), text: text(k), at: entered(k)}
			if ends(k) != 0 {
				h.until = end(k)
			}
		}
		return h
	}
}

// planner returns who planned the downtime of a row that lasts longest: nobody
// where the downtime is that of the host.
func (s *siteRun) planner(o *operand) func(row int) holder {
	notes := s.snap.Table("downtimes")
	if notes == nil {
		return func(int) holder { return holder{kind: "downtime"} }
	}
	of := s.attached(o, notes)
	author, text, start, end := textOf(notes, "author"), textOf(notes, "comment"), intOf(notes, "start_time"), intOf(notes, "end_time")
	now := s.run.now.Add(s.view.Health.ClockSkew).Unix()
	return func(row int) holder {
		h := holder{kind: "downtime"}
		for _, r := range of(row) {
			if k := int(r); start(k) <= now && end(k) > max(now, h.until) {
				h.who, h.text, h.at, h.until = author(k), text(k), start(k), end(k)
			}
		}
		return h
	}
}
