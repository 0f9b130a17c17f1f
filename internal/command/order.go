package command

import (
	"time"

	"belvedere/internal/access"
)

// An Actor is who gives an order.
type Actor struct {
	ID     int64  // of the person, 0: none (a listener without one)
	Name   string // sent as author; what the audit names
	Role   access.Role
	Viewer access.Viewer // what they see; an order never reaches beyond
	IP     string
	Via    string // "web", "cli", "livestatus", "api"

	// house is the desk itself, which keeps what a person with the right asked
	// for: roles are not looked at.
	house bool
}

// A Target is one object that an order acts on: always a site and names, never
// a name alone. Which fields count is for the command to say.
type Target struct {
	Site    string `json:"site"` // key
	Host    string `json:"host,omitempty"`
	Service string `json:"service,omitempty"`
	Group   string `json:"group,omitempty"`   // host group or service group
	Contact string `json:"contact,omitempty"` // contact or contact group
	// Entry is the comment or downtime to be deleted, or the acknowledgement
	// to be removed, which is then only done while it is that same one.
	Entry *Entry `json:"entry,omitempty"`
	// Trigger is the downtime that begins the one to be scheduled here.
	Trigger *Trigger `json:"trigger,omitempty"`

	// The desk sets the rest; an order that names them is taken as if it did
	// not.

	// Command is given to this target instead of the order's.
	Command string `json:"command,omitempty"`
	CheckAt int64  `json:"check_at,omitempty"` // check_time of this one, unix seconds
	After   *After `json:"after,omitempty"`
	UntilOK bool   `json:"until_ok,omitempty"` // of [Order.UntilOK]
}

// An Entry is a comment or downtime as a person saw it. Cores number these
// anew on reload, so it is found again by all of this right before it is
// deleted.
type Entry struct {
	Author string `json:"author"`
	Text   string `json:"text"`
	At     int64  `json:"at"`              // entry_time, unix seconds
	Start  int64  `json:"start,omitempty"` // start_time of a downtime
	End    int64  `json:"end,omitempty"`   // end_time of a downtime; 0: any
}

// A Trigger is a downtime that begins another one at the same site.
type Trigger struct {
	Host    string `json:"host"`
	Service string `json:"service,omitempty"`
	Entry   Entry  `json:"entry"`
}

// An After is an item that must be seen before another one is sent.
type After struct {
	Order int64 `json:"order"`
	N     int   `json:"n"`
}

// An Order is what a person wants done.
type Order struct {
	Command string // name in the schema, upper case
	// Args are the parameters by their name in the schema, as text. The object
	// and the author are not among them: Targets and the actor are. What a
	// downtime or check does not say has a default: fixed, not triggered, as
	// long as it lasts; now.
	Args    map[string]string
	Targets []Target
	// Whole adds the services of the hosts, or of the group's hosts: for
	// downtimes, checks, and switches of checks and notifications.
	Whole bool
	// Spread distributes checks evenly over this time, from check_time on.
	Spread time.Duration
	// UntilOK takes a fixed downtime that begins now back once its host or
	// service is well again, if it has not ended before.
	UntilOK bool
	// Hold is how long the order waits for a site that is down; 0: ten
	// minutes.
	Hold time.Duration
	Note string // reason, for the audit

	// again: the targets are as the desk made them.
	again bool
}

// A State is how far an item got.
type State string

// The states of an item. From accepted to sent it is on its way; the others
// are final, but unknown and unseen may still become seen.
const (
	Accepted  State = "accepted"  // on disk, not sent
	Sending   State = "sending"   // may or may not have left: what a crash leaves here is unknown
	Sent      State = "sent"      // the core has it, its effect has not shown yet
	Seen      State = "seen"      // the effect shows in the core's state
	Done      State = "done"      // sent; nothing in the core's state could show it
	Unseen    State = "unseen"    // no effect within the time, though the core was read
	Failed    State = "failed"    // the core refused it, or it could not be sent in time
	Unknown   State = "unknown"   // nobody knows whether it was carried out
	Refused   State = "refused"   // not sent: Reason says why
	Cancelled State = "cancelled" // taken back before it was sent
)

// Final reports whether an item in this state stays as it is.
func (s State) Final() bool { return s != Accepted && s != Sending && s != Sent }

// An Item is one object of an order.
type Item struct {
	N      int // place in the order
	Target Target
	State  State
	Reason string // why it waits, was refused, failed or was not seen; a sentence
	Sent   time.Time
	Ended  time.Time
}

// A Report is an order and how far it got.
type Report struct {
	ID      int64
	At      time.Time
	Person  int64 // 0: none
	Who     string
	Via     string
	IP      string
	Command string
	Args    map[string]string
	Note    string
	Until   time.Time // until then it waits for sites that are down
	Total   int
	Counts  map[State]int
}

// Open returns how many items are still on their way.
func (r *Report) Open() int {
	return r.Counts[Accepted] + r.Counts[Sending] + r.Counts[Sent]
}

// Again returns how many items [Desk.Retry] would look at: those that were not
// seen, and those that failed.
func (r *Report) Again() int { return r.Counts[Unseen] + r.Counts[Failed] }
