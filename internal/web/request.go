package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"belvedere/internal/access"
	"belvedere/internal/auth"
	"belvedere/internal/db"
	"belvedere/internal/lql"
	"belvedere/internal/web/ui"
)

// state is what the middleware knows about a request.
type state struct {
	server  *Server
	id      string
	person  auth.Person
	signed  bool
	token   string // of the session; "" with HTTP Basic
	viewer  access.Viewer
	chosen  access.Viewer // viewer narrowed to the chosen sites
	prefs   *Preferences
	origin  origin
	rev     uint64 // changes of the chosen sites before anything was read
	env     *ui.Environment
	density string // of rows: "", "compact" or "roomy"
	mode    mode
	pure    bool       // the route is, see Route.Pure
	screen  *db.Screen // whose link was used, nil none
	turn    turn
	fits    bool // whether the page can be shown on a wall
	// personal is set while a block is drawn for all who see the same: true
	// once somebody asked for what only one person has.
	personal *bool
}

type stateKey struct{}

// from returns the state of a request that went through the server.
func from(r *http.Request) *state {
	if s, ok := r.Context().Value(stateKey{}).(*state); ok {
		return s
	}
	return &state{prefs: &Preferences{}}
}

// Data returns the Querier of whoever asks, narrowed to the sites chosen in
// the top bar. Lists and counts use it.
func Data(r *http.Request) lql.Querier {
	s := from(r)
	return s.server.opt.Engine.For(s.chosen)
}

// AllData is Data without the choice of sites: for the page of one object,
// which is reached by a link whatever is chosen.
func AllData(r *http.Request) lql.Querier {
	s := from(r)
	return s.server.opt.Engine.For(s.viewer)
}

// Viewer returns what whoever asks may see, narrowed to the chosen sites. The
// zero Viewer, which sees nothing, when nobody is signed in.
func Viewer(r *http.Request) access.Viewer { return from(r).chosen }

// WholeViewer is Viewer whatever sites are chosen: what an order may reach.
func WholeViewer(r *http.Request) access.Viewer { return from(r).viewer }

// Person returns who asks; the zero Person when nobody is signed in. A block
// whose handler calls it is drawn for each person anew: [Role] and [Viewer]
// let people with the same rights share it.
func Person(r *http.Request) auth.Person {
	s := from(r)
	s.markPersonal()
	return s.person
}

// Role returns the role of whoever asks, "" when nobody is signed in.
func Role(r *http.Request) access.Role { return from(r).person.Role }

// SessionToken returns the token of the session that carries r, "" when there
// is none (HTTP Basic). It is a secret.
func SessionToken(r *http.Request) string {
	s := from(r)
	s.markPersonal()
	return s.token
}

// RequestID returns the id that log lines about r carry.
func RequestID(r *http.Request) string { return from(r).id }

// RemoteIP returns the address of the client, behind trusted proxies that of
// the client they name.
func RemoteIP(r *http.Request) string {
	from(r).markPersonal()
	return ui.Env(r.Context()).Remote
}

// URL returns path with the prefix under which the server is reached.
func URL(r *http.Request, path string) templ.SafeURL { return ui.Href(r.Context(), path) }

// ObjectPath returns the address of a host's page, or a service's when service
// is not empty, without prefix: any UTF-8 is encoded.
func ObjectPath(site, host, service string) string { return ui.ObjectPath(site, host, service) }

// Redirect answers a POST with 303 to path (without prefix). say, when not
// empty, is shown once as a toast on the page that follows.
func Redirect(w http.ResponseWriter, r *http.Request, path, say string) error {
	if say != "" {
		setSay(w, r, say)
	}
	w.Header().Set("Location", string(URL(r, path)))
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// WantsJSON reports whether r asks for JSON: by Accept or by format=json.
func WantsJSON(r *http.Request) bool {
	if f := r.URL.Query().Get("format"); f != "" {
		return f == "json"
	}
	a := r.Header.Get("Accept")
	return strings.Contains(a, "application/json") && !strings.Contains(a, "text/html")
}

// JSON answers with v as JSON.
func JSON(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("web: answer: %w", err)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n')) // the client may be gone
	return nil
}

// Int returns the query parameter or form field name as a number from min to
// max, def when it is absent or empty, and a [*Error] with status 400 that
// names the parameter and its range otherwise.
func Int(r *http.Request, name string, def, min, max int) (int, error) {
	v := r.FormValue(name)
	if v == "" {
		return def, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < min || n > max {
		return 0, BadParameter(name, ui.T(r.Context(), "%[1]s must be a whole number from %[2]d to %[3]d", name, min, max), "Correct the address or go back")
	}
	return n, nil
}

// OneOf returns the query parameter or form field name when it is one of the
// allowed words, the first of these when it is absent or empty, and a [*Error]
// with status 400 otherwise.
func OneOf(r *http.Request, name string, allowed ...string) (string, error) {
	v := r.FormValue(name)
	if v == "" && len(allowed) > 0 {
		return allowed[0], nil
	}
	for _, a := range allowed {
		if v == a {
			return v, nil
		}
	}
	var words []string // the first may stand for nothing, or be among the others again
	for _, a := range allowed {
		if a != "" && !slices.Contains(words, a) {
			words = append(words, a)
		}
	}
	return "", BadParameter(name, ui.T(r.Context(), "%[1]s must be one of %[2]s", name, strings.Join(words, ", ")), "Correct the address or go back")
}

// With returns the address of r's page, without prefix, with query parameters
// changed: pairs of name and value; an empty value removes the parameter.
func With(r *http.Request, pairs ...string) string {
	q := url.Values{}
	for k, v := range r.URL.Query() {
		q[k] = v
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			q.Del(pairs[i])
		} else {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	path := r.URL.EscapedPath()
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// A PrefStore keeps small values per person; *db.DB is one.
type PrefStore interface {
	Preferences(ctx context.Context, person int64) (db.Preferences, error)
	SetPreference(ctx context.Context, person int64, key string, value json.RawMessage) error
}

// Preferences are the small values kept for the person of a request. The zero
// value has none and keeps none. It belongs to the request's goroutine.
type Preferences struct {
	store  PrefStore
	person int64
	ctx    context.Context
	values db.Preferences
}

// Prefs returns the preferences of whoever asks.
func Prefs(r *http.Request) *Preferences { return from(r).prefs }

// Get decodes the value kept under key into v, which stays as it is when there
// is none.
func (p *Preferences) Get(key string, v any) error {
	raw, ok := p.values[key]
	if !ok {
		return nil
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return fmt.Errorf("web: preference %s: %w", key, err)
	}
	return nil
}

// Set keeps v, as JSON, under key; nil removes the value.
func (p *Preferences) Set(key string, v any) error {
	if p.store == nil {
		return errors.New("web: preferences: nobody is signed in")
	}
	var raw json.RawMessage
	if v != nil {
		b, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("web: preference %s: %w", key, err)
		}
		raw = b
	}
	if err := p.store.SetPreference(p.ctx, p.person, key, raw); err != nil {
		return fmt.Errorf("web: preference %s: %w", key, err)
	}
	return nil
}
