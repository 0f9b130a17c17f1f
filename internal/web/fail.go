package web

import (
	"context"
	"errors"
	"net/http"

	"belvedere/internal/lql"
	"belvedere/internal/web/ui"
)

// fail is the one place that turns an error into an answer and a log line. The
// text of errors that are not made for people stays in the log.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	if to, ok := errors.AsType[elsewhere](err); ok {
		_ = Redirect(w, r, string(to), "") // cannot fail
		return
	}
	st := from(r)
	e := explain(err)
	e.Msg, e.Hint = ui.Said(r.Context(), e.Msg), ui.Said(r.Context(), e.Hint)
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		s.log.Debug("client went away", "request", st.id, "pattern", r.Pattern)
		e.Status = 499
	} else if e.Status >= 500 {
		s.log.Error("request failed", "request", st.id, "pattern", r.Pattern, "err", err)
	} else if e.Err != nil {
		s.log.Info("request refused", "request", st.id, "pattern", r.Pattern, "status", e.Status, "ip", st.origin.remote, "err", e.Err)
	}
	h := w.Header()
	h.Del("Content-Encoding")
	h.Del("ETag")
	h.Set("Cache-Control", "no-store")
	if e.Status == http.StatusUnauthorized && !byBrowser(r) {
		h.Set("WWW-Authenticate", `Basic realm="Belvedere", charset="UTF-8"`)
	}
	if e.Status == 499 {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if WantsJSON(r) || blocksOf(r) != nil {
		_ = JSON(w, e.Status, map[string]string{"error": e.Msg, "hint": e.Hint, "request": st.id}) // strings always marshal
		return
	}
	p := Page{Title: e.Msg, Status: e.Status, Body: errorPage(e, st.id, withoutParam(r, e.Param)), Bare: !st.signed}
	if err := s.render(w, r, p); err != nil {
		s.log.Error("error page failed", "request", st.id, "err", err)
		http.Error(w, e.Msg, e.Status)
	}
}

// withoutParam returns the address of r without one of its parameters, "" when
// it has none of that name.
func withoutParam(r *http.Request, name string) string {
	if r.Method != http.MethodGet || !r.URL.Query().Has(name) {
		return ""
	}
	return With(r, name, "")
}

// byBrowser reports whether r looks like one of a browser, which would ask for
// a password in a window of its own when it saw WWW-Authenticate.
func byBrowser(r *http.Request) bool {
	return r.Header.Get("Accept-Language") != "" || r.Header.Get("Sec-Fetch-Mode") != "" || blocksOf(r) != nil
}

// explain returns what a person is told about err.
func explain(err error) *Error {
	var own *Error
	var query *lql.QueryError
	var syntax *lql.SyntaxError
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &own):
		e := *own
		return &e
	case errors.As(err, &syntax):
		return &Error{Status: http.StatusBadRequest, Msg: capital(syntax.Msg), Hint: syntax.Hint, Err: err}
	case errors.As(err, &query):
		return &Error{Status: queryStatus(query.Code), Msg: capital(query.Msg), Hint: query.Hint, Err: err}
	case errors.As(err, &large):
		return &Error{Status: http.StatusRequestEntityTooLarge, Msg: "This is more than a form can hold", Hint: "Send less at once", Err: err}
	case errors.Is(err, context.DeadlineExceeded):
		return &Error{Status: http.StatusServiceUnavailable, Msg: "This took too long", Hint: "Narrow the filter, or try again when the server has less to do", Err: err}
	}
	return &Error{Status: http.StatusInternalServerError, Msg: "This page could not be built",
		Hint: "Try again. If it happens again, look for the reference in the log of the server", Err: err}
}

// queryStatus returns the HTTP status for a Livestatus one.
func queryStatus(code int) int {
	switch code {
	case 400, 404, 413, 502:
		return code
	}
	return http.StatusInternalServerError
}

// capital returns s with a capital first letter, for sentences.
func capital(s string) string {
	if s != "" && s[0] >= 'a' && s[0] <= 'z' {
		return string(s[0]-32) + s[1:]
	}
	return s
}
