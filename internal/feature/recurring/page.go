// Package recurring is the room of downtimes that come again: rules, what they
// have set, and the calendar of all downtimes.
package recurring

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"belvedere/internal/auth"
	"belvedere/internal/command"
	"belvedere/internal/db"
	"belvedere/internal/lql"
	"belvedere/internal/recur"
	"belvedere/internal/web"
	"belvedere/internal/web/list"
	"belvedere/internal/web/ui"
)

const objectsMost = command.TargetsMost

// Options are what the room needs.
type Options struct {
	Rules *recur.Service
}

type handler struct{ rules *recur.Service }

// Feature returns the room.
func Feature(o Options) web.Feature {
	h := handler{o.Rules}
	return web.Feature{
		Name: "recurring",
		Palette: []web.PaletteItem{
			{Label: "Recurring downtimes", Path: "/recurring", Icon: "downtime", Right: web.SignedIn},
			{Label: "New recurring downtime", Path: "/recurring/new", Icon: "plus", Right: web.SignedIn},
			{Label: "Calendar of downtimes", Path: "/downtimes/calendar", Icon: "clock", Right: web.SignedIn},
		},
		Routes: append(list.WholeRoutes(files, web.SignedIn, h.whole), []web.Route{
			{Pattern: "GET /recurring", Right: web.SignedIn, Handler: h.list},
			{Pattern: "GET /recurring/new", Right: web.SignedIn, Handler: h.new},
			{Pattern: "POST /recurring", Right: web.SignedIn, Handler: h.add},
			{Pattern: "POST /recurring/preview", Right: web.SignedIn, Handler: h.preview},
			{Pattern: "GET /recurring/{id}", Right: web.SignedIn, Handler: h.one},
			{Pattern: "GET /recurring/{id}/edit", Right: web.SignedIn, Handler: h.edit},
			{Pattern: "GET /recurring/{id}/delete", Right: web.SignedIn, Handler: h.doomed},
			{Pattern: "POST /recurring/{id}", Right: web.SignedIn, Handler: h.change},
			{Pattern: "POST /recurring/{id}/{do}", Right: web.SignedIn, Handler: h.do},
			{Pattern: "GET /downtimes/calendar", Right: web.SignedIn, Handler: h.calendar, Screen: true},
		}...),
	}
}

// A row is one rule of the list.
type row struct {
	recur.Rule
	Status    recur.Status
	Site      string // how its site is called
	Next      recur.Occurrence
	Ends, May bool // it has no next one; the person may change it
}

// list serves GET /recurring.
func (h handler) list(w http.ResponseWriter, r *http.Request) error {
	rows, err := h.rows(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, web.Page{Title: ui.T(r.Context(), "Recurring downtimes"), Active: "downtimes", Body: listBody(rows),
		Blocks: map[string]templ.Component{"rules": ruleRows(rows)}})
}

// rows are the rules that the person sees.
func (h handler) rows(r *http.Request) ([]row, error) {
	me := web.Person(r)
	rules, err := h.rules.Rules(r.Context(), me)
	if err != nil {
		return nil, err
	}
	sites, err := sitesOf(r)
	if err != nil {
		return nil, err
	}
	rows := make([]row, len(rules))
	for i, x := range rules {
		rows[i] = h.rowOf(me, x, sites, ui.Now(r.Context()))
	}
	return rows, nil
}

func (h handler) rowOf(me auth.Person, x recur.Rule, sites []option, now time.Time) row {
	out := row{Rule: x, Status: h.rules.Status(x.ID), Site: nameOf(sites, x.Spec.Scope.Site), Ends: true, May: recur.May(me, x.Rule)}
	if plan, err := x.Spec.Plan(); err == nil { // what cannot be read has its own sign
		if next := plan.Next(now, 1); len(next) > 0 {
			out.Next, out.Ends = next[0], false
		}
	}
	return out
}

// An option is a site to choose.
type option struct{ Key, Name string }

// sitesOf returns the sites that the person sees.
func sitesOf(r *http.Request) ([]option, error) {
	res, err := web.AllData(r).Query(r.Context(), lql.Get("sites", "key", "name"))
	if err != nil {
		return nil, fmt.Errorf("recurring: sites: %w", err)
	}
	out := make([]option, res.Rows)
	for i := range out {
		out[i] = option{res.Text(i, "key"), res.Text(i, "name")}
	}
	return out, nil
}

// nameOf returns how a site is called; one that is gone has its key.
func nameOf(sites []option, key string) string {
	for _, s := range sites {
		if s.Key == key {
			return s.Name
		}
	}
	return key
}

// rule returns the rule of the address; mine: it must be one that the person
// may change.
func (h handler) rule(r *http.Request, mine bool) (recur.Rule, error) {
	none := web.NotFound(ui.T(r.Context(), "There is no such rule"), ui.T(r.Context(), "It was deleted, or is for objects that you do not see"))
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return recur.Rule{}, none
	}
	me := web.Person(r)
	x, err := h.rules.Rule(r.Context(), me, id)
	switch {
	case errors.Is(err, db.ErrNotFound):
		return x, none
	case err != nil:
		return x, err
	case mine && !recur.May(me, x.Rule):
		return x, web.Forbidden(ui.T(r.Context(), "This rule belongs to %s", x.AuthorName), ui.T(r.Context(), "Its author and administrators can change it"))
	}
	return x, nil
}

// A formView is the page of the form.
type formView struct {
	form
	Title string
	Sites []option
	Shown *previewView // nil: nothing to show yet
}

// A previewView is what the rule of a form would be.
type previewView struct {
	Spec    recur.Spec
	Site    string
	Preview recur.Preview
	Err     string // why it is no rule yet
}

// new serves GET /recurring/new. The query may propose all fields.
func (h handler) new(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	f := readForm(r.URL.Query())
	if !r.URL.Query().Has("days") {
		f.Days = []string{"0"}
	}
	if f.Zone == "" {
		f.Zone = zoneName(ctx)
	}
	if f.Lasts == "" {
		f.Lasts = "2h"
	}
	if r.URL.Query().Has("q") {
		f.Scope, f.Filter = recur.OnFilter, r.URL.Query().Get("q")
	}
	return h.show(w, r, f, http.StatusOK)
}

// zoneName is the person's zone, UTC where it has no name.
func zoneName(ctx context.Context) string {
	if name := ui.Zone(ctx).String(); name != "Local" && name != "" {
		return name
	}
	return "UTC"
}

// show draws the form with its preview.
func (h handler) show(w http.ResponseWriter, r *http.Request, f form, status int) error {
	ctx := r.Context()
	sites, err := sitesOf(r)
	if err != nil {
		return err
	}
	if f.Site == "" && len(sites) == 1 && f.Scope != recur.OnFilter {
		f.Site = sites[0].Key
	}
	v := formView{form: f, Title: ui.T(ctx, "New recurring downtime"), Sites: sites}
	if f.ID != 0 {
		v.Title = ui.T(ctx, "Change recurring downtime")
	}
	if v.Shown, err = h.previewOf(r, f, sites); err != nil {
		return err
	}
	return web.Render(w, r, web.Page{Title: v.Title, Active: "downtimes", Status: status, Body: formBody(v),
		Blocks: map[string]templ.Component{"preview": preview(v.Shown)}})
}

// previewOf returns what the rule of a form would be.
func (h handler) previewOf(r *http.Request, f form, sites []option) (*previewView, error) {
	ctx := r.Context()
	f.Errors = map[string]string{}
	if f.Name == "" {
		f.Name = "?"
	}
	if f.Text == "" {
		f.Text = "?"
	}
	spec, ok := f.spec(ctx)
	v := &previewView{Spec: spec, Site: nameOf(sites, spec.Scope.Site)}
	if !ok {
		v.Err = anyOf(f.Errors)
		return v, nil
	}
	var err error
	if v.Preview, err = h.rules.Preview(ctx, recur.ActorOf(web.Person(r)), spec); err != nil {
		if !f.refuse(ctx, err) {
			return nil, err
		}
		v.Err = anyOf(f.Errors)
	}
	return v, nil
}

func anyOf(errs map[string]string) string {
	for _, e := range errs {
		return e
	}
	return ""
}

// preview serves POST /recurring/preview: the form as it stands, or with the
// header of a live update what it would be alone.
func (h handler) preview(w http.ResponseWriter, r *http.Request) error {
	f, err := posted(r)
	if err != nil {
		return err
	}
	if id, err := strconv.ParseInt(r.PostForm.Get("id"), 10, 64); err == nil {
		f.ID = id
	}
	return h.show(w, r, f, http.StatusOK)
}

func posted(r *http.Request) (form, error) {
	if err := r.ParseForm(); err != nil {
		return form{}, web.BadRequest(ui.T(r.Context(), "The form could not be read"), ui.T(r.Context(), "Go back and try again"))
	}
	return readForm(r.PostForm), nil
}

// add serves POST /recurring.
func (h handler) add(w http.ResponseWriter, r *http.Request) error {
	f, err := posted(r)
	if err != nil {
		return err
	}
	return h.save(w, r, f, func(by auth.Actor, spec recur.Spec) (int64, error) {
		return h.rules.Add(r.Context(), by, f.Name, spec)
	})
}

// change serves POST /recurring/{id}.
func (h handler) change(w http.ResponseWriter, r *http.Request) error {
	x, err := h.rule(r, true)
	if err != nil {
		return err
	}
	f, err := posted(r)
	if err != nil {
		return err
	}
	f.ID = x.ID
	return h.save(w, r, f, func(by auth.Actor, spec recur.Spec) (int64, error) {
		return x.ID, h.rules.Change(r.Context(), by, x.ID, f.Name, spec)
	})
}

// save keeps the rule of a form, or shows the form again with what is wrong.
func (h handler) save(w http.ResponseWriter, r *http.Request, f form, keep func(auth.Actor, recur.Spec) (int64, error)) error {
	ctx := r.Context()
	spec, ok := f.spec(ctx)
	if !ok {
		return h.show(w, r, f, http.StatusUnprocessableEntity)
	}
	p, err := h.rules.Preview(ctx, recur.ActorOf(web.Person(r)), spec)
	switch {
	case err != nil && f.refuse(ctx, err):
		return h.show(w, r, f, http.StatusUnprocessableEntity)
	case err != nil:
		return err
	case p.Problem == recur.Denied:
		f.Errors[""], f.Hint = ui.T(ctx, "You may not set this downtime"), ui.Said(ctx, p.Reason)
	case p.Problem == recur.TooMany:
		f.Errors[""], f.Hint = ui.T(ctx, "It matches too much"), ui.T(ctx, "A rule is for up to %s objects. Narrow it.", ui.Number(objectsMost))
	case p.Problem == recur.Nothing && !f.Anyway:
		f.Errors[""], f.Hint, f.Nothing = ui.T(ctx, "It matches nothing that you see"), ui.T(ctx, "Correct the names, or keep the rule for what is still to come."), true
	}
	if len(f.Errors) > 0 {
		return h.show(w, r, f, http.StatusUnprocessableEntity)
	}
	id, err := keep(actor(r), spec)
	if err != nil {
		if f.refuse(ctx, err) {
			return h.show(w, r, f, http.StatusUnprocessableEntity)
		}
		return err
	}
	return web.Redirect(w, r, path(id, ""), ui.T(ctx, "Saved as %s", f.Name))
}

// actor is who changes a rule.
func actor(r *http.Request) auth.Actor {
	return web.Person(r).Actor(auth.Meta{IP: web.RemoteIP(r)})
}

// path is the address of a rule.
func path(id int64, do string) string {
	p := "/recurring/" + strconv.FormatInt(id, 10)
	if do != "" {
		p += "/" + do
	}
	return p
}

// edit serves GET /recurring/{id}/edit.
func (h handler) edit(w http.ResponseWriter, r *http.Request) error {
	x, err := h.rule(r, true)
	if err != nil {
		return err
	}
	return h.show(w, r, formOf(x), http.StatusOK)
}

// do serves POST /recurring/{id}/{do}: pause, resume, delete.
func (h handler) do(w http.ResponseWriter, r *http.Request) error {
	x, err := h.rule(r, true)
	if err != nil {
		return err
	}
	ctx := r.Context()
	switch r.PathValue("do") {
	case "pause":
		if err := h.rules.Pause(ctx, actor(r), x.ID, true); err != nil {
			return err
		}
		return web.Redirect(w, r, path(x.ID, ""), ui.T(ctx, "Paused %s", x.Name))
	case "resume":
		if err := h.rules.Pause(ctx, actor(r), x.ID, false); err != nil {
			return err
		}
		return web.Redirect(w, r, path(x.ID, ""), ui.T(ctx, "%s goes on", x.Name))
	case "delete":
		if err := h.rules.Delete(ctx, actor(r), x.ID, r.PostFormValue("cancel") == "1"); err != nil {
			return err
		}
		return web.Redirect(w, r, "/recurring", ui.T(ctx, "Deleted %s", x.Name))
	}
	return web.NotFound(ui.T(ctx, "There is no such page"), ui.T(ctx, "Use the menu or search"))
}
