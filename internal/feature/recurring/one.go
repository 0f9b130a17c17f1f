package recurring

import (
	"net/http"
	"time"

	"github.com/a-h/templ"

	"belvedere/internal/db"
	"belvedere/internal/recur"
	"belvedere/internal/web"
	"belvedere/internal/web/ui"
)

// A oneView is the page of one rule.
type oneView struct {
	row
	Plan  *recur.Plan // nil: it cannot be read
	Next  []recur.Occurrence
	Set   []batch
	Later int // downtimes that are set and have not begun
}

// A batch is what a rule has set of one occurrence.
type batch struct {
	Start, End time.Time
	Over       bool
	Set, Given int // that the cores have, that are on their way
	Failed     int
	Going      int // that are being cancelled
	Reason     string
}

// one serves GET /recurring/{id}.
func (h handler) one(w http.ResponseWriter, r *http.Request) error {
	v, err := h.view(r, false)
	if err != nil {
		return err
	}
	return web.Render(w, r, web.Page{Title: v.Name, Active: "downtimes", Body: oneBody(v),
		Blocks: map[string]templ.Component{"rule": oneParts(v)}})
}

// doomed serves GET /recurring/{id}/delete: what is to become of what is set.
func (h handler) doomed(w http.ResponseWriter, r *http.Request) error {
	v, err := h.view(r, true)
	if err != nil {
		return err
	}
	return web.Render(w, r, web.Page{Title: ui.T(r.Context(), "Delete %s", v.Name), Active: "downtimes", Body: deleteBody(v)})
}

func (h handler) view(r *http.Request, mine bool) (oneView, error) {
	x, err := h.rule(r, mine)
	if err != nil {
		return oneView{}, err
	}
	sites, err := sitesOf(r)
	if err != nil {
		return oneView{}, err
	}
	now := ui.Now(r.Context())
	v := oneView{row: h.rowOf(web.Person(r), x, sites, now)}
	if plan, err := x.Spec.Plan(); err == nil { // what cannot be read has its own sign
		v.Plan, v.Next = plan, plan.Next(now, 10)
	}
	list, err := h.rules.Downtimes(r.Context(), x)
	if err != nil {
		return v, err
	}
	v.Set, v.Later = batches(list, now)
	return v, nil
}

// batches puts together what belongs to the same occurrence, the latest first.
func batches(list []db.RuleDowntime, now time.Time) (out []batch, later int) {
	for i := len(list) - 1; i >= 0; i-- {
		d := list[i]
		if len(out) == 0 || !out[len(out)-1].Start.Equal(d.Starts) || !out[len(out)-1].End.Equal(d.Ends) {
			out = append(out, batch{Start: d.Starts, End: d.Ends, Over: d.Ends.Before(now)})
		}
		b := &out[len(out)-1]
		switch d.State {
		case recur.InCore:
			b.Set++
		case recur.OnItsWay:
			b.Given++
		case recur.NotTaken:
			b.Failed++
			b.Reason = d.Reason
		default:
			b.Going++
		}
		if d.Starts.After(now) && d.State != recur.NotTaken {
			later++
		}
	}
	return out, later
}
