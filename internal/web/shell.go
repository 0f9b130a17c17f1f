package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/a-h/templ"

	"belvedere/internal/access"
	"belvedere/internal/auth"
	"belvedere/internal/web/ui"
)

// A shellView is what the document around a page shows.
type shellView struct {
	Title    string // of the window, with the count
	Base     string // without it, for the browser to count on
	Theme    string
	Lang     string  // "en", "de"
	Density  string  // "", "compact" or "roomy"
	Browser  browser // texts and settings of the scripts
	Person   auth.Person
	Signed   bool
	Menu     [][]menuEntry
	Phone    []menuEntry
	Pinned   []pinned
	Bells    string // JSON: which views ring
	Chooser  chooserView
	Newest   int64 // unix seconds of the newest data
	Say      string
	Keys     bool // single-key shortcuts are on
	Lacking  incomplete
	Palette  []PaletteItem
	Version  string
	CSS, JS  string
	Favicon  string
	Manifest string
	Touch    string // icon of the installed app
	Worker   string
	Assets   string
	Mode     mode
	Turn     turn
	Secret   bool   // whoever looks has no more than a link
	OnWall   string // address of the page on a wall, "" where it cannot be shown there
	Boot     string // of the server, for the browser to see what it missed
	Rev      string
}

// data are what the scripts read from the body, of every kind of document.
func (v shellView) data(ctx context.Context) templ.Attributes {
	return templ.Attributes{
		"data-prefix": ui.Env(ctx).Prefix, "data-sprite": string(ui.Href(ctx, ui.Env(ctx).Sprite)), "data-worker": string(ui.Href(ctx, v.Worker)),
		"data-assets": v.Assets, "data-title": v.Base, "data-boot": v.Boot, "data-rev": v.Rev,
		"data-now": strconv.FormatInt(ui.Now(ctx).Unix(), 10), "data-newest": strconv.FormatInt(v.Newest, 10),
	}
}

// A chooserView is the site chooser.
type chooserView struct{ Sites []site }

// chosen returns how many sites are chosen.
func (v chooserView) chosen() int {
	n := 0
	for _, x := range v.Sites {
		if x.Chosen {
			n++
		}
	}
	return n
}

// chosenNames returns the names of the chosen sites when these are few, for
// paper.
func (v shellView) chosenNames(ctx context.Context) string {
	names := ""
	n := 0
	for _, x := range v.Chooser.Sites {
		if x.Chosen {
			n++
			names += ", " + ui.Visible(x.Name)
		}
	}
	if n == 0 || n > 20 {
		return ""
	}
	return ": " + names[2:]
}

// plainAddress returns the address of the page as people read it: its filter is
// in it.
func plainAddress(ctx context.Context) string {
	address := ui.With(ctx)
	if plain, err := url.QueryUnescape(address); err == nil {
		return ui.Visible(plain)
	}
	return address
}

// trouble returns how many of the chosen sites are late or down.
func (v chooserView) trouble() int {
	n := 0
	for _, x := range v.Sites {
		if x.Chosen && x.Trouble() {
			n++
		}
	}
	return n
}

// words says what is chosen: "5 sites", "2 of 5 sites".
func (v chooserView) words(ctx context.Context) string {
	all := ui.N(ctx, len(v.Sites), "%s site", "%s sites", ui.Number(len(v.Sites)))
	if n := v.chosen(); n < len(v.Sites) {
		return ui.T(ctx, "%[1]s of %[2]s", ui.Number(n), all)
	}
	return all
}

// markChosen marks the sites the person wants to see.
func markChosen(sites []site, st *state) {
	for i := range sites {
		sites[i].Chosen = st.chosen.Sites == nil || slices.Contains(st.chosen.Sites, sites[i].Key)
	}
}

// shell collects what the document around p shows. What cannot be had is left
// out: a page without its menu numbers is better than none.
func (s *Server) shell(w http.ResponseWriter, r *http.Request, p Page) shellView {
	st := from(r)
	p.Title = ui.Visible(p.Title)
	v := shellView{Title: p.Title, Base: p.Title, Theme: themeOf(r), Lang: st.env.Words.Tag(), Density: st.density, Browser: st.browser(), Person: st.person, Signed: st.signed, Version: s.opt.Version,
		Boot: strconv.FormatInt(s.started.UnixMilli(), 10), Rev: strconv.FormatUint(st.rev, 10), Keys: true, Lacking: lacking(p.Parts), Assets: s.assets.base,
		CSS: s.assets.path("app.css"), JS: s.assets.path("app.js"), Worker: s.assets.path("worker.js"),
		Favicon: s.assets.path("favicon.svg"), Manifest: s.assets.path("manifest.webmanifest"), Touch: s.assets.path("icon-192.png")}
	if st.mode != usual || st.screen != nil {
		s.screenShell(r, p, &v)
		return v
	}
	v.Say = takeSay(w, r)
	if !st.signed || p.Bare {
		return v
	}
	var keys string
	if err := st.prefs.Get("keys", &keys); err == nil && keys == "off" {
		v.Keys = false
	}
	if st.fits && p.Status < http.StatusBadRequest {
		v.OnWall = With(r, "wall", "1")
	}
	counts, _ := s.counters.get(r.Context(), st.chosen, s.opt.Hub.Stamps())
	v.Menu = s.menuGroups(st.person.Role, p.Active, counts)
	v.Phone = phoneEntries(v.Menu)
	for _, item := range s.palette {
		if may(st.person.Role, item.Right) {
			v.Palette = append(v.Palette, item)
		}
	}
	views, err := Views(r)
	if err != nil {
		s.log.Warn("shell without saved views", "request", st.id, "err", err)
	}
	v.Bells = bells(r)
	v.Pinned = s.pinned(r, views, st.env.Path, st.env.Query)
	for _, x := range views {
		v.Palette = append(v.Palette, PaletteItem{Label: x.Name, Note: s.viewNote(r, x.Path), Path: x.Address(), Icon: "bookmark"})
	}
	s.shellSites(r, &v)
	n := p.Count
	for _, m := range s.menu {
		if m.InTitle && n == 0 {
			n = counts[m.Name].N
		}
	}
	if n > 0 {
		v.Title = "(" + strconv.Itoa(n) + ") " + p.Title
	}
	return v
}

// shellSites fills in the sites and how old the newest data is.
func (s *Server) shellSites(r *http.Request, v *shellView) {
	st := from(r)
	sites, err := s.sites(r.Context(), st.viewer)
	if err != nil {
		s.log.Warn("shell without sites", "request", st.id, "err", err)
	}
	markChosen(sites, st)
	v.Chooser = chooserView{sites}
	for _, x := range sites {
		if x.Chosen {
			v.Newest = max(v.Newest, x.Last)
		}
	}
}

// screenShell fills in what a screen shows around the page: nothing that leads
// elsewhere. Whoever has no more than a link gets what is neither on a wall nor
// embedded, such as a refusal, bare.
func (s *Server) screenShell(r *http.Request, p Page, v *shellView) {
	st := from(r)
	v.Mode, v.Turn, v.Secret = st.mode, st.turn, st.screen != nil
	v.Signed = st.signed && st.mode != usual
	if p.Status >= http.StatusBadRequest && st.turn.Next == "" {
		v.Turn.Every = screenEvery
	}
	if st.mode == onWall {
		v.Theme = "dark"
	}
	s.shellSites(r, v)
}

// sayCookie carries one sentence over a redirect.
const sayCookie = "belvedere_say"

func setSay(w http.ResponseWriter, r *http.Request, say string) {
	st := from(r)
	say = ui.Said(r.Context(), say)
	if len(say) > 500 {
		say = say[:500]
	}
	http.SetCookie(w, &http.Cookie{Name: sayCookie, Value: url.QueryEscape(say), Path: st.cookiePath(), MaxAge: 60,
		HttpOnly: true, Secure: st.origin.https, SameSite: http.SameSiteLaxMode})
}

// takeSay returns the sentence and forgets it.
func takeSay(w http.ResponseWriter, r *http.Request) string {
	c, err := r.Cookie(sayCookie)
	if err != nil {
		return ""
	}
	http.SetCookie(w, &http.Cookie{Name: sayCookie, Path: from(r).cookiePath(), MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	say, err := url.QueryUnescape(c.Value)
	if err != nil {
		return ""
	}
	return say
}

// cookiePath is where our cookies count.
func (s *state) cookiePath() string {
	if s.origin.prefix == "" {
		return "/"
	}
	return s.origin.prefix
}

// personName returns the name to call somebody.
func personName(p auth.Person) string {
	if p.DisplayName != "" {
		return p.DisplayName
	}
	return p.Username
}

// errorIcon returns the icon of an error page.
func errorIcon(status int) string {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return "lock"
	case http.StatusNotFound:
		return "search"
	}
	return "alert"
}

// setupHint says what a good password is.
func setupHint(ctx context.Context, v setupView) string {
	if v.Hint != "" {
		return v.Hint
	}
	return ui.T(ctx, "At least 10 characters. This account is the administrator.")
}

// RoleName says what a role is called.
func RoleName(ctx context.Context, r access.Role) string {
	switch r {
	case access.RoleAdmin:
		return ui.T(ctx, "Admin")
	case access.RoleOperator:
		return ui.T(ctx, "Operator")
	}
	return ui.T(ctx, "Viewer")
}

// stateWord says how a site is that gives no data for a reason.
func stateWord(ctx context.Context, state string) string {
	switch state {
	case "paused":
		return ui.T(ctx, "paused")
	case "incompatible":
		return ui.T(ctx, "not usable")
	case "down", "late":
		return ui.T(ctx, "no data")
	}
	return ui.T(ctx, "loading")
}

// viewNote says in the palette of which page a saved view is.
func (s *Server) viewNote(r *http.Request, path string) string {
	for _, m := range s.menu {
		if m.Path == path {
			return ui.T(r.Context(), "view of %s", ui.Said(r.Context(), m.Label))
		}
	}
	return ui.T(r.Context(), "saved view")
}
