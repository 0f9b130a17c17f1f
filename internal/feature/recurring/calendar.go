package recurring

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"belvedere/internal/recur"
	"belvedere/internal/search"
	"belvedere/internal/web"
	"belvedere/internal/web/ui"
)

// The views of the calendar.
const (
	monthView = "month"
	weekView  = "week"
)

// linesMost bounds what a day of a month shows.
const linesMost = 4

// A calendarView is the calendar of a month or a week.
type calendarView struct {
	View       string
	Title      string
	At         time.Time // a day of it
	Prev, Next time.Time
	Days       []calendarDay
	More       bool // there is more than can be shown
	Empty      bool
}

// A calendarDay is one day.
type calendarDay struct {
	Start time.Time
	Out   bool // of another month
	Today bool
	Lines []line
	More  int // lines that are not shown
}

// A line is one entry on one day.
type line struct {
	recur.Entry
	From, Until string // times of the day, "" when it began before or goes on
	Path        string // "" leads nowhere
}

// calendar serves GET /downtimes/calendar.
func (h handler) calendar(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	v, err := calendarOf(r)
	if err != nil {
		return err
	}
	first, last := v.Days[0].Start, v.Days[len(v.Days)-1].Start.AddDate(0, 0, 1)
	list, more, parts, err := h.rules.Calendar(ctx, web.Person(r), web.Viewer(r), first, last)
	if err != nil {
		return err
	}
	v.More, v.Empty = more, len(list) == 0
	for i := range v.Days {
		v.Days[i].fill(ctx, list, v.View == monthView)
	}
	return web.Render(w, r, web.Page{Title: ui.T(ctx, "Calendar of downtimes"), Active: "downtimes", Body: calendarBody(v), Parts: parts,
		Blocks: map[string]templ.Component{"calendar": calendarGrid(v)}})
}

// calendarOf reads which days are asked for.
func calendarOf(r *http.Request) (calendarView, error) {
	ctx := r.Context()
	view, err := web.OneOf(r, "view", monthView, weekView)
	if err != nil {
		return calendarView{}, err
	}
	now := ui.Now(ctx).In(ui.Zone(ctx))
	at := now
	if text := r.FormValue("at"); text != "" {
		if at, err = time.ParseInLocation(time.DateOnly, text, ui.Zone(ctx)); err != nil || at.Year() < 1990 || at.Year() > 2200 {
			return calendarView{}, web.BadParameter("at", ui.T(ctx, "There is no such day"), ui.T(ctx, "Write it as 2026-11-27"))
		}
	}
	at = dayOf(at)
	v := calendarView{View: view, At: at}
	week := ui.WeekOf(ctx, at)
	from, days := week, 7
	if view == monthView {
		first := at.AddDate(0, 0, 1-at.Day())
		from = ui.WeekOf(ctx, first)
		days = 35
		if !from.AddDate(0, 0, 35).After(first.AddDate(0, 1, -1)) {
			days = 42
		}
		v.Prev, v.Next = first.AddDate(0, -1, 0), first.AddDate(0, 1, 0)
		v.Title = monthName(ctx, at.Month()) + " " + strconv.Itoa(at.Year())
	} else {
		v.Prev, v.Next = week.AddDate(0, 0, -7), week.AddDate(0, 0, 7)
		v.Title = ui.Day(ctx, week) + " – " + ui.Day(ctx, week.AddDate(0, 0, 6)) + " " + strconv.Itoa(week.AddDate(0, 0, 6).Year())
	}
	for i := range days {
		d := from.AddDate(0, 0, i)
		v.Days = append(v.Days, calendarDay{Start: d, Out: view == monthView && d.Month() != at.Month(), Today: d.Equal(dayOf(now))})
	}
	return v, nil
}

// dayOf returns the beginning of a day.
func dayOf(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
}

// fill puts the entries of a day into it.
func (d *calendarDay) fill(ctx context.Context, list []recur.Entry, short bool) {
	end := d.Start.AddDate(0, 0, 1)
	for _, e := range list {
		if !e.Start.Before(end) || !e.End.After(d.Start) {
			continue
		}
		if short && len(d.Lines) == linesMost {
			d.More++
			continue
		}
		l := line{Entry: e}
		if !e.Start.Before(d.Start) {
			l.From = ui.HourMinute(ctx, e.Start)
		}
		if !e.End.After(end) {
			l.Until = ui.HourMinute(ctx, e.End)
		}
		switch {
		case e.Rule != nil:
			l.Path = path(e.Rule.ID, "")
		case e.Stage == recur.Now || e.Stage == recur.Coming:
			l.Path = "/downtimes?" + url.Values{"q": {search.Eq("comment", e.Text).String()}}.Encode()
		}
		d.Lines = append(d.Lines, l)
	}
}

// Span writes when a line lasts on its day.
func (l line) Span(ctx context.Context) string {
	switch {
	case l.From == "" && l.Until == "":
		return ui.T(ctx, "all day")
	case l.From == "":
		return ui.T(ctx, "until %s", l.Until)
	case l.Until == "":
		return ui.T(ctx, "from %s", l.From)
	}
	return l.From + " – " + l.Until
}

// Name is what a line is called.
func (l line) Name() string {
	if l.Rule != nil {
		return l.Rule.Name
	}
	return l.Text
}

// Detail says more about a line.
func (l line) Detail(ctx context.Context) string {
	var out []string
	if l.Rule != nil {
		out = append(out, l.Text)
	}
	if n := len(l.Hosts); n > 0 {
		names := make([]string, n)
		for i, x := range l.Hosts {
			names[i] = ui.Visible(x)
		}
		text := strings.Join(names, ", ")
		if l.Objects > n {
			text = ui.T(ctx, "%[1]s and others, %[2]s in all", text, ui.Number(l.Objects))
		}
		out = append(out, text)
	} else if l.Objects > 0 {
		out = append(out, ui.N(ctx, l.Objects, "%s object", "%s objects", ui.Number(l.Objects)))
	}
	if l.Author != "" {
		out = append(out, ui.Visible(l.Author))
	}
	if l.Cut {
		out = append(out, ui.T(ctx, "ended early"))
	}
	return strings.Join(slices.DeleteFunc(out, func(s string) bool { return s == "" }), " · ")
}

// stage says how a line stands.
func stage(ctx context.Context, s string) string {
	switch s {
	case recur.Past:
		return ui.T(ctx, "over")
	case recur.Now:
		return ui.T(ctx, "lasts")
	case recur.Coming:
		return ui.T(ctx, "set")
	}
	return ui.T(ctx, "planned")
}

// icon of a stage.
func icon(s string) string {
	switch s {
	case recur.Past:
		return "check"
	case recur.Now:
		return "downtime"
	case recur.Coming:
		return "clock"
	}
	return "recheck"
}

// address of another time of the calendar.
func address(view string, at time.Time) string {
	return "/downtimes/calendar?" + url.Values{"view": {view}, "at": {at.Format(time.DateOnly)}}.Encode()
}

func monthName(ctx context.Context, m time.Month) string {
	names := [...]string{ui.T(ctx, "January"), ui.T(ctx, "February"), ui.T(ctx, "March"), ui.T(ctx, "April"), ui.T(ctx, "May "), ui.T(ctx, "June"),
		ui.T(ctx, "July"), ui.T(ctx, "August"), ui.T(ctx, "September"), ui.T(ctx, "October"), ui.T(ctx, "November"), ui.T(ctx, "December")}
	return strings.TrimSpace(names[m-1])
}

// stages are those of the legend.
func stages() []string { return []string{recur.Past, recur.Now, recur.Coming, recur.Planned} }
