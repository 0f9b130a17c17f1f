package command

import (
	"fmt"
	"regexp"
	"strings"

	"belvedere/internal/schema"
)

// Rules are what a house demands of orders beyond rights. They hold on every
// way in. The zero Rules demand nothing.
type Rules struct {
	// Ticket must be found in the comments of acknowledgements and downtimes;
	// nil: nothing must.
	Ticket *regexp.Regexp
	// Reasons: whoever switches something on or off says why.
	Reasons bool
	// WarnAbove is the number of objects above which pages ask twice; 0: 50.
	WarnAbove int
}

// warnAbove is how many objects are many, where nobody said.
const warnAbove = 50

// Rules returns what the house demands, for forms to say so.
func (d *Desk) Rules() Rules { return d.o.Rules }

// check says what an order lacks.
func (r Rules) check(def *schema.Command, o *Order) error {
	if r.Ticket != nil && takesTicket(def) && !r.Ticket.MatchString(o.Args["comment"]) {
		return &Problem{Param: "comment", Msg: "The comment names no ticket.", Hint: fmt.Sprintf("It must contain something like %s.", r.Ticket)}
	}
	if r.Reasons && IsSwitch(def) && strings.TrimSpace(o.Note) == "" {
		return &Problem{Param: "note", Msg: "Whoever switches something says why.", Hint: "Give a reason."}
	}
	return nil
}

// takesTicket reports whether a command acknowledges or schedules a downtime.
func takesTicket(def *schema.Command) bool {
	return strings.HasPrefix(def.Name, "ACKNOWLEDGE_") || strings.HasPrefix(def.Name, "SCHEDULE_") && strings.HasSuffix(def.Name, "_DOWNTIME")
}

// IsSwitch reports whether a command switches something on or off.
func IsSwitch(def *schema.Command) bool {
	for _, verb := range []string{"ENABLE_", "DISABLE_", "START_", "STOP_"} {
		if strings.HasPrefix(def.Name, verb) {
			return true
		}
	}
	return false
}
