package web

import (
	"fmt"
	"net/http"
)

// An Error is an answer other than success that its reader can understand.
type Error struct {
	Status int    // HTTP status
	Msg    string // what is so: a sentence without full stop, safe to show
	Hint   string // what to do next; may be empty
	Param  string // the query parameter that is wrong; may be empty
	Find   string // the name to search for instead; may be empty
	Err    error  // for the log only; may be nil
}

// Error returns the message with the cause; it is for the log.
func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("web: %d %s: %v", e.Status, e.Msg, e.Err)
	}
	return fmt.Sprintf("web: %d %s", e.Status, e.Msg)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// BadRequest says that a parameter or a form is wrong.
func BadRequest(msg, hint string) *Error {
	return &Error{Status: http.StatusBadRequest, Msg: msg, Hint: hint}
}

// BadParameter says that a query parameter is wrong. The page that says so
// offers the same address without it.
func BadParameter(name, msg, hint string) *Error {
	return &Error{Status: http.StatusBadRequest, Msg: msg, Hint: hint, Param: name}
}

// NotFound says that there is no such thing, or that the asker may not know of
// it: the two look the same.
func NotFound(msg, hint string) *Error {
	return &Error{Status: http.StatusNotFound, Msg: msg, Hint: hint}
}

// Unknown is NotFound for what has a name: the page offers to search for it.
func Unknown(name, msg, hint string) *Error {
	return &Error{Status: http.StatusNotFound, Msg: msg, Hint: hint, Find: name}
}

// Forbidden says that the person may not do this.
func Forbidden(msg, hint string) *Error {
	return &Error{Status: http.StatusForbidden, Msg: msg, Hint: hint}
}

// Conflict says that the thing changed meanwhile or exists already.
func Conflict(msg, hint string) *Error {
	return &Error{Status: http.StatusConflict, Msg: msg, Hint: hint}
}

// Unavailable says that something outside does not answer.
func Unavailable(msg, hint string, err error) *Error {
	return &Error{Status: http.StatusServiceUnavailable, Msg: msg, Hint: hint, Err: err}
}

// elsewhere is the error of [Elsewhere]: the address without prefix.
type elsewhere string

func (e elsewhere) Error() string { return "web: see " + string(e) }

// Elsewhere returns what a handler returns to lead to another address of the
// same thing, without prefix: the answer is a redirect, not a failure.
func Elsewhere(path string) error { return elsewhere(path) }
