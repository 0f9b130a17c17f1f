package recurring

import (
	"context"
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"belvedere/internal/recur"
	"belvedere/internal/search"
	"belvedere/internal/web/filter"
	"belvedere/internal/web/ui"
)

// A form is what a person entered about a rule, with what is wrong with it.
type form struct {
	ID                                               int64 // 0: a new rule
	Name                                             string
	Scope, Site, Host, Service, Group, Filter, Reach string
	Kind, At, Nth, Weekday, Day                      string
	Cron, RRule                                      string
	Days                                             []string
	Zone, Lasts, Flex                                string
	From, Until, Except, Text, Lead                  string
	Flexible, Anyway                                 bool
	Errors                                           map[string]string // by field; "" the form as a whole
	Hint                                             string            // what would be right for the form as a whole
	Nothing                                          bool              // it matches nothing: to be kept anyway
}

// readForm takes what was entered, or what a link proposes.
func readForm(v url.Values) form {
	get := func(name, otherwise string) string {
		if s := strings.TrimSpace(v.Get(name)); s != "" {
			return s
		}
		return otherwise
	}
	return form{
		Name: get("name", ""), Scope: get("scope", recur.OnHost), Site: get("site", ""), Host: get("host", ""), Service: get("service", ""),
		Group: get("group", ""), Filter: get("filter", ""), Reach: get("reach", recur.Both),
		Kind: get("kind", recur.Weekly), At: get("at", "22:00"), Nth: get("nth", "1"), Weekday: get("weekday", "0"), Day: get("day", "1"),
		Cron: get("cron", ""), RRule: get("rrule", ""), Days: v["days"], Zone: get("zone", ""), Lasts: get("lasts", ""), Flex: get("flex", ""),
		From: get("from", ""), Until: get("until", ""), Except: get("except", ""), Text: get("text", ""), Lead: get("lead", "1d"),
		Flexible: v.Get("flexible") != "", Anyway: v.Get("anyway") != "", Errors: map[string]string{},
	}
}

// formOf is the form of a rule.
func formOf(r recur.Rule) form {
	s := r.Spec
	f := form{
		ID: r.ID, Name: r.Name, Scope: s.Scope.Kind, Site: s.Scope.Site, Host: s.Scope.Host, Service: s.Scope.Service, Group: s.Scope.Group,
		Filter: s.Scope.Filter, Reach: s.Scope.Reach, Kind: s.When.Kind, At: s.When.At, Nth: strconv.Itoa(s.When.Nth), Weekday: strconv.Itoa(s.When.Weekday),
		Day: strconv.Itoa(s.When.Day), Zone: s.Zone, Lasts: lengthText(s.Lasts), From: s.From, Until: s.Until, Except: strings.Join(s.Except, "\n"),
		Text: s.Text, Lead: lengthText(s.Lead), Flexible: s.Flex != 0, Errors: map[string]string{},
	}
	if s.Flex != 0 {
		f.Flex = lengthText(s.Flex)
	}
	for _, d := range s.When.Days {
		f.Days = append(f.Days, strconv.Itoa(d))
	}
	switch s.When.Kind {
	case recur.Cron:
		f.Cron = s.When.Text
	case recur.RRule:
		f.RRule = s.When.Text
	}
	return f
}

// spec returns what the form describes; ok is false when Errors says what
// cannot be read.
func (f *form) spec(ctx context.Context) (s recur.Spec, ok bool) {
	s = recur.Spec{
		Scope: f.scope(), When: f.when(), Zone: f.Zone, From: f.From, Until: f.Until, Text: f.Text,
		Except: strings.FieldsFunc(f.Except, func(r rune) bool { return r == '\n' || r == '\r' || r == ',' || r == ';' }),
	}
	s.Except = slices.DeleteFunc(s.Except, func(x string) bool { return strings.TrimSpace(x) == "" })
	for i := range s.Except {
		s.Except[i] = strings.TrimSpace(s.Except[i])
	}
	if len(s.Except) == 0 {
		s.Except = nil
	}
	length := func(field, text string) int64 {
		n, good := parseLength(text)
		if !good {
			f.Errors[field] = ui.T(ctx, "This is no length of time: write 90m, 4h, 2d or 1h30m.")
		}
		return n
	}
	s.Lasts, s.Lead = length("lasts", f.Lasts), length("lead", f.Lead)
	if f.Flexible {
		s.Flex = length("flex", f.Flex)
	}
	if s.When.Kind == recur.RRule && s.From == "" { // an RRULE counts from a day
		s.From = ui.Now(ctx).In(zoneOf(s.Zone)).Format(time.DateOnly)
		f.From = s.From
	}
	if f.Name == "" {
		f.Errors["name"] = ui.T(ctx, "Give the rule a name.")
	}
	return s, len(f.Errors) == 0
}

// scope takes from the form what the kind of scope needs.
func (f *form) scope() recur.Scope {
	s := recur.Scope{Kind: f.Scope, Site: f.Site, Reach: f.Reach}
	switch f.Scope {
	case recur.OnHost:
		s.Host = f.Host
	case recur.OnService:
		s.Host, s.Service, s.Reach = f.Host, f.Service, ""
	case recur.OnHostgroup, recur.OnServicegroup:
		s.Group = f.Group
	case recur.OnFilter:
		s.Filter, s.Site = f.Filter, ""
	}
	return s
}

// when takes from the form what the kind of repetition needs.
func (f *form) when() recur.When {
	w := recur.When{Kind: f.Kind, At: f.At}
	number := func(text string) int {
		n, _ := strconv.Atoi(text) // what is none is refused as 0
		return n
	}
	switch f.Kind {
	case recur.Weekly:
		for _, d := range f.Days {
			w.Days = append(w.Days, number(d))
		}
		slices.Sort(w.Days)
		w.Days = slices.Compact(w.Days)
	case recur.Nth:
		w.Nth, w.Weekday = number(f.Nth), number(f.Weekday)
	case recur.MonthDay:
		w.Day = number(f.Day)
	case recur.Cron:
		w.At, w.Text = "", f.Cron
	case recur.RRule:
		w.Text = f.RRule
	}
	return w
}

// refuse notes what keeps the form from being a rule; false when err is of
// another kind.
func (f *form) refuse(ctx context.Context, err error) bool {
	if e, ok := errors.AsType[*search.Error](err); ok {
		f.Errors["filter"] = filter.Message(ctx, e)
		return true
	}
	p, ok := errors.AsType[*recur.Problem](err)
	if !ok {
		return false
	}
	field := p.Field
	if field == "expr" {
		field = f.Kind
	}
	text := strings.TrimSpace(ui.Said(ctx, p.Msg) + " " + ui.Said(ctx, p.Hint))
	if field == "scope" || field == "kind" || field == "reach" || field == "nth" {
		f.Hint, field = "", ""
	}
	f.Errors[field] = text
	return true
}

var lengthPart = regexp.MustCompile(`^(\d{1,6})\s*([dhm])\s*`)

// parseLength reads a length of time: "90m", "1d 12h". It is whole seconds.
func parseLength(text string) (int64, bool) {
	text = strings.ToLower(strings.TrimSpace(text))
	units := map[string]int64{"d": 86400, "h": 3600, "m": 60}
	sum, any := int64(0), false
	for text != "" {
		m := lengthPart.FindStringSubmatch(text)
		if m == nil {
			return 0, false
		}
		n, _ := strconv.ParseInt(m[1], 10, 64) // six digits
		sum, any, text = sum+n*units[m[2]], true, text[len(m[0]):]
	}
	return sum, any
}

// lengthText writes a length of time as parseLength reads it.
func lengthText(seconds int64) string {
	var b strings.Builder
	for _, u := range []struct {
		n    int64
		name string
	}{{86400, "d"}, {3600, "h"}, {60, "m"}} {
		if n := seconds / u.n; n > 0 {
			b.WriteString(strconv.FormatInt(n, 10) + u.name)
			seconds -= n * u.n
		}
	}
	return b.String()
}

// zoneOf returns a zone by name, UTC where there is none.
func zoneOf(name string) *time.Location {
	if z, err := time.LoadLocation(name); err == nil {
		return z
	}
	return time.UTC
}
