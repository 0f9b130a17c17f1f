package sites

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/a-h/templ"

	"belvedere/internal/auth"
	"belvedere/internal/db"
	"belvedere/internal/livestatus"
	"belvedere/internal/lql"
	"belvedere/internal/site"
	"belvedere/internal/web"
	"belvedere/internal/web/list"
	"belvedere/internal/web/ui"
)

// testWithin bounds a connection test.
const testWithin = 60 * time.Second

type handler struct{ Options }

// Feature returns the room.
func Feature(o Options) web.Feature {
	h := handler{o}
	return web.Feature{
		Name: "sites",
		Menu: []web.MenuItem{{
			Name: "sites", Label: "Sites", Icon: "site", Path: "/sites", Group: 2, Order: 10,
			Right: web.SignedIn, Key: "i", Counter: counter, Tables: []string{"sites", "status"},
		}},
		Palette: []web.PaletteItem{
			{Label: "Add a site", Path: "/sites/new", Icon: "plus", Right: web.Admin},
			{Label: "Add a site with the agent", Path: "/agents/new", Icon: "plus", Right: web.Admin},
		},
		Routes: append(list.WholeRoutes("/sites", web.SignedIn, h.whole), []web.Route{
			{Pattern: "GET /sites", Right: web.SignedIn, Handler: h.list},
			{Pattern: "GET /sites/new", Right: web.Admin, Handler: h.wizard},
			{Pattern: "POST /sites/new", Right: web.Admin, Handler: h.add},
			{Pattern: "GET /agents/new", Right: web.Admin, Handler: h.agent},
			{Pattern: "POST /agents/new", Right: web.Admin, Handler: h.pair},
			{Pattern: "POST /agents/invited", Right: web.Admin, Handler: h.invited},
			{Pattern: "GET /agents/codes/{id}", Right: web.Admin, Handler: h.pairing},
			{Pattern: "POST /agents/codes/{id}/withdraw", Right: web.Admin, Handler: h.withdraw},
			{Pattern: "POST /sites/test-all", Right: web.Admin, Handler: h.testAll, Stream: true},
			{Pattern: "POST /sites/test", Right: web.Admin, Handler: h.test, Stream: true},
			{Pattern: "GET /sites/{key}/edit", Right: web.Admin, Handler: h.edit},
			{Pattern: "POST /sites/{key}/edit", Right: web.Admin, Handler: h.update},
			{Pattern: "POST /sites/{key}/pause", Right: web.Admin, Handler: h.pause(true)},
			{Pattern: "POST /sites/{key}/resume", Right: web.Admin, Handler: h.pause(false)},
			{Pattern: "POST /sites/{key}/refresh", Right: web.Admin, Handler: h.refresh},
			{Pattern: "POST /sites/{key}/remove", Right: web.Admin, Handler: h.remove},
		}...),
	}
}

// counter counts the sites that are in trouble.
func counter(ctx context.Context, q lql.Querier) (web.Count, error) {
	query := lql.Get("sites").Count(lql.OrOf(lql.Eq("state", "late"), lql.Eq("state", "down"), lql.Eq("state", "incompatible")))
	res, err := q.Query(ctx, query)
	if err != nil {
		return web.Count{}, fmt.Errorf("sites: counter: %w", err)
	}
	if len(res.Vectors) == 0 {
		return web.Count{}, nil
	}
	return web.Count{N: int(res.Vectors[0].Int(0)), State: "warn"}, nil
}

// rows returns the sites that whoever asks may see.
func (h handler) rows(r *http.Request) ([]row, error) {
	res, err := web.AllData(r).Query(r.Context(), lql.Get("sites", "key", "name", "section", "state", "implementation", "version", "hosts", "services", "last_update"))
	if err != nil {
		return nil, fmt.Errorf("sites: %w", err)
	}
	counted := rowsOf(res)
	if !web.Person(r).IsAdmin() {
		return counted, nil
	}
	all, err := h.Manager.List(r.Context())
	if err != nil {
		return nil, fmt.Errorf("sites: %w", err)
	}
	return withHealth(all, counted, ui.Now(r.Context())), nil
}

// list serves GET /sites.
func (h handler) list(w http.ResponseWriter, r *http.Request) error {
	rows, err := h.rows(r)
	if err != nil {
		return err
	}
	return h.showList(w, r, listView{Admin: web.Person(r).IsAdmin(), Rows: rows})
}

func (h handler) showList(w http.ResponseWriter, r *http.Request, v listView) error {
	return web.Render(w, r, web.Page{
		Title:  ui.T(r.Context(), "Sites"),
		Active: "sites",
		Body:   listBody(v),
		Blocks: map[string]templ.Component{"list": listRows(v), "note": headNote(v)},
	})
}

// wizard serves GET /sites/new.
func (h handler) wizard(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	b, status := begin(r.Context(), q), http.StatusOK
	if b.Kind == "" && q.Has(paramHost) {
		b.KindErr = ui.T(r.Context(), "Choose what runs there.")
	}
	if b.bad() {
		status = http.StatusBadRequest
	}
	return h.show(w, r, status, editView{Form: form{Addresses: b.address}, begin: b})
}

func (h handler) show(w http.ResponseWriter, r *http.Request, status int, v editView) error {
	p := web.Page{Title: v.title(r.Context()), Active: "sites", Body: editBody(v), Status: status}
	if v.Key != "" {
		p.Blocks = map[string]templ.Component{"health": health(v)}
	}
	return web.Render(w, r, p)
}

// entered reads the form of r.
func entered(r *http.Request) (form, error) {
	if err := r.ParseForm(); err != nil {
		return form{}, web.BadRequest("The form could not be read", "Go back and try again.")
	}
	return readForm(r.PostForm), nil
}

// add serves POST /sites/new.
func (h handler) add(w http.ResponseWriter, r *http.Request) error {
	f, err := entered(r)
	if err != nil {
		return err
	}
	spec, ok := f.spec(r.Context(), site.Spec{}, false)
	if !ok {
		return h.show(w, r, http.StatusUnprocessableEntity, editView{Form: f, begin: begin(r.Context(), r.PostForm)})
	}
	spec.Paused = r.PostForm.Get("paused") != ""
	if _, err := h.Manager.Add(r.Context(), actor(r), spec); err != nil {
		return h.refused(w, r, editView{Form: f, begin: begin(r.Context(), r.PostForm)}, err)
	}
	say := ui.T(r.Context(), "Site added. Its data appears as it is read")
	if spec.Paused {
		say = ui.T(r.Context(), "Site added, paused")
	}
	return web.Redirect(w, r, "/sites", say)
}

// refused shows the form again when err is one that the person can mend.
func (h handler) refused(w http.ResponseWriter, r *http.Request, v editView, err error) error {
	if !v.takes(r.Context(), err) {
		return missing(err)
	}
	return h.show(w, r, http.StatusUnprocessableEntity, v)
}

// takes notes what a person can mend; false for other errors.
func (v *editView) takes(ctx context.Context, err error) bool {
	var e *web.Error
	switch {
	case errors.Is(err, db.ErrExists):
		v.Form.Errors[fieldName] = ui.T(ctx, "There is a site with this name already.")
	case errors.As(err, &e) && e.Status < 500 && e.Status != http.StatusNotFound:
		v.Error, v.Hint = e.Msg, e.Hint
	default:
		return false
	}
	return true
}

// missing turns an unknown site into an error for people.
func missing(err error) error {
	if errors.Is(err, db.ErrNotFound) {
		return web.NotFound("There is no such site", "It may have been removed. Reload the list.")
	}
	return err
}

func actor(r *http.Request) auth.Actor {
	return web.Person(r).Actor(auth.Meta{IP: web.RemoteIP(r), UA: r.UserAgent()})
}

// find returns the site of the address.
func (h handler) find(r *http.Request) (site.Status, error) {
	all, err := h.Manager.List(r.Context())
	if err != nil {
		return site.Status{}, fmt.Errorf("sites: %w", err)
	}
	for _, s := range all {
		if s.Spec.Key == r.PathValue("key") {
			return s, nil
		}
	}
	return site.Status{}, missing(db.ErrNotFound)
}

// viewOf returns the page of an existing site.
func (h handler) viewOf(r *http.Request) (editView, error) {
	s, err := h.find(r)
	if err != nil {
		return editView{}, err
	}
	rows, err := h.rows(r)
	if err != nil {
		return editView{}, err
	}
	v := editView{Key: s.Spec.Key, Form: formOf(s.Spec), old: s.Spec, Health: s.Health, Provisioned: s.Spec.Provisioned, Demo: s.Spec.Demo}
	for _, x := range rows {
		if x.Key == v.Key {
			v.Row, v.Via = x, x.Via
		}
	}
	return v, nil
}

// edit serves GET /sites/{key}/edit: one site with its form.
func (h handler) edit(w http.ResponseWriter, r *http.Request) error {
	v, err := h.viewOf(r)
	if err != nil {
		return err
	}
	return h.show(w, r, http.StatusOK, v)
}

// update serves POST /sites/{key}/edit.
func (h handler) update(w http.ResponseWriter, r *http.Request) error {
	v, err := h.viewOf(r)
	if err != nil {
		return err
	}
	if v.Form, err = entered(r); err != nil {
		return err
	}
	spec, ok := v.Form.spec(r.Context(), v.old, false)
	if !ok {
		return h.show(w, r, http.StatusUnprocessableEntity, v)
	}
	spec.Paused = v.Row.Paused
	v.keepPassword(&spec)
	if err := h.Manager.Update(r.Context(), actor(r), spec); err != nil {
		return h.refused(w, r, v, err)
	}
	return web.Redirect(w, r, "/sites", "Site changed")
}

// pause serves POST /sites/{key}/pause and resume.
func (h handler) pause(paused bool) web.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := h.Manager.Pause(r.Context(), actor(r), r.PathValue("key"), paused); err != nil {
			return missing(err)
		}
		say := ui.T(r.Context(), "Site runs again")
		if paused {
			say = ui.T(r.Context(), "Site paused. Its last data stays and is marked")
		}
		return web.Redirect(w, r, "/sites", say)
	}
}

// refresh serves POST /sites/{key}/refresh: read or connect at once.
func (h handler) refresh(w http.ResponseWriter, r *http.Request) error {
	s, err := h.find(r)
	if err != nil {
		return err
	}
	h.Manager.Refresh(s.Spec.Key)
	return web.Redirect(w, r, "/sites", ui.T(r.Context(), "Asking %s now", s.Spec.Name))
}

// remove serves POST /sites/{key}/remove.
func (h handler) remove(w http.ResponseWriter, r *http.Request) error {
	if err := h.Manager.Remove(r.Context(), actor(r), r.PathValue("key")); err != nil {
		return missing(err)
	}
	return web.Redirect(w, r, "/sites", "Site removed. Nothing was changed on its server")
}

// test serves POST /sites/test: goes through connecting step by step and shows
// each as it happens; without scripts, all of them in the end.
func (h handler) test(w http.ResponseWriter, r *http.Request) error {
	f, err := entered(r)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), testWithin)
	defer cancel()
	v := editView{Form: f, begin: begin(ctx, r.PostForm)}
	if key := r.PostForm.Get("site"); key != "" {
		r.SetPathValue("key", key)
		if v, err = h.viewOf(r); err != nil {
			return err
		}
		v.Form = f
	}
	spec, ok := f.spec(ctx, v.old, true)
	v.keepPassword(&spec)
	if !web.WantsStream(r) {
		if ok {
			report := h.Manager.Test(ctx, spec, func(s livestatus.Step) { v.Steps = merge(v.Steps, s) })
			v.Verdict = verdictOf(report, r.PostForm.Get("trust"))
		}
		return h.show(w, r, http.StatusOK, v)
	}
	stream := web.NewStream(w, r)
	if !ok {
		_ = stream.Fill("verdict", invalid(f)) // the reader may be gone
		return nil
	}
	h.stream(ctx, cancel, stream, spec, r.PostForm.Get("trust"))
	return nil
}

// stream runs a test for a browser that shows its steps. A reader that is gone
// ends the test.
func (h handler) stream(ctx context.Context, cancel func(), stream *web.Stream, spec site.Spec, trusted string) {
	if stream.Fill("steps", templ.NopComponent) != nil || stream.Fill("verdict", running()) != nil {
		return
	}
	report := h.Manager.Test(ctx, spec, func(s livestatus.Step) {
		if stream.Item("steps", "step-"+s.Name, step(s)) != nil {
			cancel()
		}
	})
	_ = stream.Fill("verdict", outcome(verdictOf(report, trusted))) // the reader may be gone
}
