// Package people is the room of the accounts, for admins: who may sign in, in
// which role, and what each of them sees.
package people

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"unicode"
	"unicode/utf8"

	"belvedere/internal/access"
	"belvedere/internal/auth"
	"belvedere/internal/lql"
	"belvedere/internal/web"
	"belvedere/internal/web/list"
	"belvedere/internal/web/ui"
)

// Accounts keep people. *auth.Service is one.
type Accounts interface {
	People(ctx context.Context) ([]auth.Person, error)
	Person(ctx context.Context, id int64) (auth.Person, error)
	AddPerson(ctx context.Context, a auth.Actor, p auth.Person, password string) (auth.Person, error)
	UpdatePerson(ctx context.Context, a auth.Actor, p auth.Person) error
	SetPassword(ctx context.Context, a auth.Actor, person int64, password string) error
	RemovePerson(ctx context.Context, a auth.Actor, person int64) error
}

// Options are what the room needs.
type Options struct {
	Auth Accounts
}

type handler struct{ Options }

// Feature returns the room.
func Feature(o Options) web.Feature {
	h := handler{o}
	return web.Feature{
		Name: "people",
		Menu: []web.MenuItem{{
			Name: "people", Label: "People", Icon: "user", Path: "/people", Group: 2, Order: 20, Right: web.Admin,
		}},
		Palette: []web.PaletteItem{{Label: "Add a person", Path: "/people/new", Icon: "plus", Right: web.Admin}},
		Routes: append(list.WholeRoutes(files, web.Admin, h.whole), []web.Route{
			{Pattern: "GET /people", Right: web.Admin, Handler: h.list},
			{Pattern: "GET /people/new", Right: web.Admin, Handler: h.create},
			{Pattern: "POST /people/new", Right: web.Admin, Handler: h.add},
			{Pattern: "GET /people/{id}/edit", Right: web.Admin, Handler: h.edit},
			{Pattern: "POST /people/{id}/edit", Right: web.Admin, Handler: h.update},
			{Pattern: "POST /people/{id}/password", Right: web.Admin, Handler: h.password},
			{Pattern: "POST /people/{id}/disable", Right: web.Admin, Handler: h.disable(true)},
			{Pattern: "POST /people/{id}/enable", Right: web.Admin, Handler: h.disable(false)},
			{Pattern: "POST /people/{id}/remove", Right: web.Admin, Handler: h.remove},
		}...),
	}
}

// list serves GET /people.
func (h handler) list(w http.ResponseWriter, r *http.Request) error {
	all, err := h.Auth.People(r.Context())
	if err != nil {
		return fmt.Errorf("people: %w", err)
	}
	return web.Render(w, r, web.Page{Title: ui.T(r.Context(), "People"), Active: "people", Body: listBody(listView{People: all, Me: web.Person(r).ID})})
}

// sites asks for the names of all sites.
func sites(r *http.Request) ([]siteName, error) {
	res, err := web.AllData(r).Query(r.Context(), lql.Get("sites", "key", "name"))
	if err != nil {
		return nil, fmt.Errorf("people: sites: %w", err)
	}
	return sitesOf(res), nil
}

// create serves GET /people/new.
func (h handler) create(w http.ResponseWriter, r *http.Request) error {
	s, err := sites(r)
	if err != nil {
		return err
	}
	return h.show(w, r, http.StatusOK, editView{Person: auth.Person{Role: access.RoleViewer}, Sites: s})
}

func (h handler) show(w http.ResponseWriter, r *http.Request, status int, v editView) error {
	v.Me = v.Person.ID != 0 && v.Person.ID == web.Person(r).ID
	return web.Render(w, r, web.Page{Title: v.title(r.Context()), Active: "people", Body: editBody(v), Status: status})
}

// refused shows the form again when err says what is wrong with it.
func (h handler) refused(w http.ResponseWriter, r *http.Request, v editView, err error) error {
	var input *auth.InputError
	if errors.As(err, &input) {
		v.Field, v.Error, v.Hint = input.Field, sentence(ui.Said(r.Context(), input.Msg)), sentence(ui.Said(r.Context(), input.Hint))
		return h.show(w, r, http.StatusUnprocessableEntity, v)
	}
	return missing(err)
}

// sentence gives a message its capital and full stop.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	first, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[n:] + "."
}

// missing turns an unknown person into an error for people.
func missing(err error) error {
	if errors.Is(err, auth.ErrNotFound) {
		return web.NotFound("There is no such person", "They may have been removed. Reload the list.")
	}
	return err
}

func actor(r *http.Request) auth.Actor {
	return web.Person(r).Actor(auth.Meta{IP: web.RemoteIP(r), UA: r.UserAgent()})
}

// add serves POST /people/new.
func (h handler) add(w http.ResponseWriter, r *http.Request) error {
	v, err := h.form(r, auth.Person{})
	if err != nil {
		return err
	}
	if _, err := h.Auth.AddPerson(r.Context(), actor(r), v.Person, r.PostForm.Get("password")); err != nil {
		return h.refused(w, r, v, err)
	}
	return web.Redirect(w, r, "/people", ui.T(r.Context(), "%s added", v.Person.Username))
}

// form reads what was entered about a person.
func (h handler) form(r *http.Request, p auth.Person) (editView, error) {
	if err := r.ParseForm(); err != nil {
		return editView{}, web.BadRequest("The form could not be read", "Go back and try again.")
	}
	s, err := sites(r)
	if err != nil {
		return editView{}, err
	}
	return editView{Person: entered(p, r.PostForm, s), Sites: s}, nil
}

// find returns the person of the address.
func (h handler) find(r *http.Request) (auth.Person, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return auth.Person{}, missing(auth.ErrNotFound)
	}
	p, err := h.Auth.Person(r.Context(), id)
	return p, missing(err)
}

// edit serves GET /people/{id}/edit.
func (h handler) edit(w http.ResponseWriter, r *http.Request) error {
	p, err := h.find(r)
	if err != nil {
		return err
	}
	s, err := sites(r)
	if err != nil {
		return err
	}
	return h.show(w, r, http.StatusOK, editView{Person: p, Sites: s})
}

// update serves POST /people/{id}/edit.
func (h handler) update(w http.ResponseWriter, r *http.Request) error {
	p, err := h.find(r)
	if err != nil {
		return err
	}
	v, err := h.form(r, p)
	if err != nil {
		return err
	}
	if err := h.Auth.UpdatePerson(r.Context(), actor(r), v.Person); err != nil {
		return h.refused(w, r, v, err)
	}
	return web.Redirect(w, r, "/people", ui.T(r.Context(), "%s changed", p.Username))
}

// change does something with the person of the address, and shows their page
// with the reason when it is refused.
func (h handler) change(w http.ResponseWriter, r *http.Request, say func(context.Context, string) string, do func(auth.Person) error) error {
	p, err := h.find(r)
	if err != nil {
		return err
	}
	if err := do(p); err != nil {
		s, listErr := sites(r)
		if listErr != nil {
			return listErr
		}
		return h.refused(w, r, editView{Person: p, Sites: s}, err)
	}
	return web.Redirect(w, r, "/people", say(r.Context(), p.Username))
}

// password serves POST /people/{id}/password.
func (h handler) password(w http.ResponseWriter, r *http.Request) error {
	return h.change(w, r, func(ctx context.Context, who string) string {
		return ui.T(ctx, "%s has a new password and is signed out everywhere", who)
	}, func(p auth.Person) error {
		return h.Auth.SetPassword(r.Context(), actor(r), p.ID, r.PostFormValue("password"))
	})
}

// disable serves POST /people/{id}/disable and enable.
func (h handler) disable(disabled bool) web.HandlerFunc {
	say := func(ctx context.Context, who string) string {
		if disabled {
			return ui.T(ctx, "%s may not sign in any more", who)
		}
		return ui.T(ctx, "%s may sign in again", who)
	}
	return func(w http.ResponseWriter, r *http.Request) error {
		return h.change(w, r, say, func(p auth.Person) error {
			p.Disabled = disabled
			return h.Auth.UpdatePerson(r.Context(), actor(r), p)
		})
	}
}

// remove serves POST /people/{id}/remove.
func (h handler) remove(w http.ResponseWriter, r *http.Request) error {
	return h.change(w, r, func(ctx context.Context, who string) string { return ui.T(ctx, "%s removed", who) }, func(p auth.Person) error {
		return h.Auth.RemovePerson(r.Context(), actor(r), p.ID)
	})
}
