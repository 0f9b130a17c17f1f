package web

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"belvedere/internal/auth"
	"belvedere/internal/web/ui"
)

// A loginView is the sign-in page.
type loginView struct {
	Username, Next string
	Error, Hint    string
	Stay           bool // the browser keeps the session when it is closed
	Version, Host  string
}

// loginPage serves GET /login.
func (s *Server) loginPage(w http.ResponseWriter, r *http.Request) error {
	if from(r).signed {
		return Redirect(w, r, nextOf(r.URL.Query().Get("next")), "")
	}
	if s.opt.Auth.NeedsSetup(r.Context()) {
		return Redirect(w, r, "/setup", "")
	}
	return s.showLogin(w, r, http.StatusOK, loginView{Next: nextOf(r.URL.Query().Get("next")), Stay: true})
}

func (s *Server) showLogin(w http.ResponseWriter, r *http.Request, status int, v loginView) error {
	v.Version, v.Host = s.opt.Version, r.Host
	return s.render(w, r, Page{Title: ui.T(r.Context(), "Sign in"), Bare: true, Status: status, Body: loginBody(v)})
}

// login serves POST /login.
func (s *Server) login(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	v := loginView{Username: strings.TrimSpace(r.PostForm.Get("username")), Next: nextOf(r.PostForm.Get("next")), Stay: r.PostForm.Has("stay")}
	token, _, err := s.opt.Auth.SignIn(r.Context(), v.Username, r.PostForm.Get("password"), meta(r))
	var limited *auth.RateLimitedError
	switch {
	case errors.Is(err, auth.ErrBadCredentials):
		v.Error = ui.T(r.Context(), "User name or password is wrong")
		v.Hint = s.triesHint(r, v.Username)
		return s.refuseLogin(w, r, http.StatusUnauthorized, v)
	case errors.As(err, &limited):
		w.Header().Set("Retry-After", retryAfter(limited.Retry))
		v.Error = ui.T(r.Context(), "Too many failed sign-ins")
		v.Hint = ui.T(r.Context(), "Try again in %s.", ui.Ago(int64(limited.Retry/time.Second)+1))
		return s.refuseLogin(w, r, http.StatusTooManyRequests, v)
	case errors.Is(err, auth.ErrBusy):
		v.Error = ui.T(r.Context(), "Too many people sign in at this moment")
		v.Hint = ui.T(r.Context(), "Try again in a few seconds.")
		return s.refuseLogin(w, r, http.StatusServiceUnavailable, v)
	case err != nil:
		return err
	}
	s.setSession(w, r, token, v.Stay)
	return Redirect(w, r, v.Next, "")
}

// triesHint says what to look at, and how many tries are left before waiting
// begins.
func (s *Server) triesHint(r *http.Request, username string) string {
	hint := ui.T(r.Context(), "Check the spelling and whether Caps Lock is on.")
	failed, free := s.opt.Auth.Tries(username, meta(r))
	if failed > 0 && failed <= free {
		hint += " " + ui.T(r.Context(), "%[1]s of %[2]s tries: after that each one has to wait, longer and longer.", ui.Number(failed), ui.Number(free))
	}
	return hint
}

// refuseLogin shows the form again with what is wrong.
func (s *Server) refuseLogin(w http.ResponseWriter, r *http.Request, status int, v loginView) error {
	if WantsJSON(r) {
		return &Error{Status: status, Msg: v.Error, Hint: v.Hint}
	}
	return s.showLogin(w, r, status, v)
}

// logout serves POST /logout.
func (s *Server) logout(w http.ResponseWriter, r *http.Request) error {
	st := from(r)
	if st.token != "" {
		if err := s.opt.Auth.SignOut(r.Context(), st.token, meta(r)); err != nil && !errors.Is(err, auth.ErrNoSession) {
			return err
		}
		s.streams.wake(st.person.ID)
	}
	http.SetCookie(w, &http.Cookie{Name: CookieName, Path: st.cookiePath(), MaxAge: -1, HttpOnly: true,
		Secure: st.origin.https, SameSite: http.SameSiteLaxMode})
	return Redirect(w, r, "/login", "")
}

// setSession gives the browser the token, which it forgets when it is closed
// unless stay is set. How long the session lasts is for package auth to say.
func (s *Server) setSession(w http.ResponseWriter, r *http.Request, token string, stay bool) {
	st := from(r)
	c := &http.Cookie{Name: CookieName, Value: token, Path: st.cookiePath(), HttpOnly: true, Secure: st.origin.https, SameSite: http.SameSiteLaxMode}
	if stay {
		c.MaxAge = 90 * 86400
	}
	http.SetCookie(w, c)
}

// nextOf returns where to go after signing in: a path of ours, else the start.
func nextOf(next string) string {
	if safePath(next) && !strings.HasPrefix(next, "/login") && !strings.HasPrefix(next, "/logout") && !strings.HasPrefix(next, "/setup") {
		return next
	}
	return "/"
}

func retryAfter(d time.Duration) string {
	return strconv.FormatInt(int64(d/time.Second)+1, 10)
}
