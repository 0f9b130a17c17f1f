package web

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"belvedere/internal/access"
	"belvedere/internal/db"
	"belvedere/internal/lql"
)

// hiddenSites is the preference that holds the keys of sites not chosen. What
// is kept is what is hidden, so that a new site is seen.
const hiddenSites = "sites.hidden"

// A site is what the shell shows of one.
type site struct {
	Key, Name, Section string
	State              string // fresh late down pending paused incompatible
	Cause              string
	Last               int64 // unix seconds of the newest data; 0 never
	Chosen             bool
}

// Trouble reports whether the site's data is old or missing.
func (x site) Trouble() bool {
	return x.State == "late" || x.State == "down" || x.State == "incompatible"
}

// sites returns the sites v may know of, in the order of sections and names
// the fleet gives.
func (s *Server) sites(ctx context.Context, v access.Viewer) ([]site, error) {
	res, err := s.opt.Engine.For(v).Query(ctx, lql.Get("sites", "key", "name", "section", "state", "cause", "last_update"))
	if err != nil {
		return nil, fmt.Errorf("web: sites: %w", err)
	}
	out := make([]site, res.Rows)
	for _, vec := range res.Vectors {
		for i := range out {
			x := &out[i]
			switch vec.Name {
			case "key":
				x.Key = textAt(vec, i)
			case "name":
				x.Name = textAt(vec, i)
			case "section":
				x.Section = textAt(vec, i)
			case "state":
				x.State = textAt(vec, i)
			case "cause":
				x.Cause = textAt(vec, i)
			case "last_update":
				x.Last = intAt(vec, i)
			}
		}
	}
	return out, nil
}

func textAt(v lql.Vector, row int) string {
	if row < len(v.Texts) {
		return v.Texts[row]
	}
	return ""
}

func intAt(v lql.Vector, row int) int64 {
	switch {
	case row < len(v.Ints):
		return v.Ints[row]
	case row < len(v.Floats):
		return int64(v.Floats[row])
	}
	return 0
}

// hidden returns the keys the person does not want to see.
func (s *state) hidden() []string {
	var keys []string
	if err := s.prefs.Get(hiddenSites, &keys); err != nil {
		return nil // a broken preference hides nothing
	}
	return keys
}

// chosenSites returns the keys of the chosen sites, nil for all.
func (s *Server) chosenSites(ctx context.Context, st *state) ([]string, error) {
	hidden := st.hidden()
	if len(hidden) == 0 {
		return st.viewer.Sites, nil
	}
	all, err := s.sites(ctx, st.viewer)
	if err != nil {
		return nil, err
	}
	keys := []string{}
	for _, x := range all {
		if !slices.Contains(hidden, x.Key) {
			keys = append(keys, x.Key)
		}
	}
	if len(keys) == 0 || len(keys) == len(all) {
		return st.viewer.Sites, nil // the hidden ones are gone, or nothing would be left
	}
	return keys, nil
}

// A node is a line of the chooser: a section, or a site.
type node struct {
	Site  *site  // nil: a section
	Label string // the section's own name
	Path  string // the section's whole path, for the site the section's
	Depth int
}

// tree returns the lines of the chooser: sections with what is in them.
func tree(sites []site) []node {
	sorted := slices.Clone(sites)
	slices.SortStableFunc(sorted, func(a, b site) int { return cmp.Compare(a.Section, b.Section) })
	var out []node
	var open []string
	for i := range sorted {
		x := &sorted[i]
		var steps []string
		if x.Section != "" {
			steps = strings.Split(x.Section, "/")
		}
		same := 0
		for same < len(open) && same < len(steps) && open[same] == steps[same] {
			same++
		}
		for d := same; d < len(steps); d++ {
			out = append(out, node{Label: steps[d], Path: strings.Join(steps[:d+1], "/"), Depth: d})
		}
		open = steps
		out = append(out, node{Site: x, Path: x.Section, Depth: len(steps)})
	}
	return out
}

// choose serves POST /chooser: which sites the person wants to see. The form
// names all sites it showed in "known" and the wanted ones in "site"; sites it
// did not show keep what they had.
func (s *Server) choose(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	st := from(r)
	known, wanted := r.PostForm["known"], r.PostForm["site"]
	if len(known) > 0 && len(wanted) == 0 {
		return BadRequest("No site is chosen", "Choose one site at least: with none there is nothing to see")
	}
	keep := []string{}
	for _, k := range st.hidden() {
		if !slices.Contains(known, k) {
			keep = append(keep, k)
		}
	}
	for _, k := range known {
		if !slices.Contains(wanted, k) && len(k) < 200 && len(keep) < 5000 {
			keep = append(keep, k)
		}
	}
	var value any = keep
	if len(keep) == 0 {
		value = nil
	}
	if err := st.prefs.Set(hiddenSites, value); err != nil {
		return err
	}
	s.streams.wake(st.person.ID)
	return s.done(w, r)
}

// setPreference serves POST /preferences: one of the habits.
func (s *Server) setPreference(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	st := from(r)
	name, value := r.PostForm.Get("name"), r.PostForm.Get("value")
	if name == bellPreference {
		return s.setBells(w, r, value)
	}
	if !s.allowedHabit(name, value) {
		return BadRequest("There is no such preference", "Reload the page and try again")
	}
	if err := st.setHabit(w, name, value); err != nil {
		return err
	}
	return s.done(w, r)
}

// done answers a small change: JSON for scripts, back to the page otherwise.
func (s *Server) done(w http.ResponseWriter, r *http.Request) error {
	if WantsJSON(r) {
		return JSON(w, http.StatusOK, map[string]bool{"ok": true})
	}
	next := r.PostForm.Get("next")
	if !safePath(next) {
		next = "/"
	}
	return Redirect(w, r, next, "")
}

// badForm says that a form could not be read.
func badForm(err error) error {
	e := BadRequest("The form could not be read", "Reload the page and try again")
	e.Err = err
	return e
}

// themeOf returns "light", "dark" or "auto": the person's, else the browser's.
func themeOf(r *http.Request) string {
	var theme string
	if err := Prefs(r).Get("theme", &theme); err != nil || theme == "" {
		if c, err := r.Cookie(themeCookie); err == nil {
			theme = c.Value
		}
	}
	if theme == "light" || theme == "dark" {
		return theme
	}
	return "auto"
}

const themeCookie = "belvedere_theme"

// noStore keeps nothing: a server without preferences.
type noStore struct{}

func (noStore) Preferences(context.Context, int64) (db.Preferences, error) {
	return nil, nil
}

func (noStore) SetPreference(context.Context, int64, string, json.RawMessage) error { return nil }
