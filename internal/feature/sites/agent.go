package sites

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/a-h/templ"

	"belvedere/internal/site"
	"belvedere/internal/web"
	"belvedere/internal/web/ui"
)

// A Pairing is a code with which an agent joins and becomes a site.
type Pairing struct {
	ID      string // names the code and opens nothing
	Code    string // secret
	Name    string // of the site
	Address string // where the agent will come to, host:port
	Expires time.Time
	Site    string // key, once an agent has joined
	Void    bool   // tried too often, or withdrawn
}

// maxCode bounds the text of a code that is entered.
const maxCode = 2000

const fieldCode = "code"

// An agentView is the page that adds a site with an agent.
type agentView struct {
	Form        form
	Code        string
	Error, Hint string
}

// A pairingView is the page of one code.
type pairingView struct {
	Pairing
	Now time.Time
	Row row // of the site, once there is one
}

func (v pairingView) ended() bool { return v.Void || v.Now.After(v.Expires) }

// command is what to run on the monitoring server.
func (v pairingView) command() string { return "sudo belvedere agent join " + v.Code }

func pairingPath(id string) string { return "/agents/codes/" + url.PathEscape(id) }

// agent serves GET /agents/new.
func (h handler) agent(w http.ResponseWriter, r *http.Request) error {
	return showAgent(w, r, http.StatusOK, agentView{Form: form{Name: r.URL.Query().Get(fieldName)}})
}

func showAgent(w http.ResponseWriter, r *http.Request, status int, v agentView) error {
	return web.Render(w, r, web.Page{Title: ui.T(r.Context(), "Add site with the agent"), Active: "sites", Body: agentBody(v), Status: status})
}

// enteredAgent reads the form of r; ok is false when it was shown again.
func (h handler) enteredAgent(w http.ResponseWriter, r *http.Request) (v agentView, s site.Spec, ok bool, err error) {
	if v.Form, err = entered(r); err != nil {
		return v, s, false, err
	}
	v.Code = r.PostForm.Get(fieldCode)
	s, _ = v.Form.spec(r.Context(), site.Spec{}, false)
	delete(v.Form.Errors, fieldAddresses) // the agent brings it
	s.Addresses = nil
	if len(v.Form.Errors) > 0 {
		return v, s, false, showAgent(w, r, http.StatusUnprocessableEntity, v)
	}
	return v, s, true, nil
}

// pair serves POST /agents/new: makes a code.
func (h handler) pair(w http.ResponseWriter, r *http.Request) error {
	v, spec, ok, err := h.enteredAgent(w, r)
	if !ok {
		return err
	}
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	p, err := h.Manager.Pair(r.Context(), actor(r), spec, host)
	if err != nil {
		return h.refusedAgent(w, r, v, err)
	}
	return web.Redirect(w, r, pairingPath(p.ID), "")
}

// invited serves POST /agents/invited: goes to an agent that made a code.
func (h handler) invited(w http.ResponseWriter, r *http.Request) error {
	v, spec, ok, err := h.enteredAgent(w, r)
	if !ok {
		return err
	}
	switch {
	case v.Code == "":
		v.Form.Errors[fieldCode] = ui.T(r.Context(), "Enter the code that the agent has printed.")
	case len(v.Code) > maxCode:
		v.Form.Errors[fieldCode] = ui.T(r.Context(), "This is not the code of an agent.")
		v.Code = ""
	default:
		key, err := h.Manager.Invited(r.Context(), actor(r), spec, v.Code)
		if err != nil {
			return h.refusedAgent(w, r, v, err)
		}
		return web.Redirect(w, r, path(key, "edit"), ui.T(r.Context(), "The agent has joined. Start it, and its data appears"))
	}
	return showAgent(w, r, http.StatusUnprocessableEntity, v)
}

// refusedAgent shows the form again when err is one that the person can mend.
func (h handler) refusedAgent(w http.ResponseWriter, r *http.Request, v agentView, err error) error {
	e := editView{Form: v.Form}
	if !e.takes(r.Context(), err) {
		return missing(err)
	}
	v.Form, v.Error, v.Hint = e.Form, e.Error, e.Hint
	return showAgent(w, r, http.StatusUnprocessableEntity, v)
}

// pairing serves GET /agents/codes/{id}: the code, until it has been used.
func (h handler) pairing(w http.ResponseWriter, r *http.Request) error {
	p, err := h.Manager.Pairing(r.Context(), actor(r), r.PathValue("id"))
	if err != nil {
		return missing(err)
	}
	v := pairingView{Pairing: p, Now: ui.Now(r.Context())}
	if p.Site != "" {
		rows, err := h.rows(r)
		if err != nil {
			return err
		}
		for _, x := range rows {
			if x.Key == p.Site {
				v.Row = x
			}
		}
	}
	return web.Render(w, r, web.Page{
		Title: ui.T(r.Context(), "Join %s", p.Name), Active: "sites", Body: pairingBody(v),
		Blocks: map[string]templ.Component{"joining": joining(v)},
	})
}

// withdraw serves POST /agents/codes/{id}/withdraw: the code is void.
func (h handler) withdraw(w http.ResponseWriter, r *http.Request) error {
	if err := h.Manager.Withdraw(r.Context(), actor(r), r.PathValue("id")); err != nil {
		return missing(fmt.Errorf("sites: withdraw: %w", err))
	}
	return web.Redirect(w, r, "/sites", ui.T(r.Context(), "The code is void"))
}

func urlText(s string) string { return url.QueryEscape(s) }

// state says why a code lets nobody in.
func (v pairingView) state(ctx context.Context) string {
	if v.Void {
		return ui.T(ctx, "void")
	}
	return ui.T(ctx, "expired")
}
