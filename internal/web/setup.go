package web

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"belvedere/internal/auth"
	"belvedere/internal/web/ui"
)

// A setupView is the first-run page.
type setupView struct {
	Code, Username string
	Field          string // which field Error is about: code, username, password, "" all
	Error, Hint    string
	Demo, AddSite  bool
	First          string // chosen next step: site, demo, later
}

// errorOf returns the error when it is about field.
func (v setupView) errorOf(field string) string {
	if v.Field == field {
		return v.Error
	}
	return ""
}

// setupPage serves GET /setup, while there is nobody yet.
func (s *Server) setupPage(w http.ResponseWriter, r *http.Request) error {
	if !s.opt.Auth.NeedsSetup(r.Context()) {
		return Redirect(w, r, "/", "")
	}
	return s.showSetup(w, r, http.StatusOK, setupView{Username: "admin", Code: r.URL.Query().Get("code")})
}

func (s *Server) showSetup(w http.ResponseWriter, r *http.Request, status int, v setupView) error {
	v.Demo, v.AddSite = s.opt.Setup.StartDemo != nil, s.opt.Setup.AddSite != ""
	if v.First == "" {
		v.First = "site"
	}
	return s.render(w, r, Page{Title: ui.T(r.Context(), "First start"), Bare: true, Wide: true, Status: status, Body: setupBody(v)})
}

// setup serves POST /setup: makes the admin, signs in, goes on to the first
// site or the demo.
func (s *Server) setup(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	v := setupView{Code: strings.TrimSpace(r.PostForm.Get("code")), Username: strings.TrimSpace(r.PostForm.Get("username")), First: r.PostForm.Get("first")}
	token, _, err := s.opt.Auth.CompleteSetup(r.Context(), v.Code, v.Username, r.PostForm.Get("password"), meta(r))
	var input *auth.InputError
	var limited *auth.RateLimitedError
	switch {
	case errors.Is(err, auth.ErrSetupDone):
		return Redirect(w, r, "/login", "There is an account already: sign in with it")
	case errors.Is(err, auth.ErrBadCode):
		v.Field, v.Error = "code", ui.T(r.Context(), "This is not the code. It stands in the log of the server: code=…")
		return s.showSetup(w, r, http.StatusUnprocessableEntity, v)
	case errors.As(err, &input):
		v.Field, v.Error, v.Hint = input.Field, capital(ui.Said(r.Context(), input.Msg)), ui.Said(r.Context(), input.Hint)
		return s.showSetup(w, r, http.StatusUnprocessableEntity, v)
	case errors.As(err, &limited):
		v.Field, v.Error = "code", ui.T(r.Context(), "Too many tries. Try again in %s.", ui.Ago(int64(limited.Retry/time.Second)+1))
		return s.showSetup(w, r, http.StatusTooManyRequests, v)
	case err != nil:
		return err
	}
	s.setSession(w, r, token, true)
	switch {
	case v.First == "demo" && s.opt.Setup.StartDemo != nil:
		if err := s.opt.Setup.StartDemo(r.Context()); err != nil {
			s.log.Error("demo did not start", "request", RequestID(r), "err", err)
			return Redirect(w, r, "/", "The account is made, but the demo did not start: see the log of the server")
		}
		return Redirect(w, r, "/", "The demo runs. Its sites can be removed on the page Sites")
	case v.First == "site" && s.opt.Setup.AddSite != "":
		return Redirect(w, r, s.opt.Setup.AddSite, "")
	}
	return Redirect(w, r, "/", "")
}

// setupDemo serves POST /setup/demo: starts the demo later, from an empty page.
func (s *Server) setupDemo(w http.ResponseWriter, r *http.Request) error {
	if s.opt.Setup.StartDemo == nil {
		return NotFound("This server offers no demo", "Add a site instead")
	}
	if err := s.opt.Setup.StartDemo(r.Context()); err != nil {
		return err
	}
	return Redirect(w, r, "/", "The demo runs. Its sites can be removed on the page Sites")
}
