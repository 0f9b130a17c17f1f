package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"belvedere/internal/auth"
	"belvedere/internal/db"
	"belvedere/internal/web/ui"
)

// A mode is how a page is shown: with everything around it, on a wall, or
// inside a page of others.
type mode uint8

const (
	usual mode = iota
	onWall
	embedded
)

// modeParams are the query parameters that choose a mode.
func modeParams() []string { return []string{"wall", "embed"} }

const (
	screenEvery = 30 // seconds that each view of a rotation is shown, when nothing is said
	secretPath  = "/screen/"
)

// A turn is what a screen does besides showing a page. The zero value: nothing.
type turn struct {
	Next  string // address of the view that follows, "" none
	Every int    // seconds until then
	Leave string // address of the page as usual, "" when whoever looks may not
	Live  string // address of the event stream, "" the usual one
}

// show sets how the page of a route is shown, as the address says.
func (s *Server) show(w http.ResponseWriter, r *http.Request, rt Route) error {
	st := from(r)
	st.fits = rt.Screen
	query := r.URL.Query()
	for i, name := range modeParams() {
		switch v := query.Get(name); v {
		case "", "0":
			continue
		case "1":
			st.mode = mode(i + 1)
		default:
			return BadRequest(ui.T(r.Context(), "%[1]s must be one of %[2]s", name, "0, 1"), "Correct the address or go back")
		}
	}
	if st.mode == usual {
		return nil
	}
	if !rt.Screen {
		st.mode = usual
		return BadRequest("This page can be shown neither on a wall nor inside another page", "Leave out wall and embed")
	}
	if st.turn.Leave == "" && st.screen == nil {
		st.turn.Leave = string(URL(r, With(r, "wall", "", "embed", "")))
	}
	st.env.Query = withoutMode(st.env.Query) // links lead to the pages as usual
	if st.mode != embedded {
		return nil
	}
	if len(s.opt.EmbedParents) == 0 {
		return Forbidden("Pages of Belvedere may not be shown inside other pages here",
			"An administrator lists the addresses of those that may in the configuration file, such as embed_parents: [https://intranet.example.org], and restarts the server")
	}
	s.framed(w)
	return nil
}

// framed lets the pages that may embed others show the answer.
func (s *Server) framed(w http.ResponseWriter) {
	w.Header().Set("Content-Security-Policy", strings.Replace(policy, "frame-ancestors 'none'", "frame-ancestors 'self' "+strings.Join(s.opt.EmbedParents, " "), 1))
	w.Header().Del("X-Frame-Options")
}

// strangerInFrame answers for an embedded page that nobody is signed in: the
// page to sign in may not lie in a frame.
func (s *Server) strangerInFrame(w http.ResponseWriter, r *http.Request) error {
	from(r).mode = embedded
	s.framed(w)
	return &Error{Status: http.StatusUnauthorized, Msg: "Nobody is signed in in this browser",
		Hint: "Sign in in a tab of its own, then load this page again. A link for screens needs nobody signed in"}
}

// OnWall reports whether r asks for a page as a wall shows it: see Page.Wall.
func OnWall(r *http.Request) bool { return from(r).mode == onWall }

// Alone reports whether r asks for a page on a wall or inside another page: it
// shows its view, and leads to no other.
func Alone(r *http.Request) bool { return from(r).mode != usual }

// withoutMode returns a query without what chooses a mode.
func withoutMode(q url.Values) url.Values {
	out := url.Values{}
	for k, v := range q {
		if !slices.Contains(modeParams(), k) {
			out[k] = v
		}
	}
	return out
}

// identifyScreen finds out what the link of a screen shows, and for whom.
func (s *Server) identifyScreen(r *http.Request, secret string) error {
	st := from(r)
	screen, owner, err := s.opt.Auth.Screen(r.Context(), secret)
	if errors.Is(err, auth.ErrNoSession) {
		return nil
	}
	if err != nil {
		return err
	}
	st.person, st.signed, st.screen = owner, true, &screen
	st.viewer = owner.Viewer()
	st.chosen = st.viewer
	st.prefs = &Preferences{}
	if s.opt.Prefs != nil {
		all, err := s.opt.Prefs.Preferences(r.Context(), owner.ID)
		if err != nil {
			return err
		}
		st.prefs.values = db.Preferences{}
		for _, k := range []string{"language", "zone", "clock", "week"} {
			if v, ok := all[k]; ok {
				st.prefs.values[k] = v
			}
		}
		st.habits(r)
	}
	st.rev = s.opt.Hub.Seen(sees(st.chosen))
	return nil
}

// screenPage serves GET /screen/{secret}: the view whose turn it is, number n.
// Whoever has the link can ask for nothing else.
func (s *Server) screenPage(w http.ResponseWriter, r *http.Request) error {
	st := from(r)
	at := secretPath + r.PathValue("secret")
	st.turn.Live = string(URL(r, at+"/live"))
	w.Header().Set("Referrer-Policy", "no-referrer")
	return s.rotate(w, r, *st.screen, func(n int) string { return at + "?n=" + strconv.Itoa(n) })
}

// screenOwn serves GET /screen: saved views one after the other, for somebody
// who is signed in.
func (s *Server) screenOwn(w http.ResponseWriter, r *http.Request) error {
	screen := db.Screen{}
	form, err := OneOf(r, "form", db.ScreenWall, db.ScreenEmbed)
	if err != nil {
		return err
	}
	every, err := Int(r, "every", screenEvery, 5, 3600)
	if err != nil {
		return err
	}
	screen.Form, screen.Every = form, time.Duration(every)*time.Second
	views, err := Views(r)
	if err != nil {
		return err
	}
	for _, id := range r.Form["view"] {
		i := slices.IndexFunc(views, func(v db.View) bool { return strconv.FormatInt(v.ID, 10) == id })
		if i < 0 {
			return NotFound("There is no such view", "It was deleted, or is not shared with you")
		}
		screen.Views = append(screen.Views, views[i])
	}
	if len(screen.Views) == 0 {
		return BadRequest("No view is chosen", "Choose some saved views: Views in the menu, then Screens")
	}
	return s.rotate(w, r, screen, func(n int) string { return With(r, "n", strconv.Itoa(n)) })
}

// rotate answers r with the view whose turn it is; address returns that of a
// turn.
func (s *Server) rotate(w http.ResponseWriter, r *http.Request, screen db.Screen, address func(n int) string) error {
	st := from(r)
	if len(screen.Views) == 0 {
		return NotFound("No view of this link can be seen any more", "The views were deleted or are no longer shared: make a new link")
	}
	n, err := Int(r, "n", 0, 0, 1_000_000)
	if err != nil {
		return err
	}
	if k := len(screen.Views); k > 1 {
		st.turn.Next, st.turn.Every = string(URL(r, address((n+1)%k))), int(screen.Every/time.Second)
	}
	v := screen.Views[n%len(screen.Views)]
	page, err := url.Parse(v.Path)
	if err != nil {
		return NotFound("The view has an address that is none", "Save it again")
	}
	query, err := url.ParseQuery(v.Query)
	if err != nil {
		return NotFound("The view has an address that is none", "Save it again")
	}
	query = withoutMode(query)
	if st.screen == nil {
		st.turn.Leave = string(URL(r, v.Address()))
	}
	st.env.Path, st.env.Query = page.EscapedPath(), query
	query = withoutMode(query)
	query.Set(screen.Form, "1")
	page.RawQuery = query.Encode()
	of := r.WithContext(r.Context())
	of.URL, of.Form, of.PostForm = page, nil, nil
	s.screens.ServeHTTP(w, of)
	return nil
}

// screenRoutes returns what screens can show.
func (s *Server) screenRoutes() *http.ServeMux {
	mux := http.NewServeMux()
	for _, f := range s.opt.Features {
		for _, rt := range f.Routes {
			if rt.Screen {
				mux.Handle(rt.Pattern, s.inner(rt))
			}
		}
	}
	mux.Handle("/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, NotFound("This page can be shown neither on a wall nor inside another page", "Make the link with a view of a list"))
	}))
	return mux
}

// noSecret returns a path without the secret of a link, for the log.
func noSecret(path string) string {
	rest, ok := strings.CutPrefix(path, secretPath)
	if !ok {
		return path
	}
	_, rest, more := strings.Cut(rest, "/")
	if !more {
		return secretPath + "…"
	}
	return secretPath + "…/" + rest
}

// maxWallSites is how many sites stand beside a wall.
const maxWallSites = 8

// wallSites returns the sites beside a wall: those in trouble first.
func (v shellView) wallSites() []site {
	var out []site
	for _, x := range v.Chooser.Sites {
		if x.Chosen {
			out = append(out, x)
		}
	}
	slices.SortStableFunc(out, func(a, b site) int {
		switch {
		case a.Trouble() == b.Trouble():
			return 0
		case a.Trouble():
			return -1
		}
		return 1
	})
	return out[:min(len(out), maxWallSites)]
}
