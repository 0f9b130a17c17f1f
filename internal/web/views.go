package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"belvedere/internal/access"
	"belvedere/internal/auth"
	"belvedere/internal/db"
	"belvedere/internal/lql"
	"belvedere/internal/web/ui"
)

// maxPinned is how many saved views the menu shows.
const maxPinned = 20

// A ViewStore keeps what people of a house share: saved views, start pages, how
// lists look; *db.DB is one.
type ViewStore interface {
	// Views returns the views that a person of a role sees.
	Views(ctx context.Context, person int64, role access.Role) ([]db.View, error)
	// Meta returns a value of the installation, "" if there is none.
	Meta(ctx context.Context, key string) (string, error)
	// KeepMeta stores a value of the installation with an entry in the record.
	KeepMeta(ctx context.Context, key, value string, by db.Audit) error
}

// House decodes a value that was chosen for all into v, which stays as it is
// when there is none.
func House(r *http.Request, key string, v any) error {
	s := from(r)
	if s.server == nil || s.server.opt.Views == nil {
		return nil
	}
	raw, err := s.server.opt.Views.Meta(r.Context(), key)
	if err != nil || raw == "" {
		return err
	}
	if err := json.Unmarshal([]byte(raw), v); err != nil {
		return fmt.Errorf("web: %s: %w", key, err)
	}
	return nil
}

// SetHouse chooses a value for all, nil for none; only admins may. action and
// object name it in the record.
func SetHouse(r *http.Request, key, action, object string, v any) error {
	me := Person(r)
	if me.Role != access.RoleAdmin {
		return Forbidden(ui.T(r.Context(), "Only an administrator chooses for all"), ui.T(r.Context(), "Keep it for yourself"))
	}
	s := from(r)
	if s.server.opt.Views == nil {
		return Unavailable("Nothing can be kept here", "Ask the administrator", nil)
	}
	value := ""
	if v != nil {
		raw, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("web: %s: %w", key, err)
		}
		value = string(raw)
	}
	by := auth.Actor{ID: me.ID, Name: me.Username, IP: RemoteIP(r)}
	if err := s.server.opt.Views.KeepMeta(r.Context(), key, value, by.Audit(action, object, value)); err != nil {
		return fmt.Errorf("web: %s: %w", key, err)
	}
	return nil
}

// A ViewCount counts the rows of a saved view of a page; query is that of its
// address.
type ViewCount func(ctx context.Context, data lql.Querier, query url.Values) (int, error)

// StartKey is where the first page of a role is kept among the values of the
// installation.
func StartKey(role access.Role) string { return "start." + string(role) }

// Views returns the saved views that whoever asks sees: their own in their
// order, then those of others; none where a page is [Alone]. Answers to it are
// theirs alone.
func Views(r *http.Request) ([]db.View, error) {
	s := from(r)
	s.markPersonal()
	if s.server == nil || s.server.opt.Views == nil || !s.signed || s.screen != nil || s.mode != usual {
		return nil, nil
	}
	key := viewsKey{s.person.ID, s.person.Role} // a step of an audience reads them once
	if views, ok := lql.Recall(r.Context(), key).([]db.View); ok {
		return slices.Clone(views), nil
	}
	views, err := s.server.opt.Views.Views(r.Context(), s.person.ID, s.person.Role)
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	lql.Keep(r.Context(), key, slices.Clone(views))
	return views, nil
}

type viewsKey struct {
	person int64
	role   access.Role
}

// SameView reports whether two queries of an address ask for the same rows in
// the same form, wherever in them they begin.
func SameView(a, b url.Values) bool { return trimmed(a) == trimmed(b) }

// ViewQuery returns the query of an address as a view keeps it: without what
// says which rows are shown.
func ViewQuery(v url.Values) string { return trimmed(v) }

func trimmed(v url.Values) string {
	out := url.Values{}
	for k, values := range v {
		if k != "edit" && !slices.Contains(modeParams(), k) && !slices.Contains(ui.PlaceParams(), k) && strings.Join(values, "") != "" {
			out[k] = values
		}
	}
	return out.Encode()
}

// A pinned view is one in the menu.
type pinned struct {
	db.View
	Current bool
	N       int // rows, -1 not known
}

// pinned returns the views in the menu of whoever asks, with their numbers; at
// is the page they look at.
func (s *Server) pinned(r *http.Request, views []db.View, at string, query url.Values) []pinned {
	var out []pinned
	ctx, cancel := context.WithTimeout(r.Context(), countersWithin)
	defer cancel()
	data := s.opt.Engine.For(from(r).chosen)
	for _, v := range views {
		if !v.Pinned || len(out) == maxPinned {
			continue
		}
		p := pinned{View: v, N: -1}
		q, err := url.ParseQuery(v.Query)
		if err != nil {
			continue
		}
		p.Current = v.Path == at && SameView(q, query)
		if count := s.counts[v.Path]; count != nil {
			if n, err := count(ctx, data, q); err == nil {
				p.N = n
			} else if ctx.Err() == nil {
				s.log.Info("a saved view cannot be counted", "request", from(r).id, "view", v.ID, "err", err)
			}
		}
		out = append(out, p)
	}
	return out
}

// countsOf returns how rooms count saved views, by page.
func countsOf(features []Feature) map[string]ViewCount {
	out := map[string]ViewCount{}
	for _, f := range features {
		for path, count := range f.Counts {
			out[path] = count
		}
	}
	return out
}

// pinnedBlock serves GET /shell/pinned: the views in the menu, for the page the
// browser shows. It is no page of its own.
func (s *Server) pinnedBlock(w http.ResponseWriter, r *http.Request) error {
	views, err := Views(r)
	if err != nil {
		return err
	}
	at, query := "", url.Values{}
	if next := r.URL.Query().Get("at"); safePath(next) {
		if u, err := url.Parse(next); err == nil {
			at, query = u.EscapedPath(), u.Query()
		}
	}
	menu := pinnedMenu(s.pinned(r, views, at, query))
	return Render(w, r, Page{Title: "Saved views", Body: menu, Blocks: map[string]templ.Component{"pinned": menu}})
}

// startOf returns the first page of whoever asks: their own choice, that of
// their role, or that of the installation.
func (s *Server) startOf(r *http.Request) string {
	var own string
	if err := Prefs(r).Get("start", &own); err == nil && safePath(own) && own != "/" {
		return own
	}
	if s.opt.Views != nil {
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		page, err := s.opt.Views.Meta(ctx, StartKey(from(r).person.Role))
		if err != nil {
			s.log.Warn("no start page of the role", "request", from(r).id, "err", err)
		} else if safePath(page) && page != "/" {
			return page
		}
	}
	return s.opt.Start
}
