package recur

import (
	"errors"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// A Problem says what is wrong with a rule, for people. Field names the field
// of the form that is at fault, "" when it is not one of them.
type Problem struct {
	Field string
	Msg   string // a sentence
	Hint  string
}

func (p *Problem) Error() string { return "recur: " + p.Msg }

// HintText returns what would be right.
func (p *Problem) HintText() string { return p.Hint }

// A Spec is what a rule says. Lengths are whole seconds, so that they are kept
// as they are; days are "2026-11-27".
type Spec struct {
	Scope Scope  `json:"scope"`
	When  When   `json:"when"`
	Zone  string `json:"zone"`            // of the clock: a name of the IANA database
	Lasts int64  `json:"lasts"`           // elapsed time from start to end
	Flex  int64  `json:"flex,omitempty"`  // a downtime of this length that begins with a problem in that span; 0: fixed
	From  string `json:"from,omitempty"`  // first day, "": any
	Until string `json:"until,omitempty"` // last day, "": none
	// Except are days left out: "2026-12-24", "2026-12-24..2027-01-02", or
	// "12-25" in each year.
	Except []string `json:"except,omitempty"`
	Text   string   `json:"text"` // comment, without the mark
	Lead   int64    `json:"lead"` // how long before its start an occurrence is set
}

// Bounds of a Spec.
const (
	DefaultLead = 24 * hour
	leadLeast   = 5 * time.Minute
	leadMost    = 31 * 24 * hour
	lastsLeast  = time.Minute
	lastsMost   = 31 * 24 * hour
	wordsMost   = 400 // characters of the comment
	exceptMost  = 200
	perDayMost  = 24
	yearLeast   = 2000
	yearMost    = 2200
	listMost    = 20_000 // occurrences in one list
)

// A Plan lists the occurrences of a Spec. It is safe for concurrent use.
type Plan struct {
	spec        Spec
	zone        *time.Location
	first, last wall // days; zero: none
	left        []span
	walls       walls
}

// Plan returns the plan of s. The error is a [*Problem].
func (s Spec) Plan() (*Plan, error) {
	zone, err := time.LoadLocation(s.Zone)
	if err != nil || s.Zone == "" || s.Zone == "Local" {
		return nil, &Problem{"zone", "There is no such time zone.", "Write it as Europe/Berlin or UTC."}
	}
	p := &Plan{spec: s, zone: zone}
	if p.first, err = day(s.From); err != nil {
		return nil, &Problem{"from", "The first day is not a date.", "Write it as 2026-11-27."}
	}
	if p.last, err = day(s.Until); err != nil {
		return nil, &Problem{"until", "The last day is not a date.", "Write it as 2026-11-27."}
	}
	if !p.last.IsZero() && p.last.Before(p.first) {
		return nil, &Problem{"until", "The last day lies before the first one.", ""}
	}
	if len(s.Except) > exceptMost {
		return nil, &Problem{"except", "At most 200 days or spans can be left out.", ""}
	}
	for _, text := range s.Except {
		sp, ok := parseSpan(text)
		if !ok {
			return nil, &Problem{"except", "A day to leave out is not a date.", "Write one a line: 2026-12-24, 2026-12-24..2027-01-02, or 12-25 for each year."}
		}
		p.left = append(p.left, sp)
	}
	if p.walls, err = s.When.walls(p.first, p.last, zone); err != nil {
		return nil, err
	}
	return p, nil
}

// Check returns the plan of s if a rule may say this at now. The error is a
// [*Problem].
func (s Spec) Check(now time.Time) (*Plan, error) {
	if err := s.Scope.check(); err != nil {
		return nil, err
	}
	lasts, lead, flex := time.Duration(s.Lasts)*time.Second, time.Duration(s.Lead)*time.Second, time.Duration(s.Flex)*time.Second
	switch {
	case lasts < lastsLeast || lasts > lastsMost:
		return nil, &Problem{"lasts", "A downtime lasts from one minute to 31 days.", "Write 90m, 4h or 2d."}
	case flex != 0 && (flex < lastsLeast || flex > lastsMost):
		return nil, &Problem{"flex", "A flexible downtime lasts from one minute to 31 days.", "Write 90m, 4h or 2d."}
	case lead < leadLeast || lead > leadMost:
		return nil, &Problem{"lead", "Downtimes are set from five minutes to 31 days ahead.", "Write 24h."}
	}
	switch text := strings.TrimSpace(s.Text); {
	case text == "":
		return nil, &Problem{"text", "The comment is empty.", "Say why, and whom to ask."}
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) || utf8.RuneCountInString(text) > wordsMost:
		return nil, &Problem{"text", "The comment is one line of at most 400 characters.", ""}
	}
	p, err := s.Plan()
	if err != nil {
		return nil, err
	}
	next := p.Next(now, 10*perDayMost)
	if len(next) == 0 {
		return nil, &Problem{"kind", "There is no such day any more.", "Look at the first and the last day, and at the days left out."}
	}
	for i := perDayMost; i < len(next); i++ {
		if next[i].Start.Sub(next[i-perDayMost].Start) < 23*hour {
			return nil, &Problem{"kind", "It begins more than 24 times a day.", "Let it begin less often and last longer."}
		}
	}
	return p, nil
}

var errYear = errors.New("recur: year out of range")

// day reads a date; "" is the zero time.
func day(text string) (wall, error) {
	if text == "" {
		return wall{}, nil
	}
	t, err := time.Parse(time.DateOnly, text)
	if err == nil && (t.Year() < yearLeast || t.Year() > yearMost) {
		err = errYear
	}
	return t, err
}

// A span is days that are left out: from first to last, or a day of each year.
type span struct {
	first, last wall
	yearly      bool
}

func parseSpan(text string) (span, bool) {
	text = strings.TrimSpace(text)
	if t, err := time.Parse("2006-01-02", "2000-"+text); err == nil { // a leap year
		return span{first: t, yearly: true}, true
	}
	from, to, two := strings.Cut(text, "..")
	if !two {
		to = from
	}
	first, err := day(strings.TrimSpace(from))
	last, also := day(strings.TrimSpace(to))
	return span{first: first, last: last}, err == nil && also == nil && !first.IsZero() && !last.Before(first)
}

func (s span) has(d wall) bool {
	if s.yearly {
		return d.Month() == s.first.Month() && d.Day() == s.first.Day()
	}
	return !d.Before(s.first) && !d.After(s.last)
}
