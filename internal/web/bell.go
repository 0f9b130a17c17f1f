package web

import (
	"encoding/json"
	"net/http"
	"time"
)

// bellPreference holds which views ring for new problems, by address.
const bellPreference = "bell"

const (
	bellsMost = 50
	bellBytes = 500 // of the address of a view
)

// A bell is how a view tells of new problems. From and To are the quiet hours,
// HH:MM on the clock of the browser; equal ones are none.
type bell struct {
	Sound  bool   `json:"sound"`
	Notify bool   `json:"notify"`
	From   string `json:"from"`
	To     string `json:"to"`
}

// setBells keeps the bells that a browser sends as JSON.
func (s *Server) setBells(w http.ResponseWriter, r *http.Request, value string) error {
	st := from(r)
	if !st.signed {
		return &Error{Status: http.StatusUnauthorized, Msg: "Nobody is signed in", Hint: "Sign in again, then repeat this"}
	}
	var bells map[string]bell
	if err := json.Unmarshal([]byte(value), &bells); err != nil || len(bells) > bellsMost {
		return BadRequest("Sounds and notifications of at most 50 views can be kept", "Switch some off")
	}
	for view, b := range bells {
		if !safePath(view) || len(view) > bellBytes || !quietHour(b.From) || !quietHour(b.To) {
			return BadRequest("The quiet hours must be times like 22:00", "Correct them and try again")
		}
	}
	var keep any = bells
	if len(bells) == 0 {
		keep = nil
	}
	if err := st.prefs.Set(bellPreference, keep); err != nil {
		return err
	}
	return s.done(w, r)
}

// quietHour reports whether t is a time of day, or empty.
func quietHour(t string) bool {
	at, err := time.Parse("15:04", t)
	return t == "" || err == nil && at.Format("15:04") == t
}

// bells returns the bells of whoever asks as JSON, "" for none.
func bells(r *http.Request) string {
	var kept map[string]bell
	if err := Prefs(r).Get(bellPreference, &kept); err != nil || len(kept) == 0 {
		return ""
	}
	b, err := json.Marshal(kept)
	if err != nil {
		return ""
	}
	return string(b)
}
