package webtest

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"belvedere/internal/access"
	"belvedere/internal/auth"
	"belvedere/internal/db"
	"belvedere/internal/live"
	"belvedere/internal/web"
)

// Password is that of everybody a Site knows.
const Password = "correct horse battery"

// A Site is a whole server with one or more rooms over a World. It ends with
// the test.
type Site struct {
	t       *testing.T
	Auth    *auth.Service
	DB      *db.DB
	server  *web.Server
	handler http.Handler
	known   map[string]bool
}

// New starts a server that knows an admin "root", the viewers "all" (sees
// everything) and "nobody" (sees nothing), and "anna", who is contact anna.
// rooms is called with the accounts and the store.
func New(t *testing.T, w *World, rooms func(*auth.Service, *db.DB) []web.Feature) *Site {
	t.Helper()
	return Over(t, web.Options{Engine: w, Hub: live.NewHub()}, rooms)
}

// Over is New with an engine and a hub of the test's own, and what else of the
// options it sets.
func Over(t *testing.T, o web.Options, rooms func(*auth.Service, *db.DB) []web.Feature) *Site {
	t.Helper()
	ctx := context.Background()
	store, err := db.Open(ctx, t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	accounts := auth.New(auth.Options{DB: store})
	admin := auth.Person{Username: "first", Role: access.RoleAdmin}
	if _, err := accounts.AddPerson(ctx, auth.Actor{Name: "test"}, admin, ""); err != nil {
		t.Fatal(err) // without anybody the server shows its first-run page
	}
	o.Auth, o.Prefs, o.Views, o.Features = accounts, store, store, rooms(accounts, store)
	o.Log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	s, err := web.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		if err := accounts.Close(); err != nil {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return &Site{t: t, Auth: accounts, DB: store, server: s, handler: s.Handler(), known: map[string]bool{}}
}

// Shrink has the server forget all that it keeps to answer faster.
func (s *Site) Shrink() { s.server.Shrink() }

// person makes the person with that user name when a test first asks as them:
// hashing passwords takes its time.
func (s *Site) person(user string) {
	s.t.Helper()
	if s.known[user] {
		return
	}
	s.known[user] = true
	p := auth.Person{Username: user, Role: access.RoleViewer}
	switch user {
	case "root":
		p.Role, p.CommandLines = access.RoleAdmin, true
	case "all":
		p.SeeAll = true
	case "anna":
		p.Contact = "anna"
	case "nobody":
	default:
		return // made by the test itself
	}
	if _, err := s.Auth.AddPerson(context.Background(), auth.Actor{Name: "test"}, p, Password); err != nil {
		s.t.Fatal(err)
	}
}

// An Answer is what the server sent.
type Answer struct {
	*Doc
	Status int
	Header http.Header
	Body   string
}

// Get asks for a page as the person with that user name; extra are pairs of
// header name and value.
func (s *Site) Get(user, path string, extra ...string) Answer {
	s.t.Helper()
	return s.do(httptest.NewRequest(http.MethodGet, path, nil), user, extra)
}

// Live follows the event stream at path as the person with that user name, ""
// for nobody, until the test ends. Its events come as they are sent.
func (s *Site) Live(user, path string) <-chan string {
	s.t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil).WithContext(s.t.Context())
	if user != "" {
		s.person(user)
		r.SetBasicAuth(user, Password)
	}
	in, out := io.Pipe()
	events := make(chan string, 100)
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.handler.ServeHTTP(&pipe{header: http.Header{}, out: out}, r)
		_ = out.Close() // never fails
	}()
	go func() {
		lines := bufio.NewScanner(in)
		lines.Buffer(nil, 1<<20)
		for name := ""; lines.Scan(); {
			if v, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				name = v
			}
			if v, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				events <- name + " " + v
			}
		}
		close(events)
	}()
	s.t.Cleanup(func() { <-done })
	return events
}

// A pipe is an answer that is read while it is written.
type pipe struct {
	header http.Header
	out    *io.PipeWriter
}

func (p *pipe) Header() http.Header         { return p.header }
func (p *pipe) WriteHeader(int)             {}
func (p *pipe) Write(b []byte) (int, error) { return p.out.Write(b) }
func (p *pipe) Flush()                      {}

// Follow is Get, and the page that a redirect leads to.
func (s *Site) Follow(user, path string, extra ...string) Answer {
	s.t.Helper()
	a := s.Get(user, path, extra...)
	for range 3 {
		to := a.Header.Get("Location")
		if to == "" {
			return a
		}
		a = s.Get(user, to, extra...)
	}
	s.t.Fatalf("%s leads from one redirect to the next", path)
	return a
}

// Post sends a form; fields are pairs of name and value.
func (s *Site) Post(user, path string, fields ...string) Answer {
	s.t.Helper()
	return s.PostWith(user, path, nil, fields...)
}

// PostWith is Post with further headers, pairs of name and value.
func (s *Site) PostWith(user, path string, headers []string, fields ...string) Answer {
	s.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return s.do(r, user, headers)
}

func (s *Site) do(r *http.Request, user string, extra []string) Answer {
	s.t.Helper()
	if user != "" {
		s.person(user)
		r.SetBasicAuth(user, Password)
	}
	for i := 0; i+1 < len(extra); i += 2 {
		r.Header.Set(extra[i], extra[i+1])
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	res := w.Result()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return Answer{Doc: Parse(s.t, string(body)), Status: res.StatusCode, Header: res.Header, Body: string(body)}
}
