package act

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"belvedere/internal/command"
	"belvedere/internal/web"
	"belvedere/internal/web/ui"
	"belvedere/internal/when"
)

// form serves GET /act/{action} and POST /act/{action}/form: what is to be
// filled in, with what it would reach. A form that is posted here is drawn with
// what was entered in it.
func (h handler) form(w http.ResponseWriter, r *http.Request) error {
	d, err := h.start(r)
	if err != nil {
		return err
	}
	d.trial = !d.fresh
	if r.Method != http.MethodPost {
		d.fresh, d.trial = true, false
	}
	d.in.Del("go")
	if err := h.look(r.Context(), actor(r), d, d.what.make(r.Context(), d)); err != nil {
		return err
	}
	return h.showForm(w, r, d, http.StatusOK)
}

// showForm draws the form: the whole page, or the block "form" for a dialog.
func (h handler) showForm(w http.ResponseWriter, r *http.Request, d *draft, status int) error {
	title := d.what.title(r.Context(), d)
	return web.Render(w, r, web.Page{Title: title, Body: formPage(d), Status: status,
		Blocks: map[string]templ.Component{"form": form(d), "impact": redrawn(d)}})
}

// give serves POST /act/{action}: it gives the orders.
func (h handler) give(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	d, err := h.start(r)
	if err != nil {
		return err
	}
	a := actor(r)
	orders := d.what.make(ctx, d)
	if err := h.look(ctx, a, d, orders); err != nil {
		return err
	}
	d.confirm(ctx)
	if len(d.errors) > 0 || len(d.preview.hits) == 0 || d.text("go") != "give" {
		return h.showForm(w, r, d, http.StatusUnprocessableEntity)
	}
	ids, err := h.carryOut(r, d, orders)
	if err != nil {
		return asRefusal(err)
	}
	if err := keepReason(r, d.text("comment")); err != nil {
		return err
	}
	return h.given(w, r, ids)
}

// carryOut gives the orders of a draft.
func (h handler) carryOut(r *http.Request, d *draft, orders []command.Order) ([]int64, error) {
	if !d.what.edit {
		return h.giveAll(r, orders)
	}
	var ids []int64
	for _, o := range orders {
		set, cancel, err := h.Desk.EditDowntime(r.Context(), actor(r), o)
		if set != 0 {
			ids = append(ids, set)
		}
		if cancel != 0 {
			ids = append(ids, cancel)
		}
		if err != nil && len(ids) == 0 {
			return nil, err
		}
	}
	return ids, nil
}

// giveAll gives the orders of one action.
func (h handler) giveAll(r *http.Request, orders []command.Order) ([]int64, error) {
	var ids []int64
	for _, o := range orders {
		id, err := h.Desk.Give(r.Context(), actor(r), o)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// given answers with what became of orders so far: JSON for the script of a
// page, else their page.
func (h handler) given(w http.ResponseWriter, r *http.Request, ids []int64) error {
	if !strings.Contains(r.Header.Get("Accept"), "application/json") {
		return web.Redirect(w, r, ordersPath(ids), "")
	}
	p, err := h.progressOf(r, ids)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, p)
}

// ordersPath returns the address of the page of some orders.
func ordersPath(ids []int64) string {
	words := make([]string, len(ids))
	for i, id := range ids {
		words[i] = strconv.FormatInt(id, 10)
	}
	return "/orders/" + strings.Join(words, ",")
}

// when serves GET /act/when?text=: what a typed time means, in words.
func (h handler) when(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	now := ui.Now(ctx).In(ui.Zone(ctx))
	if of := r.FormValue("of"); isUntilOK(r.FormValue("text")) && (of == "length" || of == "expires") {
		return web.JSON(w, http.StatusOK, map[string]string{"words": untilOKWords(ctx, of)})
	}
	t, err := when.Parse(r.FormValue("text"), now)
	if err != nil {
		return web.JSON(w, http.StatusOK, map[string]string{"error": ui.T(ctx, "This names no time. Write 90m, 18:00, fri 18:00 or 2026-12-24 18:00.")})
	}
	return web.JSON(w, http.StatusOK, map[string]string{"words": untilWords(ctx, t, now)})
}
