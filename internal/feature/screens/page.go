// Package screens is the room of links for screens: saved views on a wall or
// inside a page of others, for whoever has the link, until it is revoked.
package screens

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"belvedere/internal/access"
	"belvedere/internal/auth"
	"belvedere/internal/db"
	"belvedere/internal/web"
	"belvedere/internal/web/ui"
)

// Links keeps the links of screens; *auth.Service is one.
type Links interface {
	Screens(ctx context.Context, owner int64) ([]db.Screen, error)
	AddScreen(ctx context.Context, a auth.Actor, role access.Role, screen db.Screen) (secret string, err error)
	RevokeScreen(ctx context.Context, a auth.Actor, id int64, all bool) error
}

// Options are what the room needs.
type Options struct {
	Auth Links
}

type handler struct{ Options }

// Feature returns the room.
func Feature(o Options) web.Feature {
	h := handler{o}
	return web.Feature{
		Name:    "screens",
		Palette: []web.PaletteItem{{Label: "Screens", Path: "/screens", Icon: "wall", Right: web.SignedIn}},
		Routes: []web.Route{
			{Pattern: "GET /screens", Right: web.SignedIn, Handler: h.page},
			{Pattern: "POST /screens", Right: web.SignedIn, Handler: h.add},
			{Pattern: "POST /screens/{id}/revoke", Right: web.SignedIn, Handler: h.revoke},
		},
	}
}

// A view is what the templates draw.
type view struct {
	Screens []db.Screen
	Views   []db.View
	Mine    int64
	All     bool // those of everybody are listed
	Err     string
	Hint    string
	Name    string
	Form    string
	Every   int
	Chosen  []int64
	New     string // address of the link just made, "" none
	NewForm string
}

// times are how long a view may be shown, in seconds.
func times() []int { return []int{10, 20, 30, 60, 120, 300} }

// page serves GET /screens.
func (h handler) page(w http.ResponseWriter, r *http.Request) error {
	return h.show(w, r, http.StatusOK, view{Form: db.ScreenWall, Every: 30})
}

// show draws the page. Admins see the links of everybody: who revokes them must
// know them.
func (h handler) show(w http.ResponseWriter, r *http.Request, status int, v view) error {
	me := web.Person(r)
	v.Mine, v.All = me.ID, me.Role == access.RoleAdmin
	owner := me.ID
	if v.All {
		owner = 0
	}
	var err error
	if v.Screens, err = h.Auth.Screens(r.Context(), owner); err != nil {
		return fmt.Errorf("screens: %w", err)
	}
	if v.Views, err = web.Views(r); err != nil {
		return err
	}
	return web.Render(w, r, web.Page{Title: ui.T(r.Context(), "Screens"), Active: "views", Body: body(v), Status: status})
}

// add serves POST /screens. The link is in the answer, and nowhere else.
func (h handler) add(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return web.BadRequest(ui.T(r.Context(), "The form could not be read"), ui.T(r.Context(), "Go back and try again"))
	}
	v := view{Name: strings.TrimSpace(r.PostForm.Get("name"))}
	var err error
	if v.Form, err = web.OneOf(r, "form", db.ScreenWall, db.ScreenEmbed); err != nil {
		return err
	}
	if v.Every, err = web.Int(r, "every", 30, 5, 3600); err != nil {
		return err
	}
	for _, x := range r.PostForm["view"] {
		if id, err := strconv.ParseInt(x, 10, 64); err == nil && !slices.Contains(v.Chosen, id) {
			v.Chosen = append(v.Chosen, id)
		}
	}
	if r.PostForm.Get("do") == "show" {
		return v.showNow(w, r)
	}
	screen := db.Screen{Name: v.Name, Form: v.Form, Every: time.Duration(v.Every) * time.Second}
	for _, id := range v.Chosen {
		screen.Views = append(screen.Views, db.View{ID: id})
	}
	secret, err := h.Auth.AddScreen(r.Context(), actor(r), web.Role(r), screen)
	var told *db.Error
	switch {
	case errors.As(err, &told):
		v.Err, v.Hint = sentence(ui.Said(r.Context(), told.Msg)), sentence(ui.Said(r.Context(), told.Hint))
		return h.show(w, r, http.StatusUnprocessableEntity, v)
	case errors.Is(err, auth.ErrNotFound):
		return web.NotFound("There is no such view", "It was deleted, or is not shared with you")
	case err != nil:
		return fmt.Errorf("screens: %w", err)
	}
	w.Header().Set("Cache-Control", "no-store")
	return h.show(w, r, http.StatusOK, view{New: web.BaseURL(r) + "/screen/" + secret, NewForm: v.Form, Form: db.ScreenWall, Every: 30})
}

// showNow leads to the chosen views as a screen of whoever is signed in.
func (v view) showNow(w http.ResponseWriter, r *http.Request) error {
	q := url.Values{"form": {v.Form}, "every": {strconv.Itoa(v.Every)}}
	for _, id := range v.Chosen {
		q.Add("view", strconv.FormatInt(id, 10))
	}
	return web.Redirect(w, r, "/screen?"+q.Encode(), "")
}

// revoke serves POST /screens/{id}/revoke.
func (h handler) revoke(w http.ResponseWriter, r *http.Request) error {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err == nil {
		err = h.Auth.RevokeScreen(r.Context(), actor(r), id, web.Role(r) == access.RoleAdmin)
	} else {
		err = auth.ErrNotFound
	}
	switch {
	case errors.Is(err, auth.ErrNotFound):
		return web.NotFound("There is no such link", "It was revoked already, or is somebody else's")
	case err != nil:
		return fmt.Errorf("screens: %w", err)
	}
	return web.Redirect(w, r, "/screens", ui.T(r.Context(), "The link works no longer"))
}

func actor(r *http.Request) auth.Actor {
	me := web.Person(r)
	return auth.Actor{ID: me.ID, Name: me.Username, IP: web.RemoteIP(r)}
}

// sentence begins s with a capital letter.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// formWord says how a screen shows its views.
func formWord(ctx context.Context, form string) string {
	if form == db.ScreenEmbed {
		return ui.T(ctx, "inside a page")
	}
	return ui.T(ctx, "on a wall")
}

// names lists what a screen shows.
func names(ctx context.Context, x db.Screen) string {
	var out []string
	for _, v := range x.Views {
		out = append(out, ui.Visible(v.Name))
	}
	if len(out) == 0 {
		return ui.T(ctx, "nothing: its views are gone or no longer shared")
	}
	return strings.Join(out, ", ")
}

// frame is what shows a link inside a page.
func frame(link string) string {
	return `<iframe src="` + link + `" width="100%" height="600"></iframe>`
}
