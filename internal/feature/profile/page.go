// Package profile is the room of everybody about themselves: name and rights,
// password, theme and the browsers that are signed in.
package profile

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"belvedere/internal/auth"
	"belvedere/internal/db"
	"belvedere/internal/web"
	"belvedere/internal/web/ui"
)

// maxSignIns is how many sign-ins are shown.
const maxSignIns = 20

// Account is what people may do with their own account. *auth.Service is one.
type Account interface {
	Sessions(ctx context.Context, person int64, token string) ([]auth.Session, error)
	SignIns(ctx context.Context, person int64, limit int) ([]db.SignIn, error)
	SetDisplayName(ctx context.Context, a auth.Actor, person int64, name string) error
	ChangePassword(ctx context.Context, token, old, password string, m auth.Meta) error
	Revoke(ctx context.Context, a auth.Actor, person, session int64) error
	RevokeOthers(ctx context.Context, a auth.Actor, person int64, token string) error
}

// Options are what the room needs.
type Options struct {
	Auth Account
}

type handler struct{ Options }

// Feature returns the room.
func Feature(o Options) web.Feature {
	h := handler{o}
	return web.Feature{
		Name: "profile",
		Palette: []web.PaletteItem{
			{Label: "Your profile", Path: "/profile", Icon: "user", Right: web.SignedIn},
			{Label: "Language, time zone, clock, density", Path: "/profile", Icon: "settings", Right: web.SignedIn},
		},
		Routes: []web.Route{
			{Pattern: "GET /profile", Right: web.SignedIn, Handler: h.page},
			{Pattern: "POST /profile/name", Right: web.SignedIn, Handler: h.name},
			{Pattern: "POST /profile/password", Right: web.SignedIn, Handler: h.password},
			{Pattern: "POST /profile/look", Right: web.SignedIn, Handler: setLook},
			{Pattern: "POST /profile/sessions/{id}/revoke", Right: web.SignedIn, Handler: h.revoke},
			{Pattern: "POST /profile/sessions/revoke", Right: web.SignedIn, Handler: h.revokeOthers},
		},
	}
}

// A view is what the templates draw.
type view struct {
	Person      auth.Person
	Sessions    []auth.Session
	SignIns     []db.SignIn
	Habits      web.Habits
	Languages   [][2]string // tag and own name
	Basic       bool        // signed in with each request: there is no session
	Field       string      // which field Error is about, "" the whole
	Error, Hint string
}

// page serves GET /profile.
func (h handler) page(w http.ResponseWriter, r *http.Request) error {
	return h.show(w, r, http.StatusOK, view{})
}

// show draws the page; v holds what is wrong with a form.
func (h handler) show(w http.ResponseWriter, r *http.Request, status int, v view) error {
	v.Person = web.Person(r)
	token := web.SessionToken(r)
	v.Basic = token == ""
	var err error
	if v.Sessions, err = h.Auth.Sessions(r.Context(), v.Person.ID, token); err != nil {
		return fmt.Errorf("profile: %w", err)
	}
	if v.SignIns, err = h.Auth.SignIns(r.Context(), v.Person.ID, maxSignIns); err != nil {
		return fmt.Errorf("profile: %w", err)
	}
	v.Habits, v.Languages = web.HabitsOf(r), web.Languages(r)
	return web.Render(w, r, web.Page{Title: ui.T(r.Context(), "Your profile"), Active: "profile", Body: body(v), Status: status})
}

// refused shows the page again when err says what is wrong with a form.
func (h handler) refused(w http.ResponseWriter, r *http.Request, err error) error {
	var input *auth.InputError
	var limited *auth.RateLimitedError
	switch {
	case errors.As(err, &input):
		return h.show(w, r, http.StatusUnprocessableEntity, view{Field: input.Field, Error: sentence(ui.Said(r.Context(), input.Msg)), Hint: sentence(ui.Said(r.Context(), input.Hint))})
	case errors.As(err, &limited):
		return h.show(w, r, http.StatusTooManyRequests, view{Field: "old_password",
			Error: ui.T(r.Context(), "Too many wrong passwords. Try again in %s.", ui.Ago(int64(limited.Retry/time.Second)+1))})
	case errors.Is(err, auth.ErrBusy):
		return web.Unavailable("Too many passwords are being checked", "Try again in a moment.", err)
	case errors.Is(err, auth.ErrNoSession):
		return web.Forbidden("Only a signed-in browser can do this", "Sign in with the form.")
	case errors.Is(err, auth.ErrNotFound):
		return web.NotFound("There is no such sign-in", "It may have ended already. Reload the page.")
	}
	return err
}

// sentence gives a message its capital and full stop.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	first, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[n:] + "."
}

func meta(r *http.Request) auth.Meta { return auth.Meta{IP: web.RemoteIP(r), UA: r.UserAgent()} }

// name serves POST /profile/name.
func (h handler) name(w http.ResponseWriter, r *http.Request) error {
	p := web.Person(r)
	if err := h.Auth.SetDisplayName(r.Context(), p.Actor(meta(r)), p.ID, r.PostFormValue("display_name")); err != nil {
		return h.refused(w, r, err)
	}
	return web.Redirect(w, r, "/profile", "Name changed")
}

// password serves POST /profile/password.
func (h handler) password(w http.ResponseWriter, r *http.Request) error {
	err := h.Auth.ChangePassword(r.Context(), web.SessionToken(r), r.PostFormValue("old_password"), r.PostFormValue("password"), meta(r))
	if err != nil {
		return h.refused(w, r, err)
	}
	return web.Redirect(w, r, "/profile", "Password changed. Other browsers are signed out")
}

// setLook serves POST /profile/look: language, colours, times, keys.
func setLook(w http.ResponseWriter, r *http.Request) error {
	to := web.Habits{
		Language: r.PostFormValue("language"), Theme: r.PostFormValue("theme"), Density: r.PostFormValue("density"),
		Zone: strings.TrimSpace(r.PostFormValue("zone")), Clock: r.PostFormValue("clock"), Week: r.PostFormValue("week"), Keys: "off",
	}
	if r.PostFormValue("keys") != "" {
		to.Keys = "on"
	}
	if err := web.SetHabits(w, r, to); err != nil {
		return err
	}
	return web.Redirect(w, r, "/profile", "")
}

// revoke serves POST /profile/sessions/{id}/revoke.
func (h handler) revoke(w http.ResponseWriter, r *http.Request) error {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return h.refused(w, r, auth.ErrNotFound)
	}
	p := web.Person(r)
	if err := h.Auth.Revoke(r.Context(), p.Actor(meta(r)), p.ID, id); err != nil {
		return h.refused(w, r, err)
	}
	return web.Redirect(w, r, "/profile", "Signed out there")
}

// revokeOthers serves POST /profile/sessions/revoke.
func (h handler) revokeOthers(w http.ResponseWriter, r *http.Request) error {
	p := web.Person(r)
	if err := h.Auth.RevokeOthers(r.Context(), p.Actor(meta(r)), p.ID, web.SessionToken(r)); err != nil {
		return h.refused(w, r, err)
	}
	return web.Redirect(w, r, "/profile", "Signed out everywhere else")
}
