package web

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/a-h/templ"
	"go.uber.org/goleak"

	"belvedere/internal/access"
	"belvedere/internal/auth"
	"belvedere/internal/db"
	"belvedere/internal/live"
	"belvedere/internal/lql"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeAuth knows some people; the password is "secret", the token of anna is
// "token-anna".
type fakeAuth struct {
	mu     sync.Mutex
	people map[string]auth.Person
	ended  map[string]bool
	setup  bool
	err    error // what SignIn and Basic answer, when set
}

func newFakeAuth() *fakeAuth {
	return &fakeAuth{ended: map[string]bool{}, people: map[string]auth.Person{
		"anna": {ID: 1, Username: "anna", DisplayName: "Anna <b>", Role: access.RoleAdmin, SeeAll: true},
		"otto": {ID: 2, Username: "otto", Role: access.RoleOperator, SeeAll: true},
		"vera": {ID: 3, Username: "vera", Role: access.RoleViewer, Contact: "vera"},
	}}
}

func (f *fakeAuth) Screen(context.Context, string) (db.Screen, auth.Person, error) {
	return db.Screen{}, auth.Person{}, auth.ErrNoSession
}

func (f *fakeAuth) check(u, p string) (auth.Person, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return auth.Person{}, f.err
	}
	x, ok := f.people[u]
	if !ok || p != "secret" {
		return auth.Person{}, auth.ErrBadCredentials
	}
	return x, nil
}

func (f *fakeAuth) SignIn(_ context.Context, u, p string, _ auth.Meta) (string, auth.Person, error) {
	x, err := f.check(u, p)
	return "token-" + u, x, err
}

func (f *fakeAuth) Tries(string, auth.Meta) (failed, free int) { return 2, 5 }

func (f *fakeAuth) Session(_ context.Context, token string, _ auth.Meta) (auth.Person, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p, ok := f.people[strings.TrimPrefix(token, "token-")]
	if !ok || f.ended[token] || !strings.HasPrefix(token, "token-") {
		return auth.Person{}, auth.ErrNoSession
	}
	return p, nil
}

func (f *fakeAuth) SignOut(_ context.Context, token string, _ auth.Meta) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended[token] = true
	return nil
}

func (f *fakeAuth) Basic(_ context.Context, u, p string, _ auth.Meta) (auth.Person, error) {
	return f.check(u, p)
}

func (f *fakeAuth) NeedsSetup(context.Context) bool { return f.setup }

func (f *fakeAuth) CompleteSetup(_ context.Context, code, u, p string, _ auth.Meta) (string, auth.Person, error) {
	switch {
	case !f.setup:
		return "", auth.Person{}, auth.ErrSetupDone
	case code != "1234":
		return "", auth.Person{}, auth.ErrBadCode
	case len(p) < 12:
		return "", auth.Person{}, &auth.InputError{Field: "password", Msg: "the password is too short", Hint: "12 characters or more"}
	}
	f.setup = false
	return "token-anna", f.people["anna"], nil
}

// fakeEngine answers GET sites for what the viewer may see.
type fakeEngine struct {
	sites   []site
	asked   atomic.Int64
	counted atomic.Int64
	pinned  atomic.Int64
}

func (f *fakeEngine) For(v access.Viewer) lql.Querier { return fakeQuerier{f, v} }

type pinKey struct{}

// Pin marks contexts with how often it was called.
func (f *fakeEngine) Pin() func(context.Context) context.Context {
	n := f.pinned.Add(1)
	return func(ctx context.Context) context.Context { return context.WithValue(ctx, pinKey{}, n) }
}

type fakeQuerier struct {
	e *fakeEngine
	v access.Viewer
}

func (q fakeQuerier) Query(ctx context.Context, x *lql.Query) (*lql.Result, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	q.e.asked.Add(1)
	cols := map[string]*lql.Vector{}
	out := &lql.Result{}
	for _, c := range x.Columns {
		cols[c] = &lql.Vector{Name: c}
	}
	for _, s := range q.e.sites {
		if _, _, ok := q.v.Contact(s.Key); !ok {
			continue
		}
		out.Rows++
		for name, text := range map[string]string{"key": s.Key, "name": s.Name, "section": s.Section, "state": s.State, "cause": s.Cause} {
			cols[name].Texts = append(cols[name].Texts, text)
		}
		cols["last_update"].Ints = append(cols["last_update"].Ints, s.Last)
	}
	for _, c := range x.Columns {
		out.Vectors = append(out.Vectors, *cols[c])
	}
	return out, nil
}

// fakePrefs keeps preferences in memory.
type fakePrefs struct {
	mu sync.Mutex
	m  map[int64]db.Preferences
}

func (f *fakePrefs) Preferences(_ context.Context, id int64) (db.Preferences, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.m[id]), nil
}

func (f *fakePrefs) SetPreference(_ context.Context, id int64, key string, v json.RawMessage) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.m == nil {
		f.m = map[int64]db.Preferences{}
	}
	if f.m[id] == nil {
		f.m[id] = db.Preferences{}
	}
	if v == nil {
		delete(f.m[id], key)
	} else {
		f.m[id][key] = v
	}
	return nil
}

// world is a server with all its fakes.
type world struct {
	t      *testing.T
	auth   *fakeAuth
	engine *fakeEngine
	prefs  *fakePrefs
	hub    *live.Hub
	log    *strings.Builder
	server *Server
}

// newWorld makes a server; change may alter its options.
func newWorld(t *testing.T, change func(*Options)) *world {
	t.Helper()
	w := &world{t: t, auth: newFakeAuth(), prefs: &fakePrefs{}, hub: live.NewHub(), log: &strings.Builder{},
		engine: &fakeEngine{sites: []site{
			{Key: "wien", Name: "Wien", Section: "Europe/Austria", State: "fresh", Last: 1_800_000_000},
			{Key: "fra", Name: "Frankfurt", Section: "Europe", State: "late", Cause: "timeout", Last: 1_799_999_000},
			{Key: "gru", Name: "São <Paulo>", State: "down", Cause: "refused"},
		}}}
	o := Options{Auth: w.auth, Engine: w.engine, Prefs: w.prefs, Hub: w.hub, Version: "test", Features: []Feature{w.feature()}}
	if change != nil {
		change(&o)
	}
	var err error
	if w.server, err = New(o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.server.Close)
	return w
}

// text is a component of plain text.
func text(s string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, templ.EscapeString(s))
		return err
	})
}

func (w *world) feature() Feature {
	say := func(s string) HandlerFunc {
		return func(rw http.ResponseWriter, r *http.Request) error {
			return Render(rw, r, Page{Title: "Things", Active: "things", Body: text(s), Blocks: map[string]templ.Component{"rows": text(s), "bad": text("x")},
				Parts: []lql.Part{{Key: "wien", Name: "Wien", Taken: time.Unix(1_800_000_000, 0)}, {Key: "gru", Name: "São <Paulo>", Missing: true, Err: "refused"}}})
		}
	}
	return Feature{Name: "things", Menu: []MenuItem{
		{Name: "things", Label: "Things", Icon: "host", Path: "/things", Key: "t", Phone: true, InTitle: true, Tables: []string{"hosts"},
			Counter: func(_ context.Context, q lql.Querier) (Count, error) {
				w.engine.counted.Add(1)
				if q.(fakeQuerier).v.All {
					return Count{N: 1234, State: "crit"}, nil
				}
				return Count{N: 5}, nil
			}},
		{Name: "people", Label: "Secret menu", Icon: "user", Path: "/admin", Group: 1, Right: Admin},
	}, Routes: []Route{
		{Pattern: "GET /things", Right: SignedIn, Handler: say("things & more"), Screen: true},
		{Pattern: "GET /admin", Right: Admin, Handler: say("for admins")},
		{Pattern: "POST /act", Right: Operator, Handler: func(rw http.ResponseWriter, r *http.Request) error {
			if err := r.ParseForm(); err != nil {
				return badForm(err)
			}
			return Redirect(rw, r, "/things", "Done <b>")
		}},
		{Pattern: "GET /forgotten", Handler: say("a route without right")},
		{Pattern: "GET /panic", Right: SignedIn, Handler: func(http.ResponseWriter, *http.Request) error { panic("inside secret") }},
		{Pattern: "GET /internal", Right: SignedIn, Handler: func(http.ResponseWriter, *http.Request) error { return errors.New("db: secret dsn") }},
		{Pattern: "GET /query", Right: SignedIn, Handler: func(http.ResponseWriter, *http.Request) error {
			return &lql.QueryError{Code: 400, Msg: "no such column", Hint: "see the list"}
		}},
		{Pattern: "GET /int", Right: SignedIn, Handler: func(rw http.ResponseWriter, r *http.Request) error {
			n, err := Int(r, "limit", 100, 1, 1000)
			if err != nil {
				return err
			}
			return JSON(rw, 200, n)
		}},
		{Pattern: "GET /object/{name}", Right: SignedIn, Handler: func(rw http.ResponseWriter, r *http.Request) error {
			return JSON(rw, 200, []string{r.PathValue("name"), string(URL(r, ObjectPath("s/1", "h ö", "")))})
		}},
		{Pattern: "GET /where", Right: Public, Handler: func(rw http.ResponseWriter, r *http.Request) error {
			return JSON(rw, 200, []string{RemoteIP(r), r.Host, string(URL(r, "/x"))})
		}},
	}}
}

// a call is one request to the server.
type call struct {
	method, path string
	as           string // user name, by session
	header       map[string]string
	body         string
	remote       string
}

func (w *world) do(c call) *http.Response {
	w.t.Helper()
	if c.method == "" {
		c.method = http.MethodGet
	}
	r := httptest.NewRequest(c.method, "http://belvedere.test"+c.path, strings.NewReader(c.body))
	r.RemoteAddr = "192.0.2.1:1234"
	if c.remote != "" {
		r.RemoteAddr = c.remote
	}
	if c.body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if c.as != "" {
		r.AddCookie(&http.Cookie{Name: CookieName, Value: "token-" + c.as})
	}
	for k, v := range c.header {
		if k == "Host" {
			r.Host = v
			continue
		}
		r.Header.Set(k, v)
	}
	rec := httptest.NewRecorder()
	w.server.Handler().ServeHTTP(rec, r)
	return rec.Result()
}

// bodyOf returns what was answered.
func bodyOf(t *testing.T, res *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func prefixes(ss ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range ss {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}
