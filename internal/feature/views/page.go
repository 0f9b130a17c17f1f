// Package views is the room of saved views: a page with its whole query under
// a name, for oneself, a role or all; in the menu, as a tab, or as the first
// page.
package views

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"belvedere/internal/access"
	"belvedere/internal/auth"
	"belvedere/internal/db"
	"belvedere/internal/web"
	"belvedere/internal/web/ui"
)

// A Store keeps views; *db.DB is one.
type Store interface {
	View(ctx context.Context, id, person int64, role access.Role) (db.View, error)
	Meta(ctx context.Context, key string) (string, error)
	KeepMeta(ctx context.Context, key, value string, by db.Audit) error
	Write(ctx context.Context, f func(*db.Tx) error) error
}

// Options are what the room needs.
type Options struct {
	Store Store
}

type handler struct{ Options }

// Feature returns the room.
func Feature(o Options) web.Feature {
	h := handler{o}
	return web.Feature{
		Name: "views",
		Menu: []web.MenuItem{{
			Name: "views", Label: "Views", Icon: "bookmark", Path: "/views", Group: 2, Order: 5, Right: web.SignedIn,
		}},
		Routes: []web.Route{
			{Pattern: "GET /views", Right: web.SignedIn, Handler: h.list},
			{Pattern: "GET /views/new", Right: web.SignedIn, Handler: h.form},
			{Pattern: "POST /views", Right: web.SignedIn, Handler: h.add},
			{Pattern: "GET /views/{id}", Right: web.SignedIn, Handler: h.open},
			{Pattern: "GET /views/{id}/edit", Right: web.SignedIn, Handler: h.edit},
			{Pattern: "POST /views/{id}", Right: web.SignedIn, Handler: h.change},
			{Pattern: "POST /views/{id}/{do}", Right: web.SignedIn, Handler: h.do},
			{Pattern: "POST /views/start", Right: web.SignedIn, Handler: h.start},
			{Pattern: "POST /views/start/{role}", Right: web.Admin, Handler: h.roleStart},
		},
	}
}

// A listView is the page of all views.
type listView struct {
	Own, Others []db.View
	Start       string      // own first page, "" that of the role
	Roles       []roleStart // for admins
	Me          int64
	Admin       bool
}

// A roleStart is the first page of a role.
type roleStart struct {
	Role access.Role
	Page string // "" that of the installation
}

// list serves GET /views.
func (h handler) list(w http.ResponseWriter, r *http.Request) error {
	views, err := web.Views(r)
	if err != nil {
		return err
	}
	me := web.Person(r)
	v := listView{Me: me.ID, Admin: me.Role == access.RoleAdmin}
	for _, x := range views {
		if x.Owner == me.ID {
			v.Own = append(v.Own, x)
		} else {
			v.Others = append(v.Others, x)
		}
	}
	if err := web.Prefs(r).Get("start", &v.Start); err != nil {
		return fmt.Errorf("views: start page: %w", err)
	}
	if v.Admin {
		for _, role := range roles() {
			page, err := h.Store.Meta(r.Context(), web.StartKey(role))
			if err != nil {
				return fmt.Errorf("views: start page: %w", err)
			}
			v.Roles = append(v.Roles, roleStart{role, page})
		}
	}
	return web.Render(w, r, web.Page{Title: ui.T(r.Context(), "Saved views"), Active: "views", Body: listBody(v)})
}

func roles() []access.Role {
	return []access.Role{access.RoleViewer, access.RoleOperator, access.RoleAdmin}
}

// A formView is the form of one view.
type formView struct {
	View  db.View
	Share bool // the person may share it
	Err   string
}

// pageOf splits an address of ours into path and query.
func pageOf(at string) (path, query string, ok bool) {
	if !strings.HasPrefix(at, "/") || strings.HasPrefix(at, "//") || strings.ContainsAny(at, "\\\r\n\t") {
		return "", "", false
	}
	u, err := url.Parse(at)
	if err != nil || u.Host != "" || u.Scheme != "" || u.Path == "/" {
		return "", "", false
	}
	return u.EscapedPath(), web.ViewQuery(u.Query()), true
}

// form serves GET /views/new: a name for the page at the address "at".
func (h handler) form(w http.ResponseWriter, r *http.Request) error {
	path, query, ok := pageOf(r.FormValue("at"))
	if !ok {
		return web.BadRequest(ui.T(r.Context(), "A view needs a page"), ui.T(r.Context(), "Open a list, filter and sort it, and choose Save view"))
	}
	return h.show(w, r, formView{View: db.View{Path: path, Query: query}}, http.StatusOK)
}

// show draws the form.
func (h handler) show(w http.ResponseWriter, r *http.Request, v formView, status int) error {
	v.Share = mayShare(web.Role(r))
	title := ui.T(r.Context(), "Save view")
	if v.View.ID != 0 {
		title = ui.T(r.Context(), "Change view")
	}
	return web.Render(w, r, web.Page{Title: title, Active: "views", Status: status, Body: formBody(v, title)})
}

// mayShare reports whether somebody may make views that others see.
func mayShare(role access.Role) bool { return role == access.RoleAdmin || role == access.RoleOperator }

// filled reads the fields of the form into v. Who may not share keeps what is.
func filled(r *http.Request, v db.View) db.View {
	v.Name = strings.TrimSpace(r.PostForm.Get("name"))
	if mayShare(web.Role(r)) {
		v.Shared = r.PostForm.Get("shared")
	}
	return v
}

// add serves POST /views.
func (h handler) add(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return web.BadRequest(ui.T(r.Context(), "The form could not be read"), ui.T(r.Context(), "Go back and try again"))
	}
	path, query, ok := pageOf(r.PostForm.Get("at"))
	if !ok {
		return web.BadRequest(ui.T(r.Context(), "A view needs a page"), ui.T(r.Context(), "Open a list, filter and sort it, and choose Save view"))
	}
	me := web.Person(r)
	v := filled(r, db.View{Owner: me.ID, Path: path, Query: query})
	err := h.Store.Write(r.Context(), func(t *db.Tx) error {
		id, err := t.AddView(r.Context(), v)
		if err != nil {
			return err
		}
		if r.PostForm.Get("pinned") != "" {
			if err := t.PinView(r.Context(), me.ID, id, true); err != nil {
				return err
			}
		}
		return h.audited(r, t, "view.add", v, "")
	})
	if err != nil {
		return h.refused(w, r, v, err)
	}
	if r.PostForm.Get("start") != "" {
		if err := web.Prefs(r).Set("start", v.Address()); err != nil {
			return fmt.Errorf("views: start page: %w", err)
		}
	}
	return web.Redirect(w, r, v.Address(), ui.T(r.Context(), "Saved as %s", v.Name))
}

// refused shows the form again with what was wrong with it.
func (h handler) refused(w http.ResponseWriter, r *http.Request, v db.View, err error) error {
	var told *db.Error
	if !errors.As(err, &told) {
		return fmt.Errorf("views: %w", err)
	}
	return h.show(w, r, formView{View: v, Err: strings.ToUpper(told.Msg[:1]) + told.Msg[1:]}, http.StatusUnprocessableEntity)
}

// audited records what was done to a view that others see, or saw: was is who
// saw it before.
func (h handler) audited(r *http.Request, t *db.Tx, action string, v db.View, was string) error {
	if v.Shared == "" && was == "" {
		return nil
	}
	detail := "shared with " + v.Shared
	if v.Shared == "" {
		detail = "no longer shared"
	}
	by := auth.Actor{ID: web.Person(r).ID, Name: web.Person(r).Username, IP: web.RemoteIP(r)}
	return t.AddAudit(r.Context(), by.Audit(action, v.Name, detail+", "+v.Address()))
}

// view returns the view of the address; mine: it must be one that the person
// may change, their own or, for admins, a shared one.
func (h handler) view(r *http.Request, mine bool) (db.View, error) {
	none := web.NotFound(ui.T(r.Context(), "There is no such view"), ui.T(r.Context(), "It was deleted, or is not shared with you"))
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return db.View{}, none
	}
	me := web.Person(r)
	v, err := h.Store.View(r.Context(), id, me.ID, me.Role)
	switch {
	case errors.Is(err, db.ErrNotFound):
		return db.View{}, none
	case err != nil:
		return db.View{}, fmt.Errorf("views: %w", err)
	case mine && v.Owner != me.ID && me.Role != access.RoleAdmin:
		return db.View{}, web.Forbidden(ui.T(r.Context(), "This view belongs to %s", v.OwnerName), ui.T(r.Context(), "Open it and save a view of your own"))
	}
	return v, nil
}

// open serves GET /views/{id}: an address that stays when the view changes.
func (h handler) open(w http.ResponseWriter, r *http.Request) error {
	v, err := h.view(r, false)
	if err != nil {
		return err
	}
	return web.Redirect(w, r, v.Address(), "")
}

// edit serves GET /views/{id}/edit.
func (h handler) edit(w http.ResponseWriter, r *http.Request) error {
	v, err := h.view(r, true)
	if err != nil {
		return err
	}
	return h.show(w, r, formView{View: v}, http.StatusOK)
}

// change serves POST /views/{id}: name and who sees it.
func (h handler) change(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return web.BadRequest(ui.T(r.Context(), "The form could not be read"), ui.T(r.Context(), "Go back and try again"))
	}
	old, err := h.view(r, true)
	if err != nil {
		return err
	}
	v := filled(r, old)
	err = h.Store.Write(r.Context(), func(t *db.Tx) error {
		if err := t.UpdateView(r.Context(), v); err != nil {
			return err
		}
		return h.audited(r, t, "view.change", v, old.Shared)
	})
	if err != nil {
		return h.refused(w, r, v, err)
	}
	return web.Redirect(w, r, "/views", ui.T(r.Context(), "Saved as %s", v.Name))
}

// do serves POST /views/{id}/{do}: pin, unpin, up, down, start, delete.
func (h handler) do(w http.ResponseWriter, r *http.Request) error {
	what := r.PathValue("do")
	v, err := h.view(r, what == "delete")
	if err != nil {
		return err
	}
	me, ctx, say := web.Person(r), r.Context(), ""
	switch what {
	case "pin", "unpin":
		err = h.Store.Write(ctx, func(t *db.Tx) error { return t.PinView(ctx, me.ID, v.ID, what == "pin") })
	case "up", "down":
		err = h.Store.Write(ctx, func(t *db.Tx) error { return t.MoveView(ctx, me.ID, v.ID, what == "down") })
	case "start":
		err, say = web.Prefs(r).Set("start", v.Address()), ui.T(ctx, "%s is your first page", v.Name)
	case "delete":
		say = ui.T(ctx, "Deleted %s", v.Name)
		err = h.Store.Write(ctx, func(t *db.Tx) error {
			if err := t.DeleteView(ctx, v.ID); err != nil {
				return err
			}
			return h.audited(r, t, "view.delete", v, v.Shared)
		})
	default:
		return web.NotFound(ui.T(ctx, "There is no such page"), ui.T(ctx, "Use the menu or search"))
	}
	if err != nil {
		return fmt.Errorf("views: %s: %w", what, err)
	}
	return web.Redirect(w, r, "/views", say)
}

// start serves POST /views/start: forgets the person's own first page.
func (h handler) start(w http.ResponseWriter, r *http.Request) error {
	if err := web.Prefs(r).Set("start", nil); err != nil {
		return fmt.Errorf("views: start page: %w", err)
	}
	return web.Redirect(w, r, "/views", "")
}

// roleStart serves POST /views/start/{role}: the first page of a role.
func (h handler) roleStart(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return web.BadRequest(ui.T(r.Context(), "The form could not be read"), ui.T(r.Context(), "Go back and try again"))
	}
	role, ctx := access.Role(r.PathValue("role")), r.Context()
	page := strings.TrimSpace(r.PostForm.Get("page"))
	known := false
	for _, x := range roles() {
		known = known || x == role
	}
	if !known {
		return web.NotFound(ui.T(ctx, "There is no such role"), "")
	}
	if page != "" {
		path, query, ok := pageOf(page)
		if !ok || len(page) > 4000 {
			return web.BadRequest(ui.T(ctx, "A first page is an address here, such as /overview or /services?q=state:critical"), ui.T(ctx, "Go back and correct it"))
		}
		page = db.View{Path: path, Query: query}.Address()
	}
	by := auth.Actor{ID: web.Person(r).ID, Name: web.Person(r).Username, IP: web.RemoteIP(r)}
	if err := h.Store.KeepMeta(ctx, web.StartKey(role), page, by.Audit("view.start", string(role), page)); err != nil {
		return fmt.Errorf("views: start page: %w", err)
	}
	return web.Redirect(w, r, "/views", ui.T(ctx, "Saved"))
}
