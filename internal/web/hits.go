package web

import (
	"net/http"

	"belvedere/internal/web/ui"
)

// A Hit is one thing a search found, as the palette shows it.
type Hit struct {
	Group string   // heading: "Hosts", "Services"
	Title string   // "db-wien-07", "db-wien-07 / Load"
	Note  string   // "Wien · DOWN for 3 m"
	Path  string   // without prefix
	State ui.State // the zero State shows Icon
	Icon  string
	On    string   // names its object for actions, "" when none is offered
	Does  []string // what can be done with it, by the last part of the address
}

// A hit is a Hit as JSON.
type hit struct {
	Group string   `json:"group"`
	Title string   `json:"title"`
	Note  string   `json:"note,omitempty"`
	Href  string   `json:"href"`
	Class string   `json:"class,omitempty"`
	Glyph string   `json:"glyph,omitempty"`
	Label string   `json:"label,omitempty"`
	Done  bool     `json:"done,omitempty"`
	Icon  string   `json:"icon,omitempty"`
	On    string   `json:"on,omitempty"`
	Does  []string `json:"does,omitempty"`
}

// WriteHits answers GET /search?q=…&format=json, which the palette asks: hits
// in the order they are shown, grouped by Group, and how many there are in
// all.
func WriteHits(w http.ResponseWriter, r *http.Request, total int, hits []Hit) error {
	out := make([]hit, len(hits))
	for i, h := range hits {
		out[i] = hit{Group: h.Group, Title: h.Title, Note: h.Note, Href: string(URL(r, h.Path)), Icon: h.Icon, On: h.On, Does: h.Does}
		if h.State.Word != "" {
			out[i].Class, out[i].Glyph, out[i].Label, out[i].Done = h.State.Class, h.State.Glyph, h.State.Label(r.Context()), h.State.Done
		}
	}
	return JSON(w, http.StatusOK, map[string]any{"total": total, "hits": out})
}
