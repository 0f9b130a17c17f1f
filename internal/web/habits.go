package web

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"belvedere/internal/web/ui"
)

// Habits are how a person wants to see Belvedere. The zero value leaves
// everything to the browser and the server.
type Habits struct {
	Language string // of [Languages], "" the browser's
	Theme    string // "light", "dark", "" or "auto" the system's
	Density  string // "compact", "roomy", "" usual
	Zone     string // of the IANA time zone database, "" the server's
	Clock    string // "12" or "24", "" 24
	Week     string // first day of the week: "monday", "sunday" or "saturday", "" Monday
	Keys     string // single-letter shortcuts: "off", "" or "on"
}

// habit is one of them: its preference, what it may be, where it is kept.
type habit struct {
	name    string
	allowed []string
	field   func(*Habits) *string
}

// habits are all of them. Languages and time zones are open lists.
func habits() []habit {
	return []habit{
		{"language", nil, func(h *Habits) *string { return &h.Language }},
		{"theme", []string{"auto", "light", "dark"}, func(h *Habits) *string { return &h.Theme }},
		{"density", []string{"", "compact", "roomy"}, func(h *Habits) *string { return &h.Density }},
		{"zone", nil, func(h *Habits) *string { return &h.Zone }},
		{"clock", []string{"24", "12"}, func(h *Habits) *string { return &h.Clock }},
		{"week", []string{"monday", "sunday", "saturday"}, func(h *Habits) *string { return &h.Week }},
		{"keys", []string{"on", "off"}, func(h *Habits) *string { return &h.Keys }},
	}
}

// allowedHabit reports whether a habit may have the value.
func (s *Server) allowedHabit(name, value string) bool {
	switch name {
	case "language":
		return value == "" || slices.Contains(s.words.Tags(), value)
	case "zone":
		if value == "" || value == "Local" {
			return value == ""
		}
		_, err := time.LoadLocation(value)
		return err == nil
	}
	for _, h := range habits() {
		if h.name == name {
			return slices.Contains(h.allowed, value)
		}
	}
	return false
}

// HabitsOf returns the habits of whoever asks.
func HabitsOf(r *http.Request) Habits {
	var out Habits
	for _, h := range habits() {
		// What an older version wrote in another form counts as not chosen.
		_ = from(r).prefs.Get(h.name, h.field(&out))
	}
	return out
}

// Density returns the height of rows that whoever asks chose for all lists:
// "compact", "roomy" or "" for the usual one.
func Density(r *http.Request) string { return from(r).density }

// SetHabits keeps habits of whoever asks. Errors: a [*Error] with status 400
// that names the first one with a value it cannot have.
func SetHabits(w http.ResponseWriter, r *http.Request, to Habits) error {
	st := from(r)
	for _, h := range habits() {
		if v := *h.field(&to); v != "" && !st.server.allowedHabit(h.name, v) {
			return BadRequest(ui.T(r.Context(), "%[1]s cannot be %[2]q", h.name, v), "Go back and choose one that is offered")
		}
	}
	for _, h := range habits() {
		if err := st.setHabit(w, h.name, *h.field(&to)); err != nil {
			return err
		}
	}
	return nil
}

// setHabit keeps one; the theme also for the sign-in page of this browser.
func (s *state) setHabit(w http.ResponseWriter, name, value string) error {
	if name == "theme" {
		http.SetCookie(w, &http.Cookie{Name: themeCookie, Value: value, Path: s.cookiePath(), MaxAge: 365 * 86400,
			HttpOnly: true, Secure: s.origin.https, SameSite: http.SameSiteLaxMode})
	}
	if !s.signed {
		return nil
	}
	var v any = value
	if value == "" {
		v = nil
	}
	return s.prefs.Set(name, v)
}

// Languages returns the languages there are: tag and own name.
func Languages(r *http.Request) [][2]string {
	c := from(r).server.words
	var out [][2]string
	for _, tag := range c.Tags() {
		out = append(out, [2]string{tag, c.Of(tag).Name()})
	}
	return out
}

// habits takes over language, time zone, clock, week and density of the person.
func (s *state) habits(r *http.Request) {
	h := HabitsOf(r)
	if h.Language != "" {
		s.env.Words = s.server.words.Pick(h.Language, r.Header.Get("Accept-Language"))
	}
	if z, err := time.LoadLocation(h.Zone); err == nil && h.Zone != "" {
		s.env.Zone = z
	}
	s.env.Clock12 = h.Clock == "12"
	for _, d := range []time.Weekday{time.Sunday, time.Saturday} {
		if strings.EqualFold(h.Week, d.String()) {
			s.env.Week = &d
		}
	}
	s.density = h.Density
}

// browser is what the scripts of a page need to speak as the server does.
type browser struct {
	Lang    string            `json:"lang"`
	Texts   map[string]string `json:"texts,omitempty"`
	Zone    string            `json:"zone,omitempty"` // "": the browser's
	Clock12 bool              `json:"clock12,omitempty"`
}

func (s *state) browser() browser {
	b := browser{Lang: s.env.Words.Tag(), Texts: s.env.Words.Browser(), Clock12: s.env.Clock12}
	if s.env.Zone != nil {
		b.Zone = s.env.Zone.String()
	} else if name := time.Local.String(); name != "Local" {
		b.Zone = name
	}
	return b
}
